/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pager of long text: $IMACTL_PAGER, else $PAGER, else "less" with LESS=FRSXMK, split at
 * blanks and run without a shell. "cat" or "" means none. With privileges LESSSECURE=1 is
 * set, so that less offers no shell and no editor.
 */
#pragma once

#include <sys/types.h>

/* Starts it with its standard input on a pipe. Returns the fd to write to and its pid;
 * -ENOENT when there is none to start. */
int pager_start(pid_t *ret_pid);

/* Waits for its end; the fd must be closed before. */
void pager_wait(pid_t pid);
