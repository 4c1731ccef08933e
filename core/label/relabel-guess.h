/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long carrying a plan out will take, while nothing of it was done: at the pace of the
 * last job that worked in the same way on this machine; without one, what hashing and
 * signing takes on its processors, which is measured on the spot and reads no file.
 */
#pragma once

#include "core/label/relabel-job.h"

struct relabel_guess {
	uint64_t ms;
	unsigned job; /* whose pace it is; 0: hashing and signing alone */
	bool signing; /* is in it */
};

/* @threads: how many will work, as for pool_new(). @key: signs now, to see how long that takes; NULL: nothing
 * is signed, or the key is in a token, which may ask for a touch. */
void relabel_guess(const struct root *root, const struct relabel *r,
		   const struct relabel_opts *opts, unsigned threads,
		   const struct sig_key *key, struct relabel_guess *ret);
