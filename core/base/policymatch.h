/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules of a policy an access meets, and what the kernel does because of them.
 * linux 6.12 security/integrity/ima/ima_policy.c ima_match_policy(), ima_match_rules(),
 * ima_match_rule_data(); the same in 6.1 and 7.2 but for the words of newer rules.
 */
#pragma once

#include "core/base/policy.h"

enum { POLICYMATCH_MAY_ACCESS = 0x10 }; /* MAY_ACCESS: a file was just created */

/* One access: who does what to which file. Spans are borrowed. */
struct policymatch_access {
	enum policy_func func;
	bool any_func; /* attributes were changed: POST_SETATTR, which every func= fits */
	uint8_t mask;  /* enum policy_mask */
	uint32_t uid, euid, suid, gid, egid, sgid;
	bool may_setuid, may_setgid; /* CAP_SETUID, CAP_SETGID in effect */
	uint32_t fowner, fgroup;     /* as the mount shows them */
	uint64_t fsmagic;
	struct span fsname;
	struct span fs_subtype; /* empty: none */
	uint8_t fsuuid[16];
	bool no_fsname, no_fsuuid; /* not known */
	bool no_appraise; /* ima_appraise=off: rules that appraise are not there */
	struct span data; /* the keyring, the kind of critical data */
	/* What an LSM says of file and process, from OBJ_USER to SUBJ_TYPE: six, empty where
	 * it says nothing; NULL: not known. */
	const struct span *labels;
};

/* Does the rule match? UNKNOWN: all that is known does, but an LSM's label, or what the
 * access does not say, decides. @ret_why (may be NULL): what does not match or is unknown,
 * the first that the kernel looks at. */
enum policy_answer policymatch_rule(const struct policy_rule *rule,
				    const struct policymatch_access *access,
				    enum policy_key *ret_why);

struct policymatch_class {
	size_t rule;   /* the first that matches; SIZE_MAX: none */
	bool does;     /* it does it: not none, not dont_... */
	size_t unsure; /* an earlier one that may match instead; SIZE_MAX: none */
};

struct policymatch_result {
	struct policymatch_class by[_POLICY_CLASS_MAX];
	/* Options of all rules that match add up (IMA_NONACTION_FLAGS). */
	bool signature, modsig, sigv3, verity, directio, blacklist;
	bool appraises_any; /* the rule that appraises has no func= */
	uint32_t algos;	    /* of the rule that appraises; 0: any */
	uint8_t pcr;	    /* of the rule that measures; 0 with !has_pcr: the default */
	bool has_pcr;
	struct span template; /* of the rule that measures; empty: the default */
};

/* 1 << enum policy_class of what some rule does; dont_x of others is not looked at:
 * ima_policy_flag. */
unsigned policymatch_done(const struct policy *policy);

/* Rules that are refused count as not there. */
void policymatch_decide(const struct policy *policy,
			const struct policymatch_access *access,
			struct policymatch_result *ret);
