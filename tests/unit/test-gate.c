/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "recovery/gate-internal.h"

#define POLICY .disk = GATE_DISK_POLICY
#define V(id)  BOOTNOTE_VERDICT_##id

struct row {
	const char *what;
	struct gate_facts f;
	bool needs_good;
	enum gate_act act;
	enum bootnote_verdict verdict;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct gate_decision d = gate_decide(&rows[i].f);

		if (d.act != rows[i].act || d.verdict != rows[i].verdict ||
		    gate_needs_good(&rows[i].f) != rows[i].needs_good)
			fail_msg("%s: act %d, verdict %d, needs good %d", rows[i].what,
				 (int)d.act, (int)d.verdict,
				 (int)gate_needs_good(&rows[i].f));
	}
}

/* PID 1 would stop. */
static void test_decide__refused(void **state)
{
	static const struct row rows[] = {
		{"there is a good one",
		 {POLICY, .judged = FORECAST_REFUSED, .good = true},
		 true,
		 GATE_REPLACE,
		 V(REPLACED)},
		{"a good one counts before none",
		 {POLICY, .judged = FORECAST_REFUSED, .good = true, .unprotected = true},
		 true,
		 GATE_REPLACE,
		 V(REPLACED)},
		{"told to change nothing",
		 {POLICY, .judged = FORECAST_REFUSED, .good = true, .off = true},
		 false,
		 GATE_GO_ON,
		 V(OFF)},
		{"no rollback",
		 {POLICY, .judged = FORECAST_REFUSED, .rollback_off = true},
		 false,
		 GATE_GO_ON,
		 V(REFUSED)},
		{"nothing good, none allowed",
		 {POLICY, .judged = FORECAST_REFUSED, .unprotected = true},
		 true,
		 GATE_STRIP,
		 V(REFUSED)},
		{"nothing good, none allowed, and halt",
		 {POLICY, .judged = FORECAST_REFUSED, .unprotected = true,
		  .fallback = TRIAL_FALLBACK_HALT},
		 true,
		 GATE_STRIP,
		 V(REFUSED)},
		{"nothing good: never on",
		 {POLICY, .judged = FORECAST_REFUSED},
		 true,
		 GATE_ASK,
		 V(REFUSED)},
		{"nothing good: shell",
		 {POLICY, .judged = FORECAST_REFUSED, .fallback = TRIAL_FALLBACK_SHELL},
		 true,
		 GATE_ASK,
		 V(REFUSED)},
		{"nothing good: halt",
		 {POLICY, .judged = FORECAST_REFUSED, .fallback = TRIAL_FALLBACK_HALT},
		 true,
		 GATE_HALT,
		 V(REFUSED)},
	};

	check(rows, array_size(rows));
}

/* What would not stop PID 1 stops nobody. */
static void test_decide__goes_on(void **state)
{
	static const struct row rows[] = {
		{"none", {.disk = GATE_DISK_NONE}, false, GATE_GO_ON, V(NONE)},
		{"none, though something is good",
		 {.disk = GATE_DISK_NONE, .good = true},
		 false,
		 GATE_GO_ON,
		 V(NONE)},
		{"taken",
		 {POLICY, .judged = FORECAST_TAKEN},
		 false,
		 GATE_GO_ON,
		 V(ACCEPTED)},
		{"not to be told",
		 {POLICY, .judged = FORECAST_UNKNOWN, .good = true},
		 false,
		 GATE_GO_ON,
		 V(UNKNOWN)},
		{"loaded before",
		 {POLICY, .judged = FORECAST_LOADED, .good = true},
		 false,
		 GATE_GO_ON,
		 V(UNKNOWN)},
		{"held by another",
		 {POLICY, .judged = FORECAST_HELD, .good = true},
		 false,
		 GATE_GO_ON,
		 V(UNKNOWN)},
		{"no IMA",
		 {POLICY, .judged = FORECAST_NO_IMA, .good = true},
		 false,
		 GATE_GO_ON,
		 V(NONE)},
		{"off comes first", {.off = true}, false, GATE_GO_ON, V(OFF)},
	};

	check(rows, array_size(rows));
}

/* It would start without the policy that it should have. */
static void test_decide__nothing_in_force(void **state)
{
	static const struct row rows[] = {
		{"empty, and a good one",
		 {.disk = GATE_DISK_EMPTY, .judged = FORECAST_TAKEN, .good = true},
		 true,
		 GATE_REPLACE,
		 V(REPLACED)},
		{"empty, and refused by path, and a good one",
		 {.disk = GATE_DISK_EMPTY, .judged = FORECAST_REFUSED, .good = true},
		 true,
		 GATE_REPLACE,
		 V(REPLACED)},
		{"empty, and nothing good, and halt: systemd does not stop for it",
		 {.disk = GATE_DISK_EMPTY,
		  .judged = FORECAST_TAKEN,
		  .fallback = TRIAL_FALLBACK_HALT},
		 true,
		 GATE_GO_ON,
		 V(NONE)},
		{"unreadable, and a good one",
		 {.disk = GATE_DISK_UNREADABLE, .judged = FORECAST_REFUSED, .good = true},
		 true,
		 GATE_REPLACE,
		 V(REPLACED)},
		{"unreadable, and nothing good",
		 {.disk = GATE_DISK_UNREADABLE, .judged = FORECAST_REFUSED},
		 true,
		 GATE_GO_ON,
		 V(UNKNOWN)},
		{"unreadable, but not for the kernel",
		 {.disk = GATE_DISK_UNREADABLE, .judged = FORECAST_TAKEN, .good = true},
		 false,
		 GATE_GO_ON,
		 V(ACCEPTED)},
		{"unreadable, in fix mode",
		 {.disk = GATE_DISK_UNREADABLE, .judged = FORECAST_UNKNOWN},
		 true,
		 GATE_GO_ON,
		 V(UNKNOWN)},
		{"empty, no rollback",
		 {.disk = GATE_DISK_EMPTY,
		  .judged = FORECAST_TAKEN,
		  .rollback_off = true},
		 false,
		 GATE_GO_ON,
		 V(NONE)},
	};

	check(rows, array_size(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide__refused),
		cmocka_unit_test(test_decide__goes_on),
		cmocka_unit_test(test_decide__nothing_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
