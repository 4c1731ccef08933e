/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions that change how this machine is started, besides writing files. */
#pragma once

#include "core/base/action.h"

enum act_boot_id {
#define ACT_BOOT(id, name, verb, ops, flags) ACT_BOOT_##id,
#include "core/boot/act-boot.inc"
#undef ACT_BOOT
	_ACT_BOOT_MAX,
};

const struct action *act_boot(enum act_boot_id id);

/* These rows and those of action_base_set(). */
extern const struct action_set act_boot_rows;
