/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans over keyrings, for whoever shows and runs them: a certificate goes in, a key goes
 * out. */
#pragma once

#include "core/base/plan.h"
#include "core/appraise/keyhost.h"
#include "core/label/keyloss.h"

/* IMA-K002: the keyring would not take it, as *ret has it. */
int keyplan_fit(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		struct keycheck *ret, struct diag *reterr);

/* A certificate that would be refused is not tried (IMA-K002); where that cannot be told,
 * the kernel decides. *ret_check (may be NULL) is what was found, also when it is refused.
 * An empty plan: it is there already. */
int keyplan_load(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		 struct plan *ret, struct keycheck *ret_check, struct diag *reterr);

/* The one key of the keyring whose id ends with @id (hexadecimal), or which the kernel calls
 * that, "NAME: ID": two certificates of one key have the same id. IMA-K006: there is no
 * such keyring, IMA-K002: it lets nobody take keys out, IMA-K007: no such key, or
 * several. */
int keyplan_find(const struct keyhost *h, enum keyring_id ring, struct span id,
		 const struct keyring_key **ret, struct diag *reterr);

/* May keys be taken out of it at all? IMA-K006, IMA-K002. */
int keyplan_may_retire(const struct keyhost *h, enum keyring_id ring,
		       struct diag *reterr);

/* @loss: what stops verifying, as far as it was counted. */
int keyplan_retire(const struct keyhost *h, enum keyring_id ring,
		   const struct keyring_key *key, const struct keyloss *loss,
		   struct plan *ret, struct diag *reterr);
