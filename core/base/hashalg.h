/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash algorithms the kernel and the TPM name: numbers, names, sizes. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

enum { HASH_MAX_SIZE = 64 }; /* HASH_MAX_DIGESTSIZE of include/uapi/linux/hash_info.h */

enum hash_alg {
#define HASH_ALG(id, number, name, size, openssl, tpm) HASH_##id = number,
#include "core/base/hash-algs.inc"
#undef HASH_ALG
	_HASH_ALG_MAX,
	_HASH_ALG_INVALID = -EINVAL,
};

struct digest {
	enum hash_alg alg;
	uint8_t size;
	uint8_t value[HASH_MAX_SIZE];
};

/* By the kernel's exact name; _HASH_ALG_INVALID. */
enum hash_alg hash_alg_from_name(struct span name);
/* By the kernel's number (one byte of security.ima); _HASH_ALG_INVALID. */
enum hash_alg hash_alg_from_id(uint8_t id);
enum hash_alg hash_alg_from_tpm(uint16_t tpm_id);
const char *hash_alg_name(enum hash_alg alg); /* "unknown" for invalid ones */
size_t hash_alg_size(enum hash_alg alg);      /* bytes, 0 for invalid ones */
uint16_t hash_alg_tpm(enum hash_alg alg);     /* 0: no TPM bank can have it */

/* The best of @algos, 1 << enum hash_alg: what kernels and rules take most, then what is
 * longest; of none sha256. */
enum hash_alg hash_alg_best(uint32_t algos);

static inline struct span digest_span(const struct digest *d)
{
	return (struct span){d->value, d->size};
}
