/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Keys screen in line mode. */
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/filelist.h"
#include "tui/plain.h"
#include "tui/rings.h"

static void say_key(struct rings *r, struct plain *p, size_t at)
{
	const struct rings_row *row = &r->row[at];
	const struct cert *c = keyhost_cert(&r->host, row->key, NULL);
	_cleanup_strbuf_ struct strbuf b = {0};
	uint8_t id[CERT_KEYID];
	char until[40], n[32];
	enum style s;
	uint64_t files;

	if (keyhost_keyid(&r->host, row->key, id))
		strbuf_addhex(&b, (struct span){id, sizeof(id)});
	else
		strbuf_adds(&b, "no key id");
	strbuf_addc(&b, ' ');
	str_escape(&b, row->key->name, r->app->ascii);
	if (c || row->key->dead)
		strbuf_addf(&b, ", %s%s", row->key->dead ? "" : "valid until ",
			    rings_until(r, row->key, until, &s));
	if (c) {
		strbuf_adds(&b, ", signed by ");
		str_escape(&b, span_of(strbuf_str(&c->signer)), r->app->ascii);
	}
	if (rings_files(r, row, &files))
		strbuf_addf(&b, ", files %s", str_count(n, sizeof(n), files));
	if (rings_measured(r, row, &files))
		strbuf_addf(&b, ", in log %s", str_count(n, sizeof(n), files));
	plain_say(p, " key %zu: %s", at + 1, strbuf_str(&b));
}

static void say_rows(struct rings *r, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};
	_cleanup_strbuf_ struct strbuf title = {0};

	plain_blank(p);
	if (!r->n) {
		rings_nothing(r, &d);
		plain_doc(p, &d);
		return;
	}
	rings_title(r, &title);
	plain_say(p, "%s", strbuf_str(&title));
	for (size_t i = 0; i < r->n; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};

		if (r->row[i].key) {
			say_key(r, p, i);
		} else if (r->row[i].ring < _KEYRING_MAX) {
			rings_ring_text(r, r->row[i].ring, &text);
			plain_say(p, "row %zu: %s  %s", i + 1,
				  keyring_name(r->row[i].ring), strbuf_str(&text));
		} else {
			rings_missing_text(r, &text);
			plain_say(p, "row %zu: %s", i + 1, strbuf_str(&text));
		}
	}
}

/* A row by its number; NULL. */
static const struct rings_row *ask_row(struct rings *r, struct plain *p)
{
	const char *answer = plain_ask(p, "Number of the row:");
	uint64_t n;

	if (!answer || !*answer)
		return NULL;
	if (str_to_u64(span_of(answer), &n) == 0 && n > 0 && n <= r->n) {
		list_select(&r->list, (size_t)n - 1);
		rings_moved(r);
		return &r->row[n - 1];
	}
	plain_say(p, "There is no such row.");
	return NULL;
}

static bool ask_ring(struct rings *r, struct plain *p, enum keyring_id *ret)
{
	enum keyring_id target[_KEYRING_MAX];
	size_t n = rings_targets(r, target);
	const char *answer;
	uint64_t i = 1;

	*ret = target[0];
	if (n == 1)
		return true;
	for (size_t k = 0; k < n; k++)
		plain_say(p, " %zu) %s", k + 1, keyring_name(target[k]));
	answer = plain_ask(p, "Into which keyring (empty: 1):");
	if (!answer)
		return false;
	if (*answer && (str_to_u64(span_of(answer), &i) < 0 || i == 0 || i > n)) {
		plain_no_choice(p);
		return false;
	}
	*ret = target[i - 1];
	return true;
}

/* The name is kept: the next answer takes its place in memory. */
static bool ask_cert(struct rings *r, struct plain *p, char **ret, enum keyring_id *ring)
{
	const char *answer = plain_ask(p, "File of the certificate:");

	if (!answer || !*answer)
		return false;
	*ret = strdup(answer);
	prompt_history_add(&r->files, answer);
	return *ret && ask_ring(r, p, ring);
}

static bool do_detail(struct rings *r, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 10};
	const struct rings_row *row = ask_row(r, p);

	if (!row)
		return false;
	rings_detail(r, row, &d, true);
	plain_doc(p, &d);
	return false;
}

static bool do_count(struct rings *r, struct plain *p)
{
	if (r->app->model.recorded) {
		plain_say(p, "A recorded host has no files to count.");
		return false;
	}
	(void)rings_count(r);
	plain_settle(p);
	return true;
}

