/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "core/verify-internal.h"

enum {
	IN_WORK_MAX = 2, /* batches given to the pool at once */
	TRIES_MAX = 20,
	WAIT_FIRST_MS = 2,
	WAIT_MAX_MS = 100,
	SAVED_MAX = 8,
	FIRST_PCRS = (1 << 11) - 1, /* boot aggregate and IMA's usual PCR */
	ALL_PCRS = (1 << PCRS_COUNT) - 1,
};

static const struct {
	const char *name;
	const char *hint;
} whys[_WHY_MAX] = {
#define VERIFY_WHY(id, json, hint) [WHY_##id] = {json, hint},
#include "core/verify-why.inc"
#undef VERIFY_WHY
};

const char *verify_why_name(enum verify_why why)
{
	return whys[why].name;
}

const char *verify_why_hint(enum verify_why why)
{
	return whys[why].hint;
}

const char *verify_verdict_name(enum verify_verdict verdict)
{
	static const char *const names[] = {"unknown", "match", "pending", "mismatch"};

	return names[verdict];
}

const char *verify_digests_name(enum replay_mode mode)
{
	return mode == REPLAY_NATIVE ? "native" : "sha1-padded";
}

const char *verify_kind_name(enum verify_kind kind)
{
	static const char *const names[] = {"cause", "possible", "note"};

	return names[kind];
}

uint64_t verify_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
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
	if (options->pcrs)
		v->pcrs = *options->pcrs;
	if (options->firmware)
		v->firmware = *options->firmware;
	*ret = v;
	return 0;
}

static void batches_done(struct verify *v)
{
	if (v->o.pool)
		pool_drain(v->o.pool);
	for (size_t i = 0; i < RING; i++) {
		struct verify_batch *b = &v->ring[i];

		replay_batch_done(&b->rb);
		replay_hasher_free(b->hasher);
		free(b->look);
		free(b->buf);
		strbuf_done(&b->arena);
		*b = (struct verify_batch){0};
	}
	v->oldest = v->used = 0;
}

