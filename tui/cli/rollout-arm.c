/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout stage and arm: what is tried, and the boot that tries it. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/rollout/rollout.h"
#include "core/rollout/trialplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/policy.h"
#include "tui/cli/rollout.h"
#include "tui/cli/rolloutout.h"

static int mode_of(const struct cli *cli, enum bootmode *ret, struct diag *reterr)
{
	const char *word = opt_str(cli->opts, "mode", NULL);

	*ret = _BOOTMODE_MAX;
	for (int i = 0; word && i < _BOOTMODE_MAX; i++)
		if (strcmp(word, bootmode_name((enum bootmode)i)) == 0)
			*ret = (enum bootmode)i;
	if (word && *ret == _BOOTMODE_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--mode is off, log, fix or enforce.");
	return 0;
}

static int run_stage(struct cli *cli)
{
	struct diag d = {0};
	enum bootmode mode;

	return mode_of(cli, &mode, &d) < 0 ? cmd_fail(&d) : policy_stage(cli, mode);
}

const struct cmd rollout_stage = {
	.name = "stage",
	.summary = "Keep a policy to be tried",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options =
		(const struct opt[]){
			KEYOPT_SIGN,
			POLICY_OPT_HASH,
			{"mode", 0, OPT_STRING, "MODE",
			 "The appraise mode to try it in: off, log, fix, enforce"},
			{NULL},
		},
	.run = run_stage,
	.help = "The policy, the keys of --cert and those of /etc/keys/ima become a generation,\n"
		"the candidate (imactl-generation(5)). It is judged as 'imactl policy install'\n"
		"judges it, and nothing that a boot loads changes. Without --mode the trial is\n"
		"in the mode that the kernel is given anyway.",
};

/* Arming */

struct arm {
	struct cli *cli;
	struct strbuf release;
	struct trialready ready;
	struct trialplan_armed said;
};

static void told_text(const struct trialready *r, struct strbuf *out)
{
	for (unsigned i = 0; i < _TRIALREADY_MAX; i++)
		if (r->check[i].verdict == TRIALREADY_TOLD)
			strbuf_addf(out, "%s: %s\n", trialready_title(i),
				    r->check[i].text);
}

static void arm_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct arm *a = user;
	const struct trialplan_armed *s = &a->said;

	if (s->words.len)
		strbuf_addf(out, "The kernel is given, in that boot alone: %s\n",
			    s->words.ptr);
	strbuf_addf(
		out,
		"Restart the machine, and confirm in that boot: 'imactl rollout "
		"confirm'. %u s after it\nbegan the machine restarts by itself, with the "
		"policy from before.\n",
		s->deadline);
	if (!s->in_place)
		strbuf_addf(out, "After %u boots that are none of it it expires.\n",
			    s->boots);
	told_text(&a->ready, out);
}

