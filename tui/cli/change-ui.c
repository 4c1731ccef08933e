/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/change-ui.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/label/act-label.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/host/change-audit.h"

const struct action_set *change_ui_actions(void)
{
	return act_label_set();
}

static void say(const char *text)
{
	/* nothing can be done about a terminal that is gone; the answer will be "no" */
	(void)fs_write_all(STDERR_FILENO, text, strlen(text));
}

/* One line from the terminal, without its end. False: none, or longer than any answer. */
static bool read_answer(char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (c == '\n')
			break;
		if (len + 1 >= size)
			return false;
		buf[len++] = c;
	}
	buf[len] = '\0';
	return true;
}

static int not_confirmed(const char *why, struct diag *reterr)
{
	return diag_set(reterr, DIAG_NOT_CONFIRMED, ECANCELED, "Nothing was changed: %s",
			why);
}

static bool is_one_of(const char *answer, const char *const words[2])
{
	return strcasecmp(answer, words[0]) == 0 || strcasecmp(answer, words[1]) == 0;
}

/* What an answer stands for that is not the one that was asked for: who typed "y" where
 * a name is wanted did not mean no, and is told so. */
static int other_answer(const char *answer, const char *wanted, struct diag *reterr)
{
	if (!*answer || is_one_of(answer, (const char *const[]){"n", "no"}))
		return not_confirmed("the answer was no.", reterr);
	return not_confirmed(wanted, reterr);
}

static int ask_yes(struct diag *reterr)
{
	char answer[256];

	say("Go on? [y/N] ");
	if (!read_answer(answer, sizeof(answer)))
		return not_confirmed("there was no answer.", reterr);
	if (is_one_of(answer, (const char *const[]){"y", "yes"}))
		return 1;
	return other_answer(answer, "the answer was neither y nor n.", reterr);
}

static int ask_word(const char *word, const char *wanted, struct diag *reterr)
{
	char answer[256];

	if (!read_answer(answer, sizeof(answer)))
		return not_confirmed("there was no answer.", reterr);
	return strcmp(answer, word) == 0 ? 1 : other_answer(answer, wanted, reterr);
}

static int ask(const struct cli *cli, enum plan_danger danger, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf host = {0}, shown = {0};

	if (danger == PLAN_VIEW || danger == PLAN_REVERSIBLE)
		return ask_yes(reterr);
	if (danger == PLAN_BOOT &&
	    root_read_line(&cli->root, ROOT_HOSTNAME, &host, NULL) == 0 && host.len) {
		str_escape(&shown, strbuf_span(&host), true);
		say("This affects how the machine boots or very many of its files.\n"
		    "Type the name of this host (");
		say(strbuf_str(&shown));
		say(") to go on: ");
		return ask_word(strbuf_str(&host),
				"the answer was not the name of this host.", reterr);
	}
	say("Type '" PLAN_PHRASE "' to go on: ");
	return ask_word(PLAN_PHRASE, "the answer was not '" PLAN_PHRASE "'.", reterr);
}

static int compare_hash(const char *given, const uint8_t hash[PLAN_HASH_SIZE],
			struct diag *reterr)
{
	uint8_t want[PLAN_HASH_SIZE];

