/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: what the front door (main, `imactl tui`) needs to start it. Everything
 * else in tui/ but tui/cli/ stays behind these two functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/root.h"

enum tui_color {
	TUI_COLOR_AUTO, /* colours unless NO_COLOR is set or the terminal has none */
	TUI_COLOR_ALWAYS,
	TUI_COLOR_NEVER,
};

/* All pointers are borrowed and outlive tui_run(). */
struct tui_config {
	struct root *root; /* a live list's checkpoint makes its folders below it */
	const char *
		file; /* a measurement list instead of the root's own; NULL: the root's */
	const char *pcrs;   /* a PCR file to check @file against; NULL: the root's TPM */
	const char *tcti;   /* tctildr string, NULL: the usual places */
	const char *scheme; /* colour scheme by name, NULL: "default" */
	uint64_t observe_s; /* of a rollout, at least */
	enum tui_color color;
	bool readonly;
	bool ascii; /* lines and text in ASCII, as they are where the locale is not UTF-8 */
	bool plain; /* line mode */
};

/* NULL when both ends are a terminal, else one phrase ("standard output is not a
 * terminal"). Line mode can run without one, but nobody is there to be asked. */
const char *tui_alone(void);

/* NULL when a full-screen console can run on this terminal, else one phrase saying why
 * not (as tui_alone(), or "TERM is not set"). */
const char *tui_unfit(void);

/*
 * Runs the console until the person leaves. The exit status: 0, or 128 + n after signal
 * n; the terminal is as it was found. Negative when it could not start (reterr:
 * IMA-U0xx).
 */
int tui_run(const struct tui_config *config, struct diag *reterr);
