/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 itself: does it live, did it stop? What the kernel log says of it anybody might have
 * written in some way or other; how many descriptors it holds, nobody else decides.
 *
 * When systemd stops it closes all descriptors but the first three and does nothing any more
 * but wait for children (src/basic/process-util.c freeze(), v229 to v257). A healthy one has
 * some thirty. Another init may have as few in health, but none of them loads a policy. Where
 * in the kernel it sleeps is not asked: user-mode Linux takes any function that it finds on the
 * stack (arch/um/kernel/process.c __get_wchan()), so that would hide a stop at times.
 *
 * Opened before a policy is loaded: afterwards even /proc/1/stat may be denied (recovery.md,
 * rule 17). The folder of its descriptors is no file that IMA looks at.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/bytes.h"
#include "core/base/root.h"

enum {
	PID1_FROZEN_FDS = 3, /* it keeps at most */
	PID1_LIVE_FDS = 8,   /* it has more than that only after its policy was loaded */
};

struct pid1 {
	int dir;  /* /proc/1 */
	int stat; /* /proc/1/stat */
};

struct pid1_seen {
	int descriptors; /* -1: not to be told */
	char state;	 /* 'S': asleep; 0: not known */
	char comm[17];
	char program[32]; /* its file's name; "": not known */
	bool in_root;	  /* its root folder is the one that was asked about */
};

/* -errno: there is no /proc, or it may not be looked into. */
int pid1_open(const struct root *root, struct pid1 *ret);
void pid1_close(struct pid1 *p);

/* @st: of the root folder that it is to move to. */
void pid1_look(const struct pid1 *p, const struct stat *st, struct pid1_seen *ret);

/* "1 (systemd) S 0 ...", into comm and state; false: that is something else. */
bool pid1_parse_stat(struct span text, struct pid1_seen *ret);

/* Does it look like a systemd that stopped? */
bool pid1_frozen(const struct pid1_seen *seen);
/* Is it at work in its root, behind the place where a policy is loaded? */
bool pid1_lives(const struct pid1_seen *seen);
/* Is the machine going down? */
bool pid1_leaving(const struct pid1_seen *seen);
