/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phases of a key's rotation (rotate.h) as plans. Files are signed by a job of labels
 * (core/label/relabel-job.h) with .instead_of. */
#pragma once

#include "core/base/plan.h"
#include "core/cert/sig.h"
#include "core/host/initramfs.h"
#include "core/rollout/rotate.h"

/* What a plan leaves, for who shows it; all zero before. */
struct rotateplan_said {
	unsigned generation;	  /* the one that is what there is then */
	bool good;		  /* for this kernel */
	struct genplan_left left; /* REVOKE */
};
void rotateplan_said_done(struct rotateplan_said *s);

/* How far it is, and what the plan does beside its steps, as lines for people. */
void rotateplan_format(const struct rotate *r, const struct rotateplan_said *said,
		       const struct initramfs *initramfs, struct strbuf *out, bool ascii);

/* The plan of r->next, which is neither FILES nor done. @key, @alg: of the new key, for
 * POLICY alone. IMA-K002, IMA-K009, IMA-K011, IMA-P042: the policy's signature is not one of
 * what the file holds. */
int rotateplan_make(struct rotate *r, const struct sig_key *key, enum hash_alg alg,
		    struct plan *ret, struct rotateplan_said *ret_said,
		    struct diag *reterr);
