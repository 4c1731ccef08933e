/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signature an entry carries (field sig or evmsig): what the bytes of security.ima or
 * security.evm say about it (core/base/imaxattr.h). Nothing is verified here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/host/hashalg.h"
#include "core/list/mlog.h"

struct msig {
	uint8_t type;	    /* 3 file, 5 EVM portable, 6 verity */
	uint8_t version;    /* 1, 2, 3; 0 unknown */
	enum hash_alg hash; /* v1: sha1 or sha256 */
	struct span keyid;  /* 4 bytes (v2, v3), 8 (v1); borrowed */
	uint32_t size;	    /* bytes of the signature, as its header says */
};

/* False: empty, or no signature that is known. */
bool msig_parse(struct span value, struct msig *ret);

/* Of the entry's sig field, else evmsig. */
bool msig_of(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
	     struct msig *ret);

/* Does the entry carry any signature (modsig included)? */
bool msig_any(const struct mlog_dialect *dialect, const struct mlog_entry *entry);
