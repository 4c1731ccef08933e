/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "tui/cli/filestree.h"

typedef int (*one_file)(void *user, int fd, const char *path, struct diag *reterr);

/* Inodes that were done, in a table that is at most half full. */
struct files_seen {
	struct {
		dev_t dev;
		ino_t ino; /* 0: free; no file system has it */
	} * slots;
	size_t n, cap; /* cap is a power of two */
};

static void seen_put(struct files_seen *s, dev_t dev, ino_t ino)
{
	size_t i = (size_t)((ino ^ dev << 32) * 0x9e3779b97f4a7c15u) >> 20;

	for (i &= s->cap - 1; s->slots[i].ino; i = (i + 1) & (s->cap - 1))
		if (s->slots[i].ino == ino && s->slots[i].dev == dev)
			return;
	s->slots[i].ino = ino;
	s->slots[i].dev = dev;
	s->n++;
}

static int seen_grow(struct files_seen *s)
{
	struct files_seen wider = {.cap = s->cap ? 2 * s->cap : 256};

	if (2 * s->n < s->cap)
		return 0;
	wider.slots = calloc(wider.cap, sizeof(*wider.slots));
	if (!wider.slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->cap; i++)
		if (s->slots[i].ino)
			seen_put(&wider, s->slots[i].dev, s->slots[i].ino);
	free(s->slots);
	*s = wider;
	return 0;
}

/* 1: it was done before; 0: now it is. */
static int done_before(struct files *f, int fd)
{
	struct files_seen *s = f->seen;
	struct stat st;
	size_t n;

	if (!f->once || fstat(fd, &st) < 0)
		return 0;
	if (!s)
		s = f->seen = calloc(1, sizeof(*s));
	if (!s || seen_grow(s) < 0)
		return -ENOMEM;
	n = s->n;
	seen_put(s, st.st_dev, st.st_ino);
	return s->n == n;
}

struct files files_for(struct cli *cli, const char *schema, bool tree)
{
	const char *space = opt_str(cli->opts, "xattr", "security");

	return (struct files){
		.cli = cli,
		.schema = schema,
		.space = strcmp(space, "user") == 0 ? LABEL_USER : LABEL_SECURITY,
		.tree = tree,
	};
}

void files_done(struct files *f)
{
	label_done(&f->label);
	hash_set_done(&f->hash);
	if (f->seen)
		free(f->seen->slots);
	free(f->seen);
}

int files_hash_option(const struct cli *cli, enum hash_alg *ret, struct diag *reterr)
{
	const char *name = opt_str(cli->opts, "hash", NULL);
	enum hash_alg alg;
	char q[80];

	if (!name)
		return 0;
	alg = hash_alg_from_name(span_of(name));
	if (alg < 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"%s is no hash algorithm of the kernel.",
				str_quote(q, sizeof(q), span_of(name)));
	*ret = alg;
	return 0;
}

struct json files_json(struct files *f, const char *path)
{
	struct json o = json_to(out_buf(f->cli->out));

	json_open(&o, '{');
	json_kstr(&o, "schema", f->schema);
	json_kbytes(&o, "path", span_of(path));
	return o;
}

void files_json_end(struct files *f, struct json *o)
{
	json_close(o, '}');
	out_add(f->cli->out, "\n");
}

void files_failed(struct files *f, const char *path, const struct diag *d)
{
	struct json o;

	(void)cmd_fail(d);
	f->failure = *d;
	f->failed++;
	if (!f->cli->json)
		return;
	o = files_json(f, path);
	json_kstr(&o, "error", diag_code(d->id));
	json_kstr(&o, "text", d->text);
	files_json_end(f, &o);
}

int files_place(const struct files *f)
{
	return f->cli->root_dir ? f->cli->root.dir[ROOT_TARGET] : AT_FDCWD;
}

/* @fd: or -errno with @d. */
static void do_one(struct files *f, int fd, const char *path, struct diag *d,
		   one_file one, void *user)
{
	int before = fd < 0 ? 0 : done_before(f, fd);

	if (before > 0)
		return;
	if (before < 0)
		fd = diag_set(d, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (fd < 0 || one(user, fd, path, d) < 0)
		files_failed(f, path, d);
	else
		f->done++;
}

/* A folder that a path of the command line leads to; -1: it is none. */
static int open_folder(const struct files *f, const char *path)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC, at = files_place(f);

	return at == AT_FDCWD ? open(path, flags)
			      : fspath_open_in(at, path + strspn(path, "/"), flags);
}

