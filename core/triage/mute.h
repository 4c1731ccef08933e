/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of denials that somebody has seen and does not want shown for a while, each with a
 * reason and an end: a file of imactl's own, STATE/mutes. Nothing but what imactl shows
 * depends on it.
 *
 * A line each, five fields with a tab between them: until and since (seconds since 1970),
 * key, name and reason, the last two as str_escape() writes them.
 */
#pragma once

#include "core/base/root.h"
#include "core/triage/denials.h"

enum { MUTE_MAX = 4096, MUTE_TEXT_MAX = 4096 };

struct mute {
	enum denials_key key;
	struct strbuf name; /* as it stands in denials; empty: what has no such name */
	struct strbuf reason;
	uint64_t since_s, until_s; /* since 1970 */
};

struct mute_list {
	struct mute *at;
	size_t n;
};

/* What is there; none where there is no file. A line that cannot be read: -EBADMSG. */
int mute_load(const struct root *root, struct mute_list *ret, struct diag *reterr);
void mute_done(struct mute_list *l);
#define _cleanup_mutes_ __attribute__((cleanup(mute_done)))

/* Writes the file; those that ended before @now_s are left out. */
int mute_save(struct root *root, const struct mute_list *l, uint64_t now_s,
	      struct diag *reterr);

/* "cause=missing-hash", "path=/opt/a": -EINVAL. @ret_name is borrowed from @text. */
int mute_group(const char *text, enum denials_key *ret_key, struct span *ret_name,
	       struct diag *reterr);

/* Takes the place of one with the same key and name. -ENOMEM; -ENOSPC: MUTE_MAX. */
int mute_add(struct mute_list *l, enum denials_key key, struct span name,
	     struct span reason, uint64_t since_s, uint64_t until_s);
/* -ENOENT. */
int mute_remove(struct mute_list *l, enum denials_key key, struct span name);

/* The first that has not ended and holds the row; NULL. */
const struct mute *mute_find(const struct mute_list *l, const struct denials_row *row,
			     const struct pkgdb *pkgs, uint64_t now_s);
