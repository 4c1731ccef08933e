/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows around the screens: header, tabs, status, footer; the boxes over them. */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/save.h"

enum { MIN_H = 16, MIN_W = 60 };

/* "TRIAL 7: 12 min": the first thing to be known of a boot that does not last. */
static void trial(const struct model *m, struct canvas *c, int x, int w)
{
	uint64_t left = m->trial_until_ms > m->now_ms ? m->trial_until_ms - m->now_ms : 0;
	char text[48];

	if (!m->trial)
		return;
	if (m->trial_until_ms)
		(void)snprintf(text, sizeof(text), " TRIAL %u: %llu min ", m->trial,
			       (unsigned long long)left / 60000);
	else
		(void)snprintf(text, sizeof(text), " TRIAL %u ", m->trial);
	canvas_text(c, 0, x, w - x, STYLE_ALERT, text);
}

static void header(struct app *a)
{
	struct canvas *c = &a->canvas;
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};
	const struct model *m = &a->model;
	char clock[8] = "--:--";
	struct tm tm;

	if (gmtime_r(&m->wall, &tm) && localtime_r(&m->wall, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M", &tm);
	strbuf_addf(&left, " imactl %s  %s", IMACTL_VERSION,
		    *m->host ? m->host : "(no name)");
	if (c->w >= 72 && *m->release)
		strbuf_addf(&right, "%s  ", m->release);
	strbuf_addf(&right, "%s  %s%s%s",
		    m->recorded		  ? "RECORDED"
		    : m->loose		  ? "SAVED LIST"
		    : a->config->readonly ? "RO"
		    : m->privileged	  ? "ROOT"
					  : "RO (not root)",
		    m->mode, *m->mode ? " " : "", clock);
	canvas_fill(c, (struct rect){0, 0, 1, c->w}, STYLE_HEADER);
	canvas_text(c, 0, 0, c->w, STYLE_HEADER, strbuf_str(&left));
	canvas_right(c, 0, canvas_width(strbuf_str(&left)) + 1,
		     c->w - canvas_width(strbuf_str(&left)) - 2, STYLE_HEADER,
		     strbuf_str(&right));
	trial(m, c, canvas_width(strbuf_str(&left)) + 2, c->w);
}

/* Where not all titles fit, those of other screens are cut: the number is the key. */
static int title_room(const struct canvas *c)
{
	int w = 0;

	for (int i = 0; i < _SCREEN_MAX; i++)
		w += canvas_width(app_title((enum screen_id)i)) + 4;
	return w > c->w ? 4 : 99;
}

static void tabs(struct app *a)
{
	struct canvas *c = &a->canvas;
	int x = 0, room = title_room(c);

	for (int i = 0; i < _SCREEN_MAX; i++) {
		bool on = (int)a->current == i;

		x += canvas_textf(c, 1, x, c->w - x, on ? STYLE_TAB_ACTIVE : STYLE_TAB,
				  on ? "[%c %.*s]" : " %c %.*s ",
				  app_number((enum screen_id)i), on ? 99 : room,
				  app_title((enum screen_id)i));
	}
}

static void status(struct app *a, int y)
{
	struct canvas *c = &a->canvas;
	_cleanup_strbuf_ struct strbuf b = {0};
	int w = c->w - 1;

	if (a->mouse)
		canvas_text(c, y, w -= 8, 7, STYLE_STATUS, "[MOUSE]");
	if (a->modal == MODAL_PROMPT) {
		prompt_draw(&a->prompt, c, y, 1, w - 1);
		return;
	}
	if (*a->note) {
		canvas_text(c, y, 1, w - 1, a->note_style, a->note);
		return;
	}
	if (a->save)
		strbuf_addf(&b, "exporting: %llu entries written | Esc cancels",
			    (unsigned long long)save_count(a->save));
	else if (a->pager_open)
		pager_status(&a->pager, &b);
	else
		app_screen(a)->status(app_state(a), &b);
	canvas_text(c, y, 1, w - 1, STYLE_STATUS, strbuf_str(&b));
}

static int footer_item(struct canvas *c, int y, int x, const char *key, const char *label)
{
	if (x + canvas_width(key) + canvas_width(label) + 1 > c->w)
		return x;
	x += canvas_text(c, y, x, c->w - x, STYLE_KEY, key);
	x += 1;
	x += canvas_text(c, y, x, c->w - x, STYLE_KEY_TEXT, label);
	return x + 1;
}

static const char *first_key(enum request r, char *buf, size_t size)
{
	struct span key = {0};

	(void)keys_of(r, 0, &key);
	(void)snprintf(buf, size, "%.*s", (int)key.len, (const char *)key.ptr);
	return buf;
}

/* "F1 Help " */
static int item_width(enum request r)
{
	char key[16];

	return canvas_width(first_key(r, key, sizeof(key))) +
	       canvas_width(keys_info(r)->label) + 2;
}

/* The way out is always there; what does not fit before it is left to help. */
static void footer(struct app *a, int y)
{
	struct canvas *c = &a->canvas;
	enum request last = app_context(a) == IN_OVERVIEW ? REQ_QUIT : REQ_BACK;
	char key[16];
	int x = 1, room;

	if (a->modal != MODAL_NONE) {
		if (a->modal == MODAL_CONFIRM && a->confirm.level == CONFIRM_L1)
			x = footer_item(c, y, x, "Tab", "Choose");
		x = footer_item(c, y, x, "Enter", "Done");
		x = footer_item(c, y, x, "Esc", "Cancel");
		if (a->modal == MODAL_PROMPT && a->prompt.history)
			footer_item(c, y, x, "Up", "History");
		return;
	}
	room = c->w - item_width(last);
	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++) {
		const struct request_info *info = keys_info((enum request)r);

		if (!info->label || !(info->contexts & app_context(a)) ||
		    r == (int)last || r == REQ_QUIT ||
		    x + item_width((enum request)r) > room)
			continue;
		x = footer_item(c, y, x, first_key((enum request)r, key, sizeof(key)),
				info->label);
	}
	footer_item(c, y, x, first_key(last, key, sizeof(key)), keys_info(last)->label);
}

