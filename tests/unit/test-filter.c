/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/list/filter.h"
#include "tests/unit/listgen.h"

#define SIG "030204deadbeef0004aabbccdd"

static const struct made entries[] = {
	{NULL, "boot_aggregate", 1, false, NULL},
	{"ima-sig", "/usr/bin/ls", 0x10, false, SIG},
	{"ima-sig", "/usr/sbin/sshd", 0x20, false, ""},
	{"ima-sig", "/var/log/wtmp", 0, true, ""},
	{NULL, "/opt/app/bin/worker", 0xab, false, NULL},
	{NULL, "/usr/lib/and", 0x30, false, NULL},
};

enum { N = sizeof(entries) / sizeof(entries[0]) };

static struct mstore *sample(void)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct mstore *s = NULL;

	for (size_t i = 0; i < N; i++)
		listgen_record(&b, &entries[i]);
	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL),
			 0);
	assert_int_equal(mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
	assert_int_equal(mstore_head(s), N);
	return s;
}

/* Which entries pass, as a string of their digits. Both ways of asking must agree, and so
 * must the printed form. */
static void passes(const char *text, const char *want)
{
	_cleanup_(mstore_freep) struct mstore *s = sample();
	_cleanup_(filter_freep) struct filter *f = NULL, *again = NULL;
	struct filter_context ctx = {0};
	char got[N + 1] = "", scanned[N + 1] = "";
	mref out[N + 1], from = 0;
	struct diag d = {0};
	size_t n;

	if (filter_new(text, &f, &d) < 0)
		fail_msg("%s: %s", text, d.text);
	assert_int_equal(filter_new(filter_text(f), &again, NULL), 0);
	assert_string_equal(filter_text(f), filter_text(again));
	for (mref r = 0; r < N; r++) {
		struct mlog_entry e;
		bool yes;

		assert_true(mstore_entry(s, r, NULL, &e));
		yes = filter_match(f, &ctx, mstore_dialect(s), &e, r + 1, r);
		assert_int_equal(filter_match(again, &ctx, mstore_dialect(s), &e, r + 1,
					      r),
				 yes);
		if (yes)
			snprintf(got + strlen(got), 2, "%u", r);
	}
	if (strcmp(got, want) != 0)
		fail_msg("%s: got %s, want %s", text, got, want);
	n = filter_scan(f, &ctx, s, &from, 1000000, out, N + 1);
	for (size_t i = 0; i < n; i++)
		snprintf(scanned + i, 2, "%u", out[i]);
	assert_string_equal(scanned, want);
	assert_int_equal(from, N);
}

static void refused(const char *text, unsigned column)
{
	struct filter *f = NULL;
	struct diag d = {0};

	if (filter_new(text, &f, &d) != -EINVAL)
		fail_msg("accepted: %s", text);
	assert_null(f);
	assert_int_equal(d.id, DIAG_FILTER);
	if (d.column != column)
		fail_msg("%s: column %u, want %u (%s)", text, d.column, column, d.text);
}

static void test_match__words(void **state)
{
	passes("", "012345");
	passes("bin", "124");
	passes("bin usr", "12");
	passes("bin !usr", "4");
	passes("!bin", "035");
	passes("/usr/bin", "1");
	passes("\"/usr/bin/ls\"", "1");
	passes("\"and\"", "5");
	passes("nothing", "");
	passes("\\x2fusr", "125");
}

static void test_match__regex(void **state)
{
	passes("/^.usr.(s?bin|lib)/", "125");
	passes("/LS$/", "");
	passes("/LS$/i", "1");
	passes("path~/ls$|sshd$/", "12");
	passes("path!~/^.usr/", "034");
	passes("/^(.usr)+.(s?bin|lib){1,2}.+$/", "125");
	passes("(/ls$/ or /(w)mp$/) or worker", "14");
}

static void test_match__operators_and_precedence(void **state)
{
	passes("ls or sshd and nothing", "1");
	passes("(ls or sshd) and nothing", "");
	passes("not (ls or sshd)", "0345");
	passes("!(ls or sshd) !vio", "045");
	passes("!!ls", "1");
	passes("!ls sshd", "2");
	passes("ls or !(usr or boot)", "134");
	passes("((((ls))))", "1");
	passes("not ls and not sshd or ls", "01345");
}

static void test_match__fields(void **state)
{
	passes("path~bin and !vio", "124");
	passes("vio", "3");
	passes("vio=yes", "3");
	passes("vio!=yes", "01245");
	passes("sig", "1");
	passes("sig=no", "02345");
	passes("sig=-", "02345");
	passes("template=ima-sig", "123");
	passes("template!=ima-sig", "045");
	passes("pcr=10", "012345");
	passes("pcr = 11", "");
	passes("pcr<11 n>=3", "2345");
	passes("n!=1 n<=2", "1");
	passes("alg=sha256", "012345");
	passes("digest~abac", "4");
	passes("digest~ABAC", "4");
	passes("digest=sha256:abac", "");
	passes("digest=abacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9ca",
	       "4");
	passes("abacadae", "4"); /* a pasted digest is found without naming the field */
	passes("keyid=deadbeef", "1");
	passes("keyid=-", "02345");
	passes("dir=/usr/bin", "1");
	passes("dir~usr", "125");
	passes("name=ls", "1");
	passes("name~s", "12");
	passes("size>110", "1");
	passes("size>1k", "");
	passes("size<1M", "012345");
	passes("uid=0", "");
	passes("buf", "");
	passes("pkg=-", ""); /* no package database: not known */
	passes("since=10m", "");
}

