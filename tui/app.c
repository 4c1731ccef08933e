/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/loop.h"
#include "tui/changes.h"
#include "tui/help.h"
#include "tui/save.h"

static const struct {
	const struct screen *ops;
	const char *title;
	int number;
} screens[_SCREEN_MAX] = {
#define SCREEN(id, number, title, ops) [SCREEN_##id] = {&ops, title, number},
#include "tui/screens.inc"
#undef SCREEN
};

const char *app_title(enum screen_id id)
{
	return screens[id].title;
}

int app_number(enum screen_id id)
{
	return screens[id].number;
}

const struct screen *app_screen(const struct app *a)
{
	return screens[a->current].ops;
}

void *app_state(const struct app *a)
{
	return a->state[a->current];
}

unsigned app_context(const struct app *a)
{
	return a->pager_open ? IN_PAGER : 1u << a->current;
}

static int choose_scheme(struct app *a, struct diag *reterr)
{
	int scheme = theme_choose(a->config->scheme, a->config->color, getenv("NO_COLOR"),
				  reterr);

	if (scheme >= 0)
		a->scheme = (enum scheme)scheme;
	return scheme;
}

int app_new(const struct tui_config *config, const struct app_terminal *terminal,
	    struct app **ret, struct diag *reterr)
{
	struct app *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*a = (struct app){.config = config,
			  .ascii = config->ascii,
			  .dirty = true,
			  .model.list_fd = -1};
	if (config->file) /* who names a list wants to see it */
		a->current = SCREEN_LOG;
	if (terminal)
		a->terminal = *terminal;
	r = choose_scheme(a, reterr);
	if (r >= 0)
		r = model_open(&a->model, config, reterr);
	if (r >= 0 && config->file && !a->model.store) { /* that is what was asked for */
		if (reterr)
			*reterr = a->model.list_error;
		r = -(a->model.list_error.err ? a->model.list_error.err : EINVAL);
	}
	if (r >= 0)
		r = changes_new(a, &a->changes, reterr);
	for (int i = 0; r >= 0 && i < _SCREEN_MAX; i++)
		r = screens[i].ops->open(a, &a->state[i], reterr);
	if (r < 0) {
		app_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

struct app *app_free(struct app *a)
{
	if (!a)
		return NULL;
	save_free(a->save);
	for (int i = 0; i < _SCREEN_MAX; i++)
		if (a->state[i])
			screens[i].ops->done(a->state[i]);
	changes_free(a->changes);
	model_done(&a->model);
	pager_done(&a->pager);
	confirm_done(&a->confirm);
	prompt_history_done(&a->search_history);
	prompt_history_done(&a->filter_history);
	prompt_history_done(&a->file_history);
	canvas_done(&a->canvas);
	free(a);
	return NULL;
}

void app_clock(struct app *a, uint64_t now_ms, time_t wall)
{
	/* The header shows minutes: nothing else changes with time alone. */
	if (wall / 60 != a->model.wall / 60)
		a->dirty = true;
	a->model.now_ms = now_ms;
	a->model.wall = wall;
}

int app_resize(struct app *a, int h, int w)
{
	a->dirty = true;
	return canvas_resize(&a->canvas, h, w);
}

void app_note(struct app *a, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->note, sizeof(a->note), fmt, ap);
	va_end(ap);
	a->note_style = style;
	a->dirty = true;
}

void app_note_diag(struct app *a, const struct diag *d)
{
	app_note(a, STYLE_BAD, "%s: %s", diag_code(d->id), d->text);
}

bool app_is_looked_at(const struct app *a, enum screen_id id)
{
	return a->current == id && !a->pager_open && a->modal == MODAL_NONE;
}

void app_show(struct app *a, enum screen_id id)
{
	a->pager_open = false;
	a->dirty = true;
	if (id == a->current)
		return;
	if (a->n_trail == sizeof(a->trail) / sizeof(a->trail[0]))
		a->n_trail = 0; /* so long a way back is no use to anybody */
	a->trail[a->n_trail++] = a->current;
	a->current = id;
}

void app_ask(struct app *a, const char *label, struct history *history, const char *text,
	     app_prompt_fn fn, void *user)
{
	prompt_start(&a->prompt, label, history, text);
	a->modal = MODAL_PROMPT;
	a->on_prompt = fn;
	a->modal_user = user;
}

void app_choose(struct app *a, app_pick_fn fn, void *user)
{
	a->modal = MODAL_PICK;
	a->on_pick = fn;
	a->modal_user = user;
}

void app_confirm(struct app *a, app_confirm_fn fn, void *user)
{
	a->modal = MODAL_CONFIRM;
	a->on_confirm = fn;
	a->modal_user = user;
}

void app_read(struct app *a, const char *title)
{
	(void)snprintf(a->pager.title, sizeof(a->pager.title), "%s", title);
	a->pager.top = 0;
	a->pager.find[0] = '\0';
	a->pager_open = true;
}

void app_copy(struct app *a, const char *text, const char *what)
{
	if (a->terminal.copy && a->terminal.copy(a->terminal.user, text, strlen(text)))
		app_note(a, STYLE_GOOD, "Sent to the terminal's clipboard: %s", what);
	else
		app_note(
			a, STYLE_WARN,
			"This terminal is not known to have a clipboard: x exports to a file");
}

/* An answer may open the next question, so the modal is closed before it is given. */
static void prompt_event(struct app *a, int key)
{
	enum prompt_event event = prompt_key(&a->prompt, key);
	char text[PROMPT_MAX];

	memcpy(text, a->prompt.text, sizeof(text));
	if (event == PROMPT_CHANGED)
		a->prompt.error[0] = '\0';
	if (event == PROMPT_DONE || event == PROMPT_CANCEL)
		a->modal = MODAL_NONE;
	if (event != PROMPT_SAME)
		a->on_prompt(a->modal_user, event, text);
}

static void modal_key(struct app *a, int key)
{
	int id;

	switch (a->modal) {
	case MODAL_PROMPT:
		prompt_event(a, key);
		break;
	case MODAL_PICK:
		switch (pick_key(&a->pick, key, &id)) {
		case PICK_DONE:
			a->modal = MODAL_NONE;
			a->on_pick(a->modal_user, id);
			break;
		case PICK_CANCEL:
			a->modal = MODAL_NONE;
			break;
		default:
			break;
		}
		break;
	case MODAL_CONFIRM:
		switch (confirm_key(&a->confirm, key)) {
		case CONFIRM_YES:
			a->modal = MODAL_NONE;
			a->on_confirm(a->modal_user);
			break;
		case CONFIRM_NO:
			a->modal = MODAL_NONE;
			break;
		default:
			break;
		}
		break;
	default:
		break;
	}
}

static void back(struct app *a)
{
	if (a->pager_open)
		a->pager_open = false;
	else if (a->n_trail)
		a->current = a->trail[--a->n_trail];
	else
		a->current = SCREEN_OVERVIEW;
}

static void next_scheme(struct app *a)
{
	a->scheme = (enum scheme)((a->scheme + 1) % _SCHEME_MAX);
	if (a->terminal.scheme)
		a->terminal.scheme(a->terminal.user, a->scheme);
	app_note(a, STYLE_NORMAL, "Colours: %s (%s)", theme_name(a->scheme),
		 theme_meaning(a->scheme));
}

static void toggle_mouse(struct app *a)
{
	bool want = !a->mouse;

	a->mouse = a->terminal.mouse && a->terminal.mouse(a->terminal.user, want);
	if (want && !a->mouse)
		app_note(a, STYLE_WARN, "This terminal has no mouse");
}

static enum screen_id screen_of(const struct request_info *info)
{
	int i = 0;

