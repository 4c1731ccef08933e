/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package names from a database that the real rpm wrote (tests/cli/make-rpmdb), and from
 * what becomes of it in bad hands. Skipped (77) where rpm is not installed.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/hashalg.h"
#include "core/host/pkgdb.h"

#define FOLDER	 "var/lib/rpm"
#define DATABASE FOLDER "/rpmdb.sqlite"

enum { SKIPPED = 77 };

static char template[] = "/tmp/imactl-rpm-XXXXXX";

struct host {
	char dir[64];
	int fd;
	struct root root;
	sqlite3 *db; /* a writer's, once one is there */
};

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int make_template(void)
{
	char script[512];
	pid_t pid;
	int status;

	(void)snprintf(script, sizeof(script), "%s/tests/cli/make-rpmdb",
		       getenv("IMACTL_SOURCE"));
	if (!mkdtemp(template) || (pid = fork()) < 0)
		return 1;
	if (pid == 0) {
		(void)execl(script, script, template, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* An empty root but for usr/bin, which bin is a link to. */
static int setup_empty(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	strcpy(h->dir, "/tmp/imactl-rpm-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->fd = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_mkdirs_at(h->fd, "usr/bin", 0755, NULL), 0);
	assert_int_equal(fs_mkdirs_at(h->fd, FOLDER, 0755, NULL), 0);
	assert_int_equal(symlinkat("usr/bin", h->fd, "bin"), 0);
	assert_int_equal(root_open_live(&h->root, h->dir, NULL), 0);
	*state = h;
	return 0;
}

static void put(struct host *h, const char *path, const void *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(h->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, len), 0);
}

static void read_template(struct strbuf *out)
{
	_cleanup_close_ int fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fs_read_at(fd, DATABASE, 64 << 20, out, NULL), 0);
}

static int setup(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	read_template(&b);
	(void)setup_empty(state);
	put(*state, DATABASE, b.ptr, b.len);
	return 0;
}

static int teardown(void **state)
{
	struct host *h = *state;

	(void)sqlite3_close(h->db);
	root_done(&h->root);
	(void)close(h->fd);
	(void)nftw(h->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(h);
	return 0;
}

static void sql(struct host *h, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/" DATABASE, h->dir);
	if (!h->db) {
		assert_int_equal(sqlite3_open(path, &h->db), SQLITE_OK);
		sql(h, "PRAGMA synchronous = OFF");
	}
	if (sqlite3_exec(h->db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(h->db));
}

/* Everything into the database, nothing beside it. */
static void settle(struct host *h)
{
	sql(h, "PRAGMA journal_mode = DELETE");
	assert_int_equal(sqlite3_close(h->db), SQLITE_OK);
	h->db = NULL;
}

static struct pkgdb *loaded(struct host *h)
{
	struct pkgdb *db = NULL;

	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_true(pkgdb_load(db, &h->root, NULL) >= 0);
	return db;
}

static void assert_owner(const struct pkgdb *db, const char *path, const char *want)
{
	const char *got = pkgdb_name(db, pkgdb_owner(db, span_of(path)));

	if (strcmp(got, want) != 0)
		fail_msg("%s: '%s', want '%s'", path, got, want);
}

static void assert_nothing(struct host *h)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = loaded(h);

	assert_int_equal(pkgdb_files(db), 0);
	assert_string_equal(pkgdb_kind(db), "");
	assert_owner(db, "/usr/bin/alpha", "");
}

static void test_load__no_database(void **state)
{
	struct host *h = *state;
	_cleanup_strbuf_ struct strbuf b = {0};
	char *evil;

	assert_nothing(h);
	put(h, DATABASE, "", 0);
	assert_nothing(h);
	put(h, DATABASE, "SQLite format 3", 16);
	assert_nothing(h);
	evil = malloc(100000);
	assert_non_null(evil);
	memset(evil, 0xff, 100000);
	put(h, DATABASE, evil, 100000);
	free(evil);
	assert_nothing(h);
	read_template(&b);
	memset(b.ptr + 100, 0xff, b.len - 100); /* behind the file's header */
	put(h, DATABASE, b.ptr, b.len);
	assert_nothing(h);
}

/* Nothing is waited for, and no link leads out. */
static void test_load__no_plain_file(void **state)
{
	struct host *h = *state;
	char path[64];

	assert_int_equal(mkdirat(h->fd, DATABASE, 0755), 0);
	assert_nothing(h);
	assert_int_equal(unlinkat(h->fd, DATABASE, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(h->fd, DATABASE, 0644), 0);
	assert_nothing(h);
	assert_int_equal(unlinkat(h->fd, DATABASE, 0), 0);
	(void)snprintf(path, sizeof(path), "%s/" DATABASE, template);
	assert_int_equal(symlinkat(path, h->fd, DATABASE), 0);
	assert_nothing(h);
	assert_int_equal(unlinkat(h->fd, FOLDER "/rpmdb.sqlite", 0), 0);
	assert_int_equal(unlinkat(h->fd, FOLDER, AT_REMOVEDIR), 0);
	(void)snprintf(path, sizeof(path), "%s/" FOLDER, template);
	assert_int_equal(symlinkat(path, h->fd, FOLDER), 0);
	assert_nothing(h);
}

/* Schemas that would run what their author wrote, or for ever. */
static void test_load__hostile_schema(void **state)
{
	static const char *const schemas[] = {
		"CREATE VIEW Packages(rowid, hnum, blob) AS SELECT hnum, hnum, blob FROM P",
		"CREATE VIEW Packages(rowid, blob) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION "
		"ALL SELECT i + 1 FROM n) SELECT i, zeroblob(9) FROM n",
		"CREATE VIRTUAL TABLE Packages USING fts5(blob);"
		"INSERT INTO Packages(rowid, blob) SELECT hnum, blob FROM P",
		"CREATE VIRTUAL TABLE Packages USING rtree(hnum, blob, more)",
		"CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, a, b, c, d, e, f, g, blob);"
		"INSERT INTO Packages(hnum, blob) SELECT hnum, blob FROM P",
		"CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, raw BLOB, blob BLOB AS "
		"(ifnull(raw, x'00')));"
		"INSERT INTO Packages(hnum, raw) SELECT hnum, blob FROM P",
		"CREATE TABLE Packages(blob TEXT);"
		"INSERT INTO Packages SELECT CAST(blob AS TEXT) FROM P",
		"CREATE TABLE Packages(blob BLOB PRIMARY KEY) WITHOUT ROWID;"
		"INSERT INTO Packages SELECT blob FROM P",
		"CREATE TABLE packages(blob INTEGER);"
		"INSERT INTO Packages VALUES(NULL), (1), (0.5), (x'00'), ('')",
		"CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob);"
		"INSERT INTO Packages SELECT hnum, blob FROM P;"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'Packages'",
	};

	for (size_t i = 0; i < array_size(schemas); i++) {
		struct host *h;
		void *one;

		(void)setup(&one);
		h = one;
		sql(h, "ALTER TABLE Packages RENAME TO P");
		sql(h, schemas[i]);
		settle(h);
		assert_nothing(h);
		(void)teardown(&one);
	}
}

static void test_load__damaged_header(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	struct host *h = *state;

	sql(h,
	    "UPDATE Packages SET blob = substr(blob, 1, length(blob) - 1) WHERE hnum = 1");
	sql(h, "INSERT INTO Packages VALUES(0, x'00'), (4, ''), (5, NULL OR 7), (6, "
	       "zeroblob(67108865)), (7, CAST(zeroblob(67108865) AS TEXT))");
	sql(h, "INSERT INTO Packages SELECT 8, blob FROM Packages WHERE hnum = 3");
	sql(h, "DELETE FROM Packages WHERE hnum = 3");
	settle(h);
	db = loaded(h);
	assert_owner(db, "/usr/bin/alpha", "");
	assert_owner(db, "/usr/bin/beta", "beta");
	assert_owner(db, "/usr/share/replaced", "gamma");
}

static uint32_t next(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* A flipped byte of one header is nothing to the others. */
static void test_load__flipped_header(void **state)
{
	struct host *h = *state;
	uint32_t seed = 2463534242u;
	char text[256];

	sql(h, "CREATE TABLE Good AS SELECT blob FROM Packages WHERE hnum = 1");
	for (int i = 0; i < 200; i++) {
		struct pkgdb *db;
		uint32_t at = next(&seed) % 800 + 1;

		(void)snprintf(
			text, sizeof(text),
			"UPDATE Packages SET blob = (SELECT substr(blob, 1, %u) || "
			"x'%02x' || substr(blob, %u) FROM Good) WHERE hnum = 1",
			at - 1, next(&seed) & 0xff, at + 1);
		sql(h, text);
		db = loaded(h);
		assert_owner(db, "/usr/bin/beta", "beta");
		assert_owner(db, "/usr/share/replaced", "gamma");
		pkgdb_free(db);
	}
}

/* Damage below SQLite: it ends, and what it says is one of ours or nothing. */
static void test_load__flipped_pages(void **state)
{
	struct host *h = *state;
	_cleanup_strbuf_ struct strbuf b = {0};
	uint32_t seed = 88675123u;

	read_template(&b);
	for (int i = 0; i < 300; i++) {
		struct pkgdb *db;
		char saved[8];
		size_t at[8];

		for (size_t k = 0; k < 8; k++) { /* half of them where the trees are */
			at[k] = next(&seed) % (k % 2 ? b.len : 200);
			saved[k] = b.ptr[at[k]];
			b.ptr[at[k]] = (char)next(&seed);
		}
		put(h, DATABASE, b.ptr, b.len);
		db = loaded(h);
		assert_true(pkgdb_files(db) <= 100);
		pkgdb_free(db);
		for (size_t k = 8; k-- > 0;)
			b.ptr[at[k]] = saved[k];
	}
}

static void assert_packages(struct host *h, const char *kind)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = loaded(h);

	assert_string_equal(pkgdb_kind(db), kind);
	assert_owner(db, "/usr/bin/alpha", "alpha");
	assert_owner(db, "/usr/share/alpha/my_file", "alpha"); /* as the kernel logs it */
	assert_owner(db, "/usr/share/alpha/common", "alpha");  /* beta's too */
	assert_owner(db, "/bin/beta", "beta");
	assert_owner(db, "/usr/bin/beta", "beta"); /* merged root */
	assert_owner(db, "/usr/share/replaced", "gamma");
	assert_owner(db, "/usr/share/alpha", ""); /* a folder */
	assert_owner(db, "/usr/bin/gamma", "");
}

static void test_load__real(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = loaded(*state);

	assert_packages(*state, "rpm");
	assert_int_equal(pkgdb_files(db), 5);
}

/* What rpm wrote down is the digest of what was packed, by whichever name. */
static void test_rpm_digest__real(void **state)
{
	struct host *h = *state;
	struct digest listed, is;

	assert_int_equal(pkgdb_rpm_digest(&h->root, "/usr/bin/gamma", &listed), 0);
	assert_int_equal(pkgdb_rpm_digest(&h->root, "/usr/share/alpha", &listed), 0);
	assert_int_equal(pkgdb_rpm_digest(&h->root, "/usr/bin/beta", &listed), 1);
	assert_int_equal(hash_of(listed.alg, span_of("beta\n"), &is, NULL), 0);
	assert_true(span_equal(digest_span(&is), digest_span(&listed)));
}

/* As on Fedora: the database below usr, a link where it was. */
static void test_load__sysimage(void **state)
{
	struct host *h = *state;

	assert_int_equal(fs_mkdirs_at(h->fd, "usr/lib/sysimage", 0755, NULL), 0);
	assert_int_equal(renameat(h->fd, FOLDER, h->fd, "usr/lib/sysimage/rpm"), 0);
	assert_packages(h, "rpm");
	assert_int_equal(symlinkat("../../usr/lib/sysimage/rpm", h->fd, FOLDER), 0);
	assert_packages(h, "rpm");
	assert_int_equal(renameat(h->fd, "usr/lib/sysimage/rpm", h->fd, "usr/share"), 0);
	assert_int_equal(unlinkat(h->fd, FOLDER, 0), 0);
	assert_int_equal(symlinkat("/usr/share", h->fd, FOLDER), 0); /* of this root */
	assert_packages(h, "rpm");
}

static void test_load__beside_dpkg(void **state)
{
	static const char list[] = "/usr/bin/tool\n/usr/bin/alpha\n";
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	struct host *h = *state;

	assert_int_equal(fs_mkdirs_at(h->fd, "var/lib/dpkg/info", 0755, NULL), 0);
	put(h, "var/lib/dpkg/info/tool.list", list, strlen(list));
	db = loaded(h);
	assert_string_equal(pkgdb_kind(db), "dpkg");
	assert_owner(db, "/usr/bin/tool", "tool");
	assert_owner(db, "/usr/bin/alpha", "tool");
	assert_owner(db, "/usr/bin/beta", "beta");
}

/* Names, sizes and times of the folder's files, and their content's sum. */
static void describe(struct host *h, struct strbuf *out)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal"};

	strbuf_clear(out);
	for (size_t i = 0; i < array_size(names); i++) {
		_cleanup_strbuf_ struct strbuf b = {0};
		unsigned long sum = 0;
		char path[64];
		struct stat st;

		(void)snprintf(path, sizeof(path), DATABASE "%s", names[i]);
		if (fstatat(h->fd, path, &st, 0) < 0)
			continue;
		assert_int_equal(fs_read_at(h->fd, path, 64 << 20, &b, NULL), 0);
		for (size_t k = 0; k < b.len; k++)
			sum = sum * 31 + (uint8_t)b.ptr[k];
		strbuf_addf(out, "%s %zu %lld.%09ld %lx\n", path, b.len,
			    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, sum);
	}
}

static void assert_untouched(struct host *h, const char *path, const char *want)
{
	_cleanup_strbuf_ struct strbuf before = {0}, after = {0};
	struct pkgdb *db;

	describe(h, &before);
	db = loaded(h);
	assert_owner(db, path, want);
	pkgdb_free(db);
	describe(h, &after);
	assert_string_equal(strbuf_str(&before), strbuf_str(&after));
}

/* A transaction that runs, or was killed: all of it may be in the log alone. */
static void test_load__write_ahead_log(void **state)
{
	struct host *h = *state;

	assert_untouched(h, "/usr/bin/alpha", "alpha"); /* no log: none is made */
	sql(h, "PRAGMA wal_autocheckpoint = 0; ALTER TABLE Packages RENAME TO P");
	assert_untouched(h, "/usr/bin/alpha", "");
	sql(h, "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB);"
	       "INSERT INTO Packages SELECT * FROM P WHERE hnum = 1");
	assert_untouched(h, "/usr/bin/alpha", "alpha");
	assert_untouched(h, "/usr/bin/beta", "");
	sql(h, "BEGIN; INSERT INTO Packages SELECT * FROM P WHERE hnum > 1");
	assert_untouched(h, "/usr/bin/beta", ""); /* not committed */
	sql(h, "COMMIT");
	assert_untouched(h, "/usr/bin/beta", "beta");
	sql(h, "PRAGMA wal_checkpoint = TRUNCATE"); /* as rpm does when it ends */
	assert_untouched(h, "/usr/bin/beta", "beta");
}

static void test_load__damaged_log(void **state)
{
	struct host *h = *state;
	char junk[3000];

	memset(junk, 0x37, sizeof(junk));
	put(h, DATABASE "-wal", junk, sizeof(junk));
	assert_packages(h, "rpm");
	memcpy(junk, "\x37\x7f\x06\x82\x00\x2d\xe2\x18\x00\x00\x10\x00", 12);
	put(h, DATABASE "-wal", junk, sizeof(junk));
	assert_packages(h, "rpm");
	assert_int_equal(unlinkat(h->fd, DATABASE "-wal", 0), 0);
	assert_int_equal(mkfifoat(h->fd, DATABASE "-wal", 0644), 0);
	assert_packages(h, "rpm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load__no_database, setup_empty,
						teardown),
		cmocka_unit_test_setup_teardown(test_load__no_plain_file, setup_empty,
						teardown),
		cmocka_unit_test(test_load__hostile_schema),
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_load__damaged_header),
		TEST(test_load__flipped_header),
		TEST(test_load__flipped_pages),
		TEST(test_load__real),
		TEST(test_rpm_digest__real),
		TEST(test_load__sysimage),
		TEST(test_load__beside_dpkg),
		TEST(test_load__write_ahead_log),
		TEST(test_load__damaged_log),
#undef TEST
	};
	int r;

	r = make_template();
	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	else if (r != SKIPPED)
		(void)fprintf(stderr, "make-rpmdb failed\n");
	(void)nftw(template, drop, 8, FTW_DEPTH | FTW_PHYS);
	return r;
}
