/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For processors that are not x86: there is no limit of this kind to compare with. */
#include <stdlib.h>

#include "tests/bench/shani.h"

bool shani_available(void)
{
	return false;
}

void shani_extend_sha1(uint8_t pcr[20], const uint8_t *digests, size_t count)
{
	abort();
}

void shani_extend_sha256(uint8_t pcr[32], const uint8_t *digests, size_t count)
{
	abort();
}
