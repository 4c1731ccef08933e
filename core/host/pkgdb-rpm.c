/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpm's database where it is SQLite's (rpm 4.16 and later, lib/backend/sqlite.c): a table
 * Packages with a header a row. libsqlite3 is loaded at first use, as the TPM's libraries
 * are: where it is missing, lists are read without names.
 *
 * The file belongs to a root that may be somebody else's and hostile, and rpm may be at
 * work on it:
 *
 * - SQLite gets two open descriptors and no path. Its own way in would create -wal and
 *   -shm files beside the database even for a reader, and would follow links out of the
 *   root. Nothing here can write, lock or make a file.
 * - The write-ahead log is read, which "immutable=1" would not do. rpm writes 10 000 pages
 *   into it before they reach the database: a transaction that is running, or was killed,
 *   may be in it as a whole. In exclusive mode SQLite keeps the log's index in its own
 *   memory, so rpm's shared one is neither needed nor touched.
 * - No lock is taken, so rpm can move pages from the log to the database under our eyes.
 *   What is torn is mostly noticed by SQLite; then we read on behind the last package. A
 *   name that is missing or old is a label, never a verdict.
 * - Whatever the file holds costs at most LOAD_MS, and no more memory than BLOB_MAX and
 *   the cache: no views, triggers, virtual tables or functions of the schema's own choice.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/host/loop.h"
#include "core/host/pkgdb-internal.h"

enum {
	TRIES = 3, /* without a package more */
	LOAD_MS = 20000,
	OPS_PER_LOOK = 1000, /* between two looks at the clock */
	BLOB_MAX = 64 << 20, /* a header of 100 000 files is about 20 MiB */
};

#define SQLITE_SYMBOLS(X)                                                                \
	X(vfs_find)                                                                      \
	X(vfs_register)                                                                  \
	X(vfs_unregister)                                                                \
	X(open_v2)                                                                       \
	X(close)                                                                         \
	X(db_config)                                                                     \
	X(limit)                                                                         \
	X(drop_modules)                                                                  \
	X(set_authorizer)                                                                \
	X(progress_handler)                                                              \
	X(exec)                                                                          \
	X(prepare_v2)                                                                    \
	X(bind_int64)                                                                    \
	X(step)                                                                          \
	X(column_int64)                                                                  \
	X(column_blob)                                                                   \
	X(column_bytes)                                                                  \
	X(finalize)

struct sqlite {
#define X(name) __typeof__(&sqlite3_##name) name;
	SQLITE_SYMBOLS(X)
#undef X
};

enum { DATABASE, LOG, FILES };

struct reader {
	struct sqlite sqlite;
	sqlite3_vfs vfs;
	char vfs_name[40]; /* SQLite knows them by name; two loads may run at once */
	int fd[FILES];	   /* the log's may be -1: as if it were empty */
	uint64_t deadline_ms;
	int64_t last; /* number of the last package that was read */
};

/* What SQLite opens: base comes first. */
struct handle {
	sqlite3_file base;
	const struct reader *reader;
	int fd;
};

static bool is_late(const struct reader *r)
{
	return loop_now_ms() > r->deadline_ms;
}

static int handle_close(sqlite3_file *f)
{
	return SQLITE_OK; /* the descriptors are the reader's */
}

/* A short read has to be filled with zeros. */
static int handle_read(sqlite3_file *f, void *buf, int len, sqlite3_int64 offset)
{
	const struct handle *h = (const struct handle *)f;
	size_t got = 0, want = (size_t)len;
	ssize_t n = 1;

	if (is_late(h->reader))
		return SQLITE_IOERR_READ;
	while (h->fd >= 0 && got < want && n != 0) {
		n = pread(h->fd, (char *)buf + got, want - got, offset + (off_t)got);
		if (n < 0 && errno != EINTR)
			return SQLITE_IOERR_READ;
		got += n > 0 ? (size_t)n : 0;
	}
	memset((char *)buf + got, 0, want - got);
	return got == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int handle_write(sqlite3_file *f, const void *buf, int len, sqlite3_int64 offset)
{
	return SQLITE_READONLY;
}

static int handle_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return SQLITE_READONLY;
}

static int handle_nothing(sqlite3_file *f, int flags)
{
	return SQLITE_OK; /* sync, lock, unlock */
}

