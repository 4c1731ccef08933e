/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata of files signed with a private key: portable signatures in security.evm, which
 * hold wherever the file is copied with its owner, mode and attributes, and those of one
 * inode. Part of the
 * metadata may be given instead, for trees that are built elsewhere. A file that carries
 * such a signature already is left as it is.
 */
#pragma once

#include "core/appraise/evmfile.h"
#include "core/appraise/filesign.h"

/* What becomes of security.ima, which the signature covers. */
enum evmsign_ima {
	EVMSIGN_KEEP, /* as it is, or as given */
	EVMSIGN_HASH, /* the hash of the contents, where there is no signature */
	EVMSIGN_SIGN, /* a signature of the contents */
};

struct evmsign {
	struct filesign file; /* key, space, how contents are hashed and signed */
	enum evmsign_ima ima;
	bool inode;	   /* type 03: for this inode alone, which the kernel replaces by
			    * an HMAC; not portable */
	enum hash_alg alg; /* of the metadata */
	uint8_t version;   /* 2, or 3 for kernels from 7.1 */
	const struct evm_kernel *kernel;
	const struct evmfile_given *given;
	struct evmfile *meta; /* made by the first use */
};

void evmsign_done(struct evmsign *s);
#define _cleanup_evmsign_ __attribute__((cleanup(evmsign_done)))

/* What is to be set; empty where the file has it already. */
struct evmsign_made {
	struct filesign_value ima, evm;
};
void evmsign_made_done(struct evmsign_made *m);
#define _cleanup_evmsign_made_ __attribute__((cleanup(evmsign_made_done)))

/* @fd is of label_open(). The contents are read only for HASH and SIGN. IMA-A001, IMA-A002,
 * and what filesign_make() may give. */
int evmsign_make(struct evmsign *s, int fd, const char *path, struct evmsign_made *ret,
		 struct diag *reterr);

/* Adds the steps for a file: 1; 0: it has all already. */
int evmsign_add(struct evmsign *s, struct plan *plan, int fd, const char *path,
		struct diag *reterr);

/* After the plan ran: does the file carry what it would be given now? IMA-A023: not, it was
 * changed in between. */
int evmsign_confirm(struct evmsign *s, int fd, const char *path, struct diag *reterr);
