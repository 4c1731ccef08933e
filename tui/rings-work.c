/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Keys screen does in the background, and plans and their carrying out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/rings.h"

DEFINE_CLEANUP(struct cert *, cert_free)

enum work { WORK_LOAD, WORK_COUNT, WORK_RETIRE, WORK_ROTATE };

/* Everything is its own but the root: it runs on another thread. */
struct rings_job {
	struct pool_job job; /* first: the pool hands it back */
	struct rings *rings;
	enum work work;
	const struct root *root;
	enum keyring_id ring; /* RETIRE */
	int32_t serial;
	char *named[HISTORY_MAX]; /* certificates that somebody named; owned */
	struct keyhost host;
	struct keyuse use;
	struct keyloss loss;
	struct plan plan;
	struct rings_names names; /* ROTATE */
	struct rings_rotated rotated;
	atomic_ullong files; /* seen so far */
	int err;
	struct diag why;
};

static void free_job(struct rings_job *j)
{
	for (size_t i = 0; i < HISTORY_MAX; i++)
		free(j->named[i]);
	keyhost_done(&j->host);
	keyuse_done(&j->use);
	keyloss_done(&j->loss);
	plan_done(&j->plan);
	rings_rotated_done(&j->rotated);
	free(j);
}

static void progress(void *user, const struct walk_counts *counts)
{
	atomic_store(&((struct rings_job *)user)->files, counts->files);
}

static bool stop(void *user)
{
	return atomic_load(&((struct rings_job *)user)->job.cancelled);
}

static const struct keyuse_opts scope = {.scope = SCOPE_POLICY};

static int count(struct rings_job *j, struct pool *pool)
{
	const struct keyuse_watch watch = {progress, stop, j};

	return keyuse_scan(pool, j->root, &scope, &watch, &j->use, &j->why);
}

/* What was named stays at hand, without a word where it is no more. */
static int load(struct rings_job *j)
{
	int r = keyhost_load(&j->host, j->root, &j->why);

	for (size_t i = 0; r >= 0 && i < HISTORY_MAX && j->named[i]; i++)
		(void)certstore_add(&j->host.certs, j->named[i], NULL);
	return r;
}

/* As it is now, which may not be what was shown. */
static int retire(struct rings_job *j, struct pool *pool)
{
	const struct keyuse_watch watch = {progress, stop, j};
	const struct keyring_key *k;
	int r = load(j);

	if (r < 0)
		return r;
	k = keyring_find(&j->host.rings, j->serial);
	if (!k)
		return diag_set(&j->why, DIAG_NO_KEY, ENOENT,
				"That key is in %s no more.", keyring_name(j->ring));
	keyloss_of(&j->host, j->ring, k, &j->loss);
	if (j->loss.state == KEYLOSS_NOT_COUNTED)
		r = keyloss_count(&j->loss, &j->host, k, pool, &scope, &watch, &j->why);
	return r < 0 ? r
		     : keyplan_retire(&j->host, j->ring, k, &j->loss, &j->plan, &j->why);
}

static int rotate(struct rings_job *j, struct pool *pool)
{
	const struct keyuse_watch watch = {progress, stop, j};

	return rings_rotate_make(j->root, pool, &j->names, &watch, &j->rotated, &j->why);
}

static int (*const works[])(struct rings_job *, struct pool *) = {
	[WORK_COUNT] = count,
	[WORK_RETIRE] = retire,
	[WORK_ROTATE] = rotate,
};

static void run(struct pool_job *job)
{
	struct rings_job *j = (struct rings_job *)job;
	_cleanup_(pool_freep) struct pool *pool = NULL;

	if (j->work == WORK_LOAD) {
		j->err = load(j);
		return;
	}
	j->err = pool_new(0, &pool, &j->why);
	if (j->err >= 0)
		j->err = works[j->work](j, pool);
}

static void take_count(struct rings *r, struct rings_job *j)
{
	keyuse_done(&r->use);
	r->use = j->use;
	j->use = (struct keyuse){0};
	r->counted = true;
}

static void take_plan(struct rings *r, struct rings_job *j)
{
	planned_drop(&r->ready);
	r->ready.plan = j->plan;
	j->plan = (struct plan){0};
	r->ready.command = "key retire";
	r->ready.title = "Retire a key";
	r->ready.action = "Retire";
	rings_retire_text(r, &j->loss, &r->ready.doc);
	planned_ready(&r->ready, SCREEN_KEYS,
		      "The plan to retire a key was made; D there makes it again");
}

