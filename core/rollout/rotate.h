/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signing key takes another's place, in phases between which nothing is denied: both are
 * believed; what the old one has signed is signed anew; the old one goes; a boot without it
 * has shown itself, and it is revoked.
 *
 * Nothing is remembered: each call looks at keyrings, certificates, labels and generations and
 * tells which phase comes next. So whatever ended half-way, or was taken back, is gone on
 * with.
 */
#pragma once

#include "core/appraise/keyhost.h"
#include "core/label/keyuse.h"
#include "core/policy/genplan.h"

enum rotate_phase {
#define ROTATE_PHASE(id, word, words) ROTATE_##id,
#include "core/rollout/rotate-phases.inc"
#undef ROTATE_PHASE
	_ROTATE_PHASE_MAX, /* all is done */
};

enum { ROTATE_SAMPLES = 5 };

/* What the old key has signed in the scope that was asked for, copies of policies in
 * generations apart. */
struct rotate_files {
	bool counted;
	enum scope scope;
	uint64_t named; /* in security.ima */
	uint64_t evm;	/* in security.evm, which stays */
	uint64_t unreadable;
	char *sample[ROTATE_SAMPLES]; /* of .named; owned */
};

/* All zero before; rotate_done() also after a failure. */
struct rotate {
	const struct root *root;
	const struct cert *new_cert;
	const char *release; /* of the kernel; "": not known */
	struct keyhost host;
	struct genfound found;
	struct gen_list list;
	struct cert *kept;	     /* the old one's, where a generation has it; owned */
	const struct cert *old_cert; /* NULL: not at hand */
	uint8_t old[CERT_KEYID], new_id[CERT_KEYID];
	char old_hash[GEN_KEY_HASH + 1]; /* as generations name it; "": not known */
	enum keyring_id ring;		 /* that files are verified with */
	bool live;			 /* this machine: its keyrings count */
	bool old_loaded, new_loaded;
	bool old_at_boot, new_at_boot; /* in /etc/keys/ima */
	bool policy_by_old;	       /* /etc/ima/ima-policy */
	bool revoked;
	unsigned there; /* the generation that is what there is; 0: none */
	struct rotate_files files;
	enum rotate_phase next;
	struct diag wait; /* why .next cannot be done now; .id DIAG_NONE: it can */
};

/* The two keys as a person names them: the old one by its id, 8 digits, or by its certificate,
 * the new one by that; files of this machine. */
struct rotate_pair {
	const char *old;		  /* borrowed */
	struct cert *old_cert, *new_cert; /* .old_cert NULL: by its id */
};
/* IMA-H00x, IMA-K001. rotate_pair_done() also after a failure. */
int rotate_pair_read(struct rotate_pair *ret, const char *old, const char *new_file,
		     struct diag *reterr);
void rotate_pair_done(struct rotate_pair *p);

struct rotate_ask {
	const struct root *root;
	const char *old; /* 8 digits; NULL: */
	const struct cert *old_cert;
	const struct cert *new_cert;
	const char *release;
};

/* All that is borrowed must outlive it. IMA-K001, IMA-K007: there is no such key; IMA-K008:
 * it is the same one; IMA-H00x, IMA-R002. */
int rotate_load(struct rotate *r, const struct rotate_ask *ask, struct diag *reterr);
void rotate_done(struct rotate *r);
#define _cleanup_rotate_ __attribute__((cleanup(rotate_done)))

/* Does .next depend on files that were not counted? Then rotate_count(). */
bool rotate_needs_count(const struct rotate *r);
/* As keyuse_scan(). */
int rotate_count(struct rotate *r, struct pool *pool, const struct keyuse_opts *opts,
		 const struct keyuse_watch *watch, struct diag *reterr);

/* -EPERM, IMA-K010: what was counted cannot be signed anew. */
int rotate_rests(const struct rotate *r, struct diag *reterr);

const char *rotate_phase_word(enum rotate_phase phase);	 /* "trust" */
const char *rotate_phase_words(enum rotate_phase phase); /* what is so when it is done */

/* How far it is, in lines: what is done, what comes next, and what stands in its way. */
void rotate_format(const struct rotate *r, struct strbuf *out, bool ascii);
/* As one object, schema imactl/rotate/1. */
void rotate_json(const struct rotate *r, struct json *j);
