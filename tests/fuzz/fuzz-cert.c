/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/spki.h"
#include "core/cert/cert.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

/* Every part lies in what was read. */
static void inside(const struct cert *c, struct span s)
{
	struct span all = strbuf_span(&c->der);

	if (s.ptr && (s.ptr < all.ptr || s.len > all.len ||
		      (size_t)(s.ptr - all.ptr) > all.len - s.len))
		abort();
}

/* Who does not read all of a certificate finds the same key. */
static void find_key(const struct cert *c)
{
	struct span key;
	int r = spki_find(strbuf_span(&c->der), &key);

	if (c->flaw == _KEY_CLAUSE_MAX && (r < 0 || !span_equal(key, c->spki)))
		abort();
}

static void look(const struct cert *c)
{
	const struct span parts[] = {c->tbs,	   c->serial,	   c->issuer,
				     c->subject,   c->sig_oid,	   c->outer_oid,
				     c->signature, c->alg_oid,	   c->alg_curve,
				     c->spki,	   c->key,	   c->skid,
				     c->akid,	   c->akid_issuer, c->akid_serial};
	struct strbuf text = {0};
	uint8_t id[CERT_KEYID];
	struct digest d;
	char why[100];
	bool half;
	int err;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		inside(c, parts[i]);
	cert_description(c, &text);
	cert_oid_text(&text, c->sig_oid);
	strbuf_done(&text);
	find_key(c);
	(void)cert_keyid(c, id);
	(void)cert_keyid_of_key(c, id);
	(void)cert_names_itself(c, &half);
	(void)cert_tbs_digest(c, &d);
	(void)cert_key_usable(c, true, why, sizeof(why));
	if (cert_signed_by(c, c, false, &err) > 0 && !c->tbs.len)
		abort();
	if (c->flaw == _KEY_CLAUSE_MAX && (!c->subject.len || !c->spki.len))
		abort();
	if (c->flaw < _KEY_CLAUSE_MAX && !c->flaw_text[0])
		abort(); /* every refusal is explained */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert *c = NULL;
	struct diag d = {0};

	if (cert_read((struct span){data, size}, &c, &d) == 0)
		look(c);
	else if (d.id == DIAG_NONE)
		abort();
	cert_free(c);
	return 0;
}