	while (i + 1 < _SCREEN_MAX && !(info->contexts & 1u << i))
		i++;
	return (enum screen_id)i;
}

static void palette_done(void *user, int id)
{
	const struct request_info *info = keys_info((enum request)id);
	struct app *a = user;

	if (!(info->contexts & app_context(a)))
		app_show(a, screen_of(info));
	app_request(a, (enum request)id);
}

static void palette_add(struct app *a, enum request r, bool here)
{
	const struct request_info *info = keys_info(r);
	char *keys = a->palette_keys[r];
	struct span key;

	if (!(info->contexts & app_context(a)) == here || r == REQ_PALETTE ||
	    info->contexts == IN_PAGER || !keys_of(r, 0, &key))
		return;
	(void)snprintf(keys, sizeof(a->palette_keys[r]), "%c %.*s",
		       app_number(screen_of(info)), (int)key.len, (const char *)key.ptr);
	pick_add(&a->pick, r, here ? info->keys : keys, info->help);
}

/* What can be done here first, and then what other screens do. */
static void palette(struct app *a)
{
	pick_start(&a->pick, "Actions");
	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++)
		palette_add(a, (enum request)r, true);
	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++)
		palette_add(a, (enum request)r, false);
	app_choose(a, palette_done, a);
}

static void pager_found(struct app *a, bool forward)
{
	if (!*a->pager.find)
		app_note(a, STYLE_NORMAL, "Nothing to search for yet: / asks");
	else if (!pager_search(&a->pager, forward))
		app_note(a, STYLE_WARN, "No more lines with \"%s\"", a->pager.find);
}

static void pager_prompt(void *user, enum prompt_event event, const char *text)
{
	struct app *a = user;

	if (event != PROMPT_DONE)
		return;
	(void)snprintf(a->pager.find, sizeof(a->pager.find), "%.*s",
		       (int)sizeof(a->pager.find) - 1, text);
	pager_found(a, true);
}

static void pager_copy(struct app *a)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	for (size_t i = 0; i < a->pager.doc.n; i++) {
		doc_line_text(&a->pager.doc, i, &b);
		strbuf_addc(&b, '\n');
	}
	app_copy(a, strbuf_str(&b), "this text");
}

