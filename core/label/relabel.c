/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/relabel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/label/act-label.h"
#include "core/base/cleanup.h"
#include "core/label/refmake.h"
#include "core/label/relabel-internal.h"
#include "core/label/samples.h"

enum { AHEAD = 512 };

/* A file that may get a label, or must be read to know. */
struct candidate {
	struct stamp stamp;
	uint64_t dev, fsid;
	struct relabel_verdict verdict;
	bool read_only, locked, labelled;
	bool settled, attr_shows; /* as in struct walk_file */
	bool one_name;
	uint32_t value_len;
	char text[]; /* path, NUL, value */
};

struct work {
	struct pool *pool;
	const struct root *root;
	const struct relabel_opts *opts;
	struct scope_rules *scope;
	uint64_t outside; /* files of no interest to the policy */
	const struct relabel_watch *watch;
	struct known *known;
	struct pkgdb *pkgs; /* NULL without a key */
	struct candidate **at;
	size_t n, cap;
	struct relabel result;
	int err; /* of adding */
};

void relabel_done(struct relabel *r)
{
	plan_done(&r->plan);
	for (size_t i = 0; i < _RELABEL_REASON_MAX; i++)
		samples_done(r->reasons[i].sample, RELABEL_SAMPLES);
	walk_skips_done(&r->skips);
	*r = (struct relabel){0};
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static void count(struct work *w, enum relabel_reason reason, const char *path,
		  uint64_t size)
{
	struct relabel_tally *t = &w->result.reasons[reason];

	t->files++;
	t->bytes += size;
	/* out of memory: a sample less */
	(void)samples_keep(t->sample, RELABEL_SAMPLES, path);
}

/* Walking */

static int room(struct work *w)
{
	size_t cap = w->cap ? 2 * w->cap : 1024;
	struct candidate **more;

	if (w->n < w->cap)
		return 0;
	more = reallocarray(w->at, cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	w->at = more;
	w->cap = cap;
	return 0;
}

static int add_candidate(struct work *w, const struct walk_file *f,
			 const struct relabel_verdict *verdict)
{
	size_t path = strlen(f->path) + 1;
	struct candidate *c = malloc(sizeof(*c) + path + f->value.len);

	if (!c || room(w) < 0) {
		free(c);
		return -ENOMEM;
	}
	*c = (struct candidate){
		.stamp = f->stamp,
		.dev = f->dev,
		.fsid = f->fsid,
		.verdict = *verdict,
		.read_only = f->read_only,
		.locked = f->immutable || f->append,
		.labelled = !f->err,
		.settled = f->settled,
		.attr_shows = f->attr_shows,
		.one_name = f->links == 1,
		.value_len = (uint32_t)f->value.len,
	};
	memcpy(c->text, f->path, path);
	if (f->value.len)
		memcpy(c->text + path, f->value.ptr, f->value.len);
	w->at[w->n++] = c;
	return 0;
}

static const char *path_of(const struct candidate *c)
{
	return c->text;
}

static struct span value_of(const struct candidate *c)
{
	return (struct span){(const uint8_t *)c->text + strlen(c->text) + 1,
			     c->value_len};
}

/* In a worker: was the label right that this file should have, and is all of it the same
 * now, so that the label is? Then the kind of label, which is no less than 1. */
static int is_known(const void *user, const char *path, const struct walk_file *f)
{
	const struct work *w = user;
	uint8_t buf[RELABEL_KIND_BYTES];
	enum relabel_reason fits;

	if (!w->known || !f->attr_shows || w->opts->instead_of.len)
		return 0;
	fits = relabel_expect(w->opts, w->pkgs, path);
	if (fits == RELABEL_OWN ||
	    !known_has_unseen(w->known, f->fsid, &f->stamp,
			      relabel_kind_bytes(w->opts, fits, buf)))
		return 0;
	return (int)fits + 1;
}

/* The next time the label need not be looked at; false: it must, because it is another
 * kind than is right there. */
static bool know_unseen(struct work *w, uint64_t fsid, const struct stamp *stamp,
			const char *path, enum relabel_reason fits)
{
	uint8_t buf[RELABEL_KIND_BYTES];

	if (relabel_expect(w->opts, w->pkgs, path) != fits)
		return false;
	known_add_unseen(w->known, fsid, stamp, relabel_kind_bytes(w->opts, fits, buf));
	return true;
}

/* Right the last time, and the same now: whatever other names it has are right, too. */
static bool was_right(struct work *w, const struct walk_file *f,
		      const struct relabel_verdict *v)
{
	if (!v->check || !w->known || !known_has(w->known, f->fsid, &f->stamp, f->value))
		return false;
	if (f->settled && f->attr_shows && f->links == 1)
		(void)know_unseen(w, f->fsid, &f->stamp, f->path, v->fits);
	return true;
}

static bool is_signed(const struct walk_file *f)
{
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, f->value, &x);
	return !f->err && imaxattr_is_sig(&x);
}

/* One whose signature is to be replaced. */
static int take_instead(struct work *w, const struct walk_file *f)
{
	struct relabel_verdict v;

	if (!relabel_judge_instead(w->opts, f, &v)) {
		w->outside++;
		return 0;
	}
	if (was_right(w, f, &v))
		v = (struct relabel_verdict){.reason = v.fits};
	if (v.check || relabel_kind_of(v.reason) == RELABEL_SIGN)
		return add_candidate(w, f, &v);
	count(w, v.reason, f->path, f->stamp.size);
	return 0;
}

static int take_file(void *user, const struct walk_file *f)
{
	struct work *w = user;
	struct relabel_verdict v;
	enum relabel_kind kind;
	bool signature;

	if (!scope_covers(w->scope, f, &signature)) {
		w->outside++;
		return 0;
	}
	if (w->opts->instead_of.len)
		return take_instead(w, f);
	if (f->known) {
		enum relabel_reason fits = (enum relabel_reason)(f->known - 1);

		w->result.needs_signature += signature && fits == RELABEL_RIGHT_HASH;
		count(w, fits, f->path, f->stamp.size);
		return 0;
	}
	v = relabel_judge(w->opts, w->pkgs, f);
	kind = relabel_kind_of(v.reason);
	w->result.needs_signature += signature && kind != RELABEL_SIGN && !is_signed(f);
	if (was_right(w, f, &v))
		v = (struct relabel_verdict){.reason = v.fits};
	else if (v.check || kind == RELABEL_HASH || kind == RELABEL_SIGN)
		return add_candidate(w, f, &v);
	count(w, v.reason, f->path, f->stamp.size);
	return 0;
}

static void take_skip(void *user, const char *path, enum walk_skip why, int err)
{
	struct work *w = user;

	if (walk_skips_add(&w->result.skips, path, why, err) < 0)
		w->err = -ENOMEM;
}

static bool wants(const void *user, const struct walk_file *facts)
{
	return scope_wants(scope_of(((const struct work *)user)->scope), facts);
}

static bool enters(const void *user, uint32_t magic, bool named)
{
	return scope_enters(scope_of(((const struct work *)user)->scope), magic, named);
}

static void tell(const struct work *w, enum relabel_phase phase, uint64_t files,
		 uint64_t of, uint64_t bytes)
{
	struct relabel_progress p = {phase, files, of, bytes};

	if (w->watch && w->watch->progress)
		w->watch->progress(w->watch->user, &p);
}

static bool stopped(const struct work *w)
{
	return w->watch && w->watch->stop && w->watch->stop(w->watch->user);
}

static void walk_progress(void *user, const struct walk_counts *counts)
{
	tell(user, RELABEL_WALKING, counts->files, 0, 0);
}

static bool walk_stop(void *user)
{
	return stopped(user);
}

static int walk(struct work *w, struct diag *reterr)
{
	static const char *const everything[] = {""};
	bool all = w->opts->scope != SCOPE_NAMED;
	struct walk_ops ops = {
		.also = relabel_also(w->opts),
		.want = wants,
		.enter = enters,
		.known = is_known,
		.file = take_file,
		.skip = take_skip,
		.progress = walk_progress,
		.stop = walk_stop,
		.user = w,
	};
	int r = walk_run(w->pool, w->root, ACT_LABEL_ATTR,
			 all ? everything : w->opts->paths, all ? 1 : w->opts->n_paths,
			 &ops, &w->result.counts, reterr);

	w->result.scope = scope_of(w->scope);
	w->result.counts.wanted -= r == 0 ? w->outside : 0;
	if (r == 0 && w->err)
		r = no_memory(reterr);
	return r;
}

/* One name of each file */

static int by_path(const void *a, const void *b)
{
	return strcmp(path_of(*(struct candidate *const *)a),
		      path_of(*(struct candidate *const *)b));
}

static int by_file(const void *a, const void *b)
{
	const struct candidate *x = *(struct candidate *const *)a,
			       *y = *(struct candidate *const *)b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->stamp.ino != y->stamp.ino)
		return x->stamp.ino < y->stamp.ino ? -1 : 1;
	return strcmp(path_of(x), path_of(y));
}

