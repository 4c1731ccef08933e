/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine's IMA does now, and what its kernel can do. */
#include <errno.h>
#include <string.h>

#include "core/probe/probe.h"
#include "tui/cli/cmd.h"
#include "tui/cli/table.h"

/* What monitoring systems expect of a plug-in; apart from 2 they mean the same to us. */
enum nagios {
	NAGIOS_OK = CMD_OK,
	NAGIOS_WARNING = CMD_BAD,
	NAGIOS_UNKNOWN = CMD_IMPOSSIBLE,
};

static const struct {
	enum probe_group group;
	const char *title;
} groups[] = {
	{PROBE_STATE, "Posture"},
	{PROBE_LIST_GROUP, "Measurement list"},
	{PROBE_TPM_GROUP, "TPM"},
};

static int exit_of(const struct cli *cli, const struct probe *p)
{
	return cli->bare || probe_is(p, PROBE_IMA, PROBE_YES) ? CMD_OK : CMD_IMPOSSIBLE;
}

/* "log", or yes, no and unknown where there is nothing more to say. */
static const char *shown(const struct probe_fact *f)
{
	return f->value[0] ? f->value : probe_answer_name(f->answer);
}

static enum out_style style_of(enum probe_answer a)
{
	return a == PROBE_UNKNOWN ? OUT_DIM : OUT_PLAIN;
}

static void headline(struct cli *cli, const struct probe *p)
{
	const char *parts[] = {p->host, p->release, p->os};
	bool any = false;

	for (size_t i = 0; i < 3; i++) {
		if (!parts[i][0])
			continue;
		out_addf(cli->out, "%s%s%s", any ? ", " : "", i == 1 ? "kernel " : "",
			 parts[i]);
		any = true;
	}
	out_addf(cli->out, "%s%s\n", any ? "" : "a machine without a name",
		 p->recorded ? " (recorded)" : "");
}

static void group_text(struct cli *cli, const struct probe *p, enum probe_group group)
{
	static const struct table_column columns[] = {{0},
						      {.flex = true},
						      {.flex = true}};
	_cleanup_table_ struct table t = {0};

	table_init(&t, cli->out, columns, 3);
	for (int i = 0; i < _PROBE_MAX; i++) {
		const struct probe_fact *f = &p->fact[i];

		if (probe_group_of((enum probe_id)i) != group)
			continue;
		table_textf(&t, OUT_PLAIN, "  %s", probe_words((enum probe_id)i));
		table_text(&t, style_of(f->answer), shown(f));
		table_text(&t, OUT_DIM, f->evidence);
	}
	table_print(cli->out, &t);
}

static void kernel_text(struct cli *cli, const struct probe *p)
{
	static const char *const mark[] = {"[?]", "[-]", "[+]"};
	static const struct table_column columns[] = {{0}, {0}};
	_cleanup_table_ struct table t = {0};
	unsigned n = 0;

	out_style(cli->out, OUT_BOLD, "Kernel can");
	if (!probe_is(p, PROBE_CONFIG, PROBE_YES)) {
		out_addf(cli->out, "\n  unknown: %s\n",
			 p->fact[PROBE_CAN_MEASURE].evidence);
		return;
	}
	out_addf(cli->out, "  (%s)\n", p->fact[PROBE_CONFIG].evidence);
	table_init(&t, cli->out, columns, 2);
	for (int i = 0; i < _PROBE_MAX; i++) {
		if (!probe_option((enum probe_id)i))
			continue;
		table_textf(&t, OUT_PLAIN, "  %s %s", mark[p->fact[i].answer],
			    probe_words((enum probe_id)i));
		n++;
	}
	if (n % 2)
		table_text(&t, OUT_PLAIN, "");
	table_print(cli->out, &t);
}

static void hidden_text(struct cli *cli, const struct probe *p)
{
	if (p->denied)
		out_add(cli->out,
			"\nSome facts are hidden from this user: run it as root to see all of them.\n");
}

static int text(struct cli *cli, const struct probe *p)
{
	headline(cli, p);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (probe_is(p, PROBE_IMA, PROBE_NO) &&
		    groups[i].group == PROBE_LIST_GROUP)
			continue; /* each line would say the same */
		out_add(cli->out, "\n");
		out_style(cli->out, OUT_BOLD, groups[i].title);
		out_add(cli->out, "\n");
		group_text(cli, p, groups[i].group);
	}
	out_add(cli->out, "\n");
	kernel_text(cli, p);
	hidden_text(cli, p);
	if (!probe_is(p, PROBE_IMA, PROBE_YES))
		out_add(cli->out,
			"\nIMA is not active here. 'imactl doctor' says what is missing; a recorded host\n"
			"can be looked at with --host DIR.\n");
	return exit_of(cli, p);
}

