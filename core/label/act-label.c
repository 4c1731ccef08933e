/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/act-label.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/boot/act-boot.h"
#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/imaxattr.h"
#include "core/base/pack.h"

enum {
	WISH = 'w', /* first byte; states begin with their kind */
	BATCH = 2048,
	AHEAD = 512,
	MISSES = 8, /* files that the kernel left alone before we no longer ask it */
};

enum state_kind {
	STATE_GONE,   /* the file: no longer there, or no regular one */
	STATE_ABSENT, /* the attribute */
	STATE_SET,
	STATE_KERNEL, /* to be: any hash but this value, which was there before */
	_STATE_MAX,
};

struct state {
	enum state_kind kind;
	struct span value;
	bool bound; /* to contents: */
	struct stamp stamp;
	uint64_t fsid;
	bool had; /* a value before */
	struct span old;
};

static void pack_state(struct strbuf *out, const struct state *s)
{
	pack_u8(out, (uint8_t)s->kind);
	pack_span(out, s->value);
	if (!s->bound)
		return;
	stamp_pack(out, &s->stamp);
	pack_u64(out, s->fsid);
	pack_u8(out, s->had);
	pack_span(out, s->old);
}

static bool unpack_bond(struct bytes *b, struct state *ret)
{
	uint8_t had;

	if (!stamp_unpack(b, &ret->stamp) || !bytes_u64(b, &ret->fsid) ||
	    !bytes_u8(b, &had) || !unpack_span(b, &ret->old))
		return false;
	ret->had = had;
	return true;
}

static bool unpack_state(struct span bytes, struct state *ret)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);
	uint8_t kind;

	if (!bytes_u8(&b, &kind) || kind >= _STATE_MAX || !unpack_span(&b, &ret->value))
		return false;
	ret->kind = (enum state_kind)kind;
	ret->bound = bytes_left(&b);
	return (!ret->bound || unpack_bond(&b, ret)) && !bytes_left(&b);
}

void act_label_pack(struct strbuf *out, const struct act_label_wish *w)
{
	pack_u8(out, WISH);
	pack_u8(out, (uint8_t)w->kind);
	pack_u8(out, (uint8_t)w->reason);
	pack_u8(out, w->by_kernel);
	pack_u8(out, (uint8_t)w->alg);
	strbuf_add(out, w->keyid, sizeof(w->keyid));
	stamp_pack(out, &w->stamp);
}

bool act_label_unpack(struct span after, struct act_label_wish *ret)
{
	struct bytes b = bytes_of(after.ptr, after.len);
	uint8_t first, kind, reason, by_kernel, alg;
	struct span keyid;

	if (!bytes_u8(&b, &first) || first != WISH || !bytes_u8(&b, &kind) ||
	    !bytes_u8(&b, &reason) || reason >= _RELABEL_REASON_MAX ||
	    (kind != RELABEL_HASH && kind != RELABEL_SIGN) || !bytes_u8(&b, &by_kernel) ||
	    !bytes_u8(&b, &alg) || hash_alg_from_id(alg) < 0 ||
	    !bytes_take(&b, IMAXATTR_KEYID, &keyid) || !stamp_unpack(&b, &ret->stamp))
		return false;
	ret->kind = (enum relabel_kind)kind;
	ret->reason = (enum relabel_reason)reason;
	ret->by_kernel = by_kernel;
	ret->alg = (enum hash_alg)alg;
	memcpy(ret->keyid, keyid.ptr, sizeof(ret->keyid));
	return !bytes_left(&b);
}

void act_label_state(struct strbuf *out, const struct walk_file *file)
{
	struct state s = {.kind = file->err ? STATE_ABSENT : STATE_SET,
			  .value = file->value};

	pack_state(out, &s);
}

static int failed(const char *what, const struct plan_step *step, int err,
		  struct diag *reterr)
{
	char q[160];

	return diag_set(reterr,
			err == -ESTALE			  ? DIAG_PLAN_STALE
			: err == -ELOOP			  ? DIAG_LINK_ON_WAY
			: err == -EPERM || err == -EACCES ? DIAG_PERMISSION
							  : DIAG_WRITE,
			err, "Cannot %s the label of /%s: %s.", what,
			str_quote(q, sizeof(q), span_of(step->path)), diag_errno(-err));
}

static int locked(const struct plan_step *step, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr, DIAG_WRITE, EPERM,
			"Cannot set the label of /%s: it is immutable or append-only.",
			str_quote(q, sizeof(q), span_of(step->path)));
}

