/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records come from, one line each, whatever hands them over. What a source could not
 * hand over is counted.
 */
#pragma once

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/triage/denial.h"

struct source;

/* A line without its newline, borrowed. A negative -errno ends the call that gave it. */
typedef int (*source_fn)(void *user, struct span line);

/*
 * The kernel's audit multicast group, from now on: beside auditd and journald, which lose
 * nothing by it. linux 6.12 kernel/audit.c kauditd_send_multicast_skb(). -EPERM: needs
 * CAP_AUDIT_READ in the first user and network namespace; -EPROTONOSUPPORT: this kernel does
 * not audit (audit=0, or built without).
 */
int source_open_audit(struct source **ret, struct diag *reterr);

/* The kernel log from now on (/dev/kmsg): where there is no auditd, records go there, as
 * many as printk's rate limit lets pass. */
int source_open_kernel(const struct root *root, struct source **ret, struct diag *reterr);

/* The same as it is, to its end: this kernel's, or that of a recorded host. */
int source_open_dmesg(const struct root *root, struct source **ret, struct diag *reterr);

/* auditd's log and its rotations, the oldest first. @follow: never ends, goes on with what
 * is added, in whichever file; with @from_end nothing is given of what is there. */
int source_open_log(const struct root *root, bool follow, bool from_end,
		    struct source **ret, struct diag *reterr);

/* Any text, to its end; takes @fd over, also when it fails. */
int source_open_file(int fd, struct source **ret, struct diag *reterr);

struct source *source_free(struct source *s);
DEFINE_CLEANUP(struct source *, source_free)

/* Gives some milliseconds' worth of lines. 1: there is more now. 0: the end, or for live
 * sources nothing more at present. -errno. */
int source_read(struct source *s, source_fn fn, void *user, struct diag *reterr);

enum denial_source source_kind(const struct source *s);
/* To be polled for reading; -1: the source is read to its end, or looked at every
 * SOURCE_POLL_MS. */
int source_fd(const struct source *s);
enum { SOURCE_POLL_MS = 250 };

/* Only integrity records come: the kernel audits no system calls. False: not known, too. */
bool source_alone(const struct source *s);

/* Records that never came: the socket's buffer was full (as the kernel counts them), printk
 * held them back, or the kernel log's buffer went round. */
uint64_t source_lost(const struct source *s);
