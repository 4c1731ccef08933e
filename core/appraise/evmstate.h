/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVM as a machine has it, live or recorded: what is switched on, what it protects. */
#pragma once

#include "core/base/root.h"
#include "core/probe/evm.h"

enum evmstate_source {
	EVMSTATE_UNKNOWN,
	EVMSTATE_LISTED,     /* the kernel lists the names (evm_xattrs) */
	EVMSTATE_CONFIGURED, /* from the kernel's configuration */
};

struct evmstate {
	int err;       /* of reading the control file, positive errno; ENOENT: no EVM */
	uint32_t bits; /* enum evm_bits; EVM_BIT_LOCKED never shows */
	enum evmstate_source source; /* of kernel.enabled */
	bool extendable;   /* names can be added: CONFIG_EVM_ADD_XATTRS, and not locked */
	bool fsuuid_known; /* else kernel.fsuuid is the default */
	bool fix;	   /* evm=fix on the command line */
	struct evm_kernel kernel;
	struct strbuf text; /* what kernel.extra lies in */
	const char *extra[32];
};

/* Always succeeds but for memory: what is not known says so. */
int evmstate_read(const struct root *root, struct evmstate *ret, struct diag *reterr);
void evmstate_done(struct evmstate *s);
#define _cleanup_evmstate_ __attribute__((cleanup(evmstate_done)))
