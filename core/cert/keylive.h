/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys that this kernel verifies signatures with. */
#pragma once

#include "core/base/keyring.h"
#include "core/base/root.h"
#include "core/cert/certstore.h"
#include "core/cert/keyset.h"

/* Adds those in the keyring for security.ima or security.evm (.ima, _ima; .evm, _evm),
 * each with its certificate where one lies in the usual places of the target. 1; 0: the
 * keyring cannot be seen, or there is none. IMA-G001. */
int keylive_add(struct keyset *set, const struct root *root, enum imaxattr_attr attr,
		struct diag *reterr);

/* The same for a keyring by its name. */
int keylive_add_ring(struct keyset *set, const struct root *root, enum keyring_id ring,
		     struct diag *reterr);

/* Adds one key of a keyring, with its certificate where @certs has it; one that verifies
 * nothing, or that no signature can name, is passed over. */
int keylive_add_key(struct keyset *set, const struct certstore *certs,
		    const struct keyring_key *k, const char *ring, struct diag *reterr);

/* The keyring that this kernel verifies that attribute's signatures with: its own; user
 * space's where it has none. */
enum keyring_id keylive_ring(const struct keyring_set *rings, enum imaxattr_attr attr);

/* The attribute whose signatures are verified with keys of that keyring: security.ima of
 * those that verify no files. @ret_files (may be NULL): does it verify any? */
enum imaxattr_attr keylive_attr(enum keyring_id ring, bool *ret_files);

/* Adds the certificates in the usual places, whether or not the kernel has their keys. */
int keylive_add_usual(struct keyset *set, const struct root *root, struct diag *reterr);

/* The keys to verify with where nobody names any, by enum imaxattr_attr: on this machine
 * those of its kernel's keyrings, and none where it judges and has no such keyring; where
 * that cannot be seen, and below another root, the certificates in the usual places. */
int keylive_keys(const struct root *root, struct keyset ret[2], struct diag *reterr);
/* Those of one of the two. */
int keylive_keys_for(const struct root *root, enum imaxattr_attr attr, struct keyset *ret,
		     struct diag *reterr);
