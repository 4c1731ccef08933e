/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signature appended to a kernel module or image: contents, PKCS#7, and at the very
 * end how long that is. linux 6.12 include/linux/module_signature.h,
 * kernel/module_signature.c mod_check_sig(), security/integrity/ima/ima_modsig.c
 * ima_read_modsig().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

#define MODSIG_MARKER "~Module signature appended~\n"

enum {
	MODSIG_HEADER = 12, /* struct module_signature */
	MODSIG_TRAILER = MODSIG_HEADER + sizeof(MODSIG_MARKER) - 1,
};

/* @end: the last MODSIG_TRAILER bytes of a file of @size bytes. Returns how many bytes
 * before them are PKCS#7; 0: nothing that a kernel reads is appended. */
uint32_t modsig_decode(struct span end, uint64_t size);
