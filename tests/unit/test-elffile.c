/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "core/host/elffile.h"
#include "tests/unit/elfgen.h"
#include "tests/unit/listgen.h"

static int read_of(const struct strbuf *file, struct elffile *ret)
{
	_cleanup_close_ int fd = listgen_file(file);

	assert_true(fd >= 0);
	return elffile_read(fd, ret);
}

static const struct elfgen whole = {.interp = "/lib64/ld-linux-x86-64.so.2",
				    .needed = {"libselinux.so.1", "libc.so.6"},
				    .rpath = "$ORIGIN/../old",
				    .runpath = "$ORIGIN/../lib:/opt/lib"};

static void test_elffile_read__none(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	_cleanup_close_ int folder = open("/", O_RDONLY | O_CLOEXEC);
	struct elffile e;

	assert_int_equal(read_of(&file, &e), 0);
	strbuf_adds(&file, "#!/bin/sh\n");
	assert_int_equal(read_of(&file, &e), 0);
	assert_int_equal(elffile_read(folder, &e), -EISDIR);
	strbuf_clear(&file);
	strbuf_add(&file,
		   "\x7f"
		   "ELF\x03\x01\x01",
		   7);
	assert_int_equal(read_of(&file, &e), -EBADMSG);
}

/* Wherever the file ends: never more than there is, never a crash. */
static void test_elffile_read__cut(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	struct elffile e;
	size_t len;

	elfgen_make(&file, &whole);
	len = file.len;
	for (file.len = 5; file.len < len; file.len++)
		assert_int_equal(read_of(&file, &e), -EBADMSG);
}

static void test_elffile_read__wild_lengths(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	struct elffile e;

	elfgen_make(&file, &whole);
	for (size_t at = 24; at + 8 < file.len; at++) {
		_cleanup_strbuf_ struct strbuf bad = {0};
		int r;

		strbuf_add(&bad, file.ptr, file.len);
		memset(bad.ptr + at, 0xff, 8);
		r = read_of(&bad, &e);
		assert_true(r == 1 || r == -EBADMSG);
		elffile_done(&e);
	}
}

static void check_whole(const struct elffile *e)
{
	assert_string_equal(elffile_name(e, e->interp), whole.interp);
	assert_string_equal(elffile_name(e, e->rpath), whole.rpath);
	assert_string_equal(elffile_name(e, e->runpath), whole.runpath);
	assert_int_equal(e->n_needed, 2);
	assert_string_equal(elffile_name(e, e->needed[0]), "libselinux.so.1");
	assert_string_equal(elffile_name(e, e->needed[1]), "libc.so.6");
}

static void test_elffile_read__all_kinds(void **state)
{
	static struct elffile first;

	for (int kind = 0; kind < 4; kind++) {
		_cleanup_strbuf_ struct strbuf file = {0};
		_cleanup_elffile_ struct elffile e = {0};
		struct elfgen g = whole;

		g.narrow = kind & 1;
		g.big_endian = kind & 2;
		elfgen_make(&file, &g);
		assert_int_equal(read_of(&file, &e), 1);
		assert_int_equal(e.wide, !g.narrow);
		assert_int_equal(e.machine, EM_X86_64);
		check_whole(&e);
		if (kind == 0)
			first = (struct elffile){.wide = true, .machine = e.machine};
		assert_int_equal(elffile_fits(&first, &e), kind == 0);
	}
}

/* A program without libraries, and the one that runs this test. */
static void test_elffile_read__real(void **state)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_strbuf_ struct strbuf file = {0};
	static struct elffile alone;
	_cleanup_elffile_ struct elffile e = {0};
	bool libc = false;

	elfgen_make(&file, &(struct elfgen){.narrow = true});
	assert_int_equal(read_of(&file, &alone), 1);
	assert_int_equal(alone.n_needed, 0);
	assert_null(elffile_name(&alone, alone.interp));
	elffile_done(&alone);
	assert_int_equal(elffile_read(fd, &e), 1);
	assert_non_null(elffile_name(&e, e.interp));
	for (size_t i = 0; i < e.n_needed; i++)
		libc |= strncmp(elffile_name(&e, e.needed[i]), "libc.", 5) == 0;
	assert_true(libc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elffile_read__none),
		cmocka_unit_test(test_elffile_read__cut),
		cmocka_unit_test(test_elffile_read__wild_lengths),
		cmocka_unit_test(test_elffile_read__all_kinds),
		cmocka_unit_test(test_elffile_read__real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
