/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyrings that decide which signatures the kernel believes, live or recorded.
 *
 * What there is comes from two places. /proc/keys lists every key that the caller may
 * view, with its id and algorithm, but not which keyring holds it; KEYCTL_READ says what
 * a keyring holds. Neither gives a certificate back. /proc/keys is text in which others
 * can put lines of their own (descriptions are printed raw, newlines and all), so on a
 * live machine a keyring counts only when the kernel describes that serial number the
 * same way; a number that two lines claim counts for nothing.
 *
 * linux 6.12 security/keys/proc.c proc_keys_show(), crypto/asymmetric_keys/
 * asymmetric_type.c asymmetric_key_describe().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

enum keyring_id {
#define KEYRING(id, name, rule, keep, words) KEYRING_##id,
#include "core/base/keyrings.inc"
#undef KEYRING
	_KEYRING_MAX,
	_KEYRING_INVALID = -22,
};

/* What a keyring asks of a key that user space adds. */
enum keyring_rule {
	KEYRING_RULE_IMA, /* signed by a trusted key; newer kernels: and meant to sign */
	KEYRING_RULE_TRUSTED, /* signed by a trusted key */
	KEYRING_RULE_BUILTIN, /* signed by a built-in key */
	KEYRING_RULE_USER,    /* nothing */
	KEYRING_RULE_BOOT,    /* filled when the machine starts, and then closed */
	KEYRING_RULE_HASHES,  /* takes no certificates */
};

struct keyring_key {
	int32_t serial;
	uint32_t uid;
	bool dead;  /* revoked, expired, negative or invalidated: verifies nothing */
	bool twice; /* two lines claim this number: neither is to be believed */
	struct span type, description; /* type: at most 9 letters, "asymmetri" */
	/* Of asymmetric keys, "NAME: ID: X509.rsa KEYID []"; else empty. */
	struct span name, id; /* id: hexadecimal, of the SKID or else the serial number */
	struct span algorithm;
	struct span keyid; /* 8 digits; empty: the key has no SKID, and .id is a serial */
};

struct keyring_ring {
	int32_t serial; /* 0: there is none, or it cannot be seen */
	int members;	/* -1: not known */
	int32_t *member;
};

struct keyring_set {
	struct strbuf text;	  /* what the keys' spans lie in */
	struct keyring_key *keys; /* by serial number */
	size_t n;
	struct keyring_ring ring[_KEYRING_MAX];
	bool complete; /* a keyring that is not in it does not exist */
	bool live;
};

const char *keyring_name(enum keyring_id id);
const char *keyring_words(enum keyring_id id);
enum keyring_rule keyring_rule(enum keyring_id id);
/* Does the kernel refuse to let go of its keys (KEY_FLAG_KEEP, or not writable)? */
bool keyring_keeps(enum keyring_id id);
enum keyring_id keyring_from_name(struct span name); /* _KEYRING_INVALID */

/* The lines of /proc/keys; what is none is passed over. The caller frees *ret, whose
 * spans are borrowed from @text. Returns how many, by serial number; -ENOMEM. */
int keyring_parse(struct span text, struct keyring_key **ret);

/* Live or recorded. -errno IMA-H001/H006: /proc/keys cannot be read. */
int keyring_load(const struct root *root, struct keyring_set *ret, struct diag *reterr);
void keyring_done(struct keyring_set *set);
#define _cleanup_keyring_ __attribute__((cleanup(keyring_done)))

/* NULL: not there, hidden, or claimed twice. */
const struct keyring_key *keyring_find(const struct keyring_set *set, int32_t serial);

/* The @i-th key of a ring that can be seen; NULL: it is hidden. */
const struct keyring_key *keyring_member(const struct keyring_set *set,
					 enum keyring_id id, int i);

/* What a keyring that can be seen holds. */
struct keyring_census {
	int keys;    /* asymmetric ones: certificates */
	int digests; /* of a blacklist */
	int hidden;  /* members that cannot be seen */
};
struct keyring_census keyring_count(const struct keyring_set *set, enum keyring_id id);

static inline bool keyring_is(const struct keyring_key *k, const char *type)
{
	size_t n = strlen(type) < 9 ? strlen(type) : 9;

	return span_equal(k->type, (struct span){(const uint8_t *)type, n});
}

/* The keyring that file signatures are verified with here: .ima where there is one, else
 * _ima, which user space makes. */
enum keyring_id keyring_for_files(const struct keyring_set *set);

/* Is the @digest in .blacklist as one of @kind, "tbs" of a certificate or "bin" of a file?
 * -1: what is in it is not known. */
int keyring_blacklists(const struct keyring_set *set, const char *kind,
		       struct span digest);

/* What a recorded host keeps: "SERIAL NAME: MEMBER MEMBER", one keyring a line. */
void keyring_record(const struct keyring_set *set, struct strbuf *out);
