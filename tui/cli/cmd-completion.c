/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell completion. The scripts are the same few lines for ever; they ask the program
 * itself (`completion words`) what may stand where the cursor is, and it looks into the
 * command table. One candidate a line, a tab, its help; ":files" asks the shell for names
 * of files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/cmd.h"

static const char bash[] =
	"# bash completion for imactl\n"
	"_imactl()\n"
	"{\n"
	"\tlocal word help cur=${COMP_WORDS[COMP_CWORD]}\n"
	"\t[[ $cur == = ]] && cur=\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r word help; do\n"
	"\t\tcase $word in\n"
	"\t\t:files)\n"
	"\t\t\tcompopt -o filenames\n"
	"\t\t\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\t\t;;\n"
	"\t\t*=)\n"
	"\t\t\tcompopt -o nospace\n"
	"\t\t\tCOMPREPLY+=(\"$word\")\n"
	"\t\t\t;;\n"
	"\t\t*) COMPREPLY+=(\"$word\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(imactl completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"}\n"
	"complete -F _imactl imactl\n";

static const char zsh[] =
	"#compdef imactl\n"
	"_imactl()\n"
	"{\n"
	"\tlocal word help\n"
	"\tlocal -a plain\n"
	"\timactl completion words -- \"${(@)words[2,CURRENT]}\" 2>/dev/null |\n"
	"\twhile IFS=$'\\t' read -r word help; do\n"
	"\t\tcase $word in\n"
	"\t\t:files) _files ;;\n"
	"\t\t*=) compadd -Q -S '' -- \"$word\" ;;\n"
	"\t\t*) plain+=(\"${word}:${help}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( $#plain )) && _describe imactl plain\n"
	"}\n"
	"_imactl \"$@\"\n";

static const char fish[] =
	"# fish completion for imactl\n"
	"function __imactl_words\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tfor line in (imactl completion words -- $words[2..-1] 2>/dev/null)\n"
	"\t\tif test \"$line\" = :files\n"
	"\t\t\t__fish_complete_path (commandline -ct)\n"
	"\t\telse\n"
	"\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c imactl -f -a '(__imactl_words)'\n";

struct completion {
	struct out *out;
	const char *current; /* the word at the cursor, so far */
	const char *prefix;  /* goes before each candidate: "--color=" */
	size_t prefix_len;
};

static void offer(const struct completion *c, const char *word, size_t len,
		  const char *tail, const char *help)
{
	if (strncmp(word, c->current, strlen(c->current)) != 0)
		return;
	out_addf(c->out, "%.*s%.*s%s\t%s\n", (int)c->prefix_len, c->prefix, (int)len,
		 word, tail, help);
}

static void offer_options(const struct completion *c, const struct opt *t)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	for (; t && t->name; t++) {
		if (!opt_is_shown(t))
			continue;
		strbuf_clear(&name);
		strbuf_addf(&name, "--%s", t->name);
		offer(c, strbuf_str(&name), name.len, opt_takes_value(t) ? "=" : "",
		      t->help);
	}
}

static void offer_commands(const struct completion *c, const struct cmd *const *table)
{
	for (; table && *table; table++)
		offer(c, (*table)->name, strlen((*table)->name), "", (*table)->summary);
}

/* The words of "auto|always|never". */
static void offer_choices(const struct completion *c, const char *choices)
{
	size_t len;

	for (const char *p = choices; *p; p += len + (p[len] == '|')) {
		len = strcspn(p, "|");
		if (len >= strlen(c->current))
			offer(c, p, len, "", "");
	}
}

static void offer_files(const struct completion *c)
{
	out_add(c->out, ":files\n");
}

static bool names_file(const char *metavar)
{
	return strstr(metavar, "FILE") || strstr(metavar, "DIR") ||
	       strstr(metavar, "PATH") || strcmp(metavar, "F") == 0;
}

static void offer_value(const struct completion *c, const struct opt *opt)
{
	if (opt->kind == OPT_CHOICE)
		offer_choices(c, opt->metavar);
	else if (names_file(opt->metavar))
		offer_files(c);
}

