/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl label: the right label for every file, planned, set, watched, taken back. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/cert/keylive.h"
#include "core/label/relabel-guess.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/cmd.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/relabeljob.h"
#include "tui/cli/relabelout.h"
#include "tui/cli/scopeopt.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

enum { THREADS_MAX = 64 };

/* What the options say. */
struct wish {
	struct cli *cli;
	struct relabel_opts opts;
	struct scopeopt paths;
	struct sig_key *key;
	struct keyset others; /* keys of signatures that are there */
	unsigned threads;
	bool threads_given, throttle_given;
	struct relabel_kernel kernel;
};

static void wish_done(struct wish *w)
{
	scopeopt_done(&w->paths);
	sig_key_free(w->key);
	keyset_done(&w->others);
}

static int take_key(struct wish *w, struct diag *reterr)
{
	int r = 0;

	if (opt_str(w->cli->opts, "key", NULL))
		r = keyopt_private(w->cli, &w->key, reterr);
	w->opts.key = w->key;
	w->opts.keys = &w->others;
	w->opts.sign_anew = opt_flag(w->cli->opts, "sign-anew");
	if (r == 0 && w->opts.sign_anew && !w->key)
		r = diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
			     "--sign-anew needs --key=FILE to sign with.");
	return r < 0 ? r
		     : keylive_keys_for(&w->cli->root, IMAXATTR_IMA, &w->others, reterr);
}

/* Without --hash: what goes with the key; without a key what the kernel uses. */
static int take_hash(struct wish *w, enum hash_alg kernels, struct diag *reterr)
{
	w->opts.alg = kernels;
	w->opts.alg_given = opt_str(w->cli->opts, "hash", NULL);
	return w->key ? keyopt_hash(w->cli, w->key, &w->opts.alg, reterr)
		      : files_hash_option(w->cli, &w->opts.alg, reterr);
}

static int take_numbers(struct wish *w, struct diag *reterr)
{
	const uint64_t none = UINT64_MAX;
	uint64_t threads = opt_u64(w->cli->opts, "jobs", none);
	uint64_t mib = opt_u64(w->cli->opts, "throttle", none);

	w->threads_given = threads != none;
	w->throttle_given = mib != none;
	threads = w->threads_given ? threads : 0;
	mib = w->throttle_given ? mib : 0;
	if (threads > THREADS_MAX || mib > 1 << 20)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--jobs goes up to %d, --throttle up to a terabyte.",
				THREADS_MAX);
	w->threads = (unsigned)threads;
	w->opts.throttle = mib << 20;
	return 0;
}

static int take_by_kernel(struct wish *w, struct diag *reterr)
{
	w->opts.by_kernel = opt_flag(w->cli->opts, "by-kernel");
	if (!w->opts.by_kernel || w->kernel.fixes)
		return 0;
	return diag_set(reterr, DIAG_NO_FIX_MODE, EOPNOTSUPP,
			"This kernel is not in fix mode%s: it labels nothing.",
			w->kernel.secure_boot ? ", nor can it be under Secure Boot" : "");
}

