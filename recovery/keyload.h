/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys for the kernel, before PID 1 loads a policy that they signed. Into .ima; where the
 * kernel has none, into the one _ima of this boot: the kernel keeps the first that it finds
 * (linux 6.12 security/integrity/digsig.c integrity_keyring_from_id()), so there must never be
 * a second, and keys come and go inside it (recovery.md, rule 4). Keys that were revoked are
 * never loaded.
 */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/gen.h"
#include "core/base/root.h"

struct keyload_key {
	char hash[GEN_KEY_HASH + 1];
	int32_t serial;
};

struct keyload {
	const struct root *here,
		*target;	 /* borrowed: the kernel's places; the keys' files */
	int32_t ring;		 /* 0: not looked for yet */
	struct keyload_key *key; /* those that were loaded */
	size_t n;
	bool algorithm; /* one was not, for want of an algorithm: it may come as a module */
	struct diag failed; /* the last that was not, for people; its id is 0: none */
};

void keyload_begin(struct keyload *k, const struct root *here, const struct root *target);
void keyload_done(struct keyload *k);
#define _cleanup_keyload_ __attribute__((cleanup(keyload_done)))

/* All of /etc/keys/ima, NAME.der. What cannot be loaded is in .failed. */
void keyload_disk(struct keyload *k);
/* All of a generation. IMA-K002, IMA-R001, IMA-R002: not all could be. */
int keyload_generation(struct keyload *k, unsigned number, struct diag *reterr);
/* Is that key (GEN_KEY_HASH digits) among those that were loaded? */
bool keyload_has(const struct keyload *k, struct span hash);
/* Takes all out again but those of @number (0: all). */
void keyload_keep_only(struct keyload *k, unsigned number);
