/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel can do and what it enforces now: probed, never derived from a version
 * number. Each fact is yes, no or unknown, with the evidence, or with the reason why it
 * cannot be known here. Works on recorded hosts; changes nothing.
 *
 * Text in facts may hold foreign bytes (from the command line, the lists): it is escaped.
 */
#pragma once

#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"

enum probe_answer {
	PROBE_UNKNOWN,
	PROBE_NO,
	PROBE_YES,
};

enum probe_group {
	PROBE_STATE,
	PROBE_LIST_GROUP,
	PROBE_TPM_GROUP,
	PROBE_KERNEL_GROUP,
};

enum probe_id {
#define PROBE_FACT(id, key, words, group, option) PROBE_##id,
#include "core/probe/probe-facts.inc"
#undef PROBE_FACT
	_PROBE_MAX,
};

struct probe_fact {
	enum probe_answer answer;
	char value[120];    /* what there is beyond yes and no: "log", "sha256"; or "" */
	char evidence[200]; /* where that comes from; for unknown: why */
};

struct probe {
	struct probe_fact fact[_PROBE_MAX];
	char host[64];		      /* name of the machine, "" when unknown */
	char release[128];	      /* of the kernel, "" when unknown */
	char os[128];		      /* PRETTY_NAME of os-release */
	uint64_t entries, violations; /* of the counters, when their facts say yes */
	unsigned pcr;		      /* when its fact says yes */
	bool recorded;
	bool denied; /* something was hidden for want of permission */
};

/* Never fails but for memory: what cannot be found out is a fact that is unknown.
 * @head: the list's beginning (binary) where the caller has read it; it is not read again
 * then. Empty: it is read here. */
int probe_run(const struct root *root, struct span head, struct probe **ret,
	      struct diag *reterr);
struct probe *probe_free(struct probe *p);
DEFINE_CLEANUP(struct probe *, probe_free)

static inline bool probe_is(const struct probe *p, enum probe_id id, enum probe_answer a)
{
	return p->fact[id].answer == a;
}

/* What ima_appraise= of a command line asks for: "off", "log", "fix", "enforce"; NULL: it has
 * no such word. */
const char *probe_mode_argument(struct span line);

const char *probe_key(enum probe_id id);
const char *probe_words(enum probe_id id);
enum probe_group probe_group_of(enum probe_id id);
const char *probe_option(enum probe_id id);	    /* without CONFIG_; NULL */
const char *probe_answer_name(enum probe_answer a); /* "yes", "no", "unknown" */
