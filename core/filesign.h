/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files signed with a private key, as steps of a plan: the contents (version 2, or 3 for
 * kernels from 7.1), or the fs-verity digest of files that have one (version 3). A file
 * that carries such a signature already is left as it is.
 */
#pragma once

#include "core/labelstep.h"
#include "core/sig.h"

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

/* What of a file is signed: the digest, and which type and version say so. */
struct filesign_subject {
	enum imaxattr_type type;
	uint8_t version;
	struct digest digest;
};

/* Reads @fd (of label_open()); an access that IMA measures and appraises. @path is for
 * messages. IMA-H001, IMA-H002, IMA-H006, IMA-G003. */
int filesign_subject(struct filesign *s, int fd, const char *path,
		     struct filesign_subject *ret, struct diag *reterr);

/* Adds the step for a file. 1: it is in the plan; 0: it is signed so already. */
int filesign_add(struct filesign *s, struct plan *plan, int fd, const char *path,
		 struct diag *reterr);

/* After the plan ran: does the file carry a signature of what it holds now? IMA-A023: not,
 * it was changed in between. */
int filesign_confirm(struct filesign *s, int fd, const char *path, struct diag *reterr);
