/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/pkgdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/str.h"
#include "core/host/pkgdb-internal.h"

/* A slot is 46 bits of the path's hash and 18 bits of package number + 1; 0 is free. */
enum { PACKAGE_BITS = 18, NAMES_MAX = (1 << PACKAGE_BITS) - 2, LIST_MAX = 64 << 20 };
enum { DIVERSIONS_MAX = 1 << 20 }; /* each is looked for among all packages */

#define PACKAGE_MASK (((uint64_t)1 << PACKAGE_BITS) - 1)

struct pkgdb {
	uint64_t *slot; /* a power of two of them */
	size_t n_slots, n_files;
	struct strbuf names; /* NUL-terminated, one behind the other */
	uint32_t *name;	     /* offset of each package's name */
	size_t n_names, cap_names;
	const char *kind;
	bool merged; /* /bin is /usr/bin in this root */
	bool loaded;
	bool failed;				   /* memory ran out, or too many files */
	int (*each)(void *user, struct span path); /* NULL; told of each file */
	bool seeks;
	uint64_t sought;      /* hash of the path */
	struct digest digest; /* size 0: it has not come by */
	void *user;
};

int pkgdb_new(struct pkgdb **ret, struct diag *reterr)
{
	struct pkgdb *db = calloc(1, sizeof(*db));

	if (!db)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	*ret = db;
	return 0;
}

static void forget(struct pkgdb *db)
{
	free(db->slot);
	free(db->name);
	strbuf_done(&db->names);
	*db = (struct pkgdb){0};
}

struct pkgdb *pkgdb_free(struct pkgdb *db)
{
	if (!db)
		return NULL;
	forget(db);
	free(db);
	return NULL;
}

/* FNV-1a over the path in the form in which both sides are compared, then mixed, since
 * paths differ mostly at their end. */
struct hasher {
	uint64_t h;
};

static void hash_byte(struct hasher *s, uint8_t c)
{
	s->h = (s->h ^ c) * 0x100000001b3u;
}

