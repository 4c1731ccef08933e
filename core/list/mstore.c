/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/mstore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host/loop.h"
#include "core/list/mstore-internal.h"

enum {
	READ_SIZE = 256 << 10, /* per step: well below a loop slice even for ASCII */
	SNIFF_SIZE = 64 << 10,
	CAP_MAX = MLOG_RECORD_MAX + MSTORE_CHUNK,
};

static void part_done(struct part *p)
{
	for (size_t i = 0; i < p->n_chunks; i++) {
		free(p->chunk[i].bytes);
		free(p->chunk[i].offset);
	}
	free(p->chunk);
	*p = (struct part){0};
}

static struct chunk *part_grow(struct part *p)
{
	if (p->n_chunks == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 8;
		struct chunk *c = reallocarray(p->chunk, cap, sizeof(*c));

		if (!c)
			return NULL;
		p->chunk = c;
		p->cap = cap;
	}
	return &p->chunk[p->n_chunks];
}

/* A chunk that is full gives back what its index did not need. */
static void chunk_close(struct chunk *c)
{
	uint32_t *fit = c->n ? reallocarray(c->offset, c->n, sizeof(*fit)) : NULL;

	if (fit) {
		c->offset = fit;
		c->n_cap = c->n;
	}
}

/* Begins a chunk and moves the record that was cut short into it. */
static struct chunk *chunk_new(struct part *p, size_t cap)
{
	struct chunk *c = part_grow(p), *last;
	uint8_t *bytes = c ? malloc(cap) : NULL;

	if (!bytes)
		return NULL;
	last = p->n_chunks ? c - 1 : NULL;
	*c = (struct chunk){.bytes = bytes,
			    .cap = cap,
			    .first = p->entries,
			    .at = p->end};
	if (last) {
		c->fill = last->fill - last->len;
		memcpy(bytes, last->bytes + last->len, c->fill);
		last->fill = last->len;
		chunk_close(last);
	}
	p->n_chunks++;
	return c;
}

/* A record larger than its chunk: nobody has seen a byte of it yet, so it may move. */
static bool chunk_enlarge(struct chunk *c)
{
	size_t cap = c->cap * 2;
	uint8_t *bytes = cap <= CAP_MAX ? realloc(c->bytes, cap) : NULL;

	if (!bytes)
		return false;
	c->bytes = bytes;
	c->cap = cap;
	return true;
}

/* The chunk that takes the next bytes, with room for at least one. */
static struct chunk *part_room(struct part *p)
{
	struct chunk *c = p->n_chunks ? &p->chunk[p->n_chunks - 1] : NULL;

	if (!c)
		return chunk_new(p, MSTORE_CHUNK);
	if (c->fill < c->cap)
		return c;
	if (c->len == 0)
		return chunk_enlarge(c) ? c : NULL;
	return chunk_new(p, MSTORE_CHUNK);
}

static bool index_add(struct chunk *c, size_t offset)
{
	if (c->n == c->n_cap) {
		uint32_t cap = c->n_cap ? c->n_cap * 2 : 64;
		uint32_t *o = reallocarray(c->offset, cap, sizeof(*o));

		if (!o)
			return false;
		c->offset = o;
		c->n_cap = cap;
	}
	c->offset[c->n++] = (uint32_t)offset;
	return true;
}

/* Indexes the records that became whole in the last chunk. @more: bytes will follow, which
 * a text record needs to know (mlog.h). */
static int part_index(struct mstore *s, struct part *p, bool more, struct diag *reterr)
{
	struct mlog_dialect d = s->dialect;
	struct chunk *c = &p->chunk[p->n_chunks - 1];
	struct bytes b = bytes_of(c->bytes, c->fill);
	struct mlog_entry e;
	int r;

	d.more = more;
	b.pos = c->len;
	for (;;) {
		size_t start = b.pos;

		r = mlog_next(&d, &b, &s->scratch, &e, reterr);
		if (r <= 0)
			return r;
		if (p->entries >= MSTORE_TAIL - 1 || !index_add(c, start))
			return diag_set(reterr, DIAG_MEMORY, ENOMEM,
					"Not enough memory.");
		p->entries++;
		p->end += b.pos - c->len;
		c->len = b.pos;
	}
}

