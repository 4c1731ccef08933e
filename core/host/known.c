/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/base/sip.h"
#include "core/host/hashalg.h"

#define NAME  "labels"
#define MAGIC "imactl-labels-2\n"

enum {
	MARK = 16,
	SHA256_SIZE = 32,
	KEY = 16,
	MARKS_MAX = 4 << 20, /* 64 MiB */
};

struct mark {
	uint64_t half[2]; /* {0, 0}: a free slot */
};

struct table {
	struct mark *slots;
	size_t n, cap;	/* cap is a power of two */
	size_t n_kinds; /* of the marks: those of kinds */
};

struct known {
	uint64_t key[2];
	struct table loaded; /* does not change while threads look */
	struct table added;  /* since */
	bool changed, frozen;
};

/* First word of what is hashed: a value is never taken for a kind. */
enum about { ABOUT_VALUE, ABOUT_KIND };

/* Bits of half[0]. */
enum {
	BIT_USED = 1, /* never that of a free slot */
	BIT_KIND = 2,
	BIT_SEEN = 4, /* asked for or added since it was loaded; not in the file */
	BITS = 7,
};

static struct mark mark_of(const struct known *k, enum about about, uint64_t fsid,
			   const struct stamp *t, struct span label)
{
	const uint64_t words[] = {about,
				  fsid,
				  t->ino,
				  t->size,
				  (uint64_t)t->mtime.sec,
				  (uint64_t)t->ctime.sec,
				  (uint64_t)t->mtime.nsec << 32 | t->ctime.nsec};
	struct mark m;
	struct sip s;

	sip_start(&s, k->key);
	for (size_t i = 0; i < array_size(words); i++)
		sip_add(&s, words[i]);
	sip_add_span(&s, label);
	sip_end(&s, m.half);
	m.half[0] = (m.half[0] & ~(uint64_t)BITS) | BIT_USED | BIT_SEEN |
		    (about == ABOUT_KIND ? BIT_KIND : 0);
	return m;
}

/* Is it that mark, or free? Other threads may be marking it as seen. */
static bool fits(const struct mark *slot, const struct mark *m)
{
	uint64_t first = __atomic_load_n(&slot->half[0], __ATOMIC_RELAXED);

	return !first || (slot->half[1] == m->half[1] &&
			  (first | BIT_SEEN) == (m->half[0] | BIT_SEEN));
}

static struct mark *slot_of(const struct table *t, const struct mark *m)
{
	size_t i = (size_t)m->half[1] & (t->cap - 1);

	while (!fits(&t->slots[i], m))
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

/* For at least @n marks. */
static int make_room(struct table *t, size_t n)
{
	struct table more = *t;

	if (n < t->cap / 2)
		return 0;
	for (more.cap = t->cap ? t->cap : 4096; n >= more.cap / 2;)
		more.cap *= 2;
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

	if (t->n >= MARKS_MAX || make_room(t, t->n) < 0)
		return -ENOMEM;
	slot = slot_of(t, m);
	if (!slot->half[0]) {
		t->n++;
		t->n_kinds += (m->half[0] & BIT_KIND) != 0;
	}
	*slot = *m;
	return 0;
}

static bool has(const struct table *t, const struct mark *m)
{
	struct mark *slot = t->cap ? slot_of(t, m) : NULL;

	if (!slot || !slot->half[0])
		return false;
	if (!(__atomic_load_n(&slot->half[0], __ATOMIC_RELAXED) & BIT_SEEN))
		(void)__atomic_fetch_or(&slot->half[0], BIT_SEEN, __ATOMIC_RELAXED);
	return true;
}

static void add(struct known *k, const struct mark *m)
{
	if (!has(&k->loaded, m) && insert(&k->added, m) == 0)
		k->changed = true;
}

void known_freeze(struct known *k)
{
	k->frozen = true;
}

bool known_has(struct known *k, uint64_t fsid, const struct stamp *stamp,
	       struct span value)
{
	struct mark m = mark_of(k, ABOUT_VALUE, fsid, stamp, value);

