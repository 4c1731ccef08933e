/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/pcrs.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum hash_alg given[] = {_HASH_ALG_INVALID, HASH_SHA1, HASH_SHA512};
	struct pcrs *p = calloc(1, sizeof(*p));
	struct diag d = {0};

	for (size_t i = 0; p && i < sizeof(given) / sizeof(given[0]); i++) {
		*p = (struct pcrs){0};
		if (pcrs_parse(p, (struct span){data, size}, given[i], &d) < 0 &&
		    (d.id != DIAG_PCR_SYNTAX || d.line == 0 || d.column == 0))
			abort(); /* every refusal has a place */
		for (size_t k = 0; k < p->n_banks; k++)
			if (p->bank[k].present >> PCRS_COUNT ||
			    hash_alg_size(p->bank[k].alg) == 0)
				abort();
	}
	free(p);
	return 0;
}
