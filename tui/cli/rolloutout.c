/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/rolloutout.h"

#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"
#include "tui/cli/rollout.h"

int rolloutout_load(struct cli *cli, bool whole, bool brief, struct rollout **ret,
		    struct diag *reterr)
{
	const struct rollout_ask ask = {.whole = whole,
					.brief = brief,
					.notes = !cli->readonly,
					.now = time(NULL)};

	return rollout_load(&cli->root, &ask, ret, reterr);
}

static enum out_style style_of(enum rollout_mark mark)
{
	return mark == ROLLOUT_FAIL   ? OUT_BAD
	       : mark == ROLLOUT_WARN ? OUT_WARN
	       : mark == ROLLOUT_PASS ? OUT_GOOD
				      : OUT_PLAIN;
}

static enum out_style state_style(enum rollout_state state)
{
	return state == ROLLOUT_BLOCKED				   ? OUT_BAD
	       : state == ROLLOUT_DONE || state == ROLLOUT_SKIPPED ? OUT_GOOD
								   : OUT_PLAIN;
}

static void title(struct out *o, const struct rollout *r)
{
	if (!r->number)
		out_add(o, "Rollout: no policy is chosen");
	else
		out_addf(o, "Rollout of generation %u", r->number);
	if (r->wish < _BOOTMODE_MAX)
		out_addf(o, ", mode %s", bootmode_name(r->wish));
	if (r->good)
		out_addf(o, "; known good: generation %u\n", r->good);
	else
		out_add(o, "; nothing to go back to is known\n");
}

static void line(struct out *o, const struct rollout *r, enum rollout_id id)
{
	const struct rollout_step *s = &r->step[id];

	out_add(o, r->next == id ? " >" : "  ");
	out_style(o, state_style(s->state), rollout_state_mark(s->state));
	out_addf(o, *s->summary ? " %d %-10s  %-8s  %s\n" : " %d %-10s  %s%s\n", id + 1,
		 rollout_title(id), rollout_state_word(s->state), s->summary);
	if (s->state == ROLLOUT_SKIPPED) {
		out_add(o, "                 because: ");
		out_foreign(o, span_of(r->memo.skip[id]));
		out_add(o, "\n");
	}
}

/* @more: the next one is mended by the same, which is said once, behind the last. */
static void finding(struct out *o, const struct rollout_finding *f, bool more)
{
	out_add(o, " ");
	out_style(o, style_of(f->mark), rollout_mark_label(f->mark));
	out_add(o, "  ");
	str_wrap(out_buf(o), o->width, 7, f->text);
	if (*f->fix && !more)
		out_addf(o, "       fix: %s\n", f->fix);
}

static void findings(struct out *o, const struct rollout_step *s, enum rollout_mark mark)
{
	const struct rollout_finding *last = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (s->of[i].mark != mark)
			continue;
		if (last)
			finding(o, last, strcmp(last->fix, s->of[i].fix) == 0);
		last = &s->of[i];
	}
	if (last)
		finding(o, last, false);
}

static void next(struct out *o, const struct rollout *r)
{
	_cleanup_strbuf_ struct strbuf words = {0};

	rollout_next_words(r, time(NULL), &words);
	out_add(o, "Next: ");
	str_wrap(out_buf(o), o->width, 6, strbuf_str(&words));
	if (*rollout_next_command(r))
		out_addf(o, "  %s\n", rollout_next_command(r));
}

void rolloutout_step(struct out *o, const struct rollout *r, enum rollout_id id, bool all)
{
	const struct rollout_step *s = &r->step[id];

	out_style(o, OUT_BOLD, rollout_title(id));
	out_addf(o, ": %s%s%s\n", rollout_state_word(s->state), *s->summary ? ", " : "",
		 s->summary);
	for (int mark = ROLLOUT_FAIL; mark >= (all ? ROLLOUT_PASS : ROLLOUT_NOTE); mark--)
		findings(o, s, (enum rollout_mark)mark);
	if (all && s->state == ROLLOUT_WAITING)
		next(o, r); /* for which it waits */
}

static bool shows_findings(const struct rollout_step *s)
{
	return s->count[ROLLOUT_FAIL] || s->count[ROLLOUT_WARN] || s->count[ROLLOUT_NOTE];
}

/* What is next comes before what is in its way: of a screen that is paged the first page is
 * read. */
void rolloutout_text(struct out *o, const struct rollout *r)
{
	title(o, r);
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++)
		line(o, r, (enum rollout_id)i);
	out_add(o, "\n");
	next(o, r);
	if (r->next != _ROLLOUT_MAX && shows_findings(&r->step[r->next])) {
		out_add(o, "\n");
		rolloutout_step(o, r, r->next, false);
	}
}

void rolloutout_plan(struct out *o, const struct rollout *r)
{
	title(o, r);
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++) {
		enum rollout_id id = (enum rollout_id)i;

		line(o, r, id);
		out_addf(o, "        what:     %s\n", rollout_about(id));
		out_addf(o, "        changes:  %s\n", rollout_changes(id));
		out_addf(o, "        undone:   %s\n", rollout_undo(id));
		out_addf(o, "        command:  %s\n", rollout_command(id));
	}
	out_add(o, "\n");
	next(o, r);
}

static void json_findings(const struct rollout_step *s, struct json *j)
{
	json_key(j, "findings");
	json_open(j, '[');
	for (size_t i = 0; i < s->n; i++) {
		json_open(j, '{');
		json_kstr(j, "mark", rollout_mark_word(s->of[i].mark));
		json_kstr(j, "text", s->of[i].text);
		json_kstr(j, "fix", *s->of[i].fix ? s->of[i].fix : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_step(const struct rollout *r, enum rollout_id id, struct json *j)
{
	const struct rollout_step *s = &r->step[id];

	json_open(j, '{');
	json_kstr(j, "step", rollout_word(id));
	json_kstr(j, "state", rollout_state_word(s->state));
	json_kstr(j, "summary", s->summary);
	json_kbool(j, "recalled", s->recalled);
	if (*r->memo.skip[id])
		json_kbytes(j, "skipped", span_of(r->memo.skip[id]));
	else
		json_kstr(j, "skipped", NULL);
	json_findings(s, j);
	json_kstr(j, "changes", rollout_changes(id));
	json_kstr(j, "undo", rollout_undo(id));
	json_kstr(j, "command", rollout_command(id));
	json_close(j, '}');
}

static void members(const struct rollout *r, struct json *j)
{
	const char *command = rollout_next_command(r);

	json_ku64(j, "generation", r->number);
	json_kstr(j, "mode", r->wish < _BOOTMODE_MAX ? bootmode_name(r->wish) : NULL);
	json_ku64(j, "known_good", r->good);
	json_kbool(j, "finished", r->finished);
	json_key(j, "steps");
	json_open(j, '[');
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++)
		json_step(r, (enum rollout_id)i, j);
	json_close(j, ']');
	json_kstr(j, "next_step", r->next != _ROLLOUT_MAX ? rollout_word(r->next) : NULL);
	json_kstr(j, "next_command", *command ? command : NULL);
}

void rolloutout_json(struct cli *cli, const struct rollout *r)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/rollout/1");
	members(r, &j);
	rollout_trial_json(&r->now, &j);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

int rolloutout_exit(const struct rollout *r, enum rollout_id id)
{
	enum rollout_state state = r->step[id].state;

	return state == ROLLOUT_DONE || state == ROLLOUT_SKIPPED ? CMD_OK
	       : state == ROLLOUT_BLOCKED			 ? CMD_REFUSED
								 : CMD_BAD;
}
