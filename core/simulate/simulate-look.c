/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file after the other, each with all its uses: what a worker does. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/policy/deadly.h"
#include "core/appraise/evmfile.h"
#include "core/simulate/simulate-internal.h"
#include "core/host/walk.h"

/* The file that is looked at. */
struct subject {
	const char *path;
	char leaf[FSPATH_LEAF_MAX];
	int dir; /* the folder's */
	struct walk_file facts;
	struct judge_file judged;
	bool measured, appraised, denied, unsure, read;
	const struct keyset_key *signer; /* whose signature lets it pass */
};

/* What one user does with it. */
struct verdict {
	uint16_t fails, unsure;	   /* 1 << enum bootset_op */
	bool unread;		   /* it hangs on contents that were not read */
	struct judge_result first; /* that decides: fails, or is unsure where none does */
	int err;		   /* positive errno: it cannot be told */
};

static int open_leaf(const struct subject *s)
{
	return openat(s->dir, s->leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* Where it was not met before, the file system is asked. */
static const struct simulate_fs *fs_of(struct simulate_job *job, const struct subject *s)
{
	_cleanup_close_ int fd = -1;
	struct simulate_fs *fs;
	struct statfs st = {0};

	for (size_t i = 0; i < job->n_fs; i++)
		if (job->fs[i].dev == s->facts.dev)
			return &job->fs[i];
	fd = open_leaf(s);
	if (job->n_fs == SIMULATE_FS)
		job->n_fs = 0;
	fs = &job->fs[job->n_fs++];
	*fs = (struct simulate_fs){.dev = s->facts.dev};
	fs->type = mounts_find(&job->work->mounts, s->facts.dev);
	if (fd >= 0 && fstatfs(fd, &st) == 0) {
		fs->magic = (uint32_t)st.f_type;
		memcpy(&fs->fsid, &st.f_fsid, sizeof(fs->fsid));
	}
	fs->has_uuid = fd >= 0 && evmfile_fs_uuid(job->work->root, fd, fs->uuid);
	return fs;
}

static void place(struct simulate_job *job, struct subject *s)
{
	const struct simulate_fs *fs = fs_of(job, s);
	struct policymatch_access *a = &s->judged.place;

	*a = (struct policymatch_access){
		.fowner = s->facts.uid,
		.fgroup = s->facts.gid,
		.fsmagic = fs->magic,
		.no_fsname = !fs->type,
		.no_fsuuid = !fs->has_uuid,
	};
	if (fs->type) {
		a->fsname = fs->type->type;
		a->fs_subtype = fs->type->subtype;
	}
	s->facts.fsid = fs->fsid;
	memcpy(a->fsuuid, fs->uuid, sizeof(a->fsuuid));
}

/* Was found right the last time, and nothing changed since. */
static bool is_known(const struct simulate_work *w, const struct subject *s)
{
	return walk_attr_shows((uint32_t)s->judged.place.fsmagic) && !w->evm.bits &&
	       known_has_unseen(w->known, s->facts.fsid, &s->facts.stamp, KNOWN_ANY_HASH);
}

/* Facts that the set has are not asked for again. */
static int get_facts(struct subject *s, const struct bootset_facts *f)
{
	if (!f)
		return walk_facts_at(s->dir, s->leaf, &s->facts);
	s->facts.stamp = f->stamp;
	s->facts.dev = f->dev;
	s->facts.uid = f->uid;
	s->facts.gid = f->gid;
	s->facts.mode = f->mode;
	return 0;
}

/* 1; 0: it is no file that could be used. -errno. */
static int begin(struct simulate_job *job, const struct bootset_use *use,
		 struct subject *s)
{
	struct simulate_work *w = job->work;
	const char *path = use->path;
	struct diag d = {0};
	int r;

	*s = (struct subject){.path = path};
	s->dir = fspath_keep_parent(&job->folder, w->root->dir[ROOT_TARGET], path,
				    s->leaf);
	if (s->dir < 0)
		return s->dir;
	r = get_facts(s, use->facts);
	if (r < 0)
		return r;
	if (!S_ISREG(s->facts.mode))
		return 0;
	place(job, s);
	s->judged.mode = s->facts.mode;
	s->judged.subject =
		(struct inspect_subject){.fd = -1,
					 .path = path,
					 .fs_magic = (uint32_t)s->judged.place.fsmagic};
	strbuf_clear(&job->value);
	r = walk_get(s->dir, s->leaf, "security.ima", &job->value);
	if (r == -ENOMEM || r == -ENOENT) /* gone since */
		return r;
	s->judged.subject.has_ima = true;
	s->judged.subject.ima_err = -r;
	s->judged.subject.ima = strbuf_span(&job->value);
	job->judge.inspect.reading = INSPECT_LABELS;
	return judge_begin(&job->judge, &s->judged, &d) < 0 ? -ENOMEM : 1;
}

static struct policymatch_access somebody(uint32_t uid)
{
	/* no source tells the group: a user's own has the same number mostly */
	return (struct policymatch_access){
		.uid = uid,
		.euid = uid,
		.suid = uid,
		.gid = uid,
		.egid = uid,
		.sgid = uid,
		.may_setuid = !uid,
		.may_setgid = !uid,
	};
}

static void take_measured(struct simulate_job *job, struct subject *s,
			  const struct judge_result *r)
{
	struct imaxattr x = {0};
	struct cost_file f = {
		.hash = job->judge.inspect.kernel.ima_hash,
		.path = strlen(s->path) + 1,
	};

	if (!s->judged.subject.ima_err)
		imaxattr_decode(IMAXATTR_IMA, strbuf_span(&job->value), &x);
	if (imaxattr_is_sig(&x)) /* ima_template_lib.c ima_eventsig_init() */
		f.sig = job->value.len;
	s->measured = true;
	job->found.entries_bytes +=
		cost_file(&job->work->cost,
			  r->template.len ? r->template : span_of("ima-ng"), &f);
}

static bool is_unsure(const struct judge_result *r)
{
	return r->match.by[POLICY_CLASS_APPRAISE].unsure != SIZE_MAX || r->unsure_file;
}

static enum simulate_fix_kind fix_of(const struct judge_result *r)
{
	return simulate_fix_for(r->verdict.why,
				r->asked.ima.is && r->asked.ima.verdict == SIG_NO_KEY);
}

static void take_step(struct simulate_job *job, struct subject *s, int op,
		      const struct judge_result *r, struct verdict *v)
{
	if (r->measured && !s->measured)
		take_measured(job, s, r);
	s->appraised |= r->appraised;
	if (r->appraised && !r->verdict.fails && r->asked.ima.is)
		s->signer = r->asked.ima.key;
	s->read |= r->asked.digest.size && !r->asked.unread;
	/* an appended signature lies in the contents */
	v->unread |= r->appraised &&
		     (r->asked.rule.modsig || (r->unread && !r->verdict.fails));
	if (r->verdict.fails) {
		/* a hash is no help where another hook wants a signature */
		if (!v->fails || simulate_fix_covers(fix_of(r), fix_of(&v->first)))
			v->first = *r;
		v->fails |= (uint16_t)(1 << op);
	} else if (is_unsure(r)) {
		if (!v->fails && !v->unsure)
			v->first = *r;
		v->unsure |= (uint16_t)(1 << op);
	}
}

/* -ENOMEM. */
static int ask_op(struct simulate_job *job, struct subject *s, int op,
		  const struct policymatch_access *who, struct verdict *v)
{
	struct judge_result r[JUDGE_STEPS];
	struct diag d = {0};
	int n = judge_op(&job->judge, &s->judged, bootset_op_word((enum bootset_op)op),
			 who, r, &d);

	if (n == -ENOMEM)
		return n;
	if (n < 0)
		v->err = -n;
	for (int i = 0; i < n; i++)
		take_step(job, s, op, &r[i], v);
	return 0;
}

static int ask(struct simulate_job *job, struct subject *s, const struct bootset_use *use,
	       struct verdict *v)
{
	struct policymatch_access who = somebody(use->uid);
	int r = 0;

	*v = (struct verdict){0};
	for (int op = 0; r == 0 && op < _BOOTSET_OP_MAX && !v->err; op++)
		if (use->ops >> op & 1)
			r = ask_op(job, s, op, &who, v);
	return r;
}

/* By its label first: most that fails does so whatever is in the file, and most of the
 * rest is not appraised. */
static int try(struct simulate_job *job, struct subject *s, const struct bootset_use *use,
	       struct verdict *v)
{
	struct inspect *i = &job->judge.inspect;
	struct diag d = {0};
	int r = ask(job, s, use, v);

	if (r < 0 || !v->unread || i->reading != INSPECT_LABELS ||
	    job->work->opts->labels_only || is_known(job->work, s))
		return r;
	i->reading = INSPECT_NEEDED;
	r = judge_begin(&job->judge, &s->judged, &d);
	return r < 0 ? -ENOMEM : ask(job, s, use, v);
}

static enum simulate_rank rank_of(const struct bootset_use *use)
{
	if (use->early)
		return SIMULATE_EARLY;
	return use->sources & ~(1u << BOOTSET_FROM_PACKAGE) ? SIMULATE_USED
							    : SIMULATE_COULD;
}

/* Without one of these init does not run at all. */
static bool is_pid1(const struct simulate_work *w, const struct subject *s)
{
	const char *role;

	if (strcmp(s->path, strbuf_str(&w->init)) == 0)
		return true;
	role = deadly_role(w->root, s->path);
	return role && (strcmp(role, "loader") == 0 || strcmp(role, "libc") == 0);
}

static void take_label(const struct simulate_job *job, const struct subject *s,
		       struct simulate_row *row)
{
	struct imaxattr x;

	if (!s->judged.subject.has_ima || s->judged.subject.ima_err)
		return;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&job->value), &x);
	row->keyid_len = (uint8_t)(x.keyid.len <= sizeof(row->keyid) ? x.keyid.len : 0);
	if (row->keyid_len)
		memcpy(row->keyid, x.keyid.ptr, row->keyid_len);
}

