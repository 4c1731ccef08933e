/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ask-accesses: what came of an access, as it was foretold and as the kernel did it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/appraise/appraise.h"
#include "core/base/str.h"

enum { OUTCOME_MAX = 12, OUTCOME_TEXT = 40 };

struct outcome {
	int result; /* errno; 0; -signal of a program that was killed */
	unsigned n_records, n_entries;
	unsigned audited;			     /* records of type 1805 */
	char records[OUTCOME_MAX][2 * OUTCOME_TEXT]; /* "op cause", of type 1800 */
	struct {
		uint32_t pcr;
		char format[OUTCOME_TEXT]; /* of the template; "violation" */
	} entries[OUTCOME_MAX];
};

void outcome_record(struct outcome *o, const char *op, const char *cause);
void outcome_entry(struct outcome *o, uint32_t pcr, struct span template);
bool outcome_same(const struct outcome *a, const struct outcome *b);
void outcome_print(struct strbuf *out, const struct outcome *o);

/* Where the kernel speaks: opened before a policy may deny it. */
struct observe {
	int audit, list;
};

/* Finds whose record it is by the file's own name; NULL: nobody's. */
typedef struct outcome *observe_find(void *user, struct span name);

int observe_open(struct observe *o);
/* Takes what audit records there are; waits for the first so many ms. False: none came. */
bool observe_audit(struct observe *o, int wait_ms, observe_find *find, void *user);
/* The entries since it was opened. -errno. */
int observe_list(struct observe *o, observe_find *find, void *user);