/* Stops the list at a record that is none. */
static int set_damage(struct mstore *s, enum mstore_state state, const struct diag *d)
{
	s->state = state;
	s->damage = *d;
	return -EBADMSG;
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM,
			"Not enough memory for the measurement list.");
}

/* Its memory stays until the store goes: a pool job may still look at it. */
static void drop_tail(struct mstore *s)
{
	s->tail = TAIL_DROPPED;
	s->tail_number = 0;
	s->generation++;
}

/* The error of mlog_next() says what is wrong; where, counted from the list's start and in
 * entries, only the store knows. */
static int damaged_head(struct mstore *s, const struct diag *why, struct diag *reterr)
{
	struct diag d = *why;

	diag_set(&d, why->id, EBADMSG, "Entry %u at byte %llu is damaged. %.180s",
		 s->head.entries + 1, (unsigned long long)s->head.end, why->text);
	if (reterr)
		*reterr = d;
	return set_damage(s, MSTORE_DAMAGED, &d);
}

static int grown(struct mstore *s, bool tail, bool more, struct diag *reterr)
{
	struct diag why = {0};
	int r = part_index(s, tail ? &s->tail_part : &s->head, more, &why);

	if (r == -EBADMSG && tail) {
		drop_tail(s); /* the head will find out what is wrong there */
		return 0;
	}
	if (r == -EBADMSG)
		return damaged_head(s, &why, reterr);
	if (r < 0 && reterr)
		*reterr = why;
	return r;
}

/* Hands the tail's chunks to the head, whose end is the tail's first byte. */
static int join(struct mstore *s)
{
	struct part *h = &s->head, *t = &s->tail_part;
	struct chunk *c;

	if (h->n_chunks + t->n_chunks > h->cap) {
		size_t cap = h->n_chunks + t->n_chunks + 8;

		c = reallocarray(h->chunk, cap, sizeof(*c));
		if (!c)
			return -ENOMEM;
		h->chunk = c;
		h->cap = cap;
	}
	if (h->n_chunks)
		chunk_close(&h->chunk[h->n_chunks - 1]);
	for (size_t i = 0; i < t->n_chunks; i++) {
		c = &h->chunk[h->n_chunks++];
		*c = t->chunk[i];
		c->first += h->entries;
	}
	s->joined_at = h->entries;
	h->entries += t->entries;
	h->end = t->end;
	free(t->chunk);
	*t = (struct part){0};
	s->tail = TAIL_JOINED;
	s->generation++;
	return 0;
}

/* Called whenever the head grew: it may have met the tail, or run past its start, in which
 * case the start was no record boundary after all. */
static int meet_tail(struct mstore *s)
{
	int r;

	if (s->tail != TAIL_OPEN || s->state == MSTORE_DAMAGED)
		return 0;
	if (s->head.end + mstore_partial(s, false) < s->tail_start)
		return 0;
	r = s->dialect.ascii && s->head.n_chunks ? grown(s, false, false, NULL) : 0;
	if (r < 0)
		return r;
	if (s->head.end == s->tail_start && mstore_partial(s, false) == 0) {
		s->pos = s->tail_part.end + mstore_partial(s, true);
		return join(s);
	}
	drop_tail(s);
	return 0;
}

int mstore_append(struct mstore *s, bool tail, struct span bytes, struct diag *reterr)
{
	struct part *p = tail && s->tail == TAIL_OPEN ? &s->tail_part : &s->head;
	int r = 0;

	if (tail && s->tail == TAIL_DROPPED)
		return 0;
	while (r >= 0 && bytes.len) {
		struct chunk *c = part_room(p);
		size_t n;

		if (!c)
			return no_memory(reterr);
		n = c->cap - c->fill < bytes.len ? c->cap - c->fill : bytes.len;
		memcpy(c->bytes + c->fill, bytes.ptr, n);
		c->fill += n;
		bytes.ptr += n;
		bytes.len -= n;
		r = grown(s, p == &s->tail_part, true, reterr);
		if (r >= 0 && p == &s->tail_part && s->tail == TAIL_DROPPED)
			return 0;
	}
	if (r >= 0)
		r = meet_tail(s);
	return r < 0 ? r : 0;
}

