/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and certificates for IMA: a CA, and code-signing keys that it certifies, with the
 * extensions that RHEL 9 "Creating custom IMA keys" asks for and every kernel takes.
 *
 * Private keys are written encrypted (PKCS #8, PBES2, AES-256) unless asked otherwise, to
 * files that only their owner reads, and never over a file that is there. Passphrases are
 * asked through a callback; what held a secret is wiped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/cert/sig.h"

enum {
	KEYMAKE_PASS_MAX = 1024, /* bytes of a passphrase (PEM_BUFSIZE) */
	KEYMAKE_DAYS_MAX = 36500,
};

enum keymake_kind {
#define KEYMAKE_KIND(id, name, type, size) KEYMAKE_##id,
#include "core/cert/keymake-kinds.inc"
#undef KEYMAKE_KIND
	_KEYMAKE_KIND_MAX,
};

struct keymake_spec {
	bool ca;
	enum keymake_kind kind;
	const char *organisation, *name, *email; /* UTF-8; only the name must be there */
	unsigned days;
	/* Who certifies a key that is no CA's: files of its certificate and key. */
	const char *ca_cert, *ca_key;
	struct sig_pass ca_pass; /* asked when that key is encrypted */
	struct sig_pass pass;	 /* for the new key; .ask NULL: not encrypted */
};

/* Makes a key and its certificate: @cert_path (DER, mode 0644) and @key_path (PEM, mode
 * 0600), both or none. IMA-H009: one of them is there already; IMA-K003: no passphrase, or
 * a wrong one; IMA-K004: the CA cannot certify a key; IMA-K005: OpenSSL fails. */
int keymake_write(const struct keymake_spec *spec, const char *cert_path,
		  const char *key_path, struct diag *reterr);

const char *keymake_kind_name(enum keymake_kind k);    /* "rsa-2048" */
enum keymake_kind keymake_kind_from(const char *name); /* _KEYMAKE_KIND_MAX */
