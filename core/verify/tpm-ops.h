/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between tpm.c and its back ends; nobody else includes it. */
#pragma once

#include "core/verify/tpm.h"

enum { TPM_SETTLE_TRIES = 16 }; /* reads of a PCR that is being extended meanwhile */

struct tpm_ops {
	int (*banks)(void *state, enum hash_alg ret_algs[PCRS_BANKS_MAX],
		     struct diag *reterr);
	int (*read)(void *state, uint32_t mask, struct pcrs *ret, struct diag *reterr);
	void (*free)(void *state);
};

/* A source found: filled by the back ends, owned by struct tpm. */
struct tpm_source {
	const struct tpm_ops *ops;
	void *state;
	char text[200]; /* for people; foreign bytes escaped */
};

/* Each fails with -ENODEV (IMA-T002) when there is nothing of its kind. */
int tpm_esys_open(const char *tcti, struct tpm_source *ret, struct diag *reterr);
int tpm_sysfs_open(const struct root *root, struct tpm_source *ret, struct diag *reterr);
int tpm_file_open(const struct root *root, struct tpm_source *ret, struct diag *reterr);
