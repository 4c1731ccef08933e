/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches of EVM's control file. Writing adds them; nothing takes them back before the
 * next boot, so a step is irreversible. linux 6.12 security/integrity/evm/evm_secfs.c
 * evm_write_key().
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_evm_ops;

/* Writing this makes what is set final; reading never shows it: EVM_SETUP_COMPLETE. */
#define ACT_EVM_LOCK 0x80000000u

/* Sets @bits, enum evm_bits of core/probe/evm.h. No step where they are set: 0. */
int act_evm_set(struct plan *plan, const struct root *root, uint32_t bits,
		const char *why, struct diag *reterr);
