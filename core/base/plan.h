/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan: the steps of one change, in order, made without changing anything. Each step
 * names what it finds (a fingerprint of the world), what it leaves (a state), how
 * dangerous it is and whether it can be undone. Every front end prints the same text, and
 * the plan's hash covers all that the steps would do, so that "the plan I read" and "the
 * plan that runs" can be told to be one.
 *
 * A planner must be deterministic: the same world gives the same plan and hash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/action.h"
#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/json.h"
#include "core/base/root.h"
#include "core/base/str.h"

#define PLAN_HASH_SIZE 32

/* What is typed to confirm a plan that nothing takes back. */
#define PLAN_PHRASE "cannot be undone"

enum { PLAN_LINES = 200, PLAN_SAMPLE = 20 };

/* ux.md 2, "danger levels" */
enum plan_danger {
	PLAN_VIEW,	   /* L0: changes nothing that matters */
	PLAN_REVERSIBLE,   /* L1: journalled, undone by a command */
	PLAN_BOOT,	   /* L2: affects the next boot, or very many files */
	PLAN_IRREVERSIBLE, /* L3 */
	_PLAN_DANGER_MAX,
};

struct plan_step {
	const struct action *action; /* never NULL */
	enum root_place place;
	char *path; /* relative to the place, see fspath.h; owned */
	char *arg; /* second path, attribute name; "" when there is none; in @path's memory */
	struct span after;		/* the state to bring about; in @path's memory */
	uint8_t before[PLAN_HASH_SIZE]; /* fingerprint of what is there now */
	uint8_t after_hash[PLAN_HASH_SIZE]; /* of .after, or of what it means */
	/* An earlier step prepares this one's place: what it finds cannot be known yet,
	 * and
	 * @before is all zero. 0, or that step's index + 1 (the latest such step). */
	size_t follows;
	enum plan_danger danger;
	char *irreversible; /* why it cannot be undone; NULL when it can; owned */
	/* One line for a person, escaped already; owned. NULL with ACTION_BULK: see
	 * plan_step_line(). */
	char *line;
};

struct plan {
	char *title; /* "install a policy for the next boot"; owned */
	struct plan_step *steps;
	size_t n, cap;
	struct overlap *overlap; /* what the steps touch, for @follows; owned */
};

int plan_init(struct plan *ret, const char *title, struct diag *reterr);
void plan_done(struct plan *plan);
#define _cleanup_plan_ __attribute__((cleanup(plan_done)))

struct plan_spec {
	const struct action *action;
	enum root_place place;
	const char *path;
	const char *arg; /* NULL: none */
	struct span after;
	/* What the plan's hash covers in place of @after, for states that come out with other
	 * bytes each time and mean the same: signatures. Empty: @after itself. */
	struct span meaning;
	enum plan_danger danger;
	const char *irreversible; /* NULL: can be undone */
	const char *why; /* NULL, or words for the person reading; our own text */
	/* What is there, for a planner that has looked already; NULL: it is looked at. */
	const struct span *now;
};

/* Reads the world and appends a step. Everything is copied. A step that would change
 * nothing is left out: returns 0; 1 when it was added. An irreversible step is L3
 * whatever @danger says. */
int plan_add(struct plan *plan, const struct root *root, const struct plan_spec *spec,
	     struct diag *reterr);

/* The greatest danger of any step; PLAN_VIEW for an empty plan. */
enum plan_danger plan_danger(const struct plan *plan);
/* "reversible", for people and JSON. */
const char *plan_danger_name(enum plan_danger danger);

/* How many steps nothing takes back. */
size_t plan_final(const struct plan *plan);

/* Over title, actions, places, paths, arguments, states found and left, danger: not over
 * the words that explain. The same on every machine and in every version. */
void plan_hash(const struct plan *plan, uint8_t ret[PLAN_HASH_SIZE]);

/* Is the world still as the plan found it? Otherwise IMA-C002, -ESTALE, and the step. */
int plan_check(const struct plan *plan, const struct root *root, struct diag *reterr);
/* The same question for one step. @ret_state (appended, may be NULL) is what is there. */
int plan_check_step(const struct plan_step *step, const struct action_env *env,
		    struct strbuf *ret_state, struct diag *reterr);

/* "/etc/ima/ima-policy" escaped; where the step's path is on a live machine. */
void plan_step_path(struct strbuf *out, const struct plan_step *step, const char *path,
		    bool ascii);
/* The same, at most @size bytes with what is too long cut, for a sentence. Returns @buf. */
const char *plan_step_quote(char *buf, size_t size, const struct plan_step *step,
			    const char *path);
/* "write /etc/ima/ima-policy (312 B -> 340 B)" */
void plan_step_line(struct strbuf *out, const struct plan_step *step, bool ascii);
/* The index of the @i-th of @most steps that stand for all of them: some from everywhere,
 * always the same ones. */
size_t plan_sample(const struct plan *plan, size_t i, size_t most);
/* The whole plan as text: title, the steps, what cannot be undone, the hash. */
void plan_format(struct strbuf *out, const struct plan *plan, bool ascii);
/* Only the lines of the steps; of more than PLAN_LINES a sample, and how many there are. */
void plan_format_steps(struct strbuf *out, const struct plan *plan, bool ascii);
/* At most @lines of them. */
void plan_format_some(struct strbuf *out, const struct plan *plan, size_t lines,
		      bool ascii);
/* As one object, schema imactl/plan/1. */
void plan_json(struct json *j, const struct plan *plan);
/* Its members alone, for one that holds more. */
void plan_json_members(struct json *j, const struct plan *plan);

/* For journals: everything, states included. */
void plan_pack(struct strbuf *out, const struct plan *plan);
/* -EBADMSG: not a plan. -ENOTSUP: a step's action is not in @set. */
int plan_unpack(struct span bytes, const struct action_set *set, struct plan *ret,
		struct diag *reterr);
