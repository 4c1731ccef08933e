/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/simulate/simulate.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/cert/keylive.h"
#include "core/policy/genfound.h"
#include "core/simulate/simulate-internal.h"

enum {
	BATCH = 256, /* uses handed to a worker at once, and those of the same file */
	TICK_MS = 100,
};

static const struct {
	const char *word, *title;
} ranks[_SIMULATE_RANK_MAX] = {
#define SIMULATE_RANK(id, word, title) {word, title},
#include "core/simulate/simulate-ranks.inc"
#undef SIMULATE_RANK
};

const char *simulate_rank_word(enum simulate_rank rank)
{
	return ranks[rank].word;
}

const char *simulate_rank_title(enum simulate_rank rank)
{
	return ranks[rank].title;
}

const char *simulate_name(const struct simulate *s, const struct simulate_row *row)
{
	return strbuf_str(&s->names) + row->name;
}

/* What the kernel denies without a record has no word of its own. */
const char *simulate_cause(const struct simulate_row *row)
{
	if (row->unsure)
		return row->err ? diag_errno(row->err) : "not known";
	switch (row->cause) {
	case APPRAISE_NO_XATTRS:
		return "no-attributes";
	case APPRAISE_BLACKLISTED:
		return "blacklisted";
	case APPRAISE_SIGNED_FOR_WRITING:
		return "signed-for-writing";
	default:
		return appraise_words(row->cause)->cause;
	}
}

/* What only the kernel can tell is no reason to hold back, but where it decides about the
 * next boot. */
bool simulate_ready(const struct simulate *s)
{
	for (int i = 0; i < _SIMULATE_RANK_MAX; i++)
		if (s->rank[i].denied)
			return false;
	return !s->rank[SIMULATE_EARLY].unsure && !s->stopped && !s->lost;
}

