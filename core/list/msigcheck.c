/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/msigcheck.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/imaxattr.h"
#include "core/base/sip.h"
#include "core/list/msig.h"

enum {
	GROUP = 32, /* checks that go to a worker at once: some 1.5 ms */
	AHEAD = 4,  /* groups for each thread */
	SLOTS = 1
		<< 17, /* a power of two; half of them are used, then all is forgotten */
	KNOWN = SLOTS / 2, /* more distinct files than a large system has */
};

/* What is known of a digest with a signature. */
struct known {
	uint64_t half[2]; /* {0, 0}: a free slot */
	struct check *running;
	uint8_t verdict; /* when it does not run any more */
	uint8_t key;	 /* index in the result; MSIGCHECK_KEYS_MAX: not there */
};

/* One check in a worker. The worker reads what is above the answer and writes that. */
struct check {
	struct digest digest;
	size_t at, len; /* the signature's value, in the group's bytes */
	enum sig_verdict verdict;
	const struct keyset_key *key;
	/* The owner's: */
	uint64_t half[2];
	uint64_t entries; /* that wait for it */
	uint8_t key_slot;
	struct msigcheck_wrong first;
};

struct group {
	struct pool_job job;
	struct msigcheck *owner;
	struct check at[GROUP];
	size_t n;
	struct strbuf bytes;
	struct sig_ctx *sig;
	struct group *next; /* of the spare ones */
};

struct msigcheck {
	struct pool *pool;
	const struct keyset *keys;
	uint64_t sip[2];
	struct known *known;
	size_t n_known;
	struct group *filling, *spare;
	size_t running;
	bool failed; /* out of memory */
	struct msigcheck_result result;
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int msigcheck_new(struct pool *pool, const struct keyset *keys, struct msigcheck **ret,
		  struct diag *reterr)
{
	struct msigcheck *m = calloc(1, sizeof(*m));

	if (!m)
		return no_memory(reterr);
	m->pool = pool;
	m->keys = keys;
	m->known = calloc(SLOTS, sizeof(*m->known));
	sip_new_key(m->sip);
	if (!m->known) {
		msigcheck_free(m);
		return no_memory(reterr);
	}
	*ret = m;
	return 0;
}

static struct group *group_free(struct group *g)
{
	if (!g)
		return NULL;
	strbuf_done(&g->bytes);
	sig_ctx_free(g->sig);
	free(g);
	return NULL;
}

static void wait_until(struct msigcheck *m, size_t running)
{
	struct pollfd p = {.fd = pool_fd(m->pool), .events = POLLIN};

	while (m->running > running)
		if (!pool_dispatch(m->pool))
			(void)poll(&p, 1, -1); /* interrupted: looked at again */
}

struct msigcheck *msigcheck_free(struct msigcheck *m)
{
	if (!m)
		return NULL;
	wait_until(m, 0);
	group_free(m->filling);
	while (m->spare) {
		struct group *next = m->spare->next;

		group_free(m->spare);
		m->spare = next;
	}
	free(m->known);
	free(m);
	return NULL;
}

/* What came of it */

static bool is_wrong(enum sig_verdict v)
{
	return v == SIG_BAD || v == SIG_DAMAGED || v == SIG_HASH;
}

static void count(struct msigcheck_result *r, uint8_t key, enum sig_verdict v, uint64_t n)
{
	r->n[v] += n;
	if (key < MSIGCHECK_KEYS_MAX)
		r->key[key].n[v] += n;
}

/* In the order of the list, whatever the order in which they were checked. */
static void keep_wrong(struct msigcheck_result *r, const struct msigcheck_wrong *w)
{
	size_t n = r->n_wrong < MSIGCHECK_WRONG_MAX ? r->n_wrong : MSIGCHECK_WRONG_MAX;
	size_t at = n;

	r->n_wrong++;
	while (at && r->wrong[at - 1].entry > w->entry)
		at--;
	if (at == MSIGCHECK_WRONG_MAX)
		return;
	if (n == MSIGCHECK_WRONG_MAX)
		n--;
	memmove(&r->wrong[at + 1], &r->wrong[at], (n - at) * sizeof(*w));
	r->wrong[at] = *w;
}

static void note_path(struct msigcheck_wrong *w, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry)
{
	struct span path = mlog_path(dialect, entry);

	w->path_len = path.len < sizeof(w->path) ? path.len : sizeof(w->path);
	if (w->path_len)
		memcpy(w->path, path.ptr, w->path_len);
}

/* Which of the keys that signatures name. */
static uint8_t key_slot(struct msigcheck_result *r, struct span id)
{
	size_t i = 0;

	while (i < r->n_keys && (r->key[i].id_len != id.len ||
				 (id.len && memcmp(r->key[i].id, id.ptr, id.len) != 0)))
		i++;
	if (i == MSIGCHECK_KEYS_MAX || id.len > MSIGCHECK_KEYID_MAX)
		return MSIGCHECK_KEYS_MAX;
	if (i == r->n_keys) {
		r->n_keys++;
		r->key[i].id_len = id.len;
		if (id.len)
			memcpy(r->key[i].id, id.ptr, id.len);
	}
	return (uint8_t)i;
}

/* The known ones */

static struct known *slot_of(const struct msigcheck *m, const uint64_t half[2])
{
	size_t i = (size_t)half[1] & (SLOTS - 1);

