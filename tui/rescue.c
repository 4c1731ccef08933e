/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/rescue-internal.h"

enum { KEY_REDRAW = 12 /* ^L: the terminal's, not ours */ };

void rescue_done(struct rescue *r)
{
	rescue_facts_done(&r->facts);
	pager_done(&r->pager);
}

void rescue_set(struct rescue *r, const struct rescue_facts *facts)
{
	rescue_facts_done(&r->facts);
	r->facts = *facts;
	r->selected = facts->fallback;
	r->typed[0] = '\0';
}

static const struct rescue_choice *find(const struct rescue *r, unsigned number)
{
	for (size_t i = 0; i < r->facts.n; i++)
		if (r->facts.choice[i].number == number)
			return &r->facts.choice[i];
	return NULL;
}

static const struct rescue_choice *chosen(struct rescue *r)
{
	const struct rescue_choice *c;
	uint64_t v = r->selected;

	if (*r->typed && str_to_u64(span_of(r->typed), &v) < 0)
		v = 0;
	r->typed[0] = '\0';
	c = find(r, (unsigned)v);
	if (!c)
		(void)snprintf(r->note, sizeof(r->note),
			       "Type the number of a choice, then Enter.");
	else if (*c->why)
		(void)snprintf(r->note, sizeof(r->note),
			       "That is not to be had here: %s.", c->why);
	return c && !*c->why ? c : NULL;
}

/* The next one that can be had, upwards or downwards. */
static void move(struct rescue *r, bool down)
{
	size_t i = 0, n = r->facts.n;

	while (i < n && r->facts.choice[i].number != r->selected)
		i++;
	for (size_t step = 0; step < n; step++) {
		i = (i + (down ? 1 : n - 1)) % n;
		if (!*r->facts.choice[i].why)
			break;
	}
	r->selected = r->facts.choice[i].number;
	r->typed[0] = '\0';
}

static void type(struct rescue *r, int key)
{
	size_t n = strlen(r->typed);

	if (key == K_BACKSPACE && n)
		r->typed[n - 1] = '\0';
	else if (key >= '0' && key <= '9' && n + 1 < sizeof(r->typed))
		(void)snprintf(r->typed + n, sizeof(r->typed) - n, "%c", key);
}

static void pager_key(struct rescue *r, int key)
{
	enum request req = keys_request(IN_PAGER, key);

	if (req == REQ_BACK || key == K_ENTER || key == 'q' || key == K_ESC)
		r->reading = false;
	else if (req != REQ_NONE)
		(void)pager_request(&r->pager, req);
}

void rescue_read(struct rescue *r, const char *title)
{
	(void)snprintf(r->pager.title, sizeof(r->pager.title), "%s", title);
	r->pager.top = 0;
	r->reading = true;
}

/* On a machine that runs one may just leave; in a boot that has to be said. */
static const struct rescue_choice *leave(struct rescue *r)
{
	if (strcmp(r->facts.place, "this machine") == 0)
		return find(r, r->facts.go_on);
	(void)snprintf(r->note, sizeof(r->note), "%u goes on with the boot.",
		       r->facts.go_on);
	return NULL;
}

const struct rescue_choice *rescue_key(struct rescue *r, int key)
{
	if (key == KEY_REDRAW)
		return NULL;
	r->left = 0;
	r->note[0] = '\0';
	if (r->reading) {
		pager_key(r, key);
		return NULL;
	}
	if (key == K_ENTER)
		return chosen(r);
	if (key == 'q' || key == K_F10)
		return leave(r);
	if (key == K_UP || key == K_DOWN) {
		move(r, key == K_DOWN);
	} else if (key == '?' || key == K_F1) {
		doc_clear(&r->pager.doc);
		doc_append(&r->pager.doc, &r->facts.doc);
		rescue_read(r, "What is known");
	} else {
		type(r, key);
	}
	return NULL;
}

const struct rescue_choice *rescue_second(struct rescue *r)
{
	if (!r->left || --r->left)
		return NULL;
	return find(r, r->facts.go_on);
}

void rescue_question(const struct rescue *r, struct strbuf *out)
{
	strbuf_addf(out, "Choice [%u]: %s", r->selected, r->typed);
}

static void add_title(const struct rescue *r, struct strbuf *out)
{
	strbuf_addf(out, "imactl RESCUE  (%s)", r->facts.place);
	if (*r->host)
		strbuf_addf(out, "  %s", r->host);
	if (*r->facts.root)
		strbuf_addf(out, "  root=%s", r->facts.root);
	if (*r->line)
		strbuf_addf(out, "  tty: %s", r->line);
}

static void add_countdown(const struct rescue *r, struct strbuf *out)
{
	strbuf_addf(out, "Auto: %u (go on as it is) in %u s. Any key stops that.",
		    r->facts.go_on, r->left);
}

