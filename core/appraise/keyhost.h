/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to know about keys on one machine: its keyrings, what its kernel does
 * with certificates, and the certificates at hand. */
#pragma once

#include "core/base/imaxattr.h"
#include "core/base/keyring.h"
#include "core/base/root.h"
#include "core/cert/certstore.h"
#include "core/cert/keycap.h"
#include "core/cert/keycheck.h"
#include "core/list/tally.h"

/* All zero before. */
struct keyhost {
	const struct root *root; /* borrowed */
	struct keyring_set rings;
	struct keycap_set caps;
	struct certstore certs; /* those in the usual places; more may be added */
	int64_t now;		/* by which dates are judged; when it was loaded */
};

/* keyhost_done() also after a failure. IMA-H001, IMA-H006: /proc/keys cannot be read. */
int keyhost_load(struct keyhost *h, const struct root *root, struct diag *reterr);
void keyhost_done(struct keyhost *h);
#define _cleanup_keyhost_ __attribute__((cleanup(keyhost_done)))

/* Would this kernel take it, now? */
void keyhost_check(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		   struct keycheck *ret);

/* The certificate of a key in a keyring; NULL: it is not at hand. *ret_from (may be NULL):
 * its file, foreign bytes. */
const struct cert *keyhost_cert(const struct keyhost *h, const struct keyring_key *key,
				const char **ret_from);

/* The id that signatures name it by: of the SKID, else as its certificate has it. False:
 * there is none, or it is not known without the certificate. */
bool keyhost_keyid(const struct keyhost *h, const struct keyring_key *key,
		   uint8_t ret[CERT_KEYID]);

/* Is what the keyring holds known, that this kernel verifies @attr with? *ret (may be
 * NULL): that keyring. One that does not exist is known to be empty. */
bool keyhost_sees(const struct keyhost *h, enum imaxattr_attr attr, enum keyring_id *ret);

/* The most frequent of @ids that no key of that keyring has, at most @max; their number. */
size_t keyhost_strangers(const struct keyhost *h, enum imaxattr_attr attr,
			 struct tally *ids, struct tally_row *ret, size_t max);
