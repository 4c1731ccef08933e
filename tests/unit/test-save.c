/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "tui/save.h"

static char dir[] = "/tmp/imactl-save-XXXXXX";
static struct mstore *store;
static int list = -1;

static const char *in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int setup(void **state)
{
	char path[1024];

	(void)snprintf(path, sizeof(path),
		       "%s/tests/fixtures/console/web07/binary_runtime_measurements",
		       getenv("IMACTL_SOURCE"));
	list = open(path, O_RDONLY | O_CLOEXEC);
	return list < 0 || !mkdtemp(dir) || mstore_open(list, 0, &store, NULL) < 0 ||
	       mstore_load(store, NULL) < 0;
}

static int teardown(void **state)
{
	mstore_free(store);
	(void)close(list);
	return rmdir(dir); /* fails when anything was left behind */
}

static struct save_what all(void)
{
	static const struct filter_context ctx;

	return (struct save_what){.format = EXPORT_BINARY, .store = store, .ctx = &ctx};
}

static int finish(struct save *s, struct diag *d)
{
	int r;

	while ((r = save_step(s, 1000, d)) > 0)
		;
	return r;
}

static void expect_size(const char *path, off_t size)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
}

static void test_save_step__whole_list(void **state)
{
	struct save_what what = all();
	struct save *s = NULL;
	struct stat st;

	assert_int_equal(save_start(&what, in_dir("out"), false, &s, NULL), 0);
	assert_int_equal(access(in_dir("out"), F_OK), -1); /* not before it is whole */
	assert_int_equal(finish(s, NULL), 0);
	assert_int_equal(save_count(s), 238);
	save_free(s);
	assert_int_equal(fstat(list, &st), 0);
	expect_size(in_dir("out"), st.st_size);
	assert_int_equal(unlink(in_dir("out")), 0);
}

static void test_save_start__exists(void **state)
{
	struct save_what what = all();
	struct save *s = NULL;
	struct diag d = {0};
	int fd = open(in_dir("mine"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(fs_write_all(fd, "mine", 4), 0);
	(void)close(fd);
	assert_int_equal(save_start(&what, in_dir("mine"), false, &s, &d), -EEXIST);
	assert_int_equal(d.id, DIAG_EXISTS);
	expect_size(in_dir("mine"), 4);
	assert_int_equal(save_start(&what, in_dir("mine"), true, &s, &d), 0);
	expect_size(in_dir("mine"), 4); /* still, until the other is whole */
	save_free(s);
	expect_size(in_dir("mine"), 4); /* cancelled */
	assert_int_equal(unlink(in_dir("mine")), 0);
}

/* One that appears while the export is written is not replaced either. */
static void test_save_step__appears_meanwhile(void **state)
{
	struct save_what what = all();
	struct save *s = NULL;
	struct diag d = {0};
	int fd;

	assert_int_equal(save_start(&what, in_dir("late"), false, &s, NULL), 0);
	fd = open(in_dir("late"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(finish(s, &d), -EEXIST);
	save_free(s);
	expect_size(in_dir("late"), 0);
	assert_int_equal(unlink(in_dir("late")), 0);
}

/* Through a link, or onto what is no file: never. */
static void test_save_start__no_link(void **state)
{
	struct save_what what = all();
	struct save *s = NULL;
	struct diag d = {0};

	assert_int_equal(symlink("elsewhere", in_dir("link")), 0);
	assert_true(save_start(&what, in_dir("link"), true, &s, &d) < 0);
	assert_true(save_start(&what, dir, true, &s, &d) < 0);
	assert_true(save_start(&what, in_dir("no/such/folder"), true, &s, &d) < 0);
	assert_null(s);
	assert_int_equal(unlink(in_dir("link")), 0);
}

static void test_save_step__marks_and_filter(void **state)
{
	static const mref marks[] = {0, 5, 9};
	struct save_what what = all();
	struct save *s = NULL;
	struct filter *f = NULL;

	what.marks = marks;
	what.n_marks = 3;
	assert_int_equal(save_start(&what, in_dir("out"), false, &s, NULL), 0);
	assert_int_equal(finish(s, NULL), 0);
	assert_int_equal(save_count(s), 3);
	save_free(s);
	what = all();
	assert_int_equal(filter_new("vio", &f, NULL), 0);
	what.filter = f;
	assert_int_equal(save_start(&what, in_dir("out"), true, &s, NULL), 0);
	filter_free(f); /* it was copied */
	assert_int_equal(finish(s, NULL), 0);
	assert_int_equal(save_count(s), 3);
	save_free(s);
	assert_int_equal(unlink(in_dir("out")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_save_step__whole_list),
		cmocka_unit_test(test_save_start__exists),
		cmocka_unit_test(test_save_step__appears_meanwhile),
		cmocka_unit_test(test_save_start__no_link),
		cmocka_unit_test(test_save_step__marks_and_filter),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
