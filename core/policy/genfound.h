/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine starts with now, the policy in /etc/ima and the keys in /etc/keys/ima, as
 * a generation: so that there is always something to go back to.
 */
#pragma once

#include <time.h>

#include "core/base/gen.h"
#include "core/cert/certstore.h"
#include "core/policy/ruleset.h"

#define GENFOUND_POLICY "etc/ima/ima-policy"
#define GENFOUND_KEYS	"etc/keys/ima"

/* All zero before; genfound_done() also after a failure. */
struct genfound {
	bool there; /* a policy; an empty one loads nothing, and is none */
	struct strbuf text, xattrs; /* of it; packed */
	struct timespec changed;
	struct certstore certs; /* of all usual places */
	/* GEN_FILES_MAX of them: the policy, also where there is none, then the keys. */
	struct gen_file *file;
	size_t n;
};

/* IMA-H001, IMA-H006, IMA-C014. */
int genfound_load(const struct root *root, struct genfound *ret, struct diag *reterr);
void genfound_done(struct genfound *f);
#define _cleanup_genfound_ __attribute__((cleanup(genfound_done)))

/* Another key for a generation; borrows from it. One that is there already, or for which
 * there is no room, is left out. */
void genfound_take_key(struct genfound *f, const struct cert *cert);
/* Is the @i-th of .certs one of /etc/keys/ima? */
bool genfound_at_boot(const struct genfound *f, size_t i);
/* Does that very certificate lie in /etc/keys/ima? */
bool genfound_has_cert(const struct genfound *f, const struct cert *cert);

/* The newest generation that is what was found; 0: none. */
unsigned genfound_same(const struct root *root, const struct gen_list *list,
		       const struct genfound *f);
/* The newest one that holds just these files, the first of which is a policy; 0: none. */
unsigned genfound_holding(const struct root *root, const struct gen_list *list,
			  const struct gen_file *file, size_t n);

/* Do the rules appraise, and does that folder's file system have labels? Then what is put
 * there needs them, to be read under these rules. */
bool genfound_needs_labels(const struct root *root, const struct ruleset *rules,
			   const char *folder);

/* Was it before this machine was started? False where that is not known. */
bool genfound_before_boot(const struct root *root, const struct timespec *changed);
/* Was this machine started with it, as far as can be told, and does its kernel take it?
 * @release: of the running kernel; "": not known, or of another system. */
bool genfound_is_good(const struct root *root, const struct genfound *f,
		      const char *release);

struct genfound_kept {
	unsigned number; /* the generation that is what was found */
	bool made;	 /* by this plan */
	bool good;	 /* and blessed */
};

/* Makes it a generation where none is the same. *next: the number for it; one more after
 * that. @release: as above. */
int genfound_keep(struct plan *plan, const struct root *root, const struct genfound *f,
		  const struct gen_list *list, const char *release, bool label,
		  unsigned *next, struct genfound_kept *ret, struct diag *reterr);
