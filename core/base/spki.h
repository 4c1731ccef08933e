/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which key a certificate is of, for what has no OpenSSL: a rescue tells keys that were
 * revoked by it. */
#pragma once

#include "core/base/bytes.h"
#include "core/base/gen.h"

/* The SubjectPublicKeyInfo of an X.509 certificate (DER), whole; borrowed. -EBADMSG: it is
 * none; -ENOTSUP: it has parts of indefinite length. */
int spki_find(struct span der, struct span *ret);

/* Its SHA-256 as digits: how generations and revocations name a key. As above. */
int spki_hash(struct span der, char ret[GEN_KEY_HASH + 1]);
