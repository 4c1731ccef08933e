/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ask-accesses: policies and accesses at random, the same for the same seed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/str.h"

enum draw_op {
	DRAW_READ,
	DRAW_WRITE,
	DRAW_READ_WRITE,
	DRAW_APPEND,
	DRAW_EXEC,
	DRAW_MMAP,
	DRAW_DIRECT, /* read, with O_DIRECT */
	DRAW_MODULE,
	DRAW_KEXEC,
	DRAW_POLICY, /* its path is written to the kernel's policy */
	_DRAW_OP_MAX,
};

struct draw_who {
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid, also; /* a supplementary group */
};

/* Where files are made, and where they are seen; without a final slash. */
struct draw_place {
	char made[64], used[64];
	bool direct; /* can be read with O_DIRECT */
};

struct draw_kind {
	char name[32];
	const char *ima, *evm; /* hexadecimal, "-": none */
	bool changed;	       /* chmod afterwards */
};

struct draw_case {
	char made[128], used[128];
	char name[32]; /* of its own */
	const struct draw_kind *kind;
	const struct draw_who *who;
	enum draw_op op;
	uid_t owner;
	gid_t group;
	mode_t mode;
};

struct draw_world {
	const struct draw_place *places;
	size_t n_places;
	const struct draw_kind *kinds;
	size_t n_kinds;
	bool no_copy_up;   /* nothing on an overlay is opened for writing */
	bool kexec;	   /* it can be asked to start another kernel */
	bool no_policy_op; /* the kernel takes one policy alone */
};

/* The @i-th access. */
void draw_case(const struct draw_world *world, uint64_t seed, unsigned i,
	       struct draw_case *ret);
/* Appends rules, a line each; some that a kernel may refuse. */
void draw_policy(uint64_t seed, struct strbuf *out);

const char *draw_op_word(enum draw_op op); /* of core/policy/policy-ops.inc */
