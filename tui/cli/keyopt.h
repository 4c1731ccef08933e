/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as commands take them: a private key to sign with, certificates to verify with.
 * Passphrases are asked for on the terminal or read from a descriptor, never from the
 * command line or the environment, which others can read.
 */
#pragma once

#include "core/cert/keyset.h"
#include "tui/cli/cmd.h"

/* Options of commands that sign. */
#define KEYOPT_SIGN                                                                      \
	{"key", 'k', OPT_STRING, "FILE",                                                 \
	 "The private key (PEM), or a URI \"pkcs11:...\""},                              \
		{"cert", 'c', OPT_REPEATED, "FILE",                                      \
		 "The key's certificate: signatures name the key as it does"},           \
		{"keyid", 0, OPT_STRING, "ID",                                           \
		 "The key id for signatures, 8 digits, instead"},                        \
	{                                                                                \
		"passphrase-fd", 0, OPT_NUMBER, "N",                                     \
			"Read the passphrase from descriptor N, not from the terminal"   \
	}

/* Options of commands that verify. */
#define KEYOPT_VERIFY                                                                    \
	{"cert", 'c', OPT_REPEATED, "FILE",                                              \
	 "A certificate or public key to verify with"},                                  \
	{                                                                                \
		"certs", 0, OPT_REPEATED, "DIR",                                         \
			"A folder of them; other files in it are passed over"            \
	}

/* The private key of --key with the id of --cert. From here on the process leaves no core
 * dump. IMA-U004: no --key. */
int keyopt_private(struct cli *cli, struct sig_key **ret, struct diag *reterr);

/* --hash, or the one that goes with the key. IMA-U003; IMA-A014: no kernel takes it with
 * that key. */
int keyopt_hash(const struct cli *cli, const struct sig_key *key, enum hash_alg *ret,
		struct diag *reterr);
/* What --cert and --certs name. IMA-A010: a folder without any. */
int keyopt_certs(struct cli *cli, struct keyset *ret, struct diag *reterr);

/* Were --cert or --certs given? */
bool keyopt_named(const struct cli *cli);

/* The keys a command verifies with, by enum imaxattr_attr. */
struct keyopt_keys {
	struct keyset own[2];
	const struct keyset *use[2];
};

/* Those of --cert and --certs; where neither was given, keylive_keys(). */
int keyopt_keys(struct cli *cli, struct keyopt_keys *ret, struct diag *reterr);
void keyopt_keys_done(struct keyopt_keys *k);

/* "the key of FILE (NAME, RSA 2048)", "... in .ima". */
void keyopt_words(struct out *out, const struct keyset_key *k);