static void take_rotated(struct rings *r, struct rings_job *j)
{
	rings_rotated_done(&r->rotated);
	r->rotated = j->rotated;
	j->rotated = (struct rings_rotated){0};
	if (!r->app->config->plain)
		rings_take_rotated(r);
}

static void take_failure(struct rings *r, const struct rings_job *j)
{
	if (j->work == WORK_LOAD) {
		r->failed = j->why;
		r->n = 0;
		r->loaded = false;
	} else if (j->err == -ECANCELED)
		app_note(r->app, STYLE_WARN, "Counting was stopped");
	else
		app_note_diag(r->app, &j->why);
}

static void finished(struct pool_job *job)
{
	struct rings_job *j = (struct rings_job *)job;
	struct rings *r = j->rings;

	r->job = NULL;
	r->app->dirty = true;
	model_worked(&r->app->model);
	if (j->err < 0)
		take_failure(r, j);
	else if (j->work == WORK_LOAD)
		rings_take(r, &j->host);
	else if (j->work == WORK_COUNT)
		take_count(r, j);
	else if (j->work == WORK_ROTATE)
		take_rotated(r, j);
	else
		take_plan(r, j);
	free_job(j);
	if (r->rotates)
		(void)rings_rotate(r);
}

static struct rings_job *new_job(struct rings *r, enum work work)
{
	struct rings_job *j = r->job ? NULL : calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = finished;
	j->rings = r;
	j->work = work;
	j->root = r->app->model.root;
	for (size_t i = 0; i < r->files.n; i++)
		j->named[i] = strdup(r->files.line[i]);
	return j;
}

static bool start(struct rings *r, struct rings_job *j)
{
	if (!j)
		return false;
	r->job = j;
	model_work(&r->app->model, &j->job);
	return true;
}

bool rings_load(struct rings *r)
{
	return start(r, new_job(r, WORK_LOAD));
}

bool rings_count(struct rings *r)
{
	return start(r, new_job(r, WORK_COUNT));
}

bool rings_retire(struct rings *r, const struct rings_row *row)
{
	struct rings_job *j = new_job(r, WORK_RETIRE);

	if (j) {
		j->ring = row->ring;
		j->serial = row->key->serial;
	}
	return start(r, j);
}

bool rings_rotate(struct rings *r)
{
	struct rings_job *j;

	r->rotates = r->job && r->job->work == WORK_LOAD;
	if (r->rotates)
		return true;
	j = new_job(r, WORK_ROTATE);
	if (j) {
		j->names = r->names;
		j->names.ascii = r->app->ascii;
	}
	return start(r, j);
}

void rings_progress(const struct rings *r, struct strbuf *out)
{
	static const char *const words[] = {
		[WORK_LOAD] = "reading the keyrings",
		[WORK_COUNT] = "counting signed files",
		[WORK_RETIRE] = "looking for the files that it has signed",
		[WORK_ROTATE] = "looking how far the rotation is",
	};
	unsigned long long n;
	char count_buf[32];

	if (!r->job)
		return;
	strbuf_adds(out, words[r->job->work]);
	n = atomic_load(&r->job->files);
	if (n)
		strbuf_addf(out, ": %s seen", str_count(count_buf, sizeof(count_buf), n));
}

bool rings_counting(const struct rings *r)
{
	return r->job && r->job->work != WORK_LOAD;
}

void rings_stop(struct rings *r)
{
	if (r->job)
		pool_cancel(&r->job->job);
}

/* Plans */

bool rings_may_change(const struct rings *r, struct strbuf *why)
{
	return planned_may(r->app, "keys are loaded and retired", "keyrings", why);
}

int rings_plan_load(struct rings *r, const char *file, enum keyring_id ring,
		    struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	struct keycheck check;
	int err = cert_read_at(AT_FDCWD, file, &cert, reterr);

	planned_drop(&r->ready);
	if (err == 0)
		err = keyplan_load(&r->host, cert, ring, &r->ready.plan, &check, reterr);
	if (err < 0)
		return err;
	r->ready.command = "key load";
	r->ready.title = "Load a key";
	r->ready.action = "Load";
	rings_load_text(&check, &r->ready.doc);
	return 0;
}
