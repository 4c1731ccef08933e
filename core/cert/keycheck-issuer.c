/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who vouches for a certificate: restrict_link_by_signature() looks for its issuer by the
 * ids in it, and checks the signature with the key found (linux 6.12 restrict.c,
 * asymmetric_type.c find_asymmetric_key()).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/base/keysys.h"
#include "core/cert/keycheck-internal.h"

enum fit {
	FIT_NO,
	FIT_MAYBE, /* its certificate would have to be looked at */
	FIT_YES,
};

/* What was found among the trusted keys. */
struct search {
	int yes, maybe;
	bool hidden;	   /* a keyring, or a key in one, cannot be seen */
	bool in_secondary; /* all that fit are in the secondary keyring only */
	char name[100];	   /* of the first that fits, escaped */
	/* What the signature says with the keys that fit. */
	int good, bad, open;
	int err;
	char why[140];
};

static const struct cert *cert_of(const struct keycheck_in *in,
				  const struct keyring_key *key)
{
	int i = certstore_find(in->known, key);

	return i < 0 ? NULL : in->known->cert[i];
}

static bool is_hex_of(struct span hex, struct span bytes)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	strbuf_addhex(&text, bytes);
	return span_equal(hex, strbuf_span(&text));
}

/* The SKID of a key, of its certificate or as the keyring shows it. */
static bool has_skid(const struct keyring_key *key, const struct cert *cert,
		     struct span skid)
{
	if (cert)
		return cert->skid.len && span_equal(cert->skid, skid);
	return key->keyid.len && is_hex_of(key->id, skid);
}

static bool same_serial_and_issuer(const struct cert *cert, struct span serial,
				   struct span issuer)
{
	return span_equal(cert->serial, serial) && span_equal(cert->issuer, issuer);
}

/* By the three ids, in the kernel's order: serial number and issuer of the issuer, its
 * SKID, its name. */
static enum fit fits(const struct cert *c, const struct keyring_key *key,
		     const struct cert *cert)
{
	bool by_serial = c->akid_issuer.ptr && c->akid_serial.ptr;
	struct span name = span_of(strbuf_str(&c->signer));

	if (c->akid.ptr && !has_skid(key, cert, c->akid))
		return FIT_NO;
	if (by_serial && cert)
		return same_serial_and_issuer(cert, c->akid_serial, c->akid_issuer)
			       ? FIT_YES
			       : FIT_NO;
	if (by_serial)
		return FIT_MAYBE;
	if (c->akid.ptr)
		return FIT_YES;
	if (cert)
		return span_equal(cert->subject, c->issuer) ? FIT_YES : FIT_NO;
	return span_equal(key->name, name) ? FIT_MAYBE : FIT_NO;
}

static void try_signature(struct keycheck_ctx *x, struct search *s,
			  const struct cert *cert)
{
	enum keycheck_state state = KEYCHECK_DEPENDS;
	char why[140];
	int err = 0;

	(void)snprintf(why, sizeof(why),
		       "to check it the issuer's certificate is needed (--cert), or the "
		       "kernel is asked (--ask)");
	if (cert)
		state = keycheck_signature(x, cert, &err, why, sizeof(why));
	s->good += state == KEYCHECK_HOLDS;
	s->bad += state == KEYCHECK_FAILS;
	s->open += state == KEYCHECK_DEPENDS || state == KEYCHECK_UNKNOWN;
	if (state != KEYCHECK_HOLDS) {
		s->err = err;
		(void)snprintf(s->why, sizeof(s->why), "%s", why);
	}
}

static void try_key(struct keycheck_ctx *x, struct search *s,
		    const struct keyring_key *key, const struct cert *cert,
		    const char *ring)
{
	enum fit fit = fits(x->in->cert, key, cert);
	char q[60];

	if (fit == FIT_NO)
		return;
	s->yes += fit == FIT_YES;
	s->maybe += fit == FIT_MAYBE;
	if (!s->name[0])
		(void)snprintf(s->name, sizeof(s->name), "%s in %s",
			       str_quote(q, sizeof(q), key->name), ring);
	try_signature(x, s, cert);
}