size_t mstore_partial(const struct mstore *s, bool tail)
{
	const struct part *p = tail && s->tail == TAIL_OPEN ? &s->tail_part : &s->head;
	const struct chunk *c = p->n_chunks ? &p->chunk[p->n_chunks - 1] : NULL;

	return c ? c->fill - c->len : 0;
}

uint64_t mstore_end(const struct mstore *s, bool tail)
{
	return tail && s->tail == TAIL_OPEN ? s->tail_part.end : s->head.end;
}

void mstore_start_tail(struct mstore *s, uint64_t offset)
{
	if (s->tail != TAIL_NONE)
		return;
	s->tail = TAIL_OPEN;
	s->tail_start = offset;
	s->tail_part.end = offset;
}

void mstore_number_tail(struct mstore *s, uint64_t number)
{
	s->tail_number = number;
	s->generation++;
}

void mstore_set_count(struct mstore *s, uint64_t count, bool exact)
{
	s->count = count;
	s->count_exact = exact;
}

void mstore_set_complete(struct mstore *s)
{
	if (s->state == MSTORE_LOADING)
		s->state = MSTORE_COMPLETE;
}

int mstore_new(const struct mlog_dialect *dialect, struct mstore **ret,
	       struct diag *reterr)
{
	struct mstore *s = calloc(1, sizeof(*s));

	if (!s)
		return no_memory(reterr);
	s->dialect = *dialect;
	s->fd = -1;
	*ret = s;
	return 0;
}

struct mstore *mstore_free(struct mstore *s)
{
	if (!s)
		return NULL;
	part_done(&s->head);
	part_done(&s->tail_part);
	strbuf_done(&s->scratch);
	free(s);
	return NULL;
}

