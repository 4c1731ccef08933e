/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a change of policy, labels or keys must not take away. */
#pragma once

#include <stddef.h>

#include "core/base/root.h"

struct deadly {
	const char *role; /* "init" */
	const char *path; /* below the target; it may be a link */
};

/* The @i-th; NULL: there are no more. */
const struct deadly *deadly_at(size_t i);

/* What a file is, by one of the names or by what they lead to below @root (NULL: by name
 * alone), a look-up for each of them; @path below the target. NULL: none of them. */
const char *deadly_role(const struct root *root, const char *path);