	if (!given)
		return not_confirmed("--apply needs --plan=HASH as well.", reterr);
	if (strlen(given) != 2 * sizeof(want) || hex_decode(want, span_of(given)) < 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--plan wants the 64 digits that the plan showed.");
	if (memcmp(want, hash, sizeof(want)) != 0)
		return diag_set(reterr, DIAG_PLAN_STALE, ESTALE,
				"The plan is no longer the one with that hash.");
	return 1;
}

int change_ui_confirm(struct cli *cli, enum plan_danger danger,
		      const uint8_t hash[PLAN_HASH_SIZE], struct diag *reterr)
{
	if (opt_flag(cli->opts, "dry-run"))
		return 0;
	if (opt_flag(cli->opts, "apply"))
		return compare_hash(opt_str(cli->opts, "plan", NULL), hash, reterr);
	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return not_confirmed("the plan was only shown.", reterr);
	if (out_flush(cli->out) < 0)
		return not_confirmed("the plan could not be shown.", reterr);
	return ask(cli, danger, reterr);
}

static bool stop(void *user)
{
	struct change_ui *ui = user;
	struct signalfd_siginfo info;

	if (!ui->caught && ui->signals >= 0 &&
	    read(ui->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		ui->caught = (int)info.ssi_signo;
	return ui->caught != 0;
}

/* Only where a change is long enough to be watched. */
static void progress(void *user, const struct change_progress *p)
{
	struct change_ui *ui = user;
	_cleanup_strbuf_ struct strbuf line = {0};

	if (p->event != CHANGE_STEP || p->plan->n < 100 || p->finished % 64 ||
	    !isatty(STDERR_FILENO))
		return;
	strbuf_addf(&line, "\r%s%zu of %zu ", p->back ? "taken back " : "", p->finished,
		    p->plan->n);
	say(strbuf_str(&line));
	ui->shown = true;
}

static void signals_of(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
}

struct change_ctx change_ui_begin(struct change_ui *ui, struct cli *cli,
				  const char *command)
{
	sigset_t set;

	signals_of(&set);
	*ui = (struct change_ui){.cli = cli, .signals = -1};
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		ui->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return (struct change_ctx){
		.root = &cli->root,
		.place = ROOT_STATE,
		.actions = change_ui_actions(),
		.command = command,
		.progress = progress,
		.stop = stop,
		.audit = change_audit_hook,
		.user = ui,
	};
}

static void result_json(struct cli *cli, const struct plan *plan,
			const struct change_result *r)
{
	struct json j = json_to(out_buf(cli->out));
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(plan, hash);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/change-result/1");
	json_kstr(&j, "outcome", change_outcome_name(r->outcome));
	json_ku64(&j, "id", r->id);
	json_khex(&j, "plan", (struct span){hash, sizeof(hash)});
	json_ku64(&j, "steps", r->steps);
	json_ku64(&j, "taken", r->taken);
	json_ku64(&j, "kept", r->kept);
	json_ku64(&j, "failed", r->failed);
	json_ku64(&j, "conflicts", r->conflicts);
	if (r->failure.id) {
		json_kstr(&j, "failure", diag_code(r->failure.id));
		json_kstr(&j, "text", r->failure.text);
	}
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int exit_of(const struct change_ui *ui, const struct change_result *r)
{
	switch (r->outcome) {
	case CHANGE_NOTHING:
	case CHANGE_DONE:
	case CHANGE_UNDONE:
		return CMD_OK;
	case CHANGE_ROLLED_BACK:
		return cmd_exit_of(&r->failure);
	case CHANGE_PARTLY:
		return CMD_PARTLY;
	case CHANGE_STOPPED:
		return ui->caught ? 128 + ui->caught : CMD_PARTLY;
	case CHANGE_STUCK:
	case _CHANGE_OUTCOME_MAX:
		break;
	}
	return CMD_HUMAN;
}

int change_ui_end(struct change_ui *ui, const struct plan *plan,
		  const struct change_result *result)
{
	sigset_t set;

	if (ui->shown)
		say("\r");
	if (ui->signals >= 0)
		(void)close(ui->signals);
	signals_of(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* one that came late ends us now */
	if (!result)
		return CMD_OK;
	if (result->failure.id)
		(void)cmd_fail(&result->failure);
	if (ui->cli->json)
		result_json(ui->cli, plan, result);
	else
		change_result_format(out_buf(ui->cli->out), result);
	return exit_of(ui, result);
}

static void show(struct cli *cli, const struct plan *plan,
		 const struct change_ui_more *more)
{
	struct json j = json_to(out_buf(cli->out));

	if (!cli->json) {
		plan_format(out_buf(cli->out), plan, cli->out->ascii);
		if (more)
			more->text(more->user, out_buf(cli->out), cli->out->ascii);
		return;
	}
	json_open(&j, '{');
	plan_json_members(&j, plan);
	if (more) {
		json_key(&j, more->member);
		more->json(more->user, &j);
	}
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

int change_ui_run_full(struct cli *cli, const struct plan *plan,
		       const struct change_ui_more *more, struct change_result *ret)
{
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_ui ui;
	struct change_ctx ctx;
	struct diag diag = {0};
	char name[48];
	int r;

	*ret = (struct change_result){.outcome = CHANGE_NOTHING};
	plan_hash(plan, hash);
	if (!cli->json || !opt_flag(cli->opts, "apply"))
		show(cli, plan, more);
	if (plan->n == 0)
		return CMD_OK;
	r = change_ui_confirm(cli, plan_danger(plan), hash, &diag);
	if (r <= 0)
		return r < 0 ? cmd_fail(&diag) : CMD_OK;
	ctx = change_ui_begin(&ui, cli, cmd_full_name(cli->cmd, name, sizeof(name)));
	r = change_run(&ctx, plan, hash, ret, &diag);
	if (r < 0) {
		(void)change_ui_end(&ui, plan, NULL);
		return cmd_fail(&diag);
	}
	return change_ui_end(&ui, plan, ret);
}

int change_ui_run(struct cli *cli, const struct plan *plan)
{
	struct change_result result;

	return change_ui_run_full(cli, plan, NULL, &result);
}

int change_ui_run_with(struct cli *cli, const struct plan *plan,
		       const struct change_ui_more *more)
{
	struct change_result result;

	return change_ui_run_full(cli, plan, more, &result);
}

int change_ui_run_to(struct cli *cli, const struct plan *plan, struct change_result *ret)
{
	return change_ui_run_full(cli, plan, NULL, ret);
}
