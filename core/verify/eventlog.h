/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware event log (binary_bios_measurements): what firmware and boot loader
 * extended into PCR 0-9 before the kernel ran. Both formats: the crypto-agile one of TPM
 * 2.0 (a first event "Spec ID Event03" lists the banks) and the SHA-1 one of TPM 1.2.
 *
 * TCG PC Client Platform Firmware Profile 1.05, 10.2 and 10.4.5; the kernel's own walk:
 * linux 6.1 include/linux/tpm_eventlog.h __calc_tpm2_event_size(). Pure: views into the
 * caller's bytes, no allocation while walking.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/host/hashalg.h"
#include "core/verify/pcrs.h"

enum {
	EVENTLOG_ALGS_MAX = 16,
	EVENTLOG_PCRS = 10,	/* PCR 0-9: what a boot aggregate covers */
	EVENTLOG_NO_ACTION = 3, /* EV_NO_ACTION: in the log, never extended */
};

struct eventlog {
	struct bytes in;
	bool agile;
	bool started;
	size_t n_algs;
	struct {
		uint16_t tpm_id;
		uint16_t size;
	} alg[EVENTLOG_ALGS_MAX];
};

struct eventlog_event {
	size_t offset; /* of its first byte in the log */
	uint32_t pcr;
	uint32_t type; /* EV_* */
	struct span data;
	size_t n_digests;
	struct {
		enum hash_alg alg; /* _HASH_ALG_INVALID for one we do not know */
		struct span value;
	} digest[EVENTLOG_ALGS_MAX];
};

/* Begins at the first byte. */
struct eventlog eventlog_of(struct span log);

/* 1: *ret is the next event, 0: the end. -EBADMSG (IMA-T010, with the byte offset):
 * damaged or cut; the events before it are good. */
int eventlog_next(struct eventlog *l, struct eventlog_event *ret, struct diag *reterr);

/*
 * PCR 0-9 of every bank the log has and OpenSSL can compute, replacing *ret. The value of
 * a PCR nobody extended is zero; PCR 0 starts at the locality that a "StartupLocality"
 * event names. -ENODATA: the log is empty.
 */
int eventlog_replay(struct span log, struct pcrs *ret, struct diag *reterr);
