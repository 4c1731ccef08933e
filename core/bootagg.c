/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bootagg.h"

#include <errno.h>

#include "core/base/cleanup.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

unsigned bootagg_last(enum hash_alg alg)
{
	return alg == HASH_SHA1 ? 7 : 9;
}

int bootagg_compute(const struct pcrs *p, enum hash_alg alg, unsigned last,
		    struct digest *ret, struct diag *reterr)
{
	struct digest d = {.alg = alg, .size = (uint8_t)hash_alg_size(alg)};
	_cleanup_(hash_freep) struct hash_ctx *h = NULL;
	struct span value;

	for (unsigned i = 0; i <= last; i++)
		if (!pcrs_value(p, alg, i, &value))
			return diag_set(
				reterr, DIAG_NO_PCR, ENODATA,
				"The boot aggregate needs PCR %u of bank %s, and there is no value.",
				i, hash_alg_name(alg));
	h = hash_new(alg, reterr);
	if (!h)
		return -EOPNOTSUPP;
	hash_start(h);
	for (unsigned i = 0; i <= last && pcrs_value(p, alg, i, &value); i++)
		hash_add(h, value.ptr, value.len);
	hash_finish(h, d.value);
	*ret = d;
	return 0;
}
