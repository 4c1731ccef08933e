/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What imactl verify --signatures found, for programs and for people. */
#pragma once

#include "core/base/json.h"
#include "core/list/msigcheck.h"
#include "tui/cli/out.h"

/* The member "signatures"; @r NULL: they were not checked. */
void verify_sigs_json(struct json *j, const struct msigcheck_result *r);
void verify_sigs_text(struct out *out, const struct msigcheck_result *r);
