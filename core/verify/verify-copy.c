/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other copies of the list say. A hash tells nothing of what is gone, so an entry that
 * was dropped or changed with its digest cannot be named from list and PCR alone; a copy
 * that was not changed as well names it. Which of the two is true the PCR says: the copy is
 * replayed too, and where it ends earlier, the rest of the list behind it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/list/mreader.h"
#include "core/verify/verify-why.h"

enum {
	REACH = 64, /* records that one difference may have on both sides together */
	RUN = 8,    /* that must agree behind it */
	TURN = 64,  /* records between two looks at the clock */
};

/* Records [a, a_end) of the list and [b, b_end) of the copy differ. */
struct hunk {
	size_t a, a_end, b, b_end;
};

struct difference {
	size_t copy;
	size_t n_hunks;
	struct hunk first;
	bool swapped;
};

struct verify_copies {
	enum {
		COPY_OPEN,
		COPY_READ,
		COPY_COMPARE,
		COPY_REST,
		COPY_NAME,
		COPY_OVER
	} stage;
	size_t index;
	struct mreader *reader;
	struct verify_seq seq;
	uint8_t value[HASH_MAX_SIZE]; /* the PCR behind what was replayed */
	bool reached;
	size_t rest; /* the record of the list that comes behind the copy's end */
	struct difference now, kept; /* kept: of the first copy that differs */
	bool differs, proven;
	size_t named; /* records read in search of the name */
	char name[PATH_TEXT];
};

static bool same(const struct verify_seq *a, size_t i, const struct verify_seq *b,
		 size_t j)
{
	return ((a->mark[i] ^ b->mark[j]) & (SEQ_PCR | SEQ_VIOLATION)) == 0 &&
	       memcmp(verify_seq_value(a, i), verify_seq_value(b, j), a->size) == 0;
}

/* Do both go on the same from here? Close to the end of both, as far as they go; @loose:
 * close to the end of the copy is enough, for it may be older. */
static bool meet(const struct verify_seq *a, size_t i, const struct verify_seq *b,
		 size_t j, bool loose)
{
	size_t left_a = a->n - i, left_b = b->n - j, n = RUN;

	if (left_a == left_b || (loose && left_b && left_b < left_a))
		n = left_b < RUN ? left_b : RUN;
	if (n == 0 || left_a < n || left_b < n)
		return false;
	for (size_t k = 0; k < n; k++)
		if (!same(a, i + k, b, j + k))
			return false;
	return true;
}

static bool find_end(const struct verify_seq *a, const struct verify_seq *b, bool loose,
		     struct hunk *h)
{
	for (size_t d = 1; d <= REACH; d++)
		for (size_t da = 0; da <= d; da++) {
			size_t i = h->a + da, j = h->b + d - da;

			if (i > a->n || j > b->n || !meet(a, i, b, j, loose))
				continue;
			h->a_end = i;
			h->b_end = j;
			return true;
		}
	return false;
}

/* The next difference from @h's end on; false: there is none. A copy that ends earlier and
 * agrees until there is no difference. */
static bool next_hunk(const struct verify_seq *a, const struct verify_seq *b,
		      struct hunk *h)
{
	size_t left_a, left_b;

	h->a = h->a_end;
	h->b = h->b_end;
	while (h->a < a->n && h->b < b->n && same(a, h->a, b, h->b)) {
		h->a++;
		h->b++;
	}
	h->a_end = h->a;
	h->b_end = b->n;
	if (h->a == a->n || h->b == b->n)
		return h->b < b->n;
	left_a = a->n - h->a;
	left_b = b->n - h->b;
	if (find_end(a, b, false, h) || (left_a != left_b && find_end(a, b, true, h)))
		return true;
	/* They do not meet again. A copy that ends soon, and earlier, may say as much as the
	 * list does up to there; the PCR will say. */
	h->a_end = left_b < left_a && left_b <= REACH ? h->a + left_b : a->n;
	return true;
}

static bool is_swap(const struct verify_seq *a, const struct verify_seq *b,
		    const struct hunk *h)
{
	return h->a_end - h->a == 2 && h->b_end - h->b == 2 &&
	       same(a, h->a, b, h->b + 1) && same(a, h->a + 1, b, h->b);
}

static int open_copy(struct verify *v)
{
	struct verify_copies *c = v->why->copies;
	const struct verify_copy *o = &v->o.copy[c->index];

	c->reader = mreader_free(c->reader);
	c->seq.n = 0;
	c->reached = false;
	memset(c->value, 0, sizeof(c->value));
	if (c->index == v->o.n_copies) {
		c->stage = COPY_OVER;
		return 0;
	}
	if (lseek(o->fd, 0, SEEK_SET) < 0 ||
	    mreader_new(o->fd, o->digest_size, &c->reader, NULL) < 0) {
		c->index++; /* cannot be read: as if it were not there */
		return 0;
	}
	c->stage = COPY_READ;
	return 0;
}

