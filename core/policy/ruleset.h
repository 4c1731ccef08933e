/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules a kernel goes by, in its order: those it brings along (ima_policy=, Secure Boot,
 * its build) and those that were loaded. Read back from the kernel where it lets us; else
 * put together from its command line, its configuration and the policy for the boot.
 * linux 6.12 security/integrity/ima/ima_policy.c ima_init_policy(), ima_update_policy().
 */
#pragma once

#include "core/base/policy.h"
#include "core/base/root.h"
#include "core/host/kconfig.h"
#include "core/probe/probe.h"

enum ruleset_origin {
	RULESET_BUILTIN, /* ima_policy= on the command line */
	RULESET_ARCH,	 /* Secure Boot, CONFIG_IMA_ARCH_POLICY */
	RULESET_BUILD,	 /* CONFIG_IMA_APPRAISE_REQUIRE_..._SIGS */
	RULESET_CUSTOM,	 /* loaded */
};

enum ruleset_source {
	RULESET_READ,	 /* the kernel said it */
	RULESET_FILE,	 /* a policy was loaded; the file for the boot stands for it */
	RULESET_DEFAULT, /* none was loaded */
	RULESET_GIVEN,	 /* the caller's text */
};

struct ruleset {
	/* All rules; a rule's line counts within the text of its origin. Findings are
	 * those of what was loaded. */
	struct policy policy;
	struct policy brought; /* what the kernel brings along; .policy borrows from it */
	uint8_t *origins;      /* enum ruleset_origin of each rule */
	enum ruleset_source source;
	bool sure;	     /* false: something that decides is not known */
	bool fails_securely; /* ima_policy=fail_securely */
};

/* What the kernel is like that the rules are for. @ret borrows from @keep. */
int ruleset_kernel(const struct root *root, struct strbuf *keep,
		   struct policy_kernel *ret, struct diag *reterr);

/* A kernel that somebody names: "auto" is the machine's; a release ("6.12", "6.12.9-amd64"),
 * with the configuration that the target has in /boot for it; or the path of a
 * configuration. IMA-H008, IMA-H001; IMA-P027: it does not say which kernel it is of. */
int ruleset_kernel_named(const struct root *root, const char *name, struct strbuf *keep,
			 struct policy_kernel *ret, struct diag *reterr);

/* What is in force on the machine. -ENOENT (IMA-P020): a policy was loaded that cannot be
 * read back, and there is no file for the boot. */
int ruleset_in_force(const struct root *root, const struct probe *probe,
		     struct ruleset *ret, struct diag *reterr);
/* What would be in force after @custom was loaded as the first policy of a boot. */
int ruleset_with(const struct root *root, const struct probe *probe, struct span custom,
		 struct ruleset *ret, struct diag *reterr);
/* What is in force while no policy was loaded in this boot: who loads the first one is
 * asked by these. */
int ruleset_at_boot(const struct root *root, const struct probe *probe,
		    struct ruleset *ret, struct diag *reterr);
/* The rules of @custom alone, as @kernel reads them: what it brings along is not known. */
int ruleset_alone(const struct policy_kernel *kernel, struct span custom,
		  struct ruleset *ret, struct diag *reterr);
void ruleset_done(struct ruleset *r);
#define _cleanup_ruleset_ __attribute__((cleanup(ruleset_done)))

/* The words of ima_policy=, divided by bars, blanks and newlines; ima_policy.c
 * policy_setup(), which passes over those that it does not know. */
bool ruleset_word_next(struct bytes *in, struct span *ret);
bool ruleset_word_known(struct span word);

const char *ruleset_origin_word(enum ruleset_origin origin);  /* "arch" */
const char *ruleset_origin_words(enum ruleset_origin origin); /* "Secure Boot" */
const char *ruleset_source_words(enum ruleset_source source);
