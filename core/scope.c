/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/scope.h"

#include <stddef.h>

#include "core/base/cleanup.h"

static const struct {
	uint32_t magic;
	const char *name;
} file_systems[] = {
#define FS_MAGIC(magic, name) {magic, name},
#include "core/fs-magics.inc"
#undef FS_MAGIC
};

static const struct {
	const char *word, *words;
} scopes[] = {
	[SCOPE_APPRAISE_TCB] = {"appraise_tcb", "what ima_policy=appraise_tcb appraises"},
	[SCOPE_NAMED] = {"named", "every regular file below the paths named"},
};

bool scope_enters(enum scope scope, uint32_t fs_magic, bool named)
{
	return (named && scope == SCOPE_NAMED) || !scope_fs_name(fs_magic);
}

/* ima_policy.c: {.action = APPRAISE, .fowner = GLOBAL_ROOT_UID, .flags = IMA_FOWNER} */
bool scope_wants(enum scope scope, const struct walk_file *facts)
{
	return scope == SCOPE_NAMED || facts->uid == 0;
}

const char *scope_words(enum scope scope)
{
	return scopes[scope].words;
}

const char *scope_word(enum scope scope)
{
	return scopes[scope].word;
}

const char *scope_fs_name(uint32_t fs_magic)
{
	for (size_t i = 0; i < array_size(file_systems); i++)
		if (file_systems[i].magic == fs_magic)
			return file_systems[i].name;
	return NULL;
}
