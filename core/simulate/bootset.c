/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/simulate/bootset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fspath.h"
#include "core/base/sip.h"
#include "core/simulate/bootset-internal.h"
#include "core/host/pathset.h"

enum { FIRST_SLOTS = 2048 };

/* What a name leads to. */
struct place {
	bool known;    /* it was looked at */
	uint32_t real; /* 1 + the name without links, the same mostly; 0: no plain file */
	struct bootset_facts facts; /* .mode is 0 where it is not there */
};

struct use {
	uint32_t path, uid;
	uint16_t ops;
	uint8_t sources;
	bool early;
};

struct bootset {
	const struct root *root;
	struct fspath_folder folder; /* of the file looked at last */
	struct pathset names;	     /* as they were met, and what they lead to */
	struct place *places;	     /* of the names */
	size_t cap_places;
	struct use *uses;
	size_t n_uses, cap_uses;
	/* The uses by file and user, 1 + their number, 0 is free; a power of two of them. Whoever
	 * names users (an audit log that somebody wrote) cannot choose their slots. */
	uint32_t *slot;
	size_t n_slots;
	uint64_t key[2];
	struct bootset_said said[_BOOTSET_SOURCE_MAX];
};

static const struct {
	const char *word, *title;
} sources[] = {
#define BOOTSET_SOURCE(id, word, title) {word, title},
#include "core/simulate/bootset-sources.inc"
#undef BOOTSET_SOURCE
};

static int (*const collect[_BOOTSET_SOURCE_MAX])(struct bootset *b) = {
	[BOOTSET_FROM_LIST] = bootset_from_list,
	[BOOTSET_FROM_AUDIT] = bootset_from_audit,
	[BOOTSET_FROM_INIT] = bootset_from_init,
	[BOOTSET_FROM_MAPPING] = bootset_from_mapping,
	[BOOTSET_FROM_PACKAGE] = bootset_from_package,
};

static const char *const op_words[] = {
#define BOOTSET_OP(id, word) word,
#include "core/simulate/bootset-ops.inc"
#undef BOOTSET_OP
};

int bootset_new(const struct root *root, struct bootset **ret, struct diag *reterr)
{
	struct bootset *b = calloc(1, sizeof(*b));

	if (!b)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	b->root = root;
	pathset_init(&b->names);
	sip_new_key(b->key);
	*ret = b;
	return 0;
}

struct bootset *bootset_free(struct bootset *b)
{
	if (!b)
		return NULL;
	fspath_folder_done(&b->folder);
	pathset_done(&b->names);
	free(b->places);
	free(b->uses);
	free(b->slot);
	free(b);
	return NULL;
}

/* Room for @n and one more of @size. */
static int make_room(void **at, size_t n, size_t *cap, size_t size)
{
	size_t want = n < 512 ? 1024 : 2 * n;
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*at, want, size);
	if (!p)
		return -ENOMEM;
	*at = p;
	*cap = want;
	return 0;
}

/* The number of a name, and its place. */
static int add_name(struct bootset *b, struct span name)
{
	size_t before = b->names.n;
	int i;

	if (make_room((void **)&b->places, before, &b->cap_places, sizeof(*b->places)) <
	    0)
		return -ENOMEM;
	i = pathset_add(&b->names, name);
	if (i >= 0 && (size_t)i == before)
		b->places[i] = (struct place){0};
	return i;
}

/* 1: a plain file, without a link on the way. 0: it is none. -ELOOP; other -errno. */
static int look(struct bootset *b, const char *path, struct bootset_facts *ret)
{
	char leaf[FSPATH_LEAF_MAX];
	int dir = fspath_keep_parent(&b->folder, b->root->dir[ROOT_TARGET], path, leaf);
	struct walk_file f;
	int r = dir < 0 ? dir : walk_facts_at(dir, leaf, &f);

	if (r < 0)
		return r;
	if (S_ISLNK(f.mode))
		return -ELOOP;
	*ret = (struct bootset_facts){f.stamp, f.dev, f.uid, f.gid, f.mode};
	return S_ISREG(f.mode);
}

