/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "core/triage/auditcause.h"
#include "core/triage/denial.h"

static const struct auditcause *find(enum auditrec_type type, const char *op,
				     const char *cause)
{
	return auditcause_find(type, span_of(op), span_of(cause));
}

static void test_find__nothing_of_others(void **state)
{
	assert_null(find(AUDITREC_DATA, "", ""));
	assert_null(find(AUDITREC_DATA, "appraise_data", "missing"));
	assert_null(find(AUDITREC_DATA, "appraise_data", "missing-hash-"));
	assert_null(find(AUDITREC_METADATA, "appraise_data", "missing-hash"));
	assert_null(find(AUDITREC_PCR, "measuring", "ENOMEM"));
	assert_null(find(AUDITREC_SYSCALL, "", ""));
	assert_null(auditcause_of(APPRAISE_NONE));
}

static void test_find__by_fields(void **state)
{
	const struct auditcause *c = find(AUDITREC_DATA, "appraise_data", "missing-hash");

	assert_non_null(c);
	assert_int_equal(c->appraise, APPRAISE_MISSING_HASH);
	assert_string_equal(c->means, appraise_words(APPRAISE_MISSING_HASH)->means);
	assert_ptr_equal(find(AUDITREC_USERSPACE, "appraise_data", "missing-hash"), c);
	c = find(AUDITREC_DATA, "collect_data", "denied-hash-algorithm");
	assert_int_equal(c->appraise, APPRAISE_DENIED_HASH);
	c = find(AUDITREC_DATA, "set_data", "denied-hash-algorithm");
	assert_int_equal(c->appraise, APPRAISE_SET_DENIED);
	assert_int_equal(c->denies, AUDITCAUSE_ALWAYS);
	c = find(AUDITREC_STATUS, "policy_update", "signed policy required");
	assert_int_equal(c->severity, AUDITCAUSE_CONFIGURATION);
}

/* What the kernel completes with a number or a hook. */
static void test_find__by_beginning(void **state)
{
	const struct auditcause *c =
		find(AUDITREC_PCR, "add_template_measure", "TPM_error(-62)");

	assert_string_equal(c->cause, "TPM_error(*");
	c = find(AUDITREC_PCR, "measuring_kexec_cmdline", "alloc_entry(-12)");
	assert_string_equal(c->op, "measuring_*");
	assert_int_equal(c->severity, AUDITCAUSE_CONFIGURATION);
	c = find(AUDITREC_PCR, "measuring_key", "store_entry");
	assert_int_equal(c->severity, AUDITCAUSE_NOISE);
}

/* Records without op= and cause=: the words that denials have for them are our own. */
static void test_find__by_type(void **state)
{
	assert_int_equal(find(AUDITREC_POLICY_RULE, "policy_rule", "refused")->type,
			 AUDITREC_POLICY_RULE);
	assert_int_equal(find(AUDITREC_EVM_XATTR, "evm_xattrs", "added")->type,
			 AUDITREC_EVM_XATTR);
	assert_int_equal(find(AUDITREC_RULE, "", "")->type, AUDITREC_RULE);
}

/* Each cause of appraisal has a row, and what a row names is there. */
static void test_rows__whole(void **state)
{
	size_t seen = 0;

	for (int a = APPRAISE_NONE + 1; a < _APPRAISE_CAUSE_MAX; a++)
		assert_non_null(auditcause_of((enum appraise_cause)a));
	for (const struct auditcause *c; (c = auditcause_at(seen)); seen++) {
		size_t words = 0, remedies = 0, evidence = 0;

		assert_true(*c->means && *c->risk);
		assert_null(strchr(c->means, '.') ? strstr(c->means, ". ") : NULL);
		while (auditcause_remedy(c, remedies) != _REMEDY_INVALID)
			remedies++;
		for (const char *p = c->remedies; *p; p += strcspn(p, " "))
			words += *(p += *p == ' ') != '\0';
		assert_int_equal(remedies, words);
		words = 0;
		for (const char *p = c->evidence; *p; p += strcspn(p, " "))
			words += *(p += *p == ' ') != '\0';
		for (int e = 0; e < _AUDITCAUSE_EVIDENCE_MAX; e++)
			evidence += auditcause_wants(c, (enum auditcause_evidence)e);
		assert_int_equal(evidence, words);
		if (c->appraise && *c->op)
			assert_ptr_equal(find(c->type, c->op, c->cause), c);
		if (c->severity != AUDITCAUSE_NOISE)
			assert_true(remedies > 0);
	}
	assert_true(seen > 50);
}

/* What a cause says of denial is what denial_judge() says of its records. */
static void test_rows__agree_with_judge(void **state)
{
	const struct auditcause *c;

	for (size_t i = 0; (c = auditcause_at(i)); i++) {
		struct auditrec r = {.type = c->type, .has = ~UINT64_C(0)};
		struct denial d = {.error = -1};
		int kind;

		r.at[AUDITREC_FIELD_OP] = d.op = span_of(c->op);
		r.at[AUDITREC_FIELD_CAUSE] = d.cause = span_of(c->cause);
		r.at[AUDITREC_FIELD_RES] = span_of("0");
		kind = denial_kind_of(&r);
		if (kind < 0 || !*c->op || c->severity == AUDITCAUSE_NOISE)
			continue;
		d.kind = (enum denial_kind)kind;
		assert_int_equal(denial_judge(&d, DENIAL_MODE_ENFORCE) == DENIAL_DENIED,
				 c->denies != AUDITCAUSE_NEVER);
		assert_int_equal(denial_judge(&d, DENIAL_MODE_LOG) == DENIAL_DENIED,
				 c->denies == AUDITCAUSE_ALWAYS);
	}
}

static void test_word__of_what_has_no_record(void **state)
{
	assert_string_equal(auditcause_word(auditcause_of(APPRAISE_SIGNED_FOR_WRITING)),
			    "signed-for-writing");
	assert_string_equal(auditcause_word(auditcause_of(APPRAISE_INVALID_SIG)),
			    "invalid-signature");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find__nothing_of_others),
		cmocka_unit_test(test_find__by_fields),
		cmocka_unit_test(test_find__by_beginning),
		cmocka_unit_test(test_find__by_type),
		cmocka_unit_test(test_rows__whole),
		cmocka_unit_test(test_rows__agree_with_judge),
		cmocka_unit_test(test_word__of_what_has_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
