/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which denials a command shows: its options, the filter language, and what is muted. */
#pragma once

#include "core/list/filter.h"
#include "core/triage/mute.h"
#include "tui/cli/cmd.h"

/* Rows for the tables of commands. */
#define DENIALSEL_OPTIONS                                                                \
	{"kind", 0, OPT_REPEATED, "KIND",                                                \
	 "Only access, label, violation, policy, key, measurement"},                     \
		{"denied", 0, OPT_CHOICE, "yes|no|unknown",                              \
		 "Only what was refused, or was not"},                                   \
		{"cause", 0, OPT_REPEATED, "CAUSE", "Only of this cause"},               \
		{"program", 0, OPT_REPEATED, "NAME", "Only by this program"},            \
		{"since", 0, OPT_STRING, "AGE", "Only of the last: 30s 10m 2h 1d"},      \
	{                                                                                \
		"all", 'a', OPT_FLAG, NULL, "What is muted, too"                         \
	}

struct denialsel {
	const struct opts *opts; /* NULL: the filter alone */
	unsigned kinds;		 /* 1 << enum denial_kind; 0: all */
	int denied;		 /* enum denial_denied; -1: any */
	uint64_t since_ms;
	bool all;
	struct filter *filter; /* NULL: none */
	struct pkgdb *pkgs;    /* NULL: not loaded */
	struct mute_list mutes;
	uint64_t now_s, n_muted;
	struct strbuf entry; /* what the filter looks at */
};

/* From the options of DENIALSEL_OPTIONS, and @filter (NULL: none). IMA-U003, IMA-U0xx of
 * the filter, IMA-H022. denialsel_done() in any case. */
int denialsel_open(struct denialsel *s, const struct cli *cli, const char *filter,
		   struct diag *reterr);
/* The same by the filter alone. */
int denialsel_open_filter(struct denialsel *s, const struct cli *cli, const char *filter,
			  struct diag *reterr);
void denialsel_done(struct denialsel *s);

/* Loads the packages when the filter, a mute or the caller (@also) asks for them. */
void denialsel_packages(struct denialsel *s, const struct cli *cli, bool also);

/* Is it shown? What is muted is counted. */
bool denialsel_wants(struct denialsel *s, const struct denial *d);

/* "30s 10m 2h 1d" in seconds. -EINVAL. */
int denialsel_age(const char *text, uint64_t *ret_s);
