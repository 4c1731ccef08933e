/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/denial.h"

#include "core/base/cleanup.h"
#include "core/triage/auditcause.h"

static const char *const kinds[] = {
#define DENIAL_KIND(id, name, plural, meaning) name,
#include "core/triage/denial-kinds.inc"
#undef DENIAL_KIND
};

static bool op_is(const struct auditrec *r, const char *op)
{
	return span_is(r->at[AUDITREC_FIELD_OP], op);
}

static bool cause_is(const struct auditrec *r, const char *cause)
{
	return span_is(r->at[AUDITREC_FIELD_CAUSE], cause);
}

/* Rows with integrity_audit=1 are for information: ima_queue.c ima_add_template_entry(). A
 * buffer that is in the list already is no failure: ima_main.c
 * process_buffer_measurement(). */
static bool went_well(const struct auditrec *r)
{
	return cause_is(r, "hash_added") || cause_is(r, "hash_exists") ||
	       (cause_is(r, "store_entry") &&
		span_is(r->at[AUDITREC_FIELD_ERRNO], "-17"));
}

static int kind_of_pcr(const struct auditrec *r)
{
	if (op_is(r, "invalid_pcr")) /* ToMToU, open_writers */
		return DENIAL_VIOLATION;
	if (went_well(r))
		return -ENOENT;
	return op_is(r, "measuring_key") ? DENIAL_KEY : DENIAL_MEASUREMENT;
}

/* One whose end is missing may have been refused. */
static int kind_of_rule(const struct auditrec *r)
{
	if (auditrec_has(r, AUDITREC_FIELD_FILE))
		return -ENOENT;
	return r->cut || span_is(r->at[AUDITREC_FIELD_RES], "0") ? DENIAL_POLICY
								 : -ENOENT;
}

int denial_kind_of(const struct auditrec *r)
{
	switch ((unsigned)r->type) {
	case AUDITREC_DATA:
		return op_is(r, "set_data") ? DENIAL_LABEL : DENIAL_ACCESS;
	case AUDITREC_USERSPACE:
	case AUDITREC_HASH:
		return DENIAL_ACCESS;
	case AUDITREC_METADATA:
		return DENIAL_LABEL;
	case AUDITREC_STATUS:
	case AUDITREC_EVM_XATTR:
		return DENIAL_POLICY;
	case AUDITREC_RULE: /* before 4.17 a policy's rule as well */
	case AUDITREC_POLICY_RULE:
		return kind_of_rule(r);
	case AUDITREC_PCR:
		return kind_of_pcr(r);
	default:
		return -ENOENT;
	}
}

static enum denial_denied judge_mode(enum denial_mode mode)
{
	switch (mode) {
	case DENIAL_MODE_ENFORCE:
		return DENIAL_DENIED;
	case DENIAL_MODE_LOG:
	case DENIAL_MODE_FIX:
	case DENIAL_MODE_OFF:
		return DENIAL_ALLOWED;
	default:
		return DENIAL_UNKNOWN;
	}
}

/* An access that appraisal refuses ends in EACCES, or EPERM where memory was to become
 * executable; any other error is of something else. */
static enum denial_denied judge_access(const struct denial *d, enum denial_mode mode)
{
	if (d->res || d->error == 0)
		return DENIAL_ALLOWED;
	if (d->error == EACCES || d->error == EPERM)
		return DENIAL_DENIED;
	/* ima_main.c ima_file_mprotect() asks for no mode; with res=1 it only measures */
	if (span_is(d->cause, "failed-mprotect"))
		return d->cut ? DENIAL_UNKNOWN : DENIAL_DENIED;
	return judge_mode(mode);
}

/* Of a rule, the end of its record alone says whether it was taken; a word that the kernel
 * does not know is refused. */
static enum denial_denied judge_policy(const struct denial *d)
{
	if (span_is(d->cause, AUDITCAUSE_ASKED))
		return DENIAL_ALLOWED; /* it was meant to be refused: join.c */
	if (d->cut && !span_is(d->cause, "refused"))
		return DENIAL_UNKNOWN;
	return d->res ? DENIAL_ALLOWED : DENIAL_DENIED;
}

enum denial_denied denial_judge(const struct denial *d, enum denial_mode mode)
{
	switch (d->kind) {
	case DENIAL_ACCESS:
		return judge_access(d, mode);
	case DENIAL_LABEL: /* in every mode: ima_inode_setxattr(), evm_protect_xattr() */
		return d->res || d->error == 0 ? DENIAL_ALLOWED : DENIAL_DENIED;
	case DENIAL_POLICY:
		return judge_policy(d);
	default: /* the access that was not measured went on */
		return DENIAL_ALLOWED;
	}
}

const char *denial_kind_name(enum denial_kind kind)
{
	return kinds[kind];
}

enum denial_kind denial_kind_from_name(struct span name)
{
	for (int i = 0; i < _DENIAL_KIND_MAX; i++)
		if (span_is(name, kinds[i]))
			return (enum denial_kind)i;
	return _DENIAL_KIND_INVALID;
}

const char *denial_denied_name(enum denial_denied denied)
{
	static const char *const names[] = {"unknown", "no", "yes"};

	return names[denied];
}

const char *denial_source_name(enum denial_source source)
{
	static const char *const names[] = {"audit", "log", "kernel", "file"};

	return names[source];
}
