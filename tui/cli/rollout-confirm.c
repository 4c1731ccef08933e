/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout confirm and abort: how a trial ends. */
#include "core/base/cleanup.h"
#include "core/rollout/bareroot.h"
#include "core/rollout/trialnow.h"
#include "core/rollout/trialplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/rollout.h"

/* The message of the day says what is so: it is for people, and nothing fails for it. */
static void say_motd(struct cli *cli)
{
	_cleanup_trialnow_ struct trialnow now = {0};

	if (trialnow_load(&cli->root, &now, NULL) == 0)
		(void)trialnow_motd(&cli->root, &now, NULL);
}

struct confirm {
	struct strbuf release;
	struct trialplan_confirmed said;
};

static void confirm_done(struct confirm *c)
{
	strbuf_done(&c->release);
	trialplan_confirmed_done(&c->said);
}

static void confirm_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct confirm *c = user;

	strbuf_addf(out,
		    "Generation %u stays: it is written to the disk, and the machine no "
		    "longer restarts by itself.\nThe next boot proves that it loads from "
		    "there; then it is called good.\n",
		    c->said.number);
	if (!c->said.by_hand)
		return;
	strbuf_addf(out, "The kernel's words are to be changed by hand (%s):\n%s",
		    strbuf_str(&c->said.hand_why), strbuf_str(&c->said.hand));
}

static void confirm_json(const void *user, struct json *j)
{
	const struct confirm *c = user;
	const struct trialplan_confirmed *s = &c->said;

	json_open(j, '{');
	json_ku64(j, "generation", s->number);
	json_kstr(j, "mode", s->mode < _BOOTMODE_MAX ? bootmode_name(s->mode) : NULL);
	json_ku64(j, "keys_put", s->put.keys_put);
	json_ku64(j, "keys_taken", s->put.keys_taken);
	json_kstr(j, "by_hand", s->by_hand ? strbuf_str(&s->hand) : NULL);
	json_close(j, '}');
}

static int plan_confirm(struct cli *cli, struct confirm *c, struct plan *plan,
			struct diag *reterr)
{
	int r = bareroot_enter(&cli->root, reterr);

	if (r >= 0)
		r = root_read_line(&cli->root, ROOT_OSRELEASE, &c->release, reterr);
	if (r >= 0)
		r = trialplan_confirm(&cli->root, strbuf_str(&c->release), plan, &c->said,
				      reterr);
	if (r >= 0 && !opt_flag(cli->opts, "dry-run"))
		r = trialplan_hold(&cli->root, reterr);
	return r;
}

static int run_confirm(struct cli *cli)
{
	struct confirm c = {.release = {0}};
	const struct change_ui_more more = {confirm_text, "confirm", confirm_json, &c};
	_cleanup_plan_ struct plan plan = {0};
	struct change_result result = {.outcome = CHANGE_NOTHING};
	struct diag d = {0};
	int code;

	if (plan_confirm(cli, &c, &plan, &d) < 0) {
		confirm_done(&c);
		return cmd_fail(&d);
	}
	code = change_ui_run_full(cli, &plan, &more, &result);
	if (code == CMD_OK && result.outcome == CHANGE_DONE) {
		if (trialplan_release(&cli->root, &d) < 0)
			code = cmd_fail(&d);
		say_motd(cli);
	}
	confirm_done(&c);
	return code;
}

const struct cmd rollout_confirm = {
	.name = "confirm",
	.summary = "Keep the policy that this boot tries",
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES | CMD_ROOT,
	.run = run_confirm,
	.help = "In the boot that is the trial, when the health check has passed: the policy is\n"
		"written to /etc/ima, its keys to /etc/keys/ima, the mode's word into the boot\n"
		"loader's configuration, and the entry of the trial is taken away. The machine no\n"
		"longer restarts by itself.\n\n"
		"The next boot loads it from the disk; when that one is healthy, too,\n"
		"imactl-health.service calls the generation good.",
};

/* Giving up */

static void abort_text(const void *user, struct strbuf *out, bool ascii)
{
	if (*(const bool *)user)
		strbuf_adds(
			out,
			"The policy stays in force until the machine restarts: now by "
			"'systemctl reboot', else by\nitself at the deadline.\n");
	strbuf_adds(out, "The candidate and what was kept of the trial stay.\n");
}

static void abort_json(const void *user, struct json *j)
{
	json_open(j, '{');
	json_kbool(j, "running", *(const bool *)user);
	json_close(j, '}');
}

static int run_abort(struct cli *cli)
{
	_cleanup_plan_ struct plan plan = {0};
	bool running = false;
	const struct change_ui_more more = {abort_text, "abort", abort_json, &running};
	struct change_result result;
	struct diag d = {0};
	int code;

	if (bareroot_enter(&cli->root, &d) < 0 ||
	    trialplan_abort(&cli->root, &plan, &running, &d) < 0)
		return cmd_fail(&d);
	code = change_ui_run_full(cli, &plan, &more, &result);
	if (code == CMD_OK && result.outcome == CHANGE_DONE)
		say_motd(cli);
	return code;
}

const struct cmd rollout_abort = {
	.name = "abort",
	.summary = "Give a trial up",
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.run = run_abort,
	.help = "What is armed is armed no more, and its entry is taken away; what runs can no\n"
		"longer be confirmed, and ends with the next start; what failed was read. The\n"
		"candidate and the evidence stay. What was confirmed is taken back with\n"
		"'imactl change undo'.",
};
