/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a descriptor; what is typed stands in tests/cli/typing. */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/cert/sig.h"
#include "tests/unit/testkeys.h"
#include "tui/cli/passphrase.h"

static int ask(int fd, char *buf, size_t size)
{
	struct passphrase p = {.fd = fd};

	return passphrase_ask(buf, size, &p);
}

static void test_ask__no_passphrase(void **state)
{
	_cleanup_close_ int nothing = file_of("", 0), empty = file_of("\nrest", 5);
	_cleanup_close_ int longer = file_of("secret\n", 7);
	char buf[5];

	assert_int_equal(ask(nothing, buf, sizeof(buf)), -ENOKEY);
	assert_int_equal(ask(empty, buf, sizeof(buf)), -ENOKEY);
	assert_int_equal(ask(longer, buf, sizeof(buf)), -E2BIG);
	assert_int_equal(ask(1 << 20, buf, sizeof(buf)), -EBADF);
}

static void test_ask__first_line_and_no_byte_more(void **state)
{
	_cleanup_close_ int fd = file_of("se cret\nrest", 12);
	char buf[64], rest[5] = "";

	assert_int_equal(ask(fd, buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "se cret", 7);
	assert_int_equal(read(fd, rest, 4), 4);
	assert_string_equal(rest, "rest");
	assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
	assert_int_equal(ask(fd, buf, sizeof(buf)), 4); /* without a newline, too */
}

static void test_ask__opens_a_key(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	_cleanup_close_ int fd = file_of("se cret\n", 8);
	_cleanup_close_ int pem = pem_of(pkey, "se cret", NULL);
	struct passphrase p = {.fd = fd};
	struct sig_pass pass = {passphrase_ask, &p};
	struct sig_key *key = NULL;

	assert_int_equal(sig_key_private(pem, "key", &pass, &key, NULL), 0);
	sig_key_free(key);
	EVP_PKEY_free(pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask__no_passphrase),
		cmocka_unit_test(test_ask__first_line_and_no_byte_more),
		cmocka_unit_test(test_ask__opens_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
