/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cert/keylive.h"
#include "core/label/relabel.h"
#include "core/label/scan-internal.h"

#define ATTR "security.ima"

static const struct {
	enum scan_class class;
	const char *words, *means;
} kinds[_SCAN_KIND_MAX] = {
#define SCAN_KIND(id, class, words, means) {SCAN_##class, words, means},
#include "core/label/scan-kinds.inc"
#undef SCAN_KIND
};

enum scan_class scan_class_of(enum scan_kind kind)
{
	return kinds[kind].class;
}

const char *scan_kind_means(enum scan_kind kind)
{
	return kinds[kind].means;
}

const char *scan_kind_words(enum scan_kind kind)
{
	return kinds[kind].words;
}

const char *scan_name(const struct scan *s, const struct scan_found *f)
{
	return strbuf_str(&s->names) + f->name;
}

void scan_done(struct scan *s)
{
	for (size_t i = 0; i < _SCAN_KIND_MAX; i++)
		free(s->group[i].found);
	strbuf_done(&s->names);
	*s = (struct scan){0};
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int scan_add(struct scan_work *w, enum scan_kind kind, const struct scan_found *f)
{
	struct scan_group *g = &w->result.group[kind];
	size_t cap = g->cap ? 2 * g->cap : 64;
	struct scan_found *more;

	g->files++;
	w->result.failing += kinds[kind].class == SCAN_FAILS;
	w->result.unsure += kinds[kind].class == SCAN_UNSURE;
	if (g->n == SCAN_LISTED)
		return 0;
	if (g->n == g->cap) {
		more = reallocarray(g->found, cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		g->found = more;
		g->cap = cap;
	}
	g->found[g->n++] = *f;
	return 0;
}

static size_t add_name(struct scan_work *w, const char *path)
{
	size_t at = w->result.names.len;

	strbuf_add(&w->result.names, path, strlen(path) + 1);
	return at;
}

static int add_candidate(struct scan_work *w, const struct walk_file *f)
{
	size_t cap = w->cap ? 2 * w->cap : 256;
	struct scan_candidate *more;

	if (w->n == w->cap) {
		more = reallocarray(w->at, cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		w->at = more;
		w->cap = cap;
	}
	w->at[w->n++] = (struct scan_candidate){add_name(w, f->path), f->stamp.size};
	return w->result.names.failed ? -ENOMEM : 0;
}

/* Found right the last time, and the same now. Where EVM is on there is more to ask. */
static bool is_known(const struct scan_work *w, const struct walk_file *f)
{
	struct imaxattr x;

	if (f->err || w->evm.bits || !known_has(w->known, f->fsid, &f->stamp, f->value))
		return false;
	imaxattr_decode(IMAXATTR_IMA, f->value, &x);
	return imaxattr_usable(&x) && !imaxattr_is_sig(&x);
}

/* In a worker: the same of files whose label need not be looked at. */
static int is_known_unseen(const void *user, const char *path, const struct walk_file *f)
{
	const struct scan_work *w = user;

	return f->attr_shows && !w->evm.bits &&
	       known_has_unseen(w->known, f->fsid, &f->stamp, KNOWN_ANY_HASH);
}

static int take_file(void *user, const struct walk_file *f)
{
	struct scan_work *w = user;
	struct scan_found found = {.cause = APPRAISE_NONE};
	enum scan_kind kind = SCAN_RIGHT_HASH;

	if (!scope_covers(w->scope, f, NULL)) {
		w->outside++;
		return 0;
	}
	if (relabel_is_own(f->path)) {
		kind = SCAN_OWN;
	} else if (!f->known && !is_known(w, f)) {
		if (!f->err)
			return add_candidate(w, f);
		kind = f->err == ENODATA      ? SCAN_NO_LABEL
		       : f->err == EOPNOTSUPP ? SCAN_NO_XATTRS
					      : SCAN_UNREADABLE;
		found.cause = f->err == ENODATA	     ? APPRAISE_MISSING_HASH
			      : f->err == EOPNOTSUPP ? APPRAISE_NO_XATTRS
						     : APPRAISE_NONE;
		found.err = kind == SCAN_UNREADABLE ? (uint16_t)f->err : 0;
	}
	found.name = add_name(w, f->path);
	return w->result.names.failed ? -ENOMEM : scan_add(w, kind, &found);
}

static void take_skip(void *user, const char *path, enum walk_skip why, int err)
{
	struct scan_work *w = user;
	struct scan_found found = {add_name(w, path), (uint16_t)err, APPRAISE_NONE,
				   (uint8_t)why};

	if (scan_add(w, SCAN_LEFT_OUT, &found) < 0)
		w->err = -ENOMEM;
}

static bool wants(const void *user, const struct walk_file *facts)
{
	return scope_wants(scope_of(((const struct scan_work *)user)->scope), facts);
}

static bool enters(const void *user, uint32_t magic, bool named)
{
	return scope_enters(scope_of(((const struct scan_work *)user)->scope), magic,
			    named);
}

bool scan_stopped(struct scan_work *w)
{
	const struct scan_watch *watch = w->watch;

	if (watch && watch->progress)
		watch->progress(watch->user, &w->progress);
	w->result.stopped =
		w->result.stopped || (watch && watch->stop && watch->stop(watch->user));
	return w->result.stopped;
}

static void walk_progress(void *user, const struct walk_counts *counts)
{
	struct scan_work *w = user;

	/* there is no result of counts where it is stopped */
	w->result.counts = *counts;
	w->progress.files = counts->files;
}

static bool walk_stop(void *user)
{
	struct scan_work *w = user;

	return w->err || scan_stopped(w);
}

static int walk(struct scan_work *w, struct diag *reterr)
{
	const char *path = w->opts->scope == SCOPE_NAMED ? w->opts->path : "";
	struct walk_ops ops = {
		.want = wants,
		.enter = enters,
		.known = is_known_unseen,
		.file = take_file,
		.skip = take_skip,
		.progress = walk_progress,
		.stop = walk_stop,
		.user = w,
	};
	int r = walk_run(w->pool, w->root, ATTR, &path, 1, &ops, &w->result.counts,
			 reterr);

	if (r == -ECANCELED && w->result.stopped)
		r = 0;
	return w->err || r == -ENOMEM ? no_memory(reterr) : r;
}

/* qsort_r() is GNU's own with this order of arguments. */
static int by_name(const void *a, const void *b, void *names)
{
	const struct scan_found *x = a, *y = b;

	return strcmp((char *)names + x->name, (char *)names + y->name);
}

static void sort(struct scan *s)
{
	for (size_t i = 0; i < _SCAN_KIND_MAX; i++)
		if (s->group[i].n)
			qsort_r(s->group[i].found, s->group[i].n,
				sizeof(*s->group[i].found), by_name, s->names.ptr);
}

static int prepare(struct scan_work *w, struct diag *reterr)
{
	int r = pool_new(w->opts->threads, &w->pool, reterr);

	if (r == 0)
		r = scope_open(w->root, w->opts->scope, &w->scope, reterr);
	if (r == 0)
		r = known_load(w->root, &w->known, reterr);
	if (r == 0)
		r = evmstate_read(w->root, &w->evm, reterr);
	if (r == 0)
		r = keylive_keys(w->root, w->keys, reterr);
	if (r == 0)
		r = inspect_kernel(&w->inspect, w->root, reterr);
	w->inspect.root = w->root;
	w->inspect.evm = &w->evm;
	w->inspect.rule_of_label = true;
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		w->inspect.keys[a] = &w->keys[a];
	return r;
}

static void unprepare(struct scan_work *w)
{
	pool_free(w->pool);
	known_free(w->known);
	scope_free(w->scope);
	evmstate_done(&w->evm);
	keyset_done(&w->keys[IMAXATTR_IMA]);
	keyset_done(&w->keys[IMAXATTR_EVM]);
	free(w->at);
}

int scan_run(const struct root *root, const struct scan_opts *opts,
	     const struct scan_watch *watch, struct scan *ret, struct diag *reterr)
{
	struct scan_work w = {.root = root, .opts = opts, .watch = watch};
	int r = prepare(&w, reterr);

	if (r == 0)
		r = walk(&w, reterr);
	w.result.words = r == 0 ? scope_rules_words(w.scope) : "";
	/* of a walk that was stopped the counts may be those of a moment before */
	w.result.counts.wanted -=
		w.outside < w.result.counts.wanted ? w.outside : w.result.counts.wanted;
	if (r == 0 && !w.result.stopped)
		r = scan_read(&w, reterr);
	unprepare(&w);
	if (r < 0) {
		scan_done(&w.result);
		return r;
	}
	w.result.group[SCAN_OUT_OF_SCOPE].files =
		w.result.counts.files - w.result.counts.wanted;
	sort(&w.result);
	*ret = w.result;
	return 0;
}
