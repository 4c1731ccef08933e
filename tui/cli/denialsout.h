/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Denials as text and as JSON, for the commands that print them. */
#pragma once

#include "core/triage/denials.h"
#include "tui/cli/out.h"

/* The head of the list, and a line of it. */
void denialsout_head(struct out *out);
void denialsout_line(struct out *out, const struct denial *d);

/* What it is about: only a part of a name says with its file system and number which file it
 * was. */
void denialsout_what(struct out *out, const struct denial *d);

/* The members of one denial, into an object that is open. @root_dir: of another root than this
 * machine's, for the commands of remedies; NULL. */
void denialsout_members(struct json *j, const struct denial *d, const char *root_dir);

/* Groups, each a line or an object. */
void denialsout_groups(struct out *out, enum denials_key key,
		       const struct denials_group *groups, size_t n);
void denialsout_groups_json(struct out *out, enum denials_key key,
			    const struct denials_group *groups, size_t n);

/* "2026-11-26T22:10:03.123Z"; "" for 0. */
const char *denialsout_time(char buf[40], uint64_t time_ms);
