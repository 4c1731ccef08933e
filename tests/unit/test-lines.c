/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"
#include "core/host/lines.h"
#include "tests/unit/listgen.h"

static int file_of(const struct strbuf *text)
{
	int fd = listgen_file(text);

	assert_true(fd >= 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void test_lines_next__no_file(void **state)
{
	_cleanup_close_ int fd = open("/", O_RDONLY | O_CLOEXEC);
	_cleanup_lines_ struct lines l;
	struct span s;

	assert_int_equal(lines_open(&l, fd, 10), 0);
	assert_int_equal(lines_next(&l, &s), -EISDIR);
}

/* Lines that are too long are cut, wherever the reads end; the next one is whole again. */
static void test_lines_next__cut(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_lines_ struct lines l;
	_cleanup_close_ int fd = -1;
	struct span s;

	for (int i = 0; i < 300000; i++)
		strbuf_addc(&text, 'x');
	strbuf_adds(&text, "\n1234567890\n12345678901\nend");
	fd = file_of(&text);
	assert_int_equal(lines_open(&l, fd, 10), 0);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(span_is(s, "xxxxxxxxxx") && l.cut);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(span_is(s, "1234567890") && !l.cut);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(span_is(s, "1234567890") && l.cut);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(span_is(s, "end") && !l.cut);
	assert_int_equal(lines_next(&l, &s), 0);
	assert_int_equal(lines_next(&l, &s), 0);
}

static void test_lines_next__all(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_lines_ struct lines l;
	_cleanup_close_ int fd = -1;
	struct span s;
	char want[32];

	for (int i = 0; i < 20000; i++)
		strbuf_addf(&text, "line %d\n%s", i, i % 7 ? "" : "\n");
	fd = file_of(&text);
	assert_int_equal(lines_open(&l, fd, 4096), 0);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(lines_next(&l, &s), 1);
		snprintf(want, sizeof(want), "line %d", i);
		assert_true(span_is(s, want));
		if (i % 7 == 0) {
			assert_int_equal(lines_next(&l, &s), 1);
			assert_int_equal(s.len, 0);
		}
	}
	assert_int_equal(lines_next(&l, &s), 0);
}

/* The file grows: its end is one for now. */
static void test_lines_next__follow(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_lines_ struct lines l;
	_cleanup_close_ int fd = -1;
	struct span s;

	strbuf_adds(&text, "one\ntw");
	fd = file_of(&text);
	assert_int_equal(lines_open(&l, fd, 64), 0);
	l.follow = true;
	assert_int_equal(lines_next(&l, &s), 1);
	assert_int_equal(lines_next(&l, &s), 0);
	assert_int_equal(lines_next(&l, &s), 0);
	assert_int_equal(pwrite(fd, "o\n", 2, 6), 2);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(span_is(s, "two"));
}

/* 16 TiB of nothing are not read. */
static void test_lines_next__hole(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_lines_ struct lines l;
	_cleanup_close_ int fd = -1;
	struct span s;

	strbuf_adds(&text, "one\n");
	fd = file_of(&text);
	if (ftruncate(fd, 1LL << 43) < 0)
		skip();
	assert_int_equal(lines_open(&l, fd, 64), 0);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_int_equal(lines_next(&l, &s), 1);
	assert_true(l.cut);
	assert_int_equal(lines_next(&l, &s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_next__no_file),
		cmocka_unit_test(test_lines_next__cut),
		cmocka_unit_test(test_lines_next__all),
		cmocka_unit_test(test_lines_next__follow),
		cmocka_unit_test(test_lines_next__hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
