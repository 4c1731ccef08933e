/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/str.h"
#include "tui/keys.h"

static const char *text(struct span s, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.*s", (int)s.len, (const char *)s.ptr);
	return buf;
}

/* One key, one meaning, wherever two requests can be asked for at the same time. */
static void test_requests__no_conflict(void **state)
{
	struct span a, b;
	char name[32];

	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++)
		for (int q = r + 1; q < _REQ_MAX; q++) {
			if (!(keys_info((enum request)r)->contexts &
			      keys_info((enum request)q)->contexts))
				continue;
			for (unsigned i = 0; keys_of((enum request)r, i, &a); i++)
				for (unsigned k = 0; keys_of((enum request)q, k, &b); k++)
					if (keys_from_name(a) == keys_from_name(b))
						fail_msg(
							"%s: %s and %s",
							text(a, name, sizeof(name)),
							keys_info((enum request)r)->name,
							keys_info((enum request)q)->name);
		}
}

static void test_requests__every_key_is_one(void **state)
{
	struct span key;
	char name[32];

	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++) {
		assert_true(keys_of((enum request)r, 0, &key));
		for (unsigned i = 0; keys_of((enum request)r, i, &key); i++)
			if (keys_from_name(key) == K_NONE)
				fail_msg("%s: no key %s",
					 keys_info((enum request)r)->name,
					 text(key, name, sizeof(name)));
	}
}

/* Serial lines and browsers lose F-keys: each has a twin that is a character. */
static void test_requests__f_keys_have_twins(void **state)
{
	struct span key;

	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++) {
		bool f = false, other = false;

		for (unsigned i = 0; keys_of((enum request)r, i, &key); i++) {
			int k = keys_from_name(key);

			f |= k >= K_F1 && k <= K_F12;
			other |= k < KEY_FIRST_;
		}
		if (f && !other)
			fail_msg("%s has an F-key only",
				 keys_info((enum request)r)->name);
	}
}

/* Digits are the screens. */
static void test_requests__no_digit(void **state)
{
	for (int k = '0'; k <= '9'; k++)
		assert_int_equal(keys_request(IN_ALL, k), REQ_NONE);
}

static void test_keys_name__round_trip(void **state)
{
	char name[16];

	for (int k = 0; k < KEY_END_; k = k == 0x7e ? KEY_FIRST_ + 1 : k + 1) {
		keys_name(k, name, sizeof(name));
		if (keys_from_name(span_of(name)) != k)
			fail_msg("%d is %s", k, name);
	}
}

static void test_keys_from_name__unknown(void **state)
{
	assert_int_equal(keys_from_name(span_of("")), K_NONE);
	assert_int_equal(keys_from_name(span_of("F13")), K_NONE);
	assert_int_equal(keys_from_name(span_of("up")), K_NONE);
	assert_int_equal(keys_from_name(span_of("\xff")), K_NONE);
}

static void test_keys_request__context(void **state)
{
	assert_int_equal(keys_request(IN_LOG, 'q'), REQ_BACK);
	assert_int_equal(keys_request(IN_OVERVIEW, 'q'), REQ_LEAVE);
	assert_int_equal(keys_request(IN_LOG, ' '), REQ_MARK);
	assert_int_equal(keys_request(IN_PAGER, ' '), REQ_PAGER_DOWN);
	assert_int_equal(keys_request(IN_LOG, K_F4), REQ_FILTER);
	assert_int_equal(keys_request(IN_TPM, K_F4), REQ_NONE);
	assert_int_equal(keys_request(IN_LOG, 'U' - '@'), REQ_HALF_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests__no_conflict),
		cmocka_unit_test(test_requests__every_key_is_one),
		cmocka_unit_test(test_requests__f_keys_have_twins),
		cmocka_unit_test(test_requests__no_digit),
		cmocka_unit_test(test_keys_name__round_trip),
		cmocka_unit_test(test_keys_from_name__unknown),
		cmocka_unit_test(test_keys_request__context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
