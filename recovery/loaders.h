/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else loads policies in an initramfs, or keeps PID 1 from doing so. */
#pragma once

#include "core/base/root.h"
#include "core/base/str.h"

/* Appends "process 312 (NAME) has it open": of those that hold the kernel's policy file. True:
 * there is one. */
bool loaders_holder(const struct root *here, struct strbuf *out);

/* Appends the files that others would have loaded, divided by commas: of the root what
 * dracut's module integrity reads, of the initramfs what a systemd in it reads. True: there
 * are some. */
bool loaders_others(const struct root *here, const struct root *target,
		    struct strbuf *out);
