/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCRs' values at places of the list. A match proves the whole list, and with it the
 * value at every place of it: kept for the boot, they say between which two places a list
 * that matches no more was changed, and where the search for the change has to begin.
 */
#include "core/verify/verify-internal.h"

enum { EVERY_FIRST = 1, MARKS_MAX = array_size(((struct verify_marks *)0)->at) };

static uint64_t every(const struct verify_marks *m)
{
	return m->every ? m->every : EVERY_FIRST;
}

uint64_t verify_marks_room(const struct verify *v)
{
	uint64_t step = every(&v->marks);

	return step - replay_entries(v->replay) % step;
}

static void thin_out(struct verify_marks *m)
{
	size_t n = 0;

	m->every = 2 * every(m);
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].entries % m->every == 0) {
			struct strbuf kept = m->at[i].state;

			m->at[i].state = m->at[n].state; /* its memory serves later */
			m->at[n].state = kept;
			m->at[n++].entries = m->at[i].entries;
		}
	m->n = n;
}

void verify_marks_take(struct verify *v)
{
	struct verify_marks *m = &v->marks;
	uint64_t n = replay_entries(v->replay);

	if (n % every(m))
		return;
	if (m->n == MARKS_MAX)
		thin_out(m);
	if (n % every(m))
		return;
	strbuf_clear(&m->at[m->n].state);
	replay_export(v->replay, &m->at[m->n].state);
	m->at[m->n++].entries = n;
}

void verify_marks_done(struct verify_marks *m)
{
	for (size_t i = 0; i < MARKS_MAX; i++)
		strbuf_done(&m->at[i].state);
	*m = (struct verify_marks){0};
}

/* u32 length and state, one behind the other, in list order. */
static void put(struct strbuf *out, const struct strbuf *state)
{
	for (size_t i = 0; i < 4; i++)
		strbuf_addc(out, (char)(state->len >> (8 * i)));
	strbuf_add(out, state->ptr, state->len);
	out->failed |= state->failed;
}

void verify_marks_prove(struct verify *v)
{
	_cleanup_strbuf_ struct strbuf last = {0};
	uint64_t n = replay_entries(v->replay);

	strbuf_clear(&v->proven);
	for (size_t i = 0; i < v->marks.n; i++)
		if (v->marks.at[i].entries < n)
			put(&v->proven, &v->marks.at[i].state);
	replay_export(v->replay, &last);
	put(&v->proven, &last);
}

bool verify_marks_next(struct bytes *saved, uint64_t *ret_entries, struct span *ret)
{
	uint32_t len;

	return bytes_u32(saved, &len) && bytes_take(saved, len, ret) &&
	       replay_state_entries(*ret, ret_entries) >= 0;
}
