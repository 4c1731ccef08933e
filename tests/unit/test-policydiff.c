/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/policy/policydiff.h"

static void parse(const char *text, struct policy *ret)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, ret, NULL), 0);
}

/* "-1 +2 ~3/4 >1/5 (>1/5)": lines, in brackets what changes nothing. */
static void differ(const char *from, const char *to, const char *want)
{
	_cleanup_policy_ struct policy a = {0}, b = {0};
	_cleanup_policydiff_ struct policydiff d = {0};
	_cleanup_strbuf_ struct strbuf got = {0};

	parse(from, &a);
	parse(to, &b);
	assert_int_equal(policydiff_run(&a, &b, &d, NULL), 0);
	for (size_t i = 0; i < d.n; i++) {
		const struct policydiff_change *c = &d.changes[i];
		bool idle = c->kind == POLICYDIFF_MOVED && !c->matters;

		strbuf_addf(&got, "%s%s%c", i ? " " : "", idle ? "(" : "",
			    "-+~>"[c->kind]);
		if (c->from != SIZE_MAX)
			strbuf_addf(&got, "%u", a.rules[c->from].line);
		if (c->from != SIZE_MAX && c->to != SIZE_MAX)
			strbuf_addc(&got, '/');
		if (c->to != SIZE_MAX)
			strbuf_addf(&got, "%u", b.rules[c->to].line);
		strbuf_adds(&got, idle ? ")" : "");
	}
	assert_string_equal(strbuf_str(&got), want);
}

static void test_run__the_same(void **state)
{
	_cleanup_policy_ struct policy a = {0}, b = {0};
	_cleanup_policydiff_ struct policydiff d = {0};

	differ("", "", "");
	differ("measure\n", "# x\n\n  measure \n", "");
	parse("measure func=PATH_CHECK fsmagic=EF53\n", &a);
	parse("measure fsmagic=0xef53 func=FILE_CHECK\n", &b);
	assert_int_equal(policydiff_run(&a, &b, &d, NULL), 0);
	assert_true(policydiff_same(&d));
	assert_int_equal(d.spelled, 1);
}

static void test_run__added_and_removed(void **state)
{
	differ("measure\n", "measure\naudit\n", "+2");
	differ("measure\naudit\n", "audit\n", "-1");
	differ("measure\n", "audit\n", "-1 +1");
	differ("measure\nmeasure\n", "measure\n", "-2");
}

static void test_run__changed(void **state)
{
	differ("appraise fowner=0\n", "appraise fowner=0 appraise_type=imasig\n", "~1/1");
	differ("measure func=FILE_CHECK mask=MAY_READ\n",
	       "audit\nmeasure func=FILE_CHECK mask=^MAY_READ\n", "~1/2 +1");
	differ("measure uid=0\n", "measure uid>0\n", "~1/1");
	differ("measure uid=0 fowner=0\n", "measure gid=0\n", "-1 +1");
	differ("measure uid=0\n", "dont_measure uid=0\n", "-1 +1");
}

static void test_run__moved(void **state)
{
	/* an exception behind what it is of */
	differ("dont_appraise fowner=1\nappraise\n", "appraise\ndont_appraise fowner=1\n",
	       ">1/2");
	/* exceptions that never meet */
	differ("dont_appraise fowner=1\ndont_appraise fowner=2\n",
	       "dont_appraise fowner=2\ndont_appraise fowner=1\n", "(>1/2)");
	/* another class */
	differ("measure\nappraise\n", "appraise\nmeasure\n", "(>1/2)");
	/* they may meet, and which comes first decides on the PCR */
	differ("measure pcr=11 uid=0\nmeasure\n", "measure\nmeasure pcr=11 uid=0\n",
	       ">1/2");
	differ("measure uid=0\nmeasure\n", "measure\nmeasure uid=0\n", "(>1/2)");
	differ("audit\nmeasure\nappraise\nhash\n", "hash\naudit\nmeasure\nappraise\n",
	       "(>4/1)");
}

static void test_run__same_with_idle_moves(void **state)
{
	_cleanup_policy_ struct policy a = {0}, b = {0};
	_cleanup_policydiff_ struct policydiff d = {0};

	parse("measure\nappraise\n", &a);
	parse("appraise\nmeasure\n", &b);
	assert_int_equal(policydiff_run(&a, &b, &d, NULL), 0);
	assert_int_equal(d.n, 1);
	assert_true(policydiff_same(&d));
}

/* What a kernel refuses is compared as it is written. */
static void test_run__refused(void **state)
{
	differ("measure uid=x\n", "measure uid=x\n", "");
	differ("measure uid=x\n", "measure uid=y\n", "-1 +1");
	differ("mesure\n", "measure\n", "-1 +1");
}

static void test_comments__lines(void **state)
{
	assert_false(policydiff_comments(span_of("# a\nmeasure\n"),
					 span_of("# a\naudit\nmeasure\n")));
	assert_true(policydiff_comments(span_of("# a\nmeasure\n"), span_of("measure\n")));
	assert_true(policydiff_comments(span_of("measure\n"), span_of("\nmeasure\n")));
	assert_true(policydiff_comments(span_of("# a\n"), span_of("# b")));
	assert_false(policydiff_comments(span_of(""), span_of("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__the_same),
		cmocka_unit_test(test_run__added_and_removed),
		cmocka_unit_test(test_run__changed),
		cmocka_unit_test(test_run__moved),
		cmocka_unit_test(test_run__same_with_idle_moves),
		cmocka_unit_test(test_run__refused),
		cmocka_unit_test(test_comments__lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
