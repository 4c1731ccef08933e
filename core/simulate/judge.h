/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel would do about an access to a file under some rules: measure it, appraise
 * it and how that ends, audit it. What the file is, is found out once, and only as far as
 * the rules ask and its label leaves open; what the rules want of it, for each access.
 *
 * Accesses follow each other as in the kernel, which keeps what it found about an inode: a
 * file that was measured is not measured again, a digest that was made is not made anew.
 * linux 6.12 security/integrity/ima/ima_main.c process_measurement(); 6.1 does the same.
 *
 * One thread has a judge; several may share the ruleset and what .inspect borrows.
 */
#pragma once

#include "core/base/policymatch.h"
#include "core/appraise/inspect.h"
#include "core/policy/ruleset.h"

struct judge {
	/* Set by the caller, by judge_init() but for these two: */
	struct inspect inspect; /* .kernel, .evm, .keys, .rings, .root, .reading:
				 * INSPECT_NEEDED, or INSPECT_LABELS; all zero else */
	bool direct_io;		/* the accesses are with O_DIRECT */

	const struct ruleset *rules; /* borrowed */
	bool asks_reqprot;	     /* MMAP_CHECK_REQPROT is a hook: since 6.3 */
	bool late_creds;   /* 7.2, not yet 6.12: CREDS_CHECK is asked when set-id bits
			    * have their effect */
	bool keys_guessed; /* the keyring for files cannot be seen: what is signed with a
			    * key that is not at hand may be right */
	bool no_appraise;  /* ima_appraise=off, and no rule that undoes it */
	struct span template; /* of entries whose rule names none; empty: not known */
	uint8_t pcr;
};

enum { JUDGE_ENTRIES = 4 };

/* What the kernel keeps of the inode. */
struct judge_memory {
	struct appraise_rule options; /* of all rules that were met */
	bool collected, collected_verity;
	enum hash_alg collected_alg;
	uint32_t pcrs; /* it was measured into */
	/* Entries it has in the list, which takes none twice. */
	struct {
		uint8_t pcr;
		bool fixed; /* behind .sig_gone */
		struct span template;
	} entries[JUDGE_ENTRIES];
	bool sig_gone; /* fix mode put a hash in the place of fs-verity's signature */
	uint8_t n_entries;
	bool audited, digsig;
	uint8_t appraised; /* 1 << enum judge_part: found right */
};

/* One file: borrowed until judge_end(). */
struct judge_file {
	struct inspect_subject subject;
	struct policymatch_access place; /* what explain_file() sets */
	uint16_t mode; /* set-id bits count where it is executed; 0: it has none */
	struct judge_memory memory; /* all zero: the kernel has not seen it */
};

struct judge_result {
	struct policymatch_result
		match;	      /* the rules, template and PCR as they name them */
	bool measured;	      /* an entry is added; not again what was measured before */
	struct span template; /* empty: not known */
	uint8_t pcr;
	bool audited;	/* an audit record of type 1805 */
	bool hashed;	/* security.ima is set when a writer closes it */
	bool appraised; /* a rule wants it; .asked: what, .verdict: how it ends */
	struct appraise_verdict verdict; /* also the records where it cannot be hashed */
	struct inspect_result asked;	 /* zero where nothing had to be looked at */

	/* Of the verdict and of what is done: */
	bool unsure;	  /* any of these */
	bool unsure_rule; /* .match.by[].unsure: a rule that may be met instead */
	bool unsure_file; /* .asked.unsure: what cannot be checked here is taken for right */
	bool unread;	  /* the contents are taken for what was labelled */
};

/* What the rules and the kernel say; borrows from @probe. @j->inspect is set before.
 * -ENOMEM. */
int judge_init(struct judge *j, const struct root *root, const struct probe *probe,
	       const struct ruleset *rules, struct diag *reterr);
void judge_done(struct judge *j);
#define _cleanup_judge_ __attribute__((cleanup(judge_done)))

/* The next file. judge_end() closes it. -ENOMEM. */
int judge_begin(struct judge *j, struct judge_file *file, struct diag *reterr);
void judge_end(struct judge *j);

/* One access: hook, mask and who does it are @access', the rest is the file's. -errno: the
 * file cannot be read (IMA-H001, IMA-H002, IMA-H006). */
int judge_access(struct judge *j, struct judge_file *file,
		 const struct policymatch_access *access, struct judge_result *ret,
		 struct diag *reterr);

enum { JUDGE_STEPS = 5 }; /* hooks of an operation, at most */

/* What somebody does ("exec", core/policy/policy-ops.inc), by its hooks one after the other,
 * until one denies. Returns how many were asked; -errno as judge_access(). */
int judge_op(struct judge *j, struct judge_file *file, const char *op,
	     const struct policymatch_access *who,
	     struct judge_result ret[static JUDGE_STEPS], struct diag *reterr);
