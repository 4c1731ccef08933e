/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change at a time: a lock on imactl's folder. The kernel releases it when the holder
 * ends, however it ends, so it is never stale. The folder itself is locked and the
 * holder's name is the text of a symbolic link: both work where a policy denies opening
 * every file (recovery.md, rule 17).
 */
#pragma once

#include "core/base/diag.h"
#include "core/base/root.h"

/* Takes the lock of @place (made when missing) without waiting; @holder is what others
 * are told, "label apply". A descriptor: closing it, or the end of the process, releases.
 * -EBUSY with IMA-C003: somebody else has it, named in the sentence; -EPERM with IMA-C016:
 * others can write to the folder. */
int lock_take(struct root *root, enum root_place place, const char *holder,
	      struct diag *reterr);

/* Releases; @fd may be -1. */
void lock_drop(int fd);
