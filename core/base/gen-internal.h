/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of gen. */
#pragma once

#include "core/base/gen.h"

#define GEN_KEYS "keys"

/* What the manifest says of one file; borrows from its text. */
struct gen_claim {
	struct span name;
	uint64_t size;
	uint64_t mode;
	uint8_t sha256[32];
	struct span xattrs; /* its lines "xattr NAME HEX" */
};

struct gen_manifest {
	struct strbuf text;
	struct span origin;
	struct gen_claim file[GEN_FILES_MAX];
	size_t n;
};

/* May a generation have a file of that name? */
bool gen_valid_name(struct span name);
/* "keys/HASH.der": the digits; empty for other names. */
struct span gen_key_of(struct span name);

/* Appends the manifest of @spec. */
void gen_manifest_write(struct strbuf *out, const struct gen_spec *spec);
/* Of what is in .text; false: damaged. */
bool gen_manifest_parse(struct gen_manifest *m);
/* The next attribute of a claim; false: no more. */
bool gen_claim_xattr(struct bytes *in, struct span *name, struct span *hex);

/* Reads and parses. -ENOENT: there is none; -EBADMSG: damaged; other -errno: unknown. */
int gen_manifest_read(const struct root *root, unsigned number, struct gen_manifest *ret);

/* "etc/imactl/gen/N/NAME" */
void gen_path(struct strbuf *out, unsigned number, const char *name);

/* Calls @each for every name in a folder below the target, in no order; the folder that is
 * not there is empty. -errno. */
int gen_each(const struct root *root, const char *folder,
	     int (*each)(void *user, int at, const char *name), void *user);