static void drop(struct candidate **c)
{
	free(*c);
	*c = NULL;
}

static void close_gaps(struct work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->at[i])
			w->at[n++] = w->at[i];
	w->n = n;
}

/* Found twice under one name: asked for by itself, and as part of a folder. */
static void drop_repeated(struct work *w)
{
	for (size_t i = w->n; i > 1; i--)
		if (strcmp(path_of(w->at[i - 1]), path_of(w->at[i - 2])) == 0)
			drop(&w->at[i - 1]);
	close_gaps(w);
}

static bool same_file(const struct candidate *a, const struct candidate *b)
{
	return a->dev == b->dev && a->stamp.ino == b->stamp.ino && a->stamp.ino;
}

/* Of several names of one file the first in order stays; where one of them belongs to a
 * package, the file does. */
static void drop_other_names(struct work *w)
{
	struct candidate *kept = NULL;

	for (size_t i = 0; i < w->n; i++) {
		struct candidate *c = w->at[i];

		if (!kept || !same_file(kept, c)) {
			kept = c;
			continue;
		}
		if (relabel_kind_of(c->verdict.reason) == RELABEL_SIGN)
			kept->verdict = c->verdict;
		count(w, RELABEL_OTHER_NAME, path_of(c), 0);
		drop(&w->at[i]);
	}
	close_gaps(w);
}

