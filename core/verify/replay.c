/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/replay.h"

#include <errno.h>

#include "core/verify/replay-internal.h"

enum {
	LEGACY_NAME = 256, /* IMA_EVENT_NAME_LEN_MAX + 1 */
	SHA1_SIZE = 20,
};

static int add_alg(struct replay *r, enum hash_alg alg)
{
	for (size_t i = 0; i < r->n_algs; i++)
		if (r->alg[i].alg == alg)
			return (int)i;
	r->alg[r->n_algs] = (struct replay_alg){alg, hash_alg_size(alg), r->stride};
	r->stride += r->alg[r->n_algs].size;
	return (int)r->n_algs++;
}

static bool computable(enum hash_alg alg)
{
	struct hash_ctx *h = hash_new(alg, NULL);

	hash_free(h);
	return h != NULL;
}

static void setup_bank(struct replay *r, enum hash_alg alg, unsigned modes)
{
	struct replay_bank *b = &r->bank[r->n_banks++];

	*b = (struct replay_bank){.alg = alg,
				  .size = hash_alg_size(alg),
				  .hash = hash_new(alg, NULL)};
	if (!b->hash)
		return;
	b->modes = alg == HASH_SHA1 ? (unsigned)REPLAY_MODES_NATIVE : modes;
	if (b->modes & REPLAY_MODES_NATIVE)
		b->native = r->alg[add_alg(r, alg)].offset;
	if (b->modes & ~(unsigned)REPLAY_MODES_NATIVE)
		r->sha1 = r->alg[add_alg(r, HASH_SHA1)].offset;
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int replay_new(const struct replay_config *config, struct replay **ret,
	       struct diag *reterr)
{
	_cleanup_(replay_freep) struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return no_memory(reterr);
	for (size_t i = 0; i < config->n_banks && i < PCRS_BANKS_MAX; i++)
		setup_bank(r, config->bank[i], config->modes & REPLAY_MODES_ALL);
	r->column = config->column >= 0 && computable(config->column)
			    ? add_alg(r, config->column)
			    : -1;
	if (replay_hasher_new(r, &r->hasher, reterr) < 0)
		return -ENOMEM;
	if (replay_batch_init(r, 1, &r->one) < 0)
		return no_memory(reterr);
	*ret = take_ptr(r);
	return 0;
}

struct replay *replay_free(struct replay *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n_banks; i++)
		hash_free(r->bank[i].hash);
	for (size_t i = 0; i < MLOG_PCR_MAX; i++)
		free(r->slot[i]);
	replay_hasher_free(r->hasher);
	replay_batch_done(&r->one);
	free(r);
	return NULL;
}

bool replay_computable(const struct replay *r, size_t bank)
{
	return r->bank[bank].hash != NULL;
}

enum hash_alg replay_column(size_t size)
{
	switch (size) {
	case 20:
		return HASH_SHA1;
	case 32:
		return HASH_SHA256;
	case 48:
		return HASH_SHA384;
	case 64:
		return HASH_SHA512;
	default:
		return _HASH_ALG_INVALID;
	}
}

int replay_hasher_new(const struct replay *r, struct replay_hasher **ret,
		      struct diag *reterr)
{
	_cleanup_(replay_hasher_freep) struct replay_hasher *h = calloc(1, sizeof(*h));

	if (!h)
		return no_memory(reterr);
	for (size_t i = 0; i < r->n_algs; i++) {
		h->hash[i] = hash_new(r->alg[i].alg, reterr);
		if (!h->hash[i])
			return -ENOMEM;
	}
	*ret = take_ptr(h);
	return 0;
}

struct replay_hasher *replay_hasher_free(struct replay_hasher *h)
{
	for (size_t i = 0; h && i < ALGS_MAX; i++)
		hash_free(h->hash[i]);
	free(h);
	return NULL;
}

int replay_batch_init(const struct replay *r, size_t max, struct replay_batch *ret)
{
	struct replay_batch b = {.max = max};

	b.entry = calloc(max, sizeof(b.entry[0]));
	b.check = calloc(max, 1);
	b.digest = calloc(max, r->stride ? r->stride : 1);
	if (!b.entry || !b.check || !b.digest) {
		replay_batch_done(&b);
		return -ENOMEM;
	}
	*ret = b;
	return 0;
}

void replay_batch_done(struct replay_batch *b)
{
	free(b->entry);
	free(b->check);
	free(b->digest);
	*b = (struct replay_batch){0};
}

/* H(d || n padded to 256): the lengths are not part of it, and neither is a length bound,
 * so a longer name (no kernel writes one) is hashed as it is. */
static void legacy_digest(struct hash_ctx *h, const struct mlog_dialect *dialect,
			  struct span data, uint8_t *out)
{
	static const uint8_t zeros[LEGACY_NAME];
	struct span digest, name;

