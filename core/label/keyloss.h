/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would stop verifying without a key: the files whose signature names its id and
 * that no other key of the keyring verifies. Every file is looked at; a file is only read
 * where another key of the keyring has the same 4 bytes of id, and then its signature is
 * checked with that (IMA measures and appraises that access like any other).
 *
 * Whether a file verifies today is not asked.
 */
#pragma once

#include "core/appraise/keyhost.h"
#include "core/cert/keyset.h"
#include "core/label/keyuse.h"

enum { KEYLOSS_SAMPLES = 10 };

enum keyloss_state {
	KEYLOSS_NOT_COUNTED,
	KEYLOSS_COUNTED,
	KEYLOSS_NO_FILES, /* no file rests on this keyring: no signature is verified with it */
	KEYLOSS_NO_ID, /* which id signatures name it by is not known */
	KEYLOSS_DEAD,  /* it verifies nothing any more */
};

/* All zero before. */
struct keyloss {
	enum keyloss_state state;
	enum keyring_id ring;
	enum keyring_id instead; /* NO_FILES: the keyring in use in its place; or .ring */
	enum imaxattr_attr attr;
	uint8_t keyid[CERT_KEYID];
	enum scope scope;
	uint64_t named;	 /* files that name the key's id; they are: */
	uint64_t lost;	 /* verified by no other key of the keyring */
	uint64_t kept;	 /* verified by another one with the same id */
	uint64_t unsure; /* another one has the same id, and the file cannot be checked */
	char *sample[KEYLOSS_SAMPLES]; /* of the lost: the first by name; owned */
	struct keyuse use;	       /* what was looked at; COUNTED */
};

/* Only what needs no file: .state is NOT_COUNTED where counting makes sense. */
void keyloss_of(const struct keyhost *h, enum keyring_id ring,
		const struct keyring_key *key, struct keyloss *ret);
/* Then counts. @watch's found() is not called. As keyuse_scan(). */
int keyloss_count(struct keyloss *l, const struct keyhost *h,
		  const struct keyring_key *key, struct pool *pool,
		  const struct keyuse_opts *opts, const struct keyuse_watch *watch,
		  struct diag *reterr);
void keyloss_done(struct keyloss *l);
#define _cleanup_keyloss_ __attribute__((cleanup(keyloss_done)))

/* "security.ima" */
const char *keyloss_attribute(const struct keyloss *l);
/* In one phrase, for the step of a plan: "12 files stop verifying". */
void keyloss_phrase(struct strbuf *out, const struct keyloss *l);
/* All of it in lines, what was not looked at included. */
void keyloss_format(struct strbuf *out, const struct keyloss *l, bool ascii);
/* As one object. */
void keyloss_json(struct json *j, const struct keyloss *l);
