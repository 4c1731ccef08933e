/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OpenSSL without engines. */
#include <errno.h>

#include "core/cert/sig-internal.h"

int sig_engine_load(const char *uri, UI_METHOD *method, void *data, EVP_PKEY **ret,
		    void **ret_engine)
{
	return -ENOSYS;
}

void sig_engine_drop(void *engine)
{
}
