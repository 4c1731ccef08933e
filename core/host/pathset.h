/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, each once, numbered from 0 in the order in which they came: a set, and a list of
 * work that grows while it is done. 12 to 20 bytes a name over its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

enum { PATHSET_MAX = 16 << 20 };

/* pathset_init() before the first use. */
struct pathset {
	uint64_t key[2];     /* whoever names files cannot choose their slots */
	struct strbuf names; /* NUL-terminated, one behind the other */
	uint32_t *at;	     /* where each begins */
	size_t n, cap;
	uint32_t *slot; /* number + 1, 0 is free; a power of two of them */
	size_t n_slots;
};

void pathset_init(struct pathset *s);
void pathset_done(struct pathset *s);
#define _cleanup_pathset_ __attribute__((cleanup(pathset_done)))

/* The number of @name, which holds no NUL (-EINVAL); equal to .n as it was before: it is
 * new. -ENOMEM; -ENOSPC: PATHSET_MAX of them, or a GiB. */
int pathset_add(struct pathset *s, struct span name);
/* -ENOENT. */
int pathset_find(const struct pathset *s, struct span name);
/* Borrowed until the next one is added. */
const char *pathset_at(const struct pathset *s, size_t i);
