/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/list/mlog.h"
#include "tests/unit/listgen.h"

static const struct mlog_dialect binary = {.digest_size = 20};

/* What a record with these three fields could be called, too: "" nothing. */
static const char *other(const char *template, struct span digest, struct span last,
			 bool has_last)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct mlog_entry e = {.name = span_of(template)};
	const char *name;

	listgen_u32(&data, digest.len);
	strbuf_add(&data, digest.ptr, digest.len);
	listgen_u32(&data, 5);
	strbuf_add(&data, "/bin", 5);
	if (has_last)
		listgen_u32(&data, last.len);
	strbuf_add(&data, last.len ? (const char *)last.ptr : "", last.len);
	e.data = strbuf_span(&data);
	assert_int_equal(mlog_check(&binary, &e), 0);
	name = mlog_other_reading(&binary, &e);
	return name ? name : "";
}

#define SHA1                                                                             \
	((struct span){(const uint8_t *)"sha1:\0"                                        \
					"0123456789abcdef0123",                          \
		       26})
#define SHA1V2                                                                           \
	((struct span){(const uint8_t *)"ima:sha1:\0"                                    \
					"0123456789abcdef0123",                          \
		       30})
#define NONE ((struct span){0})

static void test_other_reading__none(void **state)
{
	assert_string_equal(other("ima-ng", SHA1, NONE, false), "");
	assert_string_equal(other("ima-ngv2", SHA1V2, NONE, false), "");
	assert_string_equal(other("ima-sig", SHA1, NONE, true), "");
	assert_string_equal(other("ima-sigv2", SHA1V2, span_of("\3sig"), true), "");
	assert_string_equal(other("ima-buf", SHA1, span_of("root=/dev/sda"), true), "");
	/* the format spelled out is the same template */
	assert_string_equal(other("d-ng|n-ng|sig", SHA1, NONE, true), "");
}

/* Type, version, hash, key id, size: a whole signature is what it is called. */
static void test_other_reading__signature_or_buffer(void **state)
{
	static const char *const whole[] = {"\3\2\4KEYI\0\4sign", "\5\2\4KEYI\0\4sign"};
	static const char *const part[] = {"\3\2\4KEYI\0\5sign", "0\202\1\2", "\3sig"};

	for (size_t i = 0; i < array_size(whole); i++) {
		struct span sig = {(const uint8_t *)whole[i], 13};

		assert_string_equal(other("ima-sig", SHA1, sig, true), "");
		assert_string_equal(other("ima-buf", SHA1, sig, true), "ima-sig");
		assert_string_equal(other("d-ng|n-ng|buf", SHA1, sig, true), "ima-sig");
	}
	for (size_t i = 0; i < array_size(part); i++) {
		struct span bad = {(const uint8_t *)part[i], i == 0 ? 13 : 4};

		assert_string_equal(other("ima-sig", SHA1, bad, true), "ima-buf");
		assert_string_equal(other("ima-buf", SHA1, bad, true), "");
	}
}

/* Of a violation nothing is covered, and that is said anyway. */
static void test_other_reading__violation(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct made m = {.template = "ima-sig", .path = "/bin", .sig_hex = "0302"};
	struct mlog_entry e;

	for (int violation = 0; violation < 2; violation++) {
		struct bytes c;

		strbuf_clear(&list);
		m.violation = violation;
		listgen_record(&list, &m);
		c = bytes_of(list.ptr, list.len);
		assert_int_equal(mlog_next(&binary, &c, NULL, &e, NULL), 1);
		assert_int_equal(mlog_other_reading(&binary, &e) == NULL, violation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_reading__none),
		cmocka_unit_test(test_other_reading__signature_or_buffer),
		cmocka_unit_test(test_other_reading__violation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
