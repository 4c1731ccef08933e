/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why list and PCR disagree. Each hypothesis is a way to compute the PCR: where the
 * result is the TPM's value the hypothesis holds, and that is proof, not opinion. Those
 * that need one pass run side by side as chains over a second look at the list; then other
 * copies of the list are asked, then single changes are searched for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/verify/verify-why.h"

static const uint8_t ones[HASH_MAX_SIZE] = {[0 ... HASH_MAX_SIZE - 1] = 0xff};
static const uint8_t shortened[HASH_MAX_SIZE] = {[0 ... SHA1_SIZE - 1] = 0xff};
static const uint8_t zeros[HASH_MAX_SIZE];

/* SHA-1 first, it is cheapest and the column of most lists. */
const struct verify_pcr *verify_why_probe(const struct verify *v, size_t *ret_bank)
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
	return verify_why_probe(v, &(size_t){0}) != NULL;
}

static void round_done(struct why *w)
{
	hash_free(w->digest);
	w->digest = NULL;
	verify_seq_done(&w->seq);
	free(w->base);
	w->base = NULL;
	w->n_base = w->cap_base = 0;
	verify_copy_free(w);
	w->search = verify_search_free(w->search);
	free(w->problem);
	w->problem = NULL;
}

void verify_why_free(struct verify *v)
{
	struct why *w = v->why;

	if (!w)
		return;
	round_done(w);
	hash_free(w->hash);
	free(w);
	v->why = NULL;
}

static void next_mark(struct why *w)
{
	if (!verify_marks_next(&w->marks, &w->mark_entries, &w->mark))
		w->mark_entries = UINT64_MAX;
}

static int push_base(struct why *w, const uint8_t *value)
{
	if (w->n_base == w->cap_base) {
		size_t cap = w->cap_base ? 2 * w->cap_base : 64;
		void *p = reallocarray(w->base, cap, sizeof(w->base[0]));

		if (!p)
			return -ENOMEM;
		w->base = p;
		w->cap_base = cap;
	}
	memcpy(w->base[w->n_base++], value, w->size);
	return 0;
}

int verify_why_round(struct verify *v)
{
	struct why *w = v->why;

	round_done(w);
	w->digest = hash_new(w->mode == REPLAY_NATIVE ? w->alg : HASH_SHA1, NULL);
	w->seq.size = w->size;
	w->marks = bytes_of(strbuf_str(&v->proven), v->proven.len);
	w->agree = 0;
	w->differ = UINT64_MAX;
	next_mark(w);
	w->no_memory =
		verify_seq_index(&w->seq, w->entries) < 0 || push_base(w, zeros) < 0;
	return w->digest ? 0 : -ENOMEM;
}

/* For SHA-1 the padded ways are the native one. */
static size_t n_modes(const struct why *w)
{
	return w->alg == HASH_SHA1 ? 1 : _REPLAY_MODE_MAX;
}

int verify_why_new(struct verify *v)
{
	struct why *w = calloc(1, sizeof(*w));
	const struct verify_pcr *p;
	size_t bank = 0;

	if (!w)
		return -ENOMEM;
	v->why = w;
	p = verify_why_probe(v, &bank);
	w->bank = bank;
	w->alg = v->res.bank[bank].alg;
	w->size = hash_alg_size(w->alg);
	w->pcr = p->pcr;
	memcpy(w->expected, p->expected.value, w->size);
	w->entries = v->res.live ? v->pcrs_at : v->res.entries;
	w->hash = hash_new(w->alg, NULL);
	for (size_t m = 0; m < n_modes(w); m++)
		for (size_t i = 0; i < CHAIN_RESTART; i++)
			w->chain[m][i].on = true;
	return w->hash ? verify_why_round(v) : -ENOMEM;
}

void verify_why_extend(struct why *w, uint8_t *value, const uint8_t *digest)
{
	hash_once(w->hash, (struct span){value, w->size}, (struct span){digest, w->size},
		  value);
}

const uint8_t *verify_why_violation(enum replay_mode mode)
{
	return mode == REPLAY_PADDED_SHORT ? shortened : ones;
}

static void pad(const struct why *w, const uint8_t *sha1, size_t len, uint8_t *out)
{
	memset(out, 0, HASH_MAX_SIZE);
	memcpy(out, sha1, len < w->size ? len : w->size);
}

