/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The action that sets security.ima of one file: the hash or the signature of its contents
 * as they are when its turn comes, never of others. The plan holds what kind of value it
 * is to be; the journal holds the value before it is set.
 *
 * A state is the attribute's value alone (of a file that is gone: nothing, which fits every
 * value, since there is no label left to put right or to take back).
 */
#pragma once

#include "core/base/action.h"
#include "core/base/change.h"
#include "core/base/plan.h"
#include "core/host/grain.h"
#include "core/host/known.h"
#include "core/label/refmake.h"
#include "core/label/relabel-kinds.h"

#define ACT_LABEL_ATTR "security.ima"

/* What a step wishes. */
struct act_label_wish {
	enum relabel_kind kind; /* HASH or SIGN */
	enum relabel_reason reason;
	bool by_kernel; /* HASH: opened, so that the kernel in fix mode writes it */
	enum hash_alg alg;
	uint8_t keyid[IMAXATTR_KEYID]; /* SIGN */
	struct stamp stamp;	       /* when the plan was made */
};

/* What came of the steps beyond the engine's counts. */
struct act_label_counts {
	uint64_t added, replaced;
	uint64_t by_kernel;	/* of these, written by the kernel */
	uint64_t not_reached;	/* opened, and the kernel wrote nothing: written by us */
	uint64_t being_written; /* open for writing when it was read */
};

/* struct action_env.data of a change that applies labels; undoing needs none. */
struct act_label {
	struct refmake *refs;
	const struct sig_key *key; /* NULL: steps that sign fail */
	struct known *known;	   /* what was set is noted there; may be NULL */
	/* ima_appraise=fix: reading a file may make the kernel set its label, so a hash
	 * that was not there when the plan was made is nobody's work that would be lost. */
	bool kernel_fixes;
	struct act_label_counts counts;
	struct grain
		grain; /* of the file systems: after what is set all changes must show */
};

/* Makes @ctx one for labels: in large batches, read ahead, each file for itself. @a must
 * outlive it; NULL: for taking back. */
void act_label_use(struct act_label *a, struct change_ctx *ctx);

/* This row, those of core/boot/act-boot.inc and of action_base_set(). */
const struct action_set *act_label_set(void);
const struct action *act_label_action(void);

/* Appends a step's .after, and the state of a file that was looked at. */
void act_label_pack(struct strbuf *out, const struct act_label_wish *wish);
void act_label_state(struct strbuf *out, const struct walk_file *file);
/* False: not what act_label_pack() wrote. */
bool act_label_unpack(struct span after, struct act_label_wish *ret);
