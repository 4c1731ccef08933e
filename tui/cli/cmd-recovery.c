/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery: what brings a machine back when a policy was wrong. */
#include "tui/cli/recovery-hook.h"
#include "tui/cli/recovery.h"

const struct cmd cmd_recovery = {
	.name = "recovery",
	.summary = "What brings a boot back: state, rollback, initramfs hook",
	.subs = (const struct cmd *const[]){&recovery_status, &recovery_health,
					    &recovery_rollback, &recovery_set,
					    &recovery_test, &recovery_install_hook, NULL},
	.help = "A policy that the kernel refuses stops PID 1 for good, and one that is too\n"
		"strict lets nobody in. imactl-recovery(8) sees to both, from the initramfs on;\n"
		"imactl-rescue(7) is for the person in front of a machine that does not start.",
};
