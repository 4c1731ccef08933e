/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4) for what must work without OpenSSL: plans, journals, snapshots.
 * Bulk hashing of files and lists belongs to core/hash.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

#define SHA256_SIZE 32

struct sha256 {
	uint32_t state[8];
	uint64_t len;
	uint8_t block[64];
};

extern const uint32_t
	sha256_k[64]; /* FIPS 180-4 section 4.2.2, for others that compute it */

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);
/* Ends the hash; @h must be initialised again before it is used again. */
void sha256_end(struct sha256 *h, uint8_t ret[SHA256_SIZE]);

/* The hash of one piece. */
void sha256_of(struct span bytes, uint8_t ret[SHA256_SIZE]);
