/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/keyhost.h"

#include <time.h>

#include "core/base/hex.h"
#include "core/cert/keylive.h"

int keyhost_load(struct keyhost *h, const struct root *root, struct diag *reterr)
{
	int r;

	*h = (struct keyhost){.root = root, .now = (int64_t)time(NULL)};
	r = keyring_load(root, &h->rings, reterr);
	if (r == 0)
		r = certstore_load(root, &h->certs, reterr);
	if (r == 0)
		keycap_load(root, &h->caps);
	return r;
}

void keyhost_done(struct keyhost *h)
{
	certstore_done(&h->certs);
	keyring_done(&h->rings);
	h->root = NULL;
}

void keyhost_check(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		   struct keycheck *ret)
{
	struct keycheck_in in = {.cert = cert,
				 .ring = ring,
				 .caps = &h->caps,
				 .rings = &h->rings,
				 .known = &h->certs,
				 .now = h->now};

	keycheck_run(&in, ret);
}

const struct cert *keyhost_cert(const struct keyhost *h, const struct keyring_key *key,
				const char **ret_from)
{
	int i = certstore_find(&h->certs, key);

	if (ret_from)
		*ret_from = i < 0 ? NULL : h->certs.from[i];
	return i < 0 ? NULL : h->certs.cert[i];
}

bool keyhost_keyid(const struct keyhost *h, const struct keyring_key *key,
		   uint8_t ret[CERT_KEYID])
{
	const struct cert *c;

	if (key->keyid.len)
		return key->keyid.len == 2 * CERT_KEYID &&
		       hex_decode(ret, key->keyid) >= 0;
	c = keyhost_cert(h, key, NULL);
	return c && cert_keyid(c, ret);
}

bool keyhost_sees(const struct keyhost *h, enum imaxattr_attr attr, enum keyring_id *ret)
{
	enum keyring_id id = keylive_ring(&h->rings, attr);
	const struct keyring_ring *r = &h->rings.ring[id];

	if (ret)
		*ret = id;
	return r->serial ? r->members >= 0 : h->rings.complete;
}

static bool has_id(const struct keyhost *h, enum keyring_id ring, struct span keyid)
{
	uint8_t id[CERT_KEYID];

	for (int i = 0; i < h->rings.ring[ring].members; i++) {
		const struct keyring_key *k = keyring_member(&h->rings, ring, i);

		if (k && !k->dead && keyring_is(k, "asymmetric") &&
		    keyhost_keyid(h, k, id) &&
		    span_equal(keyid, (struct span){id, sizeof(id)}))
			return true;
	}
	return false;
}

size_t keyhost_strangers(const struct keyhost *h, enum imaxattr_attr attr,
			 struct tally *ids, struct tally_row *ret, size_t max)
{
	struct tally_row rows[64];
	enum keyring_id ring;
	size_t n, found = 0;

	if (!keyhost_sees(h, attr, &ring))
		return 0;
	n = tally_top(ids, rows, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < n && found < max; i++)
		if (!has_id(h, ring, rows[i].name))
			ret[found++] = rows[i];
	return found;
}
