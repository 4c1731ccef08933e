/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Observing: the policy that is rolled out is in force in log mode, where nothing is denied
 * and what would be is recorded, for some time and some boots.
 */
#pragma once

#include "core/base/plan.h"
#include "core/boot/bootloader.h"
#include "core/policy/genback.h"
#include "core/probe/probe.h"

struct rolloutobserve {
	const struct root *root;
	const char *release;
	unsigned number;  /* the generation that is observed */
	uint64_t seconds; /* at least */
	unsigned boots;
};

/* Installs the policy for the next boots, with log mode. IMA-R050: imactl cannot give the
 * kernel that word, and nobody has; IMA-R052: the kernel heeds none. As genback_add(). */
int rolloutobserve_plan(const struct rolloutobserve *in, struct plan *ret,
			struct genback_said *ret_said, struct diag *reterr);

/* Is that generation's policy the one that /etc/ima has? */
bool rolloutobserve_on_disk(const struct root *root, unsigned number);
/* Is it, and is this boot in log mode? */
bool rolloutobserve_is_on(const struct root *root, const struct probe *probe,
			  unsigned number);

/* Once in each boot: what is observed is noted (rolloutmemo_seen()). 1, 0; IMA-R011. */
int rolloutobserve_note(const struct root *root, uint64_t now, struct diag *reterr);
