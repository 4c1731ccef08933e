/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rescue console: what happened, what is known good, numbered choices, for whoever stands
 * in front of a machine that does not start. It changes nothing itself and knows no more than
 * imactl-recovery says (`menu --facts`); what is chosen that program does (`menu --do`), which
 * also asks who sits there. So nobody gets from here what the plain menu would not give.
 */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"

/* Borrowed for the length of the call. */
struct rescue_config {
	const char *
		recovery; /* the imactl-recovery to act through; NULL: where it is installed */
	const char *root; /* the root that does not start; NULL: it is looked for */
	bool plain;	  /* line mode */
	bool ascii;
};

/* Runs until something was chosen that lets the boot go on, or nobody is there: 0; 128 + n
 * after signal n. Negative when it could not begin. IMA-R025: imactl-recovery cannot be
 * started, or is not understood. Standard input and output are a terminal. */
int rescue_run(const struct rescue_config *config, struct diag *reterr);
