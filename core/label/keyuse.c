/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/keyuse.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/appraise/label.h"
#include "core/host/walk-seen.h"

struct scan {
	const struct keyuse_opts *opts;
	const struct keyuse_watch *watch;
	struct scope_rules *scope;
	uint64_t outside;
	struct keyuse *use;
	struct walk_seen links; /* files with several names that were counted */
};

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

void keyuse_done(struct keyuse *u)
{
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		tally_free(u->ids[a]);
	walk_skips_done(&u->skips);
	*u = (struct keyuse){0};
}

static int take_value(struct scan *s, const struct walk_file *f, enum imaxattr_attr attr)
{
	int err = attr == IMAXATTR_IMA ? f->err : f->also_err;
	struct imaxattr x;

	/* EOPNOTSUPP: the file system has no such attributes, so there is none */
	if (err) {
		s->use->unreadable[attr] += err != ENODATA && err != EOPNOTSUPP;
		return 0;
	}
	imaxattr_decode(attr, attr == IMAXATTR_IMA ? f->value : f->also, &x);
	if (!imaxattr_is_sig(&x) || !x.keyid.len)
		return 0;
	s->use->named[attr]++;
	if (tally_add(s->use->ids[attr], x.keyid, 1) < 0)
		return -ENOMEM;
	return s->opts->found ? s->opts->found(s->opts->user, f->path, attr, x.keyid) : 0;
}

static int take_file(void *user, const struct walk_file *f)
{
	struct scan *s = user;
	int r = 0;

	if (!scope_covers(s->scope, f, NULL)) {
		s->outside++;
		return 0;
	}
	if (f->links > 1 && !(f->err && f->also_err)) {
		if (walk_seen_has(&s->links, f))
			return 0;
		r = walk_seen_add(&s->links, f);
	}
	for (int a = IMAXATTR_IMA; r == 0 && a <= IMAXATTR_EVM; a++)
		r = take_value(s, f, (enum imaxattr_attr)a);
	return r;
}

static bool wants(const void *user, const struct walk_file *facts)
{
	return scope_wants(scope_of(((const struct scan *)user)->scope), facts);
}

static bool enters(const void *user, uint32_t magic, bool named)
{
	return scope_enters(scope_of(((const struct scan *)user)->scope), magic, named);
}

/* A name less in the list of what was left out: it is counted all the same. */
static void take_skip(void *user, const char *path, enum walk_skip why, int err)
{
	(void)walk_skips_add(&((struct scan *)user)->use->skips, path, why, err);
}

static void progress(void *user, const struct walk_counts *counts)
{
	const struct keyuse_watch *w = ((struct scan *)user)->watch;

	if (w->progress)
		w->progress(w->user, counts);
}

static bool stop(void *user)
{
	const struct keyuse_watch *w = ((struct scan *)user)->watch;

	return w->stop && w->stop(w->user);
}

static int walk(struct scan *s, struct pool *pool, const struct root *root,
		struct diag *reterr)
{
	static const char *const everything[] = {""};
	bool all = s->opts->scope != SCOPE_NAMED;
	struct walk_ops ops = {
		.also = label_name(LABEL_SECURITY, IMAXATTR_EVM),
		.want = wants,
		.enter = enters,
		.file = take_file,
		.skip = take_skip,
		.progress = progress,
		.stop = stop,
		.user = s,
	};

	return walk_run(pool, root, label_name(LABEL_SECURITY, IMAXATTR_IMA),
			all ? everything : s->opts->paths, all ? 1 : s->opts->n_paths,
			&ops, &s->use->counts, reterr);
}

int keyuse_scan(struct pool *pool, const struct root *root,
		const struct keyuse_opts *opts, const struct keyuse_watch *watch,
		struct keyuse *ret, struct diag *reterr)
{
	static const struct keyuse_watch nobody;
	struct keyuse use = {.ids = {tally_new(KEYUSE_IDS), tally_new(KEYUSE_IDS)}};
	struct scan s = {.opts = opts, .watch = watch ? watch : &nobody, .use = &use};
	int r = use.ids[0] && use.ids[1] ? 0 : no_memory(reterr);

	if (r == 0)
		r = scope_open(root, opts->scope, &s.scope, reterr);
	if (r == 0)
		r = walk(&s, pool, root, reterr);
	use.counts.wanted -= r == 0 ? s.outside : 0;
	scope_free(s.scope);

	walk_seen_done(&s.links);
	if (r < 0) {
		keyuse_done(&use);
		return r;
	}
	*ret = use;
	return 0;
}

uint64_t keyuse_files(const struct keyuse *u, enum imaxattr_attr attr, struct span keyid)
{
	struct tally_row row;

	return u->ids[attr] && tally_find(u->ids[attr], keyid, &row) ? row.weight : 0;
}
