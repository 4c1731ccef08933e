/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan that gives files the right kind of label: a signature where there is a key and
 * the file belongs to a package and nobody is meant to change it, else a hash; what is
 * right stays. Nothing is written.
 *
 * Only files that have a label are read, to see whether it is right; and not even those
 * that were found right before and have not changed since (known.h). So the plan of a
 * machine takes seconds, and each file is read once in all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/plan.h"
#include "core/base/root.h"
#include "core/cert/keyset.h"
#include "core/host/known.h"
#include "core/host/pool.h"
#include "core/label/relabel-kinds.h"
#include "core/label/scope.h"
#include "core/cert/sig.h"
#include "core/host/walk.h"

enum { RELABEL_SAMPLES = 3, RELABEL_MANY = 1000 };

struct relabel_opts {
	enum scope scope;
	const char *const *paths; /* below the target; for SCOPE_NAMED */
	size_t n_paths;
	enum hash_alg alg;	   /* of new labels */
	bool alg_given;		   /* right hashes of other algorithms are replaced */
	const struct sig_key *key; /* NULL: nothing is signed */
	const struct keyset *keys; /* that other signatures are checked with; or NULL */
	bool sign_anew;		   /* those that do not fit are replaced by one of .key */
	/* IMAXATTR_KEYID bytes: nothing but what that key has signed is looked at, and where
	 * its signature fits one of .key takes its place. Empty: all files. */
	struct span instead_of;
	bool by_kernel;	   /* hashes are left to the kernel */
	uint64_t throttle; /* bytes per second, 0: no limit */
};

enum relabel_phase {
	RELABEL_WALKING,
	RELABEL_CHECKING, /* labels that are there */
	RELABEL_PLANNING,
};

struct relabel_progress {
	enum relabel_phase phase;
	uint64_t files, of; /* of: 0 where it is not known yet */
	uint64_t bytes;	    /* read so far */
};

struct relabel_watch {
	void (*progress)(void *user, const struct relabel_progress *p); /* may be NULL */
	bool (*stop)(void *user);					/* may be NULL */
	void *user;
};

struct relabel_tally {
	uint64_t files, bytes;
	char *sample[RELABEL_SAMPLES]; /* the first paths; owned, NULL where fewer */
};

struct relabel {
	enum scope scope; /* what the one that was asked for came to: scope_of() */
	struct plan plan;
	struct relabel_tally reasons[_RELABEL_REASON_MAX];
	/* Files that get or keep a hash, or nothing, where the policy wants a signature. */
	uint64_t needs_signature;
	uint64_t to_read; /* bytes that carrying it out reads */
	struct walk_counts counts;
	struct walk_skips skips;
};

/* @known may be NULL: everything with a label is read. -ECANCELED, without a diag: stop()
 * said so. */
int relabel_plan(struct pool *pool, const struct root *root, struct known *known,
		 const struct relabel_opts *opts, const struct relabel_watch *watch,
		 struct relabel *ret, struct diag *reterr);

/* How it is worked. */
struct relabel_how {
	unsigned threads; /* 0: as many as there are processors */
	bool recheck;	  /* what was found right before is read again */
	bool readonly;	  /* what is found right is not noted */
};

/* The same with threads of its own, and with what is known of @root. */
int relabel_plan_root(struct root *root, const struct relabel_how *how,
		      const struct relabel_opts *opts, const struct relabel_watch *watch,
		      struct relabel *ret, struct diag *reterr);

/* What the running kernel does with labels, whatever root it is asked for. */
struct relabel_kernel {
	enum hash_alg alg; /* it takes; sha256 where that is not known */
	bool fixes;	   /* it is in fix mode */
	bool secure_boot;  /* it knows no mode but enforce */
};
void relabel_kernel(const struct root *root, struct relabel_kernel *ret);

/* What a person who plans should know of it; NULL: nothing. */
const char *relabel_kernel_words(const struct relabel_kernel *k);

void relabel_done(struct relabel *r);
#define _cleanup_relabel_ __attribute__((cleanup(relabel_done)))

/* Is it of imactl's own notes, which are labelled when a job ends? */
bool relabel_is_own(const char *path);

/* "12 files get a hash or keep one, but the policy wants a signature: name a key", with its
 * newline; nothing where there is none. */
void relabel_needs(struct strbuf *out, const struct relabel *r);
