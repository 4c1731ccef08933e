/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by refmake.c (the owner's side) and refmake-read.c (the workers') alone. */
#pragma once

#include <stdatomic.h>

#include "core/base/fspath.h"
#include "core/host/hashalg.h"
#include "core/label/refmake.h"

enum { REFMAKE_GROUP = 32 };

/* What all workers see. */
struct refmake_shared {
	const struct root *root;
	const struct sig_key *key; /* may be NULL */
	const struct keyset *keys; /* may be NULL */
	uint64_t throttle;	   /* bytes a second; 0: no limit */
	atomic_uint_fast64_t due;  /* when what was read so far may have been read, ns */
	atomic_uint_fast64_t bytes;
};

struct refmake_item {
	enum refmake_what what;
	enum hash_alg alg;
	char *path;	 /* owned; with the value to check behind it */
	struct span ask; /* the value to check */
	/* The answer: */
	int err; /* positive errno */
	struct diag why;
	struct stamp stamp;
	uint64_t fsid;
	bool being_written;
	enum refmake_fit fit;
	struct digest digest;
	struct strbuf value;
};

/* A job: some files, and what is needed to read them; used again and again. */
struct refmake_group {
	struct pool_job job;
	struct refmake_shared *shared;
	struct refmake_item items[REFMAKE_GROUP];
	size_t n, taken;
	uint64_t size;
	bool submitted, done;
	struct hash_ctx *hash[_HASH_ALG_MAX];
	struct sig_ctx *sig;
	uint8_t *chunk;
	uint64_t dev, fsid; /* of the last file */
	struct fspath_folder folder;
	struct refmake_group *next;
};

struct refmake_group *refmake_group_new(struct refmake_shared *shared,
					void (*done)(struct pool_job *));
struct refmake_group *refmake_group_free(struct refmake_group *g);
void refmake_group_clear(struct refmake_group *g);
int refmake_group_add(struct refmake_group *g, const struct refmake_ask *ask);
