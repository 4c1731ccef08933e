/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signing key takes another's place, a phase at a time: what 'key rotate' plans. Files are
 * signed by a job of labels, which the Files screen asks about and follows. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cert/keylive.h"
#include "core/rollout/rotateplan.h"
#include "tui/filetask.h"
#include "tui/filetext.h"
#include "tui/rings.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

/* All that is looked at. */
struct rotation {
	struct root *root;
	struct pool *pool;
	const struct rings_names *names;
	const struct keyuse_watch *watch;
	struct rings_rotated *out;
	struct rotate_pair pair;
	struct strbuf release;
	struct rotate now;
};

static void rotation_done(struct rotation *w)
{
	rotate_done(&w->now);
	rotate_pair_done(&w->pair);
	strbuf_done(&w->release);
}

void rings_rotated_done(struct rings_rotated *r)
{
	plan_done(&r->plan);
	strbuf_done(&r->said);
	filework_result_done(&r->labels);
	*r = (struct rings_rotated){0};
}

static int look(struct rotation *w, struct diag *reterr)
{
	struct rotate_ask ask = {.root = w->root, .old = w->names->old};
	int r = rotate_pair_read(&w->pair, w->names->old, w->names->cert, reterr);

	if (r == 0 && root_owns_place(w->root, ROOT_PROC)) /* of the kernel that runs */
		r = root_read_line(w->root, ROOT_OSRELEASE, &w->release, reterr);
	ask.old_cert = w->pair.old_cert;
	ask.new_cert = w->pair.new_cert;
	ask.release = strbuf_str(&w->release);
	return r < 0 ? r : rotate_load(&w->now, &ask, reterr);
}

static int count(struct rotation *w, struct diag *reterr)
{
	const struct keyuse_opts opts = {.scope = SCOPE_POLICY};

	return rotate_needs_count(&w->now)
		       ? rotate_count(&w->now, w->pool, &opts, w->watch, reterr)
		       : 0;
}