void simulate_done(struct simulate *s)
{
	for (size_t i = 0; i < s->n_fixes; i++) {
		strbuf_done(&s->fix[i].about);
		strbuf_done(&s->fix[i].paths);
	}
	free(s->fix);
	free(s->group);
	free(s->row);
	strbuf_done(&s->names);
	*s = (struct simulate){0};
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int simulate_add_row(struct simulate *s, const struct simulate_row *row, const char *name)
{
	size_t cap = s->n_rows ? 2 * s->n_rows : 64;
	struct simulate_row *more;

	if (s->n_rows == s->cap_rows) {
		more = reallocarray(s->row, cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->row = more;
		s->cap_rows = cap;
	}
	s->row[s->n_rows] = *row;
	s->row[s->n_rows++].name = s->names.len;
	strbuf_add(&s->names, name, strlen(name) + 1);
	return s->names.failed ? -ENOMEM : 0;
}

/* On the caller's thread. */
static void add_sums(struct simulate *to, const struct simulate *from)
{
	for (int i = 0; i < _SIMULATE_RANK_MAX; i++) {
		to->rank[i].uses += from->rank[i].uses;
		to->rank[i].denied += from->rank[i].denied;
		to->rank[i].unsure += from->rank[i].unsure;
	}
	for (int i = 0; i < SIMULATE_KEYS; i++)
		to->signed_with[i] += from->signed_with[i];
	to->files += from->files;
	to->measured += from->measured;
	to->appraised += from->appraised;
	to->denied += from->denied;
	to->unsure += from->unsure;
	to->gone += from->gone;
	to->read += from->read;
	to->bytes += from->bytes;
	to->entries_bytes += from->entries_bytes;
	to->pid1 |= from->pid1;
}

static void job_done(struct pool_job *pool_job)
{
	struct simulate_job *job = (struct simulate_job *)pool_job;
	struct simulate_work *w = job->work;

	job->busy = false;
	w->done += job->n;
	w->err = w->err ? w->err : job->err;
	add_sums(&w->result, &job->found);
	for (size_t i = 0; i < job->found.n_rows && !w->err; i++)
		w->err = simulate_add_row(&w->result, &job->found.row[i],
					  simulate_name(&job->found, &job->found.row[i]));
	simulate_job_clear(job);
}

/* The next uses: all of a file's together. False: there are none. */
static bool give(struct simulate_work *w, struct simulate_job *job)
{
	size_t n = bootset_count(w->opts->set);
	struct bootset_use last, next;

	if (w->next == n)
		return false;
	job->from = w->next;
	w->next = n - w->next < BATCH ? n : w->next + BATCH;
	for (; w->next < n; w->next++) {
		bootset_at(w->opts->set, w->next - 1, &last);
		bootset_at(w->opts->set, w->next, &next);
		if (strcmp(last.path, next.path) != 0)
			break;
	}
	job->n = w->next - job->from;
	job->busy = true;
	pool_submit(w->pool, &job->job);
	return true;
}

static bool stopped(struct simulate_work *w)
{
	const struct simulate_watch *watch = w->watch;

	if (watch && watch->progress)
		watch->progress(watch->user, w->done, bootset_count(w->opts->set));
	if (watch && watch->stop && watch->stop(watch->user))
		w->result.stopped = true;
	return w->result.stopped;
}

static void drain(struct simulate_work *w, struct simulate_job *jobs, size_t n)
{
	struct pollfd p = {.fd = pool_fd(w->pool), .events = POLLIN};
	bool end = false;
	size_t busy;

	do {
		busy = 0;
		end = end || w->err || stopped(w);
		for (size_t i = 0; i < n; i++) {
			if (jobs[i].busy && end)
				pool_cancel(&jobs[i].job);
			busy += jobs[i].busy || (!end && give(w, &jobs[i]));
		}
		if (busy)
			(void)poll(&p, 1, TICK_MS); /* looked at again */
		(void)pool_dispatch(w->pool);
	} while (busy);
}

static int look(struct simulate_work *w)
{
	size_t n = pool_threads(w->pool) * 2;
	struct simulate_job *jobs = calloc(n, sizeof(*jobs));

	for (size_t i = 0; jobs && i < n; i++)
		simulate_job_init(&jobs[i], w, job_done);
	if (jobs)
		drain(w, jobs, n);
	for (size_t i = 0; jobs && i < n; i++)
		simulate_job_done(&jobs[i]);
	free(jobs);
	return jobs ? w->err : -ENOMEM;
}

/* What this machine, or the system below another root, decides with. */
static int see_host(struct simulate_work *w, struct diag *reterr)
{
	int r = 0;

	if (!w->opts->labels_only)
		r = known_load(w->root, &w->known, reterr);
	if (r == 0)
		r = evmstate_read(w->root, &w->evm, reterr);
	if (r == 0)
		r = keylive_keys(w->root, w->keys, reterr);
	if (r == 0 && mounts_load(w->root, &w->mounts) < 0)
		r = no_memory(reterr);
	if (r == 0 && root_owns_place(w->root, ROOT_PROC) &&
	    keyring_load(w->root, &w->rings, NULL) == 0)
		w->judge.inspect.rings = &w->rings;
	(void)fspath_below(w->root->dir[ROOT_TARGET], true, "sbin/init", &w->init);
	return r;
}

static int prepare(struct simulate_work *w, struct diag *reterr)
{
	struct inspect *i = &w->judge.inspect;
	int r = see_host(w, reterr);

	if (r == 0)
		r = inspect_kernel(i, w->root, reterr);
	if (r < 0)
		return r;
	/* What fails is told in any mode; where it is not denied, what comes after it is
	 * tried, too: so much will be measured when it is put right. */
	i->kernel.mode = APPRAISE_MODE_LOG;
	i->root = w->root;
	i->evm = &w->evm;
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		i->keys[a] = &w->keys[a];
	w->cost = cost_model_of(w->opts->probe);
	r = judge_init(&w->judge, w->root, w->opts->probe, w->opts->rules, reterr);
	return r < 0 ? r : pool_new(w->opts->threads, &w->pool, reterr);
}

static void unprepare(struct simulate_work *w)
{
	pool_free(w->pool);
	judge_done(&w->judge);
	strbuf_done(&w->init);
	keyring_done(&w->rings);
	mounts_done(&w->mounts);
	keyset_done(&w->keys[IMAXATTR_IMA]);
	keyset_done(&w->keys[IMAXATTR_EVM]);
	evmstate_done(&w->evm);
	known_free(w->known);
}

/* Whose the files are that fail: where none does, nobody reads the packages' lists. */
static int find_owners(struct simulate_work *w, struct diag *reterr)
{
	struct pkgdb *packages = w->opts->packages;
	_cleanup_strbuf_ struct strbuf path = {0};
	struct simulate *s = &w->result;

	if (!s->n_rows)
		return 0;
	if (!pkgdb_is_loaded(packages) &&
	    pkgdb_load(packages, w->root, reterr) == -ENOMEM)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_rows; i++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "/%s", simulate_name(s, &s->row[i]));
		s->row[i].package = pkgdb_owner(packages, strbuf_span(&path));
	}
	return 0;
}

