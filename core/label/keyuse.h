/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many files name which key: the key ids in the signatures of security.ima and
 * security.evm, read without opening a file. Nothing is verified. A file with several
 * names counts once.
 *
 * A signature names 4 bytes of its key's id, 8 in version 1. One that is appended to the
 * contents (a kernel module's, appraise_type=modsig) is not looked for: that would mean
 * to open every file.
 */
#pragma once

#include "core/base/imaxattr.h"
#include "core/label/scope.h"
#include "core/list/tally.h"
#include "core/host/walk.h"

enum { KEYUSE_IDS = 4096 }; /* so many different ids are counted exactly */

struct keyuse_opts {
	enum scope scope;
	const char *const *paths; /* below the target; for SCOPE_NAMED */
	size_t n_paths;
	/* A signature that names a key; -errno ends it all. May be NULL. */
	int (*found)(void *user, const char *path, enum imaxattr_attr attr,
		     struct span keyid);
	void *user;
};

struct keyuse_watch {
	void (*progress)(void *user, const struct walk_counts *counts); /* may be NULL */
	bool (*stop)(void *user);					/* may be NULL */
	void *user;
};

/* By enum imaxattr_attr. All zero before. */
struct keyuse {
	struct tally *ids[2];	/* name: the id; weight: files */
	uint64_t named[2];	/* files whose signature names a key */
	uint64_t unreadable[2]; /* files whose attribute cannot be read */
	struct walk_counts counts;
	struct walk_skips skips;
};

/* The pool is had for itself, as by walk_run(). @watch may be NULL. -ECANCELED, without a
 * diag: stop() said so; what found() gave; IMA-H001. */
int keyuse_scan(struct pool *pool, const struct root *root,
		const struct keyuse_opts *opts, const struct keyuse_watch *watch,
		struct keyuse *ret, struct diag *reterr);
void keyuse_done(struct keyuse *u);
#define _cleanup_keyuse_ __attribute__((cleanup(keyuse_done)))

/* Files that name @keyid; too few by at most tally_error() of the ids. */
uint64_t keyuse_files(const struct keyuse *u, enum imaxattr_attr attr, struct span keyid);
