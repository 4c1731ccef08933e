/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/policy/rulecover.h"

static void parse(const char *text, struct policy *ret)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, ret, NULL), 0);
	assert_int_equal(policy_count(ret, POLICY_ERROR), 0);
}

static void disjoint(const char *a, const char *b, bool is)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policy_ struct policy p = {0};

	strbuf_addf(&text, "%s\n%s\n", a, b);
	parse(strbuf_str(&text), &p);
	if (rulecover_disjoint(&p.rules[0], &p.rules[1]) != is ||
	    rulecover_disjoint(&p.rules[1], &p.rules[0]) != is)
		fail_msg("%s / %s", a, b);
}

static void test_disjoint__conditions(void **state)
{
	disjoint("measure", "measure uid=0", false);
	disjoint("measure func=BPRM_CHECK", "appraise func=FILE_CHECK", true);
	disjoint("measure func=BPRM_CHECK", "appraise fowner=0", false);
	disjoint("measure", "measure func=KEY_CHECK", true);
	disjoint("measure uid<10", "measure uid=10", true);
	disjoint("measure uid<10", "measure uid=9", false);
	disjoint("measure uid=1", "measure euid=2", false);
	disjoint("measure uid>5", "measure uid<6", true);
	disjoint("measure fsmagic=1", "measure fsmagic=2", true);
	disjoint("measure fsmagic=1", "measure fsname=ext4", false);
	disjoint("measure mask=MAY_READ", "measure mask=^MAY_WRITE", true);
	disjoint("measure mask=^MAY_READ", "measure mask=^MAY_WRITE", false);
	disjoint("measure mask=MAY_READ", "measure mask=^MAY_READ", false);
	disjoint("measure obj_type=a", "measure obj_type=b", true);
	disjoint("measure func=KEY_CHECK keyrings=.ima",
		 "measure func=KEY_CHECK keyrings=.ima|.evm", false);
}

/* One of rules made from few words, so that many cover others. */
static void random_rule(struct strbuf *out, unsigned *seed)
{
	static const char *const words[] = {
		"func=FILE_CHECK", "func=BPRM_CHECK",
		"mask=^MAY_READ",  "mask=MAY_READ",
		"fsmagic=1",	   "fsmagic=2",
		"uid=0",	   "uid<1",
		"uid>3",	   "uid<4",
		"fowner=7",	   "fowner>7",
		"fsname=a",	   "fowner<4294967293",
		"obj_type=t",
	};
	uint32_t used = 0;

	strbuf_adds(out, rand_r(seed) % 3 ? "measure" : "appraise");
	for (unsigned n = (unsigned)rand_r(seed) % 4; n; n--) {
		const char *word = words[(unsigned)rand_r(seed) % array_size(words)];
		uint32_t kind = 1u << (word[0] == 'f' ? word[1] + word[2] : word[0]) % 32;

		if (used & kind)
			continue;
		used |= kind;
		strbuf_addf(out, " %s", word);
	}
	strbuf_addc(out, '\n');
}

static size_t slowly(const struct policy *p, size_t rule)
{
	size_t i = 0;

	while (i < rule && !rulecover_covers(&p->rules[i], &p->rules[rule]))
		i++;
	return i < rule ? i : SIZE_MAX;
}

/* The same answer as asking each rule before, for rules of any kind. */
static void test_next__as_asking_each(void **state)
{
	_cleanup_rulecover_ struct rulecover c = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policy_ struct policy p = {0};
	size_t covered = 0;
	unsigned seed = 5;

	for (int i = 0; i < 400; i++)
		random_rule(&text, &seed);
	parse(strbuf_str(&text), &p);
	assert_int_equal(rulecover_init(&c, &p), 0);
	for (size_t i = 0; i < p.n_rules; i++) {
		size_t by = rulecover_next(&c, i);

		covered += by != SIZE_MAX;
		assert_true((by == SIZE_MAX) == (slowly(&p, i) == SIZE_MAX));
		if (by != SIZE_MAX)
			assert_true(rulecover_covers(&p.rules[by], &p.rules[i]));
	}
	assert_true(covered > 100 && covered < 400);
}

/* Each lets more through than the one before, and all in one chain. */
static void test_next__widening(void **state)
{
	_cleanup_rulecover_ struct rulecover c = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policy_ struct policy p = {0};

	for (unsigned i = 50; i; i--)
		strbuf_addf(&text, "measure uid>%u\n", i);
	strbuf_adds(&text, "measure uid>30\n");
	parse(strbuf_str(&text), &p);
	assert_int_equal(rulecover_init(&c, &p), 0);
	for (size_t i = 0; i < 50; i++)
		assert_true(rulecover_next(&c, i) == SIZE_MAX);
	assert_true(rulecover_next(&c, 50) != SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disjoint__conditions),
		cmocka_unit_test(test_next__as_asking_each),
		cmocka_unit_test(test_next__widening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