struct verify *verify_free(struct verify *v)
{
	if (!v)
		return NULL;
	batches_done(v);
	verify_why_free(v);
	verify_judge_done(v);
	replay_free(v->replay);
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

/* The replay of the first look has one way of extending for a saved list: the others cost
 * as much again and are seldom needed. A live list is read once, so all at once. */
static int start_replay(struct verify *v, unsigned modes, struct diag *reterr)
{
	struct replay_config c = {
		.n_banks = v->o.n_banks,
		.modes = modes,
		.column = v->o.column >= 0 && hash_alg_size(v->o.column) ==
						      v->dialect.digest_size
				  ? v->o.column
				  : replay_column(v->dialect.digest_size),
	};
	int r;

	memcpy(c.bank, v->o.bank, sizeof(c.bank));
	v->replay = replay_free(v->replay);
	r = replay_new(&c, &v->replay, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < RING; i++) {
		struct verify_batch *b = &v->ring[i];

		b->v = v;
		b->cap = WINDOW;
		b->buf = malloc(b->cap);
		b->look = calloc(BATCH_ENTRIES, 1);
		if (!b->buf || !b->look ||
		    replay_batch_init(v->replay, BATCH_ENTRIES, &b->rb) < 0)
			return no_memory(reterr);
		r = replay_hasher_new(v->replay, &b->hasher, reterr);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The worker's part, and ours where there is no worker. Reads the records and the
 * dialect, writes into its own batch. */
static void digest_batch(struct pool_job *job)
{
	struct verify_batch *b = (struct verify_batch *)job; /* its first member */
	const struct mlog_dialect *d = &b->v->dialect;

	replay_digest(b->v->replay, b->hasher, d, &b->rb);
	for (size_t i = 0; i < b->rb.n; i++) {
		const struct mlog_entry *e = &b->rb.entry[i];

		b->look[i] = mlog_check(d, e) < 0 ? LOOK_BAD_FORMAT : 0;
		if (e->data.len < BOOTAGG_SIZE_MAX && mlog_is_boot_aggregate(d, e))
			b->look[i] |= LOOK_BOOTAGG;
	}
}

static void batch_done(struct pool_job *job)
{
	((struct verify_batch *)job)->state = BATCH_READY;
}

/* Fills the rest of the window. */
static int read_window(struct verify *v, struct verify_batch *b, size_t *len,
		       struct diag *reterr)
{
	while (*len < b->cap && !v->eof) {
		ssize_t n = v->o.source.read(v->o.source.arg, b->buf + *len,
					     b->cap - *len, reterr);

		if (n < 0)
			return (int)n;
		v->eof = n == 0;
		*len += (size_t)n;
	}
	return 0;
}

/* ASCII: the decoded bytes of each record lie one behind the other in the arena, which
 * moves while it grows, so the views are set at the end. */
static void settle(struct verify_batch *b)
{
	const uint8_t *p = (const uint8_t *)b->arena.ptr;

	for (size_t i = 0; i < b->rb.n; i++) {
		struct mlog_entry *e = &b->rb.entry[i];

		e->digest.ptr = p;
		e->data.ptr = p + e->digest.len;
		p += e->digest.len + e->data.len;
	}
}

static int decode(struct verify *v, struct verify_batch *b, struct bytes *c,
		  struct diag *ret_damage)
{
	int r = 0;

	b->rb.n = 0;
	strbuf_clear(&b->arena);
	v->dialect.more = !v->eof;
	while (b->rb.n < b->rb.max) {
		struct mlog_entry *e = &b->rb.entry[b->rb.n];

		r = mlog_next(&v->dialect, c, &v->scratch, e, ret_damage);
		if (r <= 0)
			break;
		if (v->dialect.ascii)
			strbuf_add(&b->arena, v->scratch.ptr, v->scratch.len);
		b->rb.n++;
	}
	if (b->arena.failed)
		return -ENOMEM;
	if (v->dialect.ascii)
		settle(b);
	return r < 0 ? r : 0;
}

static void damaged(struct verify *v, enum diag_id id, uint64_t entry, uint64_t offset,
		    const char *what)
{
	v->res.damage_entry = entry + 1;
	v->res.damage_offset = offset;
	diag_set(&v->res.damage, id, EBADMSG, "Entry %" PRIu64 " at byte %" PRIu64 ": %s",
		 entry + 1, offset, what);
	v->stopped = true;
}

static int sniff(struct verify *v, const uint8_t *buf, size_t len, struct diag *reterr)
{
	int r;

	if (v->sniffed)
		return 0;
	r = mlog_sniff((struct span){buf, len}, v->o.digest_size, &v->dialect, reterr);
	if (r < 0)
		return r;
	v->sniffed = true;
	return start_replay(v, v->res.live ? REPLAY_MODES_ALL : REPLAY_MODES_NATIVE,
			    reterr);
}

static int grow(struct verify_batch *b, struct diag *reterr)
{
	uint8_t *buf = realloc(b->buf, 2 * b->cap);

	if (!buf)
		return no_memory(reterr);
	b->buf = buf;
	b->cap *= 2;
	return 0;
}

/* Reads and decodes the next batch; 0 records in it: nothing left. */
static int fill(struct verify *v, struct verify_batch *b, struct diag *reterr)
{
	struct diag damage = {0};
	size_t len = v->carry.len;
	struct bytes c;
	int r;

	while (len > b->cap)
		if (grow(b, reterr) < 0)
			return -ENOMEM;
	if (len)
		memcpy(b->buf, v->carry.ptr, len);
	strbuf_clear(&v->carry);
	b->offset = v->next_offset;
	b->first = v->next_entry;
	for (;;) {
		r = read_window(v, b, &len, reterr);
		if (r < 0)
			return r;
		c = bytes_of(b->buf, len);
		r = decode(v, b, &c, &damage);
		if (r == -ENOMEM)
			return no_memory(reterr);
		if (b->rb.n || r < 0 || v->eof)
			break;
		r = grow(b, reterr);
		if (r < 0)
			return r;
	}
	v->drained = v->eof && b->rb.n < b->rb.max;
	v->next_offset += c.pos;
	v->next_entry += b->rb.n;
	if (r < 0)
		damaged(v, damage.id, v->next_entry, v->next_offset, damage.text);
	else
		strbuf_add(&v->carry, b->buf + c.pos, len - c.pos);
	return v->carry.failed ? no_memory(reterr) : 0;
}

static void more_to_read(struct verify *v)
{
	v->eof = v->drained = false;
}

static void start_digest(struct verify *v, struct verify_batch *b)
{
	unsigned in_work = 0;

	for (size_t i = 0; i < RING; i++)
		in_work += v->ring[i].state == BATCH_WORK;
	if (v->o.pool && in_work < IN_WORK_MAX) {
		b->state = BATCH_WORK;
		b->job.run = digest_batch;
		b->job.done = batch_done;
		pool_submit(v->o.pool, &b->job);
		return;
	}
	digest_batch(&b->job);
	b->state = BATCH_READY;
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
		if (b->look[i] & LOOK_BOOTAGG)
			verify_judge_boot_aggregate(v, e);
	}
}

static int consume(struct verify *v, struct verify_batch *b, struct diag *reterr)
{
	int r = 0;

	if (v->phase == PHASE_AGAIN) {
		for (size_t i = 0; r >= 0 && i < b->rb.n; i++) {
			r = replay_extend(v->replay, &b->rb, i, i + 1);
			if (r >= 0)
				verify_why_batch(v, b, i);
		}
	} else {
		look(v, b);
		r = replay_extend(v->replay, &b->rb, 0, b->rb.n);
		v->res.entries = replay_entries(v->replay);
		v->res.violations = replay_violations(v->replay);
		for (size_t i = 0; i < b->rb.n; i++)
			v->res.bytes += b->rb.entry[i].size;
	}
	b->state = BATCH_FREE;
	v->oldest = (v->oldest + 1) % RING;
	v->used--;
	return r < 0 ? no_memory(reterr) : 1;
}

/* One piece of work: 1 there may be more, 0 the list has been replayed (so far). */
static int pump(struct verify *v, struct diag *reterr)
{
	struct verify_batch *b = &v->ring[v->oldest];

	if (v->o.pool)
		(void)pool_dispatch(v->o.pool);
	if (v->used && b->state == BATCH_READY)
		return consume(v, b, reterr);
	if (v->used < RING && !v->stopped && !v->drained) {
		int r;

		b = &v->ring[(v->oldest + v->used) % RING];
		r = fill(v, b, reterr);
		if (r < 0)
			return r;
		if (b->rb.n) {
			v->used++;
			start_digest(v, b);
		}
		return 1;
	}
	if (v->used) {
		struct pollfd p = {.fd = pool_fd(v->o.pool), .events = POLLIN};

		(void)poll(&p, 1, 100); /* a wake-up too many does no harm */
		return 1;
	}
	return 0;
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

static int start(struct verify *v, struct diag *reterr)
{
	struct strbuf *head = &v->carry;
	uint8_t buf[2048];
	int r;

	if (v->res.live) {
		r = fresh_pcrs(v, FIRST_PCRS, reterr);
		if (r < 0)
			return r;
	}
	choose_banks(v);
	while (head->len < WINDOW / 2 && !v->eof) {
		ssize_t n = v->o.source.read(v->o.source.arg, buf, sizeof(buf), reterr);

		if (n < 0)
			return (int)n;
		v->eof = n == 0;
		if (n)
			strbuf_add(head, buf, (size_t)n);
	}
	if (head->failed)
		return no_memory(reterr);
	r = sniff(v, (const uint8_t *)head->ptr, head->len, reterr);
	if (r < 0)
		return r;
	more_to_read(v); /* what was read ahead is still to be decoded */
	v->phase = PHASE_READ;
	return v->res.live ? 0 : verify_judge_new_targets(v);
}

static void truncated(struct verify *v)
{
	char what[96];

	if (v->stopped || v->carry.len == 0 || v->res.live)
		return;
	(void)snprintf(what, sizeof(what),
		       "the list ends within the record, after %zu bytes of it.",
		       v->carry.len);
	damaged(v, DIAG_LIST_TRUNCATED, v->next_entry, v->next_offset, what);
}

static int read_pcrs(struct verify *v, struct diag *reterr)
{
	int r = fresh_pcrs(v, (uint32_t)replay_pcrs(v->replay) & ALL_PCRS, reterr);

	if (r < 0)
		return r;
	v->pcrs_at = replay_entries(v->replay);
	more_to_read(v);
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
	verify_why_last(v);
	verify_judge_finish(v);
	verify_why_notes(v);
	v->phase = PHASE_DONE;
}

static int again(struct verify *v, struct diag *reterr)
{
	int r;

	batches_done(v);
	strbuf_clear(&v->carry);
	if (v->o.source.rewind(v->o.source.arg, NULL) < 0) {
		finish(v); /* a pipe: without a second look */
		return 0;
	}
	r = start_replay(v, REPLAY_MODES_ALL, reterr);
	if (r < 0)
		return r;
	v->next_offset = v->next_entry = 0;
	more_to_read(v);
	v->stopped = false;
	r = verify_why_new(v);
	if (r < 0)
		return no_memory(reterr);
	v->phase = PHASE_AGAIN;
	return verify_judge_new_targets(v) < 0 ? no_memory(reterr) : 0;
}

static int judge(struct verify *v, struct diag *reterr)
{
	int r;

	truncated(v);
	r = verify_judge_banks(v, reterr);
	if (r < 0)
		return r;
	if (verify_why_wanted(v) && v->o.source.rewind)
		return again(v, reterr);
	finish(v);
	return 0;
}

static int after_again(struct verify *v, struct diag *reterr)
{
	int r = verify_judge_banks(v, reterr);

	if (r < 0)
		return r;
	if (verify_why_conclude(v))
		v->phase = PHASE_SEARCH;
	else
		finish(v);
	return 0;
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
		r = pump(v, reterr);
		return r == 0 ? next_phase(v, reterr) : r;
	case PHASE_PCRS:
		return read_pcrs(v, reterr);
	case PHASE_JUDGE:
		return judge(v, reterr);
	case PHASE_SEARCH:
		if (verify_why_search(v, until) == 0)
			finish(v);
		return 0;
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

void verify_continue(struct verify *v)
{
	if (v->phase != PHASE_DONE || v->why || v->stopped)
		return;
	v->res.n_reasons = 0;
	v->tries = 0;
	more_to_read(v);
	v->phase = PHASE_READ;
}

const struct verify_result *verify_result(const struct verify *v)
{
	return &v->res;
}

/* u32 length and state, one behind the other, newest last. */
void verify_save(const struct verify *v, struct span old, struct strbuf *out)
{
	struct bytes b = bytes_of(old.ptr, old.len), count = b;
	_cleanup_strbuf_ struct strbuf state = {0};
	uint32_t len;
	size_t n = 0;

	while (bytes_u32(&count, &len) && bytes_skip(&count, len))
		n++;
	for (; n >= SAVED_MAX; n--)
		(void)(bytes_u32(&b, &len) && bytes_skip(&b, len));
	if (count.pos > b.pos) /* nothing old may come as a null pointer */
		strbuf_add(out, b.ptr + b.pos, count.pos - b.pos);
	if (v->res.verdict != VERIFY_MATCH || !v->replay)
		return;
	replay_export(v->replay, &state);
	for (size_t i = 0; i < 4; i++)
		strbuf_addc(out, (char)(state.len >> (8 * i)));
	strbuf_add(out, state.ptr, state.len);
}
