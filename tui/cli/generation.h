/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of imactl generation and imactl recovery. */
#pragma once

#include "core/base/gen.h"
#include "tui/cli/cmd.h"

/* A command's argument as the number of a generation. IMA-U004. */
int generation_number(const struct cli *cli, const char *text, unsigned *ret,
		      struct diag *reterr);

/* The kernel that is meant: --kernel, where the command has it, else the one that runs. */
int generation_release(const struct cli *cli, bool option, struct strbuf *ret,
		       struct diag *reterr);

#define GENERATION_OPT_KERNEL                                                            \
	{                                                                                \
		"kernel", 0, OPT_STRING, "RELEASE",                                      \
			"For the kernel of that release, not the one that runs"          \
	}

extern const struct cmd generation_record, generation_bless, generation_unbless,
	generation_revoke, generation_minimum;
