/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policylint.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/policymatch.h"

static const struct {
	uint32_t magic;
	const char *name;
} pseudo[] = {
#define FS_MAGIC(magic, name) {magic, name},
#include "core/fs-magics.inc"
#undef FS_MAGIC
};

struct lint {
	struct ruleset *rules;
	int err;
};

static void say(struct lint *l, enum policy_severity severity, size_t rule,
		enum diag_id id, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void say(struct lint *l, enum policy_severity severity, size_t rule,
		enum diag_id id, const char *fmt, ...)
{
	struct diag d = {0};
	va_list ap;

	va_start(ap, fmt);
	diag_setv(&d, id, 0, fmt, ap);
	va_end(ap);
	d.line = l->rules->policy.rules[rule].line;
	d.column = 1;
	if (l->err == 0)
		l->err = policy_note(&l->rules->policy, severity, rule, &d);
}

static bool custom(const struct lint *l, size_t rule)
{
	return l->rules->origins[rule] == RULESET_CUSTOM;
}

/* Whom a condition on a number lets through, both ends included; empty: low > high. */
static void range(struct policy_id id, uint64_t *low, uint64_t *high)
{
	*low = id.op == '>' ? (uint64_t)id.value + 1 : id.op == '<' ? 0 : id.value;
	*high = id.op == '>'   ? UINT32_MAX - 1
		: id.op == '<' ? (uint64_t)id.value - 1
			       : id.value;
	if (id.op == '<' && id.value == 0) {
		*low = 1;
		*high = 0;
	}
}

static bool range_within(struct policy_id inner, struct policy_id outer)
{
	uint64_t low, high, from, to;

	range(inner, &low, &high);
	range(outer, &from, &to);
	return low >= from && high <= to;
}

static bool list_within(struct span inner, struct span outer)
{
	struct bytes in = bytes_of(inner.ptr, inner.len);
	struct span one;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '|', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		if (!policy_listed(outer, one))
			return false;
	}
	return true;
}

/* Whatever meets this condition of @later meets that of @first. */
static bool key_within(const struct policy_rule *later, const struct policy_rule *first,
		       enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		return later->func == first->func;
	case POLICY_KEY_MASK:
		return later->mask == first->mask &&
		       (first->mask_within || !later->mask_within);
	case POLICY_KEY_FSMAGIC:
		return later->fsmagic == first->fsmagic;
	case POLICY_KEY_FSUUID:
		return memcmp(later->fsuuid, first->fsuuid, sizeof(first->fsuuid)) == 0;
	case POLICY_KEY_KEYRINGS:
	case POLICY_KEY_LABEL:
		return list_within(later->values[key], first->values[key]);
	case POLICY_KEY_UID:
	case POLICY_KEY_EUID:
	case POLICY_KEY_GID:
	case POLICY_KEY_EGID:
	case POLICY_KEY_FOWNER:
	case POLICY_KEY_FGROUP:
		return range_within(later->ids[key], first->ids[key]);
	default:
		return span_equal(later->values[key], first->values[key]);
	}
}

static bool is_condition(enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_PCR:
	case POLICY_KEY_TEMPLATE:
	case POLICY_KEY_APPRAISE_TYPE:
	case POLICY_KEY_APPRAISE_ALGOS:
	case POLICY_KEY_APPRAISE_FLAG:
	case POLICY_KEY_DIGEST_TYPE:
	case POLICY_KEY_PERMIT_DIRECTIO:
		return false;
	default:
		return true;
	}
}

/* Rules of these hooks meet nothing else, and others do not meet them:
 * ima_match_rules(), ima_init_policy() for SETXATTR_CHECK. */
static bool apart(enum policy_func func)
{
	return func == POLICY_FUNC_KEY_CHECK || func == POLICY_FUNC_CRITICAL_DATA ||
	       func == POLICY_FUNC_SETXATTR_CHECK;
}

static bool covers(const struct policy_rule *first, const struct policy_rule *later)
{
	if (first->refused || later->refused ||
	    policy_action_class(first->action) != policy_action_class(later->action) ||
	    ((apart(first->func) || apart(later->func)) && first->func != later->func))
		return false;
	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!is_condition(k) || !policy_has(first, k))
			continue;
		if (!policy_has(later, k) || !key_within(later, first, k))
			return false;
	}
	return true;
}

static void shadowed(struct lint *l, size_t rule)
{
	const struct policy_rule *rules = l->rules->policy.rules;

	for (size_t i = 0; i < rule; i++) {
		if (!covers(&rules[i], &rules[rule]))
			continue;
		if (custom(l, i))
			say(l, POLICY_WARNING, rule, DIAG_POLICY_SHADOWED,
			    "never reached: line %u matches first", rules[i].line);
		else
			say(l, POLICY_WARNING, rule, DIAG_POLICY_SHADOWED,
			    "never reached: a rule of %s matches first",
			    ruleset_origin_words(l->rules->origins[i]));
		return;
	}
}

