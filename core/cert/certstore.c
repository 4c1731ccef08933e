/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/certstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum {
	CERTS_MAX = 4096,
	FILES_MAX = 4096, /* that are looked at in one folder */
};

DEFINE_CLEANUP(struct cert *, cert_free)

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* Takes @c over. */
static int keep(struct certstore *s, struct cert *c, const char *from)
{
	_cleanup_(cert_freep) struct cert *cert = c;
	struct cert **certs = reallocarray(s->cert, s->n + 1, sizeof(*certs));
	char **froms;

	if (certs)
		s->cert = certs;
	froms = certs ? reallocarray(s->from, s->n + 1, sizeof(*froms)) : NULL;
	if (froms)
		s->from = froms;
	if (!froms || s->n >= CERTS_MAX)
		return froms ? 0 : -ENOMEM;
	s->from[s->n] = strdup(from);
	if (!s->from[s->n])
		return -ENOMEM;
	s->cert[s->n++] = take_ptr(cert);
	return 0;
}

static int keep_one(struct certstore *s, struct span bytes, const char *from)
{
	struct cert *c = NULL;
	int r = cert_read(bytes, &c, NULL);

	if (r < 0 || c->flaw < _KEY_CLAUSE_MAX) {
		cert_free(c);
		return r == -ENOMEM ? r : 0;
	}
	return keep(s, c, from);
}

/* PEM blocks one by one; DER as a whole. */
static int keep_all(struct certstore *s, struct span text, const char *from)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line, block;
	size_t start = 0;
	bool pem = false;
	int r = 0;

	while (r == 0 && bytes_until(&in, '\n', &line)) {
		if (line.len >= strlen(begin) &&
		    memcmp(line.ptr, begin, strlen(begin)) == 0)
			start = in.pos - line.len - 1;
		if (line.len < strlen(end) || memcmp(line.ptr, end, strlen(end)) != 0)
			continue;
		pem = true;
		block = (struct span){text.ptr + start, in.pos - start};
		r = keep_one(s, block, from);
	}
	return pem ? r : keep_one(s, text, from);
}

static int keep_file(struct certstore *s, int dirfd, const char *name, const char *from)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int fd = openat(dirfd, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int close_fd = fd;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fs_read_fd(fd, CERT_SIZE_MAX, name, &text, NULL) < 0)
		return 0;
	return keep_all(s, strbuf_span(&text), from);
}

/* Private keys and sealed blobs may lie beside them: those are not even opened. */
static bool is_named_so(const char *name)
{
	static const char *const ends[] = {".der", ".pem", ".crt", ".cer", ".x509"};
	size_t len = strlen(name);

	for (size_t i = 0; i < array_size(ends); i++)
		if (len > strlen(ends[i]) &&
		    strcasecmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* Closes @fd. */
static int keep_folder(struct certstore *s, int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!dir) {
		(void)close(fd);
		return errno == ENOMEM ? -ENOMEM : 0;
	}
	for (int i = 0; i < FILES_MAX && r == 0 && (e = readdir(dir)); i++) {
		_cleanup_strbuf_ struct strbuf from = {0};

		if (!is_named_so(e->d_name))
			continue;
		strbuf_addf(&from, "%s/%s", path, e->d_name);
		r = keep_file(s, fd, e->d_name, strbuf_str(&from));
	}
	(void)closedir(dir);
	return r;
}

static int recorded(const struct root *root, struct certstore *store)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (root_read(root, ROOT_CERTS, &text, NULL) < 0)
		return 0;
	return keep_all(store, strbuf_span(&text), root_recorded_name(ROOT_CERTS));
}

int certstore_load(const struct root *root, struct certstore *store, struct diag *reterr)
{
	static const char *const places[] = {
#define CERT_PLACE(folder) folder,
#include "core/cert/cert-places.inc"
#undef CERT_PLACE
	};
	int r = root_is_recorded(root) ? recorded(root, store) : 0;

	for (size_t i = 0; i < array_size(places) && r == 0; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};
		int fd = root_openat(root, ROOT_TARGET, places[i],
				     O_RDONLY | O_DIRECTORY | O_NONBLOCK, NULL);

		strbuf_addf(&path, "/%s", places[i]);
		if (fd >= 0)
			r = keep_folder(store, fd, strbuf_str(&path));
	}
	return r < 0 ? no_memory(reterr) : 0;
}

int certstore_add(struct certstore *store, const char *path, struct diag *reterr)
{
	size_t before = store->n;
	char q[120];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r;
	struct stat st;

	(void)str_quote(q, sizeof(q), span_of(path));
	if (fd < 0)
		return diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.", q,
				diag_errno(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		r = keep_folder(store, fd, path);
	else {
		_cleanup_strbuf_ struct strbuf text = {0};

		r = fs_read_fd(fd, CERT_SIZE_MAX, path, &text, reterr);
		(void)close(fd);
		if (r < 0)
			return r;
		r = keep_all(store, strbuf_span(&text), path);
	}
	if (r < 0)
		return no_memory(reterr);
	return store->n > before ? 0
				 : diag_set(reterr, DIAG_CERT, EBADMSG,
					    "%s holds no certificate in DER or PEM.", q);
}

void certstore_done(struct certstore *store)
{
	for (size_t i = 0; i < store->n; i++) {
		cert_free(store->cert[i]);
		free(store->from[i]);
	}
	free(store->cert);
	free(store->from);
	*store = (struct certstore){0};
}

int certstore_find(const struct certstore *store, const struct keyring_key *key)
{
	for (size_t i = 0; i < store->n; i++) {
		_cleanup_strbuf_ struct strbuf name = {0};

		cert_description(store->cert[i], &name);
		if (span_equal(strbuf_span(&name), key->description))
			return (int)i;
	}
	return -ENOENT;
}

static void add_pem(struct strbuf *out, struct span der)
{
	struct bytes in = bytes_of(der.ptr, der.len);
	unsigned char line[66];
	struct span part;

	strbuf_adds(out, "-----BEGIN CERTIFICATE-----\n");
	while (bytes_left(&in)) {
		size_t n = bytes_left(&in) < 48 ? bytes_left(&in) : 48;

		(void)bytes_take(&in, n, &part);
		strbuf_add(out, line, (size_t)EVP_EncodeBlock(line, part.ptr, (int)n));
		strbuf_addc(out, '\n');
	}
	strbuf_adds(out, "-----END CERTIFICATE-----\n");
}

void certstore_pem(const struct certstore *store, struct strbuf *out)
{
	for (size_t i = 0; i < store->n; i++)
		add_pem(out, strbuf_span(&store->cert[i]->der));
}
