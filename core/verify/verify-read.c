/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list as it comes in: read in windows, decoded into batches, their digests computed by
 * a worker beside the caller's thread. What a batch means is for verify.c to say.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/verify/verify-internal.h"

enum { IN_WORK_MAX = 2 /* batches given to the pool at once */ };

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

void verify_read_done(struct verify *v)
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
		if (mlog_other_reading(d, e))
			b->look[i] |= LOOK_AMBIGUOUS;
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

static int take(struct verify *v, struct verify_batch *b, struct diag *reterr)
{
	int r = verify_take(v, b);

	b->state = BATCH_FREE;
	v->oldest = (v->oldest + 1) % RING;
	v->used--;
	return r < 0 ? no_memory(reterr) : 1;
}

int verify_read_step(struct verify *v, uint64_t until_us, struct diag *reterr)
{
	struct verify_batch *b = &v->ring[v->oldest];

	if (v->o.pool)
		(void)pool_dispatch(v->o.pool);
	if (v->used && b->state == BATCH_READY)
		return take(v, b, reterr);
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
		verify_wait_pool(v, until_us);
		return 1;
	}
	return 0;
}

/* The first bytes say how the list is to be read. */
static int sniff(struct verify *v, unsigned modes, struct diag *reterr)
{
	struct strbuf *head = &v->carry;
	uint8_t buf[2048];
	int r;

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
	r = mlog_sniff(strbuf_span(head), v->o.digest_size, &v->dialect, reterr);
	return r < 0 ? r : start_replay(v, modes, reterr);
}

int verify_read_start(struct verify *v, unsigned modes, struct diag *reterr)
{
	int r = sniff(v, modes, reterr);

	verify_read_more(v); /* what was read ahead is still to be decoded */
	return r;
}

int verify_read_again(struct verify *v, unsigned modes, struct diag *reterr)
{
	int r;

	verify_read_done(v);
	strbuf_clear(&v->carry);
	if (!v->o.source.rewind || v->o.source.rewind(v->o.source.arg, NULL) < 0)
		return -ESPIPE;
	r = start_replay(v, modes, reterr);
	v->next_offset = v->next_entry = 0;
	v->stopped = false;
	verify_read_more(v);
	return r;
}

void verify_read_more(struct verify *v)
{
	v->eof = v->drained = false;
}

void verify_read_cut(struct verify *v)
{
	char what[96];

	if (v->stopped || v->carry.len == 0 || v->res.live)
		return;
	(void)snprintf(what, sizeof(what),
		       "the list ends within the record, after %zu bytes of it.",
		       v->carry.len);
	damaged(v, DIAG_LIST_TRUNCATED, v->next_entry, v->next_offset, what);
}
