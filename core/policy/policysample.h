/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies for what people usually want, with comments that teach: core/policy/samples/. They are
 * adapted to the kernel they are for. Their directives, each on a line of its own:
 *	%need OPTION		a kernel without CONFIG_OPTION cannot do it at all
 *	%if CAP, %else, %end	by what the kernel can (core/base/policy-caps.inc)
 *	%pseudo RULE		the rule for each file system of core/host/fs-magics.inc
 */
#pragma once

#include "core/base/policy.h"
#include "core/host/kconfig.h"

size_t policysample_count(void);
const char *policysample_name(size_t i);
const char *policysample_summary(size_t i); /* a sentence */
size_t policysample_find(const char *name); /* policysample_count(): there is none */

/* The option that the kernel lacks, without CONFIG_; NULL: nothing stands against it.
 * @config NULL: not known. */
const char *policysample_lacks(size_t i, const struct kconfig *config);
/* Appends the policy for @kernel; what is not known of it counts as not there. */
void policysample_text(size_t i, const struct policy_kernel *kernel, struct strbuf *out);
