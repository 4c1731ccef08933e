/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extends of several PCR values side by side: all of them with the same digest, again
 * and again, as a search through the possible pasts of one PCR needs it. In a single chain
 * each extend waits for the one before; many of them fill the processor's vector units.
 * SHA-1 with AVX2 (4 times as fast as one by one) or AVX-512 (6 times), SHA-256 with
 * AVX-512 (4 times) are computed here, the rest by OpenSSL, one by one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/host/hashalg.h"

enum { LANES = 16 };

struct lanes;

/* @nth 0: the quickest way there is here; 1 the next, and so on until -ENOENT, for tests.
 * -EOPNOTSUPP: OpenSSL does not have it; -ENOMEM. One thread at a time. */
int lanes_new(enum hash_alg alg, unsigned nth, struct lanes **ret);
struct lanes *lanes_free(struct lanes *l);
DEFINE_CLEANUP(struct lanes *, lanes_free)

/* Values and digests are as wide as the algorithm's. */
void lanes_fill(struct lanes *l, const uint8_t *value); /* all lanes */
void lanes_set(struct lanes *l, unsigned lane, const uint8_t *value);
void lanes_get(const struct lanes *l, unsigned lane, uint8_t *ret);
void lanes_extend(struct lanes *l, const uint8_t *digest); /* all lanes */
void lanes_extend_one(struct lanes *l, unsigned lane, const uint8_t *digest);
