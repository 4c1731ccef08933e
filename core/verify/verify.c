/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "core/verify/verify-internal.h"

enum {
	TRIES_MAX = 20,
	WAIT_FIRST_MS = 2,
	WAIT_MAX_MS = 100,
	FIRST_PCRS = (1 << 11) - 1, /* boot aggregate and IMA's usual PCR */
	ALL_PCRS = (1 << PCRS_COUNT) - 1,
};

uint64_t verify_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void verify_wait_pool(const struct verify *v, uint64_t until_us)
{
	struct pollfd p = {.fd = pool_fd(v->o.pool), .events = POLLIN};
	uint64_t now = verify_now_us();

	/* a wake-up too many does no harm */
	if (now < until_us)
		(void)poll(&p, 1, (int)((until_us - now + 999) / 1000));
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int verify_new(const struct verify_options *options, struct verify **ret,
	       struct diag *reterr)
{
	struct verify *v = calloc(1, sizeof(*v));

	if (!v)
		return no_memory(reterr);
	v->o = *options;
	v->res.live = options->source.pcrs != NULL;
	if (options->checkpoints.len)
		strbuf_add(&v->proven, options->checkpoints.ptr,
			   options->checkpoints.len);
	if (options->pcrs)
		v->pcrs = *options->pcrs;
	if (options->firmware)
		v->firmware = *options->firmware;
	*ret = v;
	return 0;
}

struct verify *verify_free(struct verify *v)
{
	if (!v)
		return NULL;
	verify_read_done(v);
	verify_why_free(v);
	verify_judge_done(v);
	replay_free(v->replay);
	verify_marks_done(&v->marks);
	strbuf_done(&v->proven);
	strbuf_done(&v->carry);
	strbuf_done(&v->scratch);
	free(v);
	return NULL;
}

static void choose_banks(struct verify *v)
{
	if (v->o.n_banks)
		return;
	for (size_t i = 0; i < v->pcrs.n_banks; i++)
		if (v->pcrs.bank[i].present)
			v->o.bank[v->o.n_banks++] = v->pcrs.bank[i].alg;
}

static void add_error(struct verify *v, const struct verify_batch *b, size_t i)
{
	struct verify_error *e;
	struct span path;

	if (v->res.n_errors++ >= VERIFY_ERRORS_MAX)
		return;
	e = &v->res.error[v->res.n_errors - 1];
	e->entry = b->first + i + 1;
	e->format = b->rb.check[i] != REPLAY_BAD;
	e->offset = b->offset;
	for (size_t k = 0; k < i; k++)
		e->offset += b->rb.entry[k].size;
	path = mlog_path(&v->dialect, &b->rb.entry[i]);
	e->path_len = path.len < sizeof(e->path) ? path.len : sizeof(e->path);
	if (e->path_len)
		memcpy(e->path, path.ptr, e->path_len);
}

static void add_ambiguous(struct verify *v, const struct verify_batch *b, size_t i)
{
	const struct mlog_entry *e = &b->rb.entry[i];
	struct verify_ambiguous *a = &v->res.ambiguous;

	if (a->n++)
		return;
	a->first = b->first + i + 1;
	a->other = mlog_other_reading(&v->dialect, e);
	(void)str_quote(a->name, sizeof(a->name), e->name);
}

/* The first look at a record, beside its place in the replay. */
static void look(struct verify *v, const struct verify_batch *b)
{
	for (size_t i = 0; i < b->rb.n; i++) {
		const struct mlog_entry *e = &b->rb.entry[i];

		if (b->first + i == 0) {
			v->res.pcr = e->pcr;
			v->first_is_bootagg = b->look[0] & LOOK_BOOTAGG;
		}
		if (b->rb.check[i] == REPLAY_BAD || b->look[i] & LOOK_BAD_FORMAT)
			add_error(v, b, i);
		if (b->look[i] & LOOK_AMBIGUOUS)
			add_ambiguous(v, b, i);
		if (b->look[i] & LOOK_BOOTAGG)
			verify_judge_boot_aggregate(v, e);
		if (v->o.entry)
			v->o.entry(v->o.user, &v->dialect, e);
	}
}

/* The PCRs' values at places on the way are kept, in case the list turns out to match. */
static int extend_marked(struct verify *v, const struct replay_batch *b)
{
	int r = 0;

	for (size_t from = 0, to; from < b->n && r >= 0; from = to) {
		uint64_t room = verify_marks_room(v);

		to = b->n - from < room ? b->n : from + (size_t)room;
		r = replay_extend(v->replay, b, from, to);
		if (r >= 0)
			verify_marks_take(v);
	}
	return r;
}

int verify_take(struct verify *v, struct verify_batch *b)
{
	int r = 0;

	if (v->phase == PHASE_AGAIN) {
		for (size_t i = 0; r >= 0 && i < b->rb.n; i++) {
			r = replay_extend(v->replay, &b->rb, i, i + 1);
			if (r >= 0)
				verify_why_batch(v, b, i);
		}
		return r;
	}
	if (v->phase == PHASE_NAMES) {
		v->named = verify_why_names(v, b) == PHASE_DONE;
		return 0;
	}
	look(v, b);
	r = extend_marked(v, &b->rb);
	v->res.entries = replay_entries(v->replay);
	v->res.violations = replay_violations(v->replay);
	for (size_t i = 0; i < b->rb.n; i++)
		v->res.bytes += b->rb.entry[i].size;
	return r;
}

/* Reads some PCRs, the others keep the values they had. */
static int fresh_pcrs(struct verify *v, uint32_t mask, struct diag *reterr)
{
	int r = v->o.source.pcrs(v->o.source.arg, mask, &v->fresh, reterr);

	for (size_t i = 0; r >= 0 && i < v->fresh.n_banks; i++) {
		const struct pcr_bank *from = &v->fresh.bank[i];
		struct pcr_bank *to = pcrs_bank(&v->pcrs, from->alg);

		for (unsigned p = 0; to && p < PCRS_COUNT; p++)
			if (from->present >> p & 1)
				memcpy(to->value[p], from->value[p], HASH_MAX_SIZE);
		if (to)
			to->present |= from->present;
	}
	return r;
}

/* The replay of the first look has one way of extending for a saved list: the others cost
 * as much again and are seldom needed. A live list is read once, so all at once. */
static int start(struct verify *v, struct diag *reterr)
{
	int r = v->res.live ? fresh_pcrs(v, FIRST_PCRS, reterr) : 0;

	if (r < 0)
		return r;
	choose_banks(v);
	r = verify_read_start(v, v->res.live ? REPLAY_MODES_ALL : REPLAY_MODES_NATIVE,
			      reterr);
	if (r < 0)
		return r;
	v->phase = PHASE_READ;
	return v->res.live ? 0 : verify_judge_new_targets(v);
}

static int read_pcrs(struct verify *v, struct diag *reterr)
{
	int r = fresh_pcrs(v, (uint32_t)replay_pcrs(v->replay) & ALL_PCRS, reterr);

	if (r < 0)
		return r;
	v->pcrs_at = replay_entries(v->replay);
	verify_read_more(v);
	v->phase = PHASE_TAIL;
	return verify_judge_new_targets(v);
}

static void after_tail(struct verify *v)
{
	v->res.later = replay_entries(v->replay) - v->pcrs_at;
	v->phase = PHASE_JUDGE;
	if (verify_judge_all_matched(v) || v->tries >= TRIES_MAX || v->stopped)
		return;
	v->wait_ms = v->tries == 0		    ? WAIT_FIRST_MS
		     : v->wait_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS
						    : v->wait_ms * 2;
	v->tries++;
	v->phase = PHASE_PCRS;
}

static void finish(struct verify *v)
{
	if (v->why)
		verify_read_done(v); /* it cannot be continued */
	verify_say_why(v);
	verify_judge_finish(v);
	verify_say_notes(v);
	if (v->res.verdict == VERIFY_MATCH)
		verify_marks_prove(v);
	v->phase = PHASE_DONE;
}

/* The list once more, for what the first look did not ask. */
static int look_again(struct verify *v, struct diag *reterr)
{
	int r = verify_read_again(v, REPLAY_MODES_ALL, reterr);

	if (r == -ESPIPE) {
		finish(v); /* a pipe: without a second look */
		return 0;
	}
	if (r < 0)
		return r;
	r = v->why ? verify_why_round(v) : verify_why_new(v);
	if (r >= 0)
		r = verify_judge_new_targets(v);
	v->phase = PHASE_AGAIN;
	return r < 0 ? no_memory(reterr) : 0;
}

/* Goes on with what the hypotheses ask for. */
static int enter(struct verify *v, enum phase next, struct diag *reterr)
{
	int r = 0;

	if (next == v->phase)
		return 0;
	if (next == PHASE_AGAIN)
		return look_again(v, reterr);
	if (next == PHASE_NAMES)
		r = verify_read_again(v, REPLAY_MODES_NATIVE, reterr);
	if (next == PHASE_DONE || r == -ESPIPE) {
		finish(v);
		return 0;
	}
	v->phase = next;
	return r;
}

static int judge(struct verify *v, struct diag *reterr)
{
	int r;

	verify_read_cut(v);
	r = verify_judge_banks(v, reterr);
	if (r < 0)
		return r;
	return enter(v, verify_why_wanted(v) ? PHASE_AGAIN : PHASE_DONE, reterr);
}

/* Both looks must have seen the same list, or what is proven is not what was shown. */
static bool changed_meanwhile(const struct verify *v)
{
	struct span value;

	if (v->res.live)
		return false;
	for (size_t b = 0; b < v->res.n_banks; b++)
		for (size_t i = 0; i < v->res.bank[b].n_pcrs; i++) {
			const struct verify_pcr *p = &v->res.bank[b].pcr[i];

			if (p->has_computed &&
			    (!replay_value(v->replay, b, p->pcr, REPLAY_NATIVE, &value) ||
			     !span_equal(value, digest_span(&p->computed))))
				return true;
		}
	return replay_entries(v->replay) != v->res.entries;
}

static int after_again(struct verify *v, struct diag *reterr)
{
	int r;

	if (changed_meanwhile(v)) {
		diag_set(&v->res.damage, DIAG_LIST_SHRANK, EBADMSG,
			 "The list was changed while it was read.");
		return enter(v, PHASE_DONE, reterr);
	}
	r = verify_judge_banks(v, reterr);
	return r < 0 ? r : enter(v, verify_why_conclude(v), reterr);
}

/* What comes when the list has been replayed as far as there is. */
static int next_phase(struct verify *v, struct diag *reterr)
{
	switch (v->phase) {
	case PHASE_READ:
		v->phase = v->res.live ? PHASE_PCRS : PHASE_JUDGE;
		return 0;
	case PHASE_TAIL:
		after_tail(v);
		return 0;
	case PHASE_AGAIN:
		return after_again(v, reterr);
	case PHASE_NAMES:
		return enter(v, PHASE_DONE, reterr);
	default:
		return 0;
	}
}

static int advance(struct verify *v, uint64_t until, struct diag *reterr)
{
	int r;

	switch (v->phase) {
	case PHASE_START:
		return start(v, reterr);
	case PHASE_READ:
	case PHASE_TAIL:
	case PHASE_AGAIN:
	case PHASE_NAMES:
		if (v->named)
			return enter(v, PHASE_DONE, reterr);
		r = verify_read_step(v, until, reterr);
		return r == 0 ? next_phase(v, reterr) : r;
	case PHASE_PCRS:
		return read_pcrs(v, reterr);
	case PHASE_JUDGE:
		return judge(v, reterr);
	case PHASE_COPIES:
		if (verify_copy_step(v, until))
			return 0;
		return enter(v, verify_why_compared(v), reterr);
	case PHASE_SEARCH:
		return enter(v, verify_why_search(v, until), reterr);
	case PHASE_DONE:
		break;
	}
	return 0;
}

int verify_step(struct verify *v, unsigned budget_us, struct diag *reterr)
{
	uint64_t until = verify_now_us() + budget_us;

	do {
		enum phase before = v->phase;
		int r = advance(v, until, reterr);

		if (r < 0)
			return r;
		if (before == PHASE_TAIL && v->phase == PHASE_PCRS)
			return VERIFY_WAIT;
	} while (v->phase != PHASE_DONE && verify_now_us() < until);
	return v->phase == PHASE_DONE ? VERIFY_DONE : VERIFY_MORE;
}

unsigned verify_wait_ms(const struct verify *v)
{
	return v->wait_ms;
}

int verify_run(struct verify *v, struct diag *reterr)
{
	int r;

	while ((r = verify_step(v, 100000, reterr)) > 0)
		if (r == VERIFY_WAIT)
			(void)poll(NULL, 0,
				   (int)v->wait_ms); /* a sleep; signals may end it */
	return r;
}

bool verify_continue(struct verify *v)
{
	if (v->phase != PHASE_DONE || v->why || v->stopped)
		return false;
	v->res.n_reasons = 0;
	v->tries = 0;
	verify_read_more(v);
	v->phase = PHASE_READ;
	return true;
}

const struct verify_result *verify_result(const struct verify *v)
{
	return &v->res;
}

void verify_save(const struct verify *v, struct strbuf *out)
{
	if (v->res.verdict != VERIFY_MATCH)
		return;
	strbuf_add(out, strbuf_str(&v->proven), v->proven.len);
	out->failed |= v->proven.failed;
}
