/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Denials screen as 'imactl watch' has it: what the kernel said, and between it what it
 * measured meanwhile, in the order in which they came. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/deniallist.h"
#include "tui/words.h"

enum { ENTRIES_MAX = 2000 /* measurements, the latest; the Log screen has all */ };

const struct feed_event *deniallist_event(const struct deniallist *l, uint32_t at)
{
	uint32_t first = (uint32_t)(l->feed->events - feed_kept(l->feed));
	uint32_t i = at - first;

	/* what has left the ring since the rows were made: the oldest that is there */
	return feed_event(l->feed, i < feed_kept(l->feed) ? i : 0);
}

bool deniallist_stream_grew(const struct deniallist *l)
{
	return l->app->model.live && l->stream_count != model_count(&l->app->model, NULL);
}

static bool fill(struct deniallist *l, uint32_t number)
{
	const struct model *m = &l->app->model;
	mref ref = m->store ? mstore_find(m->store, number) : MSTORE_NONE;

	return ref != MSTORE_NONE &&
	       entrytext_fill(&l->text, m->store, m->pkgs, ref, l->app->ascii);
}

static bool shows_entry(struct deniallist *l, uint32_t number)
{
	return fill(l, number) && (!*l->find.filter ||
				   words_pass(l->find.filter, strbuf_str(&l->text.path)));
}

/* Those up to @to that have not been added yet. */
static bool add_entries(struct deniallist *l, uint64_t *next, uint64_t to)
{
	bool ok = true;

	for (; ok && *next <= to; (*next)++)
		if (shows_entry(l, (uint32_t)*next))
			ok = deniallist_add(
				l, (struct deniallist_row){.is = DENIALLIST_ENTRY,
							   .at = (uint32_t)*next});
	return ok;
}

bool deniallist_stream_rows(struct deniallist *l)
{
	uint64_t count = l->app->model.live ? model_count(&l->app->model, NULL) : 0;
	uint64_t first = l->feed->events - feed_kept(l->feed), next = l->feed->began + 1;
	bool ok = true;

	if (count > ENTRIES_MAX && next + ENTRIES_MAX <= count)
		next = count - ENTRIES_MAX + 1;
	l->n = 0;
	l->stream_count = count;
	for (size_t i = 0; ok && i < feed_kept(l->feed); i++) {
		const struct feed_event *e = feed_event(l->feed, i);

		if (!deniallist_shows(l, denials_row(l->feed->store, e->row)))
			continue;
		if (e->count != FEED_BEFORE)
			ok = add_entries(l, &next, e->count);
		ok = ok &&
		     deniallist_add(l,
				    (struct deniallist_row){.is = DENIALLIST_EVENT,
							    .at = (uint32_t)(first + i)});
	}
	return ok && add_entries(l, &next, count);
}

static void entry_text(struct deniallist *l, uint32_t number, struct strbuf *out)
{
	char digest[64];

	if (!fill(l, number))
		return;
	strbuf_addf(out, "%-8s %-8s #%u %s", "",
		    l->text.violation ? "VIOLAT." : "measured", number,
		    l->text.violation ? "" : strbuf_str(&l->text.alg));
	if (!l->text.violation)
		strbuf_addf(out, ":%s",
			    entrytext_short(digest, sizeof(digest),
					    strbuf_str(&l->text.digest), 4));
	strbuf_addf(out, "  %s", strbuf_str(&l->text.path));
}

void deniallist_stream_text(struct deniallist *l, const struct deniallist_row *row,
			    struct strbuf *out, enum style *ret_style)
{
	const struct feed_event *e;
	char when[24];

	*ret_style = STYLE_NORMAL;
	if (row->is == DENIALLIST_ENTRY) {
		entry_text(l, row->at, out);
		return;
	}
	e = deniallist_event(l, row->at);
	strbuf_addf(out, "%-8s %-8s ", deniallist_time(l, e->d.time_ms, when),
		    deniallist_result(e->d.kind, 1, e->d.denied == DENIAL_DENIED,
				      e->d.denied == DENIAL_ALLOWED, ret_style));
	deniallist_event_text(l, &e->d, out);
}

void deniallist_entry(struct deniallist *l, uint32_t number, struct doc *d)
{
	const struct model *m = &l->app->model;

	d->label_w = 16;
	entrytext_doc(d, m->store, m->pkgs, mstore_find(m->store, number), l->app->ascii);
}
