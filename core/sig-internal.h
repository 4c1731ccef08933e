/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by sig.c and sig-key.c alone. */
#pragma once

#include <openssl/evp.h>

#include "core/sig.h"

enum sig_kind {
#define SIG_KIND(id, type, group, kernel, words, hashes) SIG_KIND_##id,
#include "core/sig-kinds.inc"
#undef SIG_KIND
	_SIG_KIND_MAX, /* a key no kernel verifies with */
};

enum { SIG_ID_V1 = 8 };

struct sig_key {
	EVP_PKEY *pkey; /* NULL: this OpenSSL cannot use it */
	enum sig_kind kind;
	char words[64];
	char name[128];
	uint8_t id[IMAXATTR_KEYID];
	uint8_t id_v1[SIG_ID_V1];
};
