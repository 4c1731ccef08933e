/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/list/mreader.h"
#include "tests/unit/listgen.h"

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("list", MFD_CLOEXEC);

	assert_int_equal(fs_write_all(fd, data, len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Entries read, and how it ended. */
static unsigned read_all(const void *data, size_t len, int *ret_end, struct diag *d)
{
	_cleanup_close_ int fd = file_of(data, len);
	_cleanup_(mreader_freep) struct mreader *r = NULL;
	struct mlog_entry e;
	unsigned n = 0;

	assert_int_equal(mreader_new(fd, 0, &r, d), 0);
	while ((*ret_end = mreader_next(r, &e, d)) > 0)
		n++;
	return n;
}

static void test_next__longer_than_its_buffer(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	int end;

	listgen_many(&list, 0, 20000);
	assert_true(list.len > 1 << 20);
	assert_int_equal(read_all(list.ptr, list.len, &end, NULL), 20000);
	assert_int_equal(end, 0);
	assert_int_equal(read_all("", 0, &end, NULL), 0);
	assert_int_equal(end, 0);
}

static void test_next__cut_and_damaged(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct diag d;
	int end;

	listgen_many(&list, 0, 5000);
	assert_int_equal(read_all(list.ptr, list.len - 1, &end, &d), 4999);
	assert_int_equal(end, -EBADMSG);
	assert_int_equal(d.id, DIAG_LIST_TRUNCATED);
	memset(list.ptr + list.len / 2, 0xff, 400);
	assert_in_range(read_all(list.ptr, list.len, &end, &d), 2400, 2600);
	assert_int_equal(end, -EBADMSG);
	assert_int_equal(read_all("hello", 5, &end, &d), 0);
	assert_int_equal(end, -EBADMSG);
}

static void test_next__recorded(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	char path[512];
	int end;

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/61-sig/%s",
		       getenv("IMACTL_SOURCE"), "ascii_runtime_measurements");
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &list, NULL), 0);
	assert_int_equal(read_all(list.ptr, list.len, &end, NULL), 14);
	assert_int_equal(end, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next__longer_than_its_buffer),
		cmocka_unit_test(test_next__cut_and_damaged),
		cmocka_unit_test(test_next__recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
