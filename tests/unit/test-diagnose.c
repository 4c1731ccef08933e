/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "recovery/diagnose.h"

static enum diagnose_said add(struct diagnose *d, const char *record)
{
	return diagnose_add(d, span_of(record));
}

static enum diagnose_said said(const char *record)
{
	struct diagnose d = {0};

	return add(&d, record);
}

/* Each by somebody who is neither PID 1 nor the kernel, or of something else. */
static void test_add__not_believed(void **state)
{
	static const char *const records[] = {
		/* an ordinary user's mount option, as the kernel prints it */
		"3,811,9213344,-;tmpfs: Unknown parameter 'systemd[1]: Freezing "
		"execution.'\n",
		"3,811,9213344,-;tmpfs: Unknown parameter 'Freezing execution.'\n",
		/* the kernel's facility cannot be PID 1's */
		"3,811,9213344,-;systemd[1]: Freezing execution.\n",
		"2,811,9213344,-;systemd[1]: Failed to load the IMA custom policy file "
		"/etc/ima/ima-policy2: Invalid argument\n",
		/* what journald forwards of others: the number behind is who it was */
		"30,900,9213344,-;systemd[1]: Freezing execution.[733]: x\n",
		"30,900,9213344,-;systemd[1]: Freezing execution.\\x0a[733]: x\n",
		"14,900,9213344,-;systemd[1]x: Freezing execution.\n",
		"30,900,9213344,-;systemd[733]: Freezing execution.\n",
		"30,900,9213344,-;xsystemd[1]: Freezing execution.\n",
		"30,900,9213344,-; systemd[1]: Freezing execution.\n",
		"30,900,9213344,-;Freezing execution.\n",
		"30,900,9213344,-;systemd[1]: I say: Freezing execution.\n",
		/* the kernel's word by somebody of user space */
		"14,900,9213344,-;ima: policy update completed\n",
		"30,900,9213344,-;systemd[1]: ima: policy update completed\n",
		"6,900,9213344,-;ima: policy update completed or not\n",
		"6,900,9213344,-;tmpfs: ima: policy update completed\n",
		/* no record at all */
		"systemd[1]: Freezing execution.\n",
		"30,900;systemd[1]: Freezing execution.\n",
		"x,900,9213344,-;systemd[1]: Freezing execution.\n",
		"30,900,9213344,-;systemd[1]: Freezing execution.",
		"",
		/* no line number, but something else behind the path */
		"27,900,9213344,-;systemd[1]: Failed to load the IMA custom policy file "
		"/etc/ima/ima-policy-old: No such file or directory\n",
		"27,900,9213344,-;systemd[1]: Failed to load the IMA custom policy file "
		"/etc/ima/ima-policy2\n",
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (said(records[i]) != DIAGNOSE_NOTHING)
			fail_msg("believed: %s", records[i]);
}

/* As systemd 252 and the kernel 6.1 wrote it. */
static void test_add__freeze(void **state)
{
	struct diagnose d = {0};

	assert_int_equal(add(&d, "6,287,138412,-;ima: policy update failed\n"),
			 DIAGNOSE_KERNEL_WHY);
	assert_int_equal(add(&d,
			     "3,288,138419,-;ima: signed policy file (specified as an "
			     "absolute pathname) required\n"),
			 DIAGNOSE_KERNEL_WHY);
	assert_false(diagnose_stops(&d));
	assert_int_equal(add(&d,
			     "27,289,138470,-;systemd[1]: Failed to load the IMA custom "
			     "policy file /etc/ima/ima-policy1: Permission denied\n"),
			 DIAGNOSE_REFUSED);
	assert_int_equal(add(&d, "6,290,138475,-;ima: policy update failed\n"),
			 DIAGNOSE_KERNEL_WHY);
	assert_true(diagnose_policy_stops(&d));
	assert_int_equal(add(&d, "24,291,138477,-;systemd[1]: Freezing execution.\n"),
			 DIAGNOSE_FREEZING);
	assert_int_equal(d.line, 1);
	assert_string_equal(d.why, "Failed to load the IMA custom policy file "
				   "/etc/ima/ima-policy1: Permission denied");
	assert_string_equal(d.kernel, "ima: signed policy file (specified as an absolute "
				      "pathname) required");
}

static void test_add__line_is_glued(void **state)
{
	struct diagnose d = {0};

	assert_int_equal(add(&d,
			     "27,9,1,-;systemd[1]: Failed to load the IMA custom policy "
			     "file /etc/ima/ima-policy27: Invalid argument\n"
			     " SUBSYSTEM=x\n"),
			 DIAGNOSE_REFUSED);
	assert_int_equal(d.line, 27);
}

/* It stops, but not for the policy. */
static void test_add__other_freeze(void **state)
{
	struct diagnose d = {0};

	assert_int_equal(add(&d, "24,9,1,-;systemd[1]: Freezing execution.\n"),
			 DIAGNOSE_FREEZING);
	assert_true(diagnose_stops(&d));
	assert_false(diagnose_policy_stops(&d));
}

static void test_add__goes_on(void **state)
{
	static const struct {
		enum diagnose_said said;
		const char *record;
	} of[] = {
		{DIAGNOSE_LOADED,
		 "30,9,1,-;systemd[1]: Successfully loaded the IMA custom "
		 "policy /etc/ima/ima-policy.\n"},
		{DIAGNOSE_COMPLETED, "6,9,1,-;ima: policy update completed\n"},
		{DIAGNOSE_PASSED_OVER,
		 "28,9,1,-;systemd[1]: Another IMA custom policy has "
		 "already been loaded, ignoring: No such file or "
		 "directory\n"},
		{DIAGNOSE_PASSED_OVER,
		 "27,9,1,-;systemd[1]: Failed to open the IMA kernel "
		 "interface /sys/kernel/security/ima/policy, ignoring: "
		 "Device or resource busy\n"},
		{DIAGNOSE_PASSED_OVER,
		 "28,9,1,-;systemd[1]: Failed to open the IMA custom "
		 "policy file /etc/ima/ima-policy, ignoring: "
		 "Permission denied\n"},
		/* v219 */
		{DIAGNOSE_PASSED_OVER,
		 "27,9,1,-;systemd[1]: Failed to load the IMA custom "
		 "policy file /etc/ima/ima-policy (Invalid argument), "
		 "ignoring.\n"},
		{DIAGNOSE_REFUSED, "27,9,1,-;systemd[1]: mmap() failed (Cannot allocate "
				   "memory), freezing\n"},
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (said(of[i].record) != of[i].said)
			fail_msg("%d: %s", said(of[i].record), of[i].record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__not_believed),
		cmocka_unit_test(test_add__freeze),
		cmocka_unit_test(test_add__line_is_glued),
		cmocka_unit_test(test_add__other_freeze),
		cmocka_unit_test(test_add__goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
