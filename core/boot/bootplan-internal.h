/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by bootplan.c and bootplan-once.c alone. */
#pragma once

#include "core/boot/bootplan.h"

/* Writes a file of the target as it is to be; an empty text: removes it. */
int bootplan_write(struct plan *plan, const struct root *root, const char *path,
		   const struct strbuf *text, const char *why, struct diag *reterr);
