/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passphrases: from a file descriptor that the user names, or typed on the terminal
 * without being shown. Never from the command line, which everybody can read.
 */
#pragma once

#include "tui/cli/cmd.h"

struct passphrase {
	int fd;		    /* its first line is the passphrase; -1: ask */
	const char *prompt; /* "Passphrase of ca.key" */
	bool twice;	    /* a new one: it is typed twice */
};

/* The descriptor that an option names; -1: it was not given. -EBADF (IMA-U003): it is not
 * open. */
int passphrase_fd(const struct cli *cli, const char *option, struct diag *reterr);

/* For struct sig_pass: @data is a struct passphrase. Writes it to @buf, without its
 * newline, and returns its length; of a descriptor no byte more is read. -ENOKEY: there is no terminal, or the
 * line is empty; -EINTR: ^C, ^D or ^\; -E2BIG: too long; -EACCES: two that differ. */
int passphrase_ask(char *buf, size_t size, void *data);
