/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout plan and preflight: the whole way, and the look before it is gone. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/rollout.h"
#include "tui/cli/rolloutout.h"

static int find_step(const char *word, enum rollout_id *ret, struct diag *reterr)
{
	char q[40];

	*ret = rollout_from_word(word);
	if (*ret == _ROLLOUT_MAX || !rollout_may_skip(*ret))
		return diag_set(
			reterr, DIAG_VALUE, EINVAL,
			"%s is no step that can be skipped: label and observe are.",
			str_quote(q, sizeof(q), span_of(word)));
	return 0;
}

/* A reason that nobody reads is none; one that does not fit a name cannot be kept. */
static int find_reason(const struct cli *cli, bool skips, const char **ret,
		       struct diag *reterr)
{
	*ret = opt_str(cli->opts, "reason", "");
	if (skips && !**ret)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--skip needs a reason: --reason=WHY.");
	if (strlen(*ret) >= ROLLOUTMEMO_WHY)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--reason is at most %d bytes long.",
				ROLLOUTMEMO_WHY - 1);
	return 0;
}

static int plan_skip(struct cli *cli, const char *word, bool skips, struct plan *plan,
		     struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	enum rollout_id step;
	const char *why = "";
	int r = find_step(word, &step, reterr);

	if (r == 0)
		r = find_reason(cli, skips, &why, reterr);
	if (r == 0)
		r = gen_list_load(&cli->root, NULL, &list, reterr);
	if (r == 0 && !list.candidate)
		return diag_set(reterr, DIAG_TRIAL_NO_CANDIDATE, EPERM,
				"No policy was staged, so there is no rollout.");
	if (r == 0)
		r = plan_init(plan,
			      skips ? "skip a step of the rollout"
				    : "take a step of the rollout after all",
			      reterr);
	return r < 0 ? r
		     : rolloutmemo_skip(plan, &cli->root, list.candidate, step,
					skips ? why : "", reterr);
}

static int run_skip(struct cli *cli, const char *skip, const char *take)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};

	if (skip && take)
		diag_set(&d, DIAG_VALUE, EINVAL, "It is --skip or --take, not both.");
	if (d.id || cmd_may_change(cli, &d) < 0 ||
	    plan_skip(cli, skip ? skip : take, skip != NULL, &plan, &d) < 0)
		return cmd_fail(&d);
	return change_ui_run(cli, &plan);
}

static int run_plan(struct cli *cli)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	const char *skip = opt_str(cli->opts, "skip", NULL);
	const char *take = opt_str(cli->opts, "take", NULL);
	struct diag d = {0};

	if (skip || take)
		return run_skip(cli, skip, take);
	if (rolloutout_load(cli, false, false, &r, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		rolloutout_json(cli, r);
	else
		rolloutout_plan(cli->out, r);
	return CMD_OK;
}

const struct cmd rollout_plan = {
	.name = "plan",
	.summary = "Show all steps: what they change, how that is undone",
	.flags = CMD_JSON | CMD_LIVE | CMD_PLANS | CMD_ROOT,
	.options =
		(const struct opt[]){
			{"skip", 0, OPT_STRING, "STEP",
			 "Go on without that step: label or observe", NULL},
			{"reason", 0, OPT_STRING, "WHY", "Why it is skipped", NULL},
			{"take", 0, OPT_STRING, "STEP",
			 "Take a step after all that was skipped", NULL},
			{0},
		},
	.run = run_plan,
	.help = "The nine steps from no policy to one that is enforced, each looked at anew:\n"
		"what it is about, what it would change, how that is undone, and the command\n"
		"that takes it. Nothing is changed.\n\n"
		"With --skip a step is left out of this rollout, with a reason, which every\n"
		"look at it shows from then on; what the step finds is shown all the same.",
};

static int run_preflight(struct cli *cli)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct diag d = {0};

	if (rolloutout_load(cli, !opt_flag(cli->opts, "quick"), false, &r, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		rolloutout_json(cli, r);
	else
		rolloutout_step(cli->out, r, ROLLOUT_PREFLIGHT, true);
	return rolloutout_exit(r, ROLLOUT_PREFLIGHT);
}

const struct cmd rollout_preflight = {
	.name = "preflight",
	.summary = "Look at all that must be right before a trial",
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT,
	.options =
		(const struct opt[]){
			{"quick", 'q', OPT_FLAG, NULL,
			 "Read no files: take what labels say of them for right", NULL},
			{0},
		},
	.run = run_preflight,
	.help = "Tries the staged policy on the files that this machine uses, the ones that a\n"
		"boot and a login cannot do without by name, and looks at what brings the\n"
		"machine back when it was wrong: the hook in each initramfs, what can be gone\n"
		"back to, the boot loader, room, pending work of the next boot, volumes that a\n"
		"TPM opens. Nothing is changed.\n\n"
		"Exits 0 when nothing is in the way, 5 when something is, 1 when there is no\n"
		"policy to try.",
};