static void extend(struct verify *v, const struct verify_seq *s, size_t i)
{
	const uint8_t *digest = s->mark[i] & SEQ_VIOLATION
					? verify_why_violation(v->why->mode)
					: verify_seq_value(s, i);

	if ((s->mark[i] & SEQ_PCR) == v->why->pcr)
		verify_why_extend(v->why, v->why->copies->value, digest);
}

static bool is_expected(const struct why *w)
{
	return memcmp(w->copies->value, w->expected, w->size) == 0;
}

/* One record. What follows where the PCR's value is reached was measured later. */
static void read_record(struct verify *v)
{
	struct why *w = v->why;
	struct verify_copies *c = w->copies;
	uint8_t digest[HASH_MAX_SIZE];
	struct mlog_entry e;

	if (mreader_next(c->reader, &e, NULL) <= 0) {
		c->stage = COPY_COMPARE;
		return;
	}
	verify_why_digest(v, mreader_dialect(c->reader), &e, digest);
	if (verify_seq_add(&c->seq, e.pcr, e.violation, digest) < 0) {
		c->index++;
		c->stage = COPY_OPEN;
		return;
	}
	extend(v, &c->seq, c->seq.n - 1);
	c->reached = is_expected(w);
	if (c->reached)
		c->stage = COPY_COMPARE;
}

static void next_copy(struct verify_copies *c)
{
	if (!c->differs)
		c->kept = c->now;
	c->differs = true;
	c->index++;
	c->stage = COPY_OPEN;
}

static void proven(struct verify_copies *c)
{
	c->kept = c->now;
	c->differs = c->proven = true;
	c->named = 0;
	c->stage = COPY_NAME;
}

static void compare(struct verify *v)
{
	const struct verify_seq *list = &v->why->seq;
	struct verify_copies *c = v->why->copies;
	struct hunk h = {0};

	c->now = (struct difference){.copy = c->index};
	while (next_hunk(list, &c->seq, &h)) {
		if (c->now.n_hunks++ == 0) {
			c->now.first = h;
			c->now.swapped = is_swap(list, &c->seq, &h);
		}
	}
	c->rest = h.a_end;
	if (c->now.n_hunks == 0) {
		c->index++;
		c->stage = COPY_OPEN;
	} else if (c->reached) {
		proven(c);
	} else {
		c->stage = COPY_REST;
	}
}

static void read_rest(struct verify *v)
{
	struct why *w = v->why;
	struct verify_copies *c = w->copies;

	if (c->rest == w->seq.n) {
		next_copy(c);
		return;
	}
	extend(v, &w->seq, c->rest++);
	if (c->rest >= w->entries && is_expected(w))
		proven(c);
}

/* What the copy's first differing record is about. */
static void read_name(struct verify *v)
{
	struct verify_copies *c = v->why->copies;
	const struct verify_copy *o = &v->o.copy[c->index];
	struct mlog_entry e;

	if (c->named == 0) {
		c->reader = mreader_free(c->reader);
		if (lseek(o->fd, 0, SEEK_SET) < 0 ||
		    mreader_new(o->fd, o->digest_size, &c->reader, NULL) < 0) {
			c->stage = COPY_OVER;
			return;
		}
	}
	if (c->kept.first.b == c->kept.first.b_end ||
	    mreader_next(c->reader, &e, NULL) <= 0) {
		c->stage = COPY_OVER;
		return;
	}
	if (c->named++ < c->kept.first.b)
		return;
	(void)str_quote(c->name, sizeof(c->name),
			mlog_path(mreader_dialect(c->reader), &e));
	c->stage = COPY_OVER;
}

static void step(struct verify *v)
{
	switch (v->why->copies->stage) {
	case COPY_OPEN:
		(void)open_copy(v);
		break;
	case COPY_READ:
		read_record(v);
		break;
	case COPY_COMPARE:
		compare(v);
		break;
	case COPY_REST:
		read_rest(v);
		break;
	case COPY_NAME:
		read_name(v);
		break;
	case COPY_OVER:
		break;
	}
}

static void finished(struct why *w)
{
	const struct verify_copies *c = w->copies;
	const struct hunk *h = &c->kept.first;

	if (!c->proven)
		return;
	w->has_found = true;
	w->found = (struct verify_found){.edit = EDIT_COPY, .at = h->a};
	if (h->a < h->a_end) {
		w->wants_name = true;
		w->name_of = h->a;
	}
}

