/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going back on the disk: the policy of a good generation takes the place of what is in
 * /etc/ima, its keys that of what is in /etc/keys/ima. One code for the guard, the menu and
 * `imactl-recovery rollback`.
 *
 * Picking reads everything into memory, before a policy could deny it; applying opens as few
 * files as it can. Where even making one is denied, or the generation could not be read, its
 * file is linked into place instead of copied: that opens none (recovery.md, rule 17). What
 * was there is kept as evidence. A power cut leaves the old policy or the new one, whole.
 */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/gen.h"
#include "core/base/root.h"
#include "core/base/str.h"

struct restore_file {
	char name[GEN_NAME_SIZE]; /* as in the generation */
	struct strbuf text, xattrs;
};

struct restore {
	unsigned number; /* 0: nothing was picked */
	bool no_policy;
	bool linked; /* it cannot be read, so its files are linked */
	struct restore_file *file;
	size_t n;
};

struct restore_wish {
	const char *release; /* of the kernel it is good for */
	unsigned number;     /* this one; 0: the newest that fits */
	unsigned not ;	     /* not this one; 0: any */
	struct span policy;  /* nor one with this text; empty: any */
};

/* A generation that may be gone back to: blessed for that kernel, neither revoked nor below
 * the minimum, not damaged; "no policy" only where that is what was found, or allowed. Tries
 * older ones in turn. IMA-R020: there is none; IMA-R021, IMA-R022: the one wished for may
 * not be; IMA-R001, IMA-R002. */
int restore_pick(const struct root *root, const struct restore_wish *wish,
		 struct restore *ret, struct diag *reterr);
void restore_done(struct restore *r);
#define _cleanup_restore_ __attribute__((cleanup(restore_done)))

struct restore_report {
	unsigned evidence; /* number of the folder that has what was there; 0: none */
	unsigned keys_put, keys_taken;
	bool linked;
};

/* Puts it on the disk, below all that is mounted over /etc/ima, and syncs. A root that is
 * mounted read-only is made writable for the moment. IMA-R023: that, or a step of it, is not
 * possible; what was there is there still. */
int restore_apply(const struct root *root, const struct restore *r,
		  struct restore_report *ret, struct diag *reterr);

/* What was done, some lines. Appends. */
void restore_text(const struct restore *r, const struct restore_report *report,
		  struct strbuf *out);