static void test_new__errors_name_the_column(void **state)
{
	refused("bin (usr", 5);
	refused("bin)", 4);
	refused("()", 2);
	refused("and bin", 1);
	refused("bin and", 8);
	refused("bin or or usr", 8);
	refused("foo=bar", 1);
	refused("usr pcr=x", 9);
	refused("pcr~1", 4);
	refused("pcr=", 5);
	refused("size>1T", 6);
	refused("since=10", 7);
	refused("sig=maybe", 5);
	refused("digest=xyz", 8);
	refused("\"open", 1);
	refused("\"\"", 1);
	refused("/(/", 1);
	refused("/(a)\\1/", 1);
	refused("/a{255}{255}/", 1);
	refused("/a++++++++++++++++++++++++++++++++++/", 1);
	refused("/((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+/", 1);
	refused("!", 2);
}

static void test_new__limits(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct filter *f = NULL;

	for (int i = 0; i < 64; i++)
		strbuf_adds(&b, "a ");
	assert_int_equal(filter_new(strbuf_str(&b), &f, NULL), 0);
	f = filter_free(f);
	strbuf_adds(&b, "a");
	assert_int_equal(filter_new(strbuf_str(&b), &f, NULL), -EINVAL);
	strbuf_clear(&b);
	for (int i = 0; i < 400; i++)
		strbuf_addc(&b, '(');
	assert_int_equal(filter_new(strbuf_str(&b), &f, NULL), -EINVAL);
	strbuf_clear(&b);
	for (int i = 0; i < 400; i++)
		strbuf_addc(&b, '!');
	strbuf_adds(&b, "ls");
	assert_int_equal(filter_new(strbuf_str(&b), &f, NULL), 0);
	filter_free(f);
}

static void test_text__normal_form(void **state)
{
	static const char *const rows[][2] = {
		{"  path~bin   and  !vio ", "path~bin and !vio"},
		{"a b", "a b"},
		{"not a", "!a"},
		{"\"a b\"", "\"a b\""},
		{"size>1M", "size>1M"},
		{"( a or b )c", "(a or b) c"},
		{"\"vio\"", "\"vio\""},
		{"pkg=-", "pkg=-"},
		{"pkg=\"-\"", "pkg=\"-\""},
		{"\"a\\x00b\"", "\"a\\x00b\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_(filter_freep) struct filter *f = NULL;

		assert_int_equal(filter_new(rows[i][0], &f, NULL), 0);
		assert_string_equal(filter_text(f), rows[i][1]);
	}
}

static uint64_t seen(const void *from, mref ref)
{
	return ref < 3 ? 0 : 1000 * ref;
}

static void test_match__since_asks_for_arrival(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = sample();
	_cleanup_(filter_freep) struct filter *f = NULL;
	struct filter_context ctx = {.seen_ms = seen, .now_ms = 15000};
	mref out[N], from = 0;

	assert_int_equal(filter_new("since=11s", &f, NULL), 0);
	assert_true(filter_is_timed(f));
	assert_int_equal(filter_scan(f, &ctx, s, &from, 1000000, out, N), 2);
	assert_int_equal(out[0], 4);
}

/* Stopping anywhere and going on gives the same rows. */
static void test_scan__in_small_pieces(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	static const char *const filters[] = {"tool-0000", "n>=1 /7$/", "!tool-00001"};

	listgen_many(&b, 1, 20000);
	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL),
			 0);
	assert_int_equal(mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(filter_freep) struct filter *f = NULL;
		_cleanup_free_ mref *all = calloc(20000, sizeof(mref));
		struct filter_context ctx = {0};
		mref from = 0, part[7];
		size_t n, at = 0;

		assert_int_equal(filter_new(filters[i], &f, NULL), 0);
		n = filter_scan(f, &ctx, s, &from, 10000000, all, 20000);
		assert_true(n > 0 && from == 20000);
		for (from = 0; from < 20000;) {
			size_t k = filter_scan(f, &ctx, s, &from, 0, part, 7);

			assert_memory_equal(part, all + at, k * sizeof(mref));
			at += k;
		}
		assert_int_equal(at, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match__words),
		cmocka_unit_test(test_match__regex),
		cmocka_unit_test(test_match__operators_and_precedence),
		cmocka_unit_test(test_match__fields),
		cmocka_unit_test(test_new__errors_name_the_column),
		cmocka_unit_test(test_new__limits),
		cmocka_unit_test(test_text__normal_form),
		cmocka_unit_test(test_match__since_asks_for_arrival),
		cmocka_unit_test(test_scan__in_small_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
