/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the way of using IMA well on this machine: a list of checks, each with
 * its finding in one sentence and, where there is something to do, how. Looks only.
 */
#pragma once

#include "core/base/root.h"
#include "core/probe/probe.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE,	/* worth knowing, or a matter of taste */
	DOCTOR_BAD,	/* does not work, or will fail at the next boot */
	DOCTOR_UNKNOWN, /* could not be looked at; the text says why */
};

enum doctor_id {
#define DOCTOR_CHECK(id, key, title) DOCTOR_CHECK_##id,
#include "core/doctor-checks.inc"
#undef DOCTOR_CHECK
	_DOCTOR_CHECK_MAX,
};

struct doctor_finding {
	enum doctor_state state;
	char text[240]; /* foreign bytes escaped */
	char hint[240]; /* "" when there is nothing to do */
};

/* Fills all findings. */
void doctor_run(const struct root *root, const struct probe *p,
		struct doctor_finding ret[_DOCTOR_CHECK_MAX]);

const char *doctor_key(enum doctor_id id);
const char *doctor_title(enum doctor_id id);
const char *doctor_state_name(enum doctor_state s); /* "ok", "note", "bad", "unknown" */
