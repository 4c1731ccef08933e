/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting the files that name keys, with a line on the terminal that says how far it
 * is. */
#pragma once

#include "core/label/keyloss.h"
#include "core/label/keyseen.h"
#include "core/rollout/rotate.h"
#include "tui/cli/stream.h"

struct keycount {
	struct cli *cli;
	const char *const *typed; /* the paths to look below; none: what is appraised */
	size_t n;
};

int keycount_use(const struct keycount *how, struct keyuse *ret, enum scope *ret_scope,
		 struct diag *reterr);
int keycount_loss(const struct keycount *how, const struct keyhost *h,
		  const struct keyring_key *key, struct keyloss *l, struct diag *reterr);

/* As rotate_count(). */
int keycount_rotate(const struct keycount *how, struct rotate *rotate,
		    struct diag *reterr);

/* The measurement list, as far as it may be read and costs nothing to speak of. */
struct keycount_list {
	bool known;
	bool too_long; /* it would take its time: only when it is asked for */
	struct stream stream;
	struct keyseen seen;
};

/* All zero before. @whole: however long it takes. */
int keycount_list(struct cli *cli, bool whole, struct keycount_list *ret,
		  struct diag *reterr);
void keycount_list_done(struct keycount_list *l);

/* What was counted, beyond the keys that are listed. */
void keycount_text(struct cli *cli, const struct keyhost *h, const struct keyuse *u,
		   enum scope scope);
void keycount_json(struct json *j, const struct keyhost *h, const struct keyuse *u,
		   enum scope scope);
