/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where PCR values come from: one small ops struct, back ends for the TPM itself (ESAPI
 * through tctildr), the kernel's sysfs files, and the files of a recorded host.
 *
 * Reading is blocking and short: one TPM2_PCR_Read asks for one PCR of all banks. One
 * thread uses one struct tpm.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/verify/pcrs.h"

struct tpm;

/*
 * Opens the source of PCR values for @root: a recorded host's pcrs-ALG.txt or pcrs.json;
 * else @tcti (a tctildr string: "device:/dev/tpmrm0", "swtpm:path=SOCK") or, when NULL,
 * the resource manager, the TPM device, then sysfs. IMA-T00x when there is none: no TPM is
 * a fact worth showing, so the err is ENODEV then.
 */
int tpm_open(const struct root *root, const char *tcti, struct tpm **ret,
	     struct diag *reterr);
struct tpm *tpm_free(struct tpm *t);

/* "TPM 2.0 (device:/dev/tpmrm0)", "recorded PCR files": for people. */
const char *tpm_describe(const struct tpm *t);

/* The allocated banks (with at least one PCR). Returns their number. */
int tpm_banks(struct tpm *t, enum hash_alg ret_algs[PCRS_BANKS_MAX], struct diag *reterr);

/* Reads the PCRs of bits @mask (bit i: PCR i) of every allocated bank into *ret, replacing
 * it. All banks of one PCR come from one command, so they belong together. */
int tpm_read(struct tpm *t, uint32_t mask, struct pcrs *ret, struct diag *reterr);
