/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was found about a denial, in sentences: for the command and the console. Each appends
 * to @out, without a newline; foreign bytes are in it.
 */
#pragma once

#include "core/triage/triage.h"

/* "missing-hash: the file has no security.ima". Nothing where there is no cause. */
void triagetext_why(const struct triage_found *f, struct strbuf *out);
/* "configuration: ..." */
void triagetext_risk(const struct triage_found *f, struct strbuf *out);
/* "exec would be denied again, by rule 3: appraise func=BPRM_CHECK" */
void triagetext_now(const struct triage *t, const struct triage_found *f,
		    struct strbuf *out);
/* What was found of that kind. False: nothing is to be said. */
bool triagetext_evidence(const struct triage *t, const struct triage_found *f,
			 enum auditcause_evidence e, struct strbuf *out);

const char *triagetext_answer_word(enum triage_answer a);   /* "yes" */
const char *triagetext_package_word(enum triage_package p); /* "as-shipped" */
