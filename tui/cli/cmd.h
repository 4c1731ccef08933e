/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table. A command is one file cmd-NAME.c exporting `const struct cmd
 * cmd_NAME` and one row in cmds.inc; --help, completion and the check of the man pages
 * come from the same struct.
 *
 * A command with subcommands (`imactl policy check F`) lists them in .subs and has no run
 * of its own, or a run for the bare word; each subcommand is a struct cmd like any other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "tui/cli/opt.h"
#include "tui/cli/out.h"

/* What a run returns. The numbers are an interface (imactl(8), EXIT STATUS). */
enum cmd_exit {
#define CMD_EXIT(id, value, meaning) CMD_##id = value,
#include "tui/cli/exits.inc"
#undef CMD_EXIT
};

enum cmd_flags {
	CMD_JSON = 1 << 0, /* has --json */
	CMD_LIVE = 1 << 1, /* only on the running machine: --host is refused (exit 3) */
	CMD_ROOT = 1 << 2, /* useless without root on a live machine (exit 4) */
	CMD_MUTATES = 1 << 3, /* changes the machine: has --apply and --plan; refused with
			       * --readonly (exit 5) and --host (exit 3) */
	CMD_NO_HOST = 1 << 4, /* looks at no machine at all: cli->root is not opened */
	CMD_STREAMS = 1 << 5, /* --json prints one object a line, and a pager may be fed
			       * before the end */
	CMD_PLANS = 1 << 6,   /* changes the machine with one of its options alone: has
			       * --apply and --plan, and refuses by cmd_may_change() */
};

/* What a run is handed. Everything is borrowed for the length of the call. */
struct cli {
	struct root root;	 /* where facts come from; closed by the caller */
	const struct cmd *cmd;	 /* the (sub)command that runs */
	const struct opts *opts; /* its options: opt_flag(cli->opts, "follow"), ... */
	const char *const *args; /* its arguments, NULL at the end */
	size_t n_args;
	struct out *out;      /* standard output; the caller finishes it */
	const char *host_dir; /* --host, NULL when live */
	const char *root_dir; /* --root, NULL for "/" */
	bool json;	      /* --json or --ndjson: data only, on standard output */
	bool readonly;	      /* --readonly, or not root, or a recorded host */
	bool bare;	      /* no command was named: nobody asked for a verdict */
	bool no_pager;
	bool ascii;	      /* no byte above 0x7e in text */
	bool plain;	      /* line mode: no screen, no redraw */
	enum out_color color; /* as asked for; out already knows what came of it */
};

struct cmd {
	const char *name;
	const char *summary; /* one line, <= 58 columns, no full stop */
	const char *args;    /* "DIR", "[PATH...]"; NULL when it takes none */
	unsigned min_args;
	unsigned max_args;	       /* CMD_ANY_ARGS: no limit */
	unsigned flags;		       /* enum cmd_flags */
	const struct opt *options;     /* NULL for none */
	const struct cmd *const *subs; /* NULL-terminated; NULL for none */
	int (*run)(struct cli *cli);   /* returns enum cmd_exit */
	const char
		*help; /* long text, paragraphs divided by an empty line; may be NULL */
};

#define CMD_ANY_ARGS (~0u)

#define CMD(name) extern const struct cmd cmd_##name;
#include "tui/cli/cmds.inc"
#undef CMD

/* Every command in the order of cmds.inc, NULL at the end. */
extern const struct cmd *const cmd_table[];

/* The options every command takes, and those of CMD_MUTATES. */
extern const struct opt cmd_global_options[];
extern const struct opt cmd_change_options[];

const struct cmd *cmd_find(const struct cmd *const *table, const char *name);

/* Does it take the options that carry a plan out? */
static inline bool cmd_has_plans(const struct cmd *cmd)
{
	return cmd->flags & (CMD_MUTATES | CMD_PLANS);
}

/* May this run change the machine? IMA-U007: not a recorded host; IMA-U006: --readonly. */
int cmd_may_change(const struct cli *cli, struct diag *reterr);

/* "change undo". Returns @buf. */
const char *cmd_full_name(const struct cmd *cmd, char *buf, size_t size);

/* IMA-U002: @word is none of the @table; with the one it may have been meant to be. */
int cmd_unknown(const struct cmd *const *table, const char *word, struct diag *reterr);

/* Finds the (sub)command among argv[0..argc) and marks its words in @skip; NULL when none
 * is named. IMA-U002. */
int cmd_locate(int argc, const char *const *argv, bool *skip, const struct cmd **ret,
	       struct diag *reterr);

/* Says what went wrong on standard error ("imactl: IMA-H001: ...", hint below) and
 * returns the exit code that belongs to it. A run ends with
 *	return cmd_fail(&diag);
 */
int cmd_fail(const struct diag *d);

/* Only the exit code: what the id (fail-exits.inc) or else the errno means to a caller.
 */
int cmd_exit_of(const struct diag *d);

/* A remark that is no failure, on standard error: "imactl: ...". */
void cmd_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The whole program: parses, checks the flags, opens the root, runs, finishes the output.
 */
int cmd_main(int argc, const char *const *argv);
