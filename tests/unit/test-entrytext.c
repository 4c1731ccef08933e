/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/entrytext.h"

static void expect_signature(const uint8_t *bytes, size_t len, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	entrytext_signature(&b, (struct span){bytes, len});
	assert_string_equal(strbuf_str(&b), want);
}

static void test_entrytext_signature__kinds(void **state)
{
	static const uint8_t v2[] = {3, 2, 4, 0xd3, 0x32, 4, 0x49, 0, 2, 0xaa, 0xbb};
	static const uint8_t portable[] = {5, 2, 2, 0, 0, 0, 1, 0, 1, 0xcc};

	expect_signature(NULL, 0, "none");
	expect_signature(
		v2, sizeof(v2),
		"signature of the file, version 2, sha256, key id d3320449, 2 bytes");
	expect_signature(
		portable, sizeof(portable),
		"portable EVM signature, version 2, sha1, key id 00000001, 1 bytes");
}

/* Bytes of a signature are whatever a file's owner wrote into its attribute. */
static void test_entrytext_signature__hostile(void **state)
{
	static const uint8_t noise[] = "\x1b[31mred";
	uint8_t v2[] = {3, 2, 4, 0xd3, 0x32, 4, 0x49, 0xff, 0xff, 0xaa};

	expect_signature(noise, sizeof(noise) - 1,
			 "not a signature: 8 bytes, the first 0x1b");
	for (size_t len = 1; len <= sizeof(v2); len++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		entrytext_signature(&b, (struct span){v2, len});
		assert_true(b.len > 0 && b.len < 200);
	}
}

static void test_entrytext_short__keeps_both_ends(void **state)
{
	char buf[32];

	assert_string_equal(entrytext_short(buf, sizeof(buf), "0123456789abcdef", 4),
			    "0123..cdef");
	assert_string_equal(entrytext_short(buf, sizeof(buf), "0123456789", 4),
			    "0123456789");
	assert_string_equal(entrytext_short(buf, sizeof(buf), "", 4), "");
	assert_true(strlen(entrytext_short(buf, 8, "0123456789abcdef", 4)) < 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entrytext_signature__kinds),
		cmocka_unit_test(test_entrytext_signature__hostile),
		cmocka_unit_test(test_entrytext_short__keeps_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
