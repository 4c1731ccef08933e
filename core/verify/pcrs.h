/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR values of some banks, wherever they came from: a TPM, sysfs, a file. Plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/host/hashalg.h"

enum { PCRS_COUNT = 24, PCRS_BANKS_MAX = 8 };

struct pcr_bank {
	enum hash_alg alg;
	uint32_t present; /* bit i: value[i] was read */
	uint8_t value[PCRS_COUNT][HASH_MAX_SIZE];
};

struct pcrs {
	size_t n_banks;
	struct pcr_bank bank[PCRS_BANKS_MAX];
	uint32_t update_counter; /* pcrUpdateCounter of TPM2_PCR_Read; 0 from files */
};

/* The bank, or NULL. */
const struct pcr_bank *pcrs_find(const struct pcrs *p, enum hash_alg alg);

/* The bank, made empty when new; NULL when there are too many. */
struct pcr_bank *pcrs_bank(struct pcrs *p, enum hash_alg alg);

/* The value, false when it was not read. */
bool pcrs_value(const struct pcrs *p, enum hash_alg alg, unsigned index,
		struct span *ret);

/*
 * Adds what a PCR file holds. Understood: "PCR-10: AA BB.." and "PCR-10: aabb.." (evmctl,
 * sysfs), "10: 0xAABB" below "sha256:" (tpm2_pcrread), one bare hex value per line counted
 * from 0, and {"sha256": {"10": "hex"}} (JSON as in recorded hosts). @alg says the bank
 * where the file does not; _HASH_ALG_INVALID lets the digest size decide (20 sha1, 32
 * sha256, 48 sha384, 64 sha512). Blank lines and lines that begin with # are passed over.
 * IMA-T001 with line and column on anything else, and where a PCR is given twice with
 * different values; values read before it stay. No values at all is no error here.
 */
int pcrs_parse(struct pcrs *p, struct span text, enum hash_alg alg, struct diag *reterr);
