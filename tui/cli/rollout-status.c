/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout status: how far the rollout and its trial are, and what comes next. */
#include <errno.h>

#include "core/rollout/trialnow.h"
#include "tui/cli/rollout.h"
#include "tui/cli/rolloutout.h"

static int status_exit(const struct trialnow *now)
{
	return now->unknown.id || (now->there && now->trial.state == TRIAL_FAILED)
		       ? CMD_HUMAN
		       : CMD_OK;
}

static void text(struct out *o, const struct trialnow *now)
{
	const char *next = trialnow_next(now);

	if (now->candidate)
		out_addf(o, "Candidate: generation %u\n", now->candidate);
	else
		out_add(o, "Candidate: none\n");
	trialnow_format(now, out_buf(o));
	if (*next)
		out_addf(o, "Next: %s\n", next);
}

static void trial_json(const struct trialnow *now, struct json *j)
{
	const struct trial *t = &now->trial;

	json_key(j, "trial");
	if (!now->there) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_kstr(j, "state", trial_state_word(t->state));
	json_ku64(j, "generation", t->number);
	json_kstr(j, "id", t->id);
	json_kbool(j, "this_boot", now->here);
	json_kbool(j, "entry_next", now->entry);
	if (t->state == TRIAL_ARMED || t->state == TRIAL_NEXT)
		json_ku64(j, "boots_left", t->boots_left);
	if (now->guarded)
		json_ku64(j, "seconds_left", now->left);
	if (t->state == TRIAL_PROVING)
		json_kbool(j, "on_disk", now->on_disk);
	json_kstr(j, "cause",
		  t->state == TRIAL_FAILED ? trial_cause_word(t->cause) : NULL);
	json_close(j, '}');
}

static void evidence_json(const struct trialnow *now, struct json *j)
{
	json_key(j, "evidence");
	if (!now->evidence) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_ku64(j, "folder", now->evidence);
	json_kbytes(j, "systemd", strbuf_span(&now->systemd));
	json_kbytes(j, "kernel", strbuf_span(&now->kernel));
	json_kbytes(j, "gate", strbuf_span(&now->gate));
	json_close(j, '}');
}

void rollout_trial_json(const struct trialnow *now, struct json *j)
{
	json_ku64(j, "candidate", now->candidate);
	json_kbool(j, "healthy", now->note.healthy);
	trial_json(now, j);
	json_kstr(j, "trial_error", now->unknown.id ? now->unknown.text : NULL);
	evidence_json(now, j);
	json_kstr(j, "next", *trialnow_next(now) ? trialnow_next(now) : NULL);
}

/* The trial alone: what a boot under a policy that denies much can still be asked. */
static int run_trial(struct cli *cli)
{
	_cleanup_trialnow_ struct trialnow now = {0};
	struct json j = json_to(out_buf(cli->out));
	struct diag d = {0};

	if (trialnow_load(&cli->root, &now, &d) < 0)
		return cmd_fail(&d);
	if (!cli->json) {
		text(cli->out, &now);
		return status_exit(&now);
	}
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/rollout/1");
	rollout_trial_json(&now, &j);
	json_close(&j, '}');
	out_add(cli->out, "\n");
	return status_exit(&now);
}

/* Who may not look at what is staged would be told that nothing is. */
static int may_look(const struct rollout *r, struct diag *reterr)
{
	if (r->now.unknown.err != EACCES && r->now.unknown.err != EPERM)
		return 0;
	return diag_set(reterr, DIAG_NEED_ROOT, EPERM,
			"How far the rollout is only root may look at.");
}

static int run(struct cli *cli)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct diag d = {0};

	if (opt_flag(cli->opts, "trial"))
		return run_trial(cli);
	if (rolloutout_load(cli, false, opt_flag(cli->opts, "brief"), &r, &d) < 0 ||
	    may_look(r, &d) < 0)
		return cmd_fail(&d);
	if (cli->json) {
		rolloutout_json(cli, r);
	} else {
		rolloutout_text(cli->out, r);
		if (r->now.there || r->now.unknown.id)
			trialnow_format(&r->now, out_buf(cli->out));
	}
	return status_exit(&r->now);
}

const struct cmd rollout_status = {
	.name = "status",
	.summary = "Show how far the rollout is, and what comes next",
	.flags = CMD_JSON | CMD_LIVE,
	.options =
		(const struct opt[]){
			{"trial", 0, OPT_FLAG, NULL,
			 "Of the trial alone: no file is looked at", NULL},
			{"brief", 'b', OPT_FLAG, NULL,
			 "Look at no file: what was found last counts", NULL},
			{0},
		},
	.run = run,
	.help = "All steps, each looked at anew, and what is in the way of the next one, with\n"
		"the command against that. Then the trial: what is tried, in which boot, until\n"
		"when it waits to be confirmed; of one that failed why, and where what was kept\n"
		"of it lies. Ends with 8 when one failed.\n\n"
		"What was found of files is remembered; with --brief none is looked at, and\n"
		"what was found last counts, which is said.",
};
