/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last step of a rollout, which nobody takes: the boot after the confirmation. */
#include "core/base/cleanup.h"
#include "core/host/change-audit.h"
#include "core/rollout/trialnow.h"
#include "core/rollout/trialplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/rollout.h"

static int carry_out(struct cli *cli, const struct plan *plan, struct diag *reterr)
{
	const struct change_ctx ctx = {.root = &cli->root,
				       .place = ROOT_STATE,
				       .actions = change_ui_actions(),
				       .command = "rollout prove",
				       .audit = change_audit_hook};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result result;
	int r;

	plan_hash(plan, hash);
	r = change_run(&ctx, plan, hash, &result, reterr);
	if (r == 0 && result.outcome != CHANGE_DONE && result.outcome != CHANGE_NOTHING) {
		if (reterr)
			*reterr = result.failure;
		r = -result.failure.err;
	}
	return r;
}

static int say_motd(struct cli *cli, struct diag *reterr)
{
	_cleanup_trialnow_ struct trialnow now = {0};
	int r = trialnow_load(&cli->root, &now, reterr);

	return r < 0 ? r : trialnow_motd(&cli->root, &now, reterr);
}

int rollout_prove(struct cli *cli, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf release = {0};
	_cleanup_plan_ struct plan plan = {0};
	int r = root_read_line(&cli->root, ROOT_OSRELEASE, &release, reterr);

	if (r == 0)
		r = trialplan_prove(&cli->root, strbuf_str(&release), &plan, reterr);
	if (r > 0)
		r = carry_out(cli, &plan, reterr);
	return r < 0 ? r : say_motd(cli, reterr);
}
