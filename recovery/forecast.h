/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What will become of a policy that PID 1 is about to load, by the kernel's own word: asked as
 * systemd asks it (src/core/ima-setup.c): by the file's path, and when that is refused line by
 * line. In a child whose root folder is the root to be, so that the path is the one that PID 1
 * will name; it ends with its descriptors, so none is left that would keep PID 1 out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/policytry.h"

enum forecast_verdict {
	FORECAST_TAKEN,
	FORECAST_REFUSED, /* PID 1 would stop */
	FORECAST_UNKNOWN, /* what decides may be there when PID 1 asks: labels, modules */
	FORECAST_LOADED,  /* a policy was loaded before: nobody will ask for this one */
	FORECAST_HELD, /* somebody has the policy file open, and PID 1 goes on without */
	FORECAST_NO_IMA,
};

struct forecast {
	enum forecast_verdict verdict;
	char why[240]; /* half a sentence, printable: "line 2 is refused: ..." */
};

enum forecast_label { FORECAST_UNSIGNED, FORECAST_SIGNED, FORECAST_SIGNED_UNSURE };

struct forecast_ask {
	const struct root *here, *target;
	struct span text; /* of the file; with a NULL pointer it cannot be read */
	const char *path; /* as PID 1 would name it, absolute */
	/* What its security.ima is: UNSURE, where its algorithm, or that of a key, is not in
	 * this kernel yet. */
	enum forecast_label label;
};

void forecast_ask(const struct forecast_ask *ask, struct forecast *ret);

/* Of what the kernel said. @hashes: 1 << enum hash_alg, those it has now. */
void forecast_of(const struct policytry *t, const struct policy *p,
		 enum forecast_label label, uint32_t hashes, struct forecast *ret);

/* The hash algorithms in the text of /proc/crypto. */
uint32_t forecast_hashes(struct span crypto);

/* Must policies be signed in this boot? One word is written that no kernel knows. 1, 0;
 * -errno: it cannot be asked. */
int forecast_signed_only(const struct root *here);