static int json(struct cli *cli, const struct probe *p)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/status/1");
	json_kstr(&j, "host", p->host[0] ? p->host : NULL);
	json_kstr(&j, "kernel", p->release[0] ? p->release : NULL);
	json_kstr(&j, "os", p->os[0] ? p->os : NULL);
	json_kbool(&j, "recorded", p->recorded);
	json_kbool(&j, "hidden", p->denied);
	if (probe_is(p, PROBE_ENTRIES, PROBE_YES))
		json_ku64(&j, "entries", p->entries);
	if (probe_is(p, PROBE_VIOLATIONS, PROBE_YES))
		json_ku64(&j, "violations", p->violations);
	json_key(&j, "facts");
	json_open(&j, '{');
	for (int i = 0; i < _PROBE_MAX; i++) {
		json_key(&j, probe_key((enum probe_id)i));
		json_open(&j, '{');
		json_kstr(&j, "answer", probe_answer_name(p->fact[i].answer));
		json_kstr(&j, "value", p->fact[i].value[0] ? p->fact[i].value : NULL);
		json_kstr(&j, "evidence", p->fact[i].evidence);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	json_close(&j, '}');
	out_add(cli->out, "\n");
	return exit_of(cli, p);
}

/* One fact a line for scripts without a JSON parser; keys are those of the JSON. */
static int batch(struct cli *cli, const struct probe *p)
{
	out_addf(cli->out, "version: %s\n", IMACTL_VERSION);
	out_addf(cli->out, "host: %s\n", p->host);
	out_addf(cli->out, "kernel: %s\n", p->release);
	for (int i = 0; i < _PROBE_MAX; i++)
		out_addf(cli->out, "%s: %s\n", probe_key((enum probe_id)i),
			 shown(&p->fact[i]));
	return exit_of(cli, p);
}

static int nagios(struct cli *cli, const struct probe *p)
{
	bool active = probe_is(p, PROBE_IMA, PROBE_YES);
	bool bypass = active && probe_is(p, PROBE_TPM_USED, PROBE_NO);
	bool damaged = active && !strcmp(p->fact[PROBE_LIST].value, "damaged");
	bool warn = bypass || damaged;

	out_addf(cli->out, "IMA %s - ", !active ? "UNKNOWN" : warn ? "WARNING" : "OK");
	if (!active)
		out_addf(cli->out, "not active (%s)", p->fact[PROBE_IMA].evidence);
	else
		out_addf(cli->out, "appraise %s, policy %s, %s",
			 shown(&p->fact[PROBE_APPRAISE_MODE]),
			 shown(&p->fact[PROBE_POLICY]),
			 damaged  ? "list damaged"
			 : bypass ? "TPM not used"
				  : "list readable");
	if (probe_is(p, PROBE_ENTRIES, PROBE_YES) &&
	    probe_is(p, PROBE_VIOLATIONS, PROBE_YES))
		out_addf(cli->out, " | entries=%lluc violations=%lluc",
			 (unsigned long long)p->entries,
			 (unsigned long long)p->violations);
	out_add(cli->out, "\n");
	return !active ? NAGIOS_UNKNOWN : warn ? NAGIOS_WARNING : NAGIOS_OK;
}

static int run(struct cli *cli)
{
	bool batch_wanted = opt_flag(cli->opts, "batch");
	bool nagios_wanted = opt_flag(cli->opts, "nagios");
	_cleanup_(probe_freep) struct probe *p = NULL;
	struct diag d;

	if (batch_wanted + nagios_wanted + cli->json > 1) {
		diag_set(&d, DIAG_VALUE, EINVAL,
			 "--batch, --nagios and --json exclude each other.");
		return cmd_fail(&d);
	}
	if (probe_run(&cli->root, (struct span){0}, &p, &d) < 0)
		return cmd_fail(&d);
	if (batch_wanted)
		return batch(cli, p);
	if (nagios_wanted)
		return nagios(cli, p);
	return cli->json ? json(cli, p) : text(cli, p);
}

static const struct opt options[] = {
	{"batch", 'b', OPT_FLAG, NULL, "Print one 'key: value' a line"},
	{"nagios", 0, OPT_FLAG, NULL, "Print one line for a monitoring system"},
	{0},
};

const struct cmd cmd_status = {
	.name = "status",
	.summary = "Show what IMA does here and what the kernel can do",
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "Every fact is probed, none derived from a version number; what cannot be known\n"
		"is called unknown, with the reason. Exits 3 where IMA is not active.\n\n"
		"With --nagios the exit status is that of a monitoring plug-in: 0 for OK, 1 for\n"
		"WARNING (IMA started without its TPM, or the list is damaged), 3 for UNKNOWN.",
};
