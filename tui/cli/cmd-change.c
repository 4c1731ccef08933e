/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl change: what imactl has changed on this machine, and how to take it back. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/journal.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"
#include "core/rollout/bareroot.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/cmd.h"
#include "tui/cli/table.h"

static int load(struct cli *cli, unsigned id, struct journal *j, struct diag *reterr)
{
	return journal_load(j, &cli->root, ROOT_STATE, id, change_ui_actions(), reterr);
}

static void add_time(struct strbuf *out, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[40];
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, sizeof(text), "unknown");
	strbuf_adds(out, text);
}

static void head_json(struct json *j, unsigned id, enum journal_state state,
		      const struct journal *journal)
{
	_cleanup_strbuf_ struct strbuf when = {0};

	json_ku64(j, "id", id);
	json_kstr(j, "state", journal_state_name(state));
	if (!journal)
		return;
	add_time(&when, journal->head.time);
	json_kstr(j, "time", strbuf_str(&when));
	json_kstr(j, "boot_id", journal->head.boot_id);
	json_ku64(j, "uid", journal->head.uid);
	json_kbytes(j, "command", span_of(journal->head.command));
	json_kbytes(j, "title", span_of(journal->plan.title));
}

static void list_json(struct cli *cli, const struct journal_entry *list, int n)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/changes/1");
	json_key(&j, "changes");
	json_open(&j, '[');
	for (int i = 0; i < n; i++) {
		struct journal journal;
		struct diag diag;
		int r = load(cli, list[i].id, &journal, &diag);

		json_open(&j, '{');
		head_json(&j, list[i].id, list[i].state, r < 0 ? NULL : &journal);
		if (r < 0) {
			json_kstr(&j, "error", diag_code(diag.id));
			json_kstr(&j, "text", diag.text);
		} else {
			json_ku64(&j, "steps", journal.plan.n);
			journal_done(&journal);
		}
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static enum out_style style_of(enum journal_state state)
{
	switch (state) {
	case JOURNAL_OPEN:
	case JOURNAL_BACK:
		return OUT_BAD;
	case JOURNAL_PARTLY:
		return OUT_WARN;
	default:
		return OUT_PLAIN;
	}
}

static void list_row(struct cli *cli, struct table *t, const struct journal_entry *e)
{
	_cleanup_strbuf_ struct strbuf when = {0};
	struct journal journal;
	struct diag diag;

	table_textf(t, OUT_PLAIN, "%u", e->id);
	table_text(t, style_of(e->state), journal_state_name(e->state));
	if (load(cli, e->id, &journal, &diag) < 0) {
		table_text(t, OUT_PLAIN, "-");
		table_text(t, OUT_PLAIN, "-");
		table_text(t, OUT_BAD, diag.text);
		return;
	}
	add_time(&when, journal.head.time);
	table_text(t, OUT_PLAIN, strbuf_str(&when));
	table_textf(t, OUT_PLAIN, "%zu", journal.plan.n);
	table_foreign(t, span_of(journal.plan.title));
	journal_done(&journal);
}

static int run_list(struct cli *cli)
{
	static const struct table_column columns[] = {
		{"ID", true, false},	{"STATE", false, false}, {"TIME", false, false},
		{"STEPS", true, false}, {"WHAT", false, true},
	};
	_cleanup_free_ struct journal_entry *list = NULL;
	_cleanup_table_ struct table t;
	struct diag diag;
	int n = journal_list(&cli->root, ROOT_STATE, &list, &diag);

	table_init(&t, cli->out, columns, array_size(columns));
	if (n < 0)
		return cmd_fail(&diag);
	if (cli->json) {
		list_json(cli, list, n);
		return CMD_OK;
	}
	for (int i = 0; i < n; i++)
		list_row(cli, &t, &list[i]);
	if (n)
		table_print(cli->out, &t);
	else
		out_add(cli->out, "imactl has changed nothing here.\n");
	return CMD_OK;
}

static int id_of(struct cli *cli, unsigned *ret, struct diag *reterr)
{
	uint64_t id;
	char q[80];

	if (str_to_u64(span_of(cli->args[0]), &id) < 0 || id == 0 || id > 999999999)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"%s is not the number of a change.",
				str_quote(q, sizeof(q), span_of(cli->args[0])));
	*ret = (unsigned)id;
	return 0;
}

static const char *step_state(const struct journal_step *s)
{
	if (s->undone)
		return "taken back";
	if (s->done)
		return s->intent ? "taken" : "kept as it was";
	if (s->failed)
		return "failed";
	return s->intent ? "begun" : "not taken";
}

