/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of a rule's options, as ima_policy.c ima_parse_rule() reads each of them. */
#include "core/base/policy-internal.h"

#include "core/base/cleanup.h"

enum { PCR_MAX = 63, UUID_TEXT = 36 };

static void not_a(const struct policy_word *w, const char *what)
{
	char buf[80];

	policy_refuse(w, DIAG_POLICY_VALUE, "\"%s\" is not %s",
		      str_quote(buf, sizeof(buf), w->value), what);
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool is_digit(uint8_t c, unsigned base)
{
	return (unsigned)digit_of(c) < base;
}

/* kstrtoul(): an optional "+", with base 16 an optional 0x, and nothing behind it. */
static bool number(struct span s, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = s.len && s.ptr[0] == '+';

	if (base == 16 && s.len > i + 1 && s.ptr[i] == '0' &&
	    (s.ptr[i + 1] | 0x20) == 'x')
		i += 2;
	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (!is_digit(s.ptr[i], base) ||
		    __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit_of(s.ptr[i]), &v))
			return false;
	}
	*ret = v;
	return true;
}

static bool once(const struct policy_word *w)
{
	if (!policy_has(w->rule, w->key))
		return true;
	policy_refuse(w, DIAG_POLICY_TWICE, "%s= stands twice in one rule",
		      policy_key_name(w->key));
	return false;
}

static void set(const struct policy_word *w)
{
	w->rule->keys |= 1u << w->key;
	w->rule->values[w->key] = w->value;
}

static void value_nothing(const struct policy_word *w)
{
	set(w);
}

static void value_func(const struct policy_word *w)
{
	enum policy_func func = policy_func_from_name(w->value);
	const char *near;
	char buf[80];

	if (!once(w))
		return;
	if (func == _POLICY_FUNC_MAX) {
		near = policy_nearest(w->value);
		policy_refuse(w, DIAG_POLICY_VALUE, "\"%s\" is no func=%s%s%s",
			      str_quote(buf, sizeof(buf), w->value), near ? "; is " : "",
			      near ? near : "", near ? " meant?" : "");
		return;
	}
	policy_need(w, policy_func_since(func));
	w->rule->func = func;
	set(w);
}

static void value_mask(const struct policy_word *w)
{
	struct span name = w->value;
	bool within = name.ptr[0] == '^';
	uint8_t mask;

	if (!once(w))
		return;
	if (within)
		name = (struct span){name.ptr + 1, name.len - 1};
	mask = policy_mask_from_name(name);
	if (!mask) {
		not_a(w, "one of MAY_EXEC, MAY_WRITE, MAY_READ and MAY_APPEND, with ^ or "
			 "without");
		return;
	}
	w->rule->mask = mask;
	w->rule->mask_within = within;
	set(w);
}

/* One that is 0 may be followed by another: the kernel looks whether it is set. */
static void value_fsmagic(const struct policy_word *w)
{
	if (w->rule->fsmagic && !once(w))
		return;
	if (number(w->value, 16, &w->rule->fsmagic))
		set(w);
	else
		not_a(w, "a hexadecimal number");
}

/* The last of several counts. */
static void value_text(const struct policy_word *w)
{
	if (w->key == POLICY_KEY_FS_SUBTYPE && !once(w))
		return;
	set(w);
}

static void value_list(const struct policy_word *w)
{
	if (!once(w))
		return;
	for (size_t i = 0; i <= w->value.len; i++) {
		bool ends = i == w->value.len || w->value.ptr[i] == '|';

		if (ends && (i == 0 || w->value.ptr[i - 1] == '|')) {
			not_a(w, "a list divided by |, without an empty place");
			return;
		}
	}
	set(w);
}

static void value_pcr(const struct policy_word *w)
{
	uint64_t pcr;

	/* kstrtoint() takes -0, too */
	struct span s = w->value;

	if (s.ptr[0] == '-' && s.len > 1 && s.ptr[1] != '+') {
		s = (struct span){s.ptr + 1, s.len - 1};
		if (!number(s, 10, &pcr) || pcr != 0) {
			not_a(w, "a PCR, 0 to 63");
			return;
		}
	} else if (!number(s, 10, &pcr) || pcr > PCR_MAX) {
		not_a(w, "a PCR, 0 to 63");
		return;
	}
	w->rule->pcr = (uint8_t)pcr;
	set(w);
}

