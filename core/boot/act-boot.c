/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/act-boot.h"

#include "core/boot/act-efivar.h"
#include "core/boot/act-generate.h"
#include "core/boot/act-grubenv.h"

static const struct action rows[_ACT_BOOT_MAX] = {
#define ACT_BOOT(id, name, verb, ops, flags) [ACT_BOOT_##id] = {name, verb, flags, &ops},
#include "core/boot/act-boot.inc"
#undef ACT_BOOT
};

static const struct action *const all[_ACT_BOOT_MAX] = {
#define ACT_BOOT(id, name, verb, ops, flags) &rows[ACT_BOOT_##id],
#include "core/boot/act-boot.inc"
#undef ACT_BOOT
};

const struct action_set act_boot_rows = {all, _ACT_BOOT_MAX, &action_base_rows};

const struct action *act_boot(enum act_boot_id id)
{
	return &rows[id];
}
