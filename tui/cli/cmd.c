/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tui/cli/help.h"
#include "tui/tui.h"

const struct cmd *const cmd_table[] = {
#define CMD(name) &cmd_##name,
#include "tui/cli/cmds.inc"
#undef CMD
	NULL,
};

const struct opt cmd_global_options[] = {
#define OPT(name, letter, kind, metavar, help) {name, letter, OPT_##kind, metavar, help},
#include "tui/cli/globals.inc"
#undef OPT
	{0},
};

const struct opt cmd_change_options[] = {
	{"apply", 0, OPT_FLAG, NULL,
	 "Carry the plan out; without it the plan is only shown"},
	{"dry-run", 0, OPT_FLAG, NULL, "Show the plan and ask nothing"},
	{"plan", 0, OPT_STRING, "HASH",
	 "With --apply: the plan that was shown and is meant"},
	{0},
};

static const struct {
	enum diag_id id;
	enum cmd_exit exit;
} fail_exits[] = {
#define FAIL_EXIT(id, exit) {DIAG_##id, CMD_##exit},
#include "tui/cli/fail-exits.inc"
#undef FAIL_EXIT
};

const struct cmd *cmd_find(const struct cmd *const *table, const char *name)
{
	for (; table && *table; table++)
		if (strcmp((*table)->name, name) == 0)
			return *table;
	return NULL;
}

int cmd_exit_of(const struct diag *d)
{
	for (size_t i = 0; i < array_size(fail_exits); i++)
		if (fail_exits[i].id == d->id)
			return (int)fail_exits[i].exit;
	switch (d->err) {
	case EACCES:
	case EPERM:
		return CMD_PERMISSION;
	case EBUSY:
	case ETXTBSY:
	case EAGAIN:
		return CMD_BUSY;
	case EBADMSG:
	case EILSEQ:
	case EINVAL:
		return CMD_BAD;
	default:
		return CMD_IMPOSSIBLE;
	}
}

/* One write, so that lines of two programs on one terminal do not mix. Nothing can be
 * done about a standard error that cannot be written to. */
static void say(const struct strbuf *b)
{
	(void)fs_write_all(STDERR_FILENO, strbuf_str(b), b->len);
}

int cmd_fail(const struct diag *d)
{
	static const char no_memory[] = "imactl: IMA-G001: Out of memory.\n";
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_adds(&b, "imactl: ");
	diag_format(&b, d);
	if (b.failed) /* not even for the sentence */
		(void)fs_write_all(STDERR_FILENO, no_memory, sizeof(no_memory) - 1);
	else
		say(&b);
	return cmd_exit_of(d);
}

void cmd_note(const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	va_list ap;

	strbuf_adds(&b, "imactl: ");
	va_start(ap, fmt);
	strbuf_addv(&b, fmt, ap);
	va_end(ap);
	strbuf_addc(&b, '\n');
	say(&b);
}

/* An option that some command has: before the command is known its shape must be, or its
 * value would be taken for the command. Unit tests hold one name to one shape. */
static const struct opt *option_of_any(const struct cmd *const *table, const char *name,
				       size_t len)
{
	const struct opt *opt = NULL;

	for (; !opt && table && *table; table++) {
		opt = opt_find((*table)->options, name, len);
		for (const struct cmd *const *s = (*table)->subs; !opt && s && *s; s++)
			opt = opt_find((*s)->options, name, len);
	}
	return opt;
}

/* Does the option @word take the word after it as its value? */
static bool takes_next(const char *word)
{
	const struct opt *opt;

	if (word[1] != '-') {
		opt = opt_find_letter(cmd_global_options, word[strlen(word) - 1]);
		return opt && opt_takes_value(opt);
	}
	if (strchr(word, '='))
		return false;
	word += 2;
	opt = opt_find(cmd_global_options, word, strlen(word));
	if (!opt)
		opt = opt_find(cmd_change_options, word, strlen(word));
	if (!opt)
		opt = option_of_any(cmd_table, word, strlen(word));
	return opt && opt_takes_value(opt);
}

