/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery test and install-hook: what is in the initramfs, and how it gets there. */
#pragma once

#include "core/host/hookcheck.h"
#include "tui/cli/cmd.h"

extern const struct cmd recovery_test, recovery_install_hook;

/* The kernel that is asked about: --kernel, or the one that runs. Appends to @ret. */
int recovery_hook_release(struct cli *cli, struct strbuf *ret, struct diag *reterr);

/* Looks at its image, or the one that is named, and prints what is there; @entries: and what
 * that adds to the measurement list. An exit code. */
int recovery_hook_test(struct cli *cli, const char *release, const char *image,
		       bool entries);