/* The same folder with -r would be fine, where the command has it. */
static void hint_tree(const struct files *f, const char *path, struct diag *d)
{
	_cleanup_close_ int folder = d->id == DIAG_NOT_PLAIN ? open_folder(f, path) : -1;
	char q[140];

	for (const struct opt *o = f->cli->cmd->options; folder >= 0 && o && o->name; o++)
		if (strcmp(o->name, "recursive") == 0)
			diag_set(d, DIAG_NOT_PLAIN, EISDIR,
				 "%s is a folder: the files below it are meant with -r.",
				 str_quote(q, sizeof(q), span_of(path)));
}

/* False: nobody reads any more. */
static bool named(struct files *f, const char *path, one_file one, void *user)
{
	struct diag d = {0};
	_cleanup_close_ int fd = label_open(files_place(f), path, &d);

	if (fd < 0)
		hint_tree(f, path, &d);
	do_one(f, fd, path, &d, one, user);
	return out_check(f->cli->out) >= 0;
}

/* A file that was seen in the tree, found again without following any link. */
static int open_again(const struct files *f, const char *path, const char *shown,
		      struct diag *reterr)
{
	int fd = fspath_open(f->cli->root.dir[ROOT_TARGET], path, O_PATH);
	char q[140];

	return fd >= 0 ? fd
		       : diag_set(reterr, DIAG_OPEN, fd, "Cannot open %s: %s.",
				  str_quote(q, sizeof(q), span_of(shown)),
				  diag_errno(-fd));
}

static void entry(struct files *f, const struct filestree_entry *e, const char *shown,
		  one_file one, void *user)
{
	_cleanup_close_ int fd = -1;
	struct diag d = {0};
	char q[140];

	if (e->err) {
		diag_set(&d, DIAG_OPEN, e->err, "Cannot read %s: %s.",
			 str_quote(q, sizeof(q), span_of(shown)), diag_errno(e->err));
		files_failed(f, shown, &d);
		return;
	}
	fd = open_again(f, e->path, shown, &d);
	do_one(f, fd, shown, &d, one, user);
}

/* Of a file beside it: what ends that way alone is a file like any other. */
static bool is_signature(const struct filestree *t, const char *path)
{
	static const char end[] = ".sig";
	size_t len = strlen(path), n = sizeof(end) - 1;
	_cleanup_strbuf_ struct strbuf signed_file = {0};

	if (len <= n || strcmp(path + len - n, end) != 0)
		return false;
	strbuf_add(&signed_file, path, len - n);
	return filestree_find(t, strbuf_str(&signed_file));
}

/* @top: the folder below the target, which is called @path. */
static bool each_in(struct files *f, const struct filestree *t, const char *top,
		    const char *path, one_file one, void *user)
{
	size_t len = strlen(path);
	bool wanted = true;

	for (size_t i = 0; i < t->n && wanted; i++) {
		const char *below = t->at[i].path + strlen(top);
		_cleanup_strbuf_ struct strbuf shown = {0};

		if (f->detached && is_signature(t, t->at[i].path))
			continue;
		below += strspn(below, "/");
		strbuf_addf(&shown, "%s%s%s", path,
			    !*below || (len && path[len - 1] == '/') ? "" : "/", below);
		entry(f, &t->at[i], strbuf_str(&shown), one, user);
		wanted = out_check(f->cli->out) >= 0;
	}
	return wanted;
}

static bool tree(struct files *f, int folder, const char *path, one_file one, void *user)
{
	_cleanup_filestree_ struct filestree t = {0};
	_cleanup_strbuf_ struct strbuf top = {0};
	struct diag d = {0};
	char q[140];
	int r = fspath_of(f->cli->root.dir[ROOT_TARGET], folder, &top);

	if (r < 0)
		diag_set(&d, DIAG_OPEN, r, "Cannot find %s: %s.",
			 str_quote(q, sizeof(q), span_of(path)), diag_errno(-r));
	else
		r = filestree_read(&f->cli->root, strbuf_str(&top), &t, &d);
	if (r < 0)
		files_failed(f, path, &d);
	return r < 0 || each_in(f, &t, strbuf_str(&top), path, one, user);
}

int files_each(struct files *f, one_file one, void *user)
{
	bool wanted = true;

	for (size_t i = 0; wanted && i < f->cli->n_args; i++) {
		const char *path = f->cli->args[i];
		_cleanup_close_ int folder = f->tree ? open_folder(f, path) : -1;

		wanted = folder >= 0 ? tree(f, folder, path, one, user)
				     : named(f, path, one, user);
	}
	if (f->failed)
		return f->done ? CMD_PARTLY : cmd_exit_of(&f->failure);
	return f->bad ? CMD_BAD : CMD_OK;
}
