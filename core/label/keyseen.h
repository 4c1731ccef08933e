/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many measured files name which key: the signatures that the measurement list
 * carries (templates with sig or evmsig). It costs a look at each entry and no look at
 * any file. A file that was measured again, as it was or changed, counts once for each
 * key; it may be gone by now.
 */
#pragma once

#include "core/base/imaxattr.h"
#include "core/list/mstore.h"
#include "core/list/tally.h"

/* By enum imaxattr_attr: field sig, field evmsig. */
struct keyseen {
	const struct mstore *store;
	mref next;
	struct tally *ids[2]; /* name: the id; weight: names of files */
	uint64_t named[2];    /* names of files with a signature that names a key */
	uint32_t *slot;	      /* entries that were counted, by id and path */
	size_t n, cap;
	struct strbuf scratch, other;
};

/* Borrows the store. -ENOMEM. */
int keyseen_init(struct keyseen *s, const struct mstore *store);
void keyseen_done(struct keyseen *s);
#define _cleanup_keyseen_ __attribute__((cleanup(keyseen_done)))

/* Looks at up to @most entries that are known from the start. 1: there are more; 0: not
 * now; -ENOMEM. */
int keyseen_step(struct keyseen *s, unsigned most);

uint64_t keyseen_files(const struct keyseen *s, enum imaxattr_attr attr,
		       struct span keyid);
