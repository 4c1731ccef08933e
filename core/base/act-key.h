/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that put keys into the kernel's keyrings and take them out. They last until the
 * machine stops.
 *
 * A step's path is the keyring's name, its argument what the kernel calls the key
 * (cert_description()); its state is whether that is in it, and the certificate that puts
 * it back. The kernel returns no certificate, so what cannot be put back is known when
 * the plan is made.
 */
#pragma once

#include "core/base/action.h"
#include "core/base/keyring.h"
#include "core/base/plan.h"

extern const struct action_ops act_key_ops;

/* Adds the certificate @der, which the kernel will call @name. Keyrings that user space
 * makes (_ima) are made when they are missing, in root's own, and stay. @at: danger,
 * irreversible, why. As plan_add(): 0 when the key is there already. */
int act_key_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		enum keyring_id ring, const char *name, struct span der,
		struct diag *reterr);

/* Takes the key of that name out. @der: its certificate, for the way back; empty when it
 * is not at hand, and then the step has no undo. */
int act_key_remove(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   enum keyring_id ring, const char *name, struct span der,
		   struct diag *reterr);
