/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/appraise/filecaps.h"

static void test_parse__refused(void **state)
{
	static const char *const texts[] = {
		"",
		"cap_net_raw",
		"cap_net_raw=",
		"cap_net_raw=x",
		"net_raw=p",
		"=ep",
		"cap_net_raw,=ep",
		"cap_chown=ep cap_kill=p",
		" cap_kill=p",
		"cap_net_raw=ep ,",
		"cap_kill-p",
	};
	uint8_t value[FILECAPS_SIZE];
	struct diag d;

	for (size_t i = 0; i < array_size(texts); i++) {
		print_message("'%s'\n", texts[i]);
		assert_int_equal(filecaps_parse(texts[i], value, &d), -EINVAL);
		assert_int_equal(d.id, DIAG_VALUE);
	}
}

/* What setcap writes for the same words. */
static void test_parse__values(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{"cap_net_raw=ep", "0100000200200000000000000000000000000000"},
		{"cap_net_raw+p", "0000000200200000000000000000000000000000"},
		{"cap_chown,cap_kill=eip", "0100000221000000210000000000000000000000"},
		{"cap_chown=p cap_bpf=i", "0000000201000000000000000000000080000000"},
		{"cap_checkpoint_restore=ep", "0100000200000000000000000001000000000000"},
	};
	uint8_t value[FILECAPS_SIZE];
	char hex[2 * FILECAPS_SIZE + 1] = "";

	for (size_t i = 0; i < array_size(rows); i++) {
		assert_int_equal(filecaps_parse(rows[i].text, value, NULL), 0);
		hex_encode(hex, (struct span){value, sizeof(value)});
		assert_string_equal(hex, rows[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__refused),
		cmocka_unit_test(test_parse__values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
