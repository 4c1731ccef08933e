/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digest computation; the algorithms and their names are core/base/hashalg.h.
 *
 * A hash_ctx is fetched once and reused: fetching an EVP_MD per digest costs 2.5 times
 * the digest itself. Contexts are not shared between threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"

struct hash_ctx;

/* NULL (and IMA-G003): this OpenSSL cannot compute @alg. */
struct hash_ctx *hash_new(enum hash_alg alg, struct diag *reterr);
struct hash_ctx *hash_free(struct hash_ctx *h);

/* A context of each algorithm that was asked for. All zero before the first use. */
struct hash_set {
	struct hash_ctx *ctx[_HASH_ALG_MAX];
};
struct hash_ctx *hash_set_get(struct hash_set *set, enum hash_alg alg,
			      struct diag *reterr); /* as hash_new(); the set's */
void hash_set_done(struct hash_set *set);

void hash_start(struct hash_ctx *h);
void hash_add(struct hash_ctx *h, const void *data, size_t len);
/* @out has room for hash_alg_size() bytes. */
void hash_finish(struct hash_ctx *h, uint8_t *out);

/* One or two pieces in one call; the second may have length 0. */
void hash_once(struct hash_ctx *h, struct span a, struct span b, uint8_t *out);

/* A digest now and then: fetches anew every time. -EOPNOTSUPP (IMA-G003), -ENOMEM. */
int hash_of(enum hash_alg alg, struct span bytes, struct digest *ret,
	    struct diag *reterr);

/* The digest of the rest of @fd, as long as it takes. @h is of @alg. -errno of read(2). */
int hash_fd(struct hash_ctx *h, enum hash_alg alg, int fd, struct digest *ret);

/* The same of the first @len bytes of a file. -ESTALE: it is shorter. */
int hash_fd_head(struct hash_ctx *h, enum hash_alg alg, int fd, uint64_t len,
		 struct digest *ret);

/* OpenSSL's name of it; NULL: OpenSSL has none. */
const char *hash_openssl_name(enum hash_alg alg);
