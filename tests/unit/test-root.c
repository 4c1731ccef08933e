/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/root.h"

static char dir[] = "/tmp/imactl-root-XXXXXX";

static int setup(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"cmdline", "pcrs-sha256.txt", "violations"};
	char path[64];

	for (size_t i = 0; i < array_size(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

static void put(const char *name, const char *text)
{
	_cleanup_close_ int at = open(dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(fs_replace_at(at, name, text, strlen(text), 0600, NULL), 0);
}

static void test_host__reads_recorded_names(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct root root;
	struct diag d;

	put("cmdline", "ima_policy=tcb\n");
	put("pcrs-sha256.txt", "x");
	assert_int_equal(root_open_host(&root, dir, &d), 0);
	assert_true(root_is_recorded(&root));
	assert_int_equal(root_read(&root, ROOT_CMDLINE, &b, &d), 0);
	assert_string_equal(strbuf_str(&b), "ima_policy=tcb\n");
	assert_int_equal(root_open(&root, ROOT_MEMINFO, &d), -ENOENT);
	_cleanup_close_ int fd = root_open_suffix(&root, ROOT_PCRS, "sha256", &d);
	assert_true(fd >= 0);
	assert_int_equal(root_openat(&root, ROOT_SYS, "class", O_RDONLY, &d), -ENOENT);
	root_done(&root);
}

static void test_host__limit_is_kept(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct root root;
	struct diag d;

	put("violations",
	    "0123456789012345678901234567890123456789012345678901234567890123456789");
	assert_int_equal(root_open_host(&root, dir, &d), 0);
	assert_int_equal(root_read(&root, ROOT_VIOLATIONS, &b, &d), -EFBIG);
	assert_int_equal(d.id, DIAG_TOO_LARGE);
	root_done(&root);
}

/* Somebody who may not write /var/lib keeps journals of their own, made when needed. */
static void test_state__of_ones_own(void **state)
{
	char path[128];
	struct root root, again;
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/home/state/imactl", dir);
	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	assert_int_equal(root_use_state(&root, path), 0);
	assert_int_equal(root_open_again(&root, &again, NULL), 0);
	assert_int_equal(again.dir[ROOT_STATE], -1);
	root_done(&again);
	assert_int_equal(root.dir[ROOT_STATE], -1);
	assert_int_equal(root_make_place(&root, ROOT_STATE, 0700, NULL), 0);
	assert_int_equal(fstat(root.dir[ROOT_STATE], &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(root_open_again(&root, &again, NULL), 0);
	assert_true(again.dir[ROOT_STATE] >= 0);
	assert_int_equal(fstat(again.dir[ROOT_STATE], &st), 0);
	root_done(&again);
	root_done(&root);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rmdir(path), 0);
		*strrchr(path, '/') = '\0';
	}
}

static void test_live__kernel_and_target(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0}, line = {0};
	char path[128];
	struct root root;
	struct diag d;

	assert_int_equal(root_open_live(&root, NULL, &d), 0);
	assert_int_equal(root_read(&root, ROOT_OSRELEASE, &b, &d), 0);
	assert_true(b.len > 3);
	assert_int_equal(root_read_line(&root, ROOT_OSRELEASE, &line, &d), 0);
	assert_int_equal(line.len, b.len - 1); /* what was there stays, the end is cut */
	assert_memory_equal(line.ptr, b.ptr, line.len);
	assert_int_equal(root_open(&root, ROOT_PCRS, &d), -ENOENT);
	assert_string_equal(root_live_path(ROOT_CMDLINE, path, sizeof(path)),
			    "/proc/cmdline");
	root_done(&root);
	assert_int_equal(root_open_live(&root, "/does/not/exist", &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host__reads_recorded_names),
		cmocka_unit_test(test_host__limit_is_kept),
		cmocka_unit_test(test_state__of_ones_own),
		cmocka_unit_test(test_live__kernel_and_target),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
