/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/bootmode.h"

#include <string.h>

static const struct {
	const char *name, *word, *means;
} modes[_BOOTMODE_MAX] = {
	[BOOTMODE_OFF] =
		{"off", "ima_appraise=off",
		 "Nothing is appraised: no file is denied, no label is looked at "
		 "or kept right."},
	[BOOTMODE_LOG] =
		{"log", "ima_appraise=log",
		 "What would be denied is allowed, and an audit record says so."},
	[BOOTMODE_FIX] = {"fix", "ima_appraise=fix",
			  "Nothing is denied, and a file without a right hash gets one "
			  "when it is opened, whatever it holds by then."},
	[BOOTMODE_ENFORCE] =
		{"enforce", "ima_appraise=enforce",
		 "What the policy appraises is denied without a right label; "
		 "'imactl policy simulate' says beforehand what that would "
		 "be."},
};

const char *bootmode_name(enum bootmode mode)
{
	return mode < _BOOTMODE_MAX ? modes[mode].name : "unknown";
}

const char *bootmode_means(enum bootmode mode)
{
	return mode < _BOOTMODE_MAX ? modes[mode].means : "";
}

/* linux 6.12 security/integrity/ima/ima_appraise.c default_appraise_setup(): under Secure
 * Boot the word is passed over; without CONFIG_IMA_APPRAISE_BOOTPARAM it is not read. */
const char *bootmode_ignored(const struct probe *p, enum bootmode mode)
{
	if (probe_is(p, PROBE_IMA, PROBE_NO) || probe_is(p, PROBE_CAN_APPRAISE, PROBE_NO))
		return "it does not appraise at all";
	if (mode == BOOTMODE_ENFORCE)
		return NULL;
	if (probe_is(p, PROBE_SECURE_BOOT, PROBE_YES))
		return "Secure Boot is on, and then it always enforces";
	if (probe_is(p, PROBE_MODE_ARG, PROBE_NO))
		return "CONFIG_IMA_APPRAISE_BOOTPARAM is not set, and then it always "
		       "enforces";
	return NULL;
}

enum bootmode bootmode_of(const struct probe *p, struct span line)
{
	const char *asked = probe_mode_argument(line);

	for (int i = 0; asked && i < _BOOTMODE_MAX; i++)
		if (strcmp(asked, modes[i].name) == 0 &&
		    !bootmode_ignored(p, (enum bootmode)i))
			return (enum bootmode)i;
	return BOOTMODE_ENFORCE;
}

void bootmode_words(enum bootmode mode, bool once, struct bootwords *ret)
{
	*ret = (struct bootwords){.n = 1, .of = {{"ima_appraise", modes[mode].word}}};
	if (once) /* a kernel that gives up waits for nobody */
		ret->of[ret->n++] = (struct bootword){"panic", "panic=30"};
}