/* lib/uuid.c uuid_parse(): what follows the 36 characters is not looked at. */
static void value_fsuuid(const struct policy_word *w)
{
	uint8_t uuid[16] = {0};
	size_t n = 0;

	if (!span_all((struct span){w->rule->fsuuid, 16}, 0) && !once(w))
		return;
	for (size_t i = 0; i < UUID_TEXT; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		uint8_t c = i < w->value.len ? w->value.ptr[i] : 0;

		if (dash ? c != '-' : !is_digit(c, 16)) {
			not_a(w, "a UUID: 8-4-4-4-12 hexadecimal digits");
			return;
		}
		if (!dash) {
			uuid[n / 2] = (uint8_t)(uuid[n / 2] << 4 | digit_of(c));
			n++;
		}
	}
	memcpy(w->rule->fsuuid, uuid, sizeof(uuid));
	set(w);
}

/* The other option that is kept in the same place; ima_policy.c: rule->uid, rule->gid. */
static enum policy_key shared(enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_UID:
		return POLICY_KEY_EUID;
	case POLICY_KEY_EUID:
		return POLICY_KEY_UID;
	case POLICY_KEY_GID:
		return POLICY_KEY_EGID;
	case POLICY_KEY_EGID:
		return POLICY_KEY_GID;
	default:
		return key;
	}
}

/* 4294967295 stands for nobody: kernel/user_namespace.c make_kuid(), uid_valid(). */
static void value_id(const struct policy_word *w)
{
	enum policy_key other = shared(w->key);
	uint64_t v;

	if (!once(w))
		return;
	if (policy_has(w->rule, other)) {
		policy_refuse(w, DIAG_POLICY_TWICE, "%s and %s cannot stand in one rule",
			      policy_key_name(other), policy_key_name(w->key));
		return;
	}
	if (!number(w->value, 10, &v) || v >= UINT32_MAX) {
		not_a(w, "a number below 4294967295");
		return;
	}
	w->rule->ids[w->key] = (struct policy_id){w->op, (uint32_t)v};
	set(w);
}

/* ima_parse_appraise_algos(). A hash that is a module counts where it can be loaded:
 * crypto_has_alg(). */
static bool algo(const struct policy_word *w, struct span name)
{
	enum hash_alg alg = hash_alg_from_name(name);
	char buf[40];

	(void)str_quote(buf, sizeof(buf), name);
	if (alg < 0) {
		policy_refuse(w, DIAG_POLICY_VALUE, "\"%s\" is no hash algorithm", buf);
		return false;
	}
	if (w->kernel->not_hashes >> alg & 1) {
		policy_refuse(w, DIAG_POLICY_KERNEL, "this kernel does not have %s", buf);
		return false;
	}
	if (!(w->kernel->hashes >> alg & 1))
		policy_depend(w, "the kernel must have %s when it loads the policy", buf);
	w->rule->algos |= 1u << alg;
	return true;
}

static void value_algos(const struct policy_word *w)
{
	struct bytes in = bytes_of(w->value.ptr, w->value.len);
	struct span name;

	if (!once(w))
		return;
	while (bytes_until(&in, ',', &name))
		if (!algo(w, name))
			return;
	name = (struct span){in.ptr + in.pos, bytes_left(&in)};
	if (algo(w, name))
		set(w);
}

/* ima_lsm_rule_init(): the first policy is refused for a label that the LSM does not
 * know; of those that are added later the rule matches nothing. */
static void value_label(const struct policy_word *w)
{
	char buf[80];

	if (!once(w))
		return;
	set(w);
	policy_need(w, POLICY_CAP_LABELS);
	if (w->kernel->cap[POLICY_CAP_LABELS] == POLICY_NO)
		return;
	(void)str_quote(buf, sizeof(buf), w->value);
	if (w->kernel->labels_defined == POLICY_NO)
		policy_refuse(w, DIAG_POLICY_LABEL, "no LSM is there that knows \"%s\"",
			      buf);
	else
		policy_depend(w, "an LSM must know \"%s\" when the policy is loaded",
			      buf);
}

