/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by inspect*.c alone. */
#pragma once

#include "core/inspect.h"

/* Is what IMA's keys gave (@v) not the kernel's last word? */
bool inspect_asks_platform(const struct inspect *i, enum sig_verdict v);

/* The signature that is appended to the contents open at @data: .modsig and
 * .modsig_digest of *ret. IMA-H002. */
int inspect_modsig(struct inspect *i, int data, const char *path,
		   struct inspect_result *ret, struct diag *reterr);
