/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where files are looked for: what a command line names, or what appraisal covers. */
#pragma once

#include "core/label/scope.h"
#include "tui/cli/cmd.h"

struct scopeopt {
	enum scope scope;
	const char *const *path; /* below the target, without links, as walk_run() takes
				  * them */
	size_t n;
	char **own;
};

/* @typed: paths as somebody typed them; none: @whole. scopeopt_done() also
 * after a failure. IMA-H001, IMA-H006. */
int scopeopt_read(struct cli *cli, enum scope whole, const char *const *typed, size_t n,
		  struct scopeopt *ret, struct diag *reterr);
void scopeopt_done(struct scopeopt *s);
#define _cleanup_scopeopt_ __attribute__((cleanup(scopeopt_done)))