/* That decides, or may. */
static uint32_t rule_of(const struct policymatch_class *by)
{
	return (uint32_t)(by->rule == SIZE_MAX ? by->unsure : by->rule);
}

static int add_row(struct simulate_job *job, const struct subject *s,
		   const struct bootset_use *use, const struct verdict *v)
{
	const struct judge_result *r = &v->first;
	const struct simulate_work *w = job->work;
	struct simulate_row row = {
		.uid = use->uid,
		.ops = v->fails ? v->fails : v->unsure,
		.rank = (uint8_t)rank_of(use),
		.unsure = !v->fails,
		.fsmagic = (uint32_t)s->judged.place.fsmagic,
		.algos = r->match.algos,
		.rule = rule_of(&r->match.by[POLICY_CLASS_APPRAISE]),
		.err = (uint16_t)(v->fails ? 0 : v->err),
		.package = PKGDB_NONE, /* until all are there */
	};

	take_label(job, s, &row);
	if (v->fails) {
		row.cause = (uint8_t)r->verdict.why;
		row.fix = (uint8_t)simulate_fix_for(r->verdict.why,
						    r->asked.ima.is &&
							    r->asked.ima.verdict ==
								    SIG_NO_KEY);
		row.pid1 = use->early && is_pid1(w, s);
		job->found.pid1 |= row.pid1;
	}
	return simulate_add_row(&job->found, &row, s->path);
}

