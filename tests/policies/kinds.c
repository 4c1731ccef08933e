/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/policies/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/appraise/evmstate.h"
#include "core/host/hashalg.h"
#include "core/cert/sig.h"
#include "core/appraise/verity.h"

enum { RSA, EC, UNKNOWN, _KEYS };

enum { FILE_MAX = 1 << 20 };

struct work {
	const struct kinds_ask *ask;
	struct strbuf *out, contents;
	struct sig_key *key[_KEYS];
	struct sig_ctx *ctx;
	struct evmstate evm;
	struct digest verity;
	int err;
};

static struct digest digest_of(struct work *w, enum hash_alg alg)
{
	struct digest d = {0};
	int r = hash_of(alg, strbuf_span(&w->contents), &d, NULL);

	if (r < 0)
		w->err = r;
	return d;
}

/* The digest as a label holds it, @cut bytes too short, made wrong by @wrong. */
static void put_hash(struct work *w, struct strbuf *out, enum hash_alg alg, uint8_t wrong,
		     size_t cut)
{
	struct digest d = digest_of(w, alg);

	d.value[0] ^= wrong;
	(void)imaxattr_put_digest(out, alg, digest_span(&d));
	out->len -= cut;
}

static void put_sig(struct work *w, struct strbuf *out, int key, enum imaxattr_type type,
		    uint8_t version, const struct digest *d)
{
	int r = sig_make(w->ctx, w->key[key], type, version, d, out, NULL);

	if (r < 0)
		w->err = r;
}

static void line(struct work *w, const char *name, const struct strbuf *value)
{
	strbuf_addf(w->out, "%s ", name);
	strbuf_addhex(w->out, strbuf_span(value));
	strbuf_addc(w->out, '\n');
}

static void hashes(struct work *w)
{
	static const struct {
		const char *name;
		enum hash_alg alg;
		uint8_t wrong, cut;
	} rows[] = {
		{"sha1", HASH_SHA1, 0, 0},
		{"sha1-wrong", HASH_SHA1, 1, 0},
		{"sha1-short", HASH_SHA1, 0, 1},
		{"sha256", HASH_SHA256, 0, 0},
		{"sha256-again", HASH_SHA256, 0, 0},
		{"sha256-more", HASH_SHA256, 0, 0},
		{"sha256-wrong", HASH_SHA256, 1, 0},
		{"sha256-short", HASH_SHA256, 0, 1},
		{"sha512", HASH_SHA512, 0, 0},
		{"sha512-wrong", HASH_SHA512, 1, 0},
		{"verity-sha256", HASH_SHA256, 0, 0},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_strbuf_ struct strbuf v = {0};

		put_hash(w, &v, rows[i].alg, rows[i].wrong, rows[i].cut);
		line(w, rows[i].name, &v);
	}
}

static void signatures(struct work *w)
{
	static const struct {
		const char *name;
		int key;
		enum hash_alg alg;
		int at; /* this byte from the beginning (or < 0: the end) is changed */
		uint8_t cut;
	} rows[] = {
		{"rsa", RSA, HASH_SHA256, 0, 0},
		{"rsa-again", RSA, HASH_SHA256, 0, 0},
		{"rsa-sha1", RSA, HASH_SHA1, 0, 0},
		{"rsa-sha512", RSA, HASH_SHA512, 0, 0},
		{"ecdsa", EC, HASH_SHA256, 0, 0},
		{"ecdsa-flipped", EC, HASH_SHA256, -1, 0},
		{"unknown-key", UNKNOWN, HASH_SHA256, 0, 0},
		{"rsa-flipped", RSA, HASH_SHA256, -1, 0},
		{"rsa-short", RSA, HASH_SHA256, 0, 1},
		{"rsa-version", RSA, HASH_SHA256, 1, 0},
		{"rsa-alg", RSA, HASH_SHA256, 2, 0},
		{"rsa-type", RSA, HASH_SHA256, 0, 200},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_strbuf_ struct strbuf v = {0};
		struct digest d = digest_of(w, rows[i].alg);
		int at = rows[i].at;

		put_sig(w, &v, rows[i].key, IMAXATTR_SIG, 2, &d);
		if (at)
			v.ptr[at < 0 ? (int)v.len + at : at] ^= 1;
		v.len -= rows[i].cut;
		line(w, rows[i].name, &v);
	}
}

/* Of files that have fs-verity, and of one that has not. */
static void verities(struct work *w)
{
	static const char *const names[] = {"verity", "ver-ity-signed", "verity-flipped"};

	for (size_t i = 0; i < array_size(names); i++) {
		_cleanup_strbuf_ struct strbuf v = {0};

		put_sig(w, &v, EC, IMAXATTR_VERITY, 3, &w->verity);
		v.ptr[v.len - 1] ^= i == 2;
		line(w, names[i], &v);
	}
}

