/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "recovery/forecast.h"

#define SHA256 (1u << HASH_SHA256)

/* A policy of some lines, and what the kernel said to each of them and by path. */
struct row {
	const char *text;
	struct policytry t;
	int err[3]; /* of lines 1 to 3 */
	enum forecast_label label;
	enum forecast_verdict verdict;
	const char *why;
};

static void judge_row(const struct row *row)
{
	_cleanup_policy_ struct policy p = {0};
	const struct policy_kernel nothing = {0};
	struct policytry_rule rules[3];
	struct policytry t = row->t;
	struct forecast j = {0};

	assert_int_equal(policy_parse(span_of(row->text), &nothing, &p, NULL), 0);
	for (size_t i = 0; i < t.n; i++)
		rules[i] = (struct policytry_rule){(unsigned)i + 1, row->err[i]};
	t.rules = rules;
	forecast_of(&t, &p, row->label, SHA256, &j);
	if (j.verdict != row->verdict || !strstr(j.why, row->why))
		fail_msg("%s: verdict %d, %s", row->text, (int)j.verdict, j.why);
}

static void test_of__refused(void **state)
{
	static const struct row rows[] = {
		{"audit\nbogus=1\n",
		 {.n = 2, .has_path = true, .path_err = EINVAL},
		 {0, EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "line 2 is refused: "},
		/* the kernel's word counts more than ours */
		{"audit\n",
		 {.n = 1, .has_path = true, .path_err = EINVAL},
		 {ENOMEM},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "line 1 is refused"},
		/* what is wrong for certain counts more than what is not known */
		{"audit obj_type=x\nbogus=1\n",
		 {.n = 2, .has_path = true, .path_err = EINVAL},
		 {EINVAL, EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "line 2"},
		{"audit obj_type=x bogus=1\n",
		 {.n = 1, .has_path = true, .path_err = EINVAL},
		 {EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "line 1"},
		/* this kernel has that hash: something else is the matter */
		{"appraise appraise_algos=sha256\n",
		 {.n = 1, .has_path = true, .path_err = EINVAL},
		 {EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "line 1"},
		{"audit\n",
		 {.only_by_path = true, .has_path = true, .path_err = EACCES},
		 {0},
		 FORECAST_UNSIGNED,
		 FORECAST_REFUSED,
		 "it is not signed"},
		{"audit\n",
		 {.only_by_path = true, .has_path = true, .path_err = EACCES},
		 {0},
		 FORECAST_SIGNED,
		 FORECAST_REFUSED,
		 "no key that it has"},
		{"audit\nbogus=1\n",
		 {.only_by_path = true, .has_path = true, .path_err = EINVAL},
		 {0},
		 FORECAST_SIGNED,
		 FORECAST_REFUSED,
		 "line 2 is refused: "},
		/* signed, and without its last newline: it cannot be written line by line */
		{"audit",
		 {.only_by_path = true, .has_path = true, .path_err = EINVAL},
		 {0},
		 FORECAST_SIGNED,
		 FORECAST_REFUSED,
		 "newline"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		judge_row(&rows[i]);
}

static void test_of__taken(void **state)
{
	static const struct row rows[] = {
		{"audit\n",
		 {.n = 1, .has_path = true},
		 {0},
		 FORECAST_UNSIGNED,
		 FORECAST_TAKEN,
		 "takes it"},
		{"audit\n",
		 {.only_by_path = true, .has_path = true},
		 {0},
		 FORECAST_SIGNED,
		 FORECAST_TAKEN,
		 "takes it"},
		/* no newline at its end: refused by path, and systemd tries the lines */
		{"audit",
		 {.n = 1, .has_path = true, .path_err = EINVAL},
		 {0},
		 FORECAST_UNSIGNED,
		 FORECAST_TAKEN,
		 "takes it"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		judge_row(&rows[i]);
}

static void test_of__not_to_be_told(void **state)
{
	static const struct row rows[] = {
		{"audit\n",
		 {.n = 1, .fixes = true},
		 {0},
		 FORECAST_UNSIGNED,
		 FORECAST_UNKNOWN,
		 "fix mode"},
		{"audit obj_type=x\n",
		 {.n = 1, .has_path = true, .path_err = EINVAL},
		 {EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_UNKNOWN,
		 "label"},
		{"audit\nappraise appraise_algos=sha256,sha512\n",
		 {.n = 2, .has_path = true, .path_err = EINVAL},
		 {0, EINVAL},
		 FORECAST_UNSIGNED,
		 FORECAST_UNKNOWN,
		 "line 2 is refused now, but it names a hash"},
		{"appraise appraise_algos=sha512\n",
		 {.only_by_path = true, .has_path = true, .path_err = EINVAL},
		 {0},
		 FORECAST_SIGNED,
		 FORECAST_UNKNOWN,
		 "hash"},
		{"audit\n",
		 {.only_by_path = true, .has_path = true, .path_err = EACCES},
		 {0},
		 FORECAST_SIGNED_UNSURE,
		 FORECAST_UNKNOWN,
		 "module"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		judge_row(&rows[i]);
}

static void test_hashes__of_proc_crypto(void **state)
{
	static const char text[] = "name         : sha256\n"
				   "driver       : sha256-generic\n"
				   "\n"
				   "name         : hmac(sha512)\n"
				   "driver       : sha384\n"
				   "name:sha1\n"
				   "name\n"
				   "name         : sha224";

	assert_int_equal(forecast_hashes(span_of(text)), SHA256 | 1u << HASH_SHA1);
	assert_int_equal(forecast_hashes((struct span){0}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of__refused),
		cmocka_unit_test(test_of__taken),
		cmocka_unit_test(test_of__not_to_be_told),
		cmocka_unit_test(test_hashes__of_proc_crypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
