/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before PID 1 loads a policy, in the initramfs, with the root mounted: would this kernel take
 * it? If not, PID 1 would stop and the machine with it (systemd freezes), so a generation that
 * is known good takes its place for this boot. The disk is not changed.
 *
 * Whatever happens here, the boot goes on: the work is done by a child that is given ten
 * seconds, and may crash.
 */
#pragma once

enum gate_want {
	GATE_JUDGE,	/* what is on the disk, or on trial */
	GATE_GOOD,	/* the newest good generation, whatever the disk holds */
	GATE_NO_POLICY, /* none in this boot; whether that is allowed is the caller's */
};

/* For the menu too, which may want another than the gate chose. What was found is in
 * /run/imactl, in the kernel log, and where it is not what was wished for on the terminal.
 * 0: as wanted; 1: not; 2: somebody has to look at it; 3: the machine is to stop. */
int gate_run(const char *rootmnt, enum gate_want want);
