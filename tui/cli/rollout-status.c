/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout status: how far the trial is, and what comes next. */
#include "core/rollout/trialnow.h"
#include "tui/cli/rollout.h"

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

static void json(struct cli *cli, const struct trialnow *now)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/rollout/1");
	json_ku64(&j, "candidate", now->candidate);
	json_kbool(&j, "healthy", now->note.healthy);
	trial_json(now, &j);
	json_kstr(&j, "trial_error", now->unknown.id ? now->unknown.text : NULL);
	evidence_json(now, &j);
	json_kstr(&j, "next", *trialnow_next(now) ? trialnow_next(now) : NULL);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int run(struct cli *cli)
{
	_cleanup_trialnow_ struct trialnow now = {0};
	struct diag d = {0};

	if (trialnow_load(&cli->root, &now, &d) < 0)
		return cmd_fail(&d);
	cli->json ? json(cli, &now) : text(cli->out, &now);
	return now.unknown.id || (now.there && now.trial.state == TRIAL_FAILED)
		       ? CMD_HUMAN
		       : CMD_OK;
}

const struct cmd rollout_status = {
	.name = "status",
	.summary = "Show how far the trial is, and what comes next",
	.flags = CMD_JSON | CMD_LIVE,
	.run = run,
	.help = "What is tried, in which boot, until when it waits to be confirmed; of a trial\n"
		"that failed why, and where what was kept of it lies. Ends with 8 when one\n"
		"failed.",
};
