/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel will decide about a file: its label, contents and metadata are read,
 * hashed and verified, and appraise_decide() is asked. Reading is an access that IMA
 * measures and appraises itself; where that is denied nothing can be said.
 */
#pragma once

#include "core/appraise/appraise.h"
#include "core/base/keyring.h"
#include "core/base/root.h"
#include "core/appraise/evmfile.h"
#include "core/appraise/evmstate.h"
#include "core/cert/keyset.h"

enum inspect_reading {
	INSPECT_ALL,	/* what a person wants to see of a file */
	INSPECT_NEEDED, /* what the answer hangs on */
	INSPECT_LABELS, /* no contents: they are taken for what was labelled */
};

/* One file, for any number of questions. Borrowed until the next. */
struct inspect_subject {
	int fd;		  /* of label_open(); -1: it is opened when it must be, by */
	const char *path; /* below the target of .root; else for messages alone */
	bool has_ima;	  /* security.ima was read before, and is: */
	int ima_err;	  /* positive errno; 0: .ima */
	struct span ima;
	uint32_t fs_magic; /* 0: not known yet */
};

struct inspect_seen;

/* The question, kept from file to file; what is not set is all zero. */
struct inspect {
	struct appraise_kernel kernel; /* ima_hash must be set */
	struct appraise_rule rule;
	bool rule_of_label; /* .rule asks for what the label is made for: see below */
	struct appraise_access access;
	bool not_appraised; /* only measured, audited: .verdict is appraise_collect()'s */
	const struct evmstate *evm; /* NULL: EVM judges nothing */
	const struct evmfile_given *given;
	const struct keyset *keys[2];	 /* by enum imaxattr_attr; not NULL */
	const struct keyset *platform;	 /* of .access.kexec_kernel; NULL: not known */
	const struct keyring_set *rings; /* .blacklist is in; NULL: not known */
	enum label_space space;
	bool label_unread; /* template "ima" and nothing to appraise: the kernel does not
			     * look at the label, and hashes as for one without */
	enum inspect_reading reading;
	/* The kernel has a digest of the file, from an access before that wanted another
	 * kind, and does not make another (IMA_COLLECTED). */
	struct {
		bool is, verity;
		enum hash_alg alg;
	} collected;
	bool detached;		 /* security.ima stands in FILE.sig */
	const struct root *root; /* for that one, and what the inode's signature covers */

	struct sig_ctx *sig; /* the rest is made by the first use */
	struct hash_set hash;
	struct label label; /* of the last file */
	struct evmfile *meta;
	struct inspect_seen *seen;
};

/* A signature that was looked at. */
struct inspect_sig {
	bool is; /* there is one; the rest is zero without */
	enum sig_verdict verdict;
	const struct keyset_key *key; /* the verdict is about; or NULL */
};

struct inspect_result {
	struct appraise_rule rule; /* as it was asked */
	struct digest digest;	   /* of what the rule looks at; size 0: OpenSSL has no
				    * such hash, or: */
	int digest_err;		   /* positive errno; ENODATA: no fs-verity; 0 */
	bool no_digest;		   /* the former */
	enum hash_alg label_alg;   /* that the label asks for */
	bool unread;		   /* the contents were taken for what was labelled */
	struct inspect_sig ima, evm;
	enum sig_verdict by_ima;     /* of .ima, by IMA's own keys */
	struct inspect_sig modsig;   /* the appended one; of rules that take it */
	struct digest modsig_digest; /* of the contents before it; of the first signer */
	bool blacklisted;
	int evm_data;  /* of security.evm's own digest: 0, or -errno of evm_data() */
	bool no_inode; /* generation or UUID, which it covers, are not known */
	enum evm_status evm_status;
	bool collected; /* what appraise_collect() said */
	struct appraise_verdict verdict;
	bool unsure; /* OpenSSL cannot check that signature or has no such hash, its key or
		      * that of the HMAC are the kernel's alone, or the blacklist that was
		      * asked for or .platform cannot be seen: .verdict takes all that for
		      * right */
};

/* The kernel that runs on @root: mode, hash of files without a label. What cannot be found
 * out is enforce and sha256. -ENOMEM. */
int inspect_kernel(struct inspect *i, const struct root *root, struct diag *reterr);

/* Another file: what the next questions are about. What one of them needs is read then,
 * and once, however many there are. -ENOMEM. */
int inspect_begin(struct inspect *i, const struct inspect_subject *subject,
		  struct diag *reterr);
/* Closes the file, before which no writer of it goes unnoticed by the kernel. */
void inspect_end(struct inspect *i);
/* The question as it stands: .rule, .access. IMA-H001, IMA-H002, IMA-H006. */
int inspect_ask(struct inspect *i, struct inspect_result *ret, struct diag *reterr);

/* The kernel has written the label that @r.verdict.writes says: so it is from now on. */
int inspect_fixed(struct inspect *i, const struct inspect_result *r, struct diag *reterr);

/* Both. @fd is of label_open(); @path for messages. IMA-H001, IMA-H002, IMA-H006. */
int inspect_file(struct inspect *i, int fd, const char *path, struct inspect_result *ret,
		 struct diag *reterr);

/* Only what EVM says: the contents are not read; of *ret .evm, .evm_data, .evm_status and
 * .unsure are set. IMA-H002. */
int inspect_evm(struct inspect *i, int fd, struct inspect_result *ret,
		struct diag *reterr);

/* What a rule asks for: "hash", "imasig", "sigv3", "verity". */
const char *inspect_requirement(const struct appraise_rule *rule);

void inspect_done(struct inspect *i);
#define _cleanup_inspect_ __attribute__((cleanup(inspect_done)))
