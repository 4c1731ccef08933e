/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of imactl-recovery; the table is verbs.inc. */
#pragma once

#include <stddef.h>

struct verb {
	const char *name, *args, *about;
	/* Gets what follows the verb; returns the exit status. */
	int (*run)(int argc, char *const argv[]);
};

enum { /* how the program ends */
       VERB_GOOD = 0,
       VERB_BAD = 1,   /* it could not be done, or what it looked at is not in order */
       VERB_USAGE = 2, /* no such verb, or other arguments than it takes */
};

extern const struct verb verb_table[];
extern const size_t verb_count;

/* NULL: there is no such verb. */
const struct verb *verb_find(const char *name);

#define VERB(name, args, about) int name##_verb(int argc, char *const argv[]);
#include "recovery/verbs.inc"
#undef VERB
