/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/deadly.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"

static const struct deadly files[] = {
#define DEADLY(role, path) {role, path},
#include "core/policy/deadly.inc"
#undef DEADLY
};

const struct deadly *deadly_at(size_t i)
{
	return i < array_size(files) ? &files[i] : NULL;
}

static bool leads_to(const struct root *root, const char *name, const char *path)
{
	_cleanup_strbuf_ struct strbuf real = {0};

	return fspath_below(root->dir[ROOT_TARGET], true, name, &real) >= 0 &&
	       strcmp(strbuf_str(&real), path) == 0;
}

const char *deadly_role(const struct root *root, const char *path)
{
	for (size_t i = 0; i < array_size(files); i++)
		if (strcmp(files[i].path, path) == 0)
			return files[i].role;
	for (size_t i = 0; root && i < array_size(files); i++)
		if (leads_to(root, files[i].path, path))
			return files[i].role;
	return NULL;
}
