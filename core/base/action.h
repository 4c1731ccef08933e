/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a step of a plan can do. An action knows how to read the state it changes as
 * bytes, how to bring that state about, and how to tell two states apart. Doing and
 * undoing are the same call with another state, so an undo is exercised by every test of
 * the action.
 *
 * The rows that need nothing but libc stand in actions.inc. Other layers (keys, policy,
 * boot arguments) add a struct action_set of their own rows and pass both on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

struct fspath_folder;
struct plan_step;

struct action_env {
	const struct root *root;
	/* Name for a temporary file of this step, one path component; NULL with
	 * ACTION_BULK. */
	const char *tmp;
	struct fspath_folder *folder; /* the last step's, kept open; may be NULL */
	void *data;		      /* the action's own, from struct change_ctx */
};

enum action_flags {
	/* What lies below the path comes and goes with it. */
	ACTION_STRUCTURAL = 1 << 0,
	/* The argument is a second path of the same place. */
	ACTION_TWO_PATHS = 1 << 1,
	/* apply() leaves it to the end of the change to reach the disk. */
	ACTION_SYNC_LATER = 1 << 2,
	/* The path is the name of something that is no file, a keyring; the place says
	 * only where it shows. */
	ACTION_NAMED = 1 << 3,
	/* One of very many steps: each touches one attribute of one file, and no other step
	 * of the plan touches that file (the planner sees to it). What tells steps apart
	 * is left out, and the line for people is made when somebody reads it. */
	ACTION_BULK = 1 << 4,
	/* What it leaves depends on all that the steps before it have left: a file that a
	 * program makes from others. */
	ACTION_FOLLOWS = 1 << 5,
};

struct action_ops {
	/* Appends the state the world is in now. -errno with @reterr. */
	int (*probe)(const struct action_env *env, const struct plan_step *step,
		     struct strbuf *out, struct diag *reterr);
	/* Makes the world show @state; complete on disk at return unless SYNC_LATER. A
	 * crash at any point leaves the old or the new state, and sweep() removes the
	 * rest. */
	int (*apply)(const struct action_env *env, const struct plan_step *step,
		     struct span state, struct diag *reterr);
	/* For steps that leave open what exactly they will leave until their turn comes
	 * (the hash of a file as it is then): appends the state for apply(), given what is
	 * there @now and the step's @after, which then is only what is wished. The journal
	 * holds it before anything is touched. -ESTALE: the world no longer fits (the
	 * engine has not compared @now with what the plan found).
	 * -ECANCELED: the change is to stop here. NULL: @after is the state. */
	int (*resolve)(const struct action_env *env, const struct plan_step *step,
		       struct span now, struct strbuf *out, struct diag *reterr);
	/* The step will be resolved soon, after those announced before it: work that takes
	 * time can begin in the background. May be NULL, may be called for a step that is
	 * not resolved in the end. */
	void (*ahead)(const struct action_env *env, const struct plan_step *step);
	/* The step's intent is on disk and its turn comes soon, after those begun before it:
	 * apply() with this state may begin in the background. May be NULL. */
	void (*begin)(const struct action_env *env, const struct plan_step *step,
		      struct span state);
	/* NULL: equal bytes. */
	bool (*same)(struct span actual, struct span wanted);
	/* NULL: SHA-256 of the bytes. */
	void (*fingerprint)(struct span state, uint8_t ret[32]);
	/* Removes what an interrupted apply() may have left; may be NULL. */
	void (*sweep)(const struct action_env *env, const struct plan_step *step);
	/* "312 B, mode 0600" for the plan that a person reads; may be NULL. */
	void (*describe)(struct strbuf *out, struct span state);
};

struct action {
	const char *name; /* in plans and journals: never renamed */
	const char *verb; /* "replace", as the plan shows it */
	unsigned flags;
	const struct action_ops *ops;
};

struct action_set {
	const struct action *const *rows;
	size_t n;
	const struct action_set *more; /* NULL: these are all */
};

enum action_id {
#define ACTION(id, name, verb, ops, flags) ACTION_##id,
#include "core/base/actions.inc"
#undef ACTION
	_ACTION_MAX,
};

/* The rows of actions.inc: by id, and all of them. */
const struct action *action_base(enum action_id id);
const struct action_set *action_base_set(void);
extern const struct action_set action_base_rows;

/* NULL: this program does not know the action. */
const struct action *action_find(const struct action_set *set, struct span name);

bool action_same(const struct action *a, struct span actual, struct span wanted);
void action_fingerprint(const struct action *a, struct span state, uint8_t ret[32]);
