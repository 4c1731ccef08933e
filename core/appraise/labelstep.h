/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of a plan that change what a file carries for appraisal. A signature is never
 * replaced by something less; what a step spoils beside its own attribute is said in its
 * line.
 */
#pragma once

#include "core/base/plan.h"
#include "core/appraise/label.h"

/* The file: opened by label_open() below the root's target, and what was read of it. */
struct labelstep {
	const struct root *root;
	enum label_space space;
	const char *path; /* below the target, see fspath_of(); borrowed */
	const struct label *label;
	/* What the value is made of, as it was: of another file, or of this one after a
	 * change, the step is refused (act_xattr_set_of()). NULL: of nothing that may change. */
	const struct stamp *made;
};

/* Sets security.ima or security.evm to @value; @meaning as in struct plan_spec; @words for
 * the person reading. 1: a step; 0: it is so already; -EPERM (IMA-A022): @value is a mere
 * hash and a signature stands there. */
int labelstep_set(const struct labelstep *at, struct plan *plan, enum imaxattr_attr attr,
		  struct span value, struct span meaning, const char *words,
		  struct diag *reterr);

/* Removes an attribute. 0: there is none. */
int labelstep_clear(const struct labelstep *at, struct plan *plan,
		    enum imaxattr_attr attr, struct diag *reterr);

/* Writes @value to the file beside it whose name has ".sig" added. */
int labelstep_detached(const struct labelstep *at, struct plan *plan, struct span value,
		       struct span meaning, const char *words, struct diag *reterr);

/* Appends what that file holds; @path as in struct labelstep. -ENOENT: it is not there. */
int labelstep_read_detached(const struct root *root, const char *path, struct strbuf *out,
			    struct diag *reterr);
