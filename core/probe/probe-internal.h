/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the probe, shared by probe.c, probe-state.c and probe-list.c. */
#pragma once

#include "core/host/kconfig.h"
#include "core/probe/probe.h"

/* What several facts are read from. */
struct look {
	const struct root *root;
	struct probe *p;
	struct span head; /* the list's beginning, when the caller had it */
	struct strbuf cmdline, dmesg, modes;
	struct kconfig config;
	int has_cmdline, has_dmesg, has_modes, has_config; /* 0 or -errno */
};

/* Sets a fact; @value is ours or escaped by the caller. */
void probe_set(struct look *l, enum probe_id id, enum probe_answer answer,
	       const char *value, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void probe_set_foreign(struct look *l, enum probe_id id, struct span value,
		       const char *evidence);
/* Unknown because a file is not readable or not there. */
void probe_set_missing(struct look *l, enum probe_id id, enum root_file file, int err);
/* "PATH" or "PATH is not there", in the words of a live machine. */
void probe_set_file(struct look *l, enum probe_id id, enum probe_answer answer,
		    const char *value, enum root_file file);

bool probe_is_denied(int r);
struct span probe_text(const struct strbuf *b);
struct span probe_line(const struct strbuf *b); /* the first */
/* Permission bits, -ENOENT: not there, -ENODATA: that was not recorded. */
int probe_recorded_mode(const struct look *l, const char *recorded_name);
int probe_mode(const struct look *l, enum root_file file);
/* Known not to be there (a recorded host may just not hold it). */
bool probe_absent(const struct look *l, enum root_file file, int r);
bool probe_dmesg_says(const struct look *l, const char *text);
enum kconfig_value probe_config(const struct look *l, const char *name);
bool probe_config_off(const struct look *l, const char *name);

/* probe-state.c: what is enforced now. probe-list.c: the list and the TPM. */
void probe_state(struct look *l);
void probe_list(struct look *l);
