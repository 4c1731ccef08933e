/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/policy/policylint.h"
#include "core/policy/policysample.h"

/* The kernels of the lab, by what they can (lab/kernel/, Debian's configurations). */
static const struct lab_kernel {
	const char *name;
	unsigned version;
	bool modsig;
} kernels[] = {
	{"um-rhel, rhel-like", POLICY_VERSION(6, 1), false},
	{"um-debian, debian-6.1", POLICY_VERSION(6, 1), false},
	{"debian-6.12", POLICY_VERSION(6, 12), false},
	{"with modsig", POLICY_VERSION(6, 12), true},
	{"um-7.2", POLICY_VERSION(7, 2), false},
};

static struct policy_kernel kernel_of(const struct lab_kernel *k)
{
	struct policy_kernel kernel;

	policy_kernel_of_version(k->version, &kernel);
	kernel.cap[POLICY_CAP_MODSIG] = k->modsig ? POLICY_YES : POLICY_NO;
	kernel.cap[POLICY_CAP_KEYS] = POLICY_YES;
	kernel.cap[POLICY_CAP_LABELS] = POLICY_YES;
	kernel.labels_defined = POLICY_NO;
	return kernel;
}

/* What is said of it all the same: that modules, firmware and kexec ask for signatures. */
static bool expected(const struct policy_finding *f)
{
	return f->severity == POLICY_NOTE && f->d.id == DIAG_POLICY_BLOCKS;
}

static void check(const char *name, const char *text, const struct lab_kernel *k)
{
	_cleanup_ruleset_ struct ruleset rules = {0};
	struct policy_kernel kernel = kernel_of(k);

	assert_int_equal(policy_parse(span_of(text), &kernel, &rules.policy, NULL), 0);
	rules.origins = malloc(rules.policy.n_rules + 1);
	memset(rules.origins, RULESET_CUSTOM, rules.policy.n_rules);
	assert_int_equal(policylint_run(&rules, NULL), 0);
	assert_true(rules.policy.n_rules > 0);
	for (size_t i = 0; i < rules.policy.n_findings; i++)
		if (!expected(&rules.policy.findings[i]))
			fail_msg("%s on %s, line %u: %s", name, k->name,
				 rules.policy.findings[i].d.line,
				 rules.policy.findings[i].d.text);
}

static void test_text__fits_every_kernel(void **state)
{
	assert_true(policysample_count() >= 8);
	for (size_t k = 0; k < array_size(kernels); k++) {
		struct policy_kernel kernel = kernel_of(&kernels[k]);

		for (size_t i = 0; i < policysample_count(); i++) {
			_cleanup_strbuf_ struct strbuf text = {0};

			policysample_text(i, &kernel, &text);
			assert_null(strchr(strbuf_str(&text), '%'));
			check(policysample_name(i), strbuf_str(&text), &kernels[k]);
		}
	}
}

static void text_of(const char *name, bool modsig, bool keys, struct strbuf *out)
{
	struct policy_kernel kernel = {0};

	kernel.cap[POLICY_CAP_MODSIG] = modsig ? POLICY_YES : POLICY_NO;
	kernel.cap[POLICY_CAP_KEYS] = keys ? POLICY_YES : POLICY_UNKNOWN;
	policysample_text(policysample_find(name), &kernel, out);
}

static void test_text__by_what_the_kernel_can(void **state)
{
	_cleanup_strbuf_ struct strbuf with = {0}, without = {0}, keys = {0}, none = {0};

	text_of("appraise-kernel", true, true, &with);
	text_of("appraise-kernel", false, true, &without);
	assert_non_null(strstr(strbuf_str(&with), "\nappraise func=MODULE_CHECK "
						  "appraise_type=imasig|modsig\n"));
	assert_null(strstr(strbuf_str(&without), "\nappraise func=MODULE_CHECK "
						 "appraise_type=imasig|modsig\n"));
	text_of("measure-keys", true, true, &keys);
	text_of("measure-keys", true, false, &none);
	assert_non_null(strstr(strbuf_str(&keys), "\nmeasure func=KEY_CHECK"));
	assert_null(strstr(strbuf_str(&none), "\nmeasure func=KEY_CHECK"));
	assert_non_null(strstr(strbuf_str(&none), "\nmeasure func=CRITICAL_DATA\n"));
}

static void test_lacks__options(void **state)
{
	struct kconfig without = {0}, with = {0};

	strbuf_adds(&without.text, "CONFIG_IMA=y\n# CONFIG_IMA_APPRAISE is not set\n");
	strbuf_adds(&with.text, "CONFIG_IMA=y\nCONFIG_IMA_APPRAISE=y\n");
	for (size_t i = 0; i < policysample_count(); i++) {
		bool appraises = strncmp(policysample_name(i), "appraise-", 9) == 0;

		assert_null(policysample_lacks(i, &with));
		assert_null(policysample_lacks(i, NULL));
		if (appraises)
			assert_string_equal(policysample_lacks(i, &without),
					    "IMA_APPRAISE");
		else
			assert_null(policysample_lacks(i, &without));
	}
	kconfig_done(&without);
	kconfig_done(&with);
}

static void test_find__names(void **state)
{
	assert_int_equal(policysample_find("none"), policysample_count());
	assert_true(policysample_find("appraise-root") < policysample_count());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text__fits_every_kernel),
		cmocka_unit_test(test_text__by_what_the_kernel_can),
		cmocka_unit_test(test_lacks__options),
		cmocka_unit_test(test_find__names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
