/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every command that changes the machine has in common: it prints its plan, asks for
 * it or wants --apply --plan=HASH, runs it, and says what came of it.
 *
 * On a terminal a reversible plan is asked for with y/N, one that affects the boot (or
 * very many files) with the host's name, one that cannot be undone with a phrase. Nobody
 * is asked with --json, --dry-run, or when standard input or standard error is no
 * terminal.
 */
#pragma once

#include "core/base/change.h"
#include "core/base/plan.h"
#include "tui/cli/cmd.h"

/* All actions that this program knows. */
const struct action_set *change_ui_actions(void);

/* Prints the plan, has it confirmed, runs it, reports. Returns the exit code. */
int change_ui_run(struct cli *cli, const struct plan *plan);
/* What a command knows beyond the steps of its plan. */
struct change_ui_more {
	/* Lines below the plan. */
	void (*text)(const void *user, struct strbuf *out, bool ascii);
	const char *member; /* of the plan's object in JSON, with the value: */
	void (*json)(const void *user, struct json *j);
	const void *user;
};
int change_ui_run_with(struct cli *cli, const struct plan *plan,
		       const struct change_ui_more *more);

/* The same; *ret is what came of it, CHANGE_NOTHING where nothing was run. @more may be
 * NULL. */
int change_ui_run_full(struct cli *cli, const struct plan *plan,
		       const struct change_ui_more *more, struct change_result *ret);
int change_ui_run_to(struct cli *cli, const struct plan *plan, struct change_result *ret);

/* For what is confirmed like a plan and is none: @shown is printed by the caller before.
 * 1: go on; 0: only looked at (--dry-run); -errno: refused, with the reason. */
int change_ui_confirm(struct cli *cli, enum plan_danger danger,
		      const uint8_t hash[PLAN_HASH_SIZE], struct diag *reterr);

/* Takes change @id back (with --force where the command has it), or finishes it: shows what
 * will be done, has it confirmed, does it, reports. Returns the exit code. In
 * cmd-change.c. */
int cmd_change_settle(struct cli *cli, unsigned id, bool back);

/* A context for change_*() that reports progress, audits, and stops between two steps on
 * SIGINT, SIGTERM and SIGHUP. @ui must outlive it. */
struct change_ui {
	struct cli *cli;
	int signals; /* signalfd, -1: none */
	int caught;  /* signal number, 0: none */
	bool shown;  /* a progress line is on the terminal */
};

struct change_ctx change_ui_begin(struct change_ui *ui, struct cli *cli,
				  const char *command);
/* Ends what _begin started, prints the result, returns the exit code. */
int change_ui_end(struct change_ui *ui, const struct plan *plan,
		  const struct change_result *result);
