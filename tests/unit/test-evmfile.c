/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/appraise/evmfile.h"

static const struct evm_kernel kernel = {0};
static int fd = -1;

/* A file with user.ima, where that can be. */
static int setup(void **state)
{
	char path[] = "/tmp/imactl-evmfile.XXXXXX";

	fd = mkstemp(path);
	(void)unlink(path);
	return fd < 0 || fchmod(fd, 0640) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	return close(fd);
}

static void test_read__the_file_as_it_is(void **state)
{
	_cleanup_evmfile_ struct evmfile f = {0};
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(evmfile_read(&kernel, fd, LABEL_SECURITY, NULL, &f, NULL), 0);
	assert_int_equal(f.file.uid, st.st_uid);
	assert_int_equal(f.file.gid, st.st_gid);
	assert_int_equal(f.file.mode, 0100640);
	assert_int_equal(f.file.ino, st.st_ino);
	assert_int_equal(f.file.n_attrs, 0);
}

static void test_read__what_is_given_instead(void **state)
{
	_cleanup_evmfile_ struct evmfile f = {0};
	struct evmfile_given given = {.uid = true,
				      .gid = true,
				      .gid_value = 7,
				      .mode = true,
				      .mode_value = 04755};

	given.attr[EVM_NAME_CAPS].given = true;
	given.attr[EVM_NAME_CAPS].value = span_of("caps");
	given.attr[EVM_NAME_SELINUX].given = true; /* none */
	given.attr[EVM_NAME_IMA].given = true;
	given.attr[EVM_NAME_IMA].value = span_of("\1x");
	for (int again = 0; again < 2; again++) {
		assert_int_equal(evmfile_read(&kernel, fd, LABEL_SECURITY, &given, &f,
					      NULL),
				 0);
		assert_int_equal(f.file.uid, 0);
		assert_int_equal(f.file.gid, 7);
		assert_int_equal(f.file.mode, 0104755);
		assert_int_equal(f.file.n_attrs, 2);
		assert_string_equal(f.file.attrs[0].name, "security.ima");
		assert_string_equal(f.file.attrs[1].name, "security.capability");
		assert_true(span_is(f.file.attrs[1].value, "caps"));
	}
}

static void test_read__user_ima(void **state)
{
	_cleanup_evmfile_ struct evmfile f = {0};

	if (fsetxattr(fd, "user.ima", "\1y", 2, 0) < 0) {
		print_message("skipped: user.ima cannot be set in /tmp\n");
		skip();
	}
	assert_int_equal(evmfile_read(&kernel, fd, LABEL_USER, NULL, &f, NULL), 0);
	assert_int_equal(f.file.n_attrs, 1);
	assert_string_equal(f.file.attrs[0].name, "security.ima");
	assert_true(span_is(f.file.attrs[0].value, "\1y"));
	assert_int_equal(evmfile_read(&kernel, fd, LABEL_SECURITY, NULL, &f, NULL), 0);
	assert_int_equal(f.file.n_attrs, 0);
}

static void test_read__errors(void **state)
{
	static const char *const many[40];
	const struct evm_kernel wide = {.extra = many, .n_extra = 33};
	_cleanup_evmfile_ struct evmfile f = {0};
	struct diag d;

	assert_int_equal(evmfile_read(&kernel, -1, LABEL_SECURITY, NULL, &f, &d), -EBADF);
	assert_int_equal(d.id, DIAG_READ);
	assert_int_equal(evmfile_read(&wide, fd, LABEL_SECURITY, NULL, &f, &d), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read__the_file_as_it_is),
		cmocka_unit_test(test_read__what_is_given_instead),
		cmocka_unit_test(test_read__user_ima),
		cmocka_unit_test(test_read__errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