/* The folder of the step's file, borrowed from @own or the engine. */
static int folder_of(const struct action_env *env, const struct plan_step *step,
		     struct fspath_folder *own, char leaf[FSPATH_LEAF_MAX])
{
	int r = fspath_keep_parent(env->folder ? env->folder : own,
				   env->root->dir[step->place], step->path, leaf);

	/* a link where a folder was is what is no longer there, not a way to go */
	return r == -ENOTDIR || r == -ELOOP ? -ENOENT : r;
}

static int only_regular(int r, const struct walk_file *facts)
{
	return r == 0 && !S_ISREG(facts->mode) ? -ENOENT : r;
}

/* A descriptor that names the file without opening it. -ENOENT: no regular file there. */
static int hold(const struct action_env *env, const struct plan_step *step,
		struct walk_file *ret)
{
	struct fspath_folder own = {0};
	_cleanup_close_ int fd = -1;
	char leaf[FSPATH_LEAF_MAX];
	int at = folder_of(env, step, &own, leaf), r = at < 0 ? at : 0;

	if (r == 0) {
		fd = openat(at, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno : only_regular(walk_facts(fd, ret), ret);
	}
	fspath_folder_done(&own);
	return r < 0 ? r : take_fd(&fd);
}

/* What is there instead of a regular file shows when it is opened. */
static int look(const struct action_env *env, const struct plan_step *step,
		struct strbuf *value)
{
	struct fspath_folder own = {0};
	char leaf[FSPATH_LEAF_MAX];
	int at = folder_of(env, step, &own, leaf);
	int r = at < 0 ? at : walk_get(at, leaf, ACT_LABEL_ATTR, value);

	fspath_folder_done(&own);
	return r;
}

static int probe(const struct action_env *env, const struct plan_step *step,
		 struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct state s;
	int r = look(env, step, &value);

	if (r < 0 && r != -ENOENT && r != -ENODATA)
		return failed("read", step, r, reterr);
	s = (struct state){
		.kind = r == -ENOENT	? STATE_GONE
			: r == -ENODATA ? STATE_ABSENT
					: STATE_SET,
		.value = strbuf_span(&value),
	};
	pack_state(out, &s);
	return 0;
}

static bool is_hash(struct span value)
{
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, value, &x);
	return imaxattr_usable(&x) && !imaxattr_is_sig(&x);
}

static bool same(struct span actual, struct span wanted)
{
	struct state a, w;

	if (!unpack_state(actual, &a) || !unpack_state(wanted, &w))
		return false;
	if (a.kind == STATE_GONE)
		return true;
	if (w.kind == STATE_KERNEL)
		return a.kind == STATE_SET && is_hash(a.value) &&
		       !span_equal(a.value, w.value);
	return a.kind == w.kind && span_equal(a.value, w.value);
}

/* Applying */

static bool gave_up_on_kernel(const struct act_label *a)
{
	return !a->counts.by_kernel && a->counts.not_reached >= MISSES;
}

static struct refmake_ask ask_of(const struct plan_step *step,
				 const struct act_label_wish *w)
{
	return (struct refmake_ask){
		.path = step->path,
		.what = w->kind == RELABEL_SIGN ? REFMAKE_SIGN : REFMAKE_HASH,
		.alg = w->alg,
		.size = w->stamp.size,
	};
}

static void ahead(const struct action_env *env, const struct plan_step *step)
{
	struct act_label *a = env->data;
	struct act_label_wish w;
	struct refmake_ask ask;

	if (!a || !act_label_unpack(step->after, &w) ||
	    (w.by_kernel && !gave_up_on_kernel(a)) || (w.kind == RELABEL_SIGN && !a->key))
		return;
	ask = ask_of(step, &w);
	(void)refmake_ahead(a->refs, &ask); /* it is made when its turn comes, then */
}

static int stale(const struct plan_step *step, const char *what, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
			"/%s %s since the plan was made.",
			str_quote(q, sizeof(q), span_of(step->path)), what);
}

/* Is the label still the one that the plan found? 1: no, but the kernel in fix mode made it
 * a hash when the file was read. */
static int check_label(const struct act_label *a, const struct plan_step *step,
		       struct span now, const struct state *s, struct diag *reterr)
{
	uint8_t found[PLAN_HASH_SIZE];