/* Where a name with links leads to; -errno as above. */
static int follow(struct bootset *b, size_t i, struct place *at)
{
	_cleanup_strbuf_ struct strbuf real = {0};
	int r = fspath_below(b->root->dir[ROOT_TARGET], true, pathset_at(&b->names, i),
			     &real);

	if (r >= 0)
		r = look(b, strbuf_str(&real), &at->facts);
	if (r <= 0)
		return r;
	r = add_name(b, strbuf_span(&real));
	if (r < 0)
		return r;
	b->places[r] = (struct place){true, (uint32_t)r + 1, at->facts};
	at->real = (uint32_t)r + 1;
	return 1;
}

/* What is not there keeps its name: it was used, and may come again. */
static int find_place(struct bootset *b, size_t i)
{
	struct place at = {.known = true, .real = (uint32_t)i + 1};
	bool plain = fspath_valid(pathset_at(&b->names, i));
	int r = plain ? look(b, pathset_at(&b->names, i), &at.facts) : -ELOOP;

	if (r == -ELOOP)
		r = follow(b, i, &at);
	if (r == -ENOMEM || r == -ENOSPC)
		return r;
	if (r == 0 || (r < 0 && !plain))
		at.real = 0;
	b->places[i] = at;
	return 0;
}

/* The name that counts; 0: it names no plain file. 1 + its number. */
static int64_t real_of(struct bootset *b, struct span path)
{
	int i = add_name(b, path), r = 0;

	if (i < 0)
		return i;
	if (!b->places[i].known)
		r = find_place(b, (size_t)i);
	return r < 0 ? r : (int64_t)b->places[i].real;
}

/* The slot of a use, or the free one where it belongs. */
static uint32_t *slot_of(const struct bootset *b, size_t path, uint32_t uid)
{
	size_t mask = b->n_slots - 1, i;
	uint64_t hash[2];
	struct sip sip;

	sip_start(&sip, b->key);
	sip_add(&sip, (uint64_t)path << 32 | uid);
	sip_end(&sip, hash);
	for (i = hash[0] & mask; b->slot[i]; i = (i + 1) & mask) {
		const struct use *u = &b->uses[b->slot[i] - 1];

		if (u->path == path && u->uid == uid)
			break;
	}
	return &b->slot[i];
}

static struct use *find_use(const struct bootset *b, size_t path, uint32_t uid)
{
	uint32_t at = b->n_slots ? *slot_of(b, path, uid) : 0;

	return at ? &b->uses[at - 1] : NULL;
}

/* The slots of all uses anew. */
static void index_uses(struct bootset *b)
{
	memset(b->slot, 0, b->n_slots * sizeof(*b->slot));
	for (size_t i = 0; i < b->n_uses; i++)
		*slot_of(b, b->uses[i].path, b->uses[i].uid) = (uint32_t)i + 1;
}

