/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of real files in a temporary folder, as a root of its own, with a pool: for what
 * walks, reads and labels. On a file system that takes security.* from root.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/root.h"
#include "core/base/str.h"
#include "core/host/pool.h"
#include "core/cert/sig.h"

#define TREE_IMA "security.ima"

struct tree {
	char dir[64];
	int fd;
	struct root root;
	struct pool *pool;
};

/* Below @top: /tmp, or /dev/shm where syncing takes no time. */
static inline void tree_make_at(struct tree *t, const char *top)
{
	(void)snprintf(t->dir, sizeof(t->dir), "%s/imactl-tree-XXXXXX", top);
	assert_non_null(mkdtemp(t->dir));
	t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(root_open_live(&t->root, t->dir, NULL), 0);
	assert_int_equal(pool_new(2, &t->pool, NULL), 0);
}

static inline void tree_make(struct tree *t)
{
	tree_make_at(t, "/tmp");
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	return remove(path);
}

/* A child has none of its parent's threads, but may find a lock of the allocator held by one
 * of them, for ever (gcc 12's sanitizers): the pool is freed first, in both it is NULL. */
static inline pid_t tree_fork(struct tree *t)
{
	t->pool = pool_free(t->pool);
	return fork();
}

static inline void tree_done(struct tree *t)
{
	pool_free(t->pool);
	root_done(&t->root);
	close(t->fd);
	assert_int_equal(nftw(t->dir, tree_remove_one, 64, FTW_DEPTH | FTW_PHYS), 0);
}

/* For tests whose whole state it is. */
static inline int tree_setup(void **state)
{
	*state = calloc(1, sizeof(struct tree));
	tree_make(*state);
	return 0;
}

static inline int tree_teardown(void **state)
{
	tree_done(*state);
	free(*state);
	return 0;
}

static inline void tree_folder(struct tree *t, const char *path)
{
	assert_int_equal(fs_mkdirs_at(t->fd, path, 0755, NULL), 0);
}

/* Makes or overwrites a file; the descriptor stays open for writing. */
static inline int tree_open(struct tree *t, const char *path, const char *text)
{
	int fd = openat(t->fd, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("%s: %s", path, diag_errno(errno));
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	return fd;
}

static inline void tree_put(struct tree *t, const char *path, const char *text)
{
	assert_int_equal(close(tree_open(t, path, text)), 0);
}

static inline void tree_link(struct tree *t, const char *path, const char *other)
{
	assert_int_equal(linkat(t->fd, path, t->fd, other, 0), 0);
}

/* The attribute's value is read; -1: none. */
static inline ssize_t tree_get(struct tree *t, const char *path, const char *name,
			       void *buf, size_t size)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	return lgetxattr(full, name, buf, size);
}

static inline void tree_set(struct tree *t, const char *path, const char *name,
			    struct span value)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	if (lsetxattr(full, name, value.ptr, value.len, 0) < 0)
		fail_msg("%s of %s: %s", name, path, diag_errno(errno));
}

/* May labels be set here at all? */
static inline bool tree_can_label(struct tree *t)
{
	char full[128];
	bool can;

	tree_put(t, "can-label", "x");
	(void)snprintf(full, sizeof(full), "%s/can-label", t->dir);
	can = lsetxattr(full, TREE_IMA, "\x04\x04", 2, 0) == 0;
	assert_int_equal(unlink(full), 0);
	if (!can)
		print_message("not tried: only root sets security.ima, and not on every "
			      "file system\n");
	return can;
}

/* "04 04 <sha256>" of a text: what the kernel would write. */
static inline void tree_hash_label(const char *text, uint8_t ret[34])
{
	ret[0] = 4;
	ret[1] = 4;
	assert_int_equal(EVP_Digest(text, strlen(text), ret + 2, NULL, EVP_sha256(),
				    NULL),
			 1);
}

static inline bool tree_has_hash(struct tree *t, const char *path, const char *text)
{
	uint8_t want[34], found[256];

	tree_hash_label(text, want);
	return tree_get(t, path, TREE_IMA, found, sizeof(found)) == sizeof(want) &&
	       memcmp(found, want, sizeof(want)) == 0;
}

static inline bool tree_has_label(struct tree *t, const char *path)
{
	uint8_t found[256];

	return tree_get(t, path, TREE_IMA, found, sizeof(found)) >= 0;
}

/* A new ECDSA key. */
static inline struct sig_key *tree_key(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	int fd = memfd_create("key", MFD_CLOEXEC);
	struct sig_key *key = NULL;
	FILE *f = fdopen(dup(fd), "w");

	assert_int_equal(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(sig_key_private(fd, "key", NULL, &key, NULL), 0);
	close(fd);
	EVP_PKEY_free(pkey);
	return key;
}
