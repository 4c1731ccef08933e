/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 with 128 bits of result, after Aumasson and Bernstein: fast on short input,
 * and without the key nobody can tell what collides. For tables of foreign things, in this
 * process or in files that nobody else reads.
 */
#pragma once

#include <stdint.h>

#include "core/base/bytes.h"

struct sip {
	uint64_t v[4];
};

void sip_new_key(uint64_t ret_key[2]); /* a random one */
void sip_start(struct sip *s, const uint64_t key[2]);
void sip_add(struct sip *s, uint64_t word);
/* With its length: two spans one behind the other are not their concatenation. */
void sip_add_span(struct sip *s, struct span bytes);
void sip_end(struct sip *s, uint64_t ret[2]);