void verify_why_digest(const struct verify *v, const struct mlog_dialect *d,
		       const struct mlog_entry *e, uint8_t *out)
{
	uint8_t digest[HASH_MAX_SIZE];

	replay_template_digest(v->why->digest, d, e, digest);
	if (v->why->mode == REPLAY_NATIVE)
		memcpy(out, digest, v->why->size);
	else
		pad(v->why, digest, SHA1_SIZE, out);
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

/* What the search and the copies need of the record. A violation's data is hashed as if it
 * were none. */
static void remember(struct verify *v, const struct mlog_entry *e,
		     uint8_t t[2][HASH_MAX_SIZE])
{
	struct why *w = v->why;
	struct span now;

	if (w->no_memory)
		return;
	if (e->violation)
		verify_why_digest(v, &v->dialect, e, t[0]);
	else if (w->mode != REPLAY_NATIVE)
		memcpy(t[0], t[1], w->size);
	w->no_memory = verify_seq_add(&w->seq, e->pcr, e->violation, t[0]) < 0;
	if (w->seq.n % PROBLEM_BASE == 0 &&
	    replay_value(v->replay, w->bank, w->pcr, w->mode, &now))
		w->no_memory |= push_base(w, now.ptr) < 0;
}

static void remember_template(struct why *w, struct span name)
{
	for (size_t i = w->n_templates; i > 0; i--)
		if (span_equal((struct span){w->template[i - 1].name,
					     w->template[i - 1].len},
			       name))
			return;
	if (w->n_templates == TEMPLATES_MAX || name.len > MLOG_NAME_MAX)
		return;
	w->template[w->n_templates].len = (uint8_t)name.len;
	memcpy(w->template[w->n_templates++].name, name.ptr, name.len);
}

static void step(struct why *w, size_t mode, enum chain_id id, const uint8_t *t)
{
	verify_why_extend(w, w->chain[mode][id].value, t);
}

static void step_column(struct why *w, size_t mode, const struct mlog_entry *e)
{
	uint8_t padded[HASH_MAX_SIZE];

	if (e->violation) {
		step(w, mode, CHAIN_COLUMN, verify_why_violation((enum replay_mode)mode));
	} else if (mode != REPLAY_NATIVE) {
		pad(w, e->digest.ptr,
		    e->digest.len < SHA1_SIZE ? e->digest.len : SHA1_SIZE, padded);
		step(w, mode, CHAIN_COLUMN, padded);
	} else if (e->digest.len == w->size) {
		step(w, mode, CHAIN_COLUMN, e->digest.ptr);
	} else {
		w->chain[mode][CHAIN_COLUMN].on = false;
	}
}

/* One way the bank may be extended. @t: the record's digest in that way. */
static void step_mode(struct why *w, size_t mode, const struct mlog_entry *e,
		      const uint8_t *t)
{
	const uint8_t *own =
		e->violation ? verify_why_violation((enum replay_mode)mode) : t;

	step(w, mode, CHAIN_LUMPED, own);
	if (e->pcr != w->pcr)
		return;
	step_column(w, mode, e);
	step(w, mode, CHAIN_SHORT, e->violation ? shortened : t);
	step(w, mode, CHAIN_ZERO, e->violation ? zeros : t);
	for (size_t i = 0; i < w->n_restarts; i++)
		step(w, mode, (enum chain_id)(CHAIN_RESTART + i), own);
}

static void compare(struct why *w, size_t mode)
{
	for (size_t i = 0; i < _CHAIN_MAX; i++) {
		struct chain *c = &w->chain[mode][i];

		if (c->on && memcmp(c->value, w->expected, w->size) == 0)
			c->hit = true;
	}
}

static void new_restart(struct why *w, uint64_t n)
{
	if (w->n_restarts == RESTARTS_MAX)
		return;
	for (size_t m = 0; m < n_modes(w); m++)
		w->chain[m][CHAIN_RESTART + w->n_restarts] =
			(struct chain){.on = true, .first = n};
	w->n_restarts++;
}

static void step_chains(struct verify *v, const struct verify_batch *vb, size_t i,
			uint8_t t[2][HASH_MAX_SIZE])
{
	const struct mlog_entry *e = &vb->rb.entry[i];
	struct why *w = v->why;
	uint64_t n = vb->first + i;

	if (vb->look[i] & LOOK_BOOTAGG && n && e->pcr == w->pcr)
		new_restart(w, n);
	for (size_t m = 0; m < n_modes(w); m++) {
		step_mode(w, m, e, t[m == REPLAY_NATIVE ? 0 : 1]);
		if (n + 1 >= w->entries)
			compare(w, m);
	}
}

/* Earlier checks of this boot: the last place where the list still says the same, the
 * first where it does not. */
static void pass_mark(struct verify *v, uint64_t n)
{
	struct why *w = v->why;

	while (w->mark_entries < n)
		next_mark(w);
	if (w->mark_entries != n || w->differ != UINT64_MAX)
		return;
	if (replay_same(v->replay, w->mark) > 0) {
		w->agree = n;
	} else {
		w->differ = n;
		w->differ_mark = w->mark;
	}
}

void verify_why_batch(struct verify *v, const struct verify_batch *vb, size_t i)
{
	const struct mlog_entry *e = &vb->rb.entry[i];
	struct why *w = v->why;
	uint8_t t[2][HASH_MAX_SIZE];

	both(v, &vb->rb, i, t);
	if (w->mode == REPLAY_NATIVE) {
		step_chains(v, vb, i, t);
		remember_template(w, e->name);
	}
	remember(v, e, t);
	pass_mark(v, vb->first + i + 1);
}

static bool hit(const struct why *w, size_t id)
{
	for (size_t m = 0; m < n_modes(w); m++)
		if (w->chain[m][id].hit)
			return true;
	return false;
}

static void say_restart(struct verify *v)
{
	const struct why *w = v->why;
	uint64_t first;
	size_t i = 0;

	while (i < w->n_restarts && !hit(w, CHAIN_RESTART + i))
		i++;
	if (i == w->n_restarts)
		return;
	first = w->chain[0][CHAIN_RESTART + i].first + 1;
	verify_say(v, WHY_TWO_BOOTS, VERIFY_CAUSE, first, w->entries,
		   "The PCR holds what was measured from entry %" PRIu64
		   " (boot_aggregate) on; what stands before belongs to an earlier boot.",
		   first);
}

static void say_column(struct verify *v)
{
	uint64_t first = v->res.n_errors ? v->res.error[0].entry : 0;

	verify_say(
		v, WHY_COLUMN, VERIFY_CAUSE, first, first,
		"The PCR holds the digests of the digest column, not those of the data: the data "
		"of %" PRIu64 " entries, the first %" PRIu64 ", were changed.",
		v->res.n_errors, first);
}

/* The PCR holds what the list says of others too. One such entry is named. */
static void say_lumped(struct verify *v)
{
	struct why *w = v->why;
	size_t n = 0, first = 0;

	for (size_t i = w->seq.n; i-- > 0;)
		if ((w->seq.mark[i] & SEQ_PCR) != w->pcr) {
			first = i;
			n++;
		}
	if (n == 1) {
		w->has_found = true;
		w->found = (struct verify_found){.edit = EDIT_PCR, .at = first};
		return;
	}
	verify_say(v, WHY_LUMPED, VERIFY_CAUSE, first + 1, first + 1,
		   "The value of PCR %u holds the entries of all PCRs together; %zu name "
		   "another one, the first is entry %zu.",
		   w->pcr, n, first + 1);
}

static bool say_chains(struct verify *v)
{
	const struct why *w = v->why;
	size_t before = v->res.n_reasons;

	if (v->res.n_errors && hit(w, CHAIN_COLUMN))
		say_column(v);
	else if (hit(w, CHAIN_SHORT))
		verify_say(
			v, WHY_SHORT_VIOLATION, VERIFY_CAUSE, 0, 0,
			"The PCR holds violations as 20 bytes of 0xff and zeros, and everything "
			"else as it should be.");
	else if (hit(w, CHAIN_ZERO))
		verify_say(
			v, WHY_ZERO_VIOLATION, VERIFY_CAUSE, 0, 0,
			"The PCR holds violations as zeros, and everything else as it should be.");
	else if (hit(w, CHAIN_LUMPED))
		say_lumped(v);
	else
		say_restart(v);
	return w->has_found || v->res.n_reasons > before;
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
		verify_say(
			v, WHY_TPM_BYPASS, VERIFY_CAUSE, 0, 0,
			"PCR %u was never extended and boot_aggregate is all zeros: IMA ran without "
			"the TPM.",
			w->pcr);
	else
		verify_say(v, WHY_PCR_ZERO, VERIFY_CAUSE, 0, 0,
			   "PCR %u is all zeros although the list has %" PRIu64
			   " entries.",
			   w->pcr, v->res.entries);
	return true;
}

/* The list ends before the place where it would differ, or would not. */
static void mark_behind_end(struct why *w)
{
	if (w->differ != UINT64_MAX || w->mark_entries == UINT64_MAX)
		return;
	if (w->mark_entries <= w->seq.n)
		next_mark(w);
	if (w->mark_entries == UINT64_MAX)
		return;
	w->differ = w->mark_entries;
	w->differ_mark = w->mark;
}

static enum phase names_or_done(struct why *w)
{
	if (w->has_found && w->found.edit != EDIT_COPY && w->found.edit != EDIT_FRONT &&
	    w->found.at < w->seq.n) {
		w->wants_name = true;
		w->name_of = w->found.at;
	}
	return w->wants_name ? PHASE_NAMES : PHASE_DONE;
}

enum phase verify_why_conclude(struct verify *v)
{
	struct why *w = v->why;
	size_t bank;

	if (!verify_why_probe(v, &bank))
		return PHASE_DONE; /* a padded bank, or a prefix: the judge says it */
	mark_behind_end(w);
	if (w->mode == REPLAY_NATIVE) {
		if (any_match(v)) {
			verify_say(
				v, WHY_BANKS_DIFFER, VERIFY_CAUSE, 0, 0,
				"Other banks prove the same list: the value of PCR %u of bank %s is not this "
				"boot's, or was extended besides.",
				w->pcr, hash_alg_name(w->alg));
			return PHASE_DONE;
		}
		if (say_zero(v) || say_chains(v))
			return names_or_done(w);
	}
	return v->o.n_copies && !w->no_memory ? PHASE_COPIES : verify_why_compared(v);
}

static enum phase start_search(struct verify *v)
{
	struct why *w = v->why;
	uint64_t left = v->o.search_ms * UINT64_C(1000);

	v->res.search.entries =
		w->entries - (w->agree < w->entries ? w->agree : w->entries);
	left -= w->search_us < left ? w->search_us : left;
	if (left == 0 || w->no_memory || w->seq.n < w->entries || w->entries == 0)
		return PHASE_DONE;
	w->problem = verify_problem_new(v);
	if (v->o.pool)
		(void)pool_grow(v->o.pool, 0); /* with fewer threads it takes longer */
	if (!w->problem ||
	    verify_search_new(w->problem, v->o.pool, v->o.beside, &w->search) < 0)
		return PHASE_DONE;
	w->search_began_us = verify_now_us();
	w->search_until_us = w->search_began_us + left;
	v->res.search.running = true;
	return PHASE_SEARCH;
}

enum phase verify_why_compared(struct verify *v)
{
	struct why *w = v->why;

	if (w->has_found)
		return names_or_done(w);
	return v->res.damage.id != DIAG_NONE ? PHASE_DONE : start_search(v);
}

/* What is found in one way of extending ends it; else the bank may have been extended in
 * another: padded digests in a bank IMA has a hash for are rare, so they come last. */
static enum phase next_round(struct verify *v)
{
	struct why *w = v->why;

	if (!v->res.search.complete || w->alg == HASH_SHA1 ||
	    w->mode + 1 == _REPLAY_MODE_MAX)
		return PHASE_DONE;
	w->mode++;
	return PHASE_AGAIN;
}

static enum phase searched(struct verify *v)
{
	struct why *w = v->why;

	v->res.search.running = false;
	w->search_us += verify_now_us() - w->search_began_us;
	v->res.search.ms = (unsigned)(w->search_us / 1000);
	w->has_found = verify_search_found(w->search, &w->found);
	v->res.search.complete = w->has_found || !w->search_stopped;
	if (!w->has_found)
		return next_round(v);
	return names_or_done(w);
}

enum phase verify_why_search(struct verify *v, uint64_t until_us)
{
	struct why *w = v->why;
	struct verify_search *s = &v->res.search;
	bool busy = verify_search_step(w->search, until_us);
	uint64_t now = verify_now_us();

	verify_search_progress(w->search, &s->tried, &s->entries);
	s->ms = (unsigned)((w->search_us + now - w->search_began_us) / 1000);
	if (!busy)
		return searched(v);
	if (now >= w->search_until_us) {
		verify_search_stop(w->search);
		w->search_stopped = true;
	} else if (v->o.pool) {
		verify_wait_pool(v, until_us < w->search_until_us ? until_us
								  : w->search_until_us);
	}
	return PHASE_SEARCH;
}

enum phase verify_why_names(struct verify *v, const struct verify_batch *b)
{
	struct why *w = v->why;
	uint64_t at = w->name_of;

	if (at < b->first || at >= b->first + b->rb.n)
		return PHASE_NAMES;
	(void)str_quote(w->name, sizeof(w->name),
			mlog_path(&v->dialect, &b->rb.entry[at - b->first]));
	return PHASE_DONE;
}
