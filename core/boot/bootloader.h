/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot loader starts this machine, and what can be done with it: words for the kernel
 * that last, and an entry that is started once. Where it can do neither, a trial is made in
 * place (without an entry of its own), which is the riskier way.
 */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

enum bootloader_kind {
	BOOTLOADER_UNKNOWN,
	BOOTLOADER_GRUB,    /* grub.cfg is made by grub-mkconfig: Debian, Ubuntu */
	BOOTLOADER_BLS,	    /* GRUB or zipl that reads loader entries: Fedora, RHEL */
	BOOTLOADER_SYSTEMD, /* systemd-boot with loader entries */
	BOOTLOADER_UKI,	    /* kernel and words are one image */
	_BOOTLOADER_MAX,
};

enum { BOOTLOADER_WHY = 200 };

struct bootloader {
	enum bootloader_kind kind;
	char name[80];	    /* "systemd-boot 252.39"; escaped */
	char evidence[160]; /* escaped */
	/* Why imactl does not change the words it gives to the kernel; "": it does. */
	char no_words[BOOTLOADER_WHY];
	/* Why no entry can be started just once; "": one can. */
	char no_once[BOOTLOADER_WHY];
	char entries[64]; /* the folder with loader entries, of the target; "": none */
	/* The entry that was started, the entry that is by default, when loader entries are:
	 * names of their files; "": not known. */
	char selected[256], chosen[256];
};

/* -ENOMEM. */
int bootloader_look(const struct root *root, struct bootloader *ret, struct diag *reterr);

/* "grub", "systemd-boot": never renamed. */
const char *bootloader_kind_name(enum bootloader_kind kind);

/* Appends the words that the kernel gets at the next start. IMA-B001: not known. */
int bootloader_next_words(const struct root *root, const struct bootloader *b,
			  struct strbuf *out, struct diag *reterr);

/* Appends the name of the entry that only the next start takes. False: there is none, or it
 * cannot be told. */
bool bootloader_next_once(const struct root *root, const struct bootloader *b,
			  struct strbuf *out);

/* Reads a file of the target; up to 4 MiB. */
int bootloader_read(const struct root *root, const char *path, struct strbuf *out,
		    struct diag *reterr);

#define BOOT_GRUB_FOLDER "boot/grub"
#define BOOT_GRUB_CFG	 BOOT_GRUB_FOLDER "/grub.cfg"
#define BOOT_GRUB_ENV	 BOOT_GRUB_FOLDER "/grubenv"
#define BOOT_GRUB_CUSTOM BOOT_GRUB_FOLDER "/custom.cfg"
#define BOOT_TRIAL_ID	 "imactl-trial"
