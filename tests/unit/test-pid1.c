/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "recovery/pid1.h"

static void test_parse_stat__names(void **state)
{
	struct pid1_seen s = {0};

	assert_false(pid1_parse_stat(span_of(""), &s));
	assert_false(pid1_parse_stat(span_of("1 (systemd)"), &s));
	assert_false(pid1_parse_stat(span_of("1 (a name of more than 16) S 0"), &s));
	assert_true(pid1_parse_stat(span_of("1 (systemd) S 0 1 1 0 -1 4194560\n"), &s));
	assert_string_equal(s.comm, "systemd");
	assert_int_equal(s.state, 'S');
	assert_true(pid1_parse_stat(span_of("1 (a) R (b) D 0\n"), &s));
	assert_string_equal(s.comm, "a) R (b");
	assert_int_equal(s.state, 'D');
}

static struct pid1_seen frozen(void)
{
	return (struct pid1_seen){.descriptors = 3,
				  .state = 'S',
				  .comm = "systemd",
				  .program = "systemd",
				  .in_root = true};
}

static void test_frozen__not(void **state)
{
	struct pid1_seen s = frozen();

	assert_true(pid1_frozen(&s));
	s.descriptors = 4; /* the kernel log is still open: it is about to load */
	assert_false(pid1_frozen(&s));
	s = frozen();
	s.descriptors = -1;
	assert_false(pid1_frozen(&s));
	s = frozen();
	s.state = 'R';
	assert_false(pid1_frozen(&s));
	s = frozen();
	(void)snprintf(s.program, sizeof(s.program),
		       "init"); /* of sysvinit: it has as few */
	assert_false(pid1_frozen(&s));
	s = frozen();
	(void)snprintf(s.comm, sizeof(s.comm), "sh"); /* init=/bin/sh */
	assert_false(pid1_frozen(&s));
}

/* The program cannot always be named. */
static void test_frozen__not_known(void **state)
{
	struct pid1_seen s = frozen();

	*s.program = '\0';
	assert_true(pid1_frozen(&s));
}

static void test_lives(void **state)
{
	struct pid1_seen s = {.descriptors = 36,
			      .state = 'S',
			      .comm = "systemd",
			      .program = "systemd",
			      .in_root = true};

	assert_true(pid1_lives(&s));
	assert_false(pid1_frozen(&s));
	s.in_root = false; /* that of the initramfs */
	assert_false(pid1_lives(&s));
	s.in_root = true;
	s.descriptors = 4;
	assert_false(pid1_lives(&s));
	(void)snprintf(s.comm, sizeof(s.comm), "systemd-shutdow");
	assert_true(pid1_leaving(&s));
}

/* Of this machine: whatever PID 1 is here, it has a name and descriptors. */
static void test_look__here(void **state)
{
	struct pid1_seen s;
	struct stat st = {0};
	struct root root;
	struct pid1 p;

	if (stat("/proc/1/root", &st) < 0) {
		print_message("not tried: PID 1 may not be looked into here\n");
		return;
	}
	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	assert_int_equal(pid1_open(&root, &p), 0);
	for (int i = 0; i < 2; i++) { /* read again, from the same descriptors */
		pid1_look(&p, &st, &s);
		assert_true(s.descriptors >= 0);
		assert_true(*s.comm && s.state);
		assert_true(geteuid() || *s.program);
		assert_true(s.in_root);
	}
	st.st_ino++;
	pid1_look(&p, &st, &s);
	assert_false(s.in_root);
	pid1_close(&p);
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_stat__names),
		cmocka_unit_test(test_frozen__not),
		cmocka_unit_test(test_frozen__not_known),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_look__here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
