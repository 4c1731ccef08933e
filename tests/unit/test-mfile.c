/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/list/mfile.h"

static int opened(const char *path, bool anywhere, struct diag *d)
{
	int fd = mfile_open(path, anywhere, d);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void test_open__no_list(void **state)
{
	struct diag d = {0};

	assert_int_equal(opened("/nonexistent", false, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
	assert_int_equal(opened("/", false, &d), -EISDIR);
	assert_int_equal(d.id, DIAG_LIST_KIND);
	assert_string_equal(d.text, "/ is a folder, not a measurement list.");
	assert_int_equal(opened("/dev/null", true, &d), 0);
}

/* The console would wait for the other end, or could not go back in it. */
static void test_open__fifo(void **state)
{
	char dir[] = "/tmp/imactl-mfile.XXXXXX", path[64];
	struct diag d = {0};
	int keep;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(opened(path, true, &d), -ESPIPE);
	assert_int_equal(d.id, DIAG_LIST_KIND);
	keep = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(opened(path, false, &d), 0);
	close(keep);
	unlink(path);
	rmdir(dir);
}

static void test_open__standard_input(void **state)
{
	struct diag d = {0};
	int ends[2], saved = dup(STDIN_FILENO);

	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	assert_int_equal(opened("-", false, &d), 0);
	assert_int_equal(opened("-", true, &d), -ESPIPE);
	assert_non_null(strstr(d.text, "standard input"));
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void test_column__by_name(void **state)
{
	assert_int_equal(mfile_column(NULL), 0);
	assert_int_equal(mfile_column("binary_runtime_measurements"), 0);
	assert_int_equal(mfile_column("a_b/binary_runtime_measurements_sha256"), 32);
	assert_int_equal(mfile_bank("x_sha384"), HASH_SHA384);
	assert_true(mfile_bank("list_sha256.bin") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open__no_list),
		cmocka_unit_test(test_open__fifo),
		cmocka_unit_test(test_open__standard_input),
		cmocka_unit_test(test_column__by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
