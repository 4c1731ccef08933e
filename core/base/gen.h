/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations: whole policies with their keys, kept in /etc/imactl, on the root file system,
 * so that there is something to go back to. imactl-generation(5) has the layout.
 *
 * What decides stands in names: of folders, of symbolic links. Making and reading those
 * needs no file to be opened, so it works where a policy denies opening every file and
 * where a power cut left a label that is wrong for good (recovery.md, rule 17). Contents
 * are only ever used after they were held against the manifest; a file that cannot be read
 * is not known, never damaged.
 *
 * Everything that changes here is steps of a plan, so it is journalled and undone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/plan.h"
#include "core/base/root.h"
#include "core/base/str.h"

#define GEN_FOLDER   "etc/imactl"
#define GEN_POLICY   "ima-policy"
#define GEN_EVM	     "evm.conf"
#define GEN_CMDLINE  "cmdline.add"
#define GEN_MANIFEST "manifest"
/* Stands in a generation without a policy, as a link: it is meant to have none. */
#define GEN_NO_POLICY "no-policy"

enum {
	GEN_MAX = 999999, /* greatest number of a generation */
	GEN_FILE_MAX = 1 << 20,
	GEN_FILES_MAX = 32, /* in one generation */
	GEN_RELEASE_MAX = 128,
	GEN_KEY_HASH = 64, /* digits of the SHA-256 of a key's SubjectPublicKeyInfo */
	GEN_NAME_SIZE = 80,
};

/* By names alone. */
struct gen_entry {
	unsigned number;
	bool no_policy; /* it is meant to have none */
	bool candidate;
	bool blessed; /* for the kernel that was asked about */
	bool allowed; /* neither below the minimum nor with a key that was revoked */
};

struct gen_list {
	struct gen_entry *of; /* by number, the lowest first */
	size_t n;
	unsigned candidate; /* 0: none */
	unsigned minimum;   /* 0: none was set */
};

/* @release: of the kernel asked about; NULL: none. No folder yet is an empty list.
 * IMA-R002, IMA-G001. */
int gen_list_load(const struct root *root, const char *release, struct gen_list *ret,
		  struct diag *reterr);
void gen_list_done(struct gen_list *list);
#define _cleanup_gen_list_ __attribute__((cleanup(gen_list_done)))

/* The newest one that is blessed for the list's kernel and may be gone back to, below
 * @before (0: any); 0: there is none. Calling it with what it returned tries the older ones
 * in turn. */
unsigned gen_newest_blessed(const struct gen_list *list, unsigned before);
/* NULL: no such generation. */
const struct gen_entry *gen_find(const struct gen_list *list, unsigned number);

/* Was that key (GEN_KEY_HASH digits) revoked? 1, 0; -errno: not to be told. */
int gen_revoked(const struct root *root, struct span key_hash);

/* The number for the next one: higher than any that was ever used and left a trace. */
int gen_next(const struct root *root, unsigned *ret, struct diag *reterr);

/* Contents */

struct gen_file {
	char name[GEN_NAME_SIZE]; /* "ima-policy", "keys/HASH.der" */
	struct span content;
	struct span xattrs; /* packed as fstate.h does */
	/* Of attributes that come out with other bytes each time and mean the same
	 * (struct plan_spec); empty: they do not. */
	struct span meaning;
};

/* "keys/HASH.der": how a key is named, so that a name says which one it is. @spki: its
 * SubjectPublicKeyInfo, DER. */
void gen_key_name(struct span spki, char ret[GEN_NAME_SIZE]);

enum gen_state {
	GEN_GOOD,
	GEN_UNKNOWN,	/* something cannot be read: no word on what it holds */
	GEN_INCOMPLETE, /* no manifest, or no policy where there should be one */
	GEN_DAMAGED,
	_GEN_STATE_MAX,
};

const char *gen_state_name(enum gen_state state); /* "good" */

/* Holds all files, their attributes and what else lies there against the manifest. What is
 * not good is in @ret_why (may be NULL). Fails for want of memory only. */
int gen_verify(const struct root *root, unsigned number, enum gen_state *ret,
	       struct diag *ret_why);

/* Appends a file's contents when they are what the manifest says. -ENOENT without a
 * diagnostic: the generation has no such file. -EACCES (IMA-R002): not to be read;
 * -EBADMSG (IMA-R001): damaged. @ret_xattrs (may be NULL): its attributes, packed. */
int gen_read(const struct root *root, unsigned number, const char *name,
	     struct strbuf *ret, struct strbuf *ret_xattrs, struct diag *reterr);

/* Its files by name, from the manifest: "NAME\n" each. As gen_read(). */
int gen_files(const struct root *root, unsigned number, struct strbuf *ret,
	      struct diag *reterr);

/* Where it came from, a word of ours: "installed". Appends. As gen_read(). */
int gen_origin(const struct root *root, unsigned number, struct strbuf *ret,
	       struct diag *reterr);
/* The releases of the kernels that it is blessed for, "RELEASE\n" each, in no order.
 * IMA-R002. */
int gen_blessings(const struct root *root, unsigned number, struct strbuf *ret,
		  struct diag *reterr);

/* Steps of plans */

struct gen_spec {
	unsigned number;
	const char *origin; /* "as-found", "installed": one word of ours */
	const struct gen_file *file;
	size_t n; /* without GEN_POLICY among them: it is meant to have none */
	/* Each file gets a hash in security.ima that has no attribute of its own: so that
	 * they can be read under a policy that appraises them. */
	bool label;
};

/* The folders, where they are missing: once, before any of the others. IMA-C016: one is
 * there, and others than root can write to it. */
int gen_begin(struct plan *plan, const struct root *root, struct diag *reterr);
/* A whole generation, made aside and renamed to its number when it is complete. IMA-R003: a
 * file has no name for a generation, or an empty policy. */
int gen_add(struct plan *plan, const struct root *root, const struct gen_spec *spec,
	    struct diag *reterr);
/* Good for that kernel, or no longer. IMA-R003: no name for a kernel. */
int gen_bless(struct plan *plan, const struct root *root, unsigned number,
	      const char *release, struct diag *reterr);
int gen_unbless(struct plan *plan, const struct root *root, unsigned number,
		const char *release, struct diag *reterr);
/* The one candidate; 0: none. */
int gen_set_candidate(struct plan *plan, const struct root *root, unsigned number,
		      struct diag *reterr);
/* For good, both: nobody goes back to a generation with that key (GEN_KEY_HASH digits), or
 * below that number. What is so already is no step. */
int gen_revoke(struct plan *plan, const struct root *root, const char *key_hash,
	       struct diag *reterr);
int gen_set_minimum(struct plan *plan, const struct root *root, unsigned number,
		    struct diag *reterr);
