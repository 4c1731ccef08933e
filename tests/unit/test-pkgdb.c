/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/host/pkgdb.h"

static char dir[64];

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_root(void **state)
{
	char full[256];
	int fd;

	strcpy(dir, "/tmp/imactl-pkgdb-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	if (fs_mkdirs_at(fd, "var/lib/dpkg/info", 0755, NULL) < 0 ||
	    fs_mkdirs_at(fd, "usr/bin", 0755, NULL) < 0)
		return -1;
	close(fd);
	snprintf(full, sizeof(full), "%s/bin", dir);
	if (symlink("usr/bin", full) < 0)
		return -1;
	put("var/lib/dpkg/info/coreutils.list",
	    "/.\n/bin\n/bin/ls\n/usr\n/usr/share\n/usr/share/my file\n");
	put("var/lib/dpkg/info/libc6:amd64.list",
	    "/.\n/lib\n/lib/libc.so.6\n/usr/lib64/x\n");
	put("var/lib/dpkg/info/dash.list", "/usr/bin/sh\n/usr/share/man/sh.1.gz\n");
	put("var/lib/dpkg/info/bash.list", "/usr/bin/bash\n");
	put("var/lib/dpkg/info/bash.md5sums", "not a list\n");
	put("var/lib/dpkg/diversions", "/usr/bin/sh\n/usr/bin/sh.distrib\nbash\n"
				       "/usr/bin/none\n/usr/bin/none.x\n:\n");
	return 0;
}

static int drop_root(void **state)
{
	static const char *const files[] = {"var/lib/dpkg/info/coreutils.list",
					    "var/lib/dpkg/info/libc6:amd64.list",
					    "var/lib/dpkg/info/dash.list",
					    "var/lib/dpkg/info/bash.list",
					    "var/lib/dpkg/info/bash.md5sums",
					    "var/lib/dpkg/diversions",
					    "var/lib/dpkg/info",
					    "var/lib/dpkg",
					    "var/lib",
					    "var",
					    "usr/bin",
					    "usr",
					    "bin",
					    ""};
	char full[256];
	int r = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(full, sizeof(full), "%s/%s", dir, files[i]);
		r |= remove(full);
	}
	return r;
}

static void assert_owner(const struct pkgdb *db, const char *path, const char *want)
{
	const char *got = pkgdb_name(db, pkgdb_owner(db, span_of(path)));

	if (strcmp(got, want) != 0)
		fail_msg("%s: '%s', want '%s'", path, got, want);
}

static void assert_all(const struct pkgdb *db)
{
	assert_string_equal(pkgdb_kind(db), "dpkg");
	assert_owner(db, "/bin/ls", "coreutils");
	assert_owner(db, "/usr/bin/ls", "coreutils"); /* merged root */
	assert_owner(db, "/usr/lib/libc.so.6", "libc6");
	assert_owner(db, "/usr/share/my_file", "coreutils"); /* as the kernel logs it */
	assert_owner(db, "/usr/bin/sh", "bash");	     /* diverted */
	assert_owner(db, "/usr/bin/sh.distrib", "dash");
	assert_owner(db, "/usr/share", "");
	assert_owner(db, "/usr/local/bin/x", "");
	assert_owner(db, "boot_aggregate", "");
	assert_owner(db, "", "");
}

static void test_load__dpkg(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	struct root root;

	assert_int_equal(root_open_live(&root, dir, NULL), 0);
	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_false(pkgdb_is_loaded(db));
	assert_owner(db, "/bin/ls", "");
	assert_int_equal(pkgdb_load(db, &root, NULL), 8);
	assert_all(db);
	root_done(&root);
}

static void count(void *user)
{
	++*(int *)user;
}

static void test_load_async__same(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	_cleanup_(pool_freep) struct pool *pool = NULL;
	struct root root;
	int ready = 0;

	assert_int_equal(root_open_live(&root, dir, NULL), 0);
	assert_int_equal(pool_new(1, &pool, NULL), 0);
	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_int_equal(pkgdb_load_async(db, &root, pool, count, &ready), 0);
	pool_drain(pool);
	assert_int_equal(ready, 1);
	assert_all(db);
	root_done(&root);
}

static void test_load__nothing_there(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	struct root root;

	assert_int_equal(root_open_live(&root, "/proc", NULL), 0);
	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_int_equal(pkgdb_load(db, &root, NULL), 0);
	assert_true(pkgdb_is_loaded(db));
	assert_string_equal(pkgdb_kind(db), "");
	assert_owner(db, "/bin/ls", "");
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load__dpkg),
		cmocka_unit_test(test_load_async__same),
		cmocka_unit_test(test_load__nothing_there),
	};

	return cmocka_run_group_tests(tests, make_root, drop_root);
}
