/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys a person verifies with: certificates and public keys, each with where it comes
 * from. A signature names 4 bytes of its key's id; several keys may share them.
 */
#pragma once

#include "core/sig.h"

struct keyset_key {
	char *from; /* the file, as it was named; foreign bytes; owned */
	struct sig_key *key;
};

/* All zero before the first use. */
struct keyset {
	struct keyset_key *keys;
	size_t n;
};

void keyset_done(struct keyset *set);
#define _cleanup_keyset_ __attribute__((cleanup(keyset_done)))

/* A file below the folder @at, or on this machine with AT_FDCWD. IMA-H001, IMA-H006,
 * IMA-H003 too large; IMA-A010: neither a certificate nor a public key. */
int keyset_add_file(struct keyset *set, int at, const char *path, struct diag *reterr);

/* Every certificate and public key in a folder, by name; other files are passed over.
 * Returns how many there were. IMA-H001, IMA-H006. */
int keyset_add_folder(struct keyset *set, int at, const char *path, struct diag *reterr);

/* The first key a signature names; NULL. */
const struct keyset_key *keyset_find(const struct keyset *set, const struct imaxattr *x);

/* sig_check() with each key the signature names, until one fits. *ret_key (may be NULL):
 * the key the verdict is about, or NULL. */
enum sig_verdict keyset_check(const struct keyset *set, struct sig_ctx *ctx,
			      const struct imaxattr *x, const struct digest *digest,
			      const struct keyset_key **ret_key);
