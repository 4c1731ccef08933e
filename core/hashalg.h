/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash algorithms the kernel and the TPM name, and digest computation.
 *
 * A hash_ctx is fetched once and reused: fetching an EVP_MD per digest costs 2.5 times
 * the digest itself. Contexts are not shared between threads.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"

enum { HASH_MAX_SIZE = 64 }; /* HASH_MAX_DIGESTSIZE of include/uapi/linux/hash_info.h */

enum hash_alg {
#define HASH_ALG(id, number, name, size, openssl, tpm) HASH_##id = number,
#include "core/hash-algs.inc"
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
enum hash_alg hash_alg_from_tpm(uint16_t tpm_id);
const char *hash_alg_name(enum hash_alg alg); /* "unknown" for invalid ones */
size_t hash_alg_size(enum hash_alg alg);      /* bytes, 0 for invalid ones */
uint16_t hash_alg_tpm(enum hash_alg alg);     /* 0: no TPM bank can have it */

struct hash_ctx;

/* NULL (and IMA-G003): this OpenSSL cannot compute @alg. */
struct hash_ctx *hash_new(enum hash_alg alg, struct diag *reterr);
struct hash_ctx *hash_free(struct hash_ctx *h);

void hash_start(struct hash_ctx *h);
void hash_add(struct hash_ctx *h, const void *data, size_t len);
/* @out has room for hash_alg_size() bytes. */
void hash_finish(struct hash_ctx *h, uint8_t *out);

/* One or two pieces in one call; the second may have length 0. */
void hash_once(struct hash_ctx *h, struct span a, struct span b, uint8_t *out);

static inline struct span digest_span(const struct digest *d)
{
	return (struct span){d->value, d->size};
}
