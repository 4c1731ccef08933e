/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Rollout screen says, in both modes. */
#include "tui/walk.h"

void walk_title(const struct walk *w, struct strbuf *out)
{
	const struct rollout *r = w->now;

	if (!r) {
		strbuf_adds(out, w->failed.id ? w->failed.text
					      : "Looking at this machine ...");
		return;
	}
	if (r->number)
		strbuf_addf(out, "Rollout of generation %u", r->number);
	else
		strbuf_adds(out, "Rollout: no policy is chosen yet");
	if (r->wish < _BOOTMODE_MAX)
		strbuf_addf(out, "   mode %s", bootmode_name(r->wish));
	if (r->good)
		strbuf_addf(out, "   known good: generation %u", r->good);
	else
		strbuf_adds(out, "   known good: none");
}

void walk_line(const struct walk *w, enum rollout_id id, struct strbuf *out)
{
	const struct rollout_step *s = w->now ? &w->now->step[id] : NULL;

	strbuf_addf(out, "%s %d %-10s  ", s ? rollout_state_mark(s->state) : "[ ]",
		    id + 1, rollout_title(id));
	if (s && s->state != ROLLOUT_DONE && s->state != ROLLOUT_READY &&
	    s->state != ROLLOUT_WAITING)
		strbuf_addf(out, "%s%s", rollout_state_word(s->state),
			    *s->summary ? ": " : "");
	if (s && *s->summary)
		strbuf_adds(out, s->summary);
	else if (!s || (s->state != ROLLOUT_SKIPPED && s->state != ROLLOUT_BLOCKED))
		strbuf_adds(out, rollout_about(id));
	if (s && s->state == ROLLOUT_SKIPPED) {
		strbuf_adds(out, " (");
		str_escape(out, span_of(w->now->memo.skip[id]), w->app->ascii);
		strbuf_addc(out, ')');
	}
}

enum style walk_style(const struct walk *w, enum rollout_id id)
{
	if (!w->now)
		return STYLE_DIM;
	switch (w->now->step[id].state) {
	case ROLLOUT_DONE:
	case ROLLOUT_SKIPPED:
		return STYLE_GOOD;
	case ROLLOUT_BLOCKED:
		return STYLE_BAD;
	case ROLLOUT_WAITING:
		return STYLE_DIM;
	default:
		return STYLE_NORMAL;
	}
}

static void finding(const struct rollout_finding *f, struct doc *d)
{
	static const enum style styles[_ROLLOUT_MARK_MAX] = {
		[ROLLOUT_PASS] = STYLE_NORMAL,
		[ROLLOUT_NOTE] = STYLE_NORMAL,
		[ROLLOUT_WARN] = STYLE_WARN,
		[ROLLOUT_FAIL] = STYLE_BAD,
	};

	doc_mark(d, rollout_mark_label(f->mark), styles[f->mark], "%s", f->text);
	if (*f->fix)
		doc_mark(d, "    ", STYLE_NORMAL,
			 *f->key ? "fix: %s   (here: %s)" : "fix: %s", f->fix, f->key);
}

void walk_changes(const struct walk *w, enum rollout_id id, struct doc *d)
{
	doc_field(d, "About", STYLE_NORMAL, "%s", rollout_about(id));
	doc_field(d, "Changes", STYLE_NORMAL, "%s", rollout_changes(id));
	doc_field(d, "Undone by", STYLE_NORMAL, "%s", rollout_undo(id));
	doc_field(d, "Command", STYLE_NORMAL, "%s", rollout_command(id));
	doc_field(d, "Here", STYLE_NORMAL, "%s", rollout_key(id));
}

void walk_findings(const struct walk *w, enum rollout_id id, bool all, struct doc *d)
{
	const struct rollout_step *s;

	d->label_w = 10;
	if (w->now) {
		s = &w->now->step[id];
		for (int mark = ROLLOUT_FAIL; mark >= 0; mark--)
			for (size_t i = 0; i < s->n; i++)
				if ((int)s->of[i].mark == mark)
					finding(&s->of[i], d);
		if (s->n)
			doc_blank(d);
	}
	if (all || !d->n)
		walk_changes(w, id, d);
}