static bool do_check(struct rings *r, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 10};
	_cleanup_free_ char *file = NULL;
	enum keyring_id ring;
	struct diag diag = {0};

	if (!ask_cert(r, p, &file, &ring))
		return false;
	if (rings_check(r, file, ring, &d, &diag) < 0)
		plain_diag(p, &diag);
	else
		plain_doc(p, &d);
	return false;
}

static bool may_change(struct rings *r, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	if (rings_may_change(r, &why))
		return true;
	plain_say(p, "%s.", strbuf_str(&why));
	return false;
}

static bool do_load(struct rings *r, struct plain *p)
{
	_cleanup_free_ char *file = NULL;
	enum keyring_id ring;
	struct diag diag = {0};

	if (!may_change(r, p) || !ask_cert(r, p, &file, &ring))
		return false;
	if (rings_plan_load(r, file, ring, &diag) < 0) {
		plain_diag(p, &diag);
		return false;
	}
	return planned_in_lines(&r->ready, p);
}

static bool do_retire(struct rings *r, struct plain *p)
{
	const struct rings_row *row;
	struct diag diag = {0};

	if (!may_change(r, p))
		return false;
	row = ask_row(r, p);
	if (!row)
		return false;
	if (!row->key)
		plain_say(p, "That row is no key.");
	else if (keyplan_may_retire(&r->host, row->ring, &diag) < 0)
		plain_diag(p, &diag);
	else if (rings_retire(r, row)) {
		plain_settle(p);
		return planned_in_lines(&r->ready, p);
	}
	return false;
}

/* Nothing is asked twice that was named before: Enter takes it. */
static bool ask_again(struct plain *p, const char *what, char buf[PROMPT_MAX])
{
	_cleanup_strbuf_ struct strbuf question = {0};
	const char *answer;

	strbuf_addf(&question, "%s", what);
	if (*buf)
		strbuf_addf(&question, " (empty: %s)", buf);
	strbuf_addc(&question, ':');
	answer = plain_ask(p, strbuf_str(&question));
	if (!answer || (!*answer && !*buf))
		return false;
	if (*answer)
		(void)snprintf(buf, PROMPT_MAX, "%s", answer);
	return true;
}

static void look_at_rotation(struct rings *r, struct plain *p)
{
	rings_rotated_done(&r->rotated);
	if (rings_rotate(r))
		plain_settle(p);
}

static bool agree_on_files(struct rings *r, struct plain *p)
{
	if (rings_offer_labels(r)) {
		app_show(r->app, SCREEN_FILES);
		filelist_plain_offer(app_state(r->app), p);
		app_show(r->app, SCREEN_KEYS);
	}
	return true;
}

static bool do_rotate(struct rings *r, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};

	if (!may_change(r, p))
		return false;
	rings_guess_old(r);
	*r->names.key = '\0';
	if (!ask_again(p, "Key to be replaced (its id, or its certificate)",
		       r->names.old) ||
	    !ask_again(p, "Certificate of the new key", r->names.cert))
		return false;
	look_at_rotation(r, p);
	if (r->rotated.needs_key &&
	    ask_again(p, "Private key of the new one (PEM, without a passphrase)",
		      r->names.key))
		look_at_rotation(r, p);
	if (r->rotated.labels.job)
		return agree_on_files(r, p);
	if (r->rotated.planned) {
		rings_ready_rotate(r);
		return planned_in_lines(&r->ready, p);
	}
	doc_lines(&d, STYLE_NORMAL, &r->rotated.said);
	plain_doc(p, &d);
	return false;
}

static bool do_undo(struct rings *r, struct plain *p)
{
	struct diag d = {0};

	if (!may_change(r, p))
		return false;
	if (!r->done)
		plain_say(p,
			  "Nothing was changed here yet; Changes has what was before.");
	else if (planned_undo(&r->ready, r->done, &d) < 0)
		plain_diag(p, &d);
	else
		return planned_in_lines(&r->ready, p);
	return false;
}

static bool do_refresh(struct rings *r, struct plain *p)
{
	model_reread(&r->app->model);
	(void)rings_load(r);
	plain_settle(p);
	return true;
}

static const struct {
	const char *text;
	/* True: the rows are others now, and read out again. */
	bool (*run)(struct rings *r, struct plain *p);
} actions[] = {
	{"everything about a key or a keyring", do_detail},
	{"count the files that name each key", do_count},
	{"check a certificate", do_check},
	{"load a certificate", do_load},
	{"retire a key", do_retire},
	{"let a key take another's place", do_rotate},
	{"take the last change back", do_undo},
	{"refresh", do_refresh},
};

void rings_plain(struct rings *r, struct plain *p)
{
	int i;

	plain_settle(p);
	say_rows(r, p);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Keys", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN || actions[i].run(r, p))
			say_rows(r, p);
}
