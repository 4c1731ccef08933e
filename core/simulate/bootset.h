/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files this machine uses, and how: what a policy is tried on before it is loaded,
 * and what one is made from. Several sources say so, each of which sees a part only: the
 * measurement list what the policy in force measures, the audit log what was denied or
 * audited, /proc what is mapped now, init's dependencies what a boot and a login cannot do
 * without, the package database what could be used at all.
 *
 * A file is named by its path below the target root, without any symbolic link where the
 * root's files are at hand. The kernel names files as the process saw them: those of
 * containers and of the initramfs are taken for the root's own; in the measurement list it
 * writes '_' for ' ', so files with blanks are not found by that.
 *
 * Nothing is opened for reading but by the source "init", which reads the programs and
 * units that it follows: a policy may measure or appraise that, as any reading by root.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/list/mlog.h"
#include "core/host/walk.h"

enum bootset_op {
#define BOOTSET_OP(id, word) BOOTSET_##id,
#include "core/simulate/bootset-ops.inc"
#undef BOOTSET_OP
	_BOOTSET_OP_MAX,
};

enum bootset_source {
#define BOOTSET_SOURCE(id, word, title) BOOTSET_FROM_##id,
#include "core/simulate/bootset-sources.inc"
#undef BOOTSET_SOURCE
	_BOOTSET_SOURCE_MAX,
};

enum {
	BOOTSET_USES_MAX = 4 << 20,
	BOOTSET_ALL = ((1 << _BOOTSET_SOURCE_MAX) - 1) & ~(1 << BOOTSET_FROM_NAMED),
	/* All but the package database, which names far more than is used. */
	BOOTSET_USUAL = BOOTSET_ALL & ~(1 << BOOTSET_FROM_PACKAGE),
};

/* What there is to say of a file that is there, as of when it was first met. */
struct bootset_facts {
	struct stamp stamp;
	uint64_t dev; /* as in struct walk_file */
	uint32_t uid, gid;
	uint16_t mode;
};

/* What one user does with one file. */
struct bootset_use {
	const char *path; /* below the target; borrowed until something is added */
	uint32_t uid;	  /* 0 where no source says it */
	uint16_t mode;	  /* 0: not there (any more), or there are no files to look at */
	uint16_t ops;	  /* 1 << enum bootset_op: seen, or all that make sense */
	uint8_t sources;  /* 1 << enum bootset_source */
	const struct bootset_facts *facts; /* NULL where .mode is 0; borrowed as .path */
	bool early; /* without it there is no boot or no login; of uid 0 */
};

/* What came of a source. */
struct bootset_said {
	uint64_t uses; /* of files, as other sources may have said, too */
	uint64_t gone; /* of them: uses of files that are not there (any more) */
	/* What names no file of the root: a bare name, a keyring, a damaged record, a library
	 * that is not found. */
	uint64_t nameless;
	/* Why it said nothing, or not all of it; DIAG_NONE: it did. */
	struct diag why;
};

struct bootset;

/* @root must outlive it. -ENOMEM. */
int bootset_new(const struct root *root, struct bootset **ret, struct diag *reterr);
struct bootset *bootset_free(struct bootset *b);
DEFINE_CLEANUP(struct bootset *, bootset_free)

/* Asks the sources (1 << enum bootset_source) of the root, one after the other. A source
 * that has nothing to say is no failure: bootset_said() knows why. -ENOMEM. */
int bootset_collect(struct bootset *b, unsigned sources, struct diag *reterr);

/* One entry of a list that the caller reads, as source "list". -ENOMEM. */
int bootset_add_entry(struct bootset *b, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry);
/* A list that somebody named: mfile_open(), mfile_column(). Damage in it is said by
 * bootset_said(). -ENOMEM. */
int bootset_add_list(struct bootset *b, int fd, uint8_t digest_size, struct diag *reterr);

/* A file that somebody names, as source "named": whatever
 * makes sense for it, by root. IMA-A020: no plain file. */
int bootset_add_path(struct bootset *b, const char *path, struct diag *reterr);

/* By path, then user: the same set, the same order. Indices change. */
void bootset_sort(struct bootset *b);

size_t bootset_count(const struct bootset *b);
/* The @i-th use, below bootset_count(). */
void bootset_at(const struct bootset *b, size_t i, struct bootset_use *ret);
/* The use of a file (canonical, below the target) by a user; false: there is none. */
bool bootset_find(const struct bootset *b, const char *path, uint32_t uid,
		  struct bootset_use *ret);
void bootset_said(const struct bootset *b, enum bootset_source source,
		  struct bootset_said *ret);

/* "exec", a word of core/policy/policy-ops.inc; for explain_op() and for people. */
const char *bootset_op_word(enum bootset_op op);
const char *bootset_source_word(enum bootset_source source);  /* for JSON */
const char *bootset_source_title(enum bootset_source source); /* "the audit log" */
