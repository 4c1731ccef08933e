/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state of one name in a folder (what is there, its owner, mode, extended
 * attributes and content) as bytes, so that it can be hashed, kept in a journal, compared
 * with the world and put back.
 *
 * Some attributes are kept by the kernel and change without anybody's doing: a hash in
 * security.ima (ima_update_xattr and fix mode, security/integrity/ima/ima_appraise.c), an
 * HMAC in security.evm. They are stored, but neither compared nor part of a fingerprint.
 * Signatures are both. Modification times are stored and restored, never compared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/str.h"

/* More than this of one file is not kept in a journal. */
#define FSTATE_CONTENT_MAX (16u << 20)

enum fstate_kind {
	FSTATE_ABSENT,
	FSTATE_FILE,
	FSTATE_SYMLINK,
	FSTATE_FOLDER,
	FSTATE_OTHER, /* device, FIFO, socket: never opened, never made */
};

struct fstate {
	enum fstate_kind kind;
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
	int64_t mtime; /* seconds */
	uint32_t mtime_nsec;
	struct span xattrs;  /* packed: u32 count, then name and value spans by name */
	struct span content; /* of a file; target of a symbolic link */
};

/* Appends the state's bytes to @out. */
void fstate_pack(struct strbuf *out, const struct fstate *s);
/* Borrowed views into @bytes; false: not what fstate_pack() wrote. */
bool fstate_unpack(struct span bytes, struct fstate *ret);

/* Reads @leaf below @dirfd. -EFBIG: more than FSTATE_CONTENT_MAX. */
int fstate_read(int dirfd, const char *leaf, struct strbuf *out);

/* The attributes of an open file or folder, packed; -errno. */
int fstate_read_xattrs(int fd, struct strbuf *out);
/* Sets those of @packed on @fd and removes the others that fstate_same() would mind. */
int fstate_write_xattrs(int fd, struct span packed);

/* Adds one attribute to a packed list (which must not have it yet, and to a list that was
 * empty or made by this function). */
void fstate_add_xattr(struct strbuf *packed, const char *name, struct span value);
/* What a file's next content carries: the attributes in @own, then those of the @old file
 * that are not labels of its content (security.ima, security.evm, security.capability).
 */
int fstate_inherit_xattrs(struct span old, struct span own, struct strbuf *out);

/* Does the world (@actual) show what was @wanted? */
bool fstate_same(struct span actual, struct span wanted);
void fstate_fingerprint(struct span state, uint8_t ret[32]);
