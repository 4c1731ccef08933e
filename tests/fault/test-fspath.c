/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths below a folder, with openat2() and on a kernel that does not have it. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/root.h"

static bool old_kernel;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long arg[4];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < array_size(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && old_kernel) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3]);
}

static char dir[] = "/tmp/imactl-fspath-XXXXXX";
static int at = -1;

/* a/b/file; out -> /, a/up -> ../.., a/abs -> /a/b (which is there only inside). */
static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	at = open(dir, O_PATH | O_DIRECTORY);
	return mkdirat(at, "a", 0755) || mkdirat(at, "a/b", 0755) ||
	       fs_replace_at(at, "a/b/file", "inside", 6, 0600, NULL) ||
	       symlinkat("/", at, "out") || symlinkat("../../../..", at, "a/up") ||
	       symlinkat("/a/b", at, "a/abs") || symlinkat("b/file", at, "a/file") ||
	       symlinkat("self", at, "self");
}

static int teardown(void **state)
{
	static const char *const names[] = {"a/b/file", "a/up", "a/abs",
					    "a/file",	"out",	"self"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(at, names[i], 0);
	(void)unlinkat(at, "a/b", AT_REMOVEDIR);
	(void)unlinkat(at, "a", AT_REMOVEDIR);
	(void)close(at);
	return rmdir(dir);
}

static void test_valid__canonical_only(void **state)
{
	static const char *const bad[] = {"",	   "/a",   "a/",   "a//b", ".",	  "..",
					  "a/./b", "a/..", "../a", "./a",  "a/b/"};
	char longer[300];

	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(fspath_valid(bad[i]));
	assert_true(fspath_valid("a"));
	assert_true(fspath_valid("a/.../b..c/.d"));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(fspath_valid(longer));
}

static int parent(const char *path, char leaf[FSPATH_LEAF_MAX])
{
	_cleanup_close_ int fd = fspath_parent(at, path, leaf);

	return fd < 0 ? fd : 0;
}

static void test_parent__never_through_links(void **state)
{
	char leaf[FSPATH_LEAF_MAX];

	for (int old = 0; old < 2; old++) {
		old_kernel = old;
		assert_int_equal(parent("a/b/file", leaf), 0);
		assert_string_equal(leaf, "file");
		assert_int_equal(parent("top", leaf), 0);
		assert_int_equal(parent("a/abs", leaf), 0); /* a link itself is a leaf */
		assert_int_equal(parent("a/abs/file", leaf), -ELOOP);
		assert_int_equal(parent("out/etc", leaf), -ELOOP);
		assert_int_equal(parent("self/x", leaf), -ELOOP);
		assert_int_equal(parent("a/none/x", leaf), -ENOENT);
		assert_int_equal(parent("a/b/file/x", leaf), -ENOTDIR);
		assert_int_equal(fspath_parent(-1, "x", leaf), -ENOENT);
	}
	old_kernel = false;
}

static void assert_reads(const char *path, const char *want)
{
	_cleanup_close_ int fd = fspath_open_in(at, path, O_RDONLY);
	char text[16] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
}

static int open_in(const char *path)
{
	_cleanup_close_ int fd = fspath_open_in(at, path, O_RDONLY);

	return fd < 0 ? fd : 0;
}

static void each_kernel(void (*check)(void))
{
	check();
	old_kernel = true;
	check();
	old_kernel = false;
}

static int opened(const char *path, int flags)
{
	_cleanup_close_ int fd = fspath_open(at, path, flags);

	return fd < 0 ? fd : 0;
}

static void check_open(void)
{
	assert_int_equal(opened("a/b/file", O_RDONLY), 0);
	assert_int_equal(opened("", O_RDONLY | O_DIRECTORY), 0);
	assert_int_equal(opened("a/b", O_RDONLY | O_DIRECTORY), 0);
	assert_int_equal(opened("a/file", O_RDONLY), -ELOOP);
	assert_int_equal(opened("a/abs/file", O_RDONLY), -ELOOP);
	assert_int_equal(opened("a/none", O_RDONLY), -ENOENT);
}

static void test_open__never_through_links(void **state)
{
	each_kernel(check_open);
}

/* One folder is kept; another path, or another root, opens another one. */
static void check_keep(void)
{
	_cleanup_close_ int b = fspath_open(at, "a/b", O_PATH | O_DIRECTORY);
	struct fspath_folder f = {0};
	char leaf[FSPATH_LEAF_MAX];
	struct stat st, in;
	int fd = fspath_keep_parent(&f, at, "a/b/file", leaf);

	assert_true(fd >= 0);
	assert_string_equal(leaf, "file");
	assert_int_equal(fspath_keep_parent(&f, at, "a/b/other", leaf), fd);
	assert_string_equal(leaf, "other");
	assert_int_equal(f.turn, 1);
	assert_true(fspath_keep_parent(&f, at, "a/bc", leaf) >= 0);
	assert_int_equal(f.turn, 2);
	assert_int_equal(fspath_keep_parent(&f, at, "a/up/x", leaf), -ELOOP);
	assert_true(fspath_keep_parent(&f, at, "top", leaf) >= 0);
	fd = fspath_keep_parent(&f, b, "top", leaf);
	assert_int_equal(fstat(fd, &in), 0);
	assert_int_equal(fstat(b, &st), 0);
	assert_int_equal(in.st_ino, st.st_ino);
	fspath_folder_done(&f);
}

static void test_keep_parent__one_folder(void **state)
{
	each_kernel(check_keep);
}

static void test_open_in__links_stay_inside(void **state)
{
	old_kernel = false;
	assert_reads("a/b/file", "inside");
	assert_reads("a/file", "inside");
	assert_reads("a/abs/file", "inside"); /* from the folder's own top */
	assert_reads("out/a/b/file", "inside");
	assert_reads("a/up/a/b/file", "inside");
	assert_int_equal(open_in("out/etc/passwd"), -ENOENT);
	assert_int_equal(open_in("self"), -ELOOP);
}

/* Without openat2() links are refused rather than followed out. */
/* Renames elsewhere keep the kernel from being sure of a ".."; it is asked again then. */
static void test_open_in__while_others_rename(void **state)
{
	char path[801] = "";
	pid_t child = fork();
	int fd, r = 0;

	assert_true(child >= 0);
	for (int i = 0; i < 160; i++) /* long, so that they come in between */
		strcat(path, "a/../");
	if (child == 0) {
		for (;;) {
			(void)renameat(at, "a/b", at, "a/c");
			(void)renameat(at, "a/c", at, "a/b");
		}
	}
	for (int i = 0; i < 20000 && r == 0; i++) {
		fd = fspath_open_in(at, path, O_PATH);
		if (fd >= 0)
			(void)close(fd);
		else
			r = fd;
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)renameat(at, "a/c", at, "a/b"); /* where it may have been killed */
	assert_int_equal(r, 0);
}

static void test_open_in__old_kernel(void **state)
{
	old_kernel = true;
	assert_reads("a/b/file", "inside");
	assert_int_equal(open_in("a/file"), -ELOOP);
	assert_int_equal(open_in("a/abs/file"), -ELOOP);
	assert_int_equal(open_in("out/etc/passwd"), -ELOOP);
	assert_int_equal(open_in("a/../a/b/file"), -EINVAL);
	old_kernel = false;
}

/* --root with a system whose folders lead elsewhere: our state stays below it. */
static void test_root_make_place__stays_inside(void **state)
{
	struct root root;
	struct stat st;

	for (int old = 0; old < 2; old++) {
		old_kernel = old;
		assert_int_equal(symlinkat("/a/b", at, "var"), 0);
		assert_int_equal(mkdirat(at, "a/b/lib", 0755), 0);
		assert_int_equal(root_open_live(&root, dir, NULL), 0);
		assert_int_equal(root_make_place(&root, ROOT_STATE, 0700, NULL),
				 old ? -ELOOP : 0);
		assert_int_equal(fstatat(at, "a/b/lib/imactl", &st, 0), old ? -1 : 0);
		assert_int_equal(root.dir[ROOT_STATE] >= 0, !old);
		root_done(&root);
		(void)unlinkat(at, "a/b/lib/imactl", AT_REMOVEDIR);
		assert_int_equal(unlinkat(at, "a/b/lib", AT_REMOVEDIR), 0);
		assert_int_equal(unlinkat(at, "var", 0), 0);
	}
	old_kernel = false;
}

/* What lies where the temporary file goes is somebody else's: neither written nor kept.
 */
static void test_fs_replace_at__planted_file(void **state)
{
	struct stat st;

	assert_int_equal(linkat(at, "a/b/file", at, "target.new", 0), 0);
	assert_int_equal(fs_replace_at(at, "target", "ours", 4, 0600, NULL), 0);
	assert_reads("a/b/file", "inside");
	assert_int_equal(fstatat(at, "target", &st, 0), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(unlinkat(at, "target", 0), 0);
	assert_int_equal(symlinkat("a/b/file", at, "target.new"), 0);
	assert_int_equal(fs_replace_at(at, "target", "ours", 4, 0600, NULL), 0);
	assert_reads("a/b/file", "inside");
	assert_int_equal(unlinkat(at, "target", 0), 0);
}

/* Nothing but plain files is opened in a recorded host. */
static void test_root_open__recorded_files_only(void **state)
{
	struct root root;

	assert_int_equal(mkfifoat(at, "cmdline", 0600), 0);
	assert_int_equal(symlinkat("a/b/file", at, "hostname"), 0);
	assert_int_equal(mkdirat(at, "evm", 0700), 0);
	assert_int_equal(symlinkat("/", at, "root"), 0);
	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	assert_int_equal(root_open(&root, ROOT_CMDLINE, NULL), -EOPNOTSUPP);
	assert_int_equal(root_open(&root, ROOT_HOSTNAME, NULL), -ELOOP);
	assert_int_equal(root_open(&root, ROOT_EVM, NULL), -EISDIR);
	assert_int_equal(root.dir[ROOT_TARGET], -1);
	root_done(&root);
	assert_int_equal(unlinkat(at, "cmdline", 0), 0);
	assert_int_equal(unlinkat(at, "hostname", 0), 0);
	assert_int_equal(unlinkat(at, "evm", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(at, "root", 0), 0);
}

static void test_of__the_name_below_the_root(void **state)
{
	_cleanup_close_ int fd = fspath_open_in(at, "a/abs/file", O_PATH);
	_cleanup_close_ int b = fspath_open_in(at, "a/b", O_PATH | O_DIRECTORY);
	_cleanup_close_ int out = open("/dev/null", O_RDONLY | O_CLOEXEC), gone = -1;
	_cleanup_close_ int top = open("/", O_PATH | O_DIRECTORY);
	_cleanup_strbuf_ struct strbuf path = {0};
	char want[128];

	assert_int_equal(fspath_of(at, fd, &path), 0);
	assert_string_equal(strbuf_str(&path), "a/b/file");
	strbuf_clear(&path);
	assert_int_equal(fspath_of(b, fd, &path), 0);
	assert_string_equal(strbuf_str(&path), "file");
	strbuf_clear(&path);
	assert_int_equal(fspath_of(top, fd, &path), 0);
	(void)snprintf(want, sizeof(want), "%s/a/b/file", dir + 1);
	assert_string_equal(strbuf_str(&path), want);
	assert_int_equal(fspath_of(at, out, &path), -EXDEV);
	strbuf_clear(&path);
	assert_int_equal(fspath_of(at, at, &path), 0);
	assert_int_equal(path.len, 0);
	assert_int_equal(fs_replace_at(at, "a/b/gone", "x", 1, 0600, NULL), 0);
	gone = openat(at, "a/b/gone", O_PATH | O_CLOEXEC);
	assert_int_equal(unlinkat(at, "a/b/gone", 0), 0);
	assert_int_equal(fspath_of(at, gone, &path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid__canonical_only),
		cmocka_unit_test(test_parent__never_through_links),
		cmocka_unit_test(test_open__never_through_links),
		cmocka_unit_test(test_keep_parent__one_folder),
		cmocka_unit_test(test_open_in__links_stay_inside),
		cmocka_unit_test(test_open_in__while_others_rename),
		cmocka_unit_test(test_open_in__old_kernel),
		cmocka_unit_test(test_of__the_name_below_the_root),
		cmocka_unit_test(test_root_make_place__stays_inside),
		cmocka_unit_test(test_fs_replace_at__planted_file),
		cmocka_unit_test(test_root_open__recorded_files_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
