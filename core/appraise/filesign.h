/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files signed with a private key, as steps of a plan: the contents (version 2, or 3 for
 * kernels from 7.1), or the fs-verity digest of files that have one (version 3). A file
 * that carries such a signature already is left as it is.
 */
#pragma once

#include "core/appraise/labelstep.h"
#include "core/cert/sig.h"

struct filesign {
	const struct root *root;
	const struct sig_key *key;
	enum hash_alg alg; /* of contents */
	uint8_t version;   /* of contents: 2 or 3 */
	bool no_verity;	   /* sign the contents of all files */
	bool detached;	   /* to FILE.sig */
	enum label_space space;
	struct sig_ctx *ctx; /* made by the first use */
	struct hash_set hash;
	struct label label;
};

void filesign_done(struct filesign *s);
#define _cleanup_filesign_ __attribute__((cleanup(filesign_done)))

/* What a step sets, what it means whatever its bytes are, and in words. */
struct filesign_value {
	struct strbuf bytes, meaning, words;
	struct stamp made; /* what it is made of, as it was */
};
void filesign_value_done(struct filesign_value *v);
#define _cleanup_filesign_value_ __attribute__((cleanup(filesign_value_done)))

/* Reads the label and the contents of @fd, which label_open() named; an access that IMA
 * measures and appraises. @path is for messages. 1: *ret is to be set, empty before; 0: the
 * file is signed so already. IMA-H001, IMA-H002, IMA-H006, IMA-G003, IMA-A014, IMA-A015. */
int filesign_make(struct filesign *s, int fd, const char *path,
		  struct filesign_value *ret, struct diag *reterr);

/* Adds the step for a file. 1: it is in the plan; 0: it is signed so already. */
int filesign_add(struct filesign *s, struct plan *plan, int fd, const char *path,
		 struct diag *reterr);

/* After the plan ran: does the file carry a signature of what it holds now? IMA-A023: not,
 * it was changed in between. */
int filesign_confirm(struct filesign *s, int fd, const char *path, struct diag *reterr);