static bool pager_handles(struct app *a, enum request r)
{
	if (r == REQ_SEARCH)
		app_ask(a, "Search", &a->search_history, NULL, pager_prompt, a);
	else if (r == REQ_SEARCH_NEXT || r == REQ_SEARCH_PREV)
		pager_found(a, r == REQ_SEARCH_NEXT);
	else if (r == REQ_COPY)
		pager_copy(a);
	else
		return pager_request(&a->pager, r);
	return true;
}

static bool global_request(struct app *a, enum request r)
{
	switch ((int)r) {
	case REQ_HELP:
		help_fill(&a->pager.doc, app_context(a), a->ascii);
		app_read(a, "Help");
		return true;
	case REQ_LEAVE:
	case REQ_QUIT:
		a->quit = true;
		return true;
	case REQ_BACK:
		back(a);
		return true;
	case REQ_NEXT_VIEW:
		app_show(a, (enum screen_id)((a->current + 1) % _SCREEN_MAX));
		return true;
	case REQ_PREV_VIEW:
		app_show(a,
			 (enum screen_id)((a->current + _SCREEN_MAX - 1) % _SCREEN_MAX));
		return true;
	case REQ_PALETTE:
		palette(a);
		return true;
	case REQ_HISTORY:
		changes_choose(a->changes);
		return true;
	case REQ_SCHEME:
		next_scheme(a);
		return true;
	case REQ_MOUSE:
		toggle_mouse(a);
		return true;
	case REQ_REDRAW:
		if (a->terminal.redraw)
			a->terminal.redraw(a->terminal.user);
		return true;
	case REQ_SUSPEND:
		if (a->terminal.suspend)
			a->terminal.suspend(a->terminal.user);
		return true;
	default:
		return false;
	}
}

void app_request(struct app *a, enum request r)
{
	a->dirty = true;
	if (r == REQ_NONE || global_request(a, r))
		return;
	if (a->pager_open)
		(void)pager_handles(a, r);
	else
		(void)app_screen(a)->request(app_state(a), r);
}

/* Esc ends an export that is being written. */
static bool cancel_save(struct app *a, int key)
{
	if (!a->save || key != K_ESC)
		return false;
	a->save = save_free(a->save);
	app_note(a, STYLE_WARN, "Export cancelled; nothing was written");
	return true;
}

static bool cancel_work(struct app *a, int key)
{
	const struct screen *s = app_screen(a);

	return key == K_ESC && !a->pager_open && s->cancel && s->cancel(app_state(a));
}

/* Only what can be done unseen. */
static void key_when_small(struct app *a, int key)
{
	enum request r = keys_request(app_context(a), key);

	if (key == 'q' || r == REQ_QUIT)
		a->quit = true;
	else if (r == REQ_SUSPEND || r == REQ_REDRAW)
		app_request(a, r);
}

void app_key(struct app *a, int key)
{
	if (app_too_small(a)) {
		key_when_small(a, key);
		return;
	}
	a->dirty = true;
	a->note[0] = '\0';
	if (a->modal != MODAL_NONE) {
		modal_key(a, key);
		return;
	}
	if (cancel_save(a, key) || cancel_work(a, key))
		return;
	for (int i = 0; i < _SCREEN_MAX; i++)
		if (screens[i].number == key) {
			app_show(a, (enum screen_id)i);
			return;
		}
	app_request(a, keys_request(app_context(a), key));
}

void app_click(struct app *a, int y, int x, int button)
{
	if (a->modal != MODAL_NONE || app_too_small(a))
		return;
	a->dirty = true;
	if (a->pager_open && button != 1)
		(void)pager_request(&a->pager, button == 4 ? REQ_UP : REQ_DOWN);
	else if (!a->pager_open && app_screen(a)->click)
		app_screen(a)->click(app_state(a), y, button);
}

static int save_slice(struct app *a, unsigned budget_us)
{
	struct diag d = {0};
	int r = save_step(a->save, budget_us, &d);
	char count[32];

	if (r > 0)
		return 1;
	if (r < 0)
		app_note_diag(a, &d);
	else
		app_note(a, STYLE_GOOD, "Wrote %s entries to %s",
			 str_count(count, sizeof(count), save_count(a->save)),
			 a->save_path);
	a->save = save_free(a->save);
	return 0;
}

/* What is left of a slice that ends at @end_us, never so little that nothing is done. */
static unsigned remaining(uint64_t end_us)
{
	uint64_t now = loop_now_us();

	return now + 500 < end_us ? (unsigned)(end_us - now) : 500;
}

int app_step(struct app *a, unsigned budget_us)
{
	uint64_t end = loop_now_us() + budget_us;
	int more = model_step(&a->model, budget_us / 2);
	const struct screen *s = app_screen(a);

	if (a->model.pkgs_changed || a->model.facts_changed || a->model.feed.changed ||
	    more || a->stepping)
		a->dirty = true;
	if (s->step && s->step(app_state(a), remaining(end)) > 0)
		more = a->dirty = true;
	if (a->save) {
		a->dirty = true;
		more |= save_slice(a, remaining(end));
	}
	a->model.pkgs_changed = a->model.facts_changed = a->model.feed.changed = false;
	a->stepping = more; /* what the last slice did is to be seen, too */
	return more;
}
