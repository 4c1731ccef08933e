/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/policymatch.h"

#include "core/base/cleanup.h"

static bool fits(const struct policy_rule *rule, enum policy_key key, uint32_t value)
{
	struct policy_id id = rule->ids[key];

	return id.op == '<'   ? value < id.value
	       : id.op == '>' ? value > id.value
			      : value == id.value;
}

static enum policy_answer answer(bool yes)
{
	return yes ? POLICY_YES : POLICY_NO;
}

static bool effective(const struct policy_rule *rule, enum policy_key key, bool may,
		      uint32_t eff, uint32_t saved, uint32_t real)
{
	return fits(rule, key, eff) ||
	       (may && (fits(rule, key, saved) || fits(rule, key, real)));
}

static bool mask_fits(const struct policy_rule *rule, const struct policymatch_access *a)
{
	if (a->any_func)
		return true;
	return rule->mask_within ? (rule->mask & a->mask) != 0 : rule->mask == a->mask;
}

static enum policy_answer text_fits(const struct policy_rule *rule, enum policy_key key,
				    struct span text, bool unknown)
{
	return unknown ? POLICY_UNKNOWN : answer(span_equal(rule->values[key], text));
}

static enum policy_answer uuid_fits(const struct policy_rule *rule,
				    const struct policymatch_access *a)
{
	if (a->no_fsuuid)
		return POLICY_UNKNOWN;
	return answer(memcmp(rule->fsuuid, a->fsuuid, sizeof(a->fsuuid)) == 0);
}

/* Of a key that the rule has. */
static enum policy_answer key_fits(const struct policy_rule *r, enum policy_key key,
				   const struct policymatch_access *a)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		return answer(a->any_func || r->func == a->func);
	case POLICY_KEY_MASK:
		return answer(mask_fits(r, a));
	case POLICY_KEY_FSMAGIC:
		return answer(r->fsmagic == a->fsmagic);
	case POLICY_KEY_FSNAME:
		return text_fits(r, key, a->fsname, a->no_fsname);
	case POLICY_KEY_FS_SUBTYPE:
		return text_fits(r, key, a->fs_subtype, a->no_fsname);
	case POLICY_KEY_FSUUID:
		return uuid_fits(r, a);
	case POLICY_KEY_UID:
		return answer(fits(r, key, a->uid));
	case POLICY_KEY_GID:
		return answer(fits(r, key, a->gid));
	case POLICY_KEY_EUID:
		return answer(effective(r, key, a->may_setuid, a->euid, a->suid, a->uid));
	case POLICY_KEY_EGID:
		return answer(effective(r, key, a->may_setgid, a->egid, a->sgid, a->gid));
	case POLICY_KEY_FOWNER:
		return answer(fits(r, key, a->fowner));
	case POLICY_KEY_FGROUP:
		return answer(fits(r, key, a->fgroup));
	case POLICY_KEY_OBJ_USER:
	case POLICY_KEY_OBJ_ROLE:
	case POLICY_KEY_OBJ_TYPE:
	case POLICY_KEY_SUBJ_USER:
	case POLICY_KEY_SUBJ_ROLE:
	case POLICY_KEY_SUBJ_TYPE:
		return a->labels
			       ? answer(span_equal(r->values[key],
						   a->labels[key - POLICY_KEY_OBJ_USER]))
			       : POLICY_UNKNOWN;
	default:
		return POLICY_YES; /* no condition */
	}
}

/* In the order in which the kernel looks. */
static const enum policy_key conditions[] = {
	POLICY_KEY_FUNC,      POLICY_KEY_MASK,	     POLICY_KEY_FSMAGIC,
	POLICY_KEY_FSNAME,    POLICY_KEY_FS_SUBTYPE, POLICY_KEY_FSUUID,
	POLICY_KEY_UID,	      POLICY_KEY_EUID,	     POLICY_KEY_GID,
	POLICY_KEY_EGID,      POLICY_KEY_FOWNER,     POLICY_KEY_FGROUP,
	POLICY_KEY_OBJ_USER,  POLICY_KEY_OBJ_ROLE,   POLICY_KEY_OBJ_TYPE,
	POLICY_KEY_SUBJ_USER, POLICY_KEY_SUBJ_ROLE,  POLICY_KEY_SUBJ_TYPE,
};

static enum policy_answer all_fit(const struct policy_rule *rule,
				  const struct policymatch_access *access,
				  enum policy_key *ret_why)
{
	enum policy_answer all = POLICY_YES;