int verify_copy_step(struct verify *v, uint64_t until_us)
{
	struct why *w = v->why;

	if (!w->copies) {
		w->copies = calloc(1, sizeof(*w->copies));
		if (!w->copies)
			return 0; /* as if there were none */
		w->copies->seq.size = w->size;
	}
	do
		for (unsigned i = 0; i < TURN && w->copies->stage != COPY_OVER; i++)
			step(v);
	while (w->copies->stage != COPY_OVER && verify_now_us() < until_us);
	if (w->copies->stage != COPY_OVER)
		return 1;
	finished(w);
	return 0;
}

void verify_copy_free(struct why *w)
{
	if (!w->copies)
		return;
	mreader_free(w->copies->reader);
	verify_seq_done(&w->copies->seq);
	free(w->copies);
	w->copies = NULL;
}

static void say_missing(struct strbuf *out, const struct hunk *h, const char *copy,
			const char *name)
{
	if (h->b_end - h->b == 1)
		strbuf_addf(out, "Entry %zu of %s (%s) is missing here", h->b + 1, copy,
			    name);
	else
		strbuf_addf(out,
			    "Entries %zu to %zu of %s, the first %s, are missing here",
			    h->b + 1, h->b_end, copy, name);
}

static void say_added(struct strbuf *out, const struct hunk *h, const char *copy,
		      const char *name)
{
	if (h->a_end - h->a == 1)
		strbuf_addf(out, "Entry %zu (%s) does not stand in %s", h->a + 1, name,
			    copy);
	else
		strbuf_addf(out, "Entries %zu to %zu, the first %s, do not stand in %s",
			    h->a + 1, h->a_end, name, copy);
}

static void say_changed(struct strbuf *out, const struct hunk *h, const char *copy,
			const char *name, const char *copy_name)
{
	if (h->a_end - h->a > 1 || h->b_end - h->b > 1)
		strbuf_addf(out,
			    "Entries %zu to %zu, the first %s, are others in %s (entries "
			    "%zu to %zu, the first %s)",
			    h->a + 1, h->a_end, name, copy, h->b + 1, h->b_end,
			    copy_name);
	else if (strcmp(name, copy_name) == 0)
		strbuf_addf(out, "Entry %zu (%s) says something else in %s", h->a + 1,
			    name, copy);
	else
		strbuf_addf(out, "Entry %zu (%s) is another one in %s (%s)", h->a + 1,
			    name, copy, copy_name);
}

/* Numbers only: who is right is not known, so neither is worth a third look. */
static void say_unproven(struct verify *v, const struct difference *d)
{
	uint64_t first = d->first.a + 1;

	verify_say(v, WHY_COPY_DIFFERS, VERIFY_POSSIBLE,
		   first > v->res.entries ? v->res.entries : first,
		   d->first.a_end < first ? first : d->first.a_end,
		   "%s says something else from entry %" PRIu64
		   " on (places: %zu); the PCR proves neither.",
		   v->o.copy[d->copy].name, first, d->n_hunks);
}

void verify_copy_say(struct verify *v)
{
	const struct verify_copies *c = v->why->copies;
	_cleanup_strbuf_ struct strbuf text = {0};
	const char *copy, *name = v->why->name;
	const struct difference *d = &c->kept;
	const struct hunk *h = &d->first;
	uint64_t first, last;

	if (!c->differs)
		return;
	if (!c->proven) {
		say_unproven(v, d);
		return;
	}
	copy = v->o.copy[d->copy].name;
	if (h->a == h->a_end)
		say_missing(&text, h, copy, c->name);
	else if (h->b == h->b_end)
		say_added(&text, h, copy, name);
	else if (d->swapped)
		strbuf_addf(&text,
			    "Entries %zu (%s) and %zu stand the other way round in %s",
			    h->a + 1, name, h->a_end, copy);
	else
		say_changed(&text, h, copy, name, c->name);
	first = h->a < v->res.entries ? h->a + 1 : v->res.entries;
	last = h->a_end > first ? h->a_end : first;
	if (d->n_hunks == 2)
		strbuf_adds(&text, ", and there is one more difference");
	else if (d->n_hunks > 2)
		strbuf_addf(&text, ", and there are %zu more differences",
			    d->n_hunks - 1);
	verify_say(v, WHY_CHANGED, VERIFY_CAUSE, first, last,
		   "%s; the PCR proves the copy.", strbuf_str(&text));
}
