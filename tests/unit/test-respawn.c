/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This very program is started again by the test, with arguments. */
#include "tests/unit/test.h"

#include <signal.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/respawn.h"

static struct root root;

static int setup(void **state)
{
	return root_open_live(&root, NULL, NULL);
}

static int teardown(void **state)
{
	root_done(&root);
	return 0;
}

static void test_self__status_and_error(void **state)
{
	static const char *const args[] = {"say", "two words", "", "*", NULL};
	_cleanup_strbuf_ struct strbuf err = {0};

	assert_int_equal(respawn_self(&root, args, &err), 7);
	assert_string_equal(strbuf_str(&err), "imactl|say|two words||*|");
}

static void test_self__killed(void **state)
{
	static const char *const args[] = {"die", NULL};
	_cleanup_strbuf_ struct strbuf err = {0};

	assert_int_equal(respawn_self(&root, args, &err), 128 + SIGTERM);
}

/* Signals that are blocked here, as in a pool, would be blocked there. */
static void test_self__signals(void **state)
{
	static const char *const args[] = {"die", NULL};
	_cleanup_strbuf_ struct strbuf err = {0};
	sigset_t all, old;

	(void)sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &old), 0);
	assert_int_equal(respawn_self(&root, args, &err), 128 + SIGTERM);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* Nothing of ours but standard error is open there. */
static void test_self__descriptors(void **state)
{
	char number[16];
	const char *const args[] = {"read", number, NULL};
	_cleanup_strbuf_ struct strbuf err = {0};

	(void)snprintf(number, sizeof(number), "%d", root.dir[ROOT_PROC]);
	assert_int_equal(respawn_self(&root, args, &err), 0);
}

static void test_self__no_program(void **state)
{
	static const char *const args[] = {NULL};
	struct root none = {.host = -1};
	_cleanup_strbuf_ struct strbuf err = {0};

	for (size_t i = 0; i < array_size(none.dir); i++)
		none.dir[i] = -1;
	assert_true(respawn_self(&none, args, &err) < 0);
}

static int again(int argc, char **argv)
{
	char c;

	if (strcmp(argv[1], "die") == 0)
		return raise(SIGTERM);
	if (strcmp(argv[1], "read") == 0)
		return read(STDIN_FILENO, &c, 1) != 0 || dup(atoi(argv[2])) >= 0;
	for (int i = 0; i < argc; i++)
		fprintf(stderr, "%s|", argv[i]);
	return 7;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_self__status_and_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_self__killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self__signals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self__descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self__no_program, setup, teardown),
	};

	if (argc > 1)
		return again(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