static int handle_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	const struct handle *h = (const struct handle *)f;
	struct stat st = {0};

	if (h->fd >= 0 && fstat(h->fd, &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*ret = st.st_size;
	return SQLITE_OK;
}

static int handle_reserved(sqlite3_file *f, int *ret)
{
	*ret = 0;
	return SQLITE_OK;
}

static int handle_control(sqlite3_file *f, int op, void *arg)
{
	return SQLITE_NOTFOUND;
}

static int handle_sector(sqlite3_file *f)
{
	return 4096;
}

static int handle_device(sqlite3_file *f)
{
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, /* without shared memory and mmap */
	.xClose = handle_close,
	.xRead = handle_read,
	.xWrite = handle_write,
	.xTruncate = handle_truncate,
	.xSync = handle_nothing,
	.xFileSize = handle_size,
	.xLock = handle_nothing,
	.xUnlock = handle_nothing,
	.xCheckReservedLock = handle_reserved,
	.xFileControl = handle_control,
	.xSectorSize = handle_sector,
	.xDeviceCharacteristics = handle_device,
};

/* The database and its log; no journal and no temporary file. */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *ret, int flags,
		    int *ret_flags)
{
	const struct reader *r = vfs->pAppData;
	struct handle *h = (struct handle *)ret;

	h->base.pMethods = NULL;
	if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return SQLITE_CANTOPEN;
	h->base.pMethods = &methods;
	h->reader = r;
	h->fd = r->fd[flags & SQLITE_OPEN_WAL ? LOG : DATABASE];
	if (ret_flags)
		*ret_flags = SQLITE_OPEN_READONLY;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	*ret = 0;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)snprintf(out, (size_t)size, "%s", name);
	return SQLITE_OK;
}

/* False: the library is not there, or too old. It stays loaded. */
static bool load_sqlite(struct sqlite *s)
{
	void *lib = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return false;
#define X(name)                                                                          \
	*(void **)&s->name = dlsym(lib, "sqlite3_" #name);                               \
	if (!s->name)                                                                    \
		return false;
	SQLITE_SYMBOLS(X)
#undef X
	return true;
}

/* The rest (sleeping, the clock, random numbers) is the default's. */
static int register_vfs(struct reader *r)
{
	const sqlite3_vfs *base = r->sqlite.vfs_find(NULL);

	if (!base)
		return SQLITE_ERROR;
	(void)snprintf(r->vfs_name, sizeof(r->vfs_name), "imactl-%p", (void *)r);
	r->vfs = *base;
	r->vfs.iVersion = 1;
	r->vfs.szOsFile = sizeof(struct handle);
	r->vfs.pNext = NULL;
	r->vfs.zName = r->vfs_name;
	r->vfs.pAppData = r;
	r->vfs.xOpen = vfs_open;
	r->vfs.xDelete = vfs_delete;
	r->vfs.xAccess = vfs_access;
	r->vfs.xFullPathname = vfs_full_path;
	return r->sqlite.vfs_register(&r->vfs, 0);
}

static int stop_when_late(void *user)
{
	return is_late(user);
}

/* Our statement may read and call what it names; nothing may that lies in a view. */
static int authorize(void *user, int action, const char *a, const char *b,
		     const char *database, const char *view)
{
	return !view && (action == SQLITE_SELECT || action == SQLITE_READ ||
			 action == SQLITE_FUNCTION)
		       ? SQLITE_OK
		       : SQLITE_DENY;
}

/* The longest statement of rpm's schema has 150 bytes, its widest table 3 columns; that of
 * sqlite_stat4 has 6. Functions of one argument cannot be made to take long. */
static void confine(struct reader *r, sqlite3 *db)
{
	static const struct {
		int id, value;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, BLOB_MAX},   {SQLITE_LIMIT_SQL_LENGTH, 1024},
		{SQLITE_LIMIT_COLUMN, 8},	   {SQLITE_LIMIT_EXPR_DEPTH, 8},
		{SQLITE_LIMIT_COMPOUND_SELECT, 1}, {SQLITE_LIMIT_FUNCTION_ARG, 1},
		{SQLITE_LIMIT_ATTACHED, 0},	   {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_WORKER_THREADS, 0},
	};

	for (size_t i = 0; i < array_size(limits); i++)
		(void)r->sqlite.limit(db, limits[i].id, limits[i].value);
	(void)r->sqlite.drop_modules(db, NULL);
	r->sqlite.progress_handler(db, OPS_PER_LOOK, stop_when_late, r);
	(void)r->sqlite.set_authorizer(db, authorize, NULL);
}