/* Index of the first word from @i that is no option and no option's value; argc if none.
 */
static int next_word(int argc, const char *const *argv, int i)
{
	for (; i < argc; i++) {
		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		if (strcmp(argv[i], "--") == 0)
			return argc;
		i += takes_next(argv[i]);
	}
	return argc;
}

static const char *nearest_command(const struct cmd *const *table, const char *word)
{
	const char *names[64];
	size_t n = 0;

	for (; table && *table && n < array_size(names); table++)
		names[n++] = (*table)->name;
	return opt_nearest(word, names, n);
}

int cmd_unknown(const struct cmd *const *table, const char *word, struct diag *reterr)
{
	const char *near = nearest_command(table, word);
	char q[80];

	str_quote(q, sizeof(q), span_of(word));
	if (near)
		return diag_set(reterr, DIAG_COMMAND, EINVAL,
				"Unknown command %s; did you mean %s?", q, near);
	return diag_set(reterr, DIAG_COMMAND, EINVAL, "Unknown command %s.", q);
}

/* A variable's value that turns something on. */
static bool is_yes(const char *value)
{
	return value && *value && strcmp(value, "0") != 0;
}

static bool wants_json(const struct opts *o)
{
	return opt_flag(o, "json") || opt_flag(o, "ndjson");
}

static bool wants_plain(const struct opts *o)
{
	return opt_flag(o, "plain") || is_yes(getenv("IMACTL_PLAIN"));
}

/* What a bare `imactl` does: the console where there is a terminal for it, the status
 * else. Who gives an option of the console means the console. */
static const struct cmd *default_command(const struct opts *o)
{
	for (size_t i = 0; i < o->n_given; i++)
		if (o->given[i].opt == opt_find(cmd_tui.options, o->given[i].opt->name,
						strlen(o->given[i].opt->name)))
			return &cmd_tui;
	if (wants_json(o))
		return &cmd_status;
	if (wants_plain(o) ? tui_alone() : tui_unfit())
		return &cmd_status;
	return &cmd_tui;
}

/* Who sits at a terminal that cannot show the console, and gets the status instead. */
static void say_plain(const struct cmd *cmd, const struct opts *o)
{
	if (cmd == &cmd_status && !wants_json(o) && !wants_plain(o) && !tui_alone())
		cmd_note("%s: 'imactl --plain' is the console in lines.", tui_unfit());
}

/* `--hots DIR status`: the mistake is the option, not the "command" DIR. */
static int mistaken(int argc, const char *const *argv, int at, struct diag *reterr)
{
	struct opts o = {.tables = {cmd_global_options, cmd_change_options}};
	int r = opt_parse(&o, at, argv, NULL, reterr);

	opt_done(&o);
	return r < 0 ? r : cmd_unknown(cmd_table, argv[at], reterr);
}

int cmd_locate(int argc, const char *const *argv, bool *skip, const struct cmd **ret,
	       struct diag *reterr)
{
	const struct cmd *cmd, *sub;
	int i = next_word(argc, argv, 0);

	if (i >= argc) {
		*ret = NULL;
		return 0;
	}
	cmd = cmd_find(cmd_table, argv[i]);
	if (!cmd)
		return mistaken(argc, argv, i, reterr);
	skip[i] = true;
	i = next_word(argc, argv, i + 1);
	if (cmd->subs && i < argc) {
		sub = cmd_find(cmd->subs, argv[i]);
		if (!sub && !cmd->run)
			return cmd_unknown(cmd->subs, argv[i], reterr);
		if (sub)
			skip[i] = true;
		cmd = sub ?: cmd;
	}
	*ret = cmd;
	return 0;
}

const char *cmd_full_name(const struct cmd *cmd, char *buf, size_t size)
{
	const struct cmd *parent = help_parent(cmd);

	(void)snprintf(buf, size, "%s%s%s", parent ? parent->name : "", parent ? " " : "",
		       cmd->name);
	return buf;
}

