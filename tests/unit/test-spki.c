/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/spki.h"

/* As small as one can be; the key is the last SEQUENCE of the inner one. */
static const uint8_t cert[] = {
	0x30, 0x17, 0x30, 0x15, 0xa0, 0x03, 0x02, 0x01, 0x02, /* version */
	0x02, 0x01, 0x07,				      /* serial */
	0x30, 0x00, 0x30, 0x00, 0x30, 0x00, 0x30, 0x00,	      /* algorithm to subject */
	0x30, 0x03, 0x03, 0x01, 0x00,			      /* key */
};

static struct span of(size_t len)
{
	return (struct span){cert, len};
}

static void test_find__cut_anywhere(void **state)
{
	struct span key;

	for (size_t len = 0; len < sizeof(cert); len++)
		assert_int_equal(spki_find(of(len), &key), -EBADMSG);
}

static void test_find__another_tag_anywhere(void **state)
{
	static const size_t tags[] = {0, 2, 9, 12, 14, 16, 18, 20};
	uint8_t other[sizeof(cert)];
	struct span key;

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		memcpy(other, cert, sizeof(cert));
		other[tags[i]] = 0x04;
		assert_int_equal(spki_find((struct span){other, sizeof(other)}, &key),
				 -EBADMSG);
	}
}

static void test_find__is_the_key(void **state)
{
	struct span key;

	assert_int_equal(spki_find(of(sizeof(cert)), &key), 0);
	assert_ptr_equal(key.ptr, cert + 20);
	assert_int_equal(key.len, 5);
}

/* printf '\x30\x03\x03\x01\x00' | sha256sum */
static void test_hash__names_it(void **state)
{
	char hash[GEN_KEY_HASH + 1];

	assert_int_equal(spki_hash(of(4), hash), -EBADMSG);
	assert_int_equal(spki_hash(of(sizeof(cert)), hash), 0);
	assert_string_equal(
		hash, "2941dcd0413117f2e8cf4af3a2e7abe2d2223f1affddf6c593d98724742b9f16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find__cut_anywhere),
		cmocka_unit_test(test_find__another_tag_anywhere),
		cmocka_unit_test(test_find__is_the_key),
		cmocka_unit_test(test_hash__names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
