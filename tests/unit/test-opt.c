/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "tui/cli/opt.h"

static const struct opt table[] = {
	{"follow", 'f', OPT_FLAG, NULL, "x"},
	{"quiet", 'q', OPT_FLAG, NULL, "x"},
	{"file", 'o', OPT_STRING, "F", "x"},
	{"count", 'n', OPT_NUMBER, "N", "x"},
	{"bank", 0, OPT_REPEATED, "ALG", "x"},
	{"color", 0, OPT_CHOICE, "auto|always|never", "x"},
	{"list", 0, OPT_STRING, "F", NULL, .same_as = "file"},
	{0},
};

static int parse(struct opts *o, struct diag *d, size_t n, const char *const *words)
{
	*o = (struct opts){.tables = {table}};
	return opt_parse(o, (int)n, words, NULL, d);
}

#define PARSE(...)                                                                       \
	parse(&o, &d, array_size(((const char *[]){__VA_ARGS__})),                       \
	      (const char *[]){__VA_ARGS__})

static void test_parse__every_form(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("a", "--file=x=y", "-fq", "--bank", "sha1", "-n7",
			       "--bank=sha256", "b", "--color", "never"),
			 0);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[1], "b");
	assert_null(o.args[2]);
	assert_string_equal(opt_str(&o, "file", NULL), "x=y");
	assert_true(opt_flag(&o, "follow"));
	assert_true(opt_flag(&o, "quiet"));
	assert_int_equal(opt_u64(&o, "count", 0), 7);
	assert_string_equal(opt_nth(&o, "bank", 0), "sha1");
	assert_string_equal(opt_nth(&o, "bank", 1), "sha256");
	assert_null(opt_nth(&o, "bank", 2));
	assert_string_equal(opt_str(&o, "color", "auto"), "never");
	opt_done(&o);
}

static void test_parse__dashes_end_options(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("--file", "--", "--", "--follow", "-"), 0);
	assert_string_equal(opt_str(&o, "file", NULL), "--");
	assert_false(opt_flag(&o, "follow"));
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "--follow");
	opt_done(&o);
}

static void test_parse__last_value_counts(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("--file", "a", "-ob"), 0);
	assert_string_equal(opt_str(&o, "file", NULL), "b");
	assert_int_equal(opt_u64(&o, "count", 42), 42);
	opt_done(&o);
}

/* Two names of one option: the last one given counts, and only one of them is told. */
static void test_parse__same_as(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("--file=a", "--list=b"), 0);
	assert_string_equal(opt_str(&o, "file", NULL), "b");
	assert_string_equal(opt_str(&o, "list", NULL), "b");
	opt_done(&o);
	assert_int_equal(PARSE("--lits=b"), -EINVAL);
	assert_null(strstr(d.text, "mean"));
	opt_done(&o);
	assert_int_equal(PARSE("--list"), -EINVAL);
	assert_non_null(strstr(d.text, "--file"));
	opt_done(&o);
}

static void test_parse__refuses(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("--nothing-like-it"), -EINVAL);
	assert_int_equal(d.id, DIAG_OPTION);
	assert_null(strstr(d.text, "did you mean"));
	opt_done(&o);
	assert_int_equal(PARSE("--fole"), -EINVAL);
	assert_non_null(strstr(d.text, "did you mean --file?"));
	opt_done(&o);
	assert_int_equal(PARSE("-fx"), -EINVAL);
	assert_int_equal(d.id, DIAG_OPTION);
	opt_done(&o);
	assert_int_equal(PARSE("--follow=1"), -EINVAL);
	assert_int_equal(d.id, DIAG_VALUE);
	opt_done(&o);
	assert_int_equal(PARSE("--file"), -EINVAL);
	assert_int_equal(d.id, DIAG_VALUE);
	opt_done(&o);
	assert_int_equal(PARSE("--count=-1"), -EINVAL);
	opt_done(&o);
	assert_int_equal(PARSE("--color=al"), -EINVAL);
	opt_done(&o);
	assert_int_equal(PARSE("--color="), -EINVAL);
	opt_done(&o);
	assert_int_equal(PARSE("--\033[2J"), -EINVAL);
	assert_null(strchr(d.text, '\033'));
	opt_done(&o);
}

static void test_parse__no_abbreviations(void **state)
{
	struct opts o;
	struct diag d;

	assert_int_equal(PARSE("--follo"), -EINVAL);
	assert_non_null(strstr(d.text, "--follow"));
	opt_done(&o);
}

static void test_nearest__swapped_and_far(void **state)
{
	const char *const names[] = {"status", "verify", "log"};

	assert_string_equal(opt_nearest("stauts", names, 3), "status");
	assert_string_equal(opt_nearest("verfy", names, 3), "verify");
	assert_string_equal(opt_nearest("stat", names, 3), "status");
	assert_null(opt_nearest("x", names, 3));
	assert_null(opt_nearest("completely-different-and-rather-long-word", names, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__every_form),
		cmocka_unit_test(test_parse__dashes_end_options),
		cmocka_unit_test(test_parse__last_value_counts),
		cmocka_unit_test(test_parse__same_as),
		cmocka_unit_test(test_parse__refuses),
		cmocka_unit_test(test_parse__no_abbreviations),
		cmocka_unit_test(test_nearest__swapped_and_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