#define PROMISE "Nothing is changed until you choose."

void rescue_lines(const struct rescue *r, struct doc *out)
{
	_cleanup_strbuf_ struct strbuf title = {0}, countdown = {0};

	add_title(r, &title);
	doc_title(out, strbuf_str(&title));
	doc_append(out, &r->facts.doc);
	doc_blank(out);
	for (size_t i = 0; i < r->facts.n; i++)
		if (!*r->facts.choice[i].why)
			doc_text(out, STYLE_NORMAL, "%2u) %s", r->facts.choice[i].number,
				 r->facts.choice[i].text);
	doc_blank(out);
	doc_text(out, STYLE_NORMAL, PROMISE);
	if (!r->left)
		return;
	add_countdown(r, &countdown);
	doc_text(out, STYLE_WARN, "%s", strbuf_str(&countdown));
}

/* Going on as it is is what is left where there is no better: no advice. */
static bool is_advised(const struct rescue *r, const struct rescue_choice *c)
{
	return c->number == r->facts.fallback && c->number != r->facts.go_on;
}

static int draw_choices(const struct rescue *r, struct canvas *c, int y)
{
	for (size_t i = 0; i < r->facts.n; i++) {
		const struct rescue_choice *choice = &r->facts.choice[i];

		if (*choice->why)
			continue;
		canvas_textf(c, y, 1, c->w - 2, STYLE_NORMAL, "%2u) %s%s", choice->number,
			     choice->text,
			     is_advised(r, choice) ? "  (recommended)" : "");
		if (choice->number == r->selected)
			canvas_paint(c, (struct rect){y, 1, 1, c->w - 2}, STYLE_SELECTED);
		y++;
	}
	return y;
}

/* The question, and below it what there is to say. */
static void draw_question(const struct rescue *r, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf question = {0}, countdown = {0};

	rescue_question(r, &question);
	c->cursor_y = y;
	c->cursor_x =
		1 + canvas_text(c, y, 1, c->w - 2, STYLE_PROMPT, strbuf_str(&question));
	if (*r->note) {
		canvas_text(c, y + 1, 1, c->w - 2, STYLE_WARN, r->note);
	} else if (r->left) {
		add_countdown(r, &countdown);
		canvas_text(c, y + 1, 1, c->w - 2, STYLE_WARN, strbuf_str(&countdown));
	}
}

static int offered(const struct rescue *r)
{
	int n = 0;

	for (size_t i = 0; i < r->facts.n; i++)
		n += !*r->facts.choice[i].why;
	return n;
}

/* Where there is room lines divide the parts; what is known gives way to the choices. */
static void draw_menu(const struct rescue *r, struct canvas *c)
{
	bool roomy = c->h >= 20;
	int top = roomy ? 2 : 1, end = c->h - (roomy ? 2 : 1);
	int known = end - top - offered(r) - (roomy ? 3 : 2);

	if (roomy) {
		canvas_hline(c, 1, 0, c->w, STYLE_LINE);
		canvas_hline(c, end, 0, c->w, STYLE_LINE);
	}
	if (known > 0)
		(void)doc_draw(&r->facts.doc, c, (struct rect){top, 0, known, c->w - 1},
			       0);
	known = known > 0 ? known : 0;
	draw_question(r, c, draw_choices(r, c, top + known + (roomy ? 1 : 0)));
	canvas_text(c, c->h - 1, 1, c->w - 2, STYLE_STATUS,
		    c->w >= 72 ? PROMISE "  Arrows, number, Enter  ? More  ^L Redraw"
			       : "Number, Enter  ? More  ^L Redraw");
}

static void draw_pager(struct rescue *r, struct canvas *c)
{
	_cleanup_strbuf_ struct strbuf status = {0};

	canvas_hline(c, 1, 0, c->w, STYLE_LINE);
	canvas_textf(c, 1, 1, c->w - 2, STYLE_TITLE, " %s ", r->pager.title);
	pager_draw(&r->pager, c, (struct rect){2, 0, c->h - 3, c->w - 1});
	pager_status(&r->pager, &status);
	canvas_textf(c, c->h - 1, 1, c->w - 2, STYLE_STATUS, "%s  q Back",
		     strbuf_str(&status));
}

void rescue_draw(struct rescue *r, struct canvas *c)
{
	_cleanup_strbuf_ struct strbuf title = {0};

	canvas_clear(c);
	c->cursor_y = -1;
	add_title(r, &title);
	canvas_fill(c, (struct rect){0, 0, 1, c->w}, STYLE_HEADER);
	canvas_text(c, 0, 1, c->w - 2, STYLE_HEADER, strbuf_str(&title));
	if (r->reading)
		draw_pager(r, c);
	else
		draw_menu(r, c);
}
