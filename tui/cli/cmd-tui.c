/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console. A bare `imactl` comes here too where there is a person to talk to. */
#include <errno.h>

#include "tui/cli/rollout.h"
#include "tui/tui.h"

static enum tui_color color_of(enum out_color color)
{
	switch (color) {
	case OUT_COLOR_ALWAYS:
		return TUI_COLOR_ALWAYS;
	case OUT_COLOR_NEVER:
		return TUI_COLOR_NEVER;
	case OUT_COLOR_AUTO:
		break;
	}
	return TUI_COLOR_AUTO;
}

static int run(struct cli *cli)
{
	struct tui_config config = {
		.root = &cli->root,
		.file = opt_str(cli->opts, "file", NULL),
		.pcrs = opt_str(cli->opts, "pcrs", NULL),
		.tcti = opt_str(cli->opts, "tcti", NULL),
		.scheme = opt_str(cli->opts, "scheme", NULL),
		.color = color_of(cli->color),
		.readonly = cli->readonly,
		.ascii = cli->ascii,
		.plain = cli->plain,
	};
	const char *unfit = cli->plain ? NULL : tui_unfit();
	struct diag diag = {0};
	int r;

	if (rollout_time(cli, "observe", &config.observe_s, &diag) < 0)
		return cmd_fail(&diag);
	if (unfit) {
		diag_set(&diag, DIAG_NO_TERMINAL, ENOTTY,
			 "The console needs a terminal: %s.", unfit);
		return cmd_fail(&diag);
	}
	r = tui_run(&config, &diag);
	return r < 0 ? cmd_fail(&diag) : r;
}

static const struct opt options[] = {
	{"file", 0, OPT_STRING, "FILE", "Look at this saved list instead"},
	{"log", 0, OPT_STRING, "FILE", NULL, .same_as = "file"},
	{"pcrs", 0, OPT_STRING, "FILE", "Prove it with the PCR values in FILE"},
	{"tcti", 0, OPT_STRING, "CONF", "Reach the TPM this way (tctildr)"},
	{"scheme", 0, OPT_STRING, "NAME",
	 "Colours: default, light, mono, colour-blind, high-contrast"},
	{"observe", 0, OPT_STRING, "AGE",
	 "Have a rollout observe for at least that long; 24h"},
	{0},
};

const struct cmd cmd_tui = {
	.name = "tui",
	.summary = "Open the console",
	.options = options,
	.run = run,
	.help = "The console shows what the kernel measures as it happens, and whether\n"
		"PCR 10 of the TPM proves it; what it would decide about files by their\n"
		"labels, which can be set from there by a plan and taken back. Press ? in\n"
		"it for the keys. With --plain it is numbered menus and lines, for serial\n"
		"lines, screen readers and rescue.",
};
