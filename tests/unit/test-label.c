/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/hashalg.h"
#include "core/appraise/label.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

static char dir[] = "/tmp/imactl-label.XXXXXX";
static int at = -1;

static int make(void **state)
{
	_cleanup_close_ int fd = -1;

	if (!mkdtemp(dir) || (at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	fd = openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fs_write_all(fd, "hello\n", 6) < 0 || mkfifoat(at, "fifo", 0600) < 0 ||
			       symlinkat("/file", at, "inside") < 0 ||
			       symlinkat("file", at, "link") < 0
		       ? -1
		       : 0;
}

static int clear(void **state)
{
	static const char *const names[] = {"file", "fifo", "inside", "link"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(at, names[i], 0);
	close(at);
	return rmdir(dir);
}

static void refuse(int where, const char *path, enum diag_id why)
{
	struct diag d = {0};

	assert_true(label_open(where, path, &d) < 0);
	assert_int_equal(d.id, why);
}

static void test_open__only_plain_files(void **state)
{
	char path[64];

	refuse(at, "none", DIAG_OPEN);
	refuse(at, "fifo", DIAG_NOT_PLAIN);
	refuse(at, "/", DIAG_NOT_PLAIN);
	refuse(AT_FDCWD, "/dev/null", DIAG_NOT_PLAIN);
	refuse(AT_FDCWD, "", DIAG_OPEN);
	(void)snprintf(path, sizeof(path), "%s/inside", dir); /* on this machine: /file */
	refuse(AT_FDCWD, path, DIAG_OPEN);
}

static void test_open__links(void **state)
{
	static const char *const names[] = {"file", "/file",  "//file",
					    "link", "inside", "../../file"};
	char path[64];

	for (size_t i = 0; i < array_size(names); i++) {
		_cleanup_close_ int fd = label_open(at, names[i], NULL);

		print_message("%s\n", names[i]);
		assert_true(fd >= 0);
	}
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	close(label_open(AT_FDCWD, path, NULL));
}

static void test_contents__digest(void **state)
{
	_cleanup_close_ int fd = label_open(at, "file", NULL), data = -1;
	_cleanup_(hash_freep) struct hash_ctx *h = hash_new(HASH_SHA1, NULL);
	struct digest d, want;

	data = label_open_contents(fd, "file", NULL);
	assert_true(data >= 0);
	assert_true(fcntl(data, F_GETFL) & O_NONBLOCK); /* /proc/kmsg waits for ever */
	assert_int_equal(hash_fd(h, HASH_SHA1, data, &d), 0);
	assert_int_equal(hash_of(HASH_SHA1, span_of("hello\n"), &want, NULL), 0);
	assert_true(span_equal(digest_span(&d), digest_span(&want)));
	assert_int_equal(hash_fd(h, HASH_SHA1, -1, &d), -EBADF);
}

static bool set(const char *name, const char *value, size_t len)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/file", dir);
	return setxattr(path, name, value, len, 0) == 0;
}

static void test_read__both_attributes(void **state)
{
	_cleanup_close_ int fd = label_open(at, "file", NULL);
	_cleanup_label_ struct label l = {0};

	assert_int_equal(label_read(fd, LABEL_USER, &l), 0);
	assert_true(l.err[IMAXATTR_IMA] == ENODATA || l.err[IMAXATTR_IMA] == EOPNOTSUPP);
	if (!set("user.ima", "\4\4x", 3)) {
		print_message("skipped: user.ima cannot be set in %s\n", dir);
		skip();
	}
	assert_true(set("user.evm", "\2abcdefghijklmnopqrst", 21));
	for (int again = 0; again < 2; again++) {
		assert_int_equal(label_read(fd, LABEL_USER, &l), 0);
		assert_int_equal(l.err[IMAXATTR_IMA], 0);
		assert_int_equal(l.x[IMAXATTR_IMA].verdict, IMAXATTR_V_SHORT);
		assert_int_equal(l.err[IMAXATTR_EVM], 0);
		assert_int_equal(l.x[IMAXATTR_EVM].type, IMAXATTR_HMAC);
		assert_int_equal(l.x[IMAXATTR_EVM].verdict, IMAXATTR_V_OK);
	}
	assert_int_equal(label_read(fd, LABEL_SECURITY, &l), 0);
	assert_int_not_equal(l.err[IMAXATTR_IMA], 0);
	assert_string_equal(label_name(LABEL_SECURITY, IMAXATTR_EVM), "security.evm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open__only_plain_files),
		cmocka_unit_test(test_open__links),
		cmocka_unit_test(test_contents__digest),
		cmocka_unit_test(test_read__both_attributes),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
