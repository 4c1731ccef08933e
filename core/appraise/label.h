/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file carries for appraisal: security.ima and security.evm, read without opening
 * the file, so that looking at it neither measures nor appraises it.
 */
#pragma once

#include "core/base/diag.h"
#include "core/base/imaxattr.h"
#include "core/base/stamp.h"
#include "core/base/str.h"
#include "core/host/hashalg.h"

/* Attributes in the user namespace are for trees that are built without privileges. */
enum label_space { LABEL_SECURITY, LABEL_USER };

/* By enum imaxattr_attr. */
struct label {
	int err[2]; /* positive errno of reading; ENODATA: there is none */
	struct strbuf value[2];
	struct imaxattr x[2]; /* borrows from value; only where err is 0 */
};

/* Names @path (O_PATH), following links as the kernel does. @at AT_FDCWD: on this machine;
 * else @at is the root folder it lies in and links stay below it. Only plain files.
 * IMA-H001, IMA-H006, IMA-A020. */
int label_open(int at, const char *path, struct diag *reterr);

/* The contents of what label_open() named: this is the access that IMA measures and
 * appraises. @path is for messages. IMA-H001, IMA-H006. */
int label_open_contents(int fd, const char *path, struct diag *reterr);

/* The digest of contents that are open at @data. IMA-H002, IMA-G003. */
int label_hash(int data, const char *path, struct hash_set *set, enum hash_alg alg,
	       struct digest *ret, struct diag *reterr);

/* The same of contents that stand still while they are read, and what tells them from
 * others. IMA-A031, -ESTALE: they never do. */
int label_hash_still(int data, const char *path, struct hash_set *set, enum hash_alg alg,
		     struct digest *ret, struct stamp *ret_made, struct diag *reterr);

/* Reads both attributes of @fd, which may be O_PATH. *@ret is zero before the first use
 * and may be used again. -ENOMEM. */
int label_read(int fd, enum label_space space, struct label *ret);
void label_done(struct label *l);
#define _cleanup_label_ __attribute__((cleanup(label_done)))

const char *label_name(enum label_space space, enum imaxattr_attr attr);
