/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/health/canary.h"

#include "core/base/cleanup.h"
#include "core/policy/explain.h"

enum { IDS_MAX = 16 };

struct ids {
	uint32_t of[IDS_MAX];
	size_t n;
};

static void add(struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->of[i] == id)
			return;
	if (ids->n < IDS_MAX)
		ids->of[ids->n++] = id;
}

/* One that the condition fits: "=N", ">N", "<N". */
static uint32_t fitting(const struct policy_id *id)
{
	return id->op == '>' ? id->value + 1 : id->op == '<' ? id->value - 1 : id->value;
}

/* Root's, and those that rules name. */
static void collect(const struct policy *policy, enum policy_key key, struct ids *ids)
{
	add(ids, 0);
	for (size_t i = 0; i < policy->n_rules; i++)
		if (policy_has(&policy->rules[i], key))
			add(ids, fitting(&policy->rules[i].ids[key]));
}

static const struct {
	enum policy_class class;
	enum canary_kind kind;
} wanted[] = {
	{POLICY_CLASS_MEASURE, CANARY_MEASURED},
	{POLICY_CLASS_APPRAISE, CANARY_DENIED},
	{POLICY_CLASS_AUDIT, CANARY_AUDITED},
};

static const char *const ops[] = {"read", "exec"};

struct search {
	const struct policy *policy;
	const struct policy_kernel *kernel;
	const struct policymatch_access *file;
	enum policy_class class;
};

/* Whether that is denied to an ordinary user for the policy's sake, nobody could tell. */
static bool makes_sense(const struct search *s, uint32_t uid)
{
	return s->class != POLICY_CLASS_APPRAISE || uid == 0;
}

static bool try_access(const struct search *s, struct canary *c)
{
	struct policymatch_access access = *s->file;
	struct policymatch_result result;

	access.uid = access.euid = access.suid = c->uid;
	access.gid = access.egid = access.sgid = 0;
	access.may_setuid = access.may_setgid = c->uid == 0;
	access.fowner = c->owner;
	access.fgroup = 0;
	for (size_t i = 0; explain_op(c->op, i, s->kernel, &access); i++) {
		const struct policymatch_class *by = &result.by[s->class];

		policymatch_decide(s->policy, &access, &result);
		if (!by->does || by->unsure != SIZE_MAX)
			continue;
		c->rule = by->rule;
		return true;
	}
	return false;
}

static bool try_all(const struct search *s, const struct ids *uids,
		    const struct ids *owners, struct canary *c)
{
	for (size_t u = 0; u < uids->n; u++)
		for (size_t o = 0; o < owners->n; o++)
			for (size_t i = 0; i < array_size(ops); i++) {
				c->uid = uids->of[u];
				c->owner = owners->of[o];
				c->op = ops[i];
				if (makes_sense(s, c->uid) && try_access(s, c))
					return true;
			}
	return false;
}

void canary_choose(const struct policy *policy, const struct policy_kernel *kernel,
		   const struct policymatch_access *file, bool enforces,
		   struct canary *ret)
{
	struct search s = {policy, kernel, file, _POLICY_CLASS_MAX};
	struct ids uids = {.n = 0}, owners = {.n = 0};

	collect(policy, POLICY_KEY_UID, &uids);
	collect(policy, POLICY_KEY_EUID, &uids);
	collect(policy, POLICY_KEY_FOWNER, &owners);
	for (size_t i = 0; i < array_size(wanted); i++) {
		s.class = wanted[i].class;
		*ret = (struct canary){.kind = wanted[i].kind};
		if (wanted[i].kind == CANARY_DENIED && !enforces)
			continue;
		if (try_all(&s, &uids, &owners, ret))
			return;
	}
	*ret = (struct canary){.kind = CANARY_NONE};
}
