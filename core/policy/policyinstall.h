/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy for the next boot, as a plan: what is there now is kept as a generation, the new
 * one is another, then the keys and the file that PID 1 loads. What would lock the machine
 * out, a policy that must be signed and is not, is refused.
 */
#pragma once

#include "core/cert/cert.h"
#include "core/policy/genfound.h"
#include "core/policy/policyplan.h"
#include "core/cert/sig.h"

struct policyinstall {
	const struct policyplan *judged; /* policyplan_look() was called */
	const char *release;		 /* of the kernel; "": not known */
	/* security.ima of the file; empty: none, or a hash where the policy appraises.
	 * @meaning: where its bytes come out otherwise each time. */
	struct span label, meaning;
	struct cert *const *certs; /* to be taken along */
	size_t n_certs;
	/* For a trial: the generation is made and is the candidate, what the next boot loads
	 * stays. @words: what the kernel is to be given with it, GEN_CMDLINE; empty: as it
	 * is. */
	bool candidate_only;
	struct span words;
};

struct policyinstall_said {
	struct genfound_kept found;
	unsigned made;		  /* the generation of the new policy */
	bool candidate;		  /* and that is all that becomes of it */
	size_t keys;		  /* certificates that are new in /etc/keys/ima */
	bool must_be_signed;	  /* by a rule that the kernel brings along */
	char by[120];		  /* that rule; "" */
	enum sig_verdict verdict; /* of the label, where that is a signature */
};

/* Makes a signature for security.ima of a policy's text. *ret_meaning: what it means,
 * whatever its bytes are. IMA-A014, IMA-A015. */
int policyinstall_sign(const struct sig_key *key, enum hash_alg alg, struct span text,
		       struct strbuf *ret, struct strbuf *ret_meaning,
		       struct diag *reterr);

/* Appends the signature that @file carries in security.ima already; nothing where it has
 * none. IMA-H001, IMA-A020. */
int policyinstall_kept(const char *file, struct strbuf *ret, struct diag *reterr);

/* The same, but one of that text by that key that a generation has is taken: then
 * *ret_meaning stays empty. */
int policyinstall_sign_once(const struct root *root, const struct sig_key *key,
			    enum hash_alg alg, struct span text, struct strbuf *ret,
			    struct strbuf *ret_meaning, struct diag *reterr);

/* 1: a rule that this machine's kernel brings along wants the first policy of a boot signed,
 * with its text appended; 0: none does. */
int policyinstall_must_be_signed(const struct root *root, const struct probe *probe,
				 struct strbuf *ret_rule, struct diag *reterr);

/* The label's signature, held against the keys of this kernel's keyring (below another
 * root: of the usual places). Of a key whose certificate is not at hand there, one of
 * @certs may say it. */
int policyinstall_verify(const struct policyinstall *in, enum sig_verdict *ret,
			 struct diag *reterr);

/* IMA-P042; IMA-K002: the kernel would not take a certificate; IMA-H001, IMA-H006. */
int policyinstall_plan(const struct policyinstall *in, struct plan *ret,
		       struct policyinstall_said *ret_said, struct diag *reterr);

/* What a plan does beside its steps, as lines for people. */
void policyinstall_format(const struct policyinstall_said *said, struct strbuf *out);