static bool template_known(const struct policy_word *w)
{
#define MLOG_TEMPLATE(id, name, format, ...)                                             \
	if (span_is(w->value, name) || span_is(w->value, format))                        \
		return true;
#include "core/base/templates.inc"
#undef MLOG_TEMPLATE
	return w->kernel->template_format.len &&
	       span_equal(w->value, w->kernel->template_format);
}

static void value_template(const struct policy_word *w)
{
	if (!once(w))
		return;
	if (w->rule->action != POLICY_MEASURE) {
		policy_refuse(w, DIAG_POLICY_NEEDS,
			      "template= needs \"measure\" before it in the rule");
		return;
	}
	if (template_known(w))
		set(w);
	else
		not_a(w, "a template: it must be the kernel's own, or the very format of "
			 "ima_template_fmt=");
}

static void type_imasig(const struct policy_word *w, bool modsig)
{
	struct policy_rule *rule = w->rule;

	if (modsig)
		policy_need(w, POLICY_CAP_MODSIG);
	if (rule->verity || (modsig && rule->sigv3)) {
		policy_refuse(w, DIAG_POLICY_NEEDS,
			      "appraise_type=%s does not go with %s",
			      modsig ? "imasig|modsig" : "imasig",
			      rule->verity ? "digest_type=verity" : "sigv3");
		return;
	}
	rule->modsig |= modsig;
	rule->signature = true;
	set(w);
}

static void value_appraise_type(const struct policy_word *w)
{
	if (span_is(w->value, "sigv3")) {
		if (!w->rule->verity)
			policy_need(w, POLICY_CAP_SIGV3);
		w->rule->sigv3 = true;
		w->rule->signature = true;
		set(w);
	} else if (span_is(w->value, "imasig") || span_is(w->value, "imasig|modsig")) {
		type_imasig(w, span_is(w->value, "imasig|modsig"));
	} else {
		not_a(w, "one of imasig, sigv3 and imasig|modsig");
	}
}

static void value_digest_type(const struct policy_word *w)
{
	if (w->rule->signature && w->kernel->cap[POLICY_CAP_SIGV3] != POLICY_YES) {
		if (w->kernel->cap[POLICY_CAP_SIGV3] == POLICY_NO)
			policy_refuse(w, DIAG_POLICY_NEEDS,
				      "digest_type= must come before appraise_type=");
		else
			policy_depend(w, "before Linux 7.1 digest_type= must come before "
					 "appraise_type=");
	}
	if (!span_is(w->value, "verity")) {
		not_a(w, "verity");
		return;
	}
	w->rule->verity = true;
	set(w);
}

static void value_appraise_flag(const struct policy_word *w)
{
	enum policy_answer ignored = w->kernel->cap[POLICY_CAP_FLAG_IGNORED];
	bool blacklist = false;

	set(w);
	if (ignored == POLICY_YES)
		return;
	for (size_t i = 0; i + 9 <= w->value.len; i++)
		blacklist |= memcmp(w->value.ptr + i, "blacklist", 9) == 0;
	if (ignored == POLICY_UNKNOWN) {
		policy_depend(w, "before Linux 6.6 appraise_flag= takes check_blacklist, "
				 "with imasig|modsig only");
		return;
	}
	policy_need(w, POLICY_CAP_MODSIG);
	if (!blacklist)
		not_a(w, "check_blacklist");
	w->rule->blacklist = true;
}

void policy_value(const struct policy_word *w)
{
	static void (*const values[_POLICY_KEY_MAX])(const struct policy_word *) = {
#define POLICY_KEY(id, keyword, value, takes, since, words)                              \
	[POLICY_KEY_##id] = value_##value,
#include "core/base/policy-keys.inc"
#undef POLICY_KEY
	};

	policy_need(w, policy_key_since(w->key));
	values[w->key](w);
}