static int take_wish(struct wish *w, struct cli *cli, struct diag *reterr)
{
	int r;

	*w = (struct wish){.cli = cli};
	relabel_kernel(&cli->root, &w->kernel);
	r = take_numbers(w, reterr);
	if (r == 0)
		r = take_by_kernel(w, reterr);
	if (r == 0)
		r = take_key(w, reterr);
	if (r == 0)
		r = take_hash(w, w->kernel.alg, reterr);
	if (r == 0)
		r = scopeopt_read(cli, cli->args, cli->n_args, &w->paths, reterr);
	w->opts.scope = w->paths.scope;
	w->opts.paths = w->paths.path;
	w->opts.n_paths = w->paths.n;
	return r;
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
static bool in_token(const struct wish *w)
{
	return strncmp(opt_str(w->cli->opts, "key", ""), "pkcs11:", 7) == 0;
}

static int plan_files(struct wish *w, struct relabel *ret, struct relabel_guess *guess,
		      struct diag *reterr)
{
	uint64_t shown = UINT64_MAX;
	bool tty = isatty(STDERR_FILENO);
	struct relabel_watch watch = {.progress = tty ? progress : NULL, .user = &shown};
	struct relabel_how how = {
		.threads = w->threads,
		.recheck = opt_flag(w->cli->opts, "recheck"),
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
static int make_plan(struct wish *w, struct relabel_job *ret, enum plan_danger *danger,
		     struct diag *reterr)
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

static int run_plan(struct cli *cli)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	_cleanup_(wish_done) struct wish w;
	enum plan_danger danger;
	struct diag d = {0};
	int r = take_wish(&w, cli, &d);

	if (r == 0)
		r = make_plan(&w, &job, &danger, &d);
	return r < 0 ? cmd_fail(&d) : CMD_OK;
}

static struct relabeljob_how how_of(const struct wish *w, bool resume)
{
	return (struct relabeljob_how){
		.key = w->key,
		.resume = resume,
		.kernel_fixes = w->kernel.fixes,
		/* what a token has opened does not survive a fork */
		.foreground = opt_flag(w->cli->opts, "foreground") || in_token(w),
		.detach = opt_flag(w->cli->opts, "detach"),
	};
}

/* The key must be the one that the plan was made with. */
static int check_key(const struct wish *w, const struct relabel_job *job,
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
static int check_paths(const struct wish *w, const struct relabel_job *job,
		       struct diag *reterr)
{
	int r = !w->paths.n ? 1
			    : relabel_job_is_below(&w->cli->root, job, w->paths.path,
						   w->paths.n, reterr);

	return r ? (r < 0 ? r : 0)
		 : diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
			    "The plan with that hash is of other paths.");
}

static int run_job(struct wish *w, struct relabel_job *job, bool resume)
{
	struct relabeljob_how how = how_of(w, resume);
	struct diag d = {0};

	if (check_key(w, job, &d) < 0)
		return cmd_fail(&d);
	return relabeljob_run(w->cli, job, &how);
}

/* The plan that was shown and is meant. */
static int apply_kept(struct wish *w)
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
	return r < 0 ? cmd_fail(&d) : run_job(w, &job, false);
}

/* As it was planned, but at the pace that is asked for now. */
static int resume(struct wish *w)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct diag d = {0};
	int r = 0;

	if (w->cli->n_args)
		r = diag_set(&d, DIAG_ARGUMENTS, EINVAL,
			     "The job has its paths: none go with --resume.");
	if (r == 0)
		r = relabel_job_find_open(&w->cli->root, &job, &d);
	if (r < 0)
		return cmd_fail(&d);
	if (w->threads_given)
		job.threads = w->threads;
	if (w->throttle_given)
		job.throttle = w->opts.throttle;
	if (!w->cli->json || !opt_flag(w->cli->opts, "apply"))
		relabelout_job(w->cli, &job);
	r = change_ui_confirm(w->cli,
			      job.steps > RELABEL_MANY ? PLAN_BOOT : PLAN_REVERSIBLE,
			      job.hash, &d);
	if (r <= 0)
		return r < 0 ? cmd_fail(&d) : CMD_OK;
	return run_job(w, &job, true);
}

/* A plan of now, shown and asked for. */
static int apply_new(struct wish *w)
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
	return run_job(w, &job, false);
}

static int run_apply(struct cli *cli)
{
	_cleanup_(wish_done) struct wish w;
	struct diag d = {0};

	if (take_wish(&w, cli, &d) < 0)
		return cmd_fail(&d);
	if (opt_flag(cli->opts, "resume"))
		return resume(&w);
	if (opt_flag(cli->opts, "apply") && opt_str(cli->opts, "plan", NULL))
		return apply_kept(&w);
	return apply_new(&w);
}

/* The job that is named, or the last one. */
static int job_of(struct cli *cli, struct relabel_job *ret, struct diag *reterr)
{
	uint64_t id;
	char q[80];

	if (!cli->n_args)
		return relabel_job_last(&cli->root, ret, reterr);
	if (str_to_u64(span_of(cli->args[0]), &id) < 0 || id == 0 || id > 999999999)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"%s is not the number of a job.",
				str_quote(q, sizeof(q), span_of(cli->args[0])));
	return relabel_job_load(&cli->root, (unsigned)id, ret, reterr);
}

static int run_status(struct cli *cli)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct diag d = {0};

	if (job_of(cli, &job, &d) < 0)
		return cmd_fail(&d);
	if (opt_flag(cli->opts, "follow") && job.state == RELABEL_JOB_RUNNING)
		return relabeljob_follow(cli, job.id);
	relabelout_job(cli, &job);
	return job.state == RELABEL_JOB_PLANNED || job.state == RELABEL_JOB_RUNNING
		       ? CMD_OK
		       : relabelout_exit(&job);
}

static int run_stop(struct cli *cli)
{
	_cleanup_relabel_job_ struct relabel_job job = {0}, after = {0};
	struct diag d = {0};
	int r = job_of(cli, &job, &d);

	if (r == 0)
		r = relabeljob_stop(cli, job.id, &d);
	if (r == 0)
		r = relabel_job_load(&cli->root, job.id, &after, &d);
	if (r < 0)
		return cmd_fail(&d);
	relabelout_job(cli, &after);
	return CMD_OK;
}

static int run_undo(struct cli *cli)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct diag d = {0};
	int r = cli->n_args ? job_of(cli, &job, &d)
			    : relabel_job_last_applied(&cli->root, &job, &d);

	if (r == 0 && !job.change)
		r = diag_set(&d, DIAG_NOTHING_OPEN, ENOENT, "Job %u has set no labels.",
			     job.id);
	return r < 0 ? cmd_fail(&d) : cmd_change_settle(cli, job.change, true);
}

#define OPT_WORK                                                                         \
	{"jobs", 'j', OPT_NUMBER, "N",                                                   \
	 "Threads that read; by default as many as there are processors"},               \
	{                                                                                \
		"throttle", 0, OPT_NUMBER, "MIB", "Read at most that many MiB a second"  \
	}

