/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/labelwork.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/label/relabel-guess.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/relabeljob.h"
#include "tui/cli/relabelout.h"

void labelwork_done(struct labelwork *w)
{
	scopeopt_done(&w->paths);
	sig_key_free(w->key);
	keyset_done(&w->others);
}

/* Planning takes seconds, minutes where many labels must be checked: a line on a terminal
 * says how far it is. */
static void progress(void *user, const struct relabel_progress *p)
{
	static const char *const words[] = {[RELABEL_WALKING] = "seen",
					    [RELABEL_CHECKING] = "labels checked",
					    [RELABEL_PLANNING] = "planned"};
	_cleanup_strbuf_ struct strbuf b = {0};
	uint64_t *last = user;
	char count[24], of[24];

	if (p->files / 4096 == *last && p->files)
		return;
	*last = p->files / 4096;
	strbuf_addf(&b, "\r%s %s", str_count(count, sizeof(count), p->files),
		    words[p->phase]);
	if (p->of)
		strbuf_addf(&b, " of %s", str_count(of, sizeof(of), p->of));
	strbuf_adds(&b, "          \r");
	(void)fs_write_all(STDERR_FILENO, b.ptr, b.len); /* only to be looked at */
}

/* A key in a token may ask for a touch each time: it does not sign to be measured. */
static bool in_token(const struct labelwork *w)
{
	return strncmp(opt_str(w->cli->opts, "key", ""), "pkcs11:", 7) == 0;
}

static int plan_files(struct labelwork *w, struct relabel *ret,
		      struct relabel_guess *guess, struct diag *reterr)
{
	uint64_t shown = UINT64_MAX;
	bool tty = isatty(STDERR_FILENO);
	struct relabel_watch watch = {.progress = tty ? progress : NULL, .user = &shown};
	struct relabel_how how = {
		.threads = w->threads,
		.recheck = w->recheck,
		.readonly = w->cli->readonly,
	};
	int r;

	r = relabel_plan_root(&w->cli->root, &how, &w->opts, &watch, ret, reterr);
	if (r == 0 && ret->plan.n) /* nothing is tried out for nothing */
		relabel_guess(&w->cli->root, ret, &w->opts, w->threads,
			      in_token(w) ? NULL : w->key, guess);
	return r;
}

/* Makes the plan, keeps it (but with --readonly) and shows it. */
static int make_plan(struct labelwork *w, struct relabel_job *ret,
		     enum plan_danger *danger, struct diag *reterr)
{
	_cleanup_relabel_ struct relabel r = {0};
	struct relabel_guess guess = {0};
	int err = plan_files(w, &r, &guess, reterr);

	if (err == 0 && r.plan.n && !w->cli->readonly)
		err = relabel_job_keep(&w->cli->root, &r, &w->opts, w->threads, ret,
				       reterr);
	if (err < 0)
		return err;
	*danger = plan_danger(&r.plan);
	relabelout_plan(w->cli, &r, &w->opts, &guess, &w->kernel, ret->id);
	return 0;
}

static struct relabeljob_how how_of(const struct labelwork *w, bool resume)
{
	return (struct relabeljob_how){
		.key = w->key,
		.resume = resume,
		.kernel_fixes = w->kernel.fixes,
		/* what a token has opened does not survive a fork */
		.foreground = w->foreground || in_token(w),
		.detach = w->detach,
	};
}

/* The key must be the one that the plan was made with. */
static int check_key(const struct labelwork *w, const struct relabel_job *job,
		     struct diag *reterr)
{
	if (!job->has_key)
		return 0;
	if (!w->key)
		return diag_set(reterr, DIAG_LABEL_KEY, EINVAL,
				"Job %u signs, and there is no --key.", job->id);
	if (!span_equal(sig_key_id(w->key),
			(struct span){job->keyid, sizeof(job->keyid)}))
		return diag_set(reterr, DIAG_LABEL_KEY, EINVAL,
				"Job %u was planned with another key.", job->id);
	return 0;
}

/* The command that made the plan may be repeated with --plan, and mean no other files. */
static int check_paths(const struct labelwork *w, const struct relabel_job *job,
		       struct diag *reterr)
{
	int r = !w->paths.n ? 1
			    : relabel_job_is_below(&w->cli->root, job, w->paths.path,
						   w->paths.n, reterr);

	return r ? (r < 0 ? r : 0)
		 : diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
			    "The plan with that hash is of other paths.");
}

int labelwork_run(struct labelwork *w, struct relabel_job *job, bool resume)
{
	struct relabeljob_how how = how_of(w, resume);
	struct diag d = {0};

	if (check_key(w, job, &d) < 0)
		return cmd_fail(&d);
	return relabeljob_run(w->cli, job, &how);
}

/* The plan that was shown and is meant. */
static int apply_kept(struct labelwork *w)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	const char *text = opt_str(w->cli->opts, "plan", NULL);
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d = {0};
	int r = 0;

	if (strlen(text) != 2 * sizeof(hash) || hex_decode(hash, span_of(text)) < 0)
		r = diag_set(&d, DIAG_VALUE, EINVAL,
			     "--plan wants the 64 digits that the plan showed.");
	if (r == 0)
		r = relabel_job_find(&w->cli->root, hash, &job, &d);
	if (r == 0)
		r = check_paths(w, &job, &d);
	return r < 0 ? cmd_fail(&d) : labelwork_run(w, &job, false);
}

/* A plan of now, shown and asked for. */
static int apply_new(struct labelwork *w)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	enum plan_danger danger = PLAN_VIEW;
	struct diag d = {0};
	int r = make_plan(w, &job, &danger, &d);

	if (r == 0 && !job.id)
		return CMD_OK; /* nothing to do */
	if (r == 0)
		r = change_ui_confirm(w->cli, danger, job.hash, &d);
	if (r <= 0)
		return r < 0 ? cmd_fail(&d) : CMD_OK;
	return labelwork_run(w, &job, false);
}

int labelwork_apply(struct labelwork *w)
{
	const struct opts *o = w->cli->opts;

	return opt_flag(o, "apply") && opt_str(o, "plan", NULL) ? apply_kept(w)
								: apply_new(w);
}

int labelwork_plan(struct labelwork *w)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	enum plan_danger danger;
	struct diag d = {0};

	return make_plan(w, &job, &danger, &d) < 0 ? cmd_fail(&d) : CMD_OK;
}
