/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/keyseen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/label/keyuse.h"

static const enum mlog_field_id fields[] = {
	[IMAXATTR_IMA] = MLOG_SIG,
	[IMAXATTR_EVM] = MLOG_EVMSIG,
};

/* One signature of one entry. */
struct named {
	enum imaxattr_attr attr;
	struct span keyid, path;
};

int keyseen_init(struct keyseen *s, const struct mstore *store)
{
	*s = (struct keyseen){
		.store = store,
		.ids = {tally_new(KEYUSE_IDS), tally_new(KEYUSE_IDS)},
	};
	return s->ids[0] && s->ids[1] ? 0 : -ENOMEM;
}

void keyseen_done(struct keyseen *s)
{
	tally_free(s->ids[IMAXATTR_IMA]);
	tally_free(s->ids[IMAXATTR_EVM]);
	free(s->slot);
	strbuf_done(&s->scratch);
	strbuf_done(&s->other);
	*s = (struct keyseen){0};
}

static bool name_of(const struct keyseen *s, const struct mlog_entry *e,
		    enum imaxattr_attr attr, struct named *ret)
{
	const struct mlog_dialect *d = mstore_dialect(s->store);
	struct imaxattr x;
	struct span v;

	if (!mlog_field(d, e, fields[attr], &v) || !v.len)
		return false;
	imaxattr_decode(attr, v, &x);
	if (!imaxattr_is_sig(&x) || !x.keyid.len)
		return false;
	*ret = (struct named){attr, x.keyid, mlog_path(d, e)};
	return true;
}

static uint64_t add_hash(uint64_t h, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.ptr[i]) * 0x100000001b3u;
	return h;
}

static size_t hash(const struct named *n)
{
	uint64_t h = add_hash(0xcbf29ce484222325u ^ (uint64_t)n->attr, n->keyid);

	h = add_hash(h, n->path);
	return (size_t)(h ^ h >> 32);
}

/* A slot holds an entry's ref and which of its two signatures is meant, plus 1. */
static bool at_slot(const struct keyseen *s, uint32_t slot, struct strbuf *scratch,
		    struct named *ret)
{
	struct mlog_entry e;

	return mstore_entry(s->store, (slot - 1) / 2, scratch, &e) &&
	       name_of(s, &e, (enum imaxattr_attr)((slot - 1) % 2), ret);
}

static size_t find(struct keyseen *s, const struct named *n)
{
	size_t i = hash(n) & (s->cap - 1);
	struct named there;

	for (; s->slot[i]; i = (i + 1) & (s->cap - 1))
		if (at_slot(s, s->slot[i], &s->other, &there) && there.attr == n->attr &&
		    span_equal(there.keyid, n->keyid) && span_equal(there.path, n->path))
			break;
	return i;
}

static int grow(struct keyseen *s)
{
	size_t cap = s->cap ? 2 * s->cap : 1024, old = s->cap;
	_cleanup_free_ uint32_t *slots = s->slot;
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct named n;

	s->slot = calloc(cap, sizeof(*s->slot));
	if (!s->slot) {
		s->slot = take_ptr(slots);
		return -ENOMEM;
	}
	s->cap = cap;
	for (size_t i = 0; i < old; i++)
		if (slots[i] && at_slot(s, slots[i], &scratch, &n))
			s->slot[find(s, &n)] = slots[i];
	return 0;
}

static int count(struct keyseen *s, const struct mlog_entry *e, enum imaxattr_attr attr)
{
	struct named n;
	size_t at;

	if (!name_of(s, e, attr, &n))
		return 0;
	if (s->n >= s->cap / 2 && grow(s) < 0)
		return -ENOMEM;
	at = find(s, &n);
	if (s->slot[at])
		return 0;
	s->slot[at] = 2 * s->next + (uint32_t)attr + 1;
	s->n++;
	s->named[attr]++;
	return tally_add(s->ids[attr], n.keyid, 1);
}

int keyseen_step(struct keyseen *s, unsigned most)
{
	struct mlog_entry e;
	int r = 0;

	for (; r == 0 && most && s->next < mstore_head(s->store); most--) {
		bool whole = mstore_entry(s->store, s->next, &s->scratch, &e);

		for (int a = IMAXATTR_IMA; whole && r == 0 && a <= IMAXATTR_EVM; a++)
			r = count(s, &e, (enum imaxattr_attr)a);
		s->next++;
	}
	return r < 0 ? r : s->next < mstore_head(s->store);
}

uint64_t keyseen_files(const struct keyseen *s, enum imaxattr_attr attr,
		       struct span keyid)
{
	struct tally_row row;

	return s->ids[attr] && tally_find(s->ids[attr], keyid, &row) ? row.weight : 0;
}
