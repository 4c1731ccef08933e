/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by sig*.c alone. */
#pragma once

#include <openssl/evp.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "core/cert/sig.h"

enum sig_kind {
#define SIG_KIND(id, type, group, kernel, words, hashes) SIG_KIND_##id,
#include "core/cert/sig-kinds.inc"
#undef SIG_KIND
	_SIG_KIND_MAX, /* a key no kernel verifies with */
};

enum { SIG_ID_V1 = 8 };

struct sig_key {
	EVP_PKEY *pkey; /* NULL: this OpenSSL cannot use it */
	X509 *cert;	/* NULL: a bare key */
	enum sig_kind kind;
	char words[64];
	char name[128];
	uint8_t id[IMAXATTR_KEYID];
	uint8_t id_v1[SIG_ID_V1];
	void *engine; /* the key lives in; sig_engine_drop() */
};

/* What OpenSSL's callbacks need, and what came of it. OpenSSL asks once per decoder that
 * it tries; the person is asked once. Wiped by whoever has it. */
struct sig_asking {
	const struct sig_pass *pass;
	bool asked;
	int n; /* bytes of the answer, or -errno */
	char answer[1024];
};
void sig_key_ask(struct sig_asking *a);

/* A key of @pkey, which is taken over, also on failure. IMA-A012. */
int sig_key_take(EVP_PKEY *pkey, struct sig_key **ret, struct diag *reterr);

/* Why asking gave nothing: IMA-A011; 0: it did, or was not needed. */
int sig_key_asking_failed(const char *name, const struct sig_asking *a,
			  struct diag *reterr);

/* OpenSSL engines, where this OpenSSL has them: sig-engine.c or sig-noengine.c. -ENOSYS:
 * no engine "pkcs11"; -ENOKEY: OpenSSL's errors say why. *ret_engine: drop it behind the
 * key. */
int sig_engine_load(const char *uri, UI_METHOD *method, void *data, EVP_PKEY **ret,
		    void **ret_engine);
void sig_engine_drop(void *engine);
