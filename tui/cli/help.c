/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/help.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"

#define COLUMNS	       80
#define COMMAND_COLUMN 14
#define OPTION_COLUMN  28

static const struct {
	const char *id;
	enum cmd_exit value;
	const char *meaning;
} exits[] = {
#define CMD_EXIT(id, value, meaning) {#id, CMD_##id, meaning},
#include "tui/cli/exits.inc"
#undef CMD_EXIT
};

const struct cmd *help_parent(const struct cmd *cmd)
{
	for (const struct cmd *const *c = cmd_table; *c; c++)
		for (const struct cmd *const *s = (*c)->subs; s && *s; s++)
			if (*s == cmd)
				return *c;
	return NULL;
}

/* "  left       right", right wrapped in its column. */
static void row(struct out *out, const char *left, size_t column, const char *right)
{
	size_t len = strlen(left) + 2;

	out_add(out, "  ");
	out_style(out, OUT_BOLD, left);
	if (len + 2 > column) {
		out_addf(out, "\n%*s", (int)column, "");
		len = column;
	} else {
		out_addf(out, "%*s", (int)(column - len), "");
	}
	str_wrap(out_buf(out), COLUMNS, column, right);
}

static void options(struct out *out, const char *title, const struct opt *table)
{
	_cleanup_strbuf_ struct strbuf left = {0};

	if (!table || !table->name)
		return;
	out_addf(out, "\n%s:\n", title);
	for (; table->name; table++) {
		if (!opt_is_shown(table))
			continue;
		strbuf_clear(&left);
		if (table->letter)
			strbuf_addf(&left, "-%c, ", table->letter);
		else
			strbuf_adds(&left, "    ");
		strbuf_addf(&left, "--%s", table->name);
		if (opt_takes_value(table))
			strbuf_addf(&left, "=%s", table->metavar);
		row(out, strbuf_str(&left), OPTION_COLUMN, table->help);
	}
}

static void commands(struct out *out, const char *title, const struct cmd *const *table)
{
	if (!table || !*table)
		return;
	out_addf(out, "\n%s:\n", title);
	for (; *table; table++)
		row(out, (*table)->name, COMMAND_COLUMN, (*table)->summary);
}

static void program(struct out *out)
{
	out_add(out,
		"Usage: imactl [OPTION...] [COMMAND [ARGUMENT...]]\n\n"
		"See what Linux IMA measures, and prove it against the TPM. Without a "
		"command:\nthe console on a terminal, else the status as text.\n");
	commands(out, "Commands", cmd_table);
	options(out, "Options of every command", cmd_global_options);
	out_add(out,
		"\n'imactl COMMAND --help' explains a command; imactl(8) has it all.\n");
}

static void usage(struct out *out, const struct cmd *cmd)
{
	const struct cmd *parent = help_parent(cmd);

	out_addf(out, "Usage: imactl %s%s%s", parent ? parent->name : "",
		 parent ? " " : "", cmd->name);
	if (cmd->options || cmd_has_plans(cmd))
		out_add(out, " [OPTION...]");
	if (cmd->subs)
		out_add(out, cmd->run ? " [SUBCOMMAND]" : " SUBCOMMAND");
	if (cmd->args)
		out_addf(out, " %s", cmd->args);
	out_addf(out, "\n\n%s.\n", cmd->summary);
}

void help_command(struct out *out, const struct cmd *cmd)
{
	if (cmd == &cmd_help) {
		program(out);
		return;
	}
	usage(out, cmd);
	if (cmd->help)
		out_addf(out, "\n%s\n", cmd->help);
	commands(out, "Subcommands", cmd->subs);
	options(out, "Options", cmd->options);
	if (cmd_has_plans(cmd))
		options(out, "Carrying it out", cmd_change_options);
	if (cmd->flags & CMD_JSON)
		out_addf(out, "\nWith --json the result is JSON%s.\n",
			 cmd->flags & CMD_STREAMS ? ", one object a line" : "");
	out_add(out, "\n'imactl --help' lists the options of every command.\n");
}

static void json_options(struct json *j, const char *key, const struct opt *table)
{
	static const char *const kinds[] = {"flag", "string", "number", "repeated",
					    "choice"};

	json_key(j, key);
	json_open(j, '[');
	for (; table && table->name; table++) {
		char letter[2] = {table->letter, '\0'};

		if (!opt_is_shown(table))
			continue;
		json_open(j, '{');
		json_kstr(j, "name", table->name);
		json_kstr(j, "letter", table->letter ? letter : NULL);
		json_kstr(j, "kind", kinds[table->kind]);
		json_kstr(j, "metavar", table->metavar);
		json_kstr(j, "help", table->help);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_command(struct json *j, const struct cmd *cmd)
{
	json_open(j, '{');
	json_kstr(j, "name", cmd->name);
	json_kstr(j, "summary", cmd->summary);
	json_kstr(j, "args", cmd->args);
	json_kstr(j, "help", cmd->help);
	json_ku64(j, "min_args", cmd->min_args);
	json_key(j, "max_args");
	if (cmd->max_args == CMD_ANY_ARGS)
		json_null(j);
	else
		json_u64(j, cmd->max_args);
	json_kbool(j, "runs", cmd->run != NULL);
	json_kbool(j, "reads_host", !(cmd->flags & CMD_NO_HOST));
	json_kbool(j, "json", cmd->flags & CMD_JSON);
	json_kbool(j, "streams", cmd->flags & CMD_STREAMS);
	json_kbool(j, "live", cmd->flags & CMD_LIVE);
	json_kbool(j, "root", cmd->flags & CMD_ROOT);
	json_kbool(j, "mutates", cmd->flags & CMD_MUTATES);
	json_kbool(j, "plans", cmd_has_plans(cmd));
	json_options(j, "options", cmd->options);
}

static void json_commands(struct json *j)
{
	json_key(j, "commands");
	json_open(j, '[');
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		json_command(j, *c);
		json_key(j, "subcommands");
		json_open(j, '[');
		for (const struct cmd *const *s = (*c)->subs; s && *s; s++) {
			json_command(j, *s);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_exits(struct json *j)
{
	json_key(j, "exit_codes");
	json_open(j, '[');
	for (size_t i = 0; i < array_size(exits); i++) {
		json_open(j, '{');
		json_ku64(j, "value", exits[i].value);
		json_kstr(j, "meaning", exits[i].meaning);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_diags(struct json *j)
{
	json_key(j, "diagnostics");
	json_open(j, '[');
	for (int i = DIAG_NONE + 1; i < _DIAG_MAX; i++) {
		json_open(j, '{');
		json_kstr(j, "id", diag_code((enum diag_id)i));
		json_kstr(j, "hint", diag_hint((enum diag_id)i));
		json_close(j, '}');
	}
	json_close(j, ']');
}

void help_json(struct out *out)
{
	struct json j = json_to(out_buf(out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/help/1");
	json_commands(&j);
	json_options(&j, "options", cmd_global_options);
	json_options(&j, "change_options", cmd_change_options);
	json_exits(&j);
	json_diags(&j);
	json_close(&j, '}');
	out_add(out, "\n");
}
