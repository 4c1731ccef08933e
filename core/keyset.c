/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/keyset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

enum { FILE_LIMIT = 1 << 20 };

void keyset_done(struct keyset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->keys[i].from);
		sig_key_free(set->keys[i].key);
	}
	free(set->keys);
	*set = (struct keyset){0};
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int add(struct keyset *set, const char *from, struct span bytes,
	       struct diag *reterr)
{
	struct keyset_key *keys = reallocarray(set->keys, set->n + 1, sizeof(*set->keys));
	struct keyset_key *k = keys ? &keys[set->n] : NULL;
	char q[140];
	int r;

	if (!keys)
		return out_of_memory(reterr);
	set->keys = keys;
	r = sig_key_public(bytes, &k->key, reterr);
	if (r == -EBADMSG)
		return diag_set(reterr, DIAG_KEY_FORMAT, EBADMSG,
				"%s is no certificate and no public key.",
				str_quote(q, sizeof(q), span_of(from)));
	if (r < 0)
		return r;
	k->from = strdup(from);
	set->n++;
	return k->from ? 0 : out_of_memory(reterr);
}

/* Never waits for a FIFO or a terminal that somebody put there. */
static int open_at(int at, const char *path, int flags, struct diag *reterr)
{
	char q[140];
	int fd;

	flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	if (at == AT_FDCWD)
		fd = open(path, flags);
	else
		fd = fspath_open_in(at, path + strspn(path, "/"), flags);
	if (fd >= 0)
		return fd;
	fd = at == AT_FDCWD ? -errno : fd;
	return diag_set(reterr, fd == -EACCES ? DIAG_PERMISSION : DIAG_OPEN, -fd,
			"Cannot open %s: %s.", str_quote(q, sizeof(q), span_of(path)),
			diag_errno(-fd));
}

int keyset_add_file(struct keyset *set, int at, const char *path, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf bytes = {0};
	_cleanup_close_ int fd = open_at(at, path, 0, reterr);
	int r;

	if (fd < 0)
		return fd;
	r = fs_read_fd(fd, FILE_LIMIT, path, &bytes, reterr);
	return r < 0 ? r : add(set, path, strbuf_span(&bytes), reterr);
}

static int plain(const struct dirent *e)
{
	return *e->d_name != '.';
}

/* What is there and is no key is somebody else's business. */
static int add_entry(struct keyset *set, int at, const char *folder, const char *name,
		     struct diag *reterr)
{
	size_t len = strlen(folder);
	const char *slash = len && folder[len - 1] == '/' ? "" : "/";
	_cleanup_strbuf_ struct strbuf bytes = {0}, path = {0};
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	strbuf_addf(&path, "%s%s%s", folder, slash, name);
	if (path.failed)
		return out_of_memory(reterr);
	fd = open_at(at, strbuf_str(&path), 0, NULL);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fs_read_fd(fd, FILE_LIMIT, name, &bytes, NULL) < 0)
		return 0;
	r = add(set, strbuf_str(&path), strbuf_span(&bytes), reterr);
	return r == -EBADMSG ? 0 : r < 0 ? r : 1;
}

int keyset_add_folder(struct keyset *set, int at, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd = open_at(at, path, O_DIRECTORY, reterr);
	struct dirent **names = NULL;
	int n, r = 0, added = 0;

	if (fd < 0)
		return fd;
	n = scandirat(fd, ".", &names, plain, alphasort);
	if (n < 0)
		return out_of_memory(reterr);
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = add_entry(set, at, path, names[i]->d_name, reterr);
		added += r > 0;
		free(names[i]);
	}
	free(names);
	return r < 0 ? r : added;
}

static bool named(const struct sig_key *key, const struct imaxattr *x)
{
	return imaxattr_is_sig(x) && x->keyid.len &&
	       span_equal(x->version == 1 ? sig_key_id_v1(key) : sig_key_id(key),
			  x->keyid);
}

const struct keyset_key *keyset_find(const struct keyset *set, const struct imaxattr *x)
{
	for (size_t i = 0; i < set->n; i++)
		if (named(set->keys[i].key, x))
			return &set->keys[i];
	return NULL;
}

enum sig_verdict keyset_check(const struct keyset *set, struct sig_ctx *ctx,
			      const struct imaxattr *x, const struct digest *digest,
			      const struct keyset_key **ret_key)
{
	enum sig_verdict v = SIG_NO_KEY;

	if (ret_key)
		*ret_key = NULL;
	if (!imaxattr_is_sig(x) || !imaxattr_usable(x))
		return SIG_DAMAGED;
	for (size_t i = 0; v != SIG_GOOD && i < set->n; i++) {
		if (!named(set->keys[i].key, x))
			continue;
		v = sig_check(ctx, set->keys[i].key, x, digest);
		if (ret_key)
			*ret_key = &set->keys[i];
	}
	return v;
}
