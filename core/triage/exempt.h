/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule that leaves out files like one that is denied: drafted, as narrow as rules can be,
 * into the policy that has the rule which appraises it. Rules know no paths: what they can
 * tell apart is the file system and the owner, and where those are everybody's there is no
 * such rule.
 */
#pragma once

#include "core/triage/triage.h"

/* Why there is none; NULL: there is. */
const char *exempt_cannot(const struct triage *t, const struct triage_found *f);

struct exempt {
	struct strbuf rule; /* without its newline */
	struct strbuf text; /* the whole policy with it */
	unsigned line;	    /* where it stands there, 1-based */
	bool edited; /* it is the policy for the boot, with one line more; else it was put
		      * together from the rules in force */
};

/* Only where exempt_cannot() has nothing to say. -ENOMEM. */
int exempt_draft(const struct triage *t, const struct triage_found *f, struct exempt *ret,
		 struct diag *reterr);
void exempt_done(struct exempt *e);
#define _cleanup_exempt_ __attribute__((cleanup(exempt_done)))

/* The draft against what is there, in lines: "+dont_appraise ...", the lines around it.
 * Foreign bytes. */
void exempt_diff(const struct exempt *e, struct strbuf *out);
