/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans over policies: one is loaded into the running kernel, or written for the next boot.
 * What the kernel would refuse is never planned: it is read as this kernel reads it, and
 * the kernel itself is asked where it can be.
 */
#pragma once

#include "core/base/plan.h"
#include "core/base/policytry.h"
#include "core/policy/ruleset.h"

/* All zero before but for what the caller gives; policyplan_done() also after a failure. */
struct policyplan {
	const struct root *root;
	const char *name; /* the file, as people know it */
	const char *path; /* by which this kernel can open it; NULL: it has none */
	struct span text;
	struct probe *probe;
	struct ruleset rules;	/* as if it were loaded first */
	struct policytry tried; /* what the kernel said */
	struct diag not_asked;	/* .id DIAG_NONE: it was asked; else why not */
};

/* Reads the policy as this kernel does, asks the kernel, and looks at what it would do to
 * this machine (core/policy/policyhost.h). IMA-P026: the kernel refuses a rule. */
int policyplan_look(struct policyplan *p, struct diag *reterr);
/* The first half of it: the kernel is not asked. */
int policyplan_read(struct policyplan *p, struct diag *reterr);
void policyplan_done(struct policyplan *p);
#define _cleanup_policyplan_ __attribute__((cleanup(policyplan_done)))

/* Into the running kernel: by path where it takes it so, else rule by rule. IMA-P025,
 * IMA-P026, IMA-P042: only a signed file, which this is not. */
int policyplan_load(const struct policyplan *p, struct plan *ret, struct diag *reterr);

/* What the kernel said, and what the policy is warned of, as lines for people and as members of an object. */
void policyplan_format(const struct policyplan *p, struct strbuf *out);
/* Whether, loaded now, it takes the place of rules that are in force; maybe nothing. */
void policyplan_place(const struct policyplan *p, struct strbuf *out);
void policyplan_json(const struct policyplan *p, struct json *j);
