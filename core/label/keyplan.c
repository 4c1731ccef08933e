/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/keyplan.h"

#include <errno.h>

#include "core/base/act-key.h"
#include "core/base/cleanup.h"

int keyplan_fit(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		struct keycheck *ret, struct diag *reterr)
{
	const struct keycheck_clause *of;

	keyhost_check(h, cert, ring, ret);
	if (ret->verdict != KEYCHECK_REFUSED)
		return 0;
	of = &ret->of[ret->clause];
	return diag_set(reterr, DIAG_KEY_REFUSED, ret->err,
			"%s would not take it. What does not hold: %s%s%s%s.",
			keyring_name(ring), keycheck_clause_words(ret->clause),
			*of->text ? " (" : "", of->text, *of->text ? ")" : "");
}

int keyplan_load(const struct keyhost *h, const struct cert *cert, enum keyring_id ring,
		 struct plan *ret, struct keycheck *ret_check, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	struct plan_spec at = {.danger = PLAN_REVERSIBLE,
			       .why = "until the machine is restarted"};
	struct keycheck check;
	int r = keyplan_fit(h, cert, ring, ret_check ? ret_check : &check, reterr);

	if (r == 0)
		r = plan_init(ret, "load a key", reterr);
	if (r < 0)
		return r;
	if (keyring_rule(ring) == KEYRING_RULE_USER && !h->rings.ring[ring].serial)
		at.why =
			"until the machine is restarted; makes the keyring, in root's own";
	cert_description(cert, &name);
	r = act_key_add(ret, h->root, &at, ring, strbuf_str(&name),
			strbuf_span(&cert->der), reterr);
	return r < 0 ? r : 0;
}

static bool ends_with(struct span text, struct span end)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span last;

	return text.len >= end.len && bytes_skip(&in, text.len - end.len) &&
	       bytes_take(&in, end.len, &last) && span_equal(last, end);
}

int keyplan_may_retire(const struct keyhost *h, enum keyring_id ring, struct diag *reterr)
{
	if (keyring_keeps(ring))
		return diag_set(reterr, DIAG_KEY_REFUSED, EPERM,
				"The kernel lets nobody take keys out of %s before the "
				"machine is restarted.",
				keyring_name(ring));
	if (!h->rings.ring[ring].serial)
		return diag_set(reterr, DIAG_NO_KEYRING, ENOENT, "There is no %s here.",
				keyring_name(ring));
	return 0;
}

int keyplan_find(const struct keyhost *h, enum keyring_id ring, struct span id,
		 const struct keyring_key **ret, struct diag *reterr)
{
	int n = 0, r = keyplan_may_retire(h, ring, reterr);
	char q[80];

	(void)str_quote(q, sizeof(q), id);
	for (int i = 0; r == 0 && i < h->rings.ring[ring].members; i++) {
		const struct keyring_key *k = keyring_member(&h->rings, ring, i);

		if (!k || !keyring_is(k, "asymmetric") || !ends_with(k->description, id))
			continue;
		*ret = k;
		n++;
		if (span_equal(k->description, id)) { /* there is no second one */
			n = 1;
			break;
		}
	}
	if (r == 0 && n == 0)
		return diag_set(reterr, DIAG_NO_KEY, ENOENT, "There is no key %s in %s.",
				q, keyring_name(ring));
	if (r == 0 && n > 1)
		return diag_set(reterr, DIAG_NO_KEY, EINVAL,
				"%d keys in %s have an id that ends with %s: name one as "
				"'NAME: ID'.",
				n, keyring_name(ring), q);
	return r;
}

int keyplan_retire(const struct keyhost *h, enum keyring_id ring,
		   const struct keyring_key *key, const struct keyloss *loss,
		   struct plan *ret, struct diag *reterr)
{
	const struct cert *cert = keyhost_cert(h, key, NULL);
	_cleanup_strbuf_ struct strbuf name = {0}, why = {0};
	struct plan_spec at = {.danger = PLAN_BOOT};
	struct span der = {0};
	int r = plan_init(ret, "retire a key", reterr);

	if (r < 0)
		return r;
	keyloss_phrase(&why, loss);
	if (keyring_count(&h->rings, ring).keys == 1)
		strbuf_adds(&why, ", and no other key is left in the keyring");
	at.why = strbuf_str(&why);
	if (cert)
		der = strbuf_span(&cert->der);
	strbuf_add(&name, key->description.ptr, key->description.len);
	r = act_key_remove(ret, h->root, &at, ring, strbuf_str(&name), der, reterr);
	return r < 0 ? r : 0;
}
