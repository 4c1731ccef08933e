/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rescue console. In an initramfs imactl-recovery starts it. */
#include <errno.h>

#include "tui/cli/cmd.h"
#include "tui/rescue.h"
#include "tui/tui.h"

static int run(struct cli *cli)
{
	const struct rescue_config config = {
		.recovery = opt_str(cli->opts, "recovery", NULL),
		.root = cli->root_dir,
		.plain = cli->plain,
		.ascii = cli->ascii,
	};
	const char *alone = tui_alone();
	struct diag diag = {0};
	int r;

	if (alone) {
		diag_set(&diag, DIAG_NO_TERMINAL, ENOTTY,
			 "The rescue needs a terminal: %s.", alone);
		return cmd_fail(&diag);
	}
	r = rescue_run(&config, &diag);
	return r < 0 ? cmd_fail(&diag) : r;
}

static const struct opt options[] = {
	{"recovery", 0, OPT_STRING, "FILE", "Act through this imactl-recovery"},
	{0},
};

const struct cmd cmd_rescue = {
	.name = "rescue",
	.summary = "Say why a boot stopped, and bring the machine back",
	.flags = CMD_LIVE | CMD_ROOT | CMD_NO_HOST,
	.options = options,
	.run = run,
	.help = "What happened, what is known good, and numbered choices: go back to the good\n"
		"generation and restart or continue, boot once without a policy, see what\n"
		"differs, read the kernel log, save a report to another disk, open a shell. It\n"
		"acts through imactl-recovery, which asks for root's password where that is due.\n\n"
		"With imactl=rescue among the boot arguments it comes before the policy is\n"
		"loaded; and in an initramfs where the boot stops. Without a screen, or with\n"
		"--plain, it is lines. See imactl-rescue(8).",
};