static ssize_t read_some(const struct mstore *s, void *buf, size_t len)
{
	ssize_t n;

	do
		n = s->seekable ? pread(s->fd, buf, len, (off_t)s->pos)
				: read(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int read_error(int err, struct diag *reterr)
{
	return diag_set(reterr, DIAG_READ, err,
			"The measurement list cannot be read: %s.", diag_errno(err));
}

/* One read into the head's own memory. 1: something came; 0: the end. */
static int read_head(struct mstore *s, size_t limit, struct diag *reterr)
{
	struct chunk *c = part_room(&s->head);
	size_t want;
	ssize_t n;

	if (!c)
		return no_memory(reterr);
	want = c->cap - c->fill < limit ? c->cap - c->fill : limit;
	if (s->tail == TAIL_OPEN && s->tail_start - s->pos < want)
		want = s->tail_start - s->pos;
	n = read_some(s, c->bytes + c->fill, want);
	if (n < 0)
		return read_error((int)-n, reterr);
	c->fill += (size_t)n;
	s->pos += (uint64_t)n;
	return n > 0;
}

/* The end of the bytes: all of the list, a cut record, or a file that became shorter. */
static int at_end(struct mstore *s)
{
	struct diag d;
	struct stat st;

	if (s->seekable && fstat(s->fd, &st) == 0 && (uint64_t)st.st_size > s->pos) {
		s->size = (uint64_t)st.st_size; /* it grew: go on */
		return 1;
	}
	if (s->dialect.ascii && s->head.n_chunks && grown(s, false, false, NULL) < 0)
		return 0;
	s->state = MSTORE_COMPLETE;
	if (s->seekable && s->pos < s->size) {
		diag_set(
			&d, DIAG_LIST_SHRANK, EIO,
			"The list became shorter while it was read: %llu of %llu bytes are left.",
			(unsigned long long)s->pos, (unsigned long long)s->size);
		(void)set_damage(s, MSTORE_TRUNCATED, &d);
	} else if (mstore_partial(s, false)) {
		diag_set(&d, DIAG_LIST_TRUNCATED, EBADMSG,
			 "The list ends within entry %u, which begins at byte %llu.",
			 s->head.entries + 1, (unsigned long long)s->head.end);
		(void)set_damage(s, MSTORE_TRUNCATED, &d);
	}
	return 0;
}

int mstore_step(struct mstore *s, unsigned budget_us, struct diag *reterr)
{
	uint64_t start = loop_now_us();

	while (s->state == MSTORE_LOADING && s->fd >= 0) {
		int r = read_head(s, READ_SIZE, reterr);

		if (r < 0)
			return r;
		if (r > 0) {
			r = grown(s, false, true, NULL);
			if (r >= 0)
				r = meet_tail(s);
			if (r == -ENOMEM)
				return no_memory(reterr);
		} else {
			r = at_end(s);
		}
		if (s->state == MSTORE_LOADING && loop_now_us() - start >= budget_us)
			return 1;
	}
	return 0;
}

int mstore_resume(struct mstore *s)
{
	struct stat st;

	if (s->fd < 0 || s->state == MSTORE_DAMAGED || s->state == MSTORE_LOADING ||
	    fstat(s->fd, &st) < 0 || (uint64_t)st.st_size <= s->pos)
		return 0;
	s->state = MSTORE_LOADING;
	s->damage = (struct diag){0};
	s->seekable = true; /* an empty file has become one with a size */
	s->size = (uint64_t)st.st_size;
	return 1;
}

int mstore_load(struct mstore *s, struct diag *reterr)
{
	int r;

	do
		r = mstore_step(s, UINT32_MAX, reterr);
	while (r > 0);
	return r;
}

/* Enough for the dialect and the first screen; pipes give what they like per read. */
static int first_read(struct mstore *s, struct diag *reterr)
{
	int r = 1;

	while (r > 0 && s->pos < SNIFF_SIZE)
		r = read_head(s, SNIFF_SIZE - s->pos, reterr);
	return r < 0 ? r : 0;
}

static int sniff(struct mstore *s, uint8_t digest_size, struct diag *reterr)
{
	const struct chunk *c = &s->head.chunk[0];
	int r;

	if (c->fill == 0) {
		s->dialect.digest_size = digest_size ? digest_size : 20;
		s->state = MSTORE_COMPLETE;
		return 0;
	}
	r = mlog_sniff((struct span){c->bytes, c->fill}, digest_size, &s->dialect,
		       reterr);
	if (r < 0)
		return r;
	r = grown(s, false, true, NULL);
	return r == -EBADMSG ? 0 : r;
}

int mstore_open(int fd, uint8_t digest_size, struct mstore **ret, struct diag *reterr)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return read_error(errno, reterr);
	r = mstore_new(&(struct mlog_dialect){0}, &s, reterr);
	if (r < 0)
		return r;
	s->fd = fd;
	s->seekable = S_ISREG(st.st_mode) && st.st_size > 0;
	s->size = s->seekable ? (uint64_t)st.st_size : 0;
	r = first_read(s, reterr);
	if (r >= 0)
		r = sniff(s, digest_size, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

int mstore_jump_tail(struct mstore *s, struct diag *reterr)
{
	_cleanup_free_ uint8_t *window = NULL;
	struct bytes b;
	uint64_t at;
	ssize_t n;

	if (!s->seekable || s->state != MSTORE_LOADING || s->tail != TAIL_NONE ||
	    s->size < s->pos + MSTORE_TAIL_WINDOW)
		return 0;
	at = s->size - MSTORE_TAIL_WINDOW;
	window = malloc(MSTORE_TAIL_WINDOW);
	if (!window)
		return no_memory(reterr);
	n = pread(s->fd, window, MSTORE_TAIL_WINDOW, (off_t)at);
	if (n < 0)
		return read_error(errno, reterr);
	b = bytes_of(window, (size_t)n);
	b.big_endian = s->dialect.big_endian;
	if (mlog_resync(&s->dialect, &b) < 0)
		return 0;
	mstore_start_tail(s, at + b.pos);
	n = mstore_append(s, true, (struct span){b.ptr + b.pos, bytes_left(&b)}, reterr);
	if (n >= 0 && s->dialect.ascii && s->tail == TAIL_OPEN)
		n = grown(s, true, false, reterr);
	return (int)n;
}
