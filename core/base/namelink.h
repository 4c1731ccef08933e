/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A short word kept as the target of a symbolic link: reading and replacing it opens no
 * file, so it works under a policy that denies opening every one, and no label of it can go
 * stale (recovery.md, rule 17).
 */
#pragma once

#include <stdbool.h>

#include "core/base/str.h"

enum { NAMELINK_MAX = 255 }; /* of the text */

/* Appends the text of @name in the folder @at. -ENOENT: there is none; -EBADMSG: it is no
 * link, or its text is too long. */
int namelink_read(int at, const char *name, struct strbuf *out);

/* A new link aside, renamed to @name; with @durable the folder is synced, and what stands
 * there is read back: -EIO when it is something else. Either the old or the new text is there
 * at any moment. */
int namelink_write(int at, const char *name, const char *text, bool durable);

/* Fine when it is not there; @durable as above. */
int namelink_remove(int at, const char *name, bool durable);
