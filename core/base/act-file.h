/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or a symbolic link, whole: written beside its place, complete with owner, mode
 * and attributes, and renamed over it. State: fstate.h. A file that stands in a policy's
 * way is labelled and closed before it gets its name (recovery.md, rule 17).
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_file_ops;

struct act_file_meta {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	/* Attributes of the new file, packed as fstate.h does, besides those that a file
	 * there now hands on; empty: none. */
	struct span xattrs;
};

/* Writes a file. @meta NULL: owner, mode and attributes of the file there now; a new file
 * gets 0644 and whoever we run as. Labels over the old content (security.ima,
 * security.evm) never stay. */
int act_file_replace(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, struct span content,
		     const struct act_file_meta *meta, struct diag *reterr);

/* Removes a file or link; its content stays in the journal. Nothing there: no step. */
int act_file_remove(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, struct diag *reterr);

/* Makes or moves a symbolic link. */
int act_file_symlink(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *text, struct diag *reterr);
