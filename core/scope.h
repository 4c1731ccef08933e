/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a label is for. Until the policy in force can be read and understood, that
 * is what the built-in ima_policy=appraise_tcb appraises (`appraise fowner=0`, without the
 * file systems that hold no files of their own), or what somebody names: this is the one
 * place that knows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/walk.h"

enum scope {
	SCOPE_APPRAISE_TCB,
	SCOPE_NAMED, /* every regular file below the paths that are named */
};

/* May the walk go into it? @named: somebody asked for this very path. */
bool scope_enters(enum scope scope, uint32_t fs_magic, bool named);
bool scope_wants(enum scope scope, const struct walk_file *facts);

/* "what ima_policy=appraise_tcb appraises" */
const char *scope_words(enum scope scope);
const char *scope_word(enum scope scope); /* for JSON */
/* "tmpfs"; NULL: none that is left out. */
const char *scope_fs_name(uint32_t fs_magic);
