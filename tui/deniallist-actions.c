/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done with denials beside putting them right: search, filter, mute, go to
 * what they are about. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/appraise/label.h"
#include "core/base/cleanup.h"
#include "tui/deniallist.h"
#include "tui/log.h"
#include "tui/rings.h"
#include "tui/rulelist.h"

/* Everything about the selected row, and what helps */

static void open_selected(struct deniallist *l)
{
	const struct deniallist_row *row = deniallist_selected(l);
	struct diag d = {0};

	if (row && row->is == DENIALLIST_GROUP) {
		deniallist_toggle(l, row);
	} else if (row && row->is == DENIALLIST_ENTRY) {
		doc_clear(&l->app->pager.doc);
		deniallist_entry(l, row->at, &l->app->pager.doc);
		app_read(l->app, "Entry");
	} else if (row && !deniallist_look(l, false, &d)) {
		app_note(l->app, STYLE_WARN, "%s", d.text);
	}
}

static void fix(struct deniallist *l)
{
	struct diag d = {0};

	if (!deniallist_look(l, true, &d))
		app_note(l->app, STYLE_WARN, "%s", d.text);
}

static void undo(struct deniallist *l)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!deniallist_may_fix(l, &why))
		app_note(l->app, STYLE_WARN, "%s", strbuf_str(&why));
	else if (!deniallist_undo(l, &d))
		app_note_diag(l->app, &d);
}

static void copy_path(struct deniallist *l)
{
	const struct deniallist_row *at = deniallist_selected(l);
	const struct denials_row *row;
	_cleanup_strbuf_ struct strbuf b = {0};
	uint32_t i;

	row = at ? deniallist_store_row(l, at, &i) : NULL;
	if (row)
		str_escape(&b, row->last.path, true);
	if (b.len)
		app_copy(l->app, strbuf_str(&b), "path");
	else
		app_note(l->app, STYLE_NORMAL,
			 "Nothing to copy here: Enter opens a group");
}

/* Muting */

bool deniallist_may_mute(const struct deniallist *l, struct strbuf *why)
{
	if (l->no_mutes.id != DIAG_NONE) /* or what others muted would be lost */
		strbuf_adds(why, l->no_mutes.text);
	else
		(void)planned_may(l->app, "denials are muted", "what is muted", why);
	return !why->len;
}

static const struct {
	const char *text;
	uint64_t s;
} times[DENIALLIST_TIMES] = {{"an hour", 3600},
			     {"8 hours", 8 * 3600},
			     {"a day", 86400},
			     {"a week", 7 * 86400},
			     {"30 days", 30 * 86400}};

const char *deniallist_mute_time(size_t i, uint64_t *ret_s)
{
	*ret_s = times[i].s;
	return times[i].text;
}

/* A group by its key; a row by its file, or by its cause where it names none. */
static bool mute_key(struct deniallist *l, enum denials_key *ret_key, struct span *ret)
{
	const struct deniallist_row *at = deniallist_selected(l);
	const struct denials_row *row;
	const struct denial *d;
	uint32_t i;

	if (!at || at->is == DENIALLIST_ENTRY)
		return false;
	if (at->is == DENIALLIST_GROUP) {
		*ret_key = l->key;
		*ret = deniallist_group(l, at)->name;
		return true;
	}
	row = deniallist_store_row(l, at, &i);
	d = &row->last;
	*ret_key = d->path.len ? DENIALS_BY_PATH : DENIALS_BY_CAUSE;
	*ret = d->path.len ? d->path : d->cause;
	return true;
}

bool deniallist_mute_what(struct deniallist *l, struct strbuf *out)
{
	enum denials_key key;
	struct span name;

	if (!mute_key(l, &key, &name))
		return false;
	strbuf_addf(out, "%s ", denials_key_name(key));
	str_escape(out, name, l->app->ascii);
	return true;
}

const struct mute *deniallist_muted(struct deniallist *l)
{
	enum denials_key key;
	struct span name;

	if (!mute_key(l, &key, &name))
		return NULL;
	for (size_t i = 0; i < l->mutes.n; i++) {
		const struct mute *m = &l->mutes.at[i];

		if (m->key == key && span_equal(strbuf_span(&m->name), name) &&
		    m->until_s > (uint64_t)l->app->model.wall)
			return m;
	}
	return NULL;
}