static void show_json(struct cli *cli, const struct journal *journal)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/change/1");
	head_json(&j, journal->id, journal->state, journal);
	json_kbool(&j, "torn", journal->torn);
	json_key(&j, "steps");
	json_open(&j, '[');
	for (size_t i = 0; i < journal->plan.n; i++)
		json_str(&j, step_state(&journal->steps[i]));
	json_close(&j, ']');
	json_key(&j, "plan");
	plan_json(&j, &journal->plan);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

/* What became of the steps; of very many only those that were not taken. */
static void show_steps(struct strbuf *b, const struct journal *journal)
{
	bool all = journal->plan.n <= PLAN_LINES;
	size_t shown = 0, taken = 0;

	for (size_t i = 0; i < journal->plan.n; i++) {
		const struct journal_step *s = &journal->steps[i];

		taken += s->done || s->undone;
		if (!all && ((s->done || s->undone) || shown++ >= PLAN_SAMPLE))
			continue;
		strbuf_addf(b, "  step %zu: %s%s%s\n", i + 1, step_state(s),
			    s->failed ? ": " : "",
			    s->failed ? diag_errno(s->failed) : "");
	}
	if (!all)
		strbuf_addf(b, "  %zu steps were taken, %zu not\n", taken,
			    journal->plan.n - taken);
}

static void show_text(struct cli *cli, const struct journal *journal)
{
	struct strbuf *b = out_buf(cli->out);

	strbuf_addf(b, "Change %u: %s\n", journal->id,
		    journal_state_name(journal->state));
	strbuf_adds(b, "  made ");
	add_time(b, journal->head.time);
	strbuf_addf(b, " by user %u, imactl ", journal->head.uid);
	str_escape(b, span_of(journal->head.command), true);
	strbuf_adds(b, "\n  boot ");
	str_escape(b, span_of(journal->head.boot_id), true);
	strbuf_addc(b, '\n');
	if (journal->torn)
		strbuf_adds(
			b, "  the last part of the journal was not complete and does not "
			   "count\n");
	plan_format(b, &journal->plan, cli->out->ascii);
	show_steps(b, journal);
}

static int run_show(struct cli *cli)
{
	struct journal journal;
	struct diag diag;
	unsigned id = 0;

	if (id_of(cli, &id, &diag) < 0 || load(cli, id, &journal, &diag) < 0)
		return cmd_fail(&diag);
	if (cli->json)
		show_json(cli, &journal);
	else
		show_text(cli, &journal);
	journal_done(&journal);
	return CMD_OK;
}

/* What --plan=HASH stands for here: this act on this change in this state, down to the
 * bytes it would write. */
static void hash_of(const struct journal *journal, bool back, bool force,
		    uint8_t ret[PLAN_HASH_SIZE])
{
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_addf(&b, "imactl %s %u %s %d ", back ? "undo" : "resume", journal->id,
		    journal_state_name(journal->state), force);
	plan_pack(&b, &journal->plan);
	sha256_of(strbuf_span(&b), ret);
}

static void settle_text(struct cli *cli, const struct journal *journal, bool back,
			const uint8_t hash[PLAN_HASH_SIZE])
{
	struct strbuf *b = out_buf(cli->out);

	strbuf_addf(b, "%s change %u (%s): ", back ? "Take back" : "Finish", journal->id,
		    journal_state_name(journal->state));
	str_escape(b, span_of(journal->plan.title), cli->out->ascii);
	strbuf_addc(b, '\n');
	plan_format_steps(b, &journal->plan, cli->out->ascii);
	strbuf_adds(b, "Plan hash: ");
	strbuf_addhex(b, (struct span){hash, PLAN_HASH_SIZE});
	strbuf_addc(b, '\n');
}

static void settle_json(struct cli *cli, const struct journal *journal, bool back,
			const uint8_t hash[PLAN_HASH_SIZE])
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/change-plan/1");
	json_kstr(&j, "act", back ? "undo" : "resume");
	head_json(&j, journal->id, journal->state, journal);
	json_khex(&j, "hash", (struct span){hash, PLAN_HASH_SIZE});
	json_key(&j, "plan");
	plan_json(&j, &journal->plan);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int settle(struct cli *cli, const struct journal *journal, bool back)
{
	bool force = back && opt_flag(cli->opts, "force");
	struct change_result result;
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_ui ui;
	struct change_ctx ctx;
	struct diag diag = {0};
	int r;

	hash_of(journal, back, force, hash);
	if (cli->json && !opt_flag(cli->opts, "apply"))
		settle_json(cli, journal, back, hash);
	else if (!cli->json)
		settle_text(cli, journal, back, hash);
	r = change_ui_confirm(cli, plan_danger(&journal->plan), hash, &diag);
	if (r <= 0)
		return r < 0 ? cmd_fail(&diag) : CMD_OK;
	ctx = change_ui_begin(&ui, cli, back ? "change undo" : "change resume");
	r = back ? change_undo(&ctx, journal->id, force, &result, &diag)
		 : change_resume(&ctx, journal->id, &result, &diag);
	if (r < 0) {
		(void)change_ui_end(&ui, &journal->plan, NULL);
		return cmd_fail(&diag);
	}
	return change_ui_end(&ui, &journal->plan, &result);
}

