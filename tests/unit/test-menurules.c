/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "recovery/menurules.h"

static void assert_rules(const char *line, bool shell, const char *forbids, bool asked,
			 unsigned seconds)
{
	struct menurules r;

	menurules_of(span_of(line), &r);
	assert_int_equal(r.shell, shell);
	assert_int_equal(r.asked, asked);
	assert_int_equal(r.seconds, seconds);
	if (forbids)
		assert_string_equal(r.forbids, forbids);
	else
		assert_null(r.forbids);
}

/* Where an initramfs would give no shell, there is none here. */
static void test_menurules_of__forbidden(void **state)
{
	assert_rules("ro panic=20 quiet", false, "panic=", false, 20);
	assert_rules("panic=-1", false, "panic=", false, 30);
	assert_rules("panic=1", false, "panic=", false, 10);
	assert_rules("panic=0", false, "panic=", false, 30);
	assert_rules("panic=99999", false, "panic=", false, 600);
	assert_rules("rd.shell=0", false, "rd.shell=0", false, 30);
	assert_rules("rd.shell=no imactl=rescue", false, "rd.shell=0", true, 30);
	assert_rules("rd.emergency=reboot", false, "rd.emergency=", false, 30);
}

static void test_menurules_of__allowed(void **state)
{
	assert_rules("", true, NULL, false, 0);
	assert_rules("root=/dev/vda ro rd.shell rd.shell=1", true, NULL, false, 0);
	assert_rules("imactl=rescue", true, NULL, true, 120);
	assert_rules("imactl=other apanic=3", true, NULL, false, 0);
}

/* Behind "--" the words are PID 1's. */
static void test_menurules_of__other_words(void **state)
{
	assert_rules("imactl=rescue -- panic=5", true, NULL, true, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_menurules_of__forbidden),
		cmocka_unit_test(test_menurules_of__allowed),
		cmocka_unit_test(test_menurules_of__other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