static void search_ring(struct keycheck_ctx *x, struct search *s, enum keyring_id id)
{
	const struct keyring_set *rings = x->in->rings;
	const struct keyring_ring *r = &rings->ring[id];

	if (!r->serial && rings->complete)
		return;
	s->hidden |= r->members < 0;
	for (int i = 0; i < r->members; i++) {
		const struct keyring_key *k = keyring_find(rings, r->member[i]);

		if (!k)
			s->hidden = true;
		else if (!k->dead && keyring_is(k, "asymmetric"))
			try_key(x, s, k, cert_of(x->in, k), keyring_name(id));
	}
}

/* Is the machine owner's keyring linked into the secondary one (set_machine_trusted_keys())? */
static bool machine_is_trusted(const struct keyring_set *rings)
{
	const struct keyring_ring *second = &rings->ring[KEYRING_SECONDARY];

	for (int i = 0; i < second->members; i++)
		if (second->member[i] == rings->ring[KEYRING_MACHINE].serial)
			return true;
	return false;
}

/* A described kernel trusts the certificates that it is described with. */
static void search_known(struct keycheck_ctx *x, struct search *s)
{
	for (size_t i = 0; i < x->in->known->n; i++) {
		const struct cert *c = x->in->known->cert[i];
		struct keyring_key key = {.name = strbuf_span(&c->name)};

		try_key(x, s, &key, c, keyring_name(KEYRING_BUILTIN));
	}
	s->hidden = x->in->known->n == 0;
}

static void search_trusted(struct keycheck_ctx *x, struct search *s, bool secondary)
{
	if (!x->in->rings) {
		search_known(x, s);
		return;
	}
	search_ring(x, s, KEYRING_BUILTIN);
	if (!secondary)
		return;
	s->in_secondary = !s->yes && !s->maybe;
	search_ring(x, s, KEYRING_SECONDARY);
	if (machine_is_trusted(x->in->rings))
		search_ring(x, s, KEYRING_MACHINE);
	s->in_secondary &= s->yes || s->maybe;
}

/* Which capability decides that keys of the secondary keyring count, for this keyring. */
static enum keycap_answer trusts_secondary(const struct keycheck_in *in)
{
	const enum keycap_answer *a = in->caps->answer;

	if (strcmp(in->caps->ca_keys, "builtin") == 0)
		return KEYCAP_NO; /* KEY_FLAG_BUILTIN */
	switch (keyring_rule(in->ring)) {
	case KEYRING_RULE_IMA:
		return a[KEYCAP_SECONDARY];
	case KEYRING_RULE_TRUSTED:
		return a[KEYCAP_SECONDARY_BUILTIN] == KEYCAP_YES  ? KEYCAP_NO
		       : a[KEYCAP_SECONDARY_BUILTIN] == KEYCAP_NO ? KEYCAP_YES
								  : KEYCAP_UNKNOWN;
	default:
		return KEYCAP_NO;
	}
}

static void found(struct keycheck_ctx *x, const struct search *s)
{
	if (s->in_secondary && trusts_secondary(x->in) == KEYCAP_UNKNOWN)
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_DEPENDS,
			     "%s; whether this kernel trusts that is not known", s->name);
	else if (s->yes)
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_HOLDS, "%s", s->name);
	else
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_DEPENDS,
			     "it may be %s: its certificate is needed (--cert)", s->name);
	if (s->good && !s->bad && !s->open)
		keycheck_set(x, KEY_CLAUSE_ISSUER_SIGNATURE, KEYCHECK_HOLDS, "%s", "");
	else if (s->bad && !s->good && !s->open)
		keycheck_fail(x, KEY_CLAUSE_ISSUER_SIGNATURE, s->err, "%s", s->why);
	else
		keycheck_set(x, KEY_CLAUSE_ISSUER_SIGNATURE, KEYCHECK_DEPENDS, "%s",
			     s->why);
}

