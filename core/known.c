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
#define MAGIC "imactl-labels-1\n"

enum {
	MARK = 16,
	KEY = 16,
	MARKS_MAX = 4 << 20, /* 64 MiB */
};

struct mark {
	uint64_t half[2]; /* {0, 0}: a free slot */
	bool seen;	  /* asked for or added since it was loaded */
};

struct known {
	uint64_t key[2];
	struct mark *slots;
	size_t n, cap; /* cap is a power of two */
	bool changed;
};

static struct mark mark_of(const struct known *k, uint64_t fsid,
			   const struct walk_stamp *t, struct span value)
{
	const uint64_t words[] = {fsid,
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
	sip_add_span(&s, value);
	sip_end(&s, m.half);
	m.half[0] |= 1; /* never that of a free slot */
	return m;
}

static struct mark *slot_of(const struct known *k, const struct mark *m)
{
	size_t i = (size_t)m->half[1] & (k->cap - 1);

	while (k->slots[i].half[0] &&
	       memcmp(k->slots[i].half, m->half, sizeof(m->half)) != 0)
		i = (i + 1) & (k->cap - 1);
	return &k->slots[i];
}

static int grow(struct known *k)
{
	struct known more = {.cap = k->cap ? 2 * k->cap : 4096};

	more.slots = calloc(more.cap, sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (size_t i = 0; i < k->cap; i++)
		if (k->slots[i].half[0])
			*slot_of(&more, &k->slots[i]) = k->slots[i];
	free(k->slots);
	k->slots = more.slots;
	k->cap = more.cap;
	return 0;
}

static int insert(struct known *k, const struct mark *m)
{
	struct mark *slot;

	if (k->n >= MARKS_MAX || (k->n >= k->cap / 2 && grow(k) < 0))
		return -ENOMEM;
	slot = slot_of(k, m);
	if (!slot->half[0])
		k->n++;
	*slot = *m;
	return 0;
}

bool known_has(struct known *k, uint64_t fsid, const struct walk_stamp *stamp,
	       struct span value)
{
	struct mark m = mark_of(k, fsid, stamp, value), *slot;

	if (!k->cap)
		return false;
	slot = slot_of(k, &m);
	if (!slot->half[0])
		return false;
	slot->seen = true;
	return true;
}

void known_add(struct known *k, uint64_t fsid, const struct walk_stamp *stamp,
	       struct span value)
{
	struct mark m = mark_of(k, fsid, stamp, value);

	if (insert(k, &m) == 0)
		k->changed = true;
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
		if (!m.half[0] || insert(k, &m) < 0)
			return false;
	}
	return bytes_take(&b, SHA256_SIZE, &sum) &&
	       memcmp(sum.ptr, hash, sizeof(hash)) == 0;
}

static void forget(struct known *k)
{
	free(k->slots);
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
		free(k->slots);
		free(k);
	}
	return NULL;
}

int known_save(struct known *k, struct root *root, bool all, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	uint8_t hash[SHA256_SIZE];
	bool changed = k->changed;
	int r;

	strbuf_adds(&b, MAGIC);
	pack_u64(&b, k->key[0]);
	pack_u64(&b, k->key[1]);
	for (size_t i = 0; i < k->cap; i++) {
		const struct mark *m = &k->slots[i];

		if (!m->half[0])
			continue;
		if (all && !m->seen) {
			changed = true;
			continue;
		}
		pack_u64(&b, m->half[0]);
		pack_u64(&b, m->half[1]);
	}
	if (!changed)
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
