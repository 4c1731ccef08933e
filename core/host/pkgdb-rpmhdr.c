/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One package as rpm's databases hold it: an exported header (rpm 4.18 lib/header.c
 * headerExport()). Two counts, an index of 16 bytes a tag, the data the index points
 * into; big-endian. Tags that were added when the package was installed come last and
 * stand for those before them (headerImport(): dribble entries).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/str.h"
#include "core/host/pkgdb-internal.h"

enum {
	INDEX_MAX = 0xffff, /* rpm's own limit of tags */
	DIRS_MAX = 1 << 18, /* of one package */
	NAME_MAX_LEN = 255,
	PATHS_MAX = 64 << 20, /* bytes of all paths of one package: folders are named by
				 number, so a small header can stand for terabytes */
};

enum field {
	NAME,
	OLD_NAMES,
	STATES,
	MODES,
	DIGESTS,
	DIR_INDEXES,
	BASE_NAMES,
	DIR_NAMES,
	DIGEST_ALG,
	FIELDS
};
enum type { CHAR = 1, INT16 = 3, INT32 = 4, STRING = 6, STRING_ARRAY = 8 };

/* rpm 4.18 include/rpm/rpmtag.h. @size: of an element, 0: each ends in NUL. */
static const struct {
	uint32_t tag;
	enum type type;
	uint32_t size;
} known[FIELDS] = {
	[NAME] = {1000, STRING, 0},
	[OLD_NAMES] = {1027, STRING_ARRAY, 0},
	[STATES] = {1029, CHAR, 1},
	[MODES] = {1030, INT16, 2},
	[DIGESTS] = {1035, STRING_ARRAY, 0},
	[DIR_INDEXES] = {1116, INT32, 4},
	[BASE_NAMES] = {1117, STRING_ARRAY, 0},
	[DIR_NAMES] = {1118, STRING_ARRAY, 0},
	[DIGEST_ALG] = {5011, INT32, 4},
};

struct header {
	struct bytes at[FIELDS];
	uint32_t count[FIELDS]; /* 0: not there */
};

/* An entry of the index. Tags nobody asks for are not looked at: rpm keeps some with
 * types and offsets of their own. */
static int read_entry(struct header *h, struct bytes *index, struct span data)
{
	uint32_t tag, type, offset, count;

	if (!bytes_u32(index, &tag) || !bytes_u32(index, &type) ||
	    !bytes_u32(index, &offset) || !bytes_u32(index, &count))
		return -EBADMSG;
	for (size_t i = 0; i < FIELDS; i++) {
		if (tag != known[i].tag)
			continue;
		if (type != known[i].type || count == 0 || offset > data.len ||
		    (uint64_t)count * known[i].size > data.len - offset)
			return -EBADMSG;
		h->at[i] = bytes_of(data.ptr, data.len);
		h->at[i].pos = offset;
		h->at[i].big_endian = true;
		h->count[i] = count;
	}
	return 0;
}

static int read_header(struct header *h, struct span blob)
{
	struct bytes in = bytes_of(blob.ptr, blob.len), index;
	uint32_t entries, len;
	struct span s, data;
	int r = 0;

	in.big_endian = true;
	if (!bytes_u32(&in, &entries) || !bytes_u32(&in, &len) || entries > INDEX_MAX ||
	    !bytes_take(&in, (size_t)entries * 16, &s) || !bytes_take(&in, len, &data) ||
	    bytes_left(&in))
		return -EBADMSG;
	index = bytes_of(s.ptr, s.len);
	index.big_endian = true;
	for (uint32_t i = 0; i < entries && r == 0; i++)
		r = read_entry(h, &index, data);
	return r;
}

/* The files in their order. Reading a copy from the start gives the same again. */
struct files {
	uint32_t left;
	struct bytes base, dir_index, state, mode, digest;
	bool has_states, has_modes, has_digests;
	enum hash_alg alg;	/* of the digests */
	const struct span *dir; /* NULL: the names are whole paths */
	uint32_t n_dirs;
};

struct file {
	struct span dir, name, digest; /* in hexadecimal; empty of folders and links */
	bool wanted; /* it is on the disk, and no folder: those are never measured */
};

/* rpm 4.18 include/rpm/rpmfiles.h: another package's file, a colour or a language that
 * was not installed are no files of this package. */
static bool is_installed(uint8_t state)
{
	enum { NORMAL = 0, NETSHARED = 4 };

	return state == NORMAL || state == NETSHARED;
}

