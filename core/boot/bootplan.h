/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of a plan that change what the kernel is given at the next starts: for good, or once
 * in an entry of its own. The caller has begun the plan, and may add steps of its own before
 * and behind.
 *
 * GRUB's entry for once stands in custom.cfg, which grub.cfg reads at each start: nothing has
 * to be generated, and nothing that generates grub.cfg takes it away. It is the entry that is
 * started by default, with its words as wished, so the menu, passwords and devices are those
 * of a start as always.
 *
 * Entries of systemd-boot are written themselves, and /etc/kernel/cmdline where there is one,
 * from which kernel-install makes those of kernels to come. Running that would make every
 * initramfs anew.
 */
#pragma once

#include "core/base/plan.h"
#include "core/boot/bootloader.h"
#include "core/boot/bootwords.h"

/* For good. IMA-B002: by hand only. */
int bootplan_words(struct plan *plan, const struct root *root, const struct bootloader *b,
		   const struct bootwords *wish, struct diag *reterr);

/* One start with the words as wished: an entry for it, chosen for the next start alone.
 * IMA-B005: this boot loader cannot. */
int bootplan_once(struct plan *plan, const struct root *root, const struct bootloader *b,
		  const struct bootwords *wish, struct diag *reterr);

/* Takes the entry away, and that it is chosen; no step where there is none. */
int bootplan_once_remove(struct plan *plan, const struct root *root,
			 const struct bootloader *b, struct diag *reterr);

/* What to type instead, whole lines. */
void bootplan_by_hand(const struct bootloader *b, const struct bootwords *wish,
		      struct strbuf *out);