static uint64_t hash_end(const struct hasher *s)
{
	uint64_t h = s->h;

	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

/* The kernel writes '_' for ' ' (ima_template_lib.c ima_write_template_field_data), so both
 * read '_'. */
static uint64_t hash_path(struct span prefix, struct span path)
{
	struct hasher s = {.h = 0xcbf29ce484222325u};

	for (size_t i = 0; i < prefix.len; i++)
		hash_byte(&s, prefix.ptr[i]);
	for (size_t i = 0; i < path.len; i++)
		hash_byte(&s, path.ptr[i] == ' ' ? '_' : path.ptr[i]);
	return hash_end(&s);
}

static bool starts_with(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && memcmp(s.ptr, text, n) == 0;
}

/* On a merged root packages may still list /bin/ls, the kernel logs /usr/bin/ls. */
static uint64_t hash_of(const struct pkgdb *db, struct span path)
{
	static const uint8_t usr[] = {'/', 'u', 's', 'r'}; /* compared, never opened */
	bool alias = db->merged &&
		     (starts_with(path, "/bin/") || starts_with(path, "/sbin/") ||
		      starts_with(path, "/lib/") || starts_with(path, "/lib32/") ||
		      starts_with(path, "/lib64/") || starts_with(path, "/libx32/"));

	return hash_path(alias ? (struct span){usr, sizeof(usr)} : (struct span){0},
			 path);
}

/* The bits above the package number both name the home slot and tell paths apart, so a
 * slot can be moved without its path. */
static uint64_t *find_slot(uint64_t *slot, size_t n, uint64_t hash)
{
	size_t at = (hash >> PACKAGE_BITS) & (n - 1);

	while (slot[at] && (slot[at] ^ hash) >> PACKAGE_BITS)
		at = (at + 1) & (n - 1);
	return &slot[at];
}

static bool grow(struct pkgdb *db)
{
	size_t n = db->n_slots ? db->n_slots * 2 : 4096;
	uint64_t *s = calloc(n, sizeof(*s));

	if (!s)
		return false;
	for (size_t i = 0; i < db->n_slots; i++)
		if (db->slot[i])
			*find_slot(s, n, db->slot[i]) = db->slot[i];
	free(db->slot);
	db->slot = s;
	db->n_slots = n;
	return true;
}

int pkgdb_add_package(struct pkgdb *db, struct span name)
{
	if (db->n_names == NAMES_MAX)
		return -ENOSPC;
	if (db->n_names == db->cap_names) {
		size_t cap = db->cap_names ? db->cap_names * 2 : 1024;
		uint32_t *n = reallocarray(db->name, cap, sizeof(*n));

		if (!n)
			return -ENOMEM;
		db->name = n;
		db->cap_names = cap;
	}
	db->name[db->n_names] = (uint32_t)db->names.len;
	strbuf_add(&db->names, name.ptr, name.len);
	strbuf_addc(&db->names, '\0');
	return db->names.failed ? -ENOMEM : (int)db->n_names++;
}

/* @replace: the path changes hands; otherwise the first package to name it keeps it
 * (folders belong to many). */
static void put_file(struct pkgdb *db, struct span path, int package, bool replace)
{
	uint64_t hash = hash_of(db, path), *s;

	if (db->failed || path.len == 0)
		return;
	if (db->n_files >= PKGDB_FILES_MAX ||
	    (db->n_files * 4 >= db->n_slots * 3 && !grow(db))) {
		db->failed = true;
		return;
	}
	s = find_slot(db->slot, db->n_slots, hash);
	if (*s && !replace)
		return;
	db->n_files += !*s;
	if (!*s && db->each && db->each(db->user, path) < 0)
		db->failed = true;
	*s = (hash & ~PACKAGE_MASK) | (uint64_t)(package + 1);
}

void pkgdb_add_file(struct pkgdb *db, struct span path, int package)
{
	put_file(db, path, package, false);
}

static int owner_of(const struct pkgdb *db, struct span path)
{
	if (!db->n_slots || !path.len || path.ptr[0] != '/')
		return PKGDB_NONE;
	return (int)(*find_slot(db->slot, db->n_slots, hash_of(db, path)) &
		     PACKAGE_MASK) -
	       1;
}

int pkgdb_owner(const struct pkgdb *db, struct span path)
{
	return db->loaded ? owner_of(db, path) : PKGDB_NONE;
}

const char *pkgdb_name(const struct pkgdb *db, int package)
{
	return package >= 0 && (size_t)package < db->n_names
		       ? db->names.ptr + db->name[package]
		       : "";
}

bool pkgdb_is_loaded(const struct pkgdb *db)
{
	return db->loaded;
}

const char *pkgdb_kind(const struct pkgdb *db)
{
	return db->kind ? db->kind : "";
}

size_t pkgdb_files(const struct pkgdb *db)
{
	return db->n_files;
}

size_t pkgdb_memory(const struct pkgdb *db)
{
	return sizeof(*db) + db->n_slots * sizeof(uint64_t) + db->names.cap +
	       db->cap_names * sizeof(uint32_t);
}

/* The list files hold folders too; a measured path is never one of those, and on a merged
 * root "/bin" must not claim to be a file. Folders come before what is in them. */
static bool is_folder(struct span line, struct span next)
{
	return next.len > line.len && next.ptr[line.len] == '/' &&
	       memcmp(next.ptr, line.ptr, line.len) == 0;
}

static void add_list(struct pkgdb *db, struct span text, int package)
{
	struct bytes b = bytes_of(text.ptr, text.len);
	struct span line, next;
	bool more = bytes_until(&b, '\n', &line);

	while (more) {
		more = bytes_until(&b, '\n', &next);
		if (line.len && !span_is(line, "/.") && !(more && is_folder(line, next)))
			pkgdb_add_file(db, line, package);
		line = next;
	}
}

static int add_dpkg_list(struct pkgdb *db, int dir, const char *name, struct strbuf *text)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const char *end = strchr(name, ':'); /* libc6:amd64.list */
	size_t len = end ? (size_t)(end - name) : strlen(name) - strlen(".list");
	int package;

	strbuf_clear(text);
	if (fd < 0 || fs_read_fd(fd, LIST_MAX, name, text, NULL) < 0)
		return 0; /* one package less is no reason to know none */
	package = pkgdb_add_package(db, (struct span){(const uint8_t *)name, len});
	if (package < 0)
		return package;
	add_list(db, (struct span){(const uint8_t *)strbuf_str(text), text->len},
		 package);
	return 0;
}

void pkgdb_seek(struct pkgdb *db, const char *path)
{
	db->seeks = true;
	db->sought = hash_of(db, span_of(path));
}

bool pkgdb_seeks(const struct pkgdb *db, struct span path)
{
	return db->seeks && hash_of(db, path) == db->sought;
}

void pkgdb_keep_digest(struct pkgdb *db, enum hash_alg alg, struct span hex)
{
	struct digest d = {.alg = alg, .size = (uint8_t)hash_alg_size(alg)};

	if (d.size && hex.len == 2 * (size_t)d.size && hex_decode(d.value, hex) == 0)
		db->digest = d;
}

const struct digest *pkgdb_digest(const struct pkgdb *db)
{
	return db->digest.size ? &db->digest : NULL;
}

static int find_package(const struct pkgdb *db, struct span name)
{
	for (size_t i = 0; i < db->n_names; i++)
		if (span_is(name, db->names.ptr + db->name[i]))
			return (int)i;
	return PKGDB_NONE;
}

