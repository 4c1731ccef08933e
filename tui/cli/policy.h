/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of imactl policy. */
#pragma once

#include "core/base/str.h"
#include "core/boot/bootmode.h"
#include "core/policy/policyfile.h"
#include "tui/cli/cmd.h"

/* A policy that somebody named, or the one for the boot. */
struct policy_given {
	const char *name; /* as people know it */
	struct strbuf text;
	struct span *lines; /* of the text, without their newlines */
	size_t n_lines;
	struct policyfile file; /* who may change it */
};

/* @path NULL: /etc/ima/ima-policy; "-": standard input. IMA-H001,
 * IMA-H003. */
int policy_given_read(struct cli *cli, const char *path, struct policy_given *g,
		      struct diag *reterr);
void policy_given_done(struct policy_given *g);
#define _cleanup_policy_given_ __attribute__((cleanup(policy_given_done)))

/* Two files that a command reads: at most one of them (NULL: none) is "-". IMA-U004. */
int policy_one_input(const char *a, const char *b, struct diag *reterr);

/* Its first argument is no "-": the file's attributes or its path count. IMA-U004. */
int policy_needs_file(const struct cli *cli, struct diag *reterr);

/* The line a finding is about, and below it where; for text. */
void policy_show_source(struct out *o, const struct policy_given *g, unsigned line,
			unsigned column);

/* imactl rollout stage, which is policy install without what the next boot loads. */
int policy_stage(struct cli *cli, enum bootmode mode);

/* The option of what signs a policy. */
#define POLICY_OPT_HASH                                                                  \
	{                                                                                \
		"hash", 0, OPT_STRING, "ALG",                                            \
			"Hash that is signed; default sha256, sm3 for SM2 keys"          \
	}

extern const struct cmd policy_diff, policy_explain, policy_generate, policy_sample,
	policy_simulate, policy_test;
extern const struct cmd policy_load, policy_install, policy_sign;