static void checks_json(const struct trialready *r, struct json *j)
{
	json_key(j, "checks");
	json_open(j, '[');
	for (unsigned i = 0; i < _TRIALREADY_MAX; i++) {
		json_open(j, '{');
		json_kstr(j, "check", trialready_word((enum trialready_id)i));
		json_kstr(j, "verdict", trialready_verdict_word(r->check[i].verdict));
		json_kstr(j, "text", r->check[i].text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void arm_json(const void *user, struct json *j)
{
	const struct arm *a = user;
	const struct trialplan_armed *s = &a->said;

	json_open(j, '{');
	json_ku64(j, "generation", s->number);
	json_kstr(j, "id", s->id);
	json_kbool(j, "in_place", s->in_place);
	json_kstr(j, "mode", s->mode < _BOOTMODE_MAX ? bootmode_name(s->mode) : NULL);
	json_kstr(j, "words", s->words.len ? s->words.ptr : NULL);
	json_ku64(j, "deadline", s->deadline);
	json_ku64(j, "boots", s->boots);
	checks_json(&a->ready, j);
	json_close(j, '}');
}

/* A number that is not 0: that is the default. */
static int number_of(const struct cli *cli, const char *name, unsigned *ret,
		     struct diag *reterr)
{
	uint64_t v = opt_u64(cli->opts, name, UINT64_MAX);

	if (v == UINT64_MAX) {
		*ret = 0;
		return 0;
	}
	if (!v || v > UINT32_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s is no such number.",
				name);
	*ret = (unsigned)v;
	return 0;
}

/* The guard would bring the machine back, but whoever is locked out should not have to wait
 * for it. The console lets nobody get here before. */
static int check_preflight(struct cli *cli, struct diag *reterr)
{
	_cleanup_(rollout_freep) struct rollout *now = NULL;
	const struct rollout_step *s;
	int r = rolloutout_load(cli, false, false, &now, reterr);

	if (r < 0)
		return r;
	s = &now->step[ROLLOUT_PREFLIGHT];
	for (size_t i = 0; s->state == ROLLOUT_BLOCKED && i < s->n; i++)
		if (s->of[i].mark == ROLLOUT_FAIL)
			return diag_set(reterr, DIAG_ROLLOUT_PREFLIGHT, EPERM,
					"The preflight fails (%zu of %zu checks). The "
					"first: %s",
					s->count[ROLLOUT_FAIL], s->n, s->of[i].text);
	return 0;
}

static int plan_arm(struct arm *a, struct plan *plan, struct diag *reterr)
{
	const struct opts *opts = a->cli->opts;
	const struct root *root = &a->cli->root;
	const struct trialready_ask ask = {opt_flag(opts, "in-place"),
					   opt_flag(opts, "passphrase")};
	struct trialplan_arm in = {.ready = &a->ready};
	int r = number_of(a->cli, "boots", &in.boots, reterr);

	if (r == 0)
		r = number_of(a->cli, "deadline", &in.deadline, reterr);
	if (r == 0)
		r = root_read_line(root, ROOT_OSRELEASE, &a->release, reterr);
	if (r == 0)
		r = trialready_look(root, strbuf_str(&a->release), &ask, &a->ready,
				    reterr);
	if (r >= 0)
		r = trialplan_arm(root, &in, plan, &a->said, reterr);
	return r < 0 || opt_flag(opts, "force") ? r : check_preflight(a->cli, reterr);
}

static int run_arm(struct cli *cli)
{
	struct arm a = {.cli = cli};
	const struct change_ui_more more = {arm_text, "trial", arm_json, &a};
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};
	int code = plan_arm(&a, &plan, &d) < 0 ? cmd_fail(&d)
					       : change_ui_run_with(cli, &plan, &more);

	trialplan_armed_done(&a.said);
	strbuf_done(&a.release);
	return code;
}

const struct cmd rollout_arm = {
	.name = "arm",
	.summary = "Let the next boot try the candidate",
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options =
		(const struct opt[]){
			{"deadline", 0, OPT_NUMBER, "SECONDS",
			 "Restart so long after the trial's start; default 900"},
			{"boots", 0, OPT_NUMBER, "N",
			 "Expire after N other boots; default 3"},
			{"in-place", 0, OPT_FLAG, NULL,
			 "The next boot is the trial, whichever entry starts it"},
			{"force", 0, OPT_FLAG, NULL, "Though the preflight fails"},
			{"passphrase", 0, OPT_FLAG, NULL,
			 "Somebody will type what a TPM gives out no more"},
			{NULL},
		},
	.run = run_arm,
	.help = "Makes an entry of the boot loader that the next start takes and no other, with\n"
		"the words of the trial for the kernel. Where there is no such entry (a GRUB\n"
		"that cannot write, another boot loader) --in-place lets the next boot be the\n"
		"trial, once; then the kernel is given nothing new, so the mode must be right\n"
		"already, and before the root is mounted nothing watches. That is the riskier\n"
		"way.\n\n"
		"What would keep the machine from coming back by itself refuses it: no hook in\n"
		"the initramfs, a check of the file systems, labelling by SELinux or an update\n"
		"that waits for the next boot, no room to write, a volume whose TPM minds other\n"
		"words. So does a preflight that fails, as when somebody would be locked out;\n"
		"--force leaves that to the trial and its guard.",
};