/* The private key, which must be the new certificate's. */
static int take_key(struct rotation *w, struct sig_key **ret, struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_keyset_ struct keyset certs = {0};
	int r = filetask_key(w->names->key, &key, reterr);

	if (r >= 0)
		r = keyset_add(&certs, w->names->cert, NULL,
			       strbuf_span(&w->pair.new_cert->der), reterr);
	if (r >= 0)
		r = keyset_certify(&certs, key, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(key);
	return 0;
}

static bool stop(void *user)
{
	const struct keyuse_watch *watch = user;

	return watch->stop(watch->user);
}

/* 1: there are files to be signed, by a job that is kept. */
static int plan_files(struct rotation *w, const struct sig_key *key, struct diag *reterr)
{
	_cleanup_keyset_ struct keyset others = {0};
	_cleanup_relabel_ struct relabel r = {0};
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct relabel_opts opts = {.scope = SCOPE_POLICY,
				    .alg = sig_key_hash(key),
				    .key = key,
				    .keys = &others,
				    .instead_of = {w->now.old, sizeof(w->now.old)}};
	const struct relabel_watch watch = {.stop = stop,
					    .user = (void *)(uintptr_t)w->watch};
	const struct relabel_how how = {.readonly = false};
	struct relabel_kernel kernel;
	int err = keylive_keys_for(w->root, IMAXATTR_IMA, &others, reterr);

	relabel_kernel(w->root, &kernel);
	if (err >= 0)
		err = relabel_plan_root(w->root, &how, &opts, &watch, &r, reterr);
	if (err == 0 && r.plan.n)
		err = relabel_job_keep(w->root, &r, &opts, 0, &job, reterr);
	if (err < 0 || !r.plan.n)
		return err;
	w->out->labels = (struct filework_result){.what = FILEWORK_PLAN,
						  .danger = plan_danger(&r.plan),
						  .job = job.id,
						  .steps = r.plan.n};
	filetext_plan(&w->out->labels.doc, &r, &kernel, w->names->ascii);
	return 1;
}

static int plan(struct rotation *w, const struct sig_key *key, struct diag *reterr)
{
	struct rotateplan_said said = {0};
	struct initramfs initramfs;
	int r = initramfs_look(w->root, &initramfs, reterr);

	if (r == 0)
		r = rotateplan_make(&w->now, key, key ? sig_key_hash(key) : HASH_SHA256,
				    &w->out->plan, &said, reterr);
	if (r >= 0)
		rotateplan_format(&w->now, &said, &initramfs, &w->out->said,
				  w->names->ascii);
	w->out->planned = r >= 0;
	rotateplan_said_done(&said);
	return r;
}

/* With the key nothing need be counted beforehand: what is signed anew is counted so. */
static int plan_signed(struct rotation *w, struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	int r = take_key(w, &key, reterr);

	if (r == 0 && w->now.next == ROTATE_POLICY)
		return plan(w, key, reterr);
	if (r == 0)
		r = plan_files(w, key, reterr);
	if (r == 0)
		r = count(w, reterr);
	return r < 0 || w->now.next != ROTATE_FILES || w->out->labels.job
		       ? r
		       : rotate_rests(&w->now, reterr);
}

static bool needs_key(const struct rotation *w)
{
	return w->now.next == ROTATE_POLICY || w->now.next == ROTATE_FILES;
}

static int rotate(struct rotation *w, struct diag *reterr)
{
	int r = look(w, reterr);

	if (r == 0 && !w->now.wait.id && needs_key(w) && *w->names->key)
		r = plan_signed(w, reterr);
	else if (r == 0)
		r = count(w, reterr);
	if (r < 0 || w->out->planned || w->out->labels.job)
		return r;
	w->out->needs_key = needs_key(w);
	if (!w->now.wait.id && w->now.next < _ROTATE_PHASE_MAX && !needs_key(w))
		return plan(w, NULL, reterr);
	rotate_format(&w->now, &w->out->said, w->names->ascii);
	return 0;
}

int rings_rotate_make(const struct root *root, struct pool *pool,
		      const struct rings_names *names, const struct keyuse_watch *watch,
		      struct rings_rotated *ret, struct diag *reterr)
{
	struct root own;
	struct rotation w = {
		.root = &own, .pool = pool, .names = names, .watch = watch, .out = ret};
	int r = root_open_again(root, &own, reterr);

	if (r < 0)
		return r;
	r = rotate(&w, reterr);
	rotation_done(&w);
	root_done(&own);
	return r;
}

/* Questions and answers on the screen */

static void begin(struct rings *r)
{
	if (!rings_rotate(r))
		app_note(r->app, STYLE_WARN,
			 "Something else is on its way; Esc stops it");
}

static void with_key(void *user, enum prompt_event event, const char *text)
{
	struct rings *r = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(r->names.key, sizeof(r->names.key), "%s", text);
	begin(r);
}

static void with_cert(void *user, enum prompt_event event, const char *text)
{
	struct rings *r = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(r->names.cert, sizeof(r->names.cert), "%s", text);
	*r->names.key = '\0';
	begin(r);
}

static void with_old(void *user, enum prompt_event event, const char *text)
{
	struct rings *r = user;

	if (event == PROMPT_CANCEL && !*r->names.cert)
		*r->names.old = '\0'; /* it was a guess */
	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(r->names.old, sizeof(r->names.old), "%s", text);
	app_ask(r->app, "Certificate of the new key", &r->files, r->names.cert, with_cert,
		r);
}

void rings_guess_old(struct rings *r)
{
	const struct rings_row *row = rings_selected(r);
	_cleanup_strbuf_ struct strbuf hex = {0};
	uint8_t id[CERT_KEYID];

	if (*r->names.old || !row || !row->key || !keyhost_keyid(&r->host, row->key, id))
		return;
	strbuf_addhex(&hex, (struct span){id, sizeof(id)});
	(void)snprintf(r->names.old, sizeof(r->names.old), "%s", strbuf_str(&hex));
}

void rings_ask_rotate(struct rings *r)
{
	rings_guess_old(r);
	app_ask(r->app, "Key to be replaced (its id, or its certificate)", &r->olds,
		r->names.old, with_old, r);
}

bool rings_offer_labels(struct rings *r)
{
	struct diag d = {0};

	if (filework_offer(&r->app->model.files, &r->rotated.labels, r->names.key,
			   r->names.cert, &d) == 0)
		return true;
	app_note_diag(r->app, &d);
	return false;
}

void rings_ready_rotate(struct rings *r)
{
	planned_drop(&r->ready);
	r->ready.plan = r->rotated.plan;
	r->rotated.plan = (struct plan){0};
	r->ready.command = "key rotate";
	r->ready.title = "Rotate a key";
	r->ready.action = "Rotate";
	doc_lines(&r->ready.doc, STYLE_NORMAL, &r->rotated.said);
}

void rings_take_rotated(struct rings *r)
{
	struct doc *d = &r->app->pager.doc;

	if (!app_is_looked_at(r->app, SCREEN_KEYS)) {
		app_note(r->app, STYLE_NORMAL,
			 "How far the rotation is was looked at; t there looks again");
	} else if (r->rotated.planned) {
		rings_ready_rotate(r);
		planned_ready(&r->ready, SCREEN_KEYS, "");
	} else if (r->rotated.labels.job) {
		if (rings_offer_labels(r))
			app_show(r->app, SCREEN_FILES);
	} else if (r->rotated.needs_key) {
		app_ask(r->app,
			"Private key of the new certificate (PEM, without a passphrase)",
			&r->keys, NULL, with_key, r);
	} else {
		doc_clear(d);
		doc_lines(d, STYLE_NORMAL, &r->rotated.said);
		app_read(r->app, "Rotation of a key");
	}
}
