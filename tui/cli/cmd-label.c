/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl label: the right label for every file, planned, set, watched, taken back. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/cert/keylive.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/cmd.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/labelwork.h"
#include "tui/cli/relabeljob.h"
#include "tui/cli/relabelout.h"

enum { THREADS_MAX = 64 };

/* The key whose signatures are replaced. */
static int take_instead(struct labelwork *w, uint8_t id[IMAXATTR_KEYID],
			struct diag *reterr)
{
	const char *text = opt_str(w->cli->opts, "instead-of", NULL);
	char q[80];

	if (!text)
		return 0;
	if (strlen(text) != 2 * IMAXATTR_KEYID || hex_decode(id, span_of(text)) < 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"%s is no key id of 8 hexadecimal digits.",
				str_quote(q, sizeof(q), span_of(text)));
	w->opts.instead_of = (struct span){id, IMAXATTR_KEYID};
	if (!w->key || w->opts.by_kernel || w->opts.sign_anew)
		return diag_set(
			reterr, DIAG_ARGUMENTS, EINVAL,
			"--instead-of needs --key=FILE to sign with, and goes with "
			"neither --sign-anew nor --by-kernel.");
	if (span_equal(sig_key_id(w->key), w->opts.instead_of))
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"--instead-of names the key that signs.");
	return 0;
}

static int take_key(struct labelwork *w, struct diag *reterr)
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
static int take_hash(struct labelwork *w, enum hash_alg kernels, struct diag *reterr)
{
	w->opts.alg = kernels;
	w->opts.alg_given = opt_str(w->cli->opts, "hash", NULL);
	return w->key ? keyopt_hash(w->cli, w->key, &w->opts.alg, reterr)
		      : files_hash_option(w->cli, &w->opts.alg, reterr);
}

static int take_numbers(struct labelwork *w, struct diag *reterr)
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

static int take_by_kernel(struct labelwork *w, struct diag *reterr)
{
	w->opts.by_kernel = opt_flag(w->cli->opts, "by-kernel");
	if (!w->opts.by_kernel || w->kernel.fixes)
		return 0;
	return diag_set(reterr, DIAG_NO_FIX_MODE, EOPNOTSUPP,
			"This kernel is not in fix mode%s: it labels nothing.",
			w->kernel.secure_boot ? ", nor can it be under Secure Boot" : "");
}

static int take_scope(struct labelwork *w, struct diag *reterr)
{
	struct cli *cli = w->cli;
	bool candidate = opt_flag(cli->opts, "candidate");

	if (candidate && cli->n_args)
		return diag_set(
			reterr, DIAG_ARGUMENTS, EINVAL,
			"--candidate says what is labelled: no path goes with it.");
	return scopeopt_read(cli, candidate ? SCOPE_CANDIDATE : SCOPE_POLICY, cli->args,
			     cli->n_args, &w->paths, reterr);
}

static int take_wish(struct labelwork *w, struct cli *cli,
		     uint8_t instead[IMAXATTR_KEYID], struct diag *reterr)
{
	int r;

	*w = (struct labelwork){.cli = cli, .recheck = opt_flag(cli->opts, "recheck")};
	relabel_kernel(&cli->root, &w->kernel);
	r = take_numbers(w, reterr);
	if (r == 0)
		r = take_by_kernel(w, reterr);
	if (r == 0)
		r = take_key(w, reterr);
	if (r == 0)
		r = take_instead(w, instead, reterr);
	if (r == 0)
		r = take_hash(w, w->kernel.alg, reterr);
	if (r == 0)
		r = take_scope(w, reterr);
	w->opts.scope = w->paths.scope;
	w->opts.paths = w->paths.path;
	w->opts.n_paths = w->paths.n;
	return r;
}

static int run_plan(struct cli *cli)
{
	_cleanup_(labelwork_done) struct labelwork w;
	uint8_t instead[IMAXATTR_KEYID];
	struct diag d = {0};

	return take_wish(&w, cli, instead, &d) < 0 ? cmd_fail(&d) : labelwork_plan(&w);
}

/* As it was planned, but at the pace that is asked for now. */
static int resume(struct labelwork *w)
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
	if (!w->cli->json || !opt_flag(w->cli->opts, "apply")) {
		relabelout_job(w->cli, &job);
		if (!w->cli->json)
			relabelout_hash(w->cli, job.hash);
	}
	r = change_ui_confirm(w->cli,
			      job.steps > RELABEL_MANY ? PLAN_BOOT : PLAN_REVERSIBLE,
			      job.hash, &d);
	if (r <= 0)
		return r < 0 ? cmd_fail(&d) : CMD_OK;
	return labelwork_run(w, &job, true);
}

static int run_apply(struct cli *cli)
{
	_cleanup_(labelwork_done) struct labelwork w;
	uint8_t instead[IMAXATTR_KEYID];
	struct diag d = {0};

	if (take_wish(&w, cli, instead, &d) < 0)
		return cmd_fail(&d);
	w.foreground = opt_flag(cli->opts, "foreground");
	w.detach = opt_flag(cli->opts, "detach");
	return opt_flag(cli->opts, "resume") ? resume(&w) : labelwork_apply(&w);
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
		{"candidate", 0, OPT_FLAG, NULL,                                         \
		 "What the policy appraises that a rollout has staged"},                 \
		{"sign-anew", 0, OPT_FLAG, NULL,                                         \
		 "Sign, too, what another key has signed and does not fit"},             \
		{"instead-of", 0, OPT_STRING, "KEYID",                                   \
		 "Sign what that key has signed, and nothing else"},                     \
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
		"every file system that holds files of its own. With --candidate: what the\n"
		"policy will that 'rollout stage' has kept, and no other.\n\n"
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
		"With --instead-of a signature by that key which fits is replaced by one of\n"
		"--key, wherever the file lies; every other file is passed over, and so are\n"
		"copies of policies in generations ('key rotate' does all of it).\n\n"
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
