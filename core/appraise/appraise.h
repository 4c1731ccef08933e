/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's decision about a file, as pure functions: what the rule wants, what the
 * file has, what verification gave, in; what the kernel does and audits, out. The first
 * access is decided; nothing is cached.
 *
 * linux 6.12 security/integrity/ima/ima_main.c process_measurement(), ima_appraise.c;
 * where 6.1 or 7.1 differ, struct appraise_kernel says which.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/hashalg.h"
#include "core/probe/evm.h"

enum appraise_cause {
	APPRAISE_NONE,
#define APPRAISE_CAUSE(id, op, cause, means, helps) APPRAISE_##id,
#include "core/appraise/appraise-causes.inc"
#undef APPRAISE_CAUSE
	_APPRAISE_CAUSE_MAX,
};

/* ima_appraise=; with OFF no rule appraises, unless one for modules, firmware, policy or
 * kexec is there: then OFF is like LOG (ima_policy.c ima_update_policy_flags()). */
enum appraise_mode {
	APPRAISE_MODE_ENFORCE,
	APPRAISE_MODE_LOG,
	APPRAISE_MODE_FIX,
	APPRAISE_MODE_OFF,
};

struct appraise_kernel {
	enum appraise_mode mode;
	enum hash_alg
		ima_hash;  /* ima_hash=: of files without label, and of what fix writes */
	uint8_t hash_algs; /* HASH_ALGO__LAST: 20 in 6.1, 23 in 6.12 */
	bool sigv3;	   /* 7.1: version 3 for contents, appraise_type=sigv3 alone */
	bool platform_keyring; /* CONFIG_INTEGRITY_PLATFORM_KEYRING */
	bool verity_errors;    /* 6.1: tells a failing fs-verity from a missing one */
	bool overlay_changes;  /* 6.1: what lies on an overlay seems to have changed at
				* each access: the version kept is the overlay's */
	bool blacklist_sigs;   /* 6.6: a rule for signatures asks .blacklist, about every
				* file; before appraise_flag=check_blacklist did, about
				* those with an appended signature */
};

/* Options of the rule that decides. */
struct appraise_rule {
	bool sig;	/* appraise_type= of any kind */
	bool sigv3;	/* appraise_type=sigv3, on kernels with sigv3 */
	bool modsig;	/* appraise_type=imasig|modsig */
	bool verity;	/* digest_type=verity */
	bool blacklist; /* the digest is looked up in .blacklist */
	bool permit_directio;
	bool fail_securely; /* of the whole policy: ima_policy=fail_securely */
	uint32_t algos;	    /* appraise_algos=: 1 << enum hash_alg; 0 any */
};

/* How the file is accessed. */
struct appraise_access {
	bool mmap;	      /* MMAP_CHECK, MMAP_CHECK_REQPROT */
	bool kexec_kernel;    /* KEXEC_KERNEL_CHECK: the platform keyring is tried too */
	bool write;	      /* opened for writing */
	bool direct_io;	      /* O_DIRECT */
	bool mapped_writable; /* mapped shared and writable by somebody */
};

struct appraise_file {
	bool no_xattrs;	      /* a file system without extended attributes */
	bool unverifiable;    /* SB_I_IMA_UNVERIFIABLE_SIGNATURE: FUSE and the like */
	bool untrusted_mount; /* of those, mounted by somebody else than root */
	bool read_only, immutable;
	int fix_err;	   /* positive errno that writing security.ima would give; 0 */
	bool new_file;	   /* made since, by this open or before it was closed */
	bool empty;	   /* size 0 */
	int xattr_err;	   /* positive errno of reading security.ima; 0: xattr */
	struct span xattr; /* borrowed */
	int digest_err;	   /* positive errno of hashing, or ENODATA: no fs-verity; 0 */
	struct digest
		digest; /* of appraise_hash_alg(), or of fs-verity where the rule wants it */
	bool blacklisted;    /* on .blacklist */
	enum evm_status evm; /* evm_judge() */
	int sig; /* of a signature in xattr: 0, or -errno as sig_verdict_errno() */
	int sig_platform; /* the same by the platform keyring */
	bool no_hash;	  /* the kernel cannot compute digest.alg: version 3 signatures */
	bool has_modsig;  /* a signature is appended */
	int modsig;	  /* 0, or -errno */
};

struct appraise_verdict {
	enum evm_status status;	 /* enum integrity_status, as the kernel caches it */
	bool fails;		 /* enforce would deny */
	bool denied;		 /* EACCES in this mode */
	bool digsig;		 /* the kernel remembers the file as a signed one */
	bool writes;		 /* security.ima is set to the hash file.digest, see
				 * imaxattr_put_digest(); a file opened for
				 * writing gets that of ima_hash when it is closed,
				 * unless the value was that already, ima_main.c
				 * ima_check_last_writer() */
	enum appraise_cause why; /* what makes it fail; NONE when it does not */
	int n_records;		 /* audit records of type 1800, in order */
	enum appraise_cause record[3];
};

/* The hash the kernel computes because of what security.ima holds. */
enum hash_alg appraise_hash_alg(const struct appraise_kernel *kernel, struct span xattr);

/* Whatever the rules want of the file, the kernel needs its digest first: is there
 * something to be measured and audited with? Where it failed to hash (EBADF, EINVAL) there
 * is, of zeros. *ret: the record, nothing is denied: for files that no rule appraises. */
bool appraise_collect(const struct appraise_kernel *kernel,
		      const struct appraise_rule *rule,
		      const struct appraise_access *access,
		      const struct appraise_file *file, struct appraise_verdict *ret);

void appraise_decide(const struct appraise_kernel *kernel,
		     const struct appraise_rule *rule,
		     const struct appraise_access *access,
		     const struct appraise_file *file, struct appraise_verdict *ret);

/* mprotect(PROT_EXEC) on a mapping of a file that rules of MMAP_CHECK measure or appraise.
 * Modes log and fix deny too, with EPERM. */
void appraise_mprotect(const struct appraise_kernel *kernel, bool measured,
		       bool appraised, struct appraise_verdict *ret);

/* What setting security.ima to @value gives root: 0, -EINVAL, or -EACCES and the cause of
 * the record. @allowed: of the first SETXATTR_CHECK rule, 0 without one; @built_in: hashes
 * the kernel has; both 1 << enum hash_alg. */
int appraise_setxattr(const struct appraise_kernel *kernel, struct span value,
		      uint32_t allowed, uint32_t built_in,
		      enum appraise_cause *ret_cause);

struct appraise_words {
	const char *op, *cause; /* of the audit record; both "" where there is none */
	const char *means;	/* a sentence without its dot */
	const char *helps;
};

/* Not for NONE. */
const struct appraise_words *appraise_words(enum appraise_cause cause);

/* By the fields of an audit record; NONE: no cause of appraisal. */
enum appraise_cause appraise_cause_of(struct span op, struct span cause);
