/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What imactl verify found, for programs and for people. */
#pragma once

#include "core/list/msigcheck.h"
#include "core/verify/verify.h"
#include "tui/cli/out.h"

/* @sigs NULL: signatures were not checked. */
void verify_out_json(struct out *out, const struct verify_result *r,
		     const struct msigcheck_result *sigs);
void verify_out_text(struct out *out, const struct verify_result *r,
		     const struct msigcheck_result *sigs);
