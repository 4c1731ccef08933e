/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel said about integrity, one event: a record of the types 1800 to 1808 and
 * what the records beside it (SYSCALL, PATH, CWD) say of it. Pure data; join.h makes it of
 * records, denials.h counts it.
 *
 * Spans are borrowed: from whoever gave the denial, until its next call. All their bytes are
 * foreign, those of op and cause too: whoever may write the file they were read from chose
 * them.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/host/auditrec.h"

enum denial_kind {
#define DENIAL_KIND(id, name, plural, meaning) DENIAL_##id,
#include "core/triage/denial-kinds.inc"
#undef DENIAL_KIND
	_DENIAL_KIND_MAX,
	_DENIAL_KIND_INVALID = -EINVAL,
};

/* Was somebody refused something? res= says only that a check failed; in log and fix mode
 * the access goes on (kernel-side: linux 6.12 ima_main.c process_measurement(), out:). */
enum denial_denied {
	DENIAL_UNKNOWN, /* neither the system call nor the mode is known */
	DENIAL_ALLOWED, /* it was reported, and went on */
	DENIAL_DENIED,
	_DENIAL_DENIED_MAX,
};

/* Who handed the record over. */
enum denial_source {
	DENIAL_FROM_AUDIT,  /* the kernel's audit multicast group, live */
	DENIAL_FROM_LOG,    /* auditd's files */
	DENIAL_FROM_KERNEL, /* the kernel log */
	DENIAL_FROM_FILE,   /* a file that somebody named, standard input */
	_DENIAL_SOURCE_MAX,
};

/* How much of a name a record holds. linux 6.12: ima_appraise.c and ima_main.c give a whole
 * path; ima_api.c ima_collect_measurement() and evm_main.c the last part of it. */
enum denial_name {
	DENIAL_NAME_NONE,  /* .path is empty */
	DENIAL_NAME_WHOLE, /* from the root of the mount tree */
	DENIAL_NAME_PART,  /* its last part, or relative to something */
	DENIAL_NAME_FOUND, /* was a part; made whole by PATH and CWD, or by .dev and .ino */
	DENIAL_NAME_OTHER, /* no file: a keyring, a template, a rule of a policy */
	DENIAL_NAME_CUT,   /* its beginning: the kernel log had no room for more */
};

/* The mode of appraisal of the boot that a record is of. */
enum denial_mode {
	DENIAL_MODE_UNKNOWN,
	DENIAL_MODE_ENFORCE,
	DENIAL_MODE_LOG,
	DENIAL_MODE_FIX,
	DENIAL_MODE_OFF,
};

struct denial {
	enum denial_kind kind;
	enum auditrec_type type;
	enum denial_source source;
	enum denial_denied denied;
	enum denial_name name;
	uint64_t time_ms;	 /* since 1970; 0: not known */
	uint64_t serial;	 /* of the event; 0: not known */
	uint64_t ino;		 /* 0: not known */
	uint32_t pid, uid, auid; /* UINT32_MAX: not known, or not set */
	int32_t error; /* what the program got from the system call, 13 for EACCES; 0: it
			* succeeded; -1: not known */
	bool cut;      /* the kernel log had no room for the end of the record */
	bool res;      /* res= as the kernel gave it: the check passed */
	struct span op, cause, path, dev, comm, exe;
};

/* What a record is about. -ENOENT: none of ours: another type, a file that a rule "audit"
 * met, a measurement that went well. */
int denial_kind_of(const struct auditrec *r);

/* @error as in struct denial. */
enum denial_denied denial_judge(const struct denial *d, enum denial_mode mode);

/* "access", "violation"; never NULL. */
const char *denial_kind_name(enum denial_kind kind);
/* _DENIAL_KIND_INVALID. */
enum denial_kind denial_kind_from_name(struct span name);
/* "yes", "no", "unknown": as the JSON member "denied" has it. */
const char *denial_denied_name(enum denial_denied denied);
/* "audit", "log", "kernel", "file". */
const char *denial_source_name(enum denial_source source);

/* The program, as groups name it: exe where it is known, else comm. */
static inline struct span denial_program(const struct denial *d)
{
	return d->exe.len ? d->exe : d->comm;
}
