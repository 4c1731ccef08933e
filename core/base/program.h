/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs, started with words and descriptors: no shell, and no search for them. */
#pragma once

#include <sys/types.h>

/* Starts @path with @words (NULL at the end) and @env, its standard descriptors @fds; it
 * handles every signal as programs do, whatever this thread blocks. -errno. */
int program_start(const char *path, const char *const words[], const char *const env[],
		  const int fds[3], pid_t *ret);

/* Waits for its end: the exit status, 128 + n after signal n; -errno. */
int program_wait(pid_t pid);
