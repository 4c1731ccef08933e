/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a list and the files that it names say about how a machine is used. */
#include "core/policy/policygen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/appraise/evmfile.h"
#include "core/appraise/label.h"
#include "core/list/mreader.h"
#include "core/list/tally.h"

static bool contains(struct span s, const char *text)
{
	return s.len >= strlen(text) && memmem(s.ptr, s.len, text, strlen(text));
}

static struct span leaf_of(struct span path)
{
	struct span before, leaf;

	return span_cut_last(path, "/", &before, &leaf) ? leaf : path;
}

/* "libc.so.6", "x.so" */
static bool is_library(struct span path)
{
	struct span leaf = leaf_of(path), before, after;

	return contains(leaf, ".so.") ||
	       (span_cut_last(leaf, ".so", &before, &after) && !after.len);
}

static bool in_programs(struct span path)
{
	return contains(path, "/bin/") || contains(path, "/sbin/") ||
	       contains(path, "/libexec/") || contains(path, "/lib/systemd/systemd");
}

/* @mode 0: there is no file to be looked at. */
static enum policygen_use use_of(struct span path, mode_t mode)
{
	if (contains(leaf_of(path), ".ko"))
		return POLICYGEN_MODULE;
	if (contains(path, "/lib/firmware/"))
		return POLICYGEN_FIRMWARE;
	if (contains(leaf_of(path), "vmlinuz"))
		return POLICYGEN_KERNEL;
	if (contains(path, "etc/ima/"))
		return POLICYGEN_POLICY;
	if (is_library(path))
		return POLICYGEN_LIBRARY;
	return (mode ? (mode & 0111) != 0 : in_programs(path)) ? POLICYGEN_PROGRAM
							       : POLICYGEN_DATA;
}

static struct policygen_fs *fs_of(struct policygen *g, const struct root *root, int fd,
				  uint64_t dev)
{
	const struct mounts_type *type = mounts_find(&g->mounts, dev);
	struct policygen_fs *fs = &g->fs[g->n_fs];
	struct statfs s;
	struct stat top;

	for (size_t i = 0; i < g->n_fs; i++)
		if (g->fs[i].dev == dev)
			return &g->fs[i];
	if (g->n_fs == POLICYGEN_FS || fstatfs(fd, &s) < 0)
		return NULL;
	g->n_fs++;
	*fs = (struct policygen_fs){.dev = dev, .magic = (uint32_t)s.f_type};
	fs->has_uuid = evmfile_fs_uuid(root, fd, fs->uuid);
	fs->root = fstatat(root->dir[ROOT_TARGET], "", &top, AT_EMPTY_PATH) == 0 &&
		   top.st_dev == dev;
	if (type)
		fs->type = type->type;
	return fs;
}

static void count_owner(struct policygen *g, uint32_t uid, uint64_t entries)
{
	size_t i = 0;

	while (i < g->n_owners && g->owners[i].uid != uid)
		i++;
	if (i == POLICYGEN_OWNERS)
		return;
	if (i == g->n_owners)
		g->owners[g->n_owners++] = (struct policygen_owner){.uid = uid};
	g->owners[i].entries += entries;
	g->owners[i].again += entries - 1;
}

static void count_label(struct policygen_count *c, int fd)
{
	_cleanup_label_ struct label l = {0};

	if (label_read(fd, LABEL_SECURITY, &l) < 0 || l.err[IMAXATTR_IMA])
		c->bare++;
	else if (imaxattr_is_sig(&l.x[IMAXATTR_IMA]))
		c->signed_++;
	else
		c->hashed++;
}

/* The file behind a name, as far as there is one. */
static void look(struct policygen *g, const struct root *root, struct span name,
		 uint64_t entries)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;
	struct policygen_count *c;
	struct policygen_fs *fs = NULL;
	struct stat st = {0};

	strbuf_add(&path, name.ptr + 1, name.len - 1);
	if (!root_is_recorded(root))
		fd = fspath_open_in(root->dir[ROOT_TARGET], strbuf_str(&path), O_PATH);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		st.st_mode = 0;
	c = &g->uses[use_of(name, st.st_mode)];
	c->files++;
	c->entries += entries;
	c->again += entries - 1;
	if (!st.st_mode) {
		c->gone++;
		return;
	}
	g->has_files = true;
	c->others += st.st_uid != 0;
	count_owner(g, st.st_uid, entries);
	count_label(c, fd);
	fs = fs_of(g, root, fd, st.st_dev);
	if (!fs)
		return;
	fs->entries += entries;
	fs->again += entries - 1;
	if (c == &g->uses[POLICYGEN_PROGRAM] || c == &g->uses[POLICYGEN_LIBRARY])
		fs->runs += entries;
}