static int needs_subcommand(const struct cmd *cmd, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf names = {0};

	for (const struct cmd *const *s = cmd->subs; s && *s; s++)
		strbuf_addf(&names, "%s%s", names.len ? ", " : "", (*s)->name);
	return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
			"%s needs one of its subcommands: %s.", cmd->name,
			strbuf_str(&names));
}

static int check_args(const struct cmd *cmd, const struct opts *o, struct diag *reterr)
{
	char q[80], name[48];

	if (!cmd->run)
		return needs_subcommand(cmd, reterr);
	(void)cmd_full_name(cmd, name, sizeof(name));
	if (o->n_args < cmd->min_args)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL, "%s needs %s.", name,
				cmd->args);
	if (o->n_args > cmd->max_args)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL, "%s does not take %s.",
				name,
				str_quote(q, sizeof(q), span_of(o->args[cmd->max_args])));
	return 0;
}

static int not_recorded(const struct cli *cli, struct diag *reterr)
{
	char name[48];

	if (!cli->host_dir)
		return 0;
	return diag_set(reterr, DIAG_LIVE_ONLY, EOPNOTSUPP,
			"%s works on a running machine, not on a recorded host.",
			cmd_full_name(cli->cmd, name, sizeof(name)));
}

int cmd_may_change(const struct cli *cli, struct diag *reterr)
{
	char name[48];

	if (not_recorded(cli, reterr) < 0)
		return -EOPNOTSUPP;
	if (!opt_flag(cli->opts, "readonly"))
		return 0;
	return diag_set(reterr, DIAG_READONLY, EROFS,
			"%s changes the machine, and --readonly was given.",
			cmd_full_name(cli->cmd, name, sizeof(name)));
}

/* The flags of the command against the options and this machine. */
static int check_flags(const struct cli *cli, struct diag *reterr)
{
	char buf[48];
	const char *name = cmd_full_name(cli->cmd, buf, sizeof(buf));
	unsigned flags = cli->cmd->flags;

	if (cli->host_dir && cli->root_dir)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"--host and --root exclude each other.");
	if (cli->json && !(flags & CMD_JSON))
		return diag_set(reterr, DIAG_NO_JSON, EINVAL, "%s has no --json.", name);
	if ((flags & CMD_LIVE) && not_recorded(cli, reterr) < 0)
		return -EOPNOTSUPP;
	if ((flags & CMD_MUTATES) && cmd_may_change(cli, reterr) < 0)
		return -EROFS;
	if ((flags & CMD_ROOT) && !cli->host_dir && geteuid() != 0)
		return diag_set(reterr, DIAG_NEED_ROOT, EPERM, "%s needs root.", name);
	return 0;
}

/* Changes of somebody who is not root (a tree that is being built) have their journals at
 * home. Without a home the machine's own place is tried and refused. */
