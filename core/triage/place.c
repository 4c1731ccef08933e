/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/sip.h"
#include "core/host/mounts.h"
#include "core/host/pathset.h"

struct answer {
	uint64_t asked[2];
	struct strbuf path;
};

struct place {
	const struct root *root;
	uint64_t key[2];
	struct answer kept[PLACE_KEPT];
	size_t next, steps;
};

struct place *place_new(const struct root *root)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->root = root;
	sip_new_key(p->key);
	return p;
}

struct place *place_free(struct place *p)
{
	for (size_t i = 0; p && i < PLACE_KEPT; i++)
		strbuf_done(&p->kept[i].path);
	free(p);
	return NULL;
}

/* What is looked for. */
struct hunt {
	struct place *place;
	const struct denial *d;
	struct span last; /* the last part of the name */
	uint64_t dev;	  /* st_dev of a block device of that name; 0: there is none */
	struct strbuf *found;
};

/* The number of a block device: the kernel names a file system by it, struct super_block
 * s_id. */
static uint64_t device_of(const struct root *root, struct span name)
{
	_cleanup_strbuf_ struct strbuf path = {0}, text = {0};
	_cleanup_close_ int fd = -1;
	struct bytes in;
	struct span word;
	uint64_t dev;

	if (!name.len || memchr(name.ptr, '/', name.len) || name.ptr[0] == '.')
		return 0;
	strbuf_addf(&path, "class/block/%.*s/dev", (int)name.len, name.ptr);
	/* the folder is a link, which openat() follows */
	fd = path.failed ? -1 : root_openat(root, ROOT_SYS, path.ptr, O_RDONLY, NULL);
	if (fd < 0 || fs_read_fd(fd, 64, "dev", &text, NULL) < 0)
		return 0;
	in = bytes_of(strbuf_str(&text), text.len);
	return bytes_word(&in, "\n", &word) && mounts_device(word, &dev) ? dev : 0;
}

static bool is_it(const struct hunt *h, int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_ino == h->d->ino;
}

static bool found_at(struct hunt *h, const struct strbuf *point, struct span below)
{
	strbuf_add(h->found, point->ptr, point->len);
	if (point->len && point->ptr[point->len - 1] == '/')
		h->found->len--;
	if (below.len && below.ptr[0] != '/')
		strbuf_addc(h->found, '/');
	strbuf_add(h->found, below.ptr, below.len);
	return true;
}

/* The name begins at the root of what is mounted there. */
static bool by_name(struct hunt *h, const struct strbuf *point)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;
	struct stat st;

	strbuf_add(&path, point->ptr, point->len);
	strbuf_add(&path, h->d->path.ptr, h->d->path.len);
	if (path.failed || strlen(path.ptr) != path.len)
		return false;
	fd = root_openat(h->place->root, ROOT_TARGET, path.ptr, O_PATH, NULL);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == h->d->ino &&
	       found_at(h, point, h->d->path);
}

/* One folder: folders in it are looked through later. True: it is there. */
static bool in_folder(struct hunt *h, int top, const struct strbuf *point,
		      struct pathset *folders, size_t at)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	int fd = openat(top, *pathset_at(folders, at) ? pathset_at(folders, at) : ".",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	bool found = false;

	if (!dir)
		cleanup_closep(&fd);
	while (dir && !found && (e = readdir(dir)) &&
	       h->place->steps++ < PLACE_STEPS_MAX) {
		bool same = e->d_ino == h->d->ino && span_is(h->last, e->d_name);

		if (!same && (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
			      strcmp(e->d_name, "..") == 0))
			continue;
		strbuf_clear(&name);
		strbuf_addf(&name, "%s%s%s", pathset_at(folders, at),
			    *pathset_at(folders, at) ? "/" : "", e->d_name);
		if (same && is_it(h, dirfd(dir), e->d_name))
			found = found_at(h, point, strbuf_span(&name));
		else if (e->d_type == DT_DIR)
			(void)pathset_add(folders, strbuf_span(&name));
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool same_device(int top, const char *folder, uint64_t dev)
{
	struct stat st;

	return fstatat(top, *folder ? folder : ".", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == dev;
}

static bool by_looking(struct hunt *h, const struct strbuf *point, uint64_t dev)
{
	_cleanup_close_ int top =
		root_openat(h->place->root, ROOT_TARGET, strbuf_str(point),
			    O_RDONLY | O_DIRECTORY, NULL);
	_cleanup_pathset_ struct pathset folders;
	bool found = false;

	pathset_init(&folders);
	if (top < 0 || pathset_add(&folders, span_of("")) < 0)
		return false;
	for (size_t i = 0; !found && i < folders.n && h->place->steps < PLACE_STEPS_MAX;
	     i++)
		if (same_device(top, pathset_at(&folders, i), dev))
			found = in_folder(h, top, point, &folders, i);
	return found;
}

/* Whatever is mounted from that device; file systems without one are named by their type. */
static bool holds(const struct hunt *h, const struct mounts_line *m)
{
	return h->dev ? m->dev == h->dev : span_equal(m->type, h->d->dev);
}

static void look(struct hunt *h)
{
	_cleanup_strbuf_ struct strbuf text = {0}, point = {0};
	struct mounts_line m;
	struct bytes in;
	bool found = false;

	if (root_read(h->place->root, ROOT_MOUNTS, &text, NULL) < 0)
		return;
	h->dev = device_of(h->place->root, h->d->dev);
	in = bytes_of(strbuf_str(&text), text.len);
	while (!found && mounts_next(&in, &m)) {
		if (!holds(h, &m))
			continue;
		strbuf_clear(&point);
		mounts_point(m.point, &point);
		found = h->d->path.ptr[0] == '/' ? by_name(h, &point)
						 : by_looking(h, &point, m.dev);
	}
	if (h->found->failed)
		strbuf_clear(h->found);
}

static void ask(const struct place *p, const struct denial *d, uint64_t ret[2])
{
	struct sip s;

	sip_start(&s, p->key);
	sip_add(&s, d->ino);
	sip_add_span(&s, d->dev);
	sip_add_span(&s, d->path);
	sip_end(&s, ret);
}

static struct span last_part(struct span path)
{
	struct span before, after;

	return span_cut_last(path, "/", &before, &after) ? after : path;
}

struct span place_find(struct place *p, const struct denial *d)
{
	struct answer *a = NULL;
	uint64_t asked[2];
	struct hunt h = {.place = p, .d = d, .last = last_part(d->path)};

	if (d->name != DENIAL_NAME_PART || !d->path.len || !d->ino)
		return (struct span){0};
	ask(p, d, asked);
	for (size_t i = 0; i < PLACE_KEPT; i++)
		if (p->kept[i].asked[0] == asked[0] && p->kept[i].asked[1] == asked[1])
			return strbuf_span(&p->kept[i].path);
	a = &p->kept[p->next++ % PLACE_KEPT];
	memcpy(a->asked, asked, sizeof(asked));
	strbuf_clear(&a->path);
	h.found = &a->path;
	look(&h);
	return strbuf_span(&a->path);
}