/* Whoever loads keys at boot takes them from there: dracut's module integrity, imactl's own
 * gate; the other is CONFIG_IMA_X509_PATH by default. */
static bool at_boot(const char *from)
{
	from += *from == '/';
	return strncmp(from, GENFOUND_KEYS "/", strlen(GENFOUND_KEYS "/")) == 0 ||
	       strcmp(from, "etc/keys/x509_ima.der") == 0;
}

static bool lasts(const struct keyset *certs, struct span id)
{
	for (size_t i = 0; i < certs->n; i++) {
		const struct keyset_key *k = &certs->keys[i];

		if (k->key && k->from && at_boot(k->from) &&
		    span_equal(sig_key_id(k->key), id))
			return true;
	}
	return false;
}

/* What the kernel's keyring has now, somebody has put there: after a restart it is empty. */
static void find_lost(struct simulate_work *w, const struct keyset *certs)
{
	const struct keyset *keys = &w->keys[IMAXATTR_IMA];
	struct simulate *s = &w->result;

	for (size_t i = 0; i < keys->n && i < SIMULATE_KEYS; i++) {
		const struct keyset_key *k = &keys->keys[i];
		struct span id =
			k->key ? sig_key_id(k->key) : (struct span){k->id, sizeof(k->id)};

		if (!s->signed_with[i] || !k->ring || id.len != IMAXATTR_KEYID ||
		    lasts(certs, id))
			continue;
		s->lost += s->signed_with[i];
		memcpy(s->lost_keyid, id.ptr, id.len);
	}
}

/* Certificates that lie here are looked for, whether or not the kernel has their keys. */
static int conclude(struct simulate_work *w, struct diag *reterr)
{
	_cleanup_keyset_ struct keyset certs = {0};
	int r = find_owners(w, reterr);

	if (r == 0)
		r = keylive_add_usual(&certs, w->root, reterr);
	if (r < 0)
		return r;
	find_lost(w, &certs);
	return simulate_make_groups(&w->result) < 0 ||
			       simulate_make_fixes(&w->result, &certs) < 0
		       ? no_memory(reterr)
		       : 0;
}

int simulate_run(const struct root *root, const struct simulate_opts *opts,
		 const struct simulate_watch *watch, struct simulate *ret,
		 struct diag *reterr)
{
	struct simulate_work w = {.root = root, .opts = opts, .watch = watch};
	int r = prepare(&w, reterr);

	if (r == 0 && look(&w) < 0)
		r = no_memory(reterr);
	if (r == 0)
		r = conclude(&w, reterr);
	unprepare(&w);
	if (r < 0) {
		simulate_done(&w.result);
		return r;
	}
	*ret = w.result;
	return 0;
}
