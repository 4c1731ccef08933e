/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurement lists written in the forms others read. Slices to a descriptor, so it can be
 * cancelled between two, and a slow reader holds nothing up but this export.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/list/filter.h"
#include "core/list/mstore.h"

enum export_format {
#define EXPORT_FORMAT(id, name, help) EXPORT_##id,
#include "core/list/export-formats.inc"
#undef EXPORT_FORMAT
	_EXPORT_FORMAT_MAX,
	_EXPORT_FORMAT_INVALID = -EINVAL,
};

struct pkgdb;
struct export;

/* The refs to write in their order are asked for one after the other: MSTORE_NONE ends. */
typedef mref (*export_next_fn)(void *user);

/* @fd stays the caller's. Opens with the format's head. @pkgs may be NULL. */
int export_new(enum export_format format, const struct mstore *store,
	       const struct pkgdb *pkgs, int fd, struct export **ret,
	       struct diag *reterr);
struct export *export_free(struct export *e);
DEFINE_CLEANUP(struct export *, export_free)

/* Writes one entry (buffered, 64 KiB). */
int export_entry(struct export *e, mref ref, struct diag *reterr);
/* Writes entries until @next ends or the budget is used. 1: more, 0: @next ended. */
int export_step(struct export *e, export_next_fn next, void *user, unsigned budget_us,
		struct diag *reterr);
/* Hands what is buffered to @fd now (--follow). */
int export_flush(struct export *e, struct diag *reterr);
/* The format's end and the last bytes. */
int export_finish(struct export *e, struct diag *reterr);
uint64_t export_count(const struct export *e);

/* The package that owns @path: "" for none, NULL where packages are not known. */
const char *export_package(const struct pkgdb *pkgs, struct span path);

/* The SIG column, as the console and `imactl log` show it: "VIO", "yes", "buf" or "-". */
const char *export_sig_word(const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry);

/* One record of `imactl log --json` (design.md 4), without the newline. */
void export_json(struct strbuf *out, const struct mlog_dialect *dialect,
		 const struct mlog_entry *entry, uint64_t number, const char *pkg);
/* One line as the kernel's ascii_runtime_measurements prints it, newline included,
 * byte for byte: nothing is escaped. */
void export_ascii(struct strbuf *out, const struct mlog_dialect *dialect,
		  const struct mlog_entry *entry);

const char *export_format_name(enum export_format format);
const char *export_format_help(enum export_format format);
enum export_format export_format_from_name(const char *name);