static void one_name_each(struct work *w)
{
	if (!w->n)
		return;
	qsort(w->at, w->n, sizeof(*w->at), by_file);
	drop_repeated(w);
	drop_other_names(w);
	qsort(w->at, w->n, sizeof(*w->at), by_path);
}

/* Checking labels that are there */

static struct refmake_ask check_of(const struct candidate *c)
{
	return (struct refmake_ask){.path = path_of(c),
				    .what = REFMAKE_CHECK,
				    .value = value_of(c),
				    .size = c->stamp.size};
}

static void found_right(struct candidate *c)
{
	c->verdict = (struct relabel_verdict){.reason = c->verdict.fits};
}

static size_t count_checks(const struct work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->at[i]->verdict.check;
	return n;
}

/* What changes from now on must show: a file that had changed in the seconds before its
 * label was read, or has changed since then, is read once more the next time. */
static void know(struct work *w, const struct candidate *c,
		 const struct refmake_answer *a, enum relabel_reason fits)
{
	if (!w->known || !c->settled || !stamp_same(&c->stamp, &a->stamp))
		return;
	/* another name may be the place for another kind of label */
	if (!c->attr_shows || !c->one_name ||
	    !know_unseen(w, a->fsid, &a->stamp, path_of(c), fits))
		known_add(w->known, a->fsid, &a->stamp, value_of(c));
}

static void judge_answer(struct work *w, struct candidate *c, int r,
			 const struct refmake_answer *a)
{
	c->verdict.check = false;
	if (r < 0) {
		c->verdict.reason = r == -ESTALE ? RELABEL_CHANGING : RELABEL_UNREADABLE;
		return;
	}
	if (a->fit == REFMAKE_UNKNOWN_KEY)
		c->verdict.reason = RELABEL_OTHER_SIGNATURE;
	if (a->fit == REFMAKE_FITS) {
		know(w, c, a, c->verdict.fits);
		found_right(c);
	}
	c->stamp = a->stamp;
}

static int check_labels(struct work *w, struct refmake *refs, size_t total,
			struct diag *reterr)
{
	size_t announced = 0, done = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct refmake_answer answer;
		struct refmake_ask ask = check_of(w->at[i]);
		int r;

		for (; announced < w->n && announced < i + AHEAD; announced++) {
			struct refmake_ask next = check_of(w->at[announced]);

			if (w->at[announced]->verdict.check &&
			    refmake_ahead(refs, &next) < 0)
				return no_memory(reterr);
		}
		if (!w->at[i]->verdict.check)
			continue;
		if (stopped(w))
			return -ECANCELED;
		r = refmake_take(refs, &ask, &answer, NULL);
		judge_answer(w, w->at[i], r, &answer);
		tell(w, RELABEL_CHECKING, ++done, total, refmake_bytes(refs));
	}
	return 0;
}

static int check(struct work *w, struct diag *reterr)
{
	_cleanup_(refmake_freep) struct refmake *refs = NULL;
	size_t left = count_checks(w);
	int r;

	if (!left)
		return 0;
	r = refmake_new(w->pool, w->root, w->opts->key, w->opts->throttle, &refs, reterr);
	if (r == 0)
		refmake_check_with(refs, w->opts->keys);
	return r < 0 ? r : check_labels(w, refs, left, reterr);
}

