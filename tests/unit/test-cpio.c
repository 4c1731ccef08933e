/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/host/cpio.h"
#include "tests/unit/cpiogen.h"
#include "tests/unit/listgen.h"

/* Entries read until the end, their number; or the error. */
static int walk(const struct strbuf *file, struct diag *d)
{
	_cleanup_close_ int fd = listgen_file(file);
	_cleanup_free_ struct cpio *c = malloc(sizeof(*c));
	_cleanup_free_ struct cpio_entry *e = malloc(sizeof(*e));
	int n = 0, r;

	assert_true(fd >= 0 && c && e && lseek(fd, 0, SEEK_SET) == 0);
	cpio_init(c, fd);
	while ((r = cpio_next(c, e, d)) > 0)
		n++;
	return r < 0 ? r : n;
}

static void test_cpio_next__none(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};

	assert_int_equal(walk(&file, NULL), 0);
	strbuf_adds(&file, "no archive");
	assert_int_equal(walk(&file, NULL), 0);
	strbuf_clear(&file);
	strbuf_add(&file, "\0\0\0\0\0", 5);
	assert_int_equal(walk(&file, NULL), 0);
}

static void test_cpio_next__damaged_number(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	struct diag d;

	cpiogen_add(&file, "a", S_IFREG | 0644, "x");
	for (size_t at = 6; at < 110; at++) {
		char was = file.ptr[at];

		file.ptr[at] = 'g';
		assert_int_equal(walk(&file, &d), -EBADMSG);
		assert_int_equal(d.id, DIAG_INITRAMFS_DAMAGED);
		file.ptr[at] = was;
	}
}

/* The length of the name: nothing, and more than any path. */
static void test_cpio_next__wild_name(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};

	cpiogen_add(&file, "a", S_IFREG | 0644, "x");
	memcpy(file.ptr + 94, "00000000", 8);
	assert_int_equal(walk(&file, NULL), -EBADMSG);
	memcpy(file.ptr + 94, "FFFFFFFF", 8);
	assert_int_equal(walk(&file, NULL), -EBADMSG);
	memcpy(file.ptr + 94, "00000001", 8); /* without its NUL */
	assert_int_equal(walk(&file, NULL), -EBADMSG);
}

/* Wherever it ends: an error, but where a header would begin. */
static void test_cpio_next__cut(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	size_t len, one;

	cpiogen_add(&file, "dir/file", S_IFREG | 0644, "content");
	one = file.len;
	cpiogen_end(&file);
	len = file.len;
	assert_int_equal(walk(&file, NULL), 1);
	for (file.len = 6; file.len < len; file.len++)
		if (file.len < one || file.len >= one + 6)
			assert_int_equal(walk(&file, NULL), -EBADMSG);
}

static void next_is(struct cpio *c, const char *name, const char *content)
{
	_cleanup_free_ struct cpio_entry *e = malloc(sizeof(*e));
	char buf[64];

	assert_non_null(e);
	assert_int_equal(cpio_next(c, e, NULL), 1);
	assert_string_equal(e->name, name);
	assert_int_equal(e->size, strlen(content));
	assert_int_equal(cpio_read(c, buf, sizeof(buf), NULL), strlen(content));
	assert_memory_equal(buf, content, strlen(content));
	assert_int_equal(cpio_read(c, buf, sizeof(buf), NULL), 0);
}

/* Two archives with zeros between them, then something else. */
static void test_cpio_next__all(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	_cleanup_free_ struct cpio *c = malloc(sizeof(*c));
	_cleanup_free_ struct cpio_entry *e = malloc(sizeof(*e));
	_cleanup_close_ int fd = -1;
	struct span rest;

	cpiogen_add(&file, "./kernel/x86", S_IFDIR | 0755, "");
	cpiogen_add(&file, "/kernel/ucode", S_IFREG | 0644, "abc");
	cpiogen_end(&file);
	strbuf_add(&file, "\0\0\0\0\0\0\0", 7);
	cpiogen_pad(&file);
	cpiogen_add(&file, "init", S_IFLNK | 0777, "usr/lib/systemd/systemd");
	cpiogen_end(&file);
	strbuf_add(&file, "\0\0\0\x1f\x8b zip", 9);
	fd = listgen_file(&file);
	assert_true(c && e && lseek(fd, 0, SEEK_SET) == 0);
	cpio_init(c, fd);
	next_is(c, "kernel/x86", "");
	next_is(c, "kernel/ucode", "abc");
	next_is(c, "init", "usr/lib/systemd/systemd");
	assert_int_equal(cpio_next(c, e, NULL), 0);
	rest = cpio_peek(c, 2);
	assert_true(span_is(rest, "\x1f\x8b"));
	assert_int_equal(c->at, file.len - 6);
}

/* Content larger than the buffer, read and skipped. */
static void test_cpio_read__large(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0}, big = {0};
	_cleanup_free_ struct cpio *c = malloc(sizeof(*c));
	_cleanup_free_ struct cpio_entry *e = malloc(sizeof(*e));
	_cleanup_close_ int fd = -1;
	uint64_t read = 0;
	char buf[2000];
	ssize_t n;

	for (int i = 0; i < 50001; i++)
		strbuf_adds(&big, "xyz");
	cpiogen_add(&file, "a", S_IFREG | 0644, strbuf_str(&big));
	cpiogen_add(&file, "b", S_IFREG | 0644, strbuf_str(&big));
	cpiogen_add(&file, "c", S_IFREG | 0644, "end");
	fd = listgen_file(&file);
	assert_true(c && e && lseek(fd, 0, SEEK_SET) == 0);
	cpio_init(c, fd);
	assert_int_equal(cpio_next(c, e, NULL), 1);
	while ((n = cpio_read(c, buf, sizeof(buf), NULL)) > 0)
		read += (uint64_t)n;
	assert_int_equal(read, big.len);
	assert_int_equal(cpio_next(c, e, NULL), 1);
	next_is(c, "c", "end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpio_next__none),
		cmocka_unit_test(test_cpio_next__damaged_number),
		cmocka_unit_test(test_cpio_next__wild_name),
		cmocka_unit_test(test_cpio_next__cut),
		cmocka_unit_test(test_cpio_next__all),
		cmocka_unit_test(test_cpio_read__large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