	for (size_t i = 0; i < array_size(conditions); i++) {
		enum policy_key key = conditions[i];
		enum policy_answer one =
			policy_has(rule, key) ? key_fits(rule, key, access) : POLICY_YES;

		if (one == POLICY_NO) {
			*ret_why = key;
			return POLICY_NO;
		}
		if (one == POLICY_UNKNOWN && all == POLICY_YES) {
			*ret_why = key;
			all = POLICY_UNKNOWN;
		}
	}
	return all;
}

/* ima_match_rule_data(): the rule must name the hook; of the process only uid= counts. */
static enum policy_answer data_fits(const struct policy_rule *rule,
				    const struct policymatch_access *access,
				    enum policy_key *ret_why)
{
	enum policy_key list = access->func == POLICY_FUNC_KEY_CHECK ? POLICY_KEY_KEYRINGS
								     : POLICY_KEY_LABEL;

	*ret_why = POLICY_KEY_FUNC;
	if (rule->func != access->func)
		return POLICY_NO;
	*ret_why = POLICY_KEY_UID;
	if (policy_has(rule, POLICY_KEY_UID) && !fits(rule, POLICY_KEY_UID, access->uid))
		return POLICY_NO;
	*ret_why = list;
	return answer(!policy_has(rule, list) ||
		      policy_listed(rule->values[list], access->data));
}

enum policy_answer policymatch_rule(const struct policy_rule *rule,
				    const struct policymatch_access *access,
				    enum policy_key *ret_why)
{
	enum policy_key why = _POLICY_KEY_MAX;
	enum policy_answer a;

	if (access->func == POLICY_FUNC_KEY_CHECK ||
	    access->func == POLICY_FUNC_CRITICAL_DATA)
		a = data_fits(rule, access, &why);
	else
		a = all_fit(rule, access, &why);
	if (ret_why)
		*ret_why = why;
	return a;
}

static void add_options(const struct policy_rule *rule, struct policymatch_result *ret)
{
	ret->signature |= rule->signature;
	ret->modsig |= rule->modsig;
	ret->sigv3 |= rule->sigv3;
	ret->verity |= rule->verity;
	ret->blacklist |= rule->blacklist;
	ret->directio |= policy_has(rule, POLICY_KEY_PERMIT_DIRECTIO);
	if (rule->action == POLICY_APPRAISE) {
		ret->algos = rule->algos;
		ret->appraises_any = !policy_has(rule, POLICY_KEY_FUNC);
	}
	if (rule->action != POLICY_MEASURE)
		return;
	ret->has_pcr = policy_has(rule, POLICY_KEY_PCR);
	ret->pcr = rule->pcr;
	if (policy_has(rule, POLICY_KEY_TEMPLATE))
		ret->template = rule->values[POLICY_KEY_TEMPLATE];
}

unsigned policymatch_done(const struct policy *policy)
{
	unsigned done = 0;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct policy_rule *r = &policy->rules[i];

		if (!r->refused && policy_action_does(r->action))
			done |= 1u << policy_action_class(r->action);
	}
	return done;
}

void policymatch_decide(const struct policy *policy,
			const struct policymatch_access *access,
			struct policymatch_result *ret)
{
	unsigned open = policymatch_done(policy);

	if (access->no_appraise)
		open &= ~(1u << POLICY_CLASS_APPRAISE);

	*ret = (struct policymatch_result){0};
	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		ret->by[c] = (struct policymatch_class){SIZE_MAX, false, SIZE_MAX};
	for (size_t i = 0; i < policy->n_rules && open; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct policymatch_class *by;
		enum policy_answer a;

		if (rule->refused || !(open >> policy_action_class(rule->action) & 1))
			continue;
		by = &ret->by[policy_action_class(rule->action)];
		a = policymatch_rule(rule, access, NULL);
		if (a == POLICY_UNKNOWN && by->unsure == SIZE_MAX)
			by->unsure = i;
		if (a != POLICY_YES)
			continue;
		by->rule = i;
		by->does = policy_action_does(rule->action);
		open &= ~(1u << policy_action_class(rule->action));
		add_options(rule, ret);
		if (rule->action == POLICY_APPRAISE) /* of a rule before: ~IMA_HASH */
			ret->by[POLICY_CLASS_HASH].does = false;
	}
}
