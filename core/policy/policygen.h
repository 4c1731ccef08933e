/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy proposed from what was measured on a machine: rules for the kinds of use that its
 * list shows, as narrow as users and file systems allow, with what each is for and how many
 * entries it covers. Paths are no conditions of rules, and a list does not say who used a
 * file: what a use was is told by the file, or where that is not there by its name.
 */
#pragma once

#include "core/base/policy.h"
#include "core/base/root.h"
#include "core/host/mounts.h"
#include "core/list/mstore.h"

enum policygen_goal { POLICYGEN_MEASURE, POLICYGEN_APPRAISE };

enum policygen_use {
#define POLICYGEN_USE(id, options, words) POLICYGEN_##id,
#include "core/policy/policygen-uses.inc"
#undef POLICYGEN_USE
	_POLICYGEN_USE_MAX,
};

enum {
	POLICYGEN_NAMES = 1 << 16,
	POLICYGEN_FS = 12,
	POLICYGEN_OWNERS = 16,
	POLICYGEN_KEYRINGS = 1000, /* bytes of their names */
};

struct policygen_count {
	uint64_t entries,
		again;		/* of the list; those that were not the first of a name */
	uint64_t files, others; /* names; of them files of another owner than root */
	uint64_t hashed, signed_, bare, gone; /* labels of the files; no file is there */
};

struct policygen_fs {
	uint64_t dev;
	uint32_t magic;
	bool has_uuid;
	uint8_t uuid[16];
	struct span type;	       /* borrowed from the mounts */
	uint64_t entries, again, runs; /* runs: programs and libraries */
	bool root;		       /* it holds / */
};

struct policygen_owner {
	uint32_t uid;
	uint64_t entries, again;
};

/* What was seen. */
struct policygen {
	uint64_t entries, nameless;    /* boot aggregates and the like */
	uint64_t keys, data, cmdlines; /* entries without a file behind them */
	bool cut; /* there were more names, of files or keyrings, than are kept */
	struct policygen_count uses[_POLICYGEN_USE_MAX];
	struct policygen_fs fs[POLICYGEN_FS];
	struct policygen_owner owners[POLICYGEN_OWNERS];
	size_t n_fs, n_owners;
	struct strbuf keyrings; /* "|" between them */
	struct mounts mounts;
	bool has_files; /* the files themselves were looked at */
};

/* Reads the list in @fd (binary) and looks at the files it names below @root. IMA-L001 and
 * others of mreader_new(); IMA-G001. */
int policygen_observe(const struct root *root, int fd, uint8_t digest_size,
		      struct policygen *ret, struct diag *reterr);
/* The same of a list that was read. */
int policygen_observe_store(const struct root *root, const struct mstore *store,
			    struct policygen *ret, struct diag *reterr);
/* Appends the policy for @kernel. */
void policygen_text(const struct policygen *g, enum policygen_goal goal,
		    const struct policy_kernel *kernel, struct strbuf *out);
void policygen_done(struct policygen *g);
#define _cleanup_policygen_ __attribute__((cleanup(policygen_done)))
