/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/keyset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/keysys.h"

enum { FILE_LIMIT = 1 << 20 };

void keyset_done(struct keyset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->keys[i].from);
		free(set->keys[i].name);
		sig_key_free(set->keys[i].key);
	}
	free(set->keys);
	*set = (struct keyset){0};
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static struct keyset_key *room(struct keyset *set)
{
	struct keyset_key *keys = reallocarray(set->keys, set->n + 1, sizeof(*set->keys));

	if (!keys)
		return NULL;
	set->keys = keys;
	keys[set->n] = (struct keyset_key){0};
	return &keys[set->n];
}

int keyset_add(struct keyset *set, const char *from, const char *ring, struct span bytes,
	       struct diag *reterr)
{
	struct keyset_key *k = room(set);
	char q[140];
	int r;

	if (!k)
		return out_of_memory(reterr);
	r = sig_key_public(bytes, &k->key, reterr);
	if (r == -EBADMSG)
		return diag_set(reterr, DIAG_KEY_FORMAT, EBADMSG,
				"%s is no certificate and no public key.",
				str_quote(q, sizeof(q), span_of(from)));
	if (r < 0)
		return r;
	k->from = strdup(from);
	k->ring = ring;
	set->n++;
	return k->from ? 0 : out_of_memory(reterr);
}

int keyset_add_kernel(struct keyset *set, const struct keyset_key *k, struct span name,
		      struct diag *reterr)
{
	struct keyset_key *copy = room(set);

	if (!copy)
		return out_of_memory(reterr);
	*copy = *k;
	copy->from = NULL;
	copy->key = NULL;
	copy->name = strndup((const char *)name.ptr, name.len);
	set->n++;
	return copy->name ? 0 : out_of_memory(reterr);
}

const char *keyset_name(const struct keyset_key *k)
{
	return k->key ? sig_key_name(k->key) : k->name;
}

const char *keyset_words(const struct keyset_key *k)
{
	return k->key ? sig_key_words(k->key) : k->words;
}

void keyset_describe(struct strbuf *out, const struct keyset_key *k, bool ascii)
{
	const char *name = keyset_name(k);

	strbuf_adds(out, "the key of ");
	str_escape(out, span_of(k->from ? k->from : name), ascii);
	strbuf_adds(out, " (");
	if (k->from && *name) {
		str_escape(out, span_of(name), ascii);
		strbuf_adds(out, ", ");
	}
	strbuf_addf(out, "%s%s%s)", keyset_words(k), k->ring ? ", in " : "",
		    k->ring ? k->ring : "");
}

const char *keyset_verdict(enum sig_verdict v, const struct keyset_key *k)
{
	if (v == SIG_IMPOSSIBLE && k && !k->key)
		return "can be checked by the kernel alone: its key's certificate is not "
		       "at hand";
	return sig_verdict_words(v);
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
	return r < 0 ? r : keyset_add(set, path, NULL, strbuf_span(&bytes), reterr);
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
	r = keyset_add(set, strbuf_str(&path), NULL, strbuf_span(&bytes), reterr);
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

static bool named(const struct keyset_key *k, const struct imaxattr *x)
{
	struct span id = {k->id, sizeof(k->id)};

	if (k->key)
		id = x->version == 1 ? sig_key_id_v1(k->key) : sig_key_id(k->key);
	return imaxattr_is_sig(x) && x->keyid.len && span_equal(id, x->keyid);
}

int keyset_certify(const struct keyset *set, struct sig_key *key, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < set->n; i++) {
		r = sig_key_certify(key, set->keys[i].key, reterr);
		if (r == 0)
			break;
	}
	return r;
}

const struct keyset_key *keyset_find(const struct keyset *set, const struct imaxattr *x)
{
	for (size_t i = 0; i < set->n; i++)
		if (named(&set->keys[i], x))
			return &set->keys[i];
	return NULL;
}

/* digsig_asymmetric.c asymmetric_verify(): how each kind of key encodes. */
static const char *encoding(const struct keyset_key *k)
{
	if (strcmp(k->words, "rsa") == 0)
		return "pkcs1";
	return strncmp(k->words, "ecdsa", 5) == 0 ? "x962" : "raw";
}

static enum sig_verdict ask_kernel(const struct keyset_key *k, struct sig_ctx *ctx,
				   const struct imaxattr *x, const struct digest *digest)
{
	struct digest m;
	char how[64];
	int r;

	if (digest->alg != x->hash)
		return SIG_BAD;
	if (x->version == 1 || sig_message(ctx, (enum imaxattr_type)x->type, x->version,
					   digest, &m, NULL) < 0)
		return SIG_IMPOSSIBLE;
	(void)snprintf(how, sizeof(how), "enc=%s hash=%s", encoding(k),
		       hash_alg_name(x->hash));
	r = keysys_verify(k->serial, how, digest_span(&m), x->sig);
	if (r == -EKEYREJECTED || r == -EBADMSG)
		return SIG_BAD;
	return r < 0 ? SIG_IMPOSSIBLE : SIG_GOOD;
}

static enum sig_verdict check_one(const struct keyset_key *k, struct sig_ctx *ctx,
				  const struct imaxattr *x, const struct digest *digest)
{
	if (k->useless)
		return SIG_USELESS;
	return k->key ? sig_check(ctx, k->key, x, digest) : ask_kernel(k, ctx, x, digest);
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
		const struct keyset_key *k = &set->keys[i];

		if (!named(k, x))
			continue;
		v = check_one(k, ctx, x, digest);
		if (ret_key)
			*ret_key = k;
	}
	return v;
}

enum sig_verdict keyset_check_cms(const struct keyset *set, struct sig_ctx *ctx,
				  const struct sig_cms *cms, size_t signer,
				  const struct digest *digest,
				  const struct keyset_key **ret_key)
{
	enum sig_verdict v, none = SIG_NO_KEY;

	*ret_key = NULL;
	for (size_t i = 0; i < set->n; i++) {
		if (!set->keys[i].key) {
			none = SIG_IMPOSSIBLE;
			continue;
		}
		v = sig_cms_check(cms, signer, ctx, set->keys[i].key, digest);
		if (v == SIG_NO_KEY)
			continue;
		*ret_key = &set->keys[i];
		return v;
	}
	return none;
}