/* dpkg-divert(1), three lines each: the name in packages' lists, the name on disk, and the
 * package whose own file keeps the name (":": the administrator). */
static void add_diversions(struct pkgdb *db, struct span text)
{
	struct bytes b = bytes_of(text.ptr, text.len);
	struct span from, to, by;

	while (bytes_until(&b, '\n', &from) && bytes_until(&b, '\n', &to) &&
	       bytes_until(&b, '\n', &by)) {
		int owner = owner_of(db, from), diverter = find_package(db, by);

		if (owner >= 0 && owner != diverter) {
			put_file(db, to, owner, true);
			if (diverter >= 0)
				put_file(db, from, diverter, true);
		}
	}
}

static bool is_merged(const struct root *root)
{
	struct stat st;

	return root->dir[ROOT_TARGET] >= 0 &&
	       fstatat(root->dir[ROOT_TARGET], "bin", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISLNK(st.st_mode);
}

int pkgdb_load_dpkg(struct pkgdb *db, const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int fd = root_openat(root, ROOT_TARGET, "var/lib/dpkg/info",
			     O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	while (r >= 0 && (d = readdir(dir))) {
		size_t n = strlen(d->d_name);

		if (n > 5 && strcmp(d->d_name + n - 5, ".list") == 0)
			r = add_dpkg_list(db, dirfd(dir), d->d_name, &text);
	}
	(void)closedir(dir);
	fd = root_openat(root, ROOT_TARGET, "var/lib/dpkg/diversions",
			 O_RDONLY | O_NONBLOCK, NULL);
	strbuf_clear(&text);
	if (fd >= 0 && fs_read_fd(fd, DIVERSIONS_MAX, "diversions", &text, NULL) >= 0)
		add_diversions(db, (struct span){(const uint8_t *)strbuf_str(&text),
						 text.len});
	if (fd >= 0)
		(void)close(fd);
	return r < 0 ? r : db->n_files > 0;
}

static int load(struct pkgdb *db, const struct root *root)
{
	int dpkg, rpm;

	db->merged = is_merged(root);
	dpkg = pkgdb_load_dpkg(db, root);
	rpm = dpkg >= 0 ? pkgdb_load_rpm(db, root) : 0;
	if (dpkg < 0 || rpm < 0 || db->failed) {
		forget(db);
		return -ENOMEM;
	}
	db->kind = dpkg > 0 ? "dpkg" : rpm > 0 ? "rpm" : "";
	return 0;
}

int pkgdb_rpm_digest(const struct root *root, const char *path, struct digest *ret)
{
	struct pkgdb db = {.merged = is_merged(root)};
	int r;

	pkgdb_seek(&db, path);
	r = pkgdb_load_rpm(&db, root);
	if (r >= 0 && db.digest.size)
		*ret = db.digest;
	r = r < 0 ? r : db.digest.size > 0;
	forget(&db);
	return r;
}

int pkgdb_load(struct pkgdb *db, const struct root *root, struct diag *reterr)
{
	int r;

	forget(db);
	r = load(db, root);
	if (r < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM,
				"Not enough memory for the package database.");
	db->loaded = true;
	return db->n_files > INT_MAX ? INT_MAX : (int)db->n_files;
}

int pkgdb_each(const struct root *root, int (*file)(void *user, struct span path),
	       void *user, struct diag *reterr)
{
	struct pkgdb db = {.each = file, .user = user};
	int r = load(&db, root);
	int n = db.n_files > INT_MAX ? INT_MAX : (int)db.n_files;

	forget(&db);
	return r < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM,
				"Not enough memory for the package database.")
		     : n;
}

struct load_job {
	struct pool_job job;
	struct pkgdb *db;    /* filled in done() */
	struct pkgdb loaded; /* the worker's own */
	const struct root *root;
	void (*ready)(void *user);
	void *user;
	int result;
};

static void load_run(struct pool_job *job)
{
	struct load_job *j = (struct load_job *)job;

	j->result = load(&j->loaded, j->root);
}

static void load_done(struct pool_job *job)
{
	struct load_job *j = (struct load_job *)job;

	if (j->result >= 0) {
		forget(j->db);
		*j->db = j->loaded;
		j->db->loaded = true;
		if (j->ready)
			j->ready(j->user);
	}
	free(j);
}

int pkgdb_load_async(struct pkgdb *db, const struct root *root, struct pool *pool,
		     void (*ready)(void *user), void *user)
{
	struct load_job *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	*j = (struct load_job){.job = {.run = load_run, .done = load_done},
			       .db = db,
			       .root = root,
			       .ready = ready,
			       .user = user};
	pool_submit(pool, &j->job);
	return 0;
}
