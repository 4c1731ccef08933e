/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One extended attribute of a file or folder, set or removed. The file is never opened
 * for reading: where appraisal is in fix mode an open would write security.ima by itself,
 * and where it enforces, an open of an unlabelled file is denied (ima_main.c,
 * ima_file_check).
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"
#include "core/base/stamp.h"

extern const struct action_ops act_xattr_ops;

int act_xattr_set(struct plan *plan, const struct root *root, const struct plan_spec *at,
		  const char *name, struct span value, struct diag *reterr);
/* The same for a value that was made of the contents as they were at @made: those alone get
 * it, and keep it only if they have not changed when it is set. A time of change of zero
 * is not minded: an earlier step of the plan changes it. */
int act_xattr_set_of(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct span value,
		     const struct stamp *made, struct diag *reterr);
int act_xattr_remove(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct diag *reterr);

/* A value, what it was made of, and what was there before. */
struct act_xattr_bond {
	struct span value;
	struct stamp made;
	bool had;
	struct span old;
};

/* Sets the attribute of the file @fd (O_PATH will do), which was seen as @now. -ESTALE: it
 * is not what the value was made of, or was changed while it was set: then what was there
 * is put back; -EIO: which failed. @ret_after may be NULL. */
int act_xattr_bind(int fd, const char *name, const struct act_xattr_bond *bond,
		   const struct stamp *now, struct stamp *ret_after);

/* The failure for -EACCES when security.ima is set: root may, but the kernel looks at its
 * hash algorithm (linux 6.1 ima_appraise.c validate_hash_algo()). Returns -EACCES. */
int act_xattr_hash_refused(const struct plan_step *step, struct diag *reterr);
