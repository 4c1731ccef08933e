/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local people, from /etc/passwd: no name service is asked, which might wait for a network. */
#pragma once

#include <stdint.h>

#include "core/base/root.h"

enum { PASSWD_FIRST = 1000, PASSWD_LAST = 60000 }; /* people: login.defs(5), as shipped */

struct passwd_entry {
	uint32_t uid;
	char name[33];
	char shell[128];
};

/* "name:x:1000:1000:gecos:/home:/bin/sh"; false: something else. */
bool passwd_parse(struct span line, struct passwd_entry *ret);
/* Of that user. -ENOENT: there is none; -errno. *ret is only touched when there is one. */
int passwd_of(const struct root *root, uint32_t uid, struct passwd_entry *ret);
/* The first who can log in and is not root. */
int passwd_ordinary(const struct root *root, struct passwd_entry *ret);
