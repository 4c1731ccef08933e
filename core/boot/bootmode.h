/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The appraise mode, which a kernel is given once, when it starts. */
#pragma once

#include "core/boot/bootloader.h"
#include "core/boot/bootwords.h"
#include "core/probe/probe.h"

enum bootmode {
	BOOTMODE_OFF,
	BOOTMODE_LOG,
	BOOTMODE_FIX,
	BOOTMODE_ENFORCE,
	_BOOTMODE_MAX,
};

const char *bootmode_name(enum bootmode mode);	/* "log" */
const char *bootmode_means(enum bootmode mode); /* a sentence or two */

/* Why this kernel does not heed that mode, in words that follow a colon; NULL: it does. */
const char *bootmode_ignored(const struct probe *p, enum bootmode mode);

/* The mode that a command line leads to on this kernel. */
enum bootmode bootmode_of(const struct probe *p, struct span line);

/* The words of that mode; @once: for a start that is to come back by itself. */
void bootmode_words(enum bootmode mode, bool once, struct bootwords *ret);