/* The plan */

static void wish_of(const struct work *w, const struct candidate *c,
		    enum relabel_reason reason, struct strbuf *out)
{
	enum relabel_kind kind = relabel_kind_of(reason);
	struct act_label_wish wish = {
		.kind = kind,
		.reason = reason,
		/* which has nothing against a hash that fits, of whatever algorithm */
		.by_kernel = w->opts->by_kernel && kind == RELABEL_HASH &&
			     reason != RELABEL_OTHER_HASH,
		.alg = w->opts->alg,
		.stamp = c->stamp,
	};

	if (kind == RELABEL_SIGN)
		memcpy(wish.keyid, sig_key_id(w->opts->key).ptr, IMAXATTR_KEYID);
	act_label_pack(out, &wish);
}

static int add_step(struct work *w, const struct candidate *c, enum relabel_reason reason,
		    enum plan_danger danger, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf after = {0}, now = {0};
	struct walk_file f = {.err = !c->labelled, .value = value_of(c)};
	struct span state;
	struct plan_spec spec = {
		.action = act_label_action(),
		.place = ROOT_TARGET,
		.path = path_of(c),
		.danger = danger,
		.now = &state,
	};
	int r;

	wish_of(w, c, reason, &after);
	act_label_state(&now, &f);
	if (after.failed || now.failed)
		return no_memory(reterr);
	spec.after = strbuf_span(&after);
	state = strbuf_span(&now);
	r = plan_add(&w->result.plan, w->root, &spec, reterr);
	return r < 0 ? r : 0;
}

static int add_steps(struct work *w, enum plan_danger danger, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r == 0; i++) {
		struct candidate *c = w->at[i];
		enum relabel_reason reason = c->verdict.reason;
		enum relabel_kind kind = relabel_kind_of(reason);

		count(w, reason, path_of(c), c->stamp.size);
		if (kind == RELABEL_SIGN || kind == RELABEL_HASH) {
			w->result.to_read += c->stamp.size;
			r = add_step(w, c, reason, danger, reterr);
		}
		drop(&w->at[i]);
		if (i % 1024 == 0)
			tell(w, RELABEL_PLANNING, i, w->n, 0);
	}
	return r;
}

static int make_plan(struct work *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf title = {0};
	size_t steps = 0;
	int r;

	for (size_t i = 0; i < w->n; i++) {
		struct candidate *c = w->at[i];
		enum relabel_kind kind;

		c->verdict.reason =
			relabel_permit(c->verdict.reason, c->read_only, c->locked);
		kind = relabel_kind_of(c->verdict.reason);
		steps += kind == RELABEL_SIGN || kind == RELABEL_HASH;
	}
	strbuf_addf(&title, "label %s", scope_rules_words(w->scope));
	r = plan_init(&w->result.plan, strbuf_str(&title), reterr);
	return r < 0 ? r
		     : add_steps(w, steps > RELABEL_MANY ? PLAN_BOOT : PLAN_REVERSIBLE,
				 reterr);
}

static int load_packages(struct work *w, struct diag *reterr)
{
	int r;

	if (!w->opts->key || w->opts->instead_of.len)
		return 0;
	r = pkgdb_new(&w->pkgs, reterr);
	return r < 0 ? r : pkgdb_load(w->pkgs, w->root, reterr);
}

int relabel_plan(struct pool *pool, const struct root *root, struct known *known,
		 const struct relabel_opts *opts, const struct relabel_watch *watch,
		 struct relabel *ret, struct diag *reterr)
{
	struct work w = {
		.pool = pool, .root = root, .opts = opts, .watch = watch, .known = known};
	int r = load_packages(&w, reterr);

	if (r >= 0)
		r = scope_open(root, opts->scope, &w.scope, reterr);
	if (known)
		known_settle(known);
	if (r >= 0)
		r = walk(&w, reterr);
	if (r == 0) {
		one_name_each(&w);
		r = check(&w, reterr);
	}
	if (r == 0)
		r = make_plan(&w, reterr);
	for (size_t i = 0; i < w.n; i++)
		free(w.at[i]);
	free(w.at);
	pkgdb_free(w.pkgs);
	scope_free(w.scope);
	if (r < 0) {
		relabel_done(&w.result);
		return r;
	}
	*ret = w.result;
	return 0;
}