static void never(struct lint *l, size_t rule)
{
	const struct policy_rule *r = &l->rules->policy.rules[rule];
	uint64_t low, high;

	if (policy_has(r, POLICY_KEY_FSMAGIC) && r->fsmagic > UINT32_MAX)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_NEVER,
		    "fsmagic=0x%llx is the number of no file system: they have 32 bits",
		    (unsigned long long)r->fsmagic);
	for (int k = POLICY_KEY_UID; k <= POLICY_KEY_FGROUP; k++) {
		if (!policy_has(r, k))
			continue;
		range(r->ids[k], &low, &high);
		if (low > high)
			say(l, POLICY_WARNING, rule, DIAG_POLICY_NEVER,
			    "%s%c%u is nobody", policy_key_name(k), r->ids[k].op,
			    r->ids[k].value);
	}
}

/* dont_x where nothing does x. */
static void idle(struct lint *l, size_t rule)
{
	const struct policy *p = &l->rules->policy;
	enum policy_class class = policy_action_class(p->rules[rule].action);

	if (policy_action_does(p->rules[rule].action))
		return;
	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rules[i].refused && policy_action_does(p->rules[i].action) &&
		    policy_action_class(p->rules[i].action) == class)
			return;
	say(l, POLICY_NOTE, rule, DIAG_POLICY_IDLE,
	    "no rule does %s, so this one excepts nothing", policy_class_name(class));
}

static void exact_mask(struct lint *l, size_t rule)
{
	const struct policy_rule *r = &l->rules->policy.rules[rule];

	if (policy_action_does(r->action) && policy_has(r, POLICY_KEY_MASK) &&
	    !r->mask_within && r->mask == POLICY_MAY_READ &&
	    (r->func == POLICY_FUNC_FILE_CHECK || r->func == POLICY_FUNC_NONE))
		say(l, POLICY_NOTE, rule, DIAG_POLICY_EXACT,
		    "mask=MAY_READ leaves out files that are opened for reading and writing");
}

static void blocks(struct lint *l, size_t rule)
{
	static const struct {
		enum policy_func func;
		const char *what;
	} rows[] = {
		{POLICY_FUNC_KEXEC_KERNEL_CHECK,
		 "kexec_load(2) is refused: kexec must use "
		 "kexec_file_load(2), kexec -s"},
		{POLICY_FUNC_MODULE_CHECK,
		 "init_module(2) is refused, unless modules must be "
		 "signed: finit_module(2) is what modprobe uses"},
		{POLICY_FUNC_FIRMWARE_CHECK,
		 "firmware cannot be handed over through sysfs any more"},
	};
	const struct policy_rule *r = &l->rules->policy.rules[rule];

	for (size_t i = 0; i < array_size(rows); i++)
		if (r->action == POLICY_APPRAISE && r->func == rows[i].func)
			say(l, POLICY_NOTE, rule, DIAG_POLICY_BLOCKS, "%s", rows[i].what);
	if (r->action == POLICY_APPRAISE && r->func == POLICY_FUNC_POLICY_CHECK)
		say(l, POLICY_NOTE, rule, DIAG_POLICY_SIGN,
		    "every policy after this one must be %s, and named by its path",
		    r->signature ? "signed" : "labelled");
}

/* The rule because of which root's access to a root's file of this file system is handled
 * so; SIZE_MAX: it is not. */
static size_t catches(const struct lint *l, uint32_t magic, const char *name,
		      enum policy_func func, uint8_t mask, enum policy_class class)
{
	struct policymatch_access a = {.func = func,
				       .mask = mask,
				       .may_setuid = true,
				       .may_setgid = true,
				       .fsmagic = magic,
				       .fsname = span_of(name),
				       .no_fsuuid = true};
	struct policymatch_result r;

	policymatch_decide(&l->rules->policy, &a, &r);
	return r.by[class].does ? r.by[class].rule : SIZE_MAX;
}

static void caught(struct lint *l, size_t rule, enum policy_class class)
{
	char names[160];
	size_t n = 0, len = 0;

	for (size_t i = 0; i < array_size(pseudo); i++) {
		if (catches(l, pseudo[i].magic, pseudo[i].name, POLICY_FUNC_FILE_CHECK,
			    POLICY_MAY_READ, class) != rule)
			continue;
		n++;
		if (len < sizeof(names) - 40)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
						len ? ", " : "", pseudo[i].name);
	}
	if (n && class == POLICY_CLASS_APPRAISE)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_PSEUDO,
		    "appraises files of %s, which cannot have labels or do not keep them",
		    names);
	else if (n)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_GROWS,
		    "measures files of %s, whose contents change all the time", names);
}

int policylint_run(struct ruleset *rules, struct diag *reterr)
{
	struct lint l = {.rules = rules};
	size_t n = rules->policy.n_rules;

	for (size_t i = 0; i < n; i++) {
		const struct policy_rule *r = &rules->policy.rules[i];

		if (!custom(&l, i) || r->refused)
			continue;
		shadowed(&l, i);
		never(&l, i);
		idle(&l, i);
		exact_mask(&l, i);
		blocks(&l, i);
		if (r->action == POLICY_APPRAISE)
			caught(&l, i, POLICY_CLASS_APPRAISE);
		if (r->action == POLICY_MEASURE)
			caught(&l, i, POLICY_CLASS_MEASURE);
	}
	policy_sort_findings(&rules->policy);
	return l.err < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory for findings")
			 : 0;
}
