/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ima_policy.c ima_policy_show(). */
#include "core/base/policy-internal.h"

static void print_algos(struct strbuf *out, uint32_t algos)
{
	const char *before = "";

	for (int alg = 0; alg < _HASH_ALG_MAX; alg++) {
		if (!(algos >> alg & 1))
			continue;
		strbuf_addf(out, "%s%s", before, hash_alg_name(alg));
		before = ",";
	}
}

void policy_print_uuid(struct strbuf *out, const uint8_t uuid[16])
{
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			strbuf_addc(out, '-');
		strbuf_addhex(out, (struct span){uuid + i, 1});
	}
}

static void print_type(struct strbuf *out, const struct policy_rule *rule)
{
	if (rule->verity)
		strbuf_adds(out, " digest_type=verity");
	if (!rule->signature)
		return;
	strbuf_adds(out, rule->sigv3	? " appraise_type=sigv3"
			 : rule->modsig ? " appraise_type=imasig|modsig"
					: " appraise_type=imasig");
}

static void print_value(struct strbuf *out, const struct policy_rule *rule,
			enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		strbuf_adds(out, policy_func_name(rule->func));
		break;
	case POLICY_KEY_MASK:
		strbuf_adds(out, rule->mask_within ? "^" : "");
		policy_mask_print(out, rule->mask);
		break;
	case POLICY_KEY_FSMAGIC:
		strbuf_addf(out, "0x%llx", (unsigned long long)rule->fsmagic);
		break;
	case POLICY_KEY_FSUUID:
		policy_print_uuid(out, rule->fsuuid);
		break;
	case POLICY_KEY_PCR:
		strbuf_addf(out, "%u", rule->pcr);
		break;
	case POLICY_KEY_APPRAISE_ALGOS:
		print_algos(out, rule->algos);
		break;
	case POLICY_KEY_UID:
	case POLICY_KEY_EUID:
	case POLICY_KEY_GID:
	case POLICY_KEY_EGID:
	case POLICY_KEY_FOWNER:
	case POLICY_KEY_FGROUP:
		strbuf_addf(out, "%u", rule->ids[key].value);
		break;
	default:
		strbuf_add(out, rule->values[key].ptr, rule->values[key].len);
		break;
	}
}

void policy_print(struct strbuf *out, const struct policy_rule *rule)
{
	if (rule->refused) {
		strbuf_add(out, rule->text.ptr, rule->text.len);
		return;
	}
	strbuf_adds(out, policy_action_name(rule->action));
	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!policy_has(rule, k))
			continue;
		if (k == POLICY_KEY_APPRAISE_TYPE || k == POLICY_KEY_DIGEST_TYPE) {
			if (k == POLICY_KEY_APPRAISE_TYPE ||
			    !policy_has(rule, POLICY_KEY_APPRAISE_TYPE))
				print_type(out, rule);
			continue;
		}
		strbuf_addf(out, " %s", policy_key_name(k));
		if (k == POLICY_KEY_PERMIT_DIRECTIO)
			continue;
		strbuf_addc(out, rule->ids[k].op ? rule->ids[k].op : '=');
		print_value(out, rule, k);
	}
}
