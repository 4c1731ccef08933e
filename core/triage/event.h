/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of the audit trail, by its name: "41", or "1700000000.123:41" where serials
 * repeat (they begin anew with each boot; the last one counts). */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"
#include "core/host/pathset.h"
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

/* Looks for it in what lies there of the machine's trail (core/triage/trail.h), or in the
 * text of @fd, which is taken over; -1: none. IMA-A042: there is no such event, or none that
 * is about integrity; what trail_open() and trail_read() give. */
int event_find(const struct root *root, int fd, const struct event_id *id,
	       struct event *ret, struct diag *reterr);
/* The same by the end of a file's name: "worker", "bin/worker"; the latest event of the one
 * file that is called so. @files (pathset_init() before): each that is. IMA-A042: none;
 * -ENOTUNIQ (IMA-A043): more than one. */
int event_find_file(const struct root *root, int fd, struct span name, struct event *ret,
		    struct pathset *files, struct diag *reterr);
void event_done(struct event *e);
#define _cleanup_event_ __attribute__((cleanup(event_done)))
