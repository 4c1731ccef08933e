/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by scan.c (walking, sorting) and scan-read.c (labelled files, in the pool). */
#pragma once

#include "core/cert/keyset.h"
#include "core/host/known.h"
#include "core/host/pool.h"
#include "core/appraise/inspect.h"
#include "core/label/scan.h"

/* A file that has a label. */
struct scan_candidate {
	size_t name;
	uint64_t size;
};

struct scan_work {
	const struct root *root;
	const struct scan_opts *opts;
	const struct scan_watch *watch;
	struct scope_rules *scope;
	uint64_t outside;
	struct pool *pool;
	struct known *known;
	struct keyset keys[2]; /* by enum imaxattr_attr */
	struct evmstate evm;
	struct inspect inspect; /* as each reader's begins */
	struct scan_candidate *at;
	size_t n, cap;
	struct scan_progress progress;
	struct scan result;
	int err;
};

/* -ENOMEM. */
int scan_add(struct scan_work *w, enum scan_kind kind, const struct scan_found *f);
bool scan_stopped(struct scan_work *w);

/* All of .at. */
int scan_read(struct scan_work *w, struct diag *reterr);
