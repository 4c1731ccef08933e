/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/gen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/gen-internal.h"

void gen_path(struct strbuf *out, unsigned number, const char *name)
{
	strbuf_addf(out, GEN_FOLDER "/gen/%u/%s", number, name);
}

static int each_of(DIR *dir, int (*each)(void *user, int at, const char *name),
		   void *user)
{
	const struct dirent *e;
	int r = 0;

	errno = 0;
	while (r == 0 && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = each(user, dirfd(dir), e->d_name);
		errno = 0;
	}
	return r == 0 && errno ? -errno : r;
}

int gen_each(const struct root *root, const char *folder,
	     int (*each)(void *user, int at, const char *name), void *user)
{
	int fd = fspath_open(root->dir[ROOT_TARGET], folder,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	r = each_of(dir, each, user);
	(void)closedir(dir);
	return r;
}

/* "7", as we write it: no sign, no leading zero. 0: something else. */
static unsigned number_of(struct span text)
{
	uint64_t v;

	if (!text.len || text.ptr[0] == '0' || str_to_u64(text, &v) < 0 || v > GEN_MAX)
		return 0;
	return (unsigned)v;
}

/* "7" of "7@6.1.0-56-amd64" or "7.new". */
static unsigned number_before(const char *name, const char *stops)
{
	return number_of((struct span){(const uint8_t *)name, strcspn(name, stops)});
}

static int add_entry(void *user, int at, const char *name)
{
	struct gen_list *list = user;
	unsigned number = number_of(span_of(name));
	struct gen_entry *more;
	struct stat st;

	if (!number || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	more = reallocarray(list->of, list->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->of = more;
	list->of[list->n++] = (struct gen_entry){.number = number, .allowed = true};
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct gen_entry *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

const struct gen_entry *gen_find(const struct gen_list *list, unsigned number)
{
	const struct gen_entry key = {.number = number};

	return list->n ? bsearch(&key, list->of, list->n, sizeof(key), by_number) : NULL;
}

static int note_candidate(void *user, int at, const char *name)
{
	struct gen_list *list = user;
	char text[32];
	ssize_t n;

	if (strcmp(name, "candidate") != 0)
		return 0;
	n = readlinkat(at, name, text, sizeof(text));
	if (n > 4 && memcmp(text, "gen/", 4) == 0)
		list->candidate = number_of(
			(struct span){(const uint8_t *)text + 4, (size_t)n - 4});
	return 0;
}

static int note_minimum(void *user, int at, const char *name)
{
	unsigned number = number_of(span_of(name));
	struct gen_list *list = user;

	if (number > list->minimum)
		list->minimum = number;
	return 0;
}

struct blessed {
	struct gen_list *list;
	const char *release;
};

static int note_blessed(void *user, int at, const char *name)
{
	const struct blessed *b = user;
	const char *of = strchr(name, '@');

	if (!of || strcmp(of + 1, b->release) != 0)
		return 0;
	for (size_t i = 0; i < b->list->n; i++)
		if (b->list->of[i].number == number_before(name, "@"))
			b->list->of[i].blessed = true;
	return 0;
}

struct blessings {
	unsigned number;
	struct strbuf *out;
};

static int note_release(void *user, int at, const char *name)
{
	const struct blessings *b = user;
	const char *of = strchr(name, '@');

	if (of && number_before(name, "@") == b->number)
		strbuf_addf(b->out, "%s\n", of + 1);
	return b->out->failed ? -ENOMEM : 0;
}

struct revoked {
	const struct root *root;
	struct gen_entry *entry;
};

int gen_revoked(const struct root *root, struct span key_hash)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	int fd;

	strbuf_addf(&path, GEN_FOLDER "/revoked/%.*s", (int)key_hash.len,
		    (const char *)key_hash.ptr);
	if (path.failed)
		return -ENOMEM;
	fd = fspath_open(root->dir[ROOT_TARGET], strbuf_str(&path), O_PATH);
	if (fd >= 0)
		(void)close(fd);
	if (fd >= 0 || fd == -ELOOP) /* it is a link, which leads nowhere */
		return 1;
	return fd == -ENOENT ? 0 : fd;
}

static int note_revoked(void *user, int at, const char *name)
{
	_cleanup_strbuf_ struct strbuf full = {0};
	struct revoked *r = user;
	struct span hash;
	int is;

	strbuf_addf(&full, GEN_KEYS "/%s", name);
	if (full.failed)
		return -ENOMEM;
	hash = gen_key_of(strbuf_span(&full));
	is = hash.len ? gen_revoked(r->root, hash) : 0;
	if (is > 0)
		r->entry->allowed = false;
	return is < 0 ? is : 0;
}

/* What the names in the generation itself say. */
static int look_into(const struct root *root, struct gen_entry *e)
{
	_cleanup_strbuf_ struct strbuf none = {0}, keys = {0};
	struct revoked user = {root, e};
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at = -1;
	struct stat st;

	gen_path(&none, e->number, GEN_NO_POLICY);
	gen_path(&keys, e->number, GEN_KEYS);
	if (none.failed || keys.failed)
		return -ENOMEM;
	at = fspath_parent(root->dir[ROOT_TARGET], strbuf_str(&none), leaf);
	if (at < 0)
		return at;
	e->no_policy = fstatat(at, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return gen_each(root, strbuf_str(&keys), note_revoked, &user);
}

static int load(const struct root *root, const char *release, struct gen_list *list)
{
	struct blessed blessed = {list, release};
	int r = gen_each(root, GEN_FOLDER "/gen", add_entry, list);

	if (r == 0)
		r = gen_each(root, GEN_FOLDER, note_candidate, list);
	if (r == 0)
		r = gen_each(root, GEN_FOLDER "/minimum", note_minimum, list);
	if (r == 0 && release)
		r = gen_each(root, GEN_FOLDER "/blessed", note_blessed, &blessed);
	for (size_t i = 0; i < list->n && r == 0; i++)
		r = look_into(root, &list->of[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n; i++) {
		struct gen_entry *e = &list->of[i];

		e->candidate = e->number == list->candidate;
		e->allowed = e->allowed && e->number >= list->minimum;
	}
	if (list->n)
		qsort(list->of, list->n, sizeof(*list->of), by_number);
	if (list->candidate && !gen_find(list, list->candidate))
		list->candidate = 0; /* what it names is gone */
	return 0;
}

/* What lies there instead of a folder is somebody's mistake; else it may not be read. */
static int cannot_list(int err, struct diag *reterr)
{
	return diag_set(reterr,
			err == -ELOOP || err == -ENOTDIR ? DIAG_NOT_A_FILE
							 : DIAG_GEN_UNKNOWN,
			err, "The generations below /etc/imactl cannot be listed: %s.",
			diag_errno(-err));
}

int gen_list_load(const struct root *root, const char *release, struct gen_list *ret,
		  struct diag *reterr)
{
	struct gen_list list = {0};
	int r = load(root, release, &list);

	if (r == 0) {
		*ret = list;
		return 0;
	}
	gen_list_done(&list);
	return r == -ENOMEM ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
			    : cannot_list(r, reterr);
}

void gen_list_done(struct gen_list *list)
{
	free(list->of);
	*list = (struct gen_list){0};
}

int gen_blessings(const struct root *root, unsigned number, struct strbuf *ret,
		  struct diag *reterr)
{
	struct blessings b = {number, ret};
	int r = gen_each(root, GEN_FOLDER "/blessed", note_release, &b);

	if (r == -ENOMEM)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r < 0 ? cannot_list(r, reterr) : 0;
}

unsigned gen_newest_blessed(const struct gen_list *list, unsigned before)
{
	for (size_t i = list->n; i > 0; i--) {
		const struct gen_entry *e = &list->of[i - 1];

		if (e->blessed && e->allowed && (!before || e->number < before))
			return e->number;
	}
	return 0;
}

static int greatest(void *user, int at, const char *name)
{
	unsigned number = number_before(name, "@."), *most = user;

	if (number > *most)
		*most = number;
	return 0;
}

int gen_next(const struct root *root, unsigned *ret, struct diag *reterr)
{
	static const char *const folders[] = {GEN_FOLDER "/gen", GEN_FOLDER "/blessed",
					      GEN_FOLDER "/minimum"};
	unsigned most = 0;
	int r = 0;

	for (size_t i = 0; i < array_size(folders) && r == 0; i++)
		r = gen_each(root, folders[i], greatest, &most);
	if (r < 0)
		return cannot_list(r, reterr);
	if (most >= GEN_MAX)
		return diag_set(reterr, DIAG_GEN_NAME, ERANGE,
				"There is no number left for another generation.");
	*ret = most + 1;
	return 0;
}
