/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would this kernel take this certificate into that keyring? Every condition of
 * key-clauses.inc, with what it says here; the kernel takes the certificate when all
 * hold. What cannot be known is said and never guessed: a verdict is only "refused" or
 * "accepted" when what is unknown makes no difference.
 *
 * A pure function of the certificate, what the kernel's code does (keycap.h), what its
 * keyrings hold (keyring.h), and the certificates at hand, for a keyring gives no key
 * back. keycheck_ask() is the kernel's own answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/keyring.h"
#include "core/cert/cert.h"
#include "core/cert/certstore.h"
#include "core/cert/keycap.h"
#include "core/cert/keyclause.h"

enum keycheck_state {
	KEYCHECK_NOT_ASKED, /* this kernel or keyring does not ask, or it was refused before */
	KEYCHECK_HOLDS,
	KEYCHECK_FAILS,
	KEYCHECK_DEPENDS, /* on what .text says */
	KEYCHECK_UNKNOWN, /* it cannot be seen from here */
	KEYCHECK_ASSUMED, /* of a described kernel: of a machine it would have to be looked at */
};

enum keycheck_verdict {
	KEYCHECK_ACCEPTED,
	KEYCHECK_REFUSED,
	KEYCHECK_IT_DEPENDS,
	KEYCHECK_NOT_KNOWN,
};

enum key_remark {
#define KEY_REMARK(id, key, words) KEY_REMARK_##id,
#include "core/cert/key-remarks.inc"
#undef KEY_REMARK
	_KEY_REMARK_MAX,
};

struct keycheck_in {
	const struct cert *cert;
	enum keyring_id ring;
	const struct keycap_set *caps;
	const struct keyring_set *rings; /* NULL: a described kernel; it trusts .known */
	const struct certstore *known;	 /* certificates of keys that may be in them */
	int64_t now;			 /* seconds since 1970 */
};

struct keycheck_clause {
	enum keycheck_state state;
	int err;	/* what the kernel returns when it fails, positive errno */
	char text[140]; /* why, escaped; may be empty */
};

struct keycheck {
	enum keycheck_verdict verdict;
	/* REFUSED: the first clause that fails; else _KEY_CLAUSE_MAX. */
	enum key_clause clause;
	/* What add_key() would return, positive errno; 0: accepted, or not certain. */
	int err;
	struct keycheck_clause of[_KEY_CLAUSE_MAX];
	bool remark[_KEY_REMARK_MAX];
};

void keycheck_run(const struct keycheck_in *in, struct keycheck *ret);

/* Is the certificate in .blacklist? -1: that cannot be seen. */
int keycheck_blacklisted(const struct keyring_set *rings, const struct cert *c);

/* Puts the kernel's own answer (keycheck_ask()) in the place of what was worked out. */
void keycheck_settle(struct keycheck *check, int err);

/* Puts the certificate into a keyring of this process that has the same restriction as
 * @ring, and takes it out again: what the running kernel says, 0 or positive errno, and
 * the only sure answer. Where the policy measures keys a success is measured. What newer
 * kernels ask of the extensions (DIGITAL_SIGNATURE to NO_CERT_SIGN) is not part of a
 * restriction that user space can set: the caller still has to look at it.
 * -EOPNOTSUPP: the restriction of this keyring cannot be set; another -errno: the
 * kernel could not be asked. */
int keycheck_ask(const struct cert *cert, enum keyring_id ring,
		 const struct keycap_set *caps, int *ret_err);

const char *keycheck_clause_key(enum key_clause c);
const char *keycheck_clause_words(enum key_clause c);
const char *keycheck_clause_kernel(enum key_clause c); /* where the kernel asks */
const char *keycheck_remark_key(enum key_remark r);
const char *keycheck_remark_words(enum key_remark r);
const char *keycheck_state_name(enum keycheck_state s);	     /* "holds", "fails", ... */
const char *keycheck_verdict_name(enum keycheck_verdict v);  /* "accepted", ... */
const char *keycheck_state_mark(enum keycheck_state s);	     /* "[OK]", "[!!]", ... */
const char *keycheck_verdict_words(enum keycheck_verdict v); /* "cannot be told", ... */