static void put_portable(struct work *w, int key, const struct strbuf *ima,
			 struct strbuf *out)
{
	struct evm_attr attr = {"security.ima", strbuf_span(ima)};
	struct evm_file file = {.attrs = &attr,
				.n_attrs = 1,
				.uid = 1000,
				.gid = 100,
				.mode = S_IFREG | 0777};
	_cleanup_strbuf_ struct strbuf data = {0};
	struct digest d;
	int r = evm_data(&w->evm.kernel, &file, IMAXATTR_PORTABLE, &data, NULL);

	if (r == 0)
		r = hash_of(HASH_SHA256, strbuf_span(&data), &d, NULL);
	if (r < 0)
		w->err = r;
	else
		put_sig(w, out, key, IMAXATTR_PORTABLE, 2, &d);
}

static void evm_of(struct work *w, const char *name, const struct strbuf *ima)
{
	static const struct {
		const char *name;
		int key;
		bool flipped, changed;
	} rows[] = {
		{"", RSA, false, false},	{"-again", RSA, false, false},
		{"-ecdsa", EC, false, false},	{"-unknown-key", UNKNOWN, false, false},
		{"-flipped", RSA, true, false}, {"-changed", RSA, false, true},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_strbuf_ struct strbuf v = {0};

		put_portable(w, rows[i].key, ima, &v);
		if (w->err)
			return;
		v.ptr[v.len - 1] ^= rows[i].flipped;
		strbuf_addf(w->out, "%s%s ", name, rows[i].name);
		strbuf_addhex(w->out, strbuf_span(ima));
		strbuf_addc(w->out, ' ');
		strbuf_addhex(w->out, strbuf_span(&v));
		strbuf_adds(w->out, rows[i].changed ? " changed\n" : "\n");
	}
	strbuf_addf(w->out, "%s-hmac ", name);
	strbuf_addhex(w->out, strbuf_span(ima));
	strbuf_adds(w->out, " 020000000000000000000000000000000000000000\n");
}

static void with_evm(struct work *w)
{
	_cleanup_strbuf_ struct strbuf hash = {0}, wrong = {0}, sig = {0};
	struct digest d = digest_of(w, HASH_SHA256);

	put_hash(w, &hash, HASH_SHA256, 0, 0);
	put_hash(w, &wrong, HASH_SHA256, 1, 0);
	put_sig(w, &sig, RSA, IMAXATTR_SIG, 2, &d);
	evm_of(w, "hash-evm", &hash);
	evm_of(w, "wrong-evm", &wrong);
	evm_of(w, "signed-evm", &sig);
}

static int load_key(struct work *w, int which, const char *name, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, der = {0};
	_cleanup_close_ int fd = -1;
	struct sig_key *cert = NULL;
	int r;

	strbuf_addf(&path, "%s/%s.key", w->ask->keys, name);
	fd = open(strbuf_str(&path), O_RDONLY | O_CLOEXEC);
	r = sig_key_private(fd, strbuf_str(&path), NULL, &w->key[which], reterr);
	strbuf_clear(&path);
	strbuf_addf(&path, "%s/%s.der", w->ask->keys, name);
	if (r == 0)
		r = fs_read_at(AT_FDCWD, strbuf_str(&path), FILE_MAX, &der, reterr);
	if (r == 0)
		r = sig_key_public(strbuf_span(&der), &cert, reterr);
	if (r == 0)
		r = sig_key_certify(w->key[which], cert, reterr);
	sig_key_free(cert);
	return r;
}

static int prepare(struct work *w, struct diag *reterr)
{
	static const char *const names[_KEYS] = {"rsa", "ec", "unknown"};
	int r = fs_read_at(AT_FDCWD, w->ask->file, FILE_MAX, &w->contents, reterr);

	for (int k = 0; r == 0 && k < _KEYS; k++)
		r = load_key(w, k, names[k], reterr);
	if (r == 0)
		r = evmstate_read(w->ask->root, &w->evm, reterr);
	w->ctx = sig_ctx_new();
	if (r == 0 && w->ask->verity) {
		_cleanup_close_ int fd = open(w->ask->verity, O_RDONLY | O_CLOEXEC);

		r = verity_measure(fd, &w->verity);
	}
	return r;
}

int kinds_make(const struct kinds_ask *ask, struct strbuf *out, struct diag *reterr)
{
	struct work w = {.ask = ask, .out = out};
	int r = prepare(&w, reterr);

	if (r == 0) {
		strbuf_adds(out, "none -\nnone-again -\nverity-none -\n"
				 "type-2 020000000000000000000000000000000000000000\n"
				 "type-only 03\n");
		hashes(&w);
		signatures(&w);
		if (ask->verity)
			verities(&w);
		if (ask->evm)
			with_evm(&w);
		r = w.err;
	}
	for (int k = 0; k < _KEYS; k++)
		sig_key_free(w.key[k]);
	sig_ctx_free(w.ctx);
	evmstate_done(&w.evm);
	strbuf_done(&w.contents);
	return r;
}