static void add_keyring(struct policygen *g, struct span name)
{
	if (g->keyrings.len && policy_listed(strbuf_span(&g->keyrings), name))
		return;
	if (g->keyrings.len + name.len > POLICYGEN_KEYRINGS) {
		g->cut = true; /* a machine has a few; a list may name any number */
		return;
	}
	if (g->keyrings.len)
		strbuf_addc(&g->keyrings, '|');
	strbuf_add(&g->keyrings, name.ptr, name.len);
}

static bool plain_word(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == '|')
			return false;
	return s.len;
}

/* An entry of a buffer: its name is a keyring's, or says what it is
 * (ima_main.c process_buffer_measurement() and its callers). */
static void buffer(struct policygen *g, struct span name)
{
	if (span_is(name, "kexec-cmdline")) {
		g->cmdlines++;
	} else if (name.len && name.ptr[0] == '.' && plain_word(name)) {
		g->keys++;
		add_keyring(g, name);
	} else {
		g->data++;
	}
}

/* What is being observed. */
struct work {
	struct policygen g;
	struct tally *names;
};

static int take(struct work *w, const struct mlog_dialect *dialect,
		const struct mlog_entry *e)
{
	struct span name = mlog_path(dialect, e);

	w->g.entries++;
	if (span_is(e->name, "ima-buf"))
		buffer(&w->g, name);
	else if (name.len < 2 || name.ptr[0] != '/')
		w->g.nameless++;
	else
		return tally_add(w->names, name, 1);
	return 0;
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int begin(struct work *w, const struct root *root, struct diag *reterr)
{
	w->names = tally_new(POLICYGEN_NAMES);
	return w->names && mounts_load(root, &w->g.mounts) >= 0 ? 0 : no_memory(reterr);
}

/* All was taken, or @r says why not. */
static int end(struct work *w, const struct root *root, int r, struct policygen *ret,
	       struct diag *reterr)
{
	_cleanup_free_ struct tally_row *row = calloc(POLICYGEN_NAMES, sizeof(*row));
	size_t n = row && r >= 0 ? tally_top(w->names, row, POLICYGEN_NAMES) : 0;

	if (r == -ENOMEM || !row)
		r = no_memory(reterr);
	for (size_t i = 0; i < n; i++)
		look(&w->g, root, row[i].name, row[i].weight);
	if (r >= 0) {
		w->g.cut |= tally_error(w->names) > 0;
		*ret = w->g;
	} else {
		policygen_done(&w->g);
	}
	tally_free(w->names);
	return r < 0 ? r : 0;
}

static int read_list(struct work *w, int fd, uint8_t digest_size, struct diag *reterr)
{
	_cleanup_(mreader_freep) struct mreader *in = NULL;
	struct mlog_entry e;
	int r = mreader_new(fd, digest_size, &in, reterr);

	while (r >= 0 && (r = mreader_next(in, &e, reterr)) > 0)
		r = take(w, mreader_dialect(in), &e);
	return r == -EBADMSG && w->g.entries ? 0 : r;
}

int policygen_observe(const struct root *root, int fd, uint8_t digest_size,
		      struct policygen *ret, struct diag *reterr)
{
	struct work w = {0};
	int r = begin(&w, root, reterr);

	if (r == 0)
		r = read_list(&w, fd, digest_size, reterr);
	return end(&w, root, r, ret, reterr);
}

int policygen_observe_store(const struct root *root, const struct mstore *store,
			    struct policygen *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct work w = {0};
	struct mlog_entry e;
	int r = begin(&w, root, reterr);

	for (mref i = 0; r >= 0 && i < mstore_head(store); i++)
		if (mstore_entry(store, i, &scratch, &e))
			r = take(&w, mstore_dialect(store), &e);
	return end(&w, root, r, ret, reterr);
}

void policygen_done(struct policygen *g)
{
	mounts_done(&g->mounts);
	strbuf_done(&g->keyrings);
	*g = (struct policygen){0};
}
