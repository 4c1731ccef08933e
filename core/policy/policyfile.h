/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that policies are kept in. */
#pragma once

#include <sys/stat.h>

#include "core/base/policy.h"
#include "core/base/root.h"

enum { POLICYFILE_MAX = 16 << 20 }; /* bytes */

/* Who may change it; all zero: nothing is known. */
struct policyfile {
	struct stat st;	    /* st_mode 0: not known */
	struct stat folder; /* the same, of the policy for the boot */
	bool is_link;
};

/* Reads a file that somebody named, a path of this process; appends. IMA-H001, IMA-H003.
 */
int policyfile_read(const char *path, struct strbuf *out, struct policyfile *ret,
		    struct diag *reterr);
/* The same of the policy for the boot. */
int policyfile_read_boot(const struct root *root, struct strbuf *out,
			 struct policyfile *ret, struct diag *reterr);
/* Whoever may write to it decides what the kernel trusts: findings of @p where that is not
 * root alone, or hard to see. -ENOMEM. */
int policyfile_check(const struct policyfile *f, struct policy *p);
