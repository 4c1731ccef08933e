/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "tui/cli/cmd.h"

static bool good_name(const char *name)
{
	return *name &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static void check_options(const struct opt *table)
{
	const struct opt *all = table;

	for (; table && table->name; table++) {
		assert_true(good_name(table->name));
		assert_int_equal(opt_takes_value(table), table->metavar != NULL);
		if (table->same_as) {
			assert_null(table->help);
			assert_true(opt_is_shown(
				opt_find(all, table->same_as, strlen(table->same_as))));
			continue;
		}
		assert_true(strlen(table->help) > 0);
		assert_int_not_equal(table->help[strlen(table->help) - 1], '.');
	}
}

/* An option of the command must not hide one that every command has. */
static void check_no_shadow(const struct opt *table)
{
	for (; table && table->name; table++) {
		assert_null(
			opt_find(cmd_global_options, table->name, strlen(table->name)));
		assert_null(
			opt_find(cmd_change_options, table->name, strlen(table->name)));
		assert_null(opt_find_letter(cmd_global_options, table->letter));
	}
}

static void check_help_width(const char *help)
{
	for (size_t len; help && *help; help += len + (help[len] == '\n')) {
		len = strcspn(help, "\n");
		if (len > 80)
			fail_msg("longer than 80 columns: %.*s", (int)len, help);
	}
}

static void check_command(const struct cmd *cmd)
{
	assert_true(good_name(cmd->name));
	assert_true(strlen(cmd->summary) <= 58);
	assert_int_not_equal(cmd->summary[strlen(cmd->summary) - 1], '.');
	assert_true(cmd->run || cmd->subs);
	assert_true(cmd->min_args <= cmd->max_args);
	assert_true(cmd->max_args == 0 || cmd->args);
	check_options(cmd->options);
	check_no_shadow(cmd->options);
	check_help_width(cmd->help);
	for (const struct cmd *const *s = cmd->subs; s && *s; s++)
		assert_null((*s)->subs);
}

static void each_command(void (*f)(const struct cmd *))
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		f(*c);
		for (const struct cmd *const *s = (*c)->subs; s && *s; s++)
			f(*s);
	}
}

static void test_table__rows_are_complete(void **state)
{
	check_options(cmd_global_options);
	check_options(cmd_change_options);
	each_command(check_command);
}

static void same_kind(const struct opt *t, const struct opt *with)
{
	const struct opt *other;

	for (; t && t->name; t++) {
		other = opt_find(with, t->name, strlen(t->name));
		if (other)
			assert_int_equal(opt_takes_value(t), opt_takes_value(other));
	}
}

/* `imactl --filter X log`: whether X is a value must not depend on the command. */
static void test_table__one_name_one_shape(void **state)
{
	for (const struct cmd *const *a = cmd_table; *a; a++)
		for (const struct cmd *const *b = cmd_table; *b; b++)
			same_kind((*a)->options, (*b)->options);
}

static const struct cmd *locate(size_t n, const char *const *words, int *ret)
{
	const struct cmd *cmd = NULL;
	bool skip[16] = {false};
	struct diag d;

	*ret = cmd_locate((int)n, words, skip, &cmd, &d);
	return cmd;
}

#define LOCATE(...)                                                                      \
	locate(array_size(((const char *[]){__VA_ARGS__})),                              \
	       (const char *[]){__VA_ARGS__}, &r)

static void test_locate__options_before_the_command(void **state)
{
	int r;

	assert_ptr_equal(LOCATE("--json", "--host", "help", "version"), &cmd_version);
	assert_ptr_equal(LOCATE("--host=help", "version", "--", "help"), &cmd_version);
	assert_null(LOCATE("--host", "version"));
	assert_int_equal(r, 0);
	assert_null(LOCATE("--", "version"));
	assert_null(LOCATE("verzion"));
	assert_int_equal(r, -EINVAL);
}

static int exit_of(enum diag_id id, int err)
{
	return cmd_exit_of(&(struct diag){.id = id, .err = err});
}

static void test_exit_of__id_before_errno(void **state)
{
	assert_int_equal(exit_of(DIAG_OPTION, EINVAL), 2);
	assert_int_equal(exit_of(DIAG_READONLY, EROFS), 5);
	assert_int_equal(exit_of(DIAG_OPEN, ENOENT), 3);
	assert_int_equal(exit_of(DIAG_PERMISSION, EACCES), 4);
	assert_int_equal(exit_of(DIAG_OPEN, EBUSY), 6);
	assert_int_equal(exit_of(DIAG_READ, EBADMSG), 1);
}

/* Nothing that failed may look like success. */
static void test_exit_of__never_zero(void **state)
{
	for (int id = DIAG_NONE; id < _DIAG_MAX; id++)
		for (int err = 0; err < 134; err++)
			assert_int_not_equal(exit_of((enum diag_id)id, err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table__rows_are_complete),
		cmocka_unit_test(test_table__one_name_one_shape),
		cmocka_unit_test(test_locate__options_before_the_command),
		cmocka_unit_test(test_exit_of__id_before_errno),
		cmocka_unit_test(test_exit_of__never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