	while (m->known[i].half[0] &&
	       memcmp(m->known[i].half, half, sizeof(m->known[i].half)) != 0)
		i = (i + 1) & (SLOTS - 1);
	return &m->known[i];
}

/* A free slot for what is not known; when there are too many all are forgotten. */
static struct known *learn(struct msigcheck *m, const uint64_t half[2])
{
	struct known *k;

	if (m->n_known == KNOWN) {
		memset(m->known, 0, SLOTS * sizeof(*m->known));
		m->n_known = 0;
	}
	m->n_known++;
	k = slot_of(m, half);
	memcpy(k->half, half, sizeof(k->half));
	return k;
}

static void name_of(const struct msigcheck *m, const struct digest *d, struct span value,
		    uint64_t ret[2])
{
	struct sip s;

	sip_start(&s, m->sip);
	sip_add(&s, (uint64_t)d->alg);
	sip_add_span(&s, digest_span(d));
	sip_add_span(&s, value);
	sip_end(&s, ret);
	ret[0] |= 1; /* never that of a free slot */
}

/* Checking */

static void check_group(struct pool_job *job)
{
	struct group *g = (struct group *)job;

	for (size_t i = 0; i < g->n; i++) {
		struct check *c = &g->at[i];
		struct imaxattr x;

		imaxattr_decode(IMAXATTR_IMA,
				(struct span){(const uint8_t *)g->bytes.ptr + c->at,
					      c->len},
				&x);
		c->verdict =
			keyset_check(g->owner->keys, g->sig, &x, &c->digest, &c->key);
	}
}

static void check_done(struct msigcheck *m, struct check *c)
{
	struct known *k = slot_of(m, c->half);

	if (k->half[0] && k->running == c) {
		k->running = NULL;
		k->verdict = (uint8_t)c->verdict;
	}
	count(&m->result, c->key_slot, c->verdict, c->entries);
	if (c->key_slot < MSIGCHECK_KEYS_MAX)
		m->result.key[c->key_slot].key = c->key;
	c->first.verdict = c->verdict;
	if (is_wrong(c->verdict))
		keep_wrong(&m->result, &c->first);
}

static void group_done(struct pool_job *job)
{
	struct group *g = (struct group *)job;
	struct msigcheck *m = g->owner;

	for (size_t i = 0; i < g->n; i++)
		check_done(m, &g->at[i]);
	g->n = 0;
	strbuf_clear(&g->bytes);
	g->next = m->spare;
	m->spare = g;
	m->running--;
}

static struct group *group_new(struct msigcheck *m)
{
	struct group *g = m->spare;

	if (g) {
		m->spare = g->next;
		return g;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->job.run = check_group;
	g->job.done = group_done;
	g->owner = m;
	g->sig = sig_ctx_new();
	return g->sig ? g : group_free(g);
}

static void submit(struct msigcheck *m)
{
	struct group *g = take_ptr(m->filling);

	m->running++;
	pool_submit(m->pool, &g->job);
	wait_until(m, (size_t)AHEAD * pool_threads(m->pool));
}

/* To a worker; NULL: out of memory. */
static struct check *begin(struct msigcheck *m, const struct digest *d, struct span value)
{
	struct group *g = m->filling ? m->filling : group_new(m);
	struct check *c;

