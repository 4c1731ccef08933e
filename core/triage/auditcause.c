/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/auditcause.h"

#include <string.h>

#include "core/base/cleanup.h"

/* Op, cause and meaning of a row APPRAISE() stand in the other table. */
#define APPRAISE_CAUSE(id, op, cause, means, helps)                                      \
	static const char op_##id[] = op, cause_##id[] = cause, means_##id[] = means;
#include "core/appraise/appraise-causes.inc"
#undef APPRAISE_CAUSE

static const struct auditcause rows[] = {
#define APPRAISE(id, kernels, denies, severity, evidence, remedies, risk)                \
	{AUDITREC_DATA,                                                                  \
	 op_##id,                                                                        \
	 cause_##id,                                                                     \
	 APPRAISE_##id,                                                                  \
	 kernels,                                                                        \
	 AUDITCAUSE_##denies,                                                            \
	 AUDITCAUSE_##severity,                                                          \
	 evidence,                                                                       \
	 remedies,                                                                       \
	 means_##id,                                                                     \
	 risk},
#define AUDIT_CAUSE(id, type, op, cause, kernels, denies, severity, evidence, remedies,  \
		    means, risk)                                                         \
	{AUDITREC_##type,                                                                \
	 op,                                                                             \
	 cause,                                                                          \
	 APPRAISE_NONE,                                                                  \
	 kernels,                                                                        \
	 AUDITCAUSE_##denies,                                                            \
	 AUDITCAUSE_##severity,                                                          \
	 evidence,                                                                       \
	 remedies,                                                                       \
	 means,                                                                          \
	 risk},
#include "core/triage/audit-causes.inc"
#undef APPRAISE
#undef AUDIT_CAUSE
};

static const char *const severities[] = {
#define SEVERITY(id, word, words) word,
#include "core/triage/severities.inc"
#undef SEVERITY
};

static const char *const evidences[] = {
#define EVIDENCE(id, word, words) word,
#include "core/triage/evidence.inc"
#undef EVIDENCE
};

static bool fits(const char *pattern, struct span text)
{
	size_t n = strlen(pattern);

	if (!n || pattern[n - 1] != '*')
		return span_is(text, pattern);
	return text.len >= n - 1 && memcmp(text.ptr, pattern, n - 1) == 0;
}

/* Rows without an op are of all records of their type; those of appraisal have no record. */
static bool is_of(const struct auditcause *row, enum auditrec_type type, struct span op,
		  struct span cause)
{
	if (row->type != type)
		return false;
	if (!*row->op)
		return type != AUDITREC_DATA;
	return fits(row->op, op) && fits(row->cause, cause);
}

const struct auditcause *auditcause_find(enum auditrec_type type, struct span op,
					 struct span cause)
{
	enum auditrec_type as = type == AUDITREC_USERSPACE ? AUDITREC_DATA : type;

	for (size_t i = 0; i < array_size(rows); i++)
		if (is_of(&rows[i], as, op, cause))
			return &rows[i];
	return NULL;
}

const struct auditcause *auditcause_of(enum appraise_cause cause)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (cause != APPRAISE_NONE && rows[i].appraise == cause)
			return &rows[i];
	return NULL;
}

const struct auditcause *auditcause_at(size_t i)
{
	return i < array_size(rows) ? &rows[i] : NULL;
}

const char *auditcause_word(const struct auditcause *c)
{
	if (*c->cause)
		return c->cause;
	switch ((int)c->appraise) {
	case APPRAISE_NO_XATTRS:
		return "no-attributes";
	case APPRAISE_BLACKLISTED:
		return "blacklisted";
	case APPRAISE_SIGNED_FOR_WRITING:
		return "signed-for-writing";
	default:
		return "";
	}
}

/* The @i-th word of a list; empty: there is none. */
static struct span word_at(const char *list, size_t i)
{
	struct span text = span_of(list), word = {0};
	struct bytes in = bytes_of(text.ptr, text.len);

	for (size_t n = 0; n <= i; n++) {
		if (!bytes_left(&in))
			return (struct span){0};
		if (!bytes_until(&in, ' ', &word))
			(void)bytes_take(&in, bytes_left(&in), &word);
	}
	return word;
}

bool auditcause_wants(const struct auditcause *c, enum auditcause_evidence evidence)
{
	struct span word;

	for (size_t i = 0; (word = word_at(c->evidence, i)).len; i++)
		if (span_is(word, evidences[evidence]))
			return true;
	return false;
}

enum remedy_id auditcause_remedy(const struct auditcause *c, size_t i)
{
	struct span word = word_at(c->remedies, i);

	return word.len ? remedy_from_word(word) : _REMEDY_INVALID;
}

const char *auditcause_severity_word(enum auditcause_severity s)
{
	return severities[s];
}

const char *auditcause_evidence_word(enum auditcause_evidence e)
{
	return evidences[e];
}
