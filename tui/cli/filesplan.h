/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One plan over many files: each adds its steps, the plan is shown, confirmed and run, and
 * what was changed is looked at once more.
 */
#pragma once

#include "core/base/plan.h"
#include "tui/cli/files.h"

struct filesplan {
	struct files files;
	struct plan plan;
	size_t same;	       /* files with nothing to do */
	struct strbuf planned; /* the others, as they were given, a NUL behind each */
	/* 1: steps were added; 0: nothing to do. */
	int (*add)(void *user, struct plan *plan, int fd, const char *path,
		   struct diag *reterr);
	/* When all is done, for each file that was changed; may be NULL. */
	int (*confirm)(void *user, int fd, const char *path, struct diag *reterr);
	void *user;
};

/* -r counts where the command has it; @title is the plan's. */
int filesplan_init(struct filesplan *p, struct cli *cli, const char *schema,
		   const char *title, struct diag *reterr);
void filesplan_done(struct filesplan *p);
#define _cleanup_filesplan_ __attribute__((cleanup(filesplan_done)))

/* Returns the exit status. @same_one, @same_many: " is signed so already", "s are ..." of
 * files with nothing to do; NULL: not said. */
int filesplan_run(struct filesplan *p, const char *same_one, const char *same_many);
