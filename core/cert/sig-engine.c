/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines are deprecated since OpenSSL 3.0; Debian 12 has no other way to PKCS#11. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <openssl/engine.h>

#include "core/cert/sig-internal.h"

int sig_engine_load(const char *uri, UI_METHOD *method, void *data, EVP_PKEY **ret,
		    void **ret_engine)
{
	ENGINE *e = ENGINE_by_id("pkcs11");

	if (!e)
		return -ENOSYS;
	/* it prints what it has to say, unless it is told not to; older ones cannot */
	(void)ENGINE_ctrl_cmd_string(e, "QUIET", NULL, 1);
	if (ENGINE_init(e) != 1) {
		ENGINE_free(e);
		return -ENOSYS;
	}
	*ret = ENGINE_load_private_key(e, uri, method, data);
	*ret_engine = e;
	if (*ret)
		return 0;
	sig_engine_drop(e);
	return -ENOKEY;
}

void sig_engine_drop(void *engine)
{
	(void)ENGINE_finish(engine); /* nothing is left to be done when it fails */
	(void)ENGINE_free(engine);
}
