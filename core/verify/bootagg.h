/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot aggregate: one digest over the PCRs that firmware and boot loader extended,
 * measured as the first entry of every boot.
 *
 * linux 6.1 security/integrity/ima/ima_crypto.c ima_calc_boot_aggregate_tfm(): PCR 0-7,
 * and PCR 8 and 9 as well for every bank but SHA-1 (since 5.8; kernels before it stopped
 * at 7 for all banks). The bank is the one named in the entry's file digest.
 */
#pragma once

#include "core/base/diag.h"
#include "core/host/hashalg.h"
#include "core/list/mlog.h"
#include "core/verify/pcrs.h"

/* The last PCR that counts: 7 for SHA-1, 9 for the others. */
unsigned bootagg_last(enum hash_alg alg);

/*
 * H(PCR 0 .. PCR @last) of the bank @alg; @last is bootagg_last(@alg), or 7 to try what
 * kernels before 5.8 did. -ENODATA: a value is missing, reterr names it. -EOPNOTSUPP:
 * this OpenSSL cannot compute @alg.
 */
int bootagg_compute(const struct pcrs *p, enum hash_alg alg, unsigned last,
		    struct digest *ret, struct diag *reterr);

/*
 * Appends the template data of the boot_aggregate record with this digest, as the kernel
 * writes it (ima_template_lib.c; fields that need a file stay empty). -ENOENT: the template
 * is not known, or cannot hold such a digest.
 */
int bootagg_data(const struct mlog_dialect *dialect, struct span template,
		 const struct digest *digest, struct strbuf *out);
