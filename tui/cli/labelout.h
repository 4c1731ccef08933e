/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file carries for appraisal, printed; for every command that shows it. */
#pragma once

#include "core/base/json.h"
#include "core/cert/keyset.h"
#include "core/appraise/label.h"
#include "tui/cli/out.h"

struct labelout {
	const struct label *label;
	enum label_space space;
	const struct keyset *keys[2]; /* by enum imaxattr_attr: whose key is it? */
	bool detached;		      /* security.ima comes from FILE.sig */
};

/* "  security.ima  signature version 2, ..." and a second line: what @more says of it (NULL:
 * nothing), and of @key, or the first of the keys that a signature names. */
void labelout_text(struct out *out, const struct labelout *l, enum imaxattr_attr a,
		   const char *more, const struct keyset_key *key);

/* "ima": {...} or "evm": {...}, which the caller closes. False: it is null, there is none. */
bool labelout_json(struct json *o, const struct labelout *l, enum imaxattr_attr a,
		   const struct keyset_key *key);

/* "key": ..., "key_name": ..., "keyring": ..., as far as there are such; NULL: none. */
void labelout_json_key(struct json *o, const struct keyset_key *key);
