/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's key service, by system call: a rescue needs it too, and needs no library
 * for it. All return -errno on failure.
 * linux 6.12 security/keys/keyctl.c; numbers: include/uapi/linux/keyctl.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

/* Serial numbers of keys are positive; these stand for keyrings of the caller. */
enum {
	KEYSYS_THREAD = -1,
	KEYSYS_PROCESS = -2,
	KEYSYS_SESSION = -3,
	KEYSYS_USER = -4,
};

/* Adds a key, or a keyring (no payload). @desc NULL: the type makes one from the payload.
 * The serial number. */
int32_t keysys_add(const char *type, const char *desc, struct span payload, int32_t ring);

/* Appends "type;uid;gid;perm;description". */
int keysys_describe(int32_t key, struct strbuf *out);

/* The serial numbers in a keyring; the caller frees *ret. Returns how many. */
int keysys_read(int32_t ring, int32_t **ret);

/* The serial number of a key below @ring. -ENOKEY: there is none. */
int32_t keysys_search(int32_t ring, const char *type, const char *desc);

/* Is @sig one of @digest by that key? @how: "enc=pkcs1 hash=sha256". The caller must be
 * allowed to search for the key: -EACCES for those of the kernel's own keyrings. 0;
 * -EKEYREJECTED: no; another -errno: not to be told. Since 4.20. */
int keysys_verify(int32_t key, const char *how, struct span digest, struct span sig);

int keysys_link(int32_t key, int32_t ring);
int keysys_unlink(int32_t key, int32_t ring);

/* From now on @ring takes only keys that the kernel's @how approves of, see
 * crypto/asymmetric_keys/asymmetric_type.c asymmetric_lookup_restriction(). */
int keysys_restrict(int32_t ring, const char *type, const char *how);