	m->filling = g;
	if (!g)
		return NULL;
	c = &g->at[g->n];
	*c = (struct check){.digest = *d, .at = g->bytes.len, .len = value.len};
	strbuf_add(&g->bytes, value.ptr, value.len);
	return g->bytes.failed ? NULL : c;
}

static void check_new(struct msigcheck *m, const uint64_t half[2], uint8_t key,
		      const struct digest *d, struct span value,
		      const struct msigcheck_wrong *first)
{
	struct check *c = begin(m, d, value);
	struct known *k;

	if (!c) {
		m->failed = true;
		return;
	}
	k = learn(m, half);
	k->running = c;
	k->key = key;
	memcpy(c->half, half, sizeof(c->half));
	c->entries = 1;
	c->key_slot = key;
	c->first = *first;
	if (++m->filling->n == GROUP)
		submit(m);
}

/* One that needs no key to be judged, or whose key is not at hand. */
static void judge_now(struct msigcheck *m, uint8_t key, enum sig_verdict v,
		      struct msigcheck_wrong *w)
{
	count(&m->result, key, v, 1);
	w->verdict = v;
	if (is_wrong(v))
		keep_wrong(&m->result, w);
}

/* Was the digest that the entry has what was signed? The kernel hashes with the signature's
 * algorithm (ima_appraise.c ima_get_hash_algo()); what a version 3 signature is of, its type
 * says (calc_file_id_hash()). */
static bool is_of(const struct imaxattr *x, const struct mlog_digest *d)
{
	bool verity = span_is(d->type, "verity");

	return d->alg == x->hash && d->alg >= 0 &&
	       d->value.len == hash_alg_size(d->alg) &&
	       verity == (x->type == IMAXATTR_VERITY);
}

static void check_digest(struct msigcheck *m, const struct imaxattr *x,
			 const struct mlog_digest *logged, uint8_t key, struct span value,
			 struct msigcheck_wrong *w)
{
	struct digest d = {logged->alg, (uint8_t)logged->value.len, {0}};
	uint64_t half[2];
	struct known *k;

	if (!keyset_find(m->keys, x)) {
		judge_now(m, key, SIG_NO_KEY, w);
		return;
	}
	memcpy(d.value, logged->value.ptr, d.size);
	name_of(m, &d, value, half);
	k = slot_of(m, half);
	if (!k->half[0])
		check_new(m, half, key, &d, value, w);
	else if (k->running)
		k->running->entries++;
	else
		count(&m->result, k->key, (enum sig_verdict)k->verdict, 1);
}

static void check_sig(struct msigcheck *m, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry, struct span value)
{
	struct msigcheck_wrong w = {.entry = m->result.entries};
	struct mlog_digest d;
	struct imaxattr x;
	uint8_t key;

	imaxattr_decode(IMAXATTR_IMA, value, &x);
	note_path(&w, dialect, entry);
	key = key_slot(&m->result, imaxattr_is_sig(&x) ? x.keyid : (struct span){0});
	if (key < MSIGCHECK_KEYS_MAX)
		m->result.key[key].total++;
	if (!imaxattr_is_sig(&x) || !imaxattr_usable(&x))
		judge_now(m, key, SIG_DAMAGED, &w);
	else if (!mlog_file_digest(dialect, entry, &d) || !is_of(&x, &d))
		m->result.beyond++;
	else
		check_digest(m, &x, &d, key, value, &w);
}

void msigcheck_add(struct msigcheck *m, const struct mlog_dialect *dialect,
		   const struct mlog_entry *entry)
{
	struct span value;

	m->result.entries++;
	if (mlog_field(dialect, entry, MLOG_SIG, &value) && value.len) {
		m->result.carry++;
		check_sig(m, dialect, entry, value);
	} else if (msig_any(dialect, entry)) {
		m->result.carry++;
		m->result.beyond++;
	}
}

static int by_total(const void *a, const void *b)
{
	const struct msigcheck_key *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return memcmp(x->id, y->id, sizeof(x->id));
}

int msigcheck_finish(struct msigcheck *m, struct diag *reterr)
{
	struct msigcheck_result *r = &m->result;

	if (m->filling && m->filling->n)
		submit(m);
	wait_until(m, 0);
	if (r->n_keys)
		qsort(r->key, r->n_keys, sizeof(r->key[0]), by_total);
	return m->failed ? no_memory(reterr) : 0;
}

const struct msigcheck_result *msigcheck_result(const struct msigcheck *m)
{
	return &m->result;
}

enum sig_verdict msigcheck_verdict(const struct msigcheck_result *r)
{
	if (r->n[SIG_BAD] || r->n[SIG_DAMAGED] || r->n[SIG_HASH])
		return SIG_BAD;
	return r->n[SIG_GOOD] == r->carry ? SIG_GOOD : SIG_IMPOSSIBLE;
}