/* 1: *ret is filled, 0: there are no more, -EBADMSG. */
static int next_file(struct files *f, struct file *ret)
{
	uint8_t state = 0;
	uint16_t mode = 0;
	uint32_t dir;

	*ret = (struct file){0};
	if (f->left == 0)
		return 0;
	f->left--;
	if (!bytes_until(&f->base, '\0', &ret->name) ||
	    (f->has_states && !bytes_u8(&f->state, &state)) ||
	    (f->has_modes && !bytes_u16(&f->mode, &mode)) ||
	    (f->has_digests && !bytes_until(&f->digest, '\0', &ret->digest)))
		return -EBADMSG;
	if (f->dir) {
		if (!bytes_u32(&f->dir_index, &dir) || dir >= f->n_dirs)
			return -EBADMSG;
		ret->dir = f->dir[dir];
	}
	ret->wanted = is_installed(state) && !S_ISDIR(mode);
	return ret->dir.len + ret->name.len < PATH_MAX ? 1 : -EBADMSG;
}

/* All of it is looked at before the first file counts: a damaged header names none. */
static int check(struct files f)
{
	struct file file;
	size_t total = 0;
	int r;

	while ((r = next_file(&f, &file)) > 0) {
		total += file.dir.len + file.name.len;
		if (total > PATHS_MAX)
			return -EBADMSG;
	}
	return r;
}

static int read_dirs(struct header *h, struct span *dir)
{
	for (uint32_t i = 0; i < h->count[DIR_NAMES]; i++)
		if (!bytes_until(&h->at[DIR_NAMES], '\0', &dir[i]))
			return -EBADMSG;
	return 0;
}

/* rpm 4.18 include/rpm/rpmcrypto.h, the numbers of OpenPGP; MD5 where none is named. */
static enum hash_alg digest_alg(struct header *h)
{
	static const enum hash_alg algs[] = {
		[1] = HASH_MD5,	   [2] = HASH_SHA1,    [8] = HASH_SHA256,
		[9] = HASH_SHA384, [10] = HASH_SHA512, [11] = HASH_SHA224,
	};
	uint32_t n = 1;

	if (h->count[DIGEST_ALG] && !bytes_u32(&h->at[DIGEST_ALG], &n))
		return _HASH_ALG_INVALID;
	return n < sizeof(algs) / sizeof(*algs) && algs[n] ? algs[n] : _HASH_ALG_INVALID;
}

/* Since rpm 4.0 a path is a folder's number and a name in it; before, it was one string.
 */
static int open_files(struct header *h, struct span *dir, struct files *ret)
{
	enum field names = h->count[BASE_NAMES] ? BASE_NAMES : OLD_NAMES;
	uint32_t n = h->count[names];

	*ret = (struct files){.left = n,
			      .base = h->at[names],
			      .dir_index = h->at[DIR_INDEXES],
			      .state = h->at[STATES],
			      .mode = h->at[MODES],
			      .digest = h->at[DIGESTS],
			      .has_digests = h->count[DIGESTS] == n,
			      .alg = digest_alg(h),
			      .has_states = h->count[STATES] > 0,
			      .has_modes = h->count[MODES] > 0,
			      .dir = names == BASE_NAMES ? dir : NULL,
			      .n_dirs = h->count[DIR_NAMES]};
	if ((ret->dir && h->count[DIR_INDEXES] != n) ||
	    (ret->has_states && h->count[STATES] != n) ||
	    (ret->has_modes && h->count[MODES] != n))
		return -EBADMSG;
	return read_dirs(h, dir);
}

static int add_files(struct pkgdb *db, struct files f, int package)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct file file;

	while (next_file(&f, &file) > 0) {
		if (!file.wanted)
			continue;
		strbuf_clear(&path);
		strbuf_add(&path, file.dir.ptr, file.dir.len);
		strbuf_add(&path, file.name.ptr, file.name.len);
		if (path.failed)
			return -ENOMEM;
		pkgdb_add_file(db, strbuf_span(&path), package);
		if (file.digest.len && pkgdb_seeks(db, strbuf_span(&path)))
			pkgdb_keep_digest(db, f.alg, file.digest);
	}
	return 1;
}

int pkgdb_add_rpm_header(struct pkgdb *db, struct span blob)
{
	_cleanup_free_ struct span *dir = NULL;
	struct header h = {0};
	struct files files;
	struct span name;
	int r = read_header(&h, blob);

	if (r < 0)
		return r;
	if (!h.count[NAME] || !bytes_until(&h.at[NAME], '\0', &name) || !name.len ||
	    name.len > NAME_MAX_LEN || h.count[DIR_NAMES] > DIRS_MAX)
		return -EBADMSG;
	dir = calloc(h.count[DIR_NAMES] + 1, sizeof(*dir));
	if (!dir)
		return -ENOMEM;
	r = open_files(&h, dir, &files);
	if (r < 0 || files.left == 0) /* a key that was imported has no files */
		return r;
	r = check(files);
	if (r < 0)
		return r;
	r = pkgdb_add_package(db, name);
	return r < 0 ? r : add_files(db, files, r);
}
