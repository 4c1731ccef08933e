/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policylint.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/policymatch.h"
#include "core/host/fskind.h"
#include "core/policy/rulecover.h"

/* The rule because of which it is done, by class; SIZE_MAX: it is not. */
struct asked {
	size_t by[_POLICY_CLASS_MAX];
};

struct lint {
	struct ruleset *rules;
	unsigned done; /* 1 << enum policy_class that some rule does */
	struct asked excepted[2][FSKIND_EXCEPTED]; /* read, written */
	struct asked written;			   /* files of disks */
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

/* @by: the rule that covers it, or SIZE_MAX. */
static void shadowed(struct lint *l, size_t rule, size_t by)
{
	if (by == SIZE_MAX)
		return;
	if (custom(l, by))
		say(l, POLICY_WARNING, rule, DIAG_POLICY_SHADOWED,
		    "never reached: line %u matches first",
		    l->rules->policy.rules[by].line);
	else
		say(l, POLICY_WARNING, rule, DIAG_POLICY_SHADOWED,
		    "never reached: a rule of %s matches first",
		    ruleset_origin_words(l->rules->origins[by]));
}

static void never(struct lint *l, size_t rule)
{
	const struct policy_rule *r = &l->rules->policy.rules[rule];

	if (policy_has(r, POLICY_KEY_FSMAGIC) && r->fsmagic > UINT32_MAX)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_NEVER,
		    "fsmagic=0x%llx is the number of no file system: they have 32 bits",
		    (unsigned long long)r->fsmagic);
	for (int k = POLICY_KEY_UID; k <= POLICY_KEY_FGROUP; k++) {
		if (policy_has(r, k) && rulecover_nobody(r->ids[k]))
			say(l, POLICY_WARNING, rule, DIAG_POLICY_NEVER,
			    "%s%c%u is nobody", policy_key_name(k), r->ids[k].op,
			    r->ids[k].value);
	}
}

/* dont_x where nothing does x. */
static void idle(struct lint *l, size_t rule)
{
	enum policy_action action = l->rules->policy.rules[rule].action;
	enum policy_class class = policy_action_class(action);

	if (!policy_action_does(action) && !(l->done >> class & 1))
		say(l, POLICY_NOTE, rule, DIAG_POLICY_IDLE,
		    "no rule does %s, so this one excepts nothing",
		    policy_class_name(class));
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

/* What is done, by which rule, where root opens a file of root. */
static void ask(const struct lint *l, uint8_t mask, uint32_t magic, const char *name,
		struct asked *ret)
{
	struct policymatch_result r;
	struct policymatch_access a = {.func = POLICY_FUNC_FILE_CHECK,
				       .mask = mask,
				       .may_setuid = true,
				       .may_setgid = true,
				       .fsmagic = magic,
				       .fsname = span_of(name),
				       .no_fsuuid = true};

	policymatch_decide(&l->rules->policy, &a, &r);
	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		ret->by[c] = r.by[c].does ? r.by[c].rule : SIZE_MAX;
}

static void ask_excepted(struct lint *l, uint8_t mask, struct asked *ret)
{
	for (size_t i = 0; i < FSKIND_EXCEPTED; i++)
		ask(l, mask, fskind_excepted(i)->magic, fskind_excepted(i)->name,
		    &ret[i]);
}

static void ask_all(struct lint *l)
{
	const struct fskind_row *disk = fskind_by_name(span_of("ext4"));
	struct asked any;

	ask_excepted(l, POLICY_MAY_READ, l->excepted[0]);
	ask(l, POLICY_MAY_WRITE | POLICY_MAY_APPEND, disk->magic, disk->name,
	    &l->written);
	/* who means such a file system alone has left out nothing */
	ask(l, POLICY_MAY_WRITE, disk->magic, disk->name, &any);
	if (any.by[POLICY_CLASS_MEASURE] != SIZE_MAX ||
	    any.by[POLICY_CLASS_APPRAISE] != SIZE_MAX)
		ask_excepted(l, POLICY_MAY_WRITE, l->excepted[1]);
	else
		memset(l->excepted[1], 0xff, sizeof(l->excepted[1])); /* SIZE_MAX */
}

static void caught(struct lint *l, size_t rule, enum policy_class class)
{
	char names[160];
	size_t n = 0, len = 0;

	for (size_t i = 0; i < FSKIND_EXCEPTED; i++) {
		if (l->excepted[0][i].by[class] != rule &&
		    l->excepted[1][i].by[class] != rule)
			continue;
		n++;
		if (len < sizeof(names) - 40)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
						len ? ", " : "",
						fskind_excepted(i)->name);
	}
	if (n && class == POLICY_CLASS_APPRAISE)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_PSEUDO,
		    "appraises files of %s, which cannot have labels or do not keep them",
		    names);
	else if (n)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_GROWS,
		    "measures files of %s, whose contents change all the time", names);
}

/* An entry for each content that a log had when it was opened to be written on. */
static void unbounded(struct lint *l, size_t rule)
{
	if (l->written.by[POLICY_CLASS_MEASURE] == rule)
		say(l, POLICY_WARNING, rule, DIAG_POLICY_UNBOUNDED,
		    "measures files that root opens for writing, logs too: the list grows "
		    "with every content they had");
}

static void lint_rule(struct lint *l, size_t i, size_t covered_by)
{
	const struct policy_rule *r = &l->rules->policy.rules[i];

	shadowed(l, i, covered_by);
	never(l, i);
	idle(l, i);
	exact_mask(l, i);
	blocks(l, i);
	if (r->action == POLICY_APPRAISE)
		caught(l, i, POLICY_CLASS_APPRAISE);
	if (r->action == POLICY_MEASURE) {
		caught(l, i, POLICY_CLASS_MEASURE);
		unbounded(l, i);
	}
}

int policylint_run(struct ruleset *rules, struct diag *reterr)
{
	_cleanup_rulecover_ struct rulecover cover = {0};
	struct lint l = {.rules = rules, .done = policymatch_done(&rules->policy)};

	l.err = rulecover_init(&cover, &rules->policy);
	if (l.err == 0)
		ask_all(&l);
	for (size_t i = 0; l.err == 0 && i < rules->policy.n_rules; i++) {
		size_t by = rulecover_next(&cover, i);

		if (custom(&l, i) && !rules->policy.rules[i].refused)
			lint_rule(&l, i, by);
	}
	policy_sort_findings(&rules->policy);
	return l.err < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory for findings")
			 : 0;
}
