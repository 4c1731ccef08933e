/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key: the keys that signatures are verified with, and how to get one there. */
#include "tui/cli/key.h"

const struct cmd cmd_key = {
	.name = "key",
	.summary = "Keys and keyrings: list, check, make, load, retire, rotate",
	.subs = (const struct cmd *const[]){&key_list_cmd, &key_check_cmd,
					    &key_new_ca_cmd, &key_new_cmd, &key_load_cmd,
					    &key_retire_cmd, &key_rotate_cmd, NULL},
	.help = "File signatures are verified with the keys in .ima, into which the kernel\n"
		"takes only certificates that a key it trusts has signed; or in _ima, which\n"
		"user space makes, on kernels built without that (Debian's).",
};
