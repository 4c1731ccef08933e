/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console without a terminal: keys in, canvas out. tui_run() connects it with a real
 * terminal and the poll loop; tests drive it by hand with a clock of their own.
 */
#pragma once

#include <stdarg.h>

#include "tui/canvas.h"
#include "tui/confirm.h"
#include "tui/model.h"
#include "tui/pager.h"
#include "tui/pick.h"
#include "tui/prompt.h"
#include "tui/screen.h"
#include "tui/theme.h"

struct save;

enum { APP_SLICE_US = 4000 }; /* of work between two looks at the keyboard */

/* What only a terminal can do; members may be NULL. */
struct app_terminal {
	void *user;
	bool (*copy)(void *user, const char *text, size_t len);
	void (*scheme)(void *user, enum scheme scheme);
	bool (*mouse)(void *user, bool on);
	void (*redraw)(void *user);
	void (*suspend)(void *user);
};

typedef void (*app_prompt_fn)(void *user, enum prompt_event event, const char *text);
typedef void (*app_pick_fn)(void *user, int id);
typedef void (*app_confirm_fn)(void *user);

enum app_modal { MODAL_NONE, MODAL_PROMPT, MODAL_PICK, MODAL_CONFIRM };

struct app {
	const struct tui_config *config; /* borrowed */
	struct app_terminal terminal;
	struct model model;
	struct canvas canvas;
	enum scheme scheme;
	bool ascii; /* escape and draw in ASCII */
	bool plain; /* line mode: there are no keys to speak of */
	bool slow;  /* no spinner, no seconds */
	bool mouse;
	bool dirty;    /* what is drawn is not what is known */
	bool stepping; /* the last slice was not the end of it */
	bool quit;

	enum screen_id current;
	void *state[_SCREEN_MAX];
	enum screen_id trail[8]; /* where q goes back to */
	size_t n_trail;

	bool pager_open;
	struct pager pager;
	enum app_modal modal;
	struct prompt prompt;
	struct pick pick;
	struct confirm confirm;
	app_prompt_fn on_prompt;
	app_pick_fn on_pick;
	app_confirm_fn on_confirm;
	void *modal_user;
	struct history search_history, filter_history, file_history;

	struct changes *changes;	/* what was changed here, to be taken back */
	char palette_keys[_REQ_MAX][8]; /* of other screens' actions: "6 t" */

	struct save *save; /* an export that is being written */
	char save_path[PROMPT_MAX];
	char note[300]; /* instead of the status until the next key */
	enum style note_style;
};

/* Opens the model and the screens. */
int app_new(const struct tui_config *config, const struct app_terminal *terminal,
	    struct app **ret, struct diag *reterr);
struct app *app_free(struct app *a);

void app_clock(struct app *a, uint64_t now_ms, time_t wall);
int app_resize(struct app *a, int h, int w);
void app_key(struct app *a, int key);
void app_click(struct app *a, int y, int x, int button);
/* A slice of work. 1: more. */
int app_step(struct app *a, unsigned budget_us);
/* Draws everything into a->canvas. */
void app_draw(struct app *a);
/* There is no room for the console: nobody sees what keys would do. */
bool app_too_small(const struct app *a);

/* What a key or the palette asks for. */
void app_request(struct app *a, enum request r);
unsigned app_context(const struct app *a); /* the IN_ bit that is looked at */
const struct screen *app_screen(const struct app *a);
void *app_state(const struct app *a);
const char *app_title(enum screen_id id);
int app_number(enum screen_id id); /* its key */
/* It is on the screen, and nothing over it. */
bool app_is_looked_at(const struct app *a, enum screen_id id);

/* For screens. */
void app_note(struct app *a, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void app_note_diag(struct app *a, const struct diag *d);
void app_show(struct app *a, enum screen_id id);
void app_ask(struct app *a, const char *label, struct history *history, const char *text,
	     app_prompt_fn fn, void *user);
/* The caller fills a->pick with pick_start() and pick_add() first. */
void app_choose(struct app *a, app_pick_fn fn, void *user);
/* The caller fills a->confirm with confirm_start() first. */
void app_confirm(struct app *a, app_confirm_fn fn, void *user);
/* Opens the pager on a->pager.doc, which the caller has filled. */
void app_read(struct app *a, const char *title);
/* To the terminal's clipboard, or says how to get it otherwise. */
void app_copy(struct app *a, const char *text, const char *what);