/* As it is in the file now: somebody else may have muted something since. */
static int change_mutes(struct deniallist *l, bool add, const char *reason,
			uint64_t for_s, struct diag *reterr)
{
	_cleanup_mutes_ struct mute_list now = {0};
	uint64_t wall = (uint64_t)l->app->model.wall;
	enum denials_key key;
	struct span name;
	int r = mute_load(l->app->model.root, &now, reterr);

	if (r < 0 || !mute_key(l, &key, &name))
		return r < 0 ? r : -ENOENT;
	r = add ? mute_add(&now, key, name, span_of(reason), wall, wall + for_s)
		: mute_remove(&now, key, name);
	if (r < 0)
		return diag_set(reterr, r == -ENOMEM ? DIAG_MEMORY : DIAG_MUTES, -r,
				add ? "No more can be muted." : "That is not muted.");
	r = mute_save(l->app->model.root, &now, wall, reterr);
	deniallist_mutes_load(l);
	return r;
}

int deniallist_mute(struct deniallist *l, const char *reason, uint64_t for_s,
		    struct diag *reterr)
{
	return change_mutes(l, true, reason, for_s, reterr);
}

int deniallist_unmute(struct deniallist *l, struct diag *reterr)
{
	return change_mutes(l, false, NULL, 0, reterr);
}

static void mute_for(void *user, int i)
{
	struct deniallist *l = user;
	_cleanup_strbuf_ struct strbuf what = {0};
	struct diag d = {0};

	(void)deniallist_mute_what(l, &what);
	if (deniallist_mute(l, strbuf_str(&l->mute_reason), times[i].s, &d) < 0)
		app_note_diag(l->app, &d);
	else
		app_note(l->app, STYLE_GOOD, "Muted for %s: %s; M shows it",
			 times[i].text, strbuf_str(&what));
}

static void mute_reason(void *user, enum prompt_event event, const char *text)
{
	struct deniallist *l = user;

	if (event != PROMPT_DONE || !*text)
		return;
	strbuf_clear(&l->mute_reason);
	strbuf_adds(&l->mute_reason, text);
	pick_start(&l->app->pick, "Mute for");
	for (int i = 0; i < DENIALLIST_TIMES; i++)
		pick_add(&l->app->pick, i, NULL, times[i].text);
	app_choose(l->app, mute_for, l);
}

static void mute(struct deniallist *l)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!deniallist_selected(l))
		return;
	if (!deniallist_may_mute(l, &why))
		app_note(l->app, STYLE_WARN, "%s", strbuf_str(&why));
	else if (!deniallist_muted(l))
		app_ask(l->app, "Why need nobody see it", &l->reasons, NULL, mute_reason,
			l);
	else if (deniallist_unmute(l, &d) < 0)
		app_note_diag(l->app, &d);
	else
		app_note(l->app, STYLE_GOOD, "Shown again");
}

static void show_muted(struct deniallist *l)
{
	l->muted_shown = !l->muted_shown;
	l->stale = true;
	app_note(l->app, STYLE_NORMAL,
		 l->muted_shown ? "What is muted is shown, too"
				: "What is muted is left out");
}

/* Going to what it is about */

enum { GO_FILE, GO_RULES, GO_KEYS, GO_LOG };

static void go_to_file(struct deniallist *l, const char *below)
{
	struct diag d = {0};

	if (filework_look(&l->app->model.files, below, l->app->ascii, &d) < 0)
		app_note_diag(l->app, &d);
	else
		app_show(l->app, SCREEN_FILES);
}

/* The question is asked there: only who looks knows by which access. */
static void go_to_rules(struct deniallist *l, const char *path)
{
	struct rulelist *rules = l->app->state[SCREEN_POLICY];

	(void)snprintf(rules->path, sizeof(rules->path), "%s", path);
	app_show(l->app, SCREEN_POLICY);
	if (rules->loaded)
		app_request(l->app, REQ_EXPLAIN);
	else
		app_note(l->app, STYLE_NORMAL, "p asks which rules %s meets", path);
}

static void go_to_log(struct deniallist *l, const char *path)
{
	_cleanup_strbuf_ struct strbuf filter = {0};
	struct diag d = {0};

	strbuf_addf(&filter, "path=\"%s\"", path);
	if (!l->app->model.store)
		app_note_diag(l->app, &l->app->model.list_error);
	else if (!log_set_filter(l->app->state[SCREEN_LOG], strbuf_str(&filter), &d))
		app_note_diag(l->app, &d);
	else
		app_show(l->app, SCREEN_LOG);
}

