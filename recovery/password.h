/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is it root who sits there? As sulogin(8) asks, by the shadow file of the root that is looked
 * at: libcrypt's crypt(3) knows what it holds. */
#pragma once

#include "core/base/root.h"

enum password {
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_NONE, /* root has none: everybody who sits there is let in, as at login */
	PASSWORD_LOCKED,  /* root cannot log in */
	PASSWORD_UNKNOWN, /* that cannot be read, so nobody is let in */
};

/* What is asked for: WRONG stands for "a password". */
enum password password_kind(const struct root *target);
/* @typed is overwritten. */
enum password password_check(const struct root *target, char *typed);
