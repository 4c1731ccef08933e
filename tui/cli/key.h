/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of imactl key, and what they share. */
#pragma once

#include "core/base/keyring.h"
#include "core/cert/certstore.h"
#include "tui/cli/cmd.h"

extern const struct cmd key_list_cmd, key_check_cmd, key_new_ca_cmd, key_new_cmd,
	key_load_cmd, key_retire_cmd, key_rotate_cmd;

/* The keyring that --keyring names, else the one for file signatures. */
int key_ring_of(struct cli *cli, const struct keyring_set *set, enum keyring_id *ret,
		struct diag *reterr);

/* The certificates of the usual places and of every --cert. */
int key_certs(struct cli *cli, struct certstore *store, struct diag *reterr);
/* Only those of --cert. */
int key_named_certs(struct cli *cli, struct certstore *store, struct diag *reterr);
