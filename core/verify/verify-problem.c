/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the search is given: the PCR to be reached, where the list is proven already, and
 * the values that are not in it but can be computed.
 */
#include <stdlib.h>

#include "core/verify/bootagg.h"
#include "core/verify/verify-why.h"

/* The digest of the boot_aggregate record that PCR 0 to @last would have led to. */
static bool bootagg_digest(const struct verify *v, struct span template,
			   enum hash_alg alg, unsigned last, uint8_t *out)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct mlog_entry e = {.name = template, .legacy = span_is(template, "ima")};
	struct digest d;

	if (bootagg_compute(&v->pcrs, alg, last, &d, NULL) < 0 &&
	    bootagg_compute(&v->firmware, alg, last, &d, NULL) < 0)
		return false;
	if (bootagg_data(&v->dialect, template, &d, &data) < 0 || data.failed)
		return false;
	e.data = strbuf_span(&data);
	verify_why_digest(v, &v->dialect, &e, out);
	return true;
}

static size_t add_once(uint8_t (*list)[HASH_MAX_SIZE], size_t n, size_t max, size_t size,
		       const uint8_t *value)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], value, size) == 0)
			return n;
	if (n == max)
		return n;
	memcpy(list[n], value, size);
	return n + 1;
}

/* A boot_aggregate that was cut off is the one its PCRs lead to, in one of the templates
 * the list has. */
static void add_fronts(const struct verify *v, struct verify_problem *p)
{
	static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384,
					     HASH_SHA512, HASH_SM3};
	const struct why *w = v->why;
	uint8_t digest[HASH_MAX_SIZE];

	for (size_t i = 0; i < w->n_templates * array_size(algs) * 2; i++) {
		size_t t = i / 2 / array_size(algs);
		enum hash_alg alg = algs[i / 2 % array_size(algs)];
		struct span name = {w->template[t].name, w->template[t].len};

		if (bootagg_digest(v, name, alg, i % 2 ? 7 : bootagg_last(alg), digest))
			p->n_fronts = add_once(p->front, p->n_fronts, PROBLEM_FRONTS_MAX,
					       w->size, digest);
	}
}

static void add_start(const struct verify *v, struct verify_problem *p,
		      const uint8_t *digest)
{
	uint8_t value[HASH_MAX_SIZE] = {0};

	verify_why_extend(v->why, value, digest);
	p->n_starts =
		add_once(p->start, p->n_starts, PROBLEM_STARTS_MAX, v->why->size, value);
}

/* A PCR that began anew is zero; after hibernation the kernel that resumed the machine has
 * measured its own boot_aggregate into it (linux ima_init.c ima_add_boot_aggregate()),
 * mostly the same as ours, else the one that the PCRs lead to now. */
static void add_starts(const struct verify *v, struct verify_problem *p)
{
	const struct why *w = v->why;
	struct span name = {w->template[0].name, w->template[0].len};
	enum hash_alg alg = v->res.bootagg.logged.alg;
	uint8_t digest[HASH_MAX_SIZE];

	p->n_starts = add_once(p->start, 0, PROBLEM_STARTS_MAX, w->size,
			       (const uint8_t[HASH_MAX_SIZE]){0});
	if (!v->first_is_bootagg)
		return;
	add_start(v, p, verify_seq_value(&w->seq, 0));
	if (v->res.bootagg.logged.size == 0 || alg < 0)
		return;
	if (bootagg_digest(v, name, alg, bootagg_last(alg), digest))
		add_start(v, p, digest);
	if (bootagg_digest(v, name, alg, 7, digest))
		add_start(v, p, digest);
}

/* Entries whose digest does not fit are wrong as it is: what remains to be found is
 * whether they were there at all. */
static void add_suspects(const struct verify *v, struct verify_problem *p)
{
	for (size_t i = 0; i < v->res.n_errors && i < VERIFY_ERRORS_MAX; i++)
		if (v->res.error[i].entry <= p->seq->n)
			p->suspect[p->n_suspects++] = v->res.error[i].entry - 1;
}

struct verify_problem *verify_problem_new(const struct verify *v)
{
	struct why *w = v->why;
	struct verify_problem *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->alg = w->alg;
	p->size = w->size;
	p->pcr = w->pcr;
	p->seq = &w->seq;
	p->base = w->base;
	p->violation = verify_why_violation(w->mode);
	p->expected = w->expected;
	p->end = w->entries;
	p->first = w->agree;
	if (w->differ != UINT64_MAX &&
	    replay_state_value(w->differ_mark, w->alg, w->pcr, w->mode, w->midway) == 0) {
		p->midway = w->midway;
		p->midway_at = w->differ;
	}
	if (!v->first_is_bootagg && w->agree == 0)
		add_fronts(v, p);
	if (!p->midway)
		add_starts(v, p);
	add_suspects(v, p);
	return p;
}
