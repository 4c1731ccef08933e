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

extern const struct action_ops act_xattr_ops;

int act_xattr_set(struct plan *plan, const struct root *root, const struct plan_spec *at,
		  const char *name, struct span value, struct diag *reterr);
int act_xattr_remove(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct diag *reterr);

/* The failure for -EACCES when security.ima is set: root may, but the kernel looks at its
 * hash algorithm (linux 6.1 ima_appraise.c validate_hash_algo()). Returns -EACCES. */
int act_xattr_hash_refused(const struct plan_step *step, struct diag *reterr);
