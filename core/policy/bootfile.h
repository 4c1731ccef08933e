/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps for the files that a boot begins with: the policy that PID 1 loads, and the keys in
 * /etc/keys/ima. The folders are made where they are missing. */
#pragma once

#include "core/base/plan.h"
#include "core/cert/cert.h"

/* @xattrs: packed, all that the file gets. @meaning: of attributes whose bytes come out
 * otherwise each time; empty: they do not. As plan_add(). */
int bootfile_put_policy(struct plan *plan, const struct root *root, struct span text,
			struct span xattrs, struct span meaning, struct diag *reterr);
int bootfile_take_policy(struct plan *plan, const struct root *root, struct diag *reterr);

/* Named by the key's id. */
int bootfile_put_key(struct plan *plan, const struct root *root, const struct cert *cert,
		     struct diag *reterr);
/* @path: of a certificate in that folder, from the root. */
int bootfile_take_key(struct plan *plan, const struct root *root, const char *path,
		      struct diag *reterr);