static int take_use(struct simulate_job *job, struct subject *s,
		    const struct bootset_use *use)
{
	struct simulate_count *c = &job->found.rank[rank_of(use)];
	struct verdict v;
	int r = try(job, s, use, &v);

	if (r < 0)
		return r;
	c->uses++;
	if (!v.fails && !v.unsure && !v.err)
		return 0;
	c->denied += v.fails != 0;
	c->unsure += v.fails == 0;
	s->denied |= v.fails != 0;
	s->unsure |= v.fails == 0;
	return add_row(job, s, use, &v);
}

/* It cannot even be looked at. */
static int cannot(struct simulate_job *job, const struct subject *s,
		  const struct bootset_use *use, int err)
{
	struct verdict v = {.err = err};
	struct simulate_count *c = &job->found.rank[rank_of(use)];

	v.first.match.by[POLICY_CLASS_APPRAISE] =
		(struct policymatch_class){SIZE_MAX, false, SIZE_MAX};
	c->uses++;
	c->unsure++;
	return add_row(job, s, use, &v);
}

static void count_file(struct simulate_job *job, const struct subject *s)
{
	struct simulate *f = &job->found;
	size_t key =
		s->signer ? (size_t)(s->signer - job->work->keys[IMAXATTR_IMA].keys) : 0;

	f->files++;
	f->measured += s->measured;
	f->appraised += s->appraised;
	f->denied += s->denied;
	f->unsure += s->unsure && !s->denied;
	if (s->signer && key < SIMULATE_KEYS)
		f->signed_with[key]++;
	f->read += s->read;
	f->bytes += s->read ? s->facts.stamp.size : 0;
}