#define OPT_WISH                                                                         \
	{"hash", 0, OPT_STRING, "ALG",                                                   \
	 "Hash algorithm; right labels of other ones are replaced, too"},                \
		KEYOPT_SIGN, OPT_WORK,                                                   \
		{"sign-anew", 0, OPT_FLAG, NULL,                                         \
		 "Sign, too, what another key has signed and does not fit"},             \
		{"by-kernel", 0, OPT_FLAG, NULL,                                         \
		 "Leave hashes to the kernel, which must be in fix mode"},               \
	{                                                                                \
		"recheck", 0, OPT_FLAG, NULL,                                            \
			"Read files, too, whose label was right and that look unchanged" \
	}

static const struct opt plan_options[] = {OPT_WISH, {0}};

static const struct opt apply_options[] = {
	OPT_WISH,
	{"resume", 0, OPT_FLAG, NULL, "Go on with the job that was interrupted"},
	{"detach", 0, OPT_FLAG, NULL, "Return when the job has begun"},
	{"foreground", 0, OPT_FLAG, NULL, "Work in this process, not apart from it"},
	{0},
};

static const struct opt status_options[] = {
	{"follow", 'f', OPT_FLAG, NULL, "Show how far it is until it has ended"},
	{0},
};

static const struct opt undo_options[] = {
	{"force", 0, OPT_FLAG, NULL,
	 "Put the old label back also where somebody has changed it since"},
	{0},
};

static const struct cmd sub_plan = {
	.name = "plan",
	.summary = "Say which labels are missing or wrong, and set none",
	.args = "[PATH...]",
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT,
	.options = plan_options,
	.run = run_plan,
	.help = "Without a path: what the policy in force appraises, whoever uses it; where\n"
		"that is nothing, what the policy for the boot does (/etc/ima/ima-policy);\n"
		"and without one what ima_policy=appraise_tcb does, the files of root on\n"
		"every file system that holds files of its own.\n\n"
		"With --key, what packages bring is signed, unless it lies where it is\n"
		"meant to be changed (/etc, /var); everything else gets a hash. What is\n"
		"right stays, and no signature is ever replaced by a hash.\n\n"
		"Only labels that are there are checked, by reading their files; those\n"
		"that were right before and have not changed are known. Where the kernel\n"
		"is in fix mode, reading a file is enough for it to set the label.\n\n"
		"Signatures by other keys are checked with those of this kernel (.ima,\n"
		"_ima), below --root with the certificates in /etc/keys/ and other usual\n"
		"places. One that does not fit is reported and left alone, unless\n"
		"--sign-anew is given; one by a key that is not at hand is not read.\n\n"
		"How long it will take is told by the pace of the last job of that kind;\n"
		"without one, by what hashing and signing takes here.\n\n"
		"The plan is kept in /var/lib/imactl/jobs until 'label apply' carries it\n"
		"out, or some newer plans are kept.",
};

static const struct cmd sub_apply = {
	.name = "apply",
	.summary = "Set labels by a plan, as a job of its own",
	.args = "[PATH...]",
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT | CMD_MUTATES,
	.options = apply_options,
	.run = run_apply,
	.help = "Makes the plan, shows it and asks; with --apply --plan=HASH the plan of\n"
		"that hash that 'label plan' has kept is carried out, as it was shown:\n"
		"files that are other ones by then are left alone and counted.\n\n"
		"The work is done by a process in a session of its own, which goes on\n"
		"when the terminal is closed. ^C or 'label stop' pause it; what is done\n"
		"stays, and --resume goes on. On a terminal a line tells how far it is; with\n"
		"--json standard error has an object twice a second.\n\n"
		"Exit status 7 when some files could not be labelled.",
};

static const struct cmd sub_status = {
	.name = "status",
	.summary = "How far a job is, or how it ended",
	.args = "[JOB]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS,
	.options = status_options,
	.run = run_status,
	.help = "Without a number: the last job. Exit status 7 when it was interrupted\n"
		"or some files could not be labelled.",
};

static const struct cmd sub_stop = {
	.name = "stop",
	.summary = "Pause or end a running job; what is done stays",
	.args = "[JOB]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT,
	.run = run_stop,
	.help = "The job ends with the files it is at. 'label apply --resume' goes on with\n"
		"the others, now or after a restart, and reads nothing twice: stopping is\n"
		"pausing. 'label undo' takes back what is done.",
};

static const struct cmd sub_undo = {
	.name = "undo",
	.summary = "Put the labels of before back, byte for byte",
	.args = "[JOB]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT | CMD_MUTATES,
	.options = undo_options,
	.run = run_undo,
	.help = "Without a number: of the last job that was not taken back yet, also of one\n"
		"that was interrupted.\n"
		"Labels that somebody has changed since are left alone and counted (exit\n"
		"status 7).",
};

const struct cmd cmd_label = {
	.name = "label",
	.summary = "The right label (hash or signature) for every file",
	.subs = (const struct cmd *const[]){&sub_plan, &sub_apply, &sub_status, &sub_stop,
					    &sub_undo, NULL},
	.help = "Before appraisal is enforced, every file in its scope needs the right\n"
		"label in security.ima. This plans them, sets them, and takes them back.",
};