static void offer_arguments(const struct completion *c, const struct cmd *cmd)
{
	if (cmd == &cmd_help)
		offer_commands(c, cmd_table);
	else if (cmd->args && names_file(cmd->args))
		offer_files(c);
	else if (cmd->args && strchr(cmd->args, '|'))
		offer_choices(c, cmd->args);
}

static const struct opt *option(const struct cmd *cmd, const char *name, size_t len)
{
	const struct opt *opt = opt_find(cmd_global_options, name, len);

	if (!opt && cmd)
		opt = opt_find(cmd->options, name, len);
	if (!opt)
		opt = opt_find(cmd_change_options, name, len);
	return opt && opt_takes_value(opt) ? opt : NULL;
}

/* The option whose value the cursor stands in: "--x=", "--x" before it, or, as bash
 * splits words, "--x" "=" "". */
static const struct opt *pending(struct completion *c, const struct cmd *cmd,
				 const char *const *before, size_t n)
{
	const char *equals = strchr(c->current, '=');
	const struct opt *opt;

	if (strncmp(c->current, "--", 2) == 0 && equals) {
		opt = option(cmd, c->current + 2, (size_t)(equals - c->current) - 2);
		c->prefix = c->current;
		c->prefix_len = opt ? (size_t)(equals - c->current) + 1 : 0;
		c->current = opt ? equals + 1 : c->current;
		return opt;
	}
	if (strcmp(c->current, "=") == 0)
		c->current = "";
	if (n && strcmp(before[n - 1], "=") == 0)
		n--;
	if (!n || strncmp(before[n - 1], "--", 2) != 0)
		return NULL;
	return option(cmd, before[n - 1] + 2, strlen(before[n - 1]) - 2);
}

static void complete(struct completion *c, const struct cmd *cmd)
{
	if (c->current[0] == '-') {
		offer_options(c, cmd ? cmd->options : NULL);
		if (cmd && cmd_has_plans(cmd))
			offer_options(c, cmd_change_options);
		offer_options(c, cmd_global_options);
	} else if (!cmd) {
		offer_commands(c, cmd_table);
	} else {
		offer_commands(c, cmd->subs);
		offer_arguments(c, cmd);
	}
}

/* @words: all up to the cursor; the last is the one it stands in, maybe empty. */
static int words(struct cli *cli, const char *const *words, size_t n)
{
	struct completion c = {.out = cli->out,
			       .current = n ? words[n - 1] : "",
			       .prefix = ""};
	_cleanup_free_ bool *skip = calloc(n + 1, sizeof(bool));
	const struct cmd *cmd = NULL;
	const struct opt *opt;

	if (!skip)
		return CMD_IMPOSSIBLE;
	n -= n > 0;
	if (cmd_locate((int)n, words, skip, &cmd, NULL) < 0)
		return CMD_OK; /* a mistake before the cursor: nothing to offer */
	opt = pending(&c, cmd, words, n);
	if (opt)
		offer_value(&c, opt);
	else
		complete(&c, cmd);
	return CMD_OK;
}

static int run(struct cli *cli)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
	struct diag d;
	char q[80];

	if (strcmp(cli->args[0], "words") == 0)
		return words(cli, cli->args + 1, cli->n_args - 1);
	for (size_t i = 0; i < array_size(scripts); i++)
		if (cli->n_args == 1 && strcmp(cli->args[0], scripts[i].shell) == 0) {
			out_add(cli->out, scripts[i].script);
			return CMD_OK;
		}
	(void)diag_set(&d, DIAG_ARGUMENTS, EINVAL,
		       "completion knows bash, zsh and fish, not %s.",
		       str_quote(q, sizeof(q), span_of(cli->args[cli->n_args - 1])));
	return cmd_fail(&d);
}

const struct cmd cmd_completion = {
	.name = "completion",
	.summary = "Print the completion script of a shell",
	.args = "bash|zsh|fish",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_NO_HOST,
	.run = run,
	.help = "The scripts are installed with imactl; where they are not:\n"
		"  bash: source <(imactl completion bash)\n"
		"  zsh:  imactl completion zsh >_imactl, in a folder of $fpath\n"
		"  fish: imactl completion fish | source\n"
		"They ask 'imactl completion words -- WORD...' what may stand at the end.",
};