static void not_found(struct keycheck_ctx *x, const struct search *s)
{
	char q[80];

	(void)str_quote(q, sizeof(q), strbuf_span(&x->in->cert->signer));
	if (!s->hidden)
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_FAILS,
			     "%s is in none of them", q);
	else if (!x->in->rings)
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_UNKNOWN,
			     "name the CAs that are built into it (--cert)");
	else
		keycheck_set(x, KEY_CLAUSE_ISSUER, KEYCHECK_UNKNOWN,
			     "what the kernel's keyrings hold cannot be seen");
}

/* "ca_keys=id:HEX": the AKID must end so. What is no even number of digits, or too many,
 * the kernel passes over. */
static void ca_keys(struct keycheck_ctx *x)
{
	const struct keycap_set *caps = x->in->caps;
	struct span akid = x->in->cert->akid, hex = span_of(caps->ca_keys), front;
	struct bytes in = bytes_of(akid.ptr, akid.len);
	uint8_t want[10];

	if (caps->described || (caps->has_cmdline && !caps->ca_keys[0]))
		return;
	if (!caps->has_cmdline) {
		keycheck_set(x, KEY_CLAUSE_CA_KEYS, KEYCHECK_UNKNOWN,
			     "the kernel's command line is not known");
		return;
	}
	if (!span_cut_last(hex, "id:", &front, &hex) || front.len || !hex.len ||
	    hex.len > 2 * sizeof(want) || hex_decode(want, hex) < 0)
		return;
	if (akid.len >= hex.len / 2 && bytes_skip(&in, akid.len - hex.len / 2) &&
	    bytes_take(&in, hex.len / 2, &front) &&
	    span_equal(front, (struct span){want, hex.len / 2}))
		keycheck_set(x, KEY_CLAUSE_CA_KEYS, KEYCHECK_HOLDS, "%s", caps->ca_keys);
	else
		keycheck_set(x, KEY_CLAUSE_CA_KEYS, KEYCHECK_FAILS, "it is not %s",
			     caps->ca_keys);
}

void keycheck_issuer(struct keycheck_ctx *x)
{
	struct search s = {0};

	if (keyring_rule(x->in->ring) == KEYRING_RULE_USER)
		return;
	ca_keys(x);
	search_trusted(x, &s, trusts_secondary(x->in) != KEYCAP_NO);
	if (s.yes || s.maybe)
		found(x, &s);
	else
		not_found(x, &s);
}

/* What restrict_keyring() calls the restriction of a keyring; "": it has none. */
static const char *restriction(enum keyring_id ring, const struct keycap_set *caps)
{
	switch (keyring_rule(ring)) {
	case KEYRING_RULE_IMA:
		return caps->answer[KEYCAP_SECONDARY] == KEYCAP_YES
			       ? "builtin_and_secondary_trusted"
		       : caps->answer[KEYCAP_SECONDARY] == KEYCAP_NO ? "builtin_trusted"
								     : NULL;
	case KEYRING_RULE_TRUSTED:
		return "builtin_and_secondary_trusted";
	case KEYRING_RULE_BUILTIN:
		return "builtin_trusted";
	case KEYRING_RULE_USER:
		return "";
	default:
		return NULL;
	}
}

/* What add_key() says of the caller, not of the certificate. */
static bool says_nothing(int err)
{
	return err == -EDQUOT || err == -ENOMEM || err == -ENODEV;
}

int keycheck_ask(const struct cert *cert, enum keyring_id ring,
		 const struct keycap_set *caps, int *ret_err)
{
	const char *how = restriction(ring, caps);
	int32_t trial, key;
	int r = 0;

	if (!how)
		return -EOPNOTSUPP;
	trial = keysys_add("keyring", "imactl-trial", (struct span){0}, KEYSYS_PROCESS);
	if (trial < 0)
		return trial;
	if (*how)
		r = keysys_restrict(trial, "asymmetric", how);
	if (r == 0) {
		key = keysys_add("asymmetric", NULL, strbuf_span(&cert->der), trial);
		if (says_nothing(key))
			r = key;
		else
			*ret_err = key < 0 ? -key : 0;
	}
	(void)keysys_unlink(trial, KEYSYS_PROCESS); /* and the key goes with it */
	return r;
}