/* To the key that the file's signature names, as it is now. */
static void go_to_keys(struct deniallist *l, const char *below)
{
	const struct model *m = &l->app->model;
	_cleanup_label_ struct label label = {0};
	_cleanup_close_ int fd = -1;

	app_show(l->app, SCREEN_KEYS);
	if (!below || m->recorded)
		return;
	fd = label_open(m->root->dir[ROOT_TARGET], below, NULL);
	if (fd >= 0 && label_read(fd, LABEL_SECURITY, &label) >= 0 &&
	    !label.err[IMAXATTR_IMA] && imaxattr_is_sig(&label.x[IMAXATTR_IMA]))
		rings_want(l->app->state[SCREEN_KEYS], label.x[IMAXATTR_IMA].keyid);
}

/* What nobody can type nobody is taken to. */
static bool can_be_typed(struct span path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] < 0x20 || path.ptr[i] >= 0x7f || path.ptr[i] == '"' ||
		    path.ptr[i] == '\\')
			return false;
	return path.len > 1 && path.len < PROMPT_MAX && path.ptr[0] == '/';
}

static void gone_to(void *user, int where)
{
	struct deniallist *l = user;
	const struct deniallist_row *at = deniallist_selected(l);
	const struct denials_row *row;
	char path[PROMPT_MAX];
	uint32_t i;

	row = at ? deniallist_store_row(l, at, &i) : NULL;
	if (!row || !can_be_typed(row->last.path)) {
		if (where == GO_KEYS) {
			go_to_keys(l, NULL);
			return;
		}
		app_note(l->app, STYLE_WARN,
			 "No file is named that could be gone to: Enter opens a group");
		return;
	}
	(void)snprintf(path, sizeof(path), "%.*s", (int)row->last.path.len,
		       (const char *)row->last.path.ptr);
	if (where == GO_FILE)
		go_to_file(l, path + 1);
	else if (where == GO_KEYS)
		go_to_keys(l, path + 1);
	else if (where == GO_RULES)
		go_to_rules(l, path);
	else
		go_to_log(l, path);
}

static void ask_where(struct deniallist *l)
{
	pick_start(&l->app->pick, "Go to");
	pick_add(&l->app->pick, GO_FILE, "4", "the file, as it is now");
	pick_add(&l->app->pick, GO_RULES, "5", "the rules that it meets");
	pick_add(&l->app->pick, GO_KEYS, "6", "the keys that the kernel has");
	pick_add(&l->app->pick, GO_LOG, "2", "its entries in the measurement list");
	app_choose(l->app, gone_to, l);
}

static void next_bad(struct deniallist *l, bool forward)
{
	l->follow = false;
	if (!deniallist_next_bad(l, forward))
		app_note(l->app, STYLE_NORMAL, "Nothing here was denied");
}

static void toggle_stream(struct deniallist *l)
{
	deniallist_set_stream(l, !l->stream);
}

static void next_key(struct deniallist *l)
{
	static const enum denials_key next[_DENIALS_KEY_MAX] = {
		[DENIALS_BY_CAUSE] = DENIALS_BY_PACKAGE,
		[DENIALS_BY_PACKAGE] = DENIALS_BY_PATH,
		[DENIALS_BY_PATH] = DENIALS_BY_PROGRAM,
		[DENIALS_BY_PROGRAM] = DENIALS_BY_CAUSE,
	};

	deniallist_set_key(l, next[l->key]);
	app_note(l->app, STYLE_NORMAL, "Grouped by %s", denials_key_name(l->key));
}

bool deniallist_action(struct deniallist *l, enum request r)
{
	static const struct {
		enum request request;
		void (*run)(struct deniallist *l);
	} actions[] = {
		{REQ_DETAIL, open_selected},
		{REQ_FIX, fix},
		{REQ_UNDO, undo},
		{REQ_MUTE, mute},
		{REQ_SHOW_MUTED, show_muted},
		{REQ_GO_TO, ask_where},
		{REQ_COPY, copy_path},
		{REQ_GROUP, next_key},
		{REQ_STREAM, toggle_stream},
	};

	for (size_t i = 0; i < array_size(actions); i++)
		if (actions[i].request == r) {
			actions[i].run(l);
			return true;
		}
	switch ((int)r) {
	case REQ_NEXT_BAD:
	case REQ_PREV_BAD:
		next_bad(l, r == REQ_NEXT_BAD);
		return true;
	default:
		return listfind_request(&l->find, r);
	}
}
