/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why list and PCR disagree. Each hypothesis is a way to compute the PCR: where the
 * result is the TPM's value the hypothesis holds, and that is proof, not opinion. Those
 * that need one pass run side by side as chains; those about a single record need a pass
 * each, and are tried in lists of at most VERIFY_SEARCH_MAX records.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/verify-internal.h"

enum { SHA1_SIZE = 20, RESTARTS_MAX = 6, PATH_TEXT = 72, PADDED_MAX = 1024 };

enum chain_id {
	CHAIN_LUMPED,
	CHAIN_LUMPED_PADDED,
	CHAIN_COLUMN,
	CHAIN_COLUMN_PADDED,
	CHAIN_SHORT,
	CHAIN_ZERO,
	CHAIN_RESTART, /* and the next RESTARTS_MAX - 1 */
	_CHAIN_MAX = CHAIN_RESTART + RESTARTS_MAX,
};

struct chain {
	bool on, hit;
	uint64_t first; /* number of the record it began with, from 0 */
	uint8_t value[HASH_MAX_SIZE];
};

/* What the search tries with one record after the other. */
enum variant {
	TRY_REMOVE,
	TRY_SWAP,
	TRY_PCR,
	TRY_VIOLATION_DROPPED,
	TRY_VIOLATION_HIDDEN,
	TRY_VIOLATION_FAKED,
	TRY_START,
	_TRY_MAX,
};

struct record {
	unsigned pcr;
	bool violation;
	char path[PATH_TEXT];
	uint8_t t[2][HASH_MAX_SIZE];	 /* native, padded: what was extended */
	uint8_t other[2][HASH_MAX_SIZE]; /* of a violation: the digest of its data */
};

struct why {
	size_t bank;
	enum hash_alg alg;
	size_t size;
	unsigned pcr;
	uint8_t expected[HASH_MAX_SIZE];
	uint64_t entries; /* the records the value may stand for: all, live those before
			     it */
	struct hash_ctx *hash;
	struct chain chain[_CHAIN_MAX];
	size_t n_restarts;
	struct replay_batch one; /* digests of violations' data */
	struct replay_hasher *hasher;
	struct record *record;		 /* NULL: the list is too long for a search */
	uint8_t (*state)[HASH_MAX_SIZE]; /* PCR before record i, of the view being
					    searched */
	unsigned view, variant;
	size_t at;
	uint64_t agree, differ; /* checkpoints: records; UINT64_MAX none */
};

