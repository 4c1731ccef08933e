/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of files with labels of every kind, right and wrong and none, and the change that
 * puts them right. Of the files of a package (below usr/) half are to be signed.
 */
#pragma once

#include "core/label/act-label.h"
#include "core/label/relabel.h"
#include "core/base/change.h"
#include "tests/unit/tree.h"

struct labels {
	struct tree tree;
	struct sig_key *key;
	struct act_label act; /* of the last labels_begin() */
	struct refmake *refs;
};

/* Makes @n files below @top. */
void labels_make(struct labels *l, const char *top, size_t n);
void labels_done(struct labels *l);
/* What another process would see: a new pool, the root opened anew. */
void labels_reopen(struct labels *l);

/* A context that applies (with a key) or takes back; labels_end() frees it. The tree gets a
 * pool if it has none: after tree_fork(). */
struct change_ctx labels_begin(struct labels *l, size_t batch);
void labels_end(struct labels *l);

void labels_plan(struct labels *l, struct relabel *ret);
/* Plans and applies it all. -errno. */
int labels_apply(struct labels *l, size_t batch, struct change_result *ret,
		 struct diag *reterr);

/* Every file and its label, in order: "usr/3 0404aa..". */
char *labels_look(struct labels *l);
/* Fails the test unless every label is of the right kind and fits; @where for messages. */
void labels_assert_right(struct labels *l, const char *where);
