/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an audit record about integrity means (audit-causes.inc): in plain words, how grave it
 * is, what to look at, what helps. Pure tables.
 */
#pragma once

#include <stdbool.h>

#include "core/appraise/appraise.h"
#include "core/base/bytes.h"
#include "core/host/auditrec.h"
#include "core/triage/remedy.h"

/* The cause of what imactl's own question made the kernel refuse (join.c): not the kernel's
 * word, and that of the rows ASKED. */
#define AUDITCAUSE_ASKED "asked"

enum auditcause_severity {
#define SEVERITY(id, word, words) AUDITCAUSE_##id,
#include "core/triage/severities.inc"
#undef SEVERITY
	_AUDITCAUSE_SEVERITY_MAX,
};

enum auditcause_evidence {
#define EVIDENCE(id, word, words) AUDITCAUSE_##id,
#include "core/triage/evidence.inc"
#undef EVIDENCE
	_AUDITCAUSE_EVIDENCE_MAX,
};

/* Was the access denied that a record is about? Where the record's own event does not tell
 * (exit= of the SYSCALL record), its cause and the mode do. */
enum auditcause_denies {
	AUDITCAUSE_ENFORCED, /* with ima_appraise=enforce, not with log and fix */
	AUDITCAUSE_ALWAYS,
	AUDITCAUSE_NEVER,
};

struct auditcause {
	enum auditrec_type type;
	const char *op, *cause; /* both "" of what has no record, or no such fields */
	enum appraise_cause appraise; /* NONE: not of appraisal */
	const char *kernels;	      /* "" all; "from 7.1" */
	enum auditcause_denies denies;
	enum auditcause_severity severity;
	const char *evidence, *remedies; /* words; auditcause_wants(), _remedy() */
	const char *means, *risk;	 /* sentences without their dot */
};

/* By a record's type and fields (empty: it has none); NULL: not known. USERSPACE is looked up
 * as DATA. */
const struct auditcause *auditcause_find(enum auditrec_type type, struct span op,
					 struct span cause);
/* What appraise_decide() said; NULL for NONE. */
const struct auditcause *auditcause_of(enum appraise_cause cause);
/* All rows; NULL behind the last. */
const struct auditcause *auditcause_at(size_t i);

/* "missing-hash"; where the kernel writes no record a word of our own, "no-attributes". */
const char *auditcause_word(const struct auditcause *c);

bool auditcause_wants(const struct auditcause *c, enum auditcause_evidence evidence);
/* Its @i-th remedy, the most useful first; _REMEDY_INVALID: there are no more. */
enum remedy_id auditcause_remedy(const struct auditcause *c, size_t i);

const char *auditcause_severity_word(enum auditcause_severity s);
const char *auditcause_evidence_word(enum auditcause_evidence e);
