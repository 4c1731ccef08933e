/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of tpm-esys.c where the build had no tss2: sysfs and files still work. */
#include <errno.h>

#include "core/verify/tpm-ops.h"

int tpm_esys_open(const char *tcti, struct tpm_source *ret, struct diag *reterr)
{
	return diag_set(reterr, DIAG_NO_TSS2, EOPNOTSUPP,
			"This imactl was built without the TPM software stack.");
}