static int configure(struct reader *r, sqlite3 *db)
{
	static const struct {
		int id, value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; i < array_size(options) && rc == SQLITE_OK; i++)
		rc = r->sqlite.db_config(db, options[i].id, options[i].value, NULL);
	/* Before the file is first read: exclusive, or the log cannot be. */
	if (rc == SQLITE_OK)
		rc = r->sqlite.exec(db,
				    "PRAGMA locking_mode=EXCLUSIVE;"
				    "PRAGMA cell_size_check=ON;"
				    "PRAGMA temp_store=MEMORY",
				    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		confine(r, db);
	return rc;
}

/* SQLITE_DONE: all were seen. A damaged header costs its own package. */
static int read_rows(struct reader *r, sqlite3_stmt *rows, struct pkgdb *pkgs, int *ret)
{
	int rc;

	while ((rc = r->sqlite.step(rows)) == SQLITE_ROW && !is_late(r)) {
		int len = r->sqlite.column_bytes(rows, 1), n;
		const void *blob = r->sqlite.column_blob(rows, 1);

		r->last = r->sqlite.column_int64(rows, 0);
		n = blob ? pkgdb_add_rpm_header(pkgs, (struct span){blob, (size_t)len})
			 : 0;
		if (n < 0 && n != -EBADMSG) {
			*ret = n;
			break;
		}
	}
	return rc;
}

/* Type and length of a value are known without reading it. */
static int read_packages(struct reader *r, sqlite3 *db, struct pkgdb *pkgs, int *ret)
{
	static const char query[] =
		"SELECT rowid, blob FROM main.Packages NOT INDEXED WHERE rowid > ?1 "
		"AND typeof(blob) = 'blob' AND length(blob) <= ?2 ORDER BY rowid";
	sqlite3_stmt *rows = NULL;
	int rc = configure(r, db);

	if (rc == SQLITE_OK)
		rc = r->sqlite.prepare_v2(db, query, -1, &rows, NULL);
	if (rc == SQLITE_OK)
		rc = r->sqlite.bind_int64(rows, 1, r->last);
	if (rc == SQLITE_OK)
		rc = r->sqlite.bind_int64(rows, 2, BLOB_MAX);
	if (rc == SQLITE_OK)
		rc = read_rows(r, rows, pkgs, ret);
	(void)r->sqlite.finalize(rows);
	return rc;
}

/* -1: not there, or no plain file. */
static int open_plain(const struct root *root, const char *path)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_TARGET, path, O_RDONLY | O_NONBLOCK, NULL);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? take_fd(&fd) : -1;
}

static void close_database(struct reader *r)
{
	for (size_t i = 0; i < FILES; i++) {
		cleanup_closep(&r->fd[i]);
		r->fd[i] = -1;
	}
}

/* %_dbpath of Fedora, of RHEL 9, of ostree: where two are there, one leads to the other. */
static bool open_database(struct reader *r, const struct root *root)
{
	static const char *const places[][FILES] = {
#define PLACE(folder) {folder "/rpmdb.sqlite", folder "/rpmdb.sqlite-wal"}
		PLACE("usr/lib/sysimage/rpm"),
		PLACE("var/lib/rpm"),
		PLACE("usr/share/rpm"),
#undef PLACE
	};

	close_database(r);
	for (size_t i = 0; i < array_size(places) && r->fd[DATABASE] < 0; i++) {
		r->fd[DATABASE] = open_plain(root, places[i][DATABASE]);
		if (r->fd[DATABASE] >= 0)
			r->fd[LOG] = open_plain(root, places[i][LOG]);
	}
	return r->fd[DATABASE] >= 0;
}

static int read_database(struct reader *r, struct pkgdb *pkgs, int *ret)
{
	sqlite3 *db = NULL;
	int rc = r->sqlite.open_v2("rpmdb", &db,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
					   SQLITE_OPEN_PRIVATECACHE,
				   r->vfs_name);

	if (rc == SQLITE_OK)
		rc = read_packages(r, db, pkgs, ret);
	(void)r->sqlite.close(db);
	return rc;
}

/* Where rpm moved what was being read: again from the last package on, while that helps. */
static int read_on(struct reader *r, const struct root *root, struct pkgdb *pkgs)
{
	int ret = 0, rc, tries = 0;
	int64_t before;

	do {
		before = r->last;
		rc = read_database(r, pkgs, &ret);
		tries = r->last > before ? 0 : tries + 1;
	} while (rc != SQLITE_DONE && ret >= 0 && tries < TRIES && !is_late(r) &&
		 open_database(r, root));
	return ret;
}

int pkgdb_load_rpm(struct pkgdb *db, const struct root *root)
{
	struct reader r = {.fd = {-1, -1}, .deadline_ms = loop_now_ms() + LOAD_MS};
	size_t before = pkgdb_files(db);
	int ret = 0;

	if (open_database(&r, root) && load_sqlite(&r.sqlite) &&
	    register_vfs(&r) == SQLITE_OK) {
		ret = read_on(&r, root, db);
		(void)r.sqlite.vfs_unregister(&r.vfs);
	}
	close_database(&r);
	return ret < 0 ? ret : pkgdb_files(db) > before;
}