static int own_state(struct root *root, struct diag *reterr)
{
	const char *state = secure_getenv("XDG_STATE_HOME"),
		   *home = secure_getenv("HOME");
	_cleanup_strbuf_ struct strbuf path = {0};

	if (state && *state == '/')
		strbuf_addf(&path, "%s/imactl", state);
	else if (home && *home == '/')
		strbuf_addf(&path, "%s/.local/state/imactl", home);
	else
		return 0;
	if (!path.failed && root_use_state(root, strbuf_str(&path)) == 0)
		return 0;
	root_done(root);
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int open_root(struct cli *cli, struct diag *reterr)
{
	char q[120];
	int r;

	if (!cli->host_dir) {
		r = root_open_live(&cli->root, cli->root_dir, reterr);
		return r < 0 || cli->root_dir || geteuid() == 0
			       ? r
			       : own_state(&cli->root, reterr);
	}
	r = root_open_host(&cli->root, cli->host_dir, reterr);
	if (r < 0 || root_has_records(&cli->root))
		return r;
	root_done(&cli->root);
	return diag_set(reterr, DIAG_NOT_HOST, ENOENT,
			"There is nothing of a recorded host in %s.",
			str_quote(q, sizeof(q), span_of(cli->host_dir)));
}

static int run(struct cli *cli, struct diag *reterr)
{
	bool no_host = cli->cmd->flags & CMD_NO_HOST;
	int r = check_flags(cli, reterr);

	if (r >= 0 && !no_host)
		r = open_root(cli, reterr);
	if (r < 0)
		return cmd_fail(reterr);
	r = cli->cmd->run(cli);
	if (!no_host)
		root_done(&cli->root);
	return r;
}

static enum out_color color_of(const struct opts *o)
{
	switch (opt_str(o, "color", "auto")[1]) {
	case 'l':
		return OUT_COLOR_ALWAYS;
	case 'e':
		return OUT_COLOR_NEVER;
	default:
		return OUT_COLOR_AUTO;
	}
}

static struct cli cli_from(const struct cmd *cmd, const struct opts *o, struct out *out)
{
	return (struct cli){
		.cmd = cmd,
		.opts = o,
		.args = o->args,
		.n_args = o->n_args,
		.out = out,
		.host_dir = opt_str(o, "host", NULL),
		.root_dir = opt_str(o, "root", NULL),
		.json = wants_json(o),
		.readonly =
			opt_flag(o, "readonly") || opt_flag(o, "host") || geteuid() != 0,
		.no_pager = opt_flag(o, "no-pager"),
		.ascii = opt_flag(o, "ascii") || is_yes(getenv("IMACTL_ASCII")),
		.plain = wants_plain(o),
		.color = color_of(o),
	};
}

/* Runs with the output open; what cannot be written outweighs a good result. */
static int run_with_output(const struct cmd *cmd, const struct opts *o, bool bare)
{
	struct diag diag = {0};
	struct out out;
	struct cli cli = cli_from(cmd, o, &out);
	int code, write_failed = CMD_OK;

	cli.bare = bare;
	out_init(&out, STDOUT_FILENO, cli.color, cli.ascii, !cli.json && !cli.no_pager);
	if (opt_flag(o, "help")) {
		help_command(&out, cmd);
		code = CMD_OK;
	} else {
		code = run(&cli, &diag);
	}
	if (out_finish(&out, &diag) < 0)
		write_failed = cmd_fail(&diag);
	return code == CMD_OK ? write_failed : code;
}

static int parse(int argc, const char *const *argv, struct opts *o,
		 const struct cmd **ret, bool *bare, struct diag *reterr)
{
	_cleanup_free_ bool *skip = calloc((size_t)argc + 1, sizeof(bool));
	const struct cmd *named, *cmd;
	int r;

	if (!skip)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = cmd_locate(argc, argv, skip, &named, reterr);
	if (r < 0)
		return r;
	cmd = named ?: &cmd_tui;
	o->tables[0] = cmd_global_options;
	o->tables[1] = cmd->options;
	o->tables[2] = cmd_has_plans(cmd) ? cmd_change_options : NULL;
	r = opt_parse(o, argc, argv, skip, reterr);
	if (r < 0)
		return r;
	*bare = !named;
	if (!named) {
		cmd = default_command(o);
		o->tables[1] = cmd->options;
	}
	if (opt_flag(o, "version"))
		cmd = &cmd_version;
	else if (opt_flag(o, "help"))
		cmd = named ?: &cmd_help;
	else
		r = check_args(cmd, o, reterr);
	*ret = cmd;
	return r;
}

int cmd_main(int argc, const char *const *argv)
{
	struct opts o = {0};
	const struct cmd *cmd = NULL;
	struct diag diag;
	bool bare = false;
	int r = parse(argc > 0 ? argc - 1 : 0, argv + 1, &o, &cmd, &bare, &diag);

	if (r < 0) {
		r = cmd_fail(&diag);
	} else {
		r = run_with_output(cmd, &o, bare);
		if (bare)
			say_plain(cmd, &o);
	}
	opt_done(&o);
	return r;
}
