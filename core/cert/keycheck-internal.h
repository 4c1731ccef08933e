/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by keycheck.c and keycheck-issuer.c alone. */
#pragma once

#include "core/cert/keycheck.h"

struct keycheck_ctx {
	const struct keycheck_in *in;
	struct keycheck *out;
};

void keycheck_set(struct keycheck_ctx *x, enum key_clause clause,
		  enum keycheck_state state, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* FAILS, with another errno than the table's. */
void keycheck_fail(struct keycheck_ctx *x, enum key_clause clause, int err,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Can this kernel verify the certificate's signature with @signer's key, and does it?
 * HOLDS, FAILS with *ret_err and @why, or what stands in the way of knowing. */
enum keycheck_state keycheck_signature(const struct keycheck_ctx *x,
				       const struct cert *signer, int *ret_err, char *why,
				       size_t size);

/* Clauses CA_KEYS, ISSUER, ISSUER_SIGNATURE. */
void keycheck_issuer(struct keycheck_ctx *x);
