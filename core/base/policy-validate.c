/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ima_policy.c ima_validate_rule(): which options go together. */
#include "core/base/policy-internal.h"

static void needs(const struct policy_word *w, bool bad, const char *sentence)
{
	if (bad)
		policy_refuse(w, DIAG_POLICY_NEEDS, "%s", sentence);
}

/* Every option by name, so that a person sees each that does not fit. */
static void beside_func(const struct policy_word *w)
{
	const struct policy_rule *rule = w->rule;

	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!policy_has(rule, k) || policy_key_beside(k, rule->func) ||
		    (k == POLICY_KEY_APPRAISE_FLAG && !rule->blacklist))
			continue;
		if (rule->func == POLICY_FUNC_NONE)
			policy_refuse(w, DIAG_POLICY_BESIDE,
				      "%s needs another func= beside it",
				      policy_key_name(k));
		else
			policy_refuse(w, DIAG_POLICY_BESIDE,
				      "%s does not go with func=%s", policy_key_name(k),
				      policy_func_name(rule->func));
	}
}

/* Hooks that no file is behind, or whose every check would cost too much. */
static void only_actions(const struct policy_word *w)
{
	const struct policy_rule *rule = w->rule;

	switch (policy_func_takes(rule->func)) {
	case POLICY_TAKES_CMDLINE:
	case POLICY_TAKES_KEY:
	case POLICY_TAKES_DATA:
		if (policy_action_class(rule->action) != POLICY_CLASS_MEASURE)
			policy_refuse(w, DIAG_POLICY_BESIDE,
				      "func=%s can be measured only, not %s",
				      policy_func_name(rule->func),
				      policy_class_name(
					      policy_action_class(rule->action)));
		break;
	case POLICY_TAKES_SETXATTR:
		needs(w, rule->action != POLICY_APPRAISE,
		      "func=SETXATTR_CHECK goes with \"appraise\" only");
		needs(w, !policy_has(rule, POLICY_KEY_APPRAISE_ALGOS),
		      "func=SETXATTR_CHECK needs appraise_algos=");
		break;
	default:
		break;
	}
}

void policy_validate(const struct policy_word *w)
{
	const struct policy_rule *rule = w->rule;
	bool appraise = rule->action == POLICY_APPRAISE;

	if (rule->action == _POLICY_ACTION_MAX) {
		policy_refuse(w, DIAG_POLICY_ACTION,
			      "the rule does not say what to do: no measure, appraise, "
			      "audit, ...");
		return;
	}
	needs(w, policy_has(rule, POLICY_KEY_PCR) && rule->action != POLICY_MEASURE,
	      "pcr= goes with \"measure\" only");
	needs(w, rule->signature && !appraise,
	      "appraise_type= goes with \"appraise\" only");
	needs(w, policy_has(rule, POLICY_KEY_APPRAISE_ALGOS) && !appraise,
	      "appraise_algos= goes with \"appraise\" only");
	needs(w, rule->blacklist && !appraise,
	      "appraise_flag= goes with \"appraise\" only");
	needs(w, rule->blacklist && !rule->modsig,
	      "appraise_flag= goes with appraise_type=imasig|modsig only");
	needs(w, rule->modsig && policy_func_takes(rule->func) != POLICY_TAKES_READ,
	      "imasig|modsig is for func=MODULE_CHECK, KEXEC_KERNEL_CHECK and "
	      "KEXEC_INITRAMFS_CHECK only");
	needs(w, appraise && rule->verity && !rule->signature,
	      "digest_type=verity needs appraise_type=sigv3 where a rule appraises");
	beside_func(w);
	only_actions(w);
}
