/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout observe: the policy in log mode, where nothing is denied. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/rollout/rolloutobserve.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/denialsel.h"
#include "tui/cli/rollout.h"
#include "tui/cli/rolloutout.h"

struct begin {
	struct strbuf release;
	struct rolloutobserve what;
	struct genback_said said;
};

int rollout_time(const struct cli *cli, const char *name, uint64_t *ret,
		 struct diag *reterr)
{
	const char *text = opt_str(cli->opts, name, NULL);
	char q[40];

	*ret = ROLLOUTMEMO_SECONDS;
	if (text && (denialsel_age(text, ret) < 0 || *ret > ROLLOUTMEMO_SECONDS_MAX))
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--%s takes a time like 30m, 24h or 7d, not '%s'.", name,
				str_quote(q, sizeof(q), span_of(text)));
	return 0;
}

static int prepare(struct cli *cli, struct begin *b, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	uint64_t boots = opt_u64(cli->opts, "boots", ROLLOUTMEMO_BOOTS);
	int r = rollout_time(cli, "time", &b->what.seconds, reterr);

	if (r == 0 && boots > ROLLOUTMEMO_BOOTS_MAX)
		r = diag_set(reterr, DIAG_VALUE, EINVAL, "--boots goes up to %d.",
			     ROLLOUTMEMO_BOOTS_MAX);
	if (r == 0)
		r = root_read_line(&cli->root, ROOT_OSRELEASE, &b->release, reterr);
	if (r == 0)
		r = gen_list_load(&cli->root, NULL, &list, reterr);
	if (r == 0 && !list.candidate)
		r = diag_set(reterr, DIAG_TRIAL_NO_CANDIDATE, EPERM,
			     "No policy was staged to be observed.");
	b->what.root = &cli->root;
	b->what.release = strbuf_str(&b->release);
	b->what.number = list.candidate;
	b->what.boots = (unsigned)boots;
	return r;
}

/* "24 h", "90 min", "1 s": the largest unit of which it is a whole number. */
static void add_time(struct strbuf *out, uint64_t seconds)
{
	uint64_t unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;

	strbuf_addf(out, "%llu %s", (unsigned long long)(seconds / unit),
		    unit == 3600 ? "h"
		    : unit == 60 ? "min"
				 : "s");
}

static void begin_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct begin *b = user;
	char boots[32];

	strbuf_addf(
		out,
		"From the next start on generation %u is in force in log mode: nothing is "
		"denied, and what\nwould be is recorded ('imactl denials'). It is observed for "
		"at least ",
		b->what.number);
	add_time(out, b->what.seconds);
	strbuf_addf(out,
		    " and %s.\nWhat was there is generation %u. Restart the machine to "
		    "begin: 'systemctl reboot'.\n",
		    str_counted(boots, sizeof(boots), b->what.boots, "boot", "boots"),
		    b->said.found.number);
}

static void begin_json(const void *user, struct json *j)
{
	const struct begin *b = user;

	json_open(j, '{');
	json_ku64(j, "generation", b->what.number);
	json_ku64(j, "seconds", b->what.seconds);
	json_ku64(j, "boots", b->what.boots);
	json_ku64(j, "found", b->said.found.number);
	json_close(j, '}');
}

static int run_begin(struct cli *cli)
{
	struct begin b = {.release = {0}};
	const struct change_ui_more more = {begin_text, "observe", begin_json, &b};
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};
	int code;

	if (cmd_may_change(cli, &d) < 0 || prepare(cli, &b, &d) < 0 ||
	    rolloutobserve_plan(&b.what, &plan, &b.said, &d) < 0)
		code = cmd_fail(&d);
	else
		code = change_ui_run_with(cli, &plan, &more);
	strbuf_done(&b.release);
	return code;
}

static int run(struct cli *cli)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct diag d = {0};

	if (opt_flag(cli->opts, "begin"))
		return run_begin(cli);
	if (!cli->readonly &&
	    rolloutobserve_note(&cli->root, (uint64_t)time(NULL), &d) < 0)
		cmd_note("%s", d.text); /* it is looked at all the same */
	if (rolloutout_load(cli, false, false, &r, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		rolloutout_json(cli, r);
	else
		rolloutout_step(cli->out, r, ROLLOUT_OBSERVE, true);
	return rolloutout_exit(r, ROLLOUT_OBSERVE);
}

const struct cmd rollout_observe = {
	.name = "observe",
	.summary = "Have the staged policy in log mode, and see what it denies",
	.flags = CMD_JSON | CMD_LIVE | CMD_PLANS | CMD_ROOT,
	.options =
		(const struct opt[]){
			{"begin", 0, OPT_FLAG, NULL,
			 "Install it for the next boot, with ima_appraise=log", NULL},
			{"time", 0, OPT_STRING, "AGE",
			 "With --begin: at least for that long; 24h", NULL},
			{"boots", 0, OPT_NUMBER, "N",
			 "With --begin: in at least so many boots; 1", NULL},
			{0},
		},
	.run = run,
	.help = "Shows for how long, and in how many boots, the staged policy has been in\n"
		"force in log mode, and which of the files that it would have denied it would\n"
		"deny still. Boots are counted by imactl-health.service, or by this command.\n\n"
		"With --begin that is planned: the policy is written to /etc/ima and its keys to\n"
		"/etc/keys/ima, and the kernel is given ima_appraise=log from the next start on.\n"
		"Where imactl cannot change what the kernel is given (IMA-R050), the word must\n"
		"be there already; under Secure Boot there is no log mode at all (IMA-R052).\n"
		"'change undo' takes all of it back.\n\n"
		"Exits 0 when it was observed for long enough and nothing would be denied, 5 when\n"
		"something would be, 1 when it is not over yet.",
};