static int more_slots(struct bootset *b)
{
	size_t n = b->n_slots ? 2 * b->n_slots : FIRST_SLOTS;
	uint32_t *slot = reallocarray(b->slot, n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	b->slot = slot;
	b->n_slots = n;
	index_uses(b);
	return 0;
}

static int add_use(struct bootset *b, size_t path, uint32_t uid, struct use **ret)
{
	if (b->n_uses >= BOOTSET_USES_MAX)
		return -ENOSPC;
	if (make_room((void **)&b->uses, b->n_uses, &b->cap_uses, sizeof(*b->uses)) < 0 ||
	    (b->n_uses >= b->n_slots / 2 && more_slots(b) < 0))
		return -ENOMEM;
	*ret = &b->uses[b->n_uses++];
	**ret = (struct use){.path = (uint32_t)path, .uid = uid};
	*slot_of(b, path, uid) = (uint32_t)b->n_uses;
	return 0;
}

/* There is no more room: what was met before stays good. */
static int too_many(struct bootset *b, enum bootset_source source)
{
	return diag_set(&b->said[source].why, DIAG_TOO_LARGE, ENOSPC,
			"There are more uses of files than are kept (%d).",
			BOOTSET_USES_MAX);
}

static int meet(struct bootset *b, size_t path, const struct bootset_met *how)
{
	struct use *u = find_use(b, path, how->uid);
	uint16_t mode = b->places[path].facts.mode;
	uint16_t ops = how->ops ? how->ops
				: bootset_ops_of(pathset_at(&b->names, path),
						 mode ? mode : how->mode);
	int r = 0;

	if ((!mode && how->there) || (how->code && ops == 1 << BOOTSET_READ))
		return 0;
	if (!u)
		r = add_use(b, path, how->uid, &u);
	if (r < 0)
		return r;
	if (!(u->sources & 1 << how->source)) {
		b->said[how->source].uses++;
		b->said[how->source].gone += !mode;
	}
	u->ops |= ops;
	u->sources |= (uint8_t)(1 << how->source);
	u->early |= how->early;
	return 1;
}

int bootset_met(struct bootset *b, struct span path, const struct bootset_met *how)
{
	int64_t real;
	int r;

	while (path.len && path.ptr[0] == '/') {
		path.ptr++;
		path.len--;
	}
	if (!path.len || path.len >= PATH_MAX || memchr(path.ptr, '\0', path.len)) {
		b->said[how->source].nameless++;
		return 0;
	}
	real = real_of(b, path);
	r = real > 0 ? meet(b, (size_t)real - 1, how) : (int)real;
	return r == -ENOSPC ? too_many(b, how->source) : r;
}

int bootset_collect(struct bootset *b, unsigned which, struct diag *reterr)
{
	for (size_t i = 0; i < array_size(collect); i++)
		if (which & 1U << i && collect[i] && collect[i](b) == -ENOMEM)
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return 0;
}

int bootset_add_path(struct bootset *b, const char *path, struct diag *reterr)
{
	struct bootset_met how = {.source = BOOTSET_FROM_NAMED};
	int r = bootset_met(b, span_of(path), &how);
	char q[140];

	if (r < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r ? 0
		 : diag_set(reterr, DIAG_NOT_PLAIN, EINVAL, "/%s is no plain file.",
			    str_quote(q, sizeof(q), span_of(path + strspn(path, "/"))));
}

static int by_path(const void *a, const void *b, void *user)
{
	const struct bootset *set = user;
	const struct use *x = a, *y = b;
	int d = strcmp(pathset_at(&set->names, x->path),
		       pathset_at(&set->names, y->path));

	return d ? d : (x->uid > y->uid) - (x->uid < y->uid);
}

void bootset_sort(struct bootset *b)
{
	if (b->n_uses)
		qsort_r(b->uses, b->n_uses, sizeof(*b->uses), by_path, b);
	if (b->n_uses)
		index_uses(b);
}

size_t bootset_count(const struct bootset *b)
{
	return b->n_uses;
}

static void tell(const struct bootset *b, const struct use *u, struct bootset_use *ret)
{
	const struct bootset_facts *facts = &b->places[u->path].facts;

	*ret = (struct bootset_use){
		.path = pathset_at(&b->names, u->path),
		.uid = u->uid,
		.mode = facts->mode,
		.facts = facts->mode ? facts : NULL,
		.ops = u->ops,
		.sources = u->sources,
		.early = u->early,
	};
}

void bootset_at(const struct bootset *b, size_t i, struct bootset_use *ret)
{
	tell(b, &b->uses[i], ret);
}

bool bootset_find(const struct bootset *b, const char *path, uint32_t uid,
		  struct bootset_use *ret)
{
	int i = pathset_find(&b->names, span_of(path));
	const struct use *u = i < 0 ? NULL : find_use(b, (size_t)i, uid);

	if (u)
		tell(b, u, ret);
	return u != NULL;
}

const struct root *bootset_root(const struct bootset *b)
{
	return b->root;
}

struct bootset_said *bootset_saying(struct bootset *b, enum bootset_source source)
{
	return &b->said[source];
}

void bootset_said(const struct bootset *b, enum bootset_source source,
		  struct bootset_said *ret)
{
	*ret = b->said[source];
}

const char *bootset_op_word(enum bootset_op op)
{
	return op_words[op];
}

const char *bootset_source_word(enum bootset_source source)
{
	return sources[source].word;
}

const char *bootset_source_title(enum bootset_source source)
{
	return sources[source].title;
}