void verify_why_add(struct verify *v, enum verify_why why, enum verify_kind kind,
		    uint64_t first, uint64_t last, const char *fmt, ...)
{
	struct verify_reason *r;
	va_list ap;

	if (v->res.n_reasons == VERIFY_REASONS_MAX)
		return;
	r = &v->res.reason[v->res.n_reasons++];
	*r = (struct verify_reason){.why = why,
				    .kind = kind,
				    .first = first,
				    .last = last};
	va_start(ap, fmt);
	(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

/* The PCR to explain: one that no prefix of the list leads to. SHA-1 first, it is
 * cheapest and the column of most lists. */
static const struct verify_pcr *probe(const struct verify *v, size_t *ret_bank)
{
	const struct verify_pcr *found = NULL;

	for (size_t b = 0; b < v->res.n_banks; b++)
		for (size_t i = 0; i < v->res.bank[b].n_pcrs; i++) {
			const struct verify_pcr *p = &v->res.bank[b].pcr[i];

			if (p->verdict != VERIFY_MISMATCH)
				continue;
			if (!found || v->res.bank[b].alg == HASH_SHA1) {
				found = p;
				*ret_bank = b;
			}
			break;
		}
	return found;
}

bool verify_why_wanted(const struct verify *v)
{
	size_t bank;

	return probe(v, &bank) != NULL;
}

void verify_why_free(struct verify *v)
{
	struct why *w = v->why;

	if (!w)
		return;
	hash_free(w->hash);
	replay_batch_done(&w->one);
	replay_hasher_free(w->hasher);
	free(w->record);
	free(w->state);
	free(w);
	v->why = NULL;
}

int verify_why_new(struct verify *v)
{
	struct why *w = calloc(1, sizeof(*w));
	const struct verify_pcr *p = probe(v, &(size_t){0});

	if (!w || !p) {
		free(w);
		return -ENOMEM;
	}
	v->why = w;
	p = probe(v, &w->bank);
	w->alg = v->res.bank[w->bank].alg;
	w->size = hash_alg_size(w->alg);
	w->pcr = p->pcr;
	memcpy(w->expected, p->expected.value, w->size);
	w->entries = v->res.live ? v->pcrs_at : v->res.entries;
	w->agree = w->differ = UINT64_MAX;
	w->hash = hash_new(w->alg, NULL);
	if (!w->hash || replay_batch_init(v->replay, 1, &w->one) < 0 ||
	    replay_hasher_new(v->replay, &w->hasher, NULL) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < CHAIN_RESTART; i++)
		w->chain[i].on = true;
	if (w->entries && w->entries <= VERIFY_SEARCH_MAX) {
		w->record = calloc(w->entries, sizeof(w->record[0]));
		w->state = calloc(w->entries + 1, sizeof(w->state[0]));
		if (!w->record || !w->state)
			return -ENOMEM;
	}
	return 0;
}

static void extend(struct why *w, uint8_t *value, const uint8_t *t)
{
	hash_once(w->hash, (struct span){value, w->size}, (struct span){t, w->size},
		  value);
}

static const uint8_t ones[HASH_MAX_SIZE] = {[0 ... HASH_MAX_SIZE - 1] = 0xff};
static const uint8_t zeros[HASH_MAX_SIZE];

static void pad(const struct why *w, const uint8_t *sha1, size_t len, uint8_t *out)
{
	memset(out, 0, HASH_MAX_SIZE);
	memcpy(out, sha1, len < w->size ? len : w->size);
}

/* Both ways to extend for the record: the bank's own digest, and SHA-1 with zeros. */
static void both(const struct verify *v, const struct replay_batch *b, size_t i,
		 uint8_t out[2][HASH_MAX_SIZE])
{
	struct span d;

	memset(out, 0, 2 * HASH_MAX_SIZE);
	if (b->entry[i].violation) {
		memcpy(out[0], ones, HASH_MAX_SIZE);
		memcpy(out[1], ones, HASH_MAX_SIZE);
		return;
	}
	if (replay_batch_digest(v->replay, b, i, v->why->alg, &d))
		memcpy(out[0], d.ptr, d.len);
	if (replay_batch_digest(v->replay, b, i, HASH_SHA1, &d))
		pad(v->why, d.ptr, d.len, out[1]);
}

/* A violation's data hashed as if it were none. */
static void other_digest(struct verify *v, const struct mlog_entry *e,
			 uint8_t out[2][HASH_MAX_SIZE])
{
	struct why *w = v->why;

	w->one.n = 1;
	w->one.entry[0] = *e;
	w->one.entry[0].violation = false;
	replay_digest(v->replay, w->hasher, &v->dialect, &w->one);
	both(v, &w->one, 0, out);
}

static void remember(struct verify *v, const struct mlog_entry *e, uint64_t n,
		     uint8_t t[2][HASH_MAX_SIZE])
{
	struct record *r = &v->why->record[n];

	r->pcr = e->pcr;
	r->violation = e->violation;
	(void)str_quote(r->path, sizeof(r->path), mlog_path(&v->dialect, e));
	memcpy(r->t, t, sizeof(r->t));
	if (e->violation)
		other_digest(v, e, r->other);
}

static void step(struct why *w, enum chain_id id, const uint8_t *t)
{
	extend(w, w->chain[id].value, t);
}

static void step_column(struct why *w, const struct mlog_entry *e,
			uint8_t t[2][HASH_MAX_SIZE])
{
	uint8_t padded[HASH_MAX_SIZE];

	if (e->violation || e->digest.len == w->size)
		step(w, CHAIN_COLUMN, e->violation ? ones : e->digest.ptr);
	else
		w->chain[CHAIN_COLUMN].on = false;
	pad(w, e->digest.ptr, e->digest.len < SHA1_SIZE ? e->digest.len : SHA1_SIZE,
	    padded);
	step(w, CHAIN_COLUMN_PADDED, e->violation ? ones : padded);
}

static void step_restarts(struct why *w, bool bootagg, uint64_t n, const uint8_t *t)
{
	if (bootagg && n && w->n_restarts < RESTARTS_MAX) {
		struct chain *c = &w->chain[CHAIN_RESTART + w->n_restarts++];

		*c = (struct chain){.on = true, .first = n};
	}
	for (size_t i = 0; i < w->n_restarts; i++)
		step(w, (enum chain_id)(CHAIN_RESTART + i), t);
}

static void compare(struct why *w, uint64_t n)
{
	if (n < w->entries)
		return;
	for (size_t i = 0; i < _CHAIN_MAX; i++)
		if (w->chain[i].on &&
		    memcmp(w->chain[i].value, w->expected, w->size) == 0)
			w->chain[i].hit = true;
}

/* Earlier checks of this boot: the last place where the list still says the same, the
 * first where it does not. */
static void checkpoints(struct verify *v, uint64_t n)
{
	struct bytes b = bytes_of(v->o.checkpoints.ptr, v->o.checkpoints.len);
	struct span state;
	uint64_t entries;
	uint32_t len;

	while (bytes_u32(&b, &len) && bytes_take(&b, len, &state)) {
		if (replay_state_entries(state, &entries) < 0 || entries != n)
			continue;
		if (replay_same(v->replay, state) > 0)
			v->why->agree = n;
		else if (v->why->differ == UINT64_MAX)
			v->why->differ = n;
	}
}

void verify_why_batch(struct verify *v, const struct verify_batch *vb, size_t i)
{
	const struct mlog_entry *e = &vb->rb.entry[i];
	struct why *w = v->why;
	uint64_t n = vb->first + i;
	uint8_t t[2][HASH_MAX_SIZE], shortened[HASH_MAX_SIZE];

	both(v, &vb->rb, i, t);
	if (w->record && n < w->entries)
		remember(v, e, n, t);
	step(w, CHAIN_LUMPED, t[0]);
	step(w, CHAIN_LUMPED_PADDED, t[1]);
	if (e->pcr == w->pcr) {
		pad(w, ones, SHA1_SIZE, shortened);
		step_column(w, e, t);
		step(w, CHAIN_SHORT, e->violation ? shortened : t[0]);
		step(w, CHAIN_ZERO, e->violation ? zeros : t[0]);
		step_restarts(w, vb->look[i] & LOOK_BOOTAGG, n, t[0]);
	}
	compare(w, n + 1);
	if (v->o.checkpoints.len)
		checkpoints(v, n + 1);
}

static void say_restart(struct verify *v)
{
	const struct why *w = v->why;

	for (size_t i = 0; i < w->n_restarts; i++) {
		const struct chain *c = &w->chain[CHAIN_RESTART + i];

		if (c->hit) {
			verify_why_add(
				v, WHY_TWO_BOOTS, VERIFY_CAUSE, c->first + 1, w->entries,
				"The PCR holds what was measured from entry %" PRIu64
				" (boot_aggregate) on; what stands before belongs to an earlier boot.",
				c->first + 1);
			return;
		}
	}
}

static void say_column(struct verify *v)
{
	uint64_t first = v->res.n_errors ? v->res.error[0].entry : 0;

	verify_why_add(
		v, WHY_COLUMN, VERIFY_CAUSE, first, first,
		"The PCR holds the digests of the digest column, not those of the data: the data "
		"of %" PRIu64 " entries, the first %" PRIu64 ", were changed.",
		v->res.n_errors, first);
}

static bool hit(const struct why *w, enum chain_id id)
{
	return w->chain[id].hit;
}

static bool say_chains(struct verify *v)
{
	const struct why *w = v->why;
	size_t before = v->res.n_reasons;

	if (v->res.n_errors && (hit(w, CHAIN_COLUMN) || hit(w, CHAIN_COLUMN_PADDED)))
		say_column(v);
	else if (hit(w, CHAIN_SHORT))
		verify_why_add(
			v, WHY_SHORT_VIOLATION, VERIFY_CAUSE, 0, 0,
			"The PCR holds violations as 20 bytes of 0xff and zeros, and everything "
			"else as it should be.");
	else if (hit(w, CHAIN_ZERO))
		verify_why_add(
			v, WHY_ZERO_VIOLATION, VERIFY_CAUSE, 0, 0,
			"The PCR holds violations as zeros, and everything else as it should be.");
	else if (hit(w, CHAIN_LUMPED) || hit(w, CHAIN_LUMPED_PADDED))
		verify_why_add(
			v, WHY_LUMPED, VERIFY_CAUSE, 0, 0,
			"The value of PCR %u holds the entries of all PCRs together.",
			w->pcr);
	else
		say_restart(v);
	return v->res.n_reasons > before;
}

static bool any_match(const struct verify *v)
{
	for (size_t b = 0; b < v->res.n_banks; b++)
		if (v->res.bank[b].verdict == VERIFY_MATCH)
			return true;
	return false;
}

static bool say_zero(struct verify *v)
{
	const struct why *w = v->why;

	if (memcmp(w->expected, zeros, w->size) != 0)
		return false;
	if (v->res.bootagg.zero)
		verify_why_add(
			v, WHY_TPM_BYPASS, VERIFY_CAUSE, 0, 0,
			"PCR %u was never extended and boot_aggregate is all zeros: IMA ran without "
			"the TPM.",
			w->pcr);
	else
		verify_why_add(v, WHY_PCR_ZERO, VERIFY_CAUSE, 0, 0,
			       "PCR %u is all zeros although the list has %" PRIu64
			       " entries.",
			       w->pcr, v->res.entries);
	return true;
}

static bool say_checkpoint(struct verify *v)
{
	const struct why *w = v->why;

	if (w->differ == UINT64_MAX)
		return false;
	verify_why_add(
		v, WHY_CHECKPOINT, VERIFY_CAUSE,
		w->agree == UINT64_MAX ? 1 : w->agree + 1, w->differ,
		"The list differs from what was proven earlier in this boot, between entries "
		"%" PRIu64 " and %" PRIu64 ".",
		w->agree == UINT64_MAX ? 1 : w->agree + 1, w->differ);
	return true;
}

int verify_why_conclude(struct verify *v)
{
	struct why *w = v->why;
	size_t bank;

	if (!probe(v, &bank))
		return 0; /* a padded bank, or a prefix: the judge says it */
	if (any_match(v)) {
		verify_why_add(
			v, WHY_BANKS_DIFFER, VERIFY_CAUSE, 0, 0,
			"Other banks prove the same list: the value of PCR %u of bank %s is not this "
			"boot's, or was extended besides.",
			w->pcr, hash_alg_name(w->alg));
		return 0;
	}
	if (say_checkpoint(v) || say_zero(v) || say_chains(v))
		return 0;
	if (v->res.damage.id != DIAG_NONE)
		return 0;
	if (!w->record)
		verify_why_add(
			v, WHY_TOO_LONG, VERIFY_NOTE, 0, 0,
			"The list is too long (over %d entries) to try the change of each single one.",
			VERIFY_SEARCH_MAX);
	return w->record != NULL;
}

static const uint8_t *value_of(const struct why *w, size_t i)
{
	return w->record[i].t[w->view];
}

static bool mine(const struct why *w, size_t i)
{
	return w->record[i].pcr == w->pcr;
}

/* The PCR before each record, in the view that is searched. */
static void states(struct why *w)
{
	memset(w->state[0], 0, HASH_MAX_SIZE);
	for (size_t i = 0; i < w->entries; i++) {
		memcpy(w->state[i + 1], w->state[i], HASH_MAX_SIZE);
		if (mine(w, i))
			extend(w, w->state[i + 1], value_of(w, i));
	}
}

/* From @value on with the records after @i: is that the TPM's value? */
static bool rest_leads(struct why *w, uint8_t *value, size_t i)
{
	for (; i < w->entries; i++)
		if (mine(w, i))
			extend(w, value, value_of(w, i));
	return memcmp(value, w->expected, w->size) == 0;
}

/* The next record of this PCR after @i; entries when there is none. */
static size_t next_mine(const struct why *w, size_t i)
{
	for (i++; i < w->entries && !mine(w, i); i++)
		;
	return i;
}

static bool try_swap(struct why *w, uint8_t *value, size_t i)
{
	size_t j = next_mine(w, i);

	if (j >= w->entries || memcmp(value_of(w, i), value_of(w, j), w->size) == 0)
		return false;
	extend(w, value, value_of(w, j));
	extend(w, value, value_of(w, i));
	return rest_leads(w, value, j + 1);
}

/* Record @i seen as something else leads to the TPM's value. */
static bool try_record(struct why *w, size_t i)
{
	const struct record *r = &w->record[i];
	uint8_t value[HASH_MAX_SIZE];

	memcpy(value, w->state[i], sizeof(value));
	if ((w->variant == TRY_PCR) == mine(w, i))
		return false;
	switch ((enum variant)w->variant) {
	case TRY_REMOVE:
		return rest_leads(w, value, i + 1);
	case TRY_SWAP:
		return try_swap(w, value, i);
	case TRY_PCR:
		extend(w, value, value_of(w, i));
		return rest_leads(w, value, i + 1);
	case TRY_VIOLATION_DROPPED:
		extend(w, value, ones);
		return rest_leads(w, value, i);
	case TRY_VIOLATION_HIDDEN:
		if (r->violation)
			return false;
		extend(w, value, ones);
		return rest_leads(w, value, i + 1);
	case TRY_VIOLATION_FAKED:
		if (!r->violation)
			return false;
		extend(w, value, r->other[w->view]);
		return rest_leads(w, value, i + 1);
	case TRY_START:
		memset(value, 0, sizeof(value));
		return i > 0 && rest_leads(w, value, i);
	case _TRY_MAX:
		break;
	}
	return false;
}

static bool same_value(const struct why *w, size_t i, size_t j)
{
	return mine(w, j) && !w->record[j].violation &&
	       memcmp(value_of(w, i), value_of(w, j), w->size) == 0;
}

/* Of two neighbours that are the same the second is called the copy. */
static bool say_copy(struct verify *v, size_t i)
{
	const struct why *w = v->why;
	size_t of = 0, next = next_mine(w, i);

	if (next < w->entries && same_value(w, i, next)) {
		of = i;
		i = next;
	} else {
		while (of < w->entries && (of == i || !same_value(w, i, of)))
			of++;
	}
	if (of == w->entries || w->record[i].violation)
		return false;
	verify_why_add(
		v, WHY_DUPLICATED, VERIFY_CAUSE, i + 1, i + 1,
		"Entry %zu (%s) is a copy of entry %zu; without it the list matches.",
		i + 1, w->record[i].path, of + 1);
	return true;
}

static void say_found(struct verify *v, size_t i)
{
	const struct why *w = v->why;
	const char *path = w->record[i].path;
	size_t j = next_mine(w, i);

	switch ((enum variant)w->variant) {
	case TRY_REMOVE:
		if (!say_copy(v, i))
			verify_why_add(
				v, WHY_INSERTED, VERIFY_CAUSE, i + 1, i + 1,
				"The PCR was never extended with entry %zu (%s); without it the list "
				"matches.",
				i + 1, path);
		break;
	case TRY_SWAP:
		verify_why_add(v, WHY_SWAPPED, VERIFY_CAUSE, i + 1, j + 1,
			       "Entries %zu (%s) and %zu stand in the wrong order.",
			       i + 1, path, j + 1);
		break;
	case TRY_PCR:
		verify_why_add(
			v, WHY_OTHER_PCR, VERIFY_CAUSE, i + 1, i + 1,
			"Entry %zu (%s) names PCR %u but was extended into PCR %u.",
			i + 1, path, w->record[i].pcr, w->pcr);
		break;
	case TRY_VIOLATION_DROPPED:
		verify_why_add(v, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, i + 1, i + 1,
			       "A violation is missing right before entry %zu (%s).",
			       i + 1, path);
		break;
	case TRY_VIOLATION_HIDDEN:
		verify_why_add(
			v, WHY_VIOLATION_HIDDEN, VERIFY_CAUSE, i + 1, i + 1,
			"Entry %zu (%s) was a violation and is shown as a measurement.",
			i + 1, path);
		break;
	case TRY_VIOLATION_FAKED:
		verify_why_add(
			v, WHY_VIOLATION_FAKED, VERIFY_CAUSE, i + 1, i + 1,
			"Entry %zu (%s) was a measurement and is shown as a violation.",
			i + 1, path);
		break;
	case TRY_START:
		verify_why_add(
			v, WHY_LATE_START, VERIFY_CAUSE, i + 1, w->entries,
			"The PCR holds what was measured from entry %zu (%s) on, and nothing before.",
			i + 1, path);
		break;
	case _TRY_MAX:
		break;
	}
}

/* A violation that was the last record: nothing stands behind it. */
static bool try_end(struct verify *v)
{
	struct why *w = v->why;
	uint8_t value[HASH_MAX_SIZE];

	memcpy(value, w->state[w->entries], sizeof(value));
	extend(w, value, ones);
	if (memcmp(value, w->expected, w->size) != 0)
		return false;
	verify_why_add(v, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, w->entries, w->entries,
		       "A violation is missing at the end, behind entry %" PRIu64 ".",
		       w->entries);
	return true;
}

/* Padded digests in a bank IMA has a hash for are rare, so long lists are not searched
 * that way too. */
static unsigned views(const struct why *w)
{
	return w->alg == HASH_SHA1 || w->entries > PADDED_MAX ? 1 : 2;
}

int verify_why_search(struct verify *v, uint64_t until_us)
{
	struct why *w = v->why;

	while (w->view < views(w)) {
		if (w->variant == 0 && w->at == 0) {
			states(w);
			if (try_end(v))
				return 0;
		}
		if (try_record(w, w->at)) {
			say_found(v, w->at);
			return 0;
		}
		if (++w->at == w->entries) {
			w->at = 0;
			if (++w->variant == _TRY_MAX) {
				w->variant = 0;
				w->view++;
			}
		}
		if (verify_now_us() >= until_us)
			return 1;
	}
	return 0;
}

static bool has_cause(const struct verify *v)
{
	for (size_t i = 0; i < v->res.n_reasons; i++)
		if (v->res.reason[i].kind == VERIFY_CAUSE)
			return true;
	return false;
}

static void say_damage(struct verify *v)
{
	const struct verify_result *r = &v->res;

	if (r->damage.id != DIAG_NONE)
		verify_why_add(v, WHY_DAMAGED, VERIFY_CAUSE, r->damage_entry,
			       r->damage_entry, "%s", r->damage.text);
}

static void say_errors(struct verify *v)
{
	const struct verify_result *r = &v->res;
	char path[PATH_TEXT];

	if (r->n_errors == 0)
		return;
	if (r->error[0].format) {
		verify_why_add(
			v, WHY_FORMAT, VERIFY_CAUSE, r->error[0].entry, r->error[0].entry,
			"Entry %" PRIu64 " at byte %" PRIu64
			": no kernel known to imactl writes such a template, or not with such fields.",
			r->error[0].entry, r->error[0].offset);
		return;
	}
	verify_why_add(
		v, WHY_TEMPLATE, VERIFY_CAUSE, r->error[0].entry, r->error[0].entry,
		"Entry %" PRIu64 " at byte %" PRIu64
		" (%s): the digest column is not the digest of the entry's data%s.",
		r->error[0].entry, r->error[0].offset,
		str_quote(path, sizeof(path),
			  (struct span){r->error[0].path, r->error[0].path_len}),
		r->n_errors > 1 ? ", and so in others" : "");
}

static void say_tail(struct verify *v)
{
	for (size_t b = 0; b < v->res.n_banks; b++) {
		const struct verify_bank *k = &v->res.bank[b];

		if (k->verdict != VERIFY_PENDING)
			continue;
		verify_why_add(v, WHY_TAIL, VERIFY_CAUSE, k->matched + 1, v->res.entries,
			       "Entries 1 to %" PRIu64
			       " are proven; the PCR knows nothing of the %" PRIu64
			       " behind them (%" PRIu64 " to %" PRIu64 ").",
			       k->matched, k->pending, k->matched + 1, v->res.entries);
		return;
	}
}

/* Nothing computed explains it: what would look like this. */
static void say_possible(struct verify *v)
{
	if (v->res.entries && !v->first_is_bootagg)
		verify_why_add(
			v, WHY_TRIMMED, VERIFY_POSSIBLE, 1, 1,
			"The list does not begin with boot_aggregate: its beginning was cut off.");
	if (v->res.bootagg.count > 1)
		verify_why_add(
			v, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0,
			"The list was carried over %u kexec: entries made between loading and "
			"starting a kernel are in the PCR but not in the list (kernels before 6.16).",
			v->res.bootagg.count - 1);
	else if (v->res.bootagg.verdict == VERIFY_MATCH)
		verify_why_add(
			v, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0,
			"boot_aggregate agrees with PCR 0 to %u, so the list is of this boot of the "
			"machine: if the kernel was started by kexec, the PCR began with the "
			"measurements of the one before.",
			v->res.bootagg.last);
	verify_why_add(
		v, WHY_NONE, VERIFY_POSSIBLE, 0, 0,
		"No prefix of the list and no change of a kind imactl knows leads to the PCR's value.");
}

void verify_why_last(struct verify *v)
{
	size_t bank;

	verify_judge_finish(v); /* the boot aggregate is part of the picture */
	say_tail(v);
	say_damage(v);
	say_errors(v);
	if (probe(v, &bank) && !has_cause(v))
		say_possible(v);
}

static void note_bank(struct verify *v, const struct verify_bank *b)
{
	if (b->mode != REPLAY_NATIVE && b->verdict != VERIFY_UNKNOWN)
		verify_why_add(
			v, WHY_PADDED, VERIFY_NOTE, 0, 0,
			"Bank %s was extended with SHA-1 digests and zeros behind them.",
			hash_alg_name(b->alg));
	for (size_t i = 0; i < b->n_pcrs; i++) {
		if (!b->pcr[i].has_computed)
			verify_why_add(v, WHY_UNCOMPUTABLE, VERIFY_NOTE, 0, 0,
				       "This system's OpenSSL cannot compute %s.",
				       hash_alg_name(b->alg));
		else if (!b->pcr[i].has_expected)
			verify_why_add(
				v, WHY_NO_PCR_VALUE, VERIFY_NOTE, 0, 0,
				"There is no value of PCR %u of bank %s to compare with.",
				b->pcr[i].pcr, hash_alg_name(b->alg));
		else
			continue;
		return;
	}
}

static void note_boot_aggregate(struct verify *v)
{
	const struct verify_bootagg *a = &v->res.bootagg;

	if (a->verdict == VERIFY_MISMATCH)
		verify_why_add(
			v, WHY_BOOT_AGGREGATE, VERIFY_CAUSE, 0, 0,
			"boot_aggregate in the list is not the digest of PCR 0 to %u of bank %s.",
			a->last, hash_alg_name(a->logged.alg));
	else if (a->verdict == VERIFY_MATCH && a->last == 7 && a->logged.alg != HASH_SHA1)
		verify_why_add(
			v, WHY_BOOT_AGGREGATE_0_7, VERIFY_NOTE, 0, 0,
			"boot_aggregate covers PCR 0 to 7 only, although its bank is %s.",
			hash_alg_name(a->logged.alg));
	else if (a->zero)
		verify_why_add(
			v, WHY_NO_BOOT_AGGREGATE, VERIFY_NOTE, 0, 0,
			"boot_aggregate is all zeros: IMA found no TPM bank to compute it from.");
}

void verify_why_notes(struct verify *v)
{
	const struct verify_result *r = &v->res;

	if (r->entries == 0)
		verify_why_add(v, WHY_EMPTY, VERIFY_NOTE, 0, 0, "The list has no entry.");
	note_boot_aggregate(v);
	for (size_t i = 0; i < r->n_banks; i++)
		note_bank(v, &r->bank[i]);
	if (r->bootagg.count > 1 && r->verdict == VERIFY_MATCH)
		verify_why_add(
			v, WHY_SEVERAL_KERNELS, VERIFY_NOTE, 0, 0,
			"boot_aggregate occurs %u times: the list was carried over kexec.",
			r->bootagg.count);
	if (r->violations)
		verify_why_add(
			v, WHY_UNPROTECTED, VERIFY_NOTE, 0, 0,
			"%" PRIu64
			" violation entries: the PCR proves that they happened, not which "
			"files they name.",
			r->violations);
}
