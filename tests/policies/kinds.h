/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For ask-accesses: kinds of labels of a file, right, wrong and damaged, as lines "NAME IMA
 * [EVM [changed]]" in hexadecimal.
 */
#pragma once

#include "core/base/root.h"
#include "core/base/str.h"

struct kinds_ask {
	const struct root *root;
	const char *keys;   /* folder: rsa.key, ec.key, unknown.key and their .der */
	const char *file;   /* what all files hold */
	const char *verity; /* the same with fs-verity; NULL: there is none */
	bool evm; /* those of security.evm, too: for owner 1000, group 100, 0777 */
};

/* -errno and a sentence. */
int kinds_make(const struct kinds_ask *ask, struct strbuf *out, struct diag *reterr);