	if (s->kind == STATE_GONE)
		return stale(step, "is gone", reterr);
	action_fingerprint(step->action, now, found);
	if (memcmp(found, step->before, sizeof(found)) == 0)
		return 0;
	if (a->kernel_fixes && s->kind == STATE_SET && is_hash(s->value))
		return 1;
	return stale(step, "has got another label", reterr);
}

/* What is to be signed is what was there when the plan was made. A label that was set since
 * changes the time of change and nothing else. */
static bool is_what_was_planned(const struct act_label *a, const struct stamp *now,
				const struct stamp *then)
{
	return a->kernel_fixes ? stamp_same_contents(now, then) : stamp_same(now, then);
}

static int resolve_ours(struct act_label *a, const struct plan_step *step,
			const struct act_label_wish *w, const struct state *now,
			struct strbuf *out, struct diag *reterr)
{
	struct refmake_ask ask = ask_of(step, w);
	struct refmake_answer answer;
	struct state s;
	int r;

	if (w->kind == RELABEL_SIGN && !a->key)
		return diag_set(reterr, DIAG_LABEL_KEY, ENOKEY,
				"There is no key to sign with.");
	r = refmake_take(a->refs, &ask, &answer, reterr);
	if (r == -ENOENT || r == -ENOTDIR)
		return stale(step, "is gone", reterr);
	if (r == -ELOOP)
		return stale(step, "has become a link", reterr);
	if (r < 0)
		return r;
	if (w->kind == RELABEL_SIGN && !is_what_was_planned(a, &answer.stamp, &w->stamp))
		return stale(step, "has changed", reterr);
	a->counts.being_written += answer.being_written;
	s = (struct state){
		.kind = STATE_SET,
		.value = answer.value,
		.bound = true,
		.stamp = answer.stamp,
		.fsid = answer.fsid,
		.had = now->kind == STATE_SET,
		.old = now->value,
	};
	pack_state(out, &s);
	return 0;
}

static int resolve(const struct action_env *env, const struct plan_step *step,
		   struct span now, struct strbuf *out, struct diag *reterr)
{
	struct act_label *a = env->data;
	struct act_label_wish w;
	struct state s;
	int r;

	if (!a)
		return diag_set(reterr, DIAG_LABEL_KEY, ENOKEY,
				"Labels are gone on with by 'label apply --resume'.");
	if (!act_label_unpack(step->after, &w) || !unpack_state(now, &s))
		return failed("make", step, -EBADMSG, reterr);
	r = check_label(a, step, now, &s, reterr);
	if (r < 0)
		return r;
	if (!w.by_kernel || gave_up_on_kernel(a))
		return resolve_ours(a, step, &w, &s, out, reterr);
	if (r == 0)
		s.kind = STATE_KERNEL; /* .value is what it must not be any more */
	pack_state(out, &s);	       /* or it is as it was to be */
	return 0;
}

static int put_back(int fd, bool set, struct span value)
{
	return set ? fs_set_xattr(fd, ACT_LABEL_ATTR, value)
		   : fs_remove_xattr(fd, ACT_LABEL_ATTR);
}

static int set_bound(struct act_label *a, int fd, const struct state *s,
		     const struct walk_file *before)
{
	struct act_xattr_bond bond = {s->value, s->stamp, s->had, s->old};
	struct stamp after;
	int r = act_xattr_bind(fd, ACT_LABEL_ATTR, &bond, &before->stamp, &after);

	if (r < 0)
		return r;
	s->had ? a->counts.replaced++ : a->counts.added++;
	/* elsewhere a change in this tick would not show: it is read once more, later */
	if (a->known && grain_is_finer(&a->grain, fd, before->dev))
		known_add(a->known, s->fsid, &after, s->value);
	return 0;
}

/* An open for reading is what makes the kernel label a file (ima_main.c
 * process_measurement(), ima_appraise.c ima_fix_xattr()), hashing it there and then. */
static struct refmake_ask open_of(const struct plan_step *step, uint64_t size)
{
	return (struct refmake_ask){.path = step->path,
				    .what = REFMAKE_OPEN,
				    .size = size};
}

static void begin(const struct action_env *env, const struct plan_step *step,
		  struct span state)
{
	struct act_label *a = env->data;
	struct act_label_wish w;
	struct refmake_ask ask;
	struct state s;

