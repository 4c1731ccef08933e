/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which steps stand in each other's way: the same name touched twice, or one name below
 * another that comes and goes (a folder made, a tree renamed). Two attributes of one file
 * do not. Errs on the side of "yes": names are kept as 64-bit hashes. Steps of ACTION_BULK
 * never do, and are not kept.
 */
#pragma once

#include <stddef.h>

struct overlap;
struct plan_step;

struct overlap *overlap_new(void);
struct overlap *overlap_free(struct overlap *o);

/* The latest step added (index + 1) that @step overlaps; 0: none. */
size_t overlap_find(const struct overlap *o, const struct plan_step *step);

/* Remembers @step under @index. -ENOMEM. */
int overlap_add(struct overlap *o, const struct plan_step *step, size_t index);