	return has(&k->loaded, &m) || has(&k->added, &m);
}

void known_add(struct known *k, uint64_t fsid, const struct stamp *stamp,
	       struct span value)
{
	struct mark m;

	if (k->frozen)
		return;
	m = mark_of(k, ABOUT_VALUE, fsid, stamp, value);
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

bool known_has_unseen(const struct known *k, uint64_t fsid, const struct stamp *stamp,
		      struct span what)
{
	struct mark m;

	if (!k->loaded.n_kinds)
		return false;
	m = mark_of(k, ABOUT_KIND, fsid, stamp, what);
	return has(&k->loaded, &m);
}

void known_add_unseen(struct known *k, uint64_t fsid, const struct stamp *stamp,
		      struct span what)
{
	struct mark m;

	if (k->frozen)
		return;
	m = mark_of(k, ABOUT_KIND, fsid, stamp, what);
	add(k, &m);
}

/* Little-endian words, then the SHA-256 of all before it. */
static bool parse(struct known *k, struct span file)
{
	struct bytes b = bytes_of(file.ptr, file.len);
	struct span magic, sum;
	struct digest hash;
	struct mark m = {0};

	if (file.len < strlen(MAGIC) + KEY + SHA256_SIZE ||
	    (file.len - strlen(MAGIC) - KEY - SHA256_SIZE) % MARK)
		return false;
	if (hash_of(HASH_SHA256, (struct span){file.ptr, file.len - SHA256_SIZE}, &hash,
		    NULL) < 0)
		return false;
	(void)bytes_take(&b, strlen(MAGIC), &magic);
	if (!span_is(magic, MAGIC) || !bytes_u64(&b, &k->key[0]) ||
	    !bytes_u64(&b, &k->key[1]))
		return false;
	if (make_room(&k->loaded, bytes_left(&b) / MARK) < 0)
		return false;
	while (bytes_left(&b) > SHA256_SIZE) {
		(void)bytes_u64(&b, &m.half[0]);
		(void)bytes_u64(&b, &m.half[1]);
		if (!(m.half[0] & BIT_USED) || m.half[0] & BIT_SEEN ||
		    insert(&k->loaded, &m) < 0)
			return false;
	}
	return bytes_take(&b, SHA256_SIZE, &sum) && span_equal(sum, digest_span(&hash));
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

static bool is_kept(const struct mark *m, bool all)
{
	return m->half[0] && (!all || m->half[0] & BIT_SEEN);
}

static size_t count_kept(const struct table *t, bool all)
{
	size_t n = 0;

	for (size_t i = 0; i < t->cap; i++)
		n += is_kept(&t->slots[i], all);
	return n;
}

static void pack_marks(struct strbuf *b, const struct table *t, bool all)
{
	for (size_t i = 0; i < t->cap; i++) {
		const struct mark *m = &t->slots[i];

		if (!is_kept(m, all))
			continue;
		pack_u64(b, m->half[0] & ~(uint64_t)BIT_SEEN);
		pack_u64(b, m->half[1]);
	}
}

int known_save(struct known *k, struct root *root, bool all, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct digest hash;
	int r;

	if (!k->changed && (!all || count_kept(&k->loaded, all) == k->loaded.n))
		return 0;
	strbuf_adds(&b, MAGIC);
	pack_u64(&b, k->key[0]);
	pack_u64(&b, k->key[1]);
	pack_marks(&b, &k->loaded, all);
	pack_marks(&b, &k->added, false);
	r = hash_of(HASH_SHA256, strbuf_span(&b), &hash, reterr);
	if (r < 0)
		return r;
	strbuf_add(&b, hash.value, hash.size);
	if (b.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = root_make_place(root, ROOT_CACHE, 0700, reterr);
	return r < 0 ? r
		     : fs_replace_at(root->dir[ROOT_CACHE], NAME, b.ptr, b.len, 0600,
				     reterr);
}