	if (!a || !unpack_state(state, &s) || s.kind != STATE_KERNEL ||
	    !act_label_unpack(step->after, &w))
		return;
	ask = open_of(step, w.stamp.size);
	(void)refmake_ahead(a->refs, &ask); /* it is opened when its turn comes, then */
}

static void count_set(struct act_label *a, const struct state *before)
{
	before->value.len ? a->counts.replaced++ : a->counts.added++;
}

/* What the kernel did not reach that way is written here. */
static int write_instead(struct act_label *a, const struct plan_step *step, int fd,
			 const struct state *s, struct diag *reterr)
{
	struct refmake_answer answer;
	struct act_label_wish w;
	struct refmake_ask ask;
	int r;

	a->counts.not_reached++;
	if (!act_label_unpack(step->after, &w))
		return -EBADMSG;
	ask = ask_of(step, &w);
	r = refmake_take(a->refs, &ask, &answer, reterr);
	if (r == 0)
		r = fs_set_xattr(fd, ACT_LABEL_ATTR, answer.value);
	if (r < 0)
		return r;
	a->counts.being_written += answer.being_written;
	count_set(a, s);
	return 0;
}

static int let_kernel(struct act_label *a, const struct plan_step *step, int fd,
		      const struct state *s, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct refmake_ask ask = open_of(step, 0);
	struct refmake_answer answer;
	int r = refmake_take(a->refs, &ask, &answer, reterr);

	if (r == 0)
		r = fs_get_xattr(fd, ACT_LABEL_ATTR, &value);
	if (r < 0 && r != -ENODATA)
		return r;
	if (r == -ENODATA || span_equal(strbuf_span(&value), s->value))
		return write_instead(a, step, fd, s, reterr);
	a->counts.by_kernel++;
	count_set(a, s);
	return 0;
}

static int apply(const struct action_env *env, const struct plan_step *step,
		 struct span bytes, struct diag *reterr)
{
	struct act_label *a = env->data;
	struct walk_file facts;
	struct state s;
	_cleanup_close_ int fd = hold(env, step, &facts);
	int r;

	if (!unpack_state(bytes, &s))
		return failed("set", step, -EBADMSG, reterr);
	if (fd == -ENOENT)
		return s.bound || s.kind == STATE_KERNEL ? stale(step, "is gone", reterr)
							 : 0;
	if (fd < 0)
		return failed("set", step, fd, reterr);
	if (s.kind == STATE_KERNEL || s.bound)
		r = !a			     ? -EBADMSG
		    : s.kind == STATE_KERNEL ? let_kernel(a, step, fd, &s, reterr)
					     : set_bound(a, fd, &s, &facts);
	else
		r = put_back(fd, s.kind == STATE_SET, s.value);
	if (r == -ESTALE)
		return stale(step, "has changed", reterr);
	if (r == -EPERM && (facts.immutable || facts.append))
		return locked(step, reterr);
	if (r == -EACCES && s.kind == STATE_SET)
		return act_xattr_hash_refused(step, reterr);
	return r < 0 ? failed(s.kind == STATE_ABSENT ? "remove" : "set", step, r, reterr)
		     : 0;
}

static void describe(struct strbuf *out, struct span bytes)
{
	struct act_label_wish w;

	if (!act_label_unpack(bytes, &w))
		return;
	strbuf_addf(out, "%s %s", hash_alg_name(w.alg),
		    w.kind == RELABEL_SIGN ? "signature, key id " : "hash");
	if (w.kind == RELABEL_SIGN)
		strbuf_addhex(out, (struct span){w.keyid, sizeof(w.keyid)});
	if (w.by_kernel)
		strbuf_adds(out, " by the kernel");
	strbuf_addf(out, ": %s", relabel_reason_words(w.reason));
}

static const struct action_ops ops = {
	.probe = probe,
	.apply = apply,
	.resolve = resolve,
	.ahead = ahead,
	.begin = begin,
	.same = same,
	.describe = describe,
};

static const struct action row = {"label", "label", ACTION_SYNC_LATER | ACTION_BULK,
				  &ops};

static const struct action *const rows[] = {&row};
static const struct action_set set = {rows, 1, &act_boot_rows};

const struct action_set *act_label_set(void)
{
	return &set;
}

void act_label_use(struct act_label *a, struct change_ctx *ctx)
{
	ctx->actions = act_label_set();
	ctx->data = a;
	ctx->batch = BATCH;
	ctx->ahead = AHEAD;
	ctx->keep_going = true;
}

const struct action *act_label_action(void)
{
	return &row;
}