	if (!mlog_legacy_split(dialect, data, &digest, &name)) {
		hash_once(h, data, (struct span){0}, out);
		return;
	}
	hash_start(h);
	hash_add(h, digest.ptr, digest.len);
	hash_add(h, name.ptr, name.len);
	if (name.len < LEGACY_NAME)
		hash_add(h, zeros, LEGACY_NAME - name.len);
	hash_finish(h, out);
}

void replay_template_digest(struct hash_ctx *h, const struct mlog_dialect *dialect,
			    const struct mlog_entry *e, uint8_t *out)
{
	if (e->legacy)
		legacy_digest(h, dialect, e->data, out);
	else
		hash_once(h, e->data, (struct span){0}, out);
}

/* A list of a bank the kernel cannot hash for shows the SHA-1 digest with zeros behind.
 */
static bool padded_column(const struct replay *r, struct replay_hasher *h,
			  const struct mlog_dialect *dialect, const struct mlog_entry *e)
{
	uint8_t sha1[HASH_MAX_SIZE] = {0};
	struct hash_ctx *hash = NULL;
	bool same;

	if (e->digest.len <= SHA1_SIZE || e->digest.len > sizeof(sha1))
		return false;
	if (!span_all((struct span){e->digest.ptr + SHA1_SIZE, e->digest.len - SHA1_SIZE},
		      0))
		return false;
	hash = hash_new(HASH_SHA1, NULL);
	if (!hash)
		return false;
	replay_template_digest(hash, dialect, e, sha1);
	same = memcmp(sha1, e->digest.ptr, e->digest.len) == 0;
	hash_free(hash);
	return same;
}

static enum replay_check check(const struct replay *r, struct replay_hasher *h,
			       const struct mlog_dialect *dialect,
			       const struct mlog_entry *e, const uint8_t *digests)
{
	const struct replay_alg *a;

	if (r->column < 0)
		return REPLAY_UNCHECKED;
	a = &r->alg[r->column];
	if (e->digest.len == a->size &&
	    memcmp(digests + a->offset, e->digest.ptr, a->size) == 0)
		return REPLAY_GOOD;
	return padded_column(r, h, dialect, e) ? REPLAY_GOOD : REPLAY_BAD;
}

void replay_digest(const struct replay *r, struct replay_hasher *h,
		   const struct mlog_dialect *dialect, struct replay_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct mlog_entry *e = &b->entry[i];
		uint8_t *out = b->digest + i * r->stride;

		if (e->violation) {
			b->check[i] = REPLAY_VIOLATION;
			continue;
		}
		for (size_t a = 0; a < r->n_algs; a++)
			replay_template_digest(h->hash[a], dialect, e,
					       out + r->alg[a].offset);
		b->check[i] = (uint8_t)check(r, h, dialect, e, out);
	}
}

bool replay_batch_digest(const struct replay *r, const struct replay_batch *b, size_t i,
			 enum hash_alg alg, struct span *ret)
{
	if (b->entry[i].violation)
		return false;
	for (size_t a = 0; a < r->n_algs; a++)
		if (r->alg[a].alg == alg) {
			*ret = (struct span){b->digest + i * r->stride + r->alg[a].offset,
					     r->alg[a].size};
			return true;
		}
	return false;
}

struct replay_slot *replay_slot_of(struct replay *r, unsigned pcr)
{
	struct replay_slot *s = r->slot[pcr];

	if (s)
		return s;
	s = calloc(1, sizeof(*s) + r->n_banks * sizeof(s->bank[0]));
	if (!s)
		return NULL;
	for (size_t b = 0; b < r->n_banks; b++)
		for (size_t m = 0; m < _REPLAY_MODE_MAX; m++)
			s->bank[b].chain[m].match = REPLAY_NO_MATCH;
	return r->slot[pcr] = s;
}

static void compare(const struct replay *r, const struct replay_slot *s,
		    const struct replay_slot_bank *sb, struct replay_chain *c,
		    size_t size)
{
	if (c->match == REPLAY_NO_MATCH && memcmp(c->value, sb->target, size) == 0) {
		c->match = r->entries;
		c->match_count = s->entries;
	}
}

static void extend(struct replay *r, const struct replay_bank *b, struct replay_slot *s,
		   struct replay_slot_bank *sb, enum replay_mode mode, const uint8_t *t)
{
	struct replay_chain *c = &sb->chain[mode];

	hash_once(b->hash, (struct span){c->value, b->size}, (struct span){t, b->size},
		  c->value);
	if (sb->wanted)
		compare(r, s, sb, c, b->size);
}

/* The value extended for a record whose SHA-1 digest is padded with zeros. */
static void padded(const struct replay_bank *b, const uint8_t *sha1, uint8_t *out)
{
	size_t n = b->size < SHA1_SIZE ? b->size : SHA1_SIZE;

	memset(out, 0, b->size);
	memcpy(out, sha1, n);
}

