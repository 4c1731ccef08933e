/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates at hand. The kernel gives none back: whose key is in a keyring, until when
 * it is valid and who signed it, only its certificate tells.
 */
#pragma once

#include "core/base/keyring.h"
#include "core/base/root.h"
#include "core/cert/cert.h"

struct certstore {
	struct cert **cert;
	char **from; /* the file of each; foreign bytes */
	size_t n;
};

/* Those in the usual folders of the target (cert-places.inc), or of a recorded host. What
 * is none, or cannot be read, is passed over; fails for want of memory only. */
int certstore_load(const struct root *root, struct certstore *store, struct diag *reterr);

/* A file (DER, or PEM with any number of them), or all of a folder, named by the user:
 * @path is below the working directory. A file without a certificate is an error, a folder
 * without any is one too. */
int certstore_add(struct certstore *store, const char *path, struct diag *reterr);

void certstore_done(struct certstore *store);
#define _cleanup_certstore_ __attribute__((cleanup(certstore_done)))

/* The index of the certificate of a key in a keyring, by its name and id; -ENOENT. */
int certstore_find(const struct certstore *store, const struct keyring_key *key);

/* All of them as PEM, for a recorded host. */
void certstore_pem(const struct certstore *store, struct strbuf *out);
