/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few paths that stand for many: the first ones by name, in whatever order they come. */
#pragma once

#include <stddef.h>

#include "core/base/json.h"

/* @at: @max names in order, owned, NULL where there are fewer. -ENOMEM: it is not in it. */
int samples_keep(char **at, size_t max, const char *path);
void samples_done(char **at, size_t max);
/* The member "samples", with a "/" before each: they lie below the target. */
void samples_json(struct json *j, char *const *at, size_t max);