bool app_too_small(const struct app *a)
{
	return a->canvas.h < MIN_H || a->canvas.w < MIN_W;
}

/* In lines so short that they can be read nearly anywhere. */
static void too_small(struct canvas *c)
{
	int y = c->h > 3 ? c->h / 2 - 1 : 0;

	canvas_textf(c, y, 0, c->w, STYLE_WARN, "imactl needs %dx%d", MIN_W, MIN_H);
	canvas_textf(c, y + 1, 0, c->w, STYLE_WARN, "this is %dx%d", c->w, c->h);
	canvas_text(c, y + 2, 0, c->w, STYLE_WARN, "q quits");
}

static void pager(struct app *a, struct rect body)
{
	struct canvas *c = &a->canvas;

	canvas_hline(c, body.y, 0, body.w, STYLE_LINE);
	canvas_textf(c, body.y, 1, body.w - 2, STYLE_TITLE, " %s ", a->pager.title);
	pager_draw(&a->pager, c,
		   (struct rect){body.y + 1, body.x, body.h - 1, body.w - 1});
}

void app_draw(struct app *a)
{
	struct canvas *c = &a->canvas;
	struct rect body = {2, 0, c->h - 5, c->w};

	canvas_clear(c);
	a->dirty = false;
	if (app_too_small(a)) {
		too_small(c);
		return;
	}
	header(a);
	tabs(a);
	if (a->pager_open)
		pager(a, body);
	else
		app_screen(a)->draw(app_state(a), c, body);
	canvas_hline(c, c->h - 3, 0, c->w, STYLE_LINE);
	status(a, c->h - 2);
	footer(a, c->h - 1);
	if (a->modal == MODAL_PICK)
		pick_draw(&a->pick, c);
	if (a->modal == MODAL_CONFIRM)
		confirm_draw(&a->confirm, c);
}
