/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/triage/mute.h"
#include "tests/unit/tree.h"

static void write_file(struct tree *t, const char *text)
{
	assert_int_equal(fs_mkdirs_at(t->fd, "var/lib/imactl", 0700, NULL), 0);
	assert_int_equal(fs_replace_at(t->fd, "var/lib/imactl/mutes", text, strlen(text),
				       0600, NULL),
			 0);
	root_done(&t->root);
	assert_int_equal(root_open_live(&t->root, t->dir, NULL), 0);
}

static void test_mute_load__damaged(void **state)
{
	static const char *const texts[] = {
		"9\t1\tcause\tmissing-hash\tseen", /* no newline */
		"9\t1\tcause\tmissing-hash\n",	   /* a field is missing */
		"9\t1\tcolour\tmissing-hash\tseen\n",
		"x\t1\tcause\ta\tb\n",
		"9\t1\tcause\ta\\q\tb\n",
		"9\t1\tcause\ta\\x1\tb\n",
		"9\t1\tcause\ta\tb\n\n",
		"9\t1\tcause\ta\tb\tc\n",
	};
	struct tree *t = *state;

	for (size_t i = 0; i < array_size(texts); i++) {
		_cleanup_mutes_ struct mute_list l = {0};
		struct diag d = {0};

		write_file(t, texts[i]);
		if (mute_load(&t->root, &l, &d) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(d.id, DIAG_MUTES);
		assert_int_equal(l.n, 0);
	}
	assert_int_equal(unlinkat(t->fd, "var/lib/imactl/mutes", 0), 0);
}

static void test_mute_save__round_trip(void **state)
{
	_cleanup_mutes_ struct mute_list l = {0}, back = {0};
	struct span hostile = {(const uint8_t *)"/a\t\x1b[2J\n\\\xff", 12};
	struct tree *t = *state;
	size_t len = strlen((const char *)hostile.ptr);

	hostile.len = len;
	assert_int_equal(mute_load(&t->root, &l, NULL), 0);
	assert_int_equal(mute_add(&l, DENIALS_BY_PATH, hostile, hostile, 10, 100), 0);
	assert_int_equal(mute_add(&l, DENIALS_BY_CAUSE, span_of("x"), span_of("r"), 10,
				  50),
			 0);
	assert_int_equal(mute_add(&l, DENIALS_BY_PACKAGE, span_of(""), span_of("r"), 1,
				  99),
			 0);
	assert_int_equal(mute_add(&l, DENIALS_BY_PACKAGE, span_of(""), span_of("s"), 2,
				  98),
			 0);
	assert_int_equal(l.n, 3);
	assert_int_equal(mute_save(&t->root, &l, 50, NULL), 0);
	assert_int_equal(mute_load(&t->root, &back, NULL), 0);
	assert_int_equal(back.n, 2); /* the other has ended */
	assert_true(span_equal(strbuf_span(&back.at[0].name), hostile));
	assert_true(span_equal(strbuf_span(&back.at[0].reason), hostile));
	assert_int_equal(back.at[0].until_s, 100);
	assert_true(span_is(strbuf_span(&back.at[1].reason), "s"));
	assert_int_equal(mute_remove(&back, DENIALS_BY_CAUSE, hostile), -ENOENT);
	assert_int_equal(mute_remove(&back, DENIALS_BY_PATH, hostile), 0);
	assert_int_equal(back.n, 1);
	assert_int_equal(back.at[0].key, DENIALS_BY_PACKAGE);
}

static void test_mute_find__until(void **state)
{
	const struct denials_row row = {.last = {.cause = span_of("missing-hash"),
						 .path = span_of("/a"),
						 .comm = span_of("cat")}};
	_cleanup_mutes_ struct mute_list l = {0};

	assert_int_equal(mute_add(&l, DENIALS_BY_CAUSE, span_of("missing"), span_of("r"),
				  1, 99),
			 0);
	assert_null(mute_find(&l, &row, NULL, 10));
	assert_int_equal(mute_add(&l, DENIALS_BY_PROGRAM, span_of("cat"), span_of("r"), 1,
				  99),
			 0);
	assert_ptr_equal(mute_find(&l, &row, NULL, 98), &l.at[1]);
	assert_null(mute_find(&l, &row, NULL, 99));
}

static void test_mute_group__words(void **state)
{
	enum denials_key key;
	struct span name;
	struct diag d = {0};

	assert_int_equal(mute_group("cause", &key, &name, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_VALUE);
	assert_int_equal(mute_group("=a", &key, &name, NULL), -EINVAL);
	assert_int_equal(mute_group("colour=a", &key, &name, NULL), -EINVAL);
	assert_int_equal(mute_group("path=/a=b", &key, &name, NULL), 0);
	assert_int_equal(key, DENIALS_BY_PATH);
	assert_true(span_is(name, "/a=b"));
	assert_int_equal(mute_group("package=", &key, &name, NULL), 0);
	assert_int_equal(name.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mute_load__damaged),
		cmocka_unit_test(test_mute_save__round_trip),
		cmocka_unit_test(test_mute_find__until),
		cmocka_unit_test(test_mute_group__words),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
