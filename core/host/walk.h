/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular files of trees, with what a label rests on: owner, times, flags, and one or two
 * extended attributes, read without opening the file, so that looking at it neither
 * measures nor appraises it.
 *
 * Symbolic links are never followed. Mounts are entered, each on its own when the one
 * above it is through, so that a folder mounted at two places is seen once, under the name
 * that sorts first; those in a file system that is left out, too. Folders are read in the pool; memory does not grow with the number of
 * files. Files come in any order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/json.h"
#include "core/base/root.h"
#include "core/base/stamp.h"
#include "core/base/str.h"
#include "core/host/pool.h"

struct walk_file {
	const char *path; /* below the target root; borrowed, as @value */
	struct stamp stamp;
	uint64_t dev;  /* of this boot: with .ino the file, whatever its name */
	uint64_t fsid; /* of the file system, the same after a boot where it has one */
	uint32_t uid, gid, links;
	uint32_t fs_magic; /* statfs(2) f_type */
	uint16_t mode;
	bool immutable, append; /* chattr +i, +a */
	bool read_only;		/* mounted so */
	/* Nothing about it had changed in the seconds before it was looked at, so a change
	 * since then shows in .stamp, however coarse the file system's clock. */
	bool settled;
	bool attr_shows; /* setting an attribute changes .stamp.ctime there */
	int known;	 /* what walk_ops.known() said; not 0: neither .err nor .value */
	int err; /* of reading the attribute, positive errno: ENODATA; 0: .value */
	struct span value;
	int also_err; /* the same of the other attribute; ENODATA where none was asked for */
	struct span also;
};

enum walk_skip {
	WALK_SKIP_FS,	      /* a file system that is not wanted */
	WALK_SKIP_UNREADABLE, /* a folder */
	WALK_SKIP_TWICE,      /* a folder that was seen under another name */
	WALK_SKIP_MOUNTED,    /* a file that is mounted over another one */
	_WALK_SKIP_MAX,
};

/* What was left out, by name; the counts know of all. All zero before the first use. */
enum { WALK_SKIPS_MAX = 1000 };

struct walk_skips {
	struct walk_left {
		char *path; /* below the target root; owned */
		enum walk_skip why;
		int err; /* positive errno; 0 */
	} * at;
	size_t n;
};

struct walk_counts {
	uint64_t folders, files; /* files: regular ones, wanted or not */
	uint64_t wanted;
	uint64_t links, special; /* symbolic links; devices, FIFOs, sockets */
	uint64_t skipped[_WALK_SKIP_MAX];
};

struct walk_ops {
	const char *also; /* another attribute of each file; NULL: none */
	/* Asked in workers, and looks at nothing but its arguments. NULL: all. @facts has
	 * neither path nor value. */
	bool (*want)(const void *user, const struct walk_file *facts);
	/* Asked in workers, too: does what is known of a file make reading its attribute
	 * needless? NULL: it never does (0). @path as in struct walk_file. */
	int (*known)(const void *user, const char *path, const struct walk_file *facts);
	/* These on the caller's thread; each but file() may be NULL. @named: it is one of
	 * the paths that were asked for. */
	bool (*enter)(const void *user, uint32_t fs_magic, bool named);
	int (*file)(void *user, const struct walk_file *file); /* -errno ends it all */
	void (*skip)(void *user, const char *path, enum walk_skip why, int err);
	void (*progress)(void *user, const struct walk_counts *counts); /* now and then */
	bool (*stop)(void *user);
	void *user;
};

/* Goes through @paths (files and folders, canonical, below the target; "": all of it) on
 * the caller's thread and in the pool, which it must have for itself. @attr NULL: none is
 * read. -ENOENT (IMA-H001):
 * a path is not there; -ECANCELED, without a diag: stop() said so; what file() gave. */
int walk_run(struct pool *pool, const struct root *root, const char *attr,
	     const char *const *paths, size_t n_paths, const struct walk_ops *ops,
	     struct walk_counts *ret, struct diag *reterr);

/* The facts of an open file, path and value left out; @fd may be O_PATH. -errno. */
int walk_facts(int fd, struct walk_file *ret);
/* The same of a name in a folder: without opening what is there, links not followed. */
int walk_facts_at(int dir, const char *name, struct walk_file *ret);
/* Does setting an attribute show in .stamp there? */
bool walk_attr_shows(uint32_t fs_magic);
/* An attribute's value (appended) of a name in a folder: without opening what is there,
 * links not followed. -errno. */
int walk_get(int dir, const char *name, const char *attr, struct strbuf *out);

/* -ENOMEM. Beyond WALK_SKIPS_MAX nothing is kept. */
int walk_skips_add(struct walk_skips *s, const char *path, enum walk_skip why, int err);
void walk_skips_done(struct walk_skips *s);
/* "Left out: 3 an excluded file system: /proc, ..", a line for each reason. */
void walk_skips_format(struct strbuf *out, const struct walk_skips *s,
		       const struct walk_counts *counts, bool ascii);
/* The member "left_out". */
void walk_skips_json(struct json *j, const struct walk_skips *s);

/* "an excluded file system" */
const char *walk_skip_words(enum walk_skip why);
const char *walk_skip_word(enum walk_skip why); /* for JSON */
