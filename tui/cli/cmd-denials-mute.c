/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl denials mute, unmute: groups that are not shown for a while. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tui/cli/cmd-denials.h"
#include "tui/cli/denialsel.h"
#include "tui/cli/denialsout.h"
#include "tui/cli/table.h"

static const char *until_text(char buf[40], uint64_t until_s)
{
	time_t t = (time_t)until_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, 40, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
	return buf;
}

static void list_json(struct out *out, const struct mute_list *l)
{
	struct json j = json_to(out_buf(out));
	char when[40];

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/denial-mutes/1");
	json_key(&j, "mutes");
	json_open(&j, '[');
	for (size_t i = 0; i < l->n; i++) {
		const struct mute *m = &l->at[i];

		json_open(&j, '{');
		json_kstr(&j, "by", denials_key_name(m->key));
		json_kbytes(&j, "name", strbuf_span(&m->name));
		json_kbytes(&j, "reason", strbuf_span(&m->reason));
		json_kstr(&j, "since", denialsout_time(when, m->since_s * 1000));
		json_kstr(&j, "until", denialsout_time(when, m->until_s * 1000));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(out, "\n");
}

static void list_text(struct out *out, const struct mute_list *l)
{
	static const struct table_column columns[] = {
		{"UNTIL", false, false},
		{"BY", false, false},
		{"NAME", false, true},
		{"REASON", false, true},
	};
	_cleanup_table_ struct table t;
	char when[40];

	table_init(&t, out, columns, array_size(columns));
	for (size_t i = 0; i < l->n; i++) {
		const struct mute *m = &l->at[i];

		table_text(&t, OUT_PLAIN, until_text(when, m->until_s));
		table_text(&t, OUT_PLAIN, denials_key_name(m->key));
		table_foreign(&t, strbuf_span(&m->name));
		table_foreign(&t, strbuf_span(&m->reason));
	}
	if (l->n)
		table_print(out, &t);
	else
		out_add(out, "Nothing is muted.\n");
}

/* What has ended is there until the file is written anew: it is not told. */
static void drop_ended(struct mute_list *l, uint64_t now_s)
{
	for (size_t i = l->n; i-- > 0;) {
		const struct mute *m = &l->at[i];

		if (m->until_s <= now_s)
			(void)mute_remove(l, m->key, strbuf_span(&m->name));
	}
}

static int may_write(const struct cli *cli, struct diag *reterr)
{
	if (root_is_recorded(&cli->root))
		return diag_set(
			reterr, DIAG_LIVE_ONLY, EROFS,
			"What is muted is kept on a machine; a recorded host is not "
			"changed.");
	return cli->readonly
		       ? diag_set(
				 reterr, DIAG_READONLY, EROFS,
				 "What is muted is kept for everybody: only root, and not "
				 "--readonly, may say so.")
		       : 0;
}

static int add(struct cli *cli, struct mute_list *l, uint64_t now_s, struct diag *reterr)
{
	const char *reason = opt_str(cli->opts, "reason", NULL);
	const char *until = opt_str(cli->opts, "until", NULL);
	enum denials_key key;
	struct span name;
	uint64_t age;
	int r = mute_group(cli->args[0], &key, &name, reterr);

	if (r < 0)
		return r;
	if (!reason || !*reason || strlen(reason) > MUTE_TEXT_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"A reason is wanted: --reason says why nobody need see "
				"this.");
	if (!until || denialsel_age(until, &age) < 0 || !age)
		return diag_set(
			reterr, DIAG_VALUE, EINVAL,
			"An end is wanted: --until takes a time from now like 2h, "
			"1d or 30d.");
	r = mute_add(l, key, name, span_of(reason), now_s, now_s + age);
	return r < 0 ? diag_set(reterr, r == -ENOMEM ? DIAG_MEMORY : DIAG_MUTES, -r,
				"No more can be muted.")
		     : 0;
}

static int run_mute(struct cli *cli)
{
	_cleanup_mutes_ struct mute_list l = {0};
	uint64_t now_s = (uint64_t)time(NULL);
	struct diag d = {0};
	int r = mute_load(&cli->root, &l, &d);

	if (r >= 0 && cli->n_args) {
		r = may_write(cli, &d);
		if (r >= 0)
			r = add(cli, &l, now_s, &d);
		if (r >= 0)
			r = mute_save(&cli->root, &l, now_s, &d);
	}
	if (r < 0)
		return cmd_fail(&d);
	drop_ended(&l, now_s);
	(cli->json ? list_json : list_text)(cli->out, &l);
	return CMD_OK;
}

static int remove_one(struct cli *cli, struct mute_list *l, struct diag *reterr)
{
	enum denials_key key;
	struct span name;
	int r = mute_group(cli->args[0], &key, &name, reterr);

	if (r < 0)
		return r;
	return mute_remove(l, key, name) < 0
		       ? diag_set(reterr, DIAG_VALUE, EINVAL, "That is not muted.")
		       : 0;
}

static int run_unmute(struct cli *cli)
{
	_cleanup_mutes_ struct mute_list l = {0};
	uint64_t now_s = (uint64_t)time(NULL);
	struct diag d = {0};
	int r = may_write(cli, &d);

	if (r >= 0)
		r = mute_load(&cli->root, &l, &d);
	if (r >= 0)
		r = remove_one(cli, &l, &d);
	if (r >= 0)
		r = mute_save(&cli->root, &l, now_s, &d);
	if (r < 0)
		return cmd_fail(&d);
	drop_ended(&l, now_s);
	(cli->json ? list_json : list_text)(cli->out, &l);
	return CMD_OK;
}

static const struct opt mute_options[] = {
	{"reason", 0, OPT_STRING, "TEXT", "Why nobody need see it"},
	{"until", 0, OPT_STRING, "AGE", "For how long: 2h 1d 30d"},
	{0},
};

const struct cmd cmd_denials_mute = {
	.name = "mute",
	.summary = "Leave a group of denials out for a while",
	.args = "[KEY=NAME]",
	.max_args = 1,
	.flags = CMD_JSON,
	.options = mute_options,
	.run = run_mute,
	.help = "KEY is cause, path, program or package, NAME as the groups have it; an empty\n"
		"name is that of files of no package. Nothing but what imactl shows depends\n"
		"on it, and lists say how many they leave out. Without KEY=NAME: what is\n"
		"muted.",
};

const struct cmd cmd_denials_unmute = {
	.name = "unmute",
	.summary = "Show a group of denials again",
	.args = "KEY=NAME",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON,
	.run = run_unmute,
};
