/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by walk.c and walk-mounts.c (the caller's side) and walk-read.c (the workers'). */
#pragma once

#include <dirent.h>

#include "core/base/str.h"
#include "core/host/walk-seen.h"
#include "core/host/walk.h"

enum { WALK_CHUNK = 512 }; /* entries after which a worker hands over what it has */

/* One mounted file system, or a part of one. */
struct walk_fs {
	uint64_t dev, fsid;
	uint32_t magic;
	bool read_only;
	bool attr_shows;
	bool again; /* some of it was seen under another name */
};

struct walk_folder {
	char *path; /* owned */
	const struct walk_fs *fs;
};

struct walk_stack {
	struct walk_folder *at;
	size_t n, cap;
};

/* What a worker found, in the order in which it found it. */
enum walk_found_kind {
	WALK_FOUND_FILE,
	WALK_FOUND_FOLDER,
	WALK_FOUND_MOUNT,
	WALK_FOUND_SKIP
};

struct walk_found {
	enum walk_found_kind kind;
	struct walk_file file; /* FOLDER: its .dev and .stamp.ino */
	size_t path;	       /* offsets into .text */
	size_t value, also;
	enum walk_skip skip;
	int err;
};

struct walk_job {
	struct pool_job job;
	const struct root *root;
	const char *attr;
	const struct walk_ops *ops;
	const struct walk_seen *seen; /* before this mount; does not change meanwhile */
	struct walk_stack stack;      /* folders still to be read */
	struct walk_folder now;	      /* the one being read; path NULL: none */
	DIR *dir;
	int64_t dir_sec; /* when it was opened, seconds since 1970 by the kernel's clock */
	struct walk_found found[WALK_CHUNK];
	size_t n_found;
	struct strbuf text;
	struct walk_counts counts; /* what it counted; the caller takes it away */
	int err;		   /* out of memory */
	bool idle;		   /* not in the pool */
	void *owner;
};

int walk_push(struct walk_stack *stack, struct span path, const struct walk_fs *fs);
void walk_stack_done(struct walk_stack *stack);
void walk_folder_close(struct walk_job *job);

/* Reads folders until there is a chunk or nothing left. Runs in a worker. */
void walk_read(struct pool_job *job);

/* Appends what is mounted below the folder @top, one mount at a time: what lies in one of
 * them is left to that. Where the table cannot be read: nothing. -ENOMEM. */
int walk_mounts_below(const struct root *root, const char *top, struct walk_stack *ret);

/* The facts of @name in @dir (AT_EMPTY_PATH: of @dir itself); *mount: something is mounted
 * there. -errno. */
int walk_stat(int dir, const char *name, int flags, struct walk_file *ret, bool *mount);
/* Now, as walk_job.dir_sec. */
int64_t walk_now(void);
/* What is known of the file at @path besides what walk_stat() says; @now: before that. */
void walk_place(struct walk_file *file, const struct walk_fs *fs, int64_t now);
/* Appends the attributes to job->text and notes where in @f; errors in f->file. */
void walk_value(struct walk_job *job, int dir, const char *name, struct walk_found *f);