_Static_assert(_SIMULATE_FIX_MAX <= 32, "the bits of agree()");

/* What one user needs of a file is done for all. */
static void agree(struct simulate_row *row, size_t n)
{
	uint32_t asked = 0; /* a file may have as many users as an audit log can name */

	for (size_t i = 0; i < n; i++)
		asked |= row[i].unsure ? 0 : 1u << row[i].fix;
	for (int fix = 0; fix < _SIMULATE_FIX_MAX; fix++)
		for (size_t k = 0; asked >> fix & 1 && k < n; k++)
			if (!row[k].unsure &&
			    simulate_fix_covers((enum simulate_fix_kind)fix, row[k].fix))
				row[k].fix = (uint8_t)fix;
}

/* Uses @from to @to, all of one file. */
static int look_at(struct simulate_job *job, size_t from, size_t to)
{
	const struct bootset *set = job->work->opts->set;
	size_t before = job->found.n_rows;
	struct bootset_use use;
	struct subject s;
	int r;

	bootset_at(set, from, &use);
	r = begin(job, &use, &s);
	if (r == -ENOMEM)
		return r;
	if (r == 0 || r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		job->found.gone += to - from;
		return 0;
	}
	for (size_t i = from; i < to; i++) {
		int err;

		bootset_at(set, i, &use);
		err = r < 0 ? cannot(job, &s, &use, -r) : take_use(job, &s, &use);
		if (err < 0)
			return err;
	}
	if (r < 0) {
		job->found.unsure++;
		return 0;
	}
	agree(&job->found.row[before], job->found.n_rows - before);
	count_file(job, &s);
	judge_end(&job->judge);
	return 0;
}

static void run(struct pool_job *pool_job)
{
	struct simulate_job *job = (struct simulate_job *)pool_job;
	const struct bootset *set = job->work->opts->set;
	size_t end = job->from + job->n, to;
	struct bootset_use first, next;

	for (size_t at = job->from; at < end && !job->err; at = to) {
		if (atomic_load(&job->job.cancelled))
			break;
		bootset_at(set, at, &first);
		for (to = at + 1; to < end; to++) {
			bootset_at(set, to, &next);
			if (strcmp(first.path, next.path) != 0)
				break;
		}
		job->err = look_at(job, at, to);
	}
}

void simulate_job_init(struct simulate_job *job, struct simulate_work *work,
		       void (*done)(struct pool_job *job))
{
	job->job.run = run;
	job->job.done = done;
	job->work = work;
	job->judge = work->judge;
}

void simulate_job_clear(struct simulate_job *job)
{
	simulate_done(&job->found);
	job->err = 0;
}

void simulate_job_done(struct simulate_job *job)
{
	simulate_job_clear(job);
	judge_done(&job->judge);
	fspath_folder_done(&job->folder);
	strbuf_done(&job->value);
}
