/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who occurs most, in memory that does not grow with the number of names: when the table
 * is full, the smaller half is thrown out and its largest weight is taken off everybody
 * (Misra and Gries, 1982). So every weight is exact until tally_error() is not 0, and
 * after that too small by at most that much; nobody heavier than it is ever lost.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"

struct tally;

struct tally_row {
	struct span name; /* borrowed from the tally */
	uint64_t weight;
	uint64_t count; /* how often; of a name that was thrown out: since it came back */
};

/* NULL: no memory. @max: names kept, at least 2. */
struct tally *tally_new(size_t max);
struct tally *tally_free(struct tally *t);
DEFINE_CLEANUP(struct tally *, tally_free)

int tally_add(struct tally *t, struct span name, uint64_t weight); /* 0 or -ENOMEM */

/* The heaviest (equal ones by name), at most @max of them; their number. Changes the
 * order inside, not the sums. */
size_t tally_top(struct tally *t, struct tally_row *ret, size_t max);

/* The row of @name; false when it is not kept. */
bool tally_find(const struct tally *t, struct span name, struct tally_row *ret);

uint64_t tally_error(const struct tally *t);
