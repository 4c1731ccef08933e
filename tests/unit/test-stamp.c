/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/stamp.h"

static int grow(int fd)
{
	return write(fd, "x", 1) == 1 ? 0 : -errno;
}

struct reader {
	int calls, changes; /* so many times it changes while it is read */
	int err;
};

static int read_it(void *user, int fd, uint64_t size)
{
	struct reader *r = user;

	r->calls++;
	if (r->err)
		return r->err;
	return r->calls <= r->changes ? grow(fd) : 0;
}

static int file(void)
{
	int fd = memfd_create("f", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_still__what_never_stands_still(void **state)
{
	_cleanup_close_ int fd = file();
	struct reader r = {.changes = 1000};
	struct stamp s;

	assert_int_equal(stamp_still(fd, read_it, &r, &s, NULL), -ESTALE);
	assert_int_equal(r.calls, 3);
}

static void test_still__what_is_no_file(void **state)
{
	_cleanup_close_ int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader r = {0};
	struct stamp s;

	assert_int_equal(stamp_still(fd, read_it, &r, &s, NULL), -ESTALE);
	assert_int_equal(r.calls, 0);
	assert_int_equal(stamp_still(-1, read_it, &r, &s, NULL), -EBADF);
}

static void test_still__what_the_reader_says(void **state)
{
	_cleanup_close_ int fd = file();
	struct reader r = {.err = -EIO};
	struct stamp s;

	assert_int_equal(stamp_still(fd, read_it, &r, &s, NULL), -EIO);
	assert_int_equal(r.calls, 1);
}

static void test_still__after_a_change(void **state)
{
	_cleanup_close_ int fd = file();
	struct reader r = {.changes = 1};
	struct stamp s, now;
	uint64_t dev = 0;
	struct stat st;

	assert_int_equal(stamp_still(fd, read_it, &r, &s, &dev), 0);
	assert_int_equal(r.calls, 2);
	assert_int_equal(s.size, 1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(dev, st.st_dev);
	assert_int_equal(stamp_read(fd, &now), 0);
	assert_true(stamp_same(&s, &now));
	assert_int_equal(grow(fd), 0);
	assert_int_equal(stamp_read(fd, &now), 0);
	assert_false(stamp_same_contents(&s, &now));
}

static void test_same__each_part_counts(void **state)
{
	const struct stamp a = {1, 2, {3, 4}, {5, 6}};
	struct stamp b[] = {{9, 2, {3, 4}, {5, 6}}, {1, 9, {3, 4}, {5, 6}},
			    {1, 2, {9, 4}, {5, 6}}, {1, 2, {3, 9}, {5, 6}},
			    {1, 2, {3, 4}, {9, 6}}, {1, 2, {3, 4}, {5, 9}}};

	for (size_t i = 0; i < 6; i++) {
		assert_false(stamp_same(&a, &b[i]));
		assert_int_equal(stamp_same_contents(&a, &b[i]), i >= 4);
	}
	assert_true(stamp_same(&a, &a));
}

static void test_pack__and_back(void **state)
{
	const struct stamp a = {1, UINT64_MAX, {-3, 4}, {5, 999999999}};
	_cleanup_strbuf_ struct strbuf out = {0};
	struct stamp b = {0};
	struct bytes in;

	stamp_pack(&out, &a);
	for (size_t n = 0; n < out.len; n++) {
		in = bytes_of(out.ptr, n);
		assert_false(stamp_unpack(&in, &b));
	}
	in = bytes_of(out.ptr, out.len);
	assert_true(stamp_unpack(&in, &b));
	assert_int_equal(bytes_left(&in), 0);
	assert_true(stamp_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_still__what_never_stands_still),
		cmocka_unit_test(test_still__what_is_no_file),
		cmocka_unit_test(test_still__what_the_reader_says),
		cmocka_unit_test(test_still__after_a_change),
		cmocka_unit_test(test_same__each_part_counts),
		cmocka_unit_test(test_pack__and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
