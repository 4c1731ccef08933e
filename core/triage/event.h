/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of the audit trail, by its name: "41", or "1700000000.123:41" where serials
 * repeat (they begin anew with each boot; the last one counts). */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/triage/denial.h"

struct event_id {
	bool has_time;
	uint64_t time_ms, serial;
};

/* False: it is none; a path, perhaps. */
bool event_id_parse(struct span text, struct event_id *ret);

/* A denial that keeps its bytes. All zero before. */
struct event {
	struct denial denial;
	struct strbuf bytes;
};

/* Reads records from @fd to its end. @mode: of the boot they are of, where no system call
 * tells what came of an access. IMA-A042: there is no such event, or none that is about
 * integrity; @name is the source's. IMA-H002. */
int event_find(int fd, const char *name, const struct event_id *id, enum denial_mode mode,
	       struct event *ret, struct diag *reterr);
void event_done(struct event *e);
#define _cleanup_event_ __attribute__((cleanup(event_done)))
