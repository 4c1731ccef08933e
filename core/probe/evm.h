/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EVM: what security.evm vouches for, as the very bytes the kernel hashes, and the
 * kernel's verdict about a file. Pure: the caller reads the attributes and the inode.
 *
 * linux 6.12 security/integrity/evm/evm_crypto.c (evm_calc_hmac_or_hash, hmac_add_misc),
 * evm_main.c (evm_verifyxattr, evm_verify_hmac), evm_secfs.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/imaxattr.h"
#include "core/base/str.h"

enum evm_name {
#define EVM_NAME(id, attribute, enabled_by) EVM_NAME_##id,
#include "core/probe/evm-names.inc"
#undef EVM_NAME
	_EVM_NAME_MAX,
};

enum evm_bits {
#define EVM_BIT(id, value, word, name, means, writing, undo) EVM_BIT_##id = (int)(value),
#include "core/probe/evm-bits.inc"
#undef EVM_BIT
};

enum evm_status {
#define EVM_STATUS(id, word, means) EVM_##id,
#include "core/probe/evm-statuses.inc"
#undef EVM_STATUS
	_EVM_STATUS_MAX,
};

/* An attribute a file has; both borrowed. */
struct evm_attr {
	const char *name;
	struct span value;
};

/* What is vouched for. uid and gid as in the initial user namespace, mode the whole
 * st_mode. ino, generation (FS_IOC_GETVERSION) and uuid (of the file system) do not count
 * for portable signatures. */
struct evm_file {
	const struct evm_attr
		*attrs; /* in any order; others than EVM's are passed over */
	size_t n_attrs;
	uint64_t ino;
	uint32_t generation, uid, gid;
	uint16_t mode;
	uint8_t uuid[16];
};

/* The kernel that shall check it. Portable signatures need @extra alone, and the byte
 * order. */
struct evm_kernel {
	uint32_t enabled; /* 1 << enum evm_name: attributes of HMACs and type SIG */
	const char *const *extra; /* names added through evm_xattrs, in their order */
	size_t n_extra;
	bool fsuuid; /* CONFIG_EVM_ATTR_FSUUID; dmesg "evm: HMAC attrs: 0x1" */
	bool bits32; /* its unsigned long has 32 bits */
	bool big_endian;
};

/* Appends the bytes that are hashed for security.evm of @type (HMAC, SIG, PORTABLE).
 * -ENODATA (IMA-A001): no attribute to protect; -ENOENT (IMA-A002): PORTABLE without
 * security.ima; -EINVAL: another type. */
int evm_data(const struct evm_kernel *kernel, const struct evm_file *file,
	     enum imaxattr_type type, struct strbuf *out, struct diag *reterr);

/* HMAC-SHA1 of evm_data() as the kernel keys it. -EINVAL: more than 128 bytes of key. */
int evm_hmac(struct span key, struct span data, uint8_t ret[IMAXATTR_HMAC_SIZE]);

/* What the kernel looks at to judge a file. */
struct evm_case {
	uint32_t bits; /* control file, enum evm_bits; 0 also where EVM is not built */
	bool ima_unprotected; /* security.ima is not enabled (no CONFIG_IMA_APPRAISE) */
	bool no_hmac_fs;      /* overlayfs since 6.8: SB_I_EVM_HMAC_UNSUPPORTED */
	int err;	      /* positive errno of reading security.evm; 0: @value */
	struct span value;    /* security.evm */
	int n_protected; /* attributes of EVM the file has, enabled or not; or -errno */
	int data;	 /* what evm_data() returned for this value */
	int check;	 /* 0: HMAC equal or signature verified; -errno: not */
};

enum evm_status evm_judge(const struct evm_case *c);

const char *evm_name(enum evm_name name);	 /* "security.ima" */
const char *evm_name_config(enum evm_name name); /* what enables it; NULL: always */

const char *evm_status_word(enum evm_status s);	 /* "pass_immutable" */
const char *evm_status_means(enum evm_status s); /* a sentence without its dot */

struct evm_bit {
	uint32_t value;
	const char *word;    /* "hmac": of the command line */
	const char *name;    /* "HMAC" */
	const char *means;   /* when it is set */
	const char *writing; /* what writing it does */
	const char *undo;    /* what takes it back */
};

/* The rows of evm-bits.inc by ascending value; NULL behind the last. */
const struct evm_bit *evm_bit(size_t i);

/* Appends the names of the bits that are set, ", " between them, unknown ones as a number;
 * "off" for 0. */
void evm_bits_text(struct strbuf *out, uint32_t bits);
