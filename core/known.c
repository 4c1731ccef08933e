/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"
#include "core/base/sip.h"

#define NAME  "labels"
#define MAGIC "imactl-labels-2\n"

enum {
	MARK = 16,
	KEY = 16,
	MARKS_MAX = 4 << 20, /* 64 MiB */
};

struct mark {
	uint64_t half[2]; /* {0, 0}: a free slot */
	bool seen;	  /* asked for or added since it was loaded */
};

struct table {
	struct mark *slots;
	size_t n, cap; /* cap is a power of two */
};

struct known {
	uint64_t key[2];
	struct table loaded; /* does not change while threads look */
	struct table added;  /* since */
	bool changed;
};

/* First word of what is hashed: a value is never taken for a kind. */
enum about { ABOUT_VALUE, ABOUT_KIND };

static struct mark mark_of(const struct known *k, enum about about, uint64_t fsid,
			   const struct walk_stamp *t, struct span label)
{
	const uint64_t words[] = {about,
				  fsid,
				  t->ino,
				  t->size,
				  (uint64_t)t->mtime.sec,
				  (uint64_t)t->ctime.sec,
				  (uint64_t)t->mtime.nsec << 32 | t->ctime.nsec};
	struct mark m = {.seen = true};
	struct sip s;

	sip_start(&s, k->key);
	for (size_t i = 0; i < array_size(words); i++)
		sip_add(&s, words[i]);
	sip_add_span(&s, label);
	sip_end(&s, m.half);
	m.half[0] |= 1; /* never that of a free slot */
	return m;
}

static struct mark *slot_of(const struct table *t, const struct mark *m)
{
	size_t i = (size_t)m->half[1] & (t->cap - 1);

	while (t->slots[i].half[0] &&
	       memcmp(t->slots[i].half, m->half, sizeof(m->half)) != 0)
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

static int grow(struct table *t)
{
	struct table more = {.cap = t->cap ? 2 * t->cap : 4096, .n = t->n};

	more.slots = calloc(more.cap, sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].half[0])
			*slot_of(&more, &t->slots[i]) = t->slots[i];
	free(t->slots);
	*t = more;
	return 0;
}

static int insert(struct table *t, const struct mark *m)
{
	struct mark *slot;

	if (t->n >= MARKS_MAX || (t->n >= t->cap / 2 && grow(t) < 0))
		return -ENOMEM;
	slot = slot_of(t, m);
	if (!slot->half[0])
		t->n++;
	*slot = *m;
	return 0;
}

static bool has(const struct table *t, const struct mark *m)
{
	struct mark *slot = t->cap ? slot_of(t, m) : NULL;

	if (!slot || !slot->half[0])
		return false;
	/* by several threads at once */
	__atomic_store_n(&slot->seen, true, __ATOMIC_RELAXED);
	return true;
}

static void add(struct known *k, const struct mark *m)
{
	if (!has(&k->loaded, m) && insert(&k->added, m) == 0)
		k->changed = true;
}

bool known_has(struct known *k, uint64_t fsid, const struct walk_stamp *stamp,
	       struct span value)
{
	struct mark m = mark_of(k, ABOUT_VALUE, fsid, stamp, value);

	return has(&k->loaded, &m) || has(&k->added, &m);
}

void known_add(struct known *k, uint64_t fsid, const struct walk_stamp *stamp,
	       struct span value)
{
	struct mark m = mark_of(k, ABOUT_VALUE, fsid, stamp, value);

	add(k, &m);
}

void known_settle(struct known *k)
{
	for (size_t i = 0; i < k->added.cap; i++)
		if (k->added.slots[i].half[0])
			(void)insert(&k->loaded, &k->added.slots[i]);
	free(k->added.slots);
	k->added = (struct table){0};
}

bool known_has_unseen(const struct known *k, uint64_t fsid,
		      const struct walk_stamp *stamp, struct span what)
{
	struct mark m = mark_of(k, ABOUT_KIND, fsid, stamp, what);

	return has(&k->loaded, &m);
}

void known_add_unseen(struct known *k, uint64_t fsid, const struct walk_stamp *stamp,
		      struct span what)
{
	struct mark m = mark_of(k, ABOUT_KIND, fsid, stamp, what);

	add(k, &m);
}

/* Little-endian words, then the SHA-256 of all before it. */
static bool parse(struct known *k, struct span file)
{
	struct bytes b = bytes_of(file.ptr, file.len);
	struct span magic, sum;
	uint8_t hash[SHA256_SIZE];
	struct mark m = {0};

	if (file.len < strlen(MAGIC) + KEY + SHA256_SIZE ||
	    (file.len - strlen(MAGIC) - KEY - SHA256_SIZE) % MARK)
		return false;
	sha256_of((struct span){file.ptr, file.len - SHA256_SIZE}, hash);
	(void)bytes_take(&b, strlen(MAGIC), &magic);
	if (!span_is(magic, MAGIC) || !bytes_u64(&b, &k->key[0]) ||
	    !bytes_u64(&b, &k->key[1]))
		return false;
	while (bytes_left(&b) > SHA256_SIZE) {
		(void)bytes_u64(&b, &m.half[0]);
		(void)bytes_u64(&b, &m.half[1]);
		if (!m.half[0] || insert(&k->loaded, &m) < 0)
			return false;
	}
	return bytes_take(&b, SHA256_SIZE, &sum) &&
	       memcmp(sum.ptr, hash, sizeof(hash)) == 0;
}

static void forget(struct known *k)
{
	free(k->loaded.slots);
	*k = (struct known){.changed = true};
	sip_new_key(k->key);
}

int known_load(const struct root *root, struct known **ret, struct diag *reterr)
{
	struct known *k = calloc(1, sizeof(*k));
	_cleanup_strbuf_ struct strbuf file = {0};
	int dir = root->dir[ROOT_CACHE];

	if (!k)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (dir < 0 ||
	    fs_read_at(dir, NAME, (size_t)MARKS_MAX * MARK + 4096, &file, NULL) < 0 ||
	    !parse(k, strbuf_span(&file)))
		forget(k);
	*ret = k;
	return 0;
}

struct known *known_free(struct known *k)
{
	if (k) {
		free(k->loaded.slots);
		free(k->added.slots);
		free(k);
	}
	return NULL;
}

/* Those that are kept; true: some are not. */
static bool pack_marks(struct strbuf *b, const struct table *t, bool all)
{
	bool left_out = false;

	for (size_t i = 0; i < t->cap; i++) {
		const struct mark *m = &t->slots[i];

		if (!m->half[0])
			continue;
		if (all && !m->seen) {
			left_out = true;
			continue;
		}
		pack_u64(b, m->half[0]);
		pack_u64(b, m->half[1]);
	}
	return left_out;
}

int known_save(struct known *k, struct root *root, bool all, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	uint8_t hash[SHA256_SIZE];
	bool left_out;
	int r;

	strbuf_adds(&b, MAGIC);
	pack_u64(&b, k->key[0]);
	pack_u64(&b, k->key[1]);
	left_out = pack_marks(&b, &k->loaded, all);
	(void)pack_marks(&b, &k->added, false);
	if (!k->changed && !left_out)
		return 0;
	sha256_of(strbuf_span(&b), hash);
	strbuf_add(&b, hash, sizeof(hash));
	if (b.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = root_make_place(root, ROOT_CACHE, 0700, reterr);
	return r < 0 ? r
		     : fs_replace_at(root->dir[ROOT_CACHE], NAME, b.ptr, b.len, 0600,
				     reterr);
}
