/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before somebody gets a shell in a boot that did not go as it should: PCRs of the TPM get
 * another value, so that what is sealed to them stays closed until the machine restarts
 * (recovery.md, rule 20). 7 is what disks are mostly sealed to, 11 what systemd measures a
 * boot's phases into. Commands are made by hand: a rescue has no TPM library.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/root.h"

enum { PCRCAP_COMMAND = 128 };

/* TPM2_PCR_Extend of one bank, TPM 2.0 part 3, 22.2. @alg: TPM_ALG_ID, its digest has @size
 * bytes. The length of the command. */
size_t pcrcap_command(uint8_t pcr, uint16_t alg, size_t size,
		      uint8_t ret[PCRCAP_COMMAND]);

/* Every bank that the TPM behind @fd has. -errno; -EIO: it refused. */
int pcrcap_extend(int fd);

/* 1: done; 0: there is no TPM; -errno: there is one, and it was not done. */
int pcrcap_all(const struct root *here);
