/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cmocka 1.1.5 wants included before it, in the order it wants it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
