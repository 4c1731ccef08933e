/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What EVM vouches for of one file: read from it, or given in its place, for trees whose
 * files will have their owners and labels elsewhere.
 */
#pragma once

#include "core/base/root.h"
#include "core/probe/evm.h"
#include "core/appraise/label.h"

/* Given instead of what the file has. All zero: nothing. */
struct evmfile_given {
	bool uid, gid, mode; /* is it given? */
	uint32_t uid_value, gid_value;
	uint16_t mode_value; /* permissions; the type is the file's */
	bool ino, generation, uuid;
	bool no_uuid; /* of a kernel that takes none (CONFIG_EVM_ATTR_FSUUID) */
	uint64_t ino_value;
	uint32_t generation_value;
	uint8_t uuid_value[16];
	struct {
		bool given;
		struct span value; /* borrowed; empty: the file has none */
	} attr[_EVM_NAME_MAX];
};

enum { EVMFILE_ATTRS = _EVM_NAME_MAX + 32 };

/* All zero before the first use; used again from file to file. */
struct evmfile {
	struct evm_file file; /* borrows from the rest */
	struct evm_attr attrs[EVMFILE_ATTRS];
	struct strbuf value[EVMFILE_ATTRS];
};

/* @fd may be O_PATH. security.ima is user.ima with LABEL_USER; the others are always of
 * security. Generation and uuid stay 0. An attribute that cannot be read is an error, not
 * one that is not there. IMA-H002, -E2BIG: more added names than EVMFILE_ATTRS. */
int evmfile_read(const struct evm_kernel *kernel, int fd, enum label_space space,
		 const struct evmfile_given *given, struct evmfile *ret,
		 struct diag *reterr);
/* The UUID of the file system that @fd (it may be O_PATH) lies on: from the kernel, else
 * what udev knows of the device. False: neither says. */
bool evmfile_fs_uuid(const struct root *root, int fd, uint8_t ret[16]);
/* "8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6"; -EINVAL. */
int evmfile_uuid(const char *text, uint8_t ret[16]);

/* What else HMACs and signatures of one inode cover: generation and the file system's UUID,
 * as given or as they are. @data: the file open for reading; -1: an error where it is needed.
 * IMA-A024: not to be found out. */
int evmfile_inode(const struct root *root, const struct evm_kernel *kernel, int data,
		  const struct evmfile_given *given, struct evmfile *f,
		  struct diag *reterr);
void evmfile_done(struct evmfile *f);
#define _cleanup_evmfile_ __attribute__((cleanup(evmfile_done)))