static void extend_bank(struct replay *r, const struct replay_bank *b,
			struct replay_slot *s, struct replay_slot_bank *sb,
			bool violation, const uint8_t *digests)
{
	static const uint8_t ones[HASH_MAX_SIZE] = {[0 ... HASH_MAX_SIZE - 1] = 0xff};
	uint8_t pad[HASH_MAX_SIZE];

	if (b->modes & REPLAY_MODES_NATIVE)
		extend(r, b, s, sb, REPLAY_NATIVE,
		       violation ? ones : digests + b->native);
	if (!(b->modes & ~(unsigned)REPLAY_MODES_NATIVE))
		return;
	padded(b, violation ? ones : digests + r->sha1, pad);
	if (b->modes & 1 << REPLAY_PADDED)
		extend(r, b, s, sb, REPLAY_PADDED, violation ? ones : pad);
	if (b->modes & 1 << REPLAY_PADDED_SHORT)
		extend(r, b, s, sb, REPLAY_PADDED_SHORT, pad);
}

static int extend_entry(struct replay *r, const struct mlog_entry *e,
			const uint8_t *digests)
{
	struct replay_slot *s = replay_slot_of(r, e->pcr);

	if (!s)
		return -ENOMEM;
	r->entries++;
	s->entries++;
	if (e->violation)
		r->violations++;
	for (size_t i = 0; i < r->n_banks; i++)
		if (r->bank[i].hash)
			extend_bank(r, &r->bank[i], s, &s->bank[i], e->violation,
				    digests);
	return 0;
}

int replay_extend(struct replay *r, const struct replay_batch *b, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!replay_slot_of(r, b->entry[i].pcr))
			return -ENOMEM;
	for (size_t i = from; i < to; i++)
		(void)extend_entry(r, &b->entry[i], b->digest + i * r->stride);
	return 0;
}

int replay_add(struct replay *r, const struct mlog_dialect *dialect,
	       const struct mlog_entry *entry)
{
	r->one.n = 1;
	r->one.entry[0] = *entry;
	replay_digest(r, r->hasher, dialect, &r->one);
	if (replay_extend(r, &r->one, 0, 1) < 0)
		return -ENOMEM;
	return r->one.check[0];
}

uint64_t replay_entries(const struct replay *r)
{
	return r->entries;
}

uint64_t replay_violations(const struct replay *r)
{
	return r->violations;
}

uint64_t replay_pcrs(const struct replay *r)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < MLOG_PCR_MAX; i++)
		if (r->slot[i] && r->slot[i]->entries)
			mask |= UINT64_C(1) << i;
	return mask;
}

uint64_t replay_pcr_entries(const struct replay *r, unsigned pcr)
{
	return pcr < MLOG_PCR_MAX && r->slot[pcr] ? r->slot[pcr]->entries : 0;
}

/* For sha1 the padded modes are the native one. */
static bool chain_of(const struct replay *r, size_t bank, enum replay_mode *mode)
{
	if (bank >= r->n_banks || !r->bank[bank].hash)
		return false;
	if (r->bank[bank].alg == HASH_SHA1)
		*mode = REPLAY_NATIVE;
	return r->bank[bank].modes & 1U << *mode;
}

bool replay_value(const struct replay *r, size_t bank, unsigned pcr,
		  enum replay_mode mode, struct span *ret)
{
	static const uint8_t zeros[HASH_MAX_SIZE];

	if (pcr >= MLOG_PCR_MAX || !chain_of(r, bank, &mode))
		return false;
	*ret = (struct span){r->slot[pcr] ? r->slot[pcr]->bank[bank].chain[mode].value
					  : zeros,
			     r->bank[bank].size};
	return true;
}

int replay_target(struct replay *r, size_t bank, unsigned pcr, struct span value)
{
	struct replay_slot_bank *sb;
	struct replay_slot *s;

	if (bank >= r->n_banks || pcr >= MLOG_PCR_MAX || value.len != r->bank[bank].size)
		return -EINVAL;
	s = replay_slot_of(r, pcr);
	if (!s)
		return -ENOMEM;
	sb = &s->bank[bank];
	sb->wanted = true;
	memcpy(sb->target, value.ptr, value.len);
	for (size_t m = 0; m < _REPLAY_MODE_MAX; m++) {
		sb->chain[m].match = REPLAY_NO_MATCH;
		if (r->bank[bank].modes & 1U << m)
			compare(r, s, sb, &sb->chain[m], value.len);
	}
	return 0;
}

uint64_t replay_match(const struct replay *r, size_t bank, unsigned pcr,
		      enum replay_mode mode, uint64_t *ret_pending)
{
	const struct replay_chain *c;

	if (pcr >= MLOG_PCR_MAX || !r->slot[pcr] || !chain_of(r, bank, &mode))
		return REPLAY_NO_MATCH;
	c = &r->slot[pcr]->bank[bank].chain[mode];
	if (c->match != REPLAY_NO_MATCH && ret_pending)
		*ret_pending = r->slot[pcr]->entries - c->match_count;
	return c->match;
}
