/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/filetask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/appraise/filesign.h"
#include "core/base/cleanup.h"
#include "core/base/respawn.h"
#include "core/host/change-audit.h"
#include "core/cert/keylive.h"
#include "tui/filetext.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

struct filework_task *filetask_free(struct filework_task *t)
{
	if (!t)
		return NULL;
	root_done(&t->root);
	free(t->path);
	free(t->key);
	free(t->cert);
	strbuf_done(&t->names);
	filework_result_done(&t->result);
	scan_done(&t->scan);
	free(t);
	return NULL;
}

static bool stop(void *user)
{
	struct filework_task *t = user;

	return atomic_load(&t->job.cancelled);
}

static enum scope scope_of_task(const struct filework_task *t)
{
	return t->path ? SCOPE_NAMED : t->candidate ? SCOPE_CANDIDATE : SCOPE_POLICY;
}

/* Scanning */

static void scan_progress(void *user, const struct scan_progress *p)
{
	struct filework_task *t = user;

	atomic_store(&t->files, p->files);
	atomic_store(&t->done, p->read);
	atomic_store(&t->of, p->to_read);
	atomic_store(&t->bytes, p->bytes);
}

static int scan(struct filework_task *t, struct diag *reterr)
{
	struct scan_opts opts = {.scope = scope_of_task(t), .path = t->path};
	struct scan_watch watch = {.progress = scan_progress, .stop = stop, .user = t};

	return scan_run(&t->root, &opts, &watch, &t->scan, reterr);
}

/* One file */

static int look(struct filework_task *t, struct diag *reterr)
{
	_cleanup_evmstate_ struct evmstate evm = {0};
	_cleanup_inspect_ struct inspect i = {.rule_of_label = true, .root = &t->root};
	_cleanup_keyset_ struct keyset ima = {0}, other = {0};
	struct keyset keys[2] = {{0}};
	struct inspect_result result;
	_cleanup_close_ int fd = label_open(t->root.dir[ROOT_TARGET], t->path, reterr);
	int r = fd < 0 ? fd : evmstate_read(&t->root, &evm, reterr);

	if (r == 0)
		r = keylive_keys(&t->root, keys, reterr);
	ima = keys[IMAXATTR_IMA];
	other = keys[IMAXATTR_EVM];
	i.keys[IMAXATTR_IMA] = &ima;
	i.keys[IMAXATTR_EVM] = &other;
	if (r == 0)
		r = inspect_kernel(&i, &t->root, reterr);
	i.evm = &evm;
	if (r == 0)
		r = inspect_file(&i, fd, t->path, &result, reterr);
	if (r == 0)
		filetext_file(&t->result.doc, t->path, &i, &result, t->ascii);
	return r;
}

/* Signing */

/* What cannot be signed is counted, and the first of it told; the others are. */
static int sign_each(struct filework_task *t, struct filesign *s, struct plan *plan,
		     struct diag *first)
{
	struct bytes in = bytes_of(strbuf_str(&t->names), t->names.len);
	struct span name;

	while (bytes_until(&in, '\0', &name)) {
		const char *path = (const char *)name.ptr;
		struct diag d = {0};
		_cleanup_close_ int fd = label_open(t->root.dir[ROOT_TARGET], path, &d);

		if (stop(t))
			return -ECANCELED;
		if ((fd < 0 || filesign_add(s, plan, fd, path, &d) < 0) &&
		    !t->result.left++)
			*first = d;
	}
	return 0;
}

int filetask_key(const char *path, struct sig_key **ret, struct diag *reterr)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char q[140];

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a request: it has no failure for 0 */
	return fd < 0 ? diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.",
				 str_quote(q, sizeof(q), span_of(path)),
				 diag_errno(errno))
		      : sig_key_private(fd, path, NULL, ret, reterr);
}

static int sign(struct filework_task *t, struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_strbuf_ struct strbuf title = {0};
	_cleanup_filesign_ struct filesign s = {.root = &t->root,
						.version = 2,
						.space = LABEL_SECURITY};
	struct diag first = {0};
	int r = filetask_key(t->path, &key, reterr);

	if (r < 0)
		return r;
	s.key = key;
	s.alg = sig_key_hash(key);
	sig_key_title(key, "sign files", &title);
	r = plan_init(&t->result.plan, strbuf_str(&title), reterr);
	if (r == 0)
		r = sign_each(t, &s, &t->result.plan, &first);
	t->result.steps = t->result.plan.n;
	if (r == 0 && t->result.left && !t->result.steps)
		*reterr = first;
	else if (r == 0 && t->result.left)
		doc_mark(&t->result.doc, "Note:", STYLE_WARN,
			 "%llu cannot be signed. The first: %s",
			 (unsigned long long)t->result.left, first.text);
	return r;
}

/* Planning */

static void plan_progress(void *user, const struct relabel_progress *p)
{
	struct filework_task *t = user;

	atomic_store(&t->files, p->files);
	atomic_store(&t->phase, (int)p->phase);
}

