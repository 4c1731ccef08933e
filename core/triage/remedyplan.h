/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remedies that imactl carries out, as plans for the change engine (core/base/change.h): what
 * is planned is shown, confirmed, journalled, and undone like any other change.
 */
#pragma once

#include "core/base/plan.h"
#include "core/triage/triage.h"

/* What is to be said beside the plan's steps: the rule that was drafted, what holds from when
 * on. Foreign bytes, lines; may stay empty. */
struct remedyplan {
	struct plan plan;
	struct strbuf said;
};

/* @f is what triage_look() found last, with a path. IMA-A040: not a remedy that imactl
 * carries out, or for this; IMA-A041: not possible here; and what the planners give:
 * labelstep.h, filesign.h, evmsign.h, keyplan.h, policyinstall.h. An empty plan: all is as
 * wanted already. */
int remedyplan_make(struct triage *t, const struct triage_found *f, enum remedy_id id,
		    struct remedyplan *ret, struct diag *reterr);
void remedyplan_done(struct remedyplan *p);
#define _cleanup_remedyplan_ __attribute__((cleanup(remedyplan_done)))
