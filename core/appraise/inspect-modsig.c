/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature that is appended to a file. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/modsig.h"
#include "core/appraise/inspect-internal.h"
#include "core/cert/keycheck.h"
#include "core/cert/sig-cms.h"

DEFINE_CLEANUP(struct cert *, cert_free)
DEFINE_CLEANUP(struct sig_cms *, sig_cms_free)

enum { PKCS7_LIMIT = 1 << 20 }; /* nobody's is longer; the kernel has no limit */

struct appended {
	uint64_t contents; /* bytes before it */
	uint8_t *der;	   /* owned */
	size_t len;
};

static int read_at(int fd, void *buf, size_t size, uint64_t at)
{
	ssize_t n;

	do
		n = pread(fd, buf, size, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -ESTALE;
}

/* 1: there is one; 0; -errno. */
static int find(int data, struct appended *ret)
{
	uint8_t end[MODSIG_TRAILER];
	struct stat st;
	uint64_t size;
	uint32_t len;
	int r;

	if (fstat(data, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	if (size < sizeof(end))
		return 0;
	r = read_at(data, end, sizeof(end), size - sizeof(end));
	len = r < 0 ? 0 : modsig_decode((struct span){end, sizeof(end)}, size);
	if (!len || len > PKCS7_LIMIT)
		return r;
	ret->contents = size - sizeof(end) - len;
	ret->der = malloc(len);
	ret->len = len;
	if (!ret->der)
		return -ENOMEM;
	r = read_at(data, ret->der, len, ret->contents);
	return r < 0 ? r : 1;
}

/* pkcs7_validate_trust(): one that does not fit counts more than all that do; of the others
 * one is enough. */
static bool outweighs(enum sig_verdict a, enum sig_verdict b)
{
	static const int weight[_SIG_VERDICT_MAX] = {
		[SIG_NO_KEY] = 0,  [SIG_GOOD] = 1,	 [SIG_IMPOSSIBLE] = 2,
		[SIG_REVOKED] = 3, [SIG_BAD] = 4,	 [SIG_HASH] = 4,
		[SIG_DAMAGED] = 4, [SIG_ATTRIBUTES] = 4,
	};

	return weight[a] > weight[b];
}

static bool cert_revoked(const struct inspect *i, struct span der)
{
	_cleanup_(cert_freep) struct cert *c = NULL;

	return cert_read(der, &c, NULL) == 0 && keycheck_blacklisted(i->rings, c) > 0;
}

static bool signer_revoked(const struct inspect *i, const struct sig_cms *cms,
			   size_t signer)
{
	bool more = true, found = false;

	for (size_t n = 0; more && !found; n++) {
		_cleanup_strbuf_ struct strbuf der = {0};

		more = sig_cms_chain(cms, signer, n, &der);
		found = more && cert_revoked(i, strbuf_span(&der));
	}
	return found;
}

/* pkcs7_verify(): certificates in the message are looked up as they are read
 * (x509_get_sig_params()); those in keyrings never are. A signer that is left is enough. */
static bool revoked(const struct inspect *i, const struct sig_cms *cms)
{
	bool all = i->rings;

	for (size_t s = 0; all && s < sig_cms_signers(cms); s++)
		all = signer_revoked(i, cms, s);
	return all;
}

static int check_signer(struct inspect *i, const struct keyset *keys, int data,
			const struct appended *a, const struct sig_cms *cms,
			size_t signer, struct digest *digest, struct inspect_sig *ret)
{
	enum hash_alg alg = sig_cms_hash(cms, signer);
	struct hash_ctx *h = hash_set_get(&i->hash, alg, NULL);
	int r;

	*ret = (struct inspect_sig){.is = true, .verdict = SIG_IMPOSSIBLE};
	if (!h)
		return 0;
	if (digest->alg != alg || !digest->size) {
		r = hash_fd_head(h, alg, data, a->contents, digest);
		if (r < 0)
			return r;
	}
	ret->verdict = keyset_check_cms(keys, i->sig, cms, signer, digest, &ret->key);
	return 0;
}

static int check(struct inspect *i, const struct keyset *keys, int data,
		 const struct appended *a, const struct sig_cms *cms,
		 struct inspect_sig *all, struct digest *ret_digest)
{
	struct inspect_sig one;
	struct digest digest = {0};
	int r = 0;

	*all = (struct inspect_sig){.is = true, .verdict = sig_cms_flaw(cms)};
	for (size_t s = 0; r == 0 && s < sig_cms_signers(cms); s++) {
		r = check_signer(i, keys, data, a, cms, s, &digest, &one);
		if (s == 0) /* pkcs7_get_digest() gives that of an only signer */
			*ret_digest = digest;
		if (sig_cms_flaw(cms) == SIG_GOOD &&
		    (s == 0 || outweighs(one.verdict, all->verdict)))
			*all = one;
	}
	if (outweighs(SIG_REVOKED, all->verdict) && revoked(i, cms))
		all->verdict = SIG_REVOKED;
	return r;
}

/* ima_appraise.c modsig_verify(): a kernel to start may be signed by a key of the firmware. */
static int check_all(struct inspect *i, int data, const struct appended *a,
		     const struct sig_cms *cms, struct inspect_modsig *ret)
{
	int r = check(i, i->keys[IMAXATTR_IMA], data, a, cms, &ret->ima, &ret->digest);

	if (r == 0 && i->platform)
		r = check(i, i->platform, data, a, cms, &ret->platform, &ret->digest);
	return r;
}

int inspect_modsig(struct inspect *i, int data, const char *path,
		   struct inspect_modsig *ret, struct diag *reterr)
{
	_cleanup_(sig_cms_freep) struct sig_cms *cms = NULL;
	struct appended a = {0};
	char q[140];
	int r = find(data, &a);

	if (r > 0)
		r = sig_cms_parse((struct span){a.der, a.len}, &cms);
	if (r == 0 && cms)
		r = check_all(i, data, &a, cms, ret);
	free(a.der);
	if (r >= 0 || r == -EBADMSG) /* what no kernel reads is none to it */
		return 0;
	return diag_set(reterr, r == -ENOMEM ? DIAG_MEMORY : DIAG_READ, -r,
			"Cannot read %s: %s.", str_quote(q, sizeof(q), span_of(path)),
			diag_errno(-r));
}