static int plan(struct filework_task *t, struct diag *reterr)
{
	_cleanup_relabel_ struct relabel r = {0};
	_cleanup_relabel_job_ struct relabel_job job = {0};
	const char *const paths[] = {t->path};
	struct relabel_opts opts = {.scope = scope_of_task(t),
				    .paths = paths,
				    .n_paths = t->path ? 1 : 0};
	struct relabel_watch watch = {.progress = plan_progress, .stop = stop, .user = t};
	struct relabel_how how = {.readonly = false};
	struct relabel_kernel kernel;
	int err;

	relabel_kernel(&t->root, &kernel);
	opts.alg = kernel.alg;
	err = relabel_plan_root(&t->root, &how, &opts, &watch, &r, reterr);
	if (err == 0 && stop(t))
		err = -ECANCELED;
	if (err == 0 && r.plan.n)
		err = relabel_job_keep(&t->root, &r, &opts, 0, &job, reterr);
	if (err < 0)
		return err;
	t->result.job = job.id;
	t->result.steps = r.plan.n;
	t->result.danger = plan_danger(&r.plan);
	filetext_plan(&t->result.doc, &r, &kernel, t->ascii);
	return 0;
}

/* Starting: the program itself does that, and its job is no child of the console. */

static int refused(const struct strbuf *said, int status, struct diag *reterr)
{
	const char *text = strbuf_str(said), *colon = strstr(text, ": ");
	size_t len;

	text = colon ? colon + 2 : text;
	len = strcspn(text, "\n");
	if (!len)
		return diag_set(reterr, DIAG_INTERNAL, EIO,
				"The job did not begin (exit status %d).", status);
	return diag_set(reterr, DIAG_BUSY, EIO, "The job did not begin: %.*s", (int)len,
			text);
}

static int start(struct filework_task *t, struct diag *reterr)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	_cleanup_strbuf_ struct strbuf hash = {0}, err = {0};
	const char *args[RESPAWN_ARGS] = {"--root", t->root.target_path, "label",
					  "apply",  "--apply",		 "--detach"};
	size_t n = 6;
	int r = relabel_job_load(&t->root, t->job_id, &job, reterr);

	if (r < 0)
		return r;
	strbuf_adds(&hash, "--plan=");
	strbuf_addhex(&hash, (struct span){job.hash, sizeof(job.hash)});
	args[n++] = strbuf_str(&hash);
	if (job.state == RELABEL_JOB_INTERRUPTED)
		args[n++] = "--resume";
	if (job.has_key && t->key) {
		args[n++] = "--key";
		args[n++] = t->key;
		args[n++] = "--cert";
		args[n++] = t->cert;
	}
	/* one who names its own root is looked at as another one */
	r = respawn_self(&t->root, root_owns_place(&t->root, ROOT_PROC) ? args + 2 : args,
			 &err);
	if (r < 0)
		return diag_set(reterr, DIAG_MEMORY, -r, "Cannot start a process: %s.",
				diag_errno(-r));
	return r == 0 ? 0 : refused(&err, r, reterr);
}

/* Taking back */

static void undo_progress(void *user, const struct change_progress *p)
{
	struct filework_task *t = user;

	atomic_store(&t->done, p->finished);
	atomic_store(&t->of, p->plan->n);
}

static int undo(struct filework_task *t, struct diag *reterr)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct change_result result;
	struct change_ctx ctx = {
		.root = &t->root,
		.place = ROOT_STATE,
		.actions = act_label_set(),
		.command = "change undo",
		.progress = undo_progress,
		.stop = stop,
		.audit = change_audit_hook,
		.user = t,
	};
	int r = relabel_job_load(&t->root, t->job_id, &job, reterr);

	if (r == 0)
		r = change_undo(&ctx, job.change, false, &result, reterr);
	if (r < 0)
		return r;
	t->result.steps = result.taken;
	t->result.left = result.failed + result.conflicts;
	t->result.stopped = result.outcome == CHANGE_STOPPED;
	return 0;
}

static int (*const tasks[_FILEWORK_MAX])(struct filework_task *, struct diag *) = {
	[FILEWORK_SCAN] = scan, [FILEWORK_LOOK] = look,	  [FILEWORK_SIGN] = sign,
	[FILEWORK_PLAN] = plan, [FILEWORK_START] = start, [FILEWORK_UNDO] = undo,
};

static void run(struct pool_job *job)
{
	struct filework_task *t = (struct filework_task *)job;
	int r = tasks[t->what](t, &t->result.error);

	t->result.what = t->what;
	t->result.stopped |= r == -ECANCELED || t->scan.stopped;
	if (r == -ECANCELED)
		t->result.error = (struct diag){0};
	else if (r < 0 && t->result.error.id == DIAG_NONE)
		(void)diag_set(&t->result.error, DIAG_INTERNAL, -r, "That failed: %s.",
			       diag_errno(-r));
}

int filetask_new(const struct root *root, enum filework_what what, const char *path,
		 struct filework_task **ret, struct diag *reterr)
{
	struct filework_task *t = calloc(1, sizeof(*t));
	int r = 0;

	if (t)
		t->path = path ? strdup(path) : NULL;
	if (!t || (path && !t->path))
		r = diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (r == 0)
		r = root_open_again(root, &t->root, reterr);
	if (r < 0) {
		if (t)
			free(t->path);
		free(t);
		return r;
	}
	t->what = what;
	t->job.run = run;
	*ret = t;
	return 0;
}
