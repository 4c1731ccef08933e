/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/keylive.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/cert/keycap.h"

/* What is known of the keys' machine; .caps only once it is asked for. */
struct live {
	const struct root *root;
	struct certstore certs;
	struct keycap_set caps;
	bool has_caps;
};

static void live_done(struct live *l)
{
	certstore_done(&l->certs);
}

/* Where there is one of the kernel's own, user space's counts for nothing. */
enum keyring_id keylive_ring(const struct keyring_set *rings, enum imaxattr_attr attr)
{
	if (attr == IMAXATTR_IMA)
		return keyring_for_files(rings);
	return rings->ring[KEYRING_EVM].serial ? KEYRING_EVM : KEYRING_EVM_USER;
}

enum imaxattr_attr keylive_attr(enum keyring_id ring, bool *ret_files)
{
	bool evm = ring == KEYRING_EVM || ring == KEYRING_EVM_USER;

	if (ret_files)
		*ret_files = evm || ring == KEYRING_IMA || ring == KEYRING_IMA_USER;
	return evm ? IMAXATTR_EVM : IMAXATTR_IMA;
}

static int add_cert(struct keyset *set, const struct certstore *certs, int i,
		    const char *ring, struct diag *reterr)
{
	return keyset_add(set, certs->from[i], ring, strbuf_span(&certs->cert[i]->der),
			  reterr);
}

/* "X509.rsa" */
static struct span kind_of(const struct keyring_key *k)
{
	static const char prefix[] = "X509.";
	size_t n = strlen(prefix);

	if (k->algorithm.len <= n || memcmp(k->algorithm.ptr, prefix, n) != 0)
		return (struct span){0};
	return (struct span){k->algorithm.ptr + n, k->algorithm.len - n};
}

static int add_bare(struct keyset *set, const struct keyring_key *k, const char *ring,
		    struct diag *reterr)
{
	struct keyset_key key = {.ring = ring, .serial = k->serial};
	struct span kind = kind_of(k);

	if (k->keyid.len != 2 * sizeof(key.id) || hex_decode(key.id, k->keyid) < 0)
		return 0; /* no signature names it */
	(void)snprintf(key.words, sizeof(key.words), "%.*s", (int)kind.len,
		       kind.len ? (const char *)kind.ptr : "");
	return keyset_add_kernel(set, &key, k->name, reterr);
}

int keylive_add_key(struct keyset *set, const struct certstore *certs,
		    const struct keyring_key *k, const char *ring, struct diag *reterr)
{
	int i;

	if (!k || k->dead || !keyring_is(k, "asymmetric"))
		return 0;
	i = certstore_find(certs, k);
	return i < 0 ? add_bare(set, k, ring, reterr)
		     : add_cert(set, certs, i, ring, reterr);
}

/* A keyring takes what its kernel knows by name; whether it is built to verify with it
 * shows when it is asked to. RSA always is: Kconfig INTEGRITY_ASYMMETRIC_KEYS selects it. */
static bool useless(struct live *l, const struct cert *c)
{
	if (c->alg == CERT_ALG_RSA)
		return false;
	if (!l->has_caps)
		keycap_load(l->root, &l->caps);
	l->has_caps = true;
	return keycap_verifies(&l->caps, c->alg) == KEYCAP_NO;
}

static int add_member(struct keyset *set, struct live *l, const struct keyring_key *k,
		      const char *ring, struct diag *reterr)
{
	size_t n = set->n;
	int r = keylive_add_key(set, &l->certs, k, ring, reterr);
	int i = r < 0 || set->n == n ? -1 : certstore_find(&l->certs, k);

	if (i >= 0)
		set->keys[n].useless = useless(l, l->certs.cert[i]);
	return r;
}

static int add_members(struct keyset *set, const struct root *root,
		       const struct keyring_set *rings, enum keyring_id id,
		       struct diag *reterr)
{
	_cleanup_(live_done) struct live l = {.root = root};
	int r;

	if (rings->ring[id].members < 0 || !rings->ring[id].serial)
		return 0;
	r = certstore_load(root, &l.certs, reterr);
	for (int i = 0; r >= 0 && i < rings->ring[id].members; i++)
		r = add_member(set, &l, keyring_member(rings, id, i), keyring_name(id),
			       reterr);
	return r < 0 ? r : 1;
}

int keylive_add(struct keyset *set, const struct root *root, enum imaxattr_attr attr,
		struct diag *reterr)
{
	_cleanup_keyring_ struct keyring_set rings = {0};

	if (keyring_load(root, &rings, NULL) < 0)
		return 0;
	return add_members(set, root, &rings, keylive_ring(&rings, attr), reterr);
}

int keylive_add_ring(struct keyset *set, const struct root *root, enum keyring_id ring,
		     struct diag *reterr)
{
	_cleanup_keyring_ struct keyring_set rings = {0};

	if (keyring_load(root, &rings, NULL) < 0)
		return 0;
	return add_members(set, root, &rings, ring, reterr);
}

int keylive_add_usual(struct keyset *set, const struct root *root, struct diag *reterr)
{
	_cleanup_certstore_ struct certstore certs = {0};
	int r = certstore_load(root, &certs, reterr);

	for (size_t i = 0; r >= 0 && i < certs.n; i++)
		r = add_cert(set, &certs, (int)i, NULL, reterr);
	return r < 0 ? r : 0;
}

/* A kernel that judges and certainly has no keyring believes no signature: no certificate
 * that lies about changes that. */
static bool believes_none(const struct root *root, const struct keyring_set *rings,
			  enum imaxattr_attr attr)
{
	struct stat st;

	return rings->complete &&
	       root_stat(root, attr == IMAXATTR_IMA ? ROOT_LIST_COUNT : ROOT_EVM, &st) ==
		       0;
}

static int add_own(struct keyset *set, const struct root *root, enum imaxattr_attr attr,
		   struct diag *reterr)
{
	_cleanup_keyring_ struct keyring_set rings = {0};
	int r;

	if (!root_owns_place(root, ROOT_PROC) || keyring_load(root, &rings, NULL) < 0)
		return 0;
	r = add_members(set, root, &rings, keylive_ring(&rings, attr), reterr);
	return r ? r : believes_none(root, &rings, attr);
}

int keylive_keys_for(const struct root *root, enum imaxattr_attr attr, struct keyset *ret,
		     struct diag *reterr)
{
	int r = add_own(ret, root, attr, reterr);

	if (r == 0)
		r = keylive_add_usual(ret, root, reterr);
	return r < 0 ? r : 0;
}

int keylive_keys(const struct root *root, struct keyset ret[2], struct diag *reterr)
{
	int r = 0;

	for (int a = IMAXATTR_IMA; r == 0 && a <= IMAXATTR_EVM; a++)
		r = keylive_keys_for(root, (enum imaxattr_attr)a, &ret[a], reterr);
	return r;
}