/* Nothing of it is there any more: there are no steps to be shown, or confirmed. */
static int already_undone(struct cli *cli, const struct journal *journal)
{
	_cleanup_plan_ struct plan none = {0};
	struct journal shown = *journal;
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag diag = {0};

	if (!cli->json) {
		out_addf(cli->out, "Change %u was taken back already: nothing to do.\n",
			 journal->id);
		return CMD_OK;
	}
	if (plan_init(&none, journal->plan.title, &diag) < 0)
		return cmd_fail(&diag);
	shown.plan = none;
	hash_of(&shown, true, false, hash);
	settle_json(cli, &shown, true, hash);
	return CMD_OK;
}

/* Steps whose states are made when their turn comes need what made them: keys, threads. */
static int check_resume(const struct journal *journal, struct diag *reterr)
{
	for (size_t i = 0; i < journal->plan.n; i++)
		if (journal->plan.steps[i].action->ops->resolve)
			return diag_set(reterr, DIAG_LABEL_RESUME, ENOTSUP,
					"Change %u sets labels.", journal->id);
	return 0;
}

int cmd_change_settle(struct cli *cli, unsigned id, bool back)
{
	struct journal journal;
	struct diag diag;
	int r;

	if (load(cli, id, &journal, &diag) < 0)
		return cmd_fail(&diag);
	if (!back && check_resume(&journal, &diag) < 0)
		r = cmd_fail(&diag);
	else if (back && journal.state == JOURNAL_UNDONE &&
		 !(cli->json && opt_flag(cli->opts, "apply")))
		r = already_undone(cli, &journal);
	else
		r = settle(cli, &journal, back);
	journal_done(&journal);
	return r;
}

static int run_settle(struct cli *cli, bool back)
{
	struct diag diag;
	unsigned id = 0;

	/* in a trial the disk is changed, not what the gate put over it */
	if (bareroot_enter(&cli->root, &diag) < 0 || id_of(cli, &id, &diag) < 0)
		return cmd_fail(&diag);
	return cmd_change_settle(cli, id, back);
}

static int run_undo(struct cli *cli)
{
	return run_settle(cli, true);
}

static int run_resume(struct cli *cli)
{
	return run_settle(cli, false);
}

static const struct opt undo_options[] = {
	{"force", 0, OPT_FLAG, NULL,
	 "Put the old state back also where somebody has changed it since"},
	{0},
};

static const struct cmd sub_list = {
	.name = "list",
	.summary = "List the changes imactl has made",
	.flags = CMD_JSON,
	.run = run_list,
	.help = "States: done; undone; partly (some steps failed or were left alone);\n"
		"open and back: interrupted while it was made or taken back, to be\n"
		"settled with 'change resume' or 'change undo'.",
};

static const struct cmd sub_show = {
	.name = "show",
	.summary = "Show a change: its plan, and what became of each step",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON,
	.run = run_show,
};

static const struct cmd sub_undo = {
	.name = "undo",
	.summary = "Take a change back",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_MUTATES,
	.options = undo_options,
	.run = run_undo,
	.help = "Works on changes that are complete and on those that were interrupted.\n"
		"What somebody has changed since is left alone and counted (exit status\n"
		"7). Doing it again does nothing.",
};

static const struct cmd sub_resume = {
	.name = "resume",
	.summary = "Finish a change that was interrupted",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_MUTATES,
	.run = run_resume,
};

const struct cmd cmd_change = {
	.name = "change",
	.summary = "Changes that imactl has made: list, show, take back",
	.subs = (const struct cmd *const[]){&sub_list, &sub_show, &sub_undo, &sub_resume,
					    NULL},
	.help = "Each change to this machine is a plan that was confirmed, with a journal\n"
		"in /var/lib/imactl/changes that says how to take it back.",
};
