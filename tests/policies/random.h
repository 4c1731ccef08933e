/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers at random, the same in every run: Knuth's MMIX generator. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline size_t random_below(uint64_t *state, size_t n)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return (size_t)(*state >> 33) % n;
}
