/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel's code does with certificates, where kernels differ: found by what the
 * kernel shows of itself (its functions, its algorithms, its configuration), never by its
 * version. What cannot be found out is unknown.
 */
#pragma once

#include <stdbool.h>

#include "core/base/root.h"
#include "core/cert/cert.h"
#include "core/host/kconfig.h"

enum keycap_answer {
	KEYCAP_UNKNOWN,
	KEYCAP_NO,
	KEYCAP_YES,
	KEYCAP_MODULE, /* yes, when its module can be loaded */
};

enum keycap_id {
#define KEY_CAP(id, key, symbol, anchor, option, mention, crypto) KEYCAP_##id,
#include "core/cert/key-caps.inc"
#undef KEY_CAP
	_KEYCAP_MAX,
};

struct keycap_set {
	enum keycap_answer answer[_KEYCAP_MAX];
	bool described;	  /* by a configuration alone: there is no machine */
	char source[160]; /* of the configuration; "": none was found */
	bool has_cmdline; /* ca_keys= is known */
	char ca_keys[80]; /* its value; "": not given */
};

/* Of the running or recorded machine. Never fails: what is missing is unknown. */
void keycap_load(const struct root *root, struct keycap_set *ret);
/* Of a kernel of which there is nothing but the configuration. */
void keycap_describe(const struct kconfig *config, struct keycap_set *ret);

const char *keycap_key(enum keycap_id id);
const char *keycap_answer_name(enum keycap_answer a); /* "yes", "module", ... */

/* Which answer decides whether the kernel knows an algorithm's name: always yes (no)
 * for those of every (no) kernel. */
enum keycap_answer keycap_knows(const struct keycap_set *caps, enum cert_known known);
/* Can it compute this hash, verify with this kind of key? */
enum keycap_answer keycap_hash(const struct keycap_set *caps, enum hash_alg alg);
enum keycap_answer keycap_verifies(const struct keycap_set *caps, enum cert_alg alg);

/* What a recorded host keeps of /proc/kallsyms: the functions that are asked for, without
 * their addresses. -errno when it cannot be read. */
int keycap_record_symbols(const struct root *root, struct strbuf *out);
