/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a label is for: those that the policy appraises, whoever uses them; or what
 * somebody names. This is the one place that knows. The policy is the one in force; where
 * that appraises nothing, or below another root, the one for the next boot; and where there
 * is none yet, the built-in ima_policy=appraise_tcb (`appraise fowner=0`, without the file
 * systems that hold no files of their own). Or it is the one that a rollout has staged, and
 * no other takes its place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/host/walk.h"

/* Numbers stand in jobs on disk. */
enum scope {
	SCOPE_APPRAISE_TCB,
	SCOPE_NAMED,	 /* every regular file below the paths that are named */
	SCOPE_POLICY,	 /* what the policy appraises */
	SCOPE_CANDIDATE, /* what the staged policy will */
	_SCOPE_MAX,
};

/* May the walk go into it? @named: somebody asked for this very path. */
bool scope_enters(enum scope scope, uint32_t fs_magic, bool named);
/* False: surely not. For walk_ops.want, in any thread; then scope_covers() decides. */
bool scope_wants(enum scope scope, const struct walk_file *facts);

/* What SCOPE_POLICY and SCOPE_CANDIDATE rest on; of other scopes nothing. IMA-R031: no policy
 * was staged; IMA-R001, IMA-R002: it cannot be read. */
struct scope_rules;
int scope_open(const struct root *root, enum scope scope, struct scope_rules **ret,
	       struct diag *reterr);
struct scope_rules *scope_free(struct scope_rules *s);
DEFINE_CLEANUP(struct scope_rules *, scope_free)

/* Is the file in it? Where a rule by label or by what is not known of the file decides, it
 * is. @ret_signature (may be NULL): some rule wants a signature of it. On one thread. */
bool scope_covers(struct scope_rules *s, const struct walk_file *file,
		  bool *ret_signature);
/* SCOPE_APPRAISE_TCB where there is no policy that appraises anything. */
enum scope scope_of(const struct scope_rules *s);
/* "what the policy in force appraises": scope_words(), with what it rests on. */
const char *scope_rules_words(const struct scope_rules *s);

/* "what ima_policy=appraise_tcb appraises" */
const char *scope_words(enum scope scope);
const char *scope_word(enum scope scope); /* for JSON */
/* "tmpfs"; NULL: none that is left out. */
const char *scope_fs_name(uint32_t fs_magic);
