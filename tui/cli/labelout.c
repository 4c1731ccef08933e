/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/labelout.h"

#include <errno.h>

#include "tui/cli/keyopt.h"

static const struct keyset_key *key_of(const struct labelout *l, enum imaxattr_attr a,
				       const struct keyset_key *key)
{
	return key ? key : keyset_find(l->keys[a], &l->label->x[a]);
}

static void second_line(struct out *out, const struct labelout *l, enum imaxattr_attr a,
			const char *more, const struct keyset_key *key)
{
	bool none = !key && !more && l->keys[a]->n && l->label->x[a].keyid.len;

	if (!more && !key && !none)
		return;
	out_add(out, "\n                ");
	if (more)
		out_addf(out, "%s%s", more, key ? "; " : "");
	if (key)
		keyopt_words(out, key);
	else if (none)
		out_add(out, "of none of these keys");
}

void labelout_text(struct out *out, const struct labelout *l, enum imaxattr_attr a,
		   const char *more, const struct keyset_key *key)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const struct imaxattr *x = &l->label->x[a];
	int err = l->label->err[a];

	out_addf(out, "  %-12s  ",
		 l->detached && a == IMAXATTR_IMA ? "FILE.sig" : label_name(l->space, a));
	if (err == ENODATA) {
		out_style(out, OUT_DIM, "none");
	} else if (err) {
		out_style(out, OUT_WARN, "not to be had");
		out_addf(out, ": %s", diag_errno(err));
	} else {
		imaxattr_text(&text, x);
		out_style(out, imaxattr_usable(x) ? OUT_PLAIN : OUT_BAD,
			  strbuf_str(&text));
		second_line(out, l, a, more, key_of(l, a, key));
	}
	out_add(out, "\n");
}

void labelout_json_key(struct json *o, const struct keyset_key *key)
{
	if (!key)
		return;
	if (key->from)
		json_kbytes(o, "key", span_of(key->from));
	json_kbytes(o, "key_name", span_of(keyset_name(key)));
	if (key->ring)
		json_kstr(o, "keyring", key->ring);
}

static void json_sig(struct json *o, const struct imaxattr *x,
		     const struct keyset_key *key)
{
	json_ku64(o, "version", x->version);
	if (x->keyid.len)
		json_khex(o, "keyid", x->keyid);
	labelout_json_key(o, key);
	json_ku64(o, "signature_bytes", x->sig.len);
}

static void json_value(struct json *o, const struct labelout *l, enum imaxattr_attr a,
		       const struct keyset_key *key)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const struct imaxattr *x = &l->label->x[a];

	imaxattr_text(&text, x);
	json_ku64(o, "type", x->type);
	json_kstr(o, "verdict", imaxattr_verdict_word(x->verdict));
	json_kbool(o, "usable", imaxattr_usable(x));
	json_kstr(o, "hash", x->hash < 0 ? NULL : hash_alg_name(x->hash));
	if (imaxattr_is_sig(x))
		json_sig(o, x, key_of(l, a, key));
	else
		json_khex(o, "digest", x->digest);
	json_kstr(o, "text", strbuf_str(&text));
	json_khex(o, "hex", strbuf_span(&l->label->value[a]));
}

bool labelout_json(struct json *o, const struct labelout *l, enum imaxattr_attr a,
		   const struct keyset_key *key)
{
	int err = l->label->err[a];

	json_key(o, a == IMAXATTR_IMA ? "ima" : "evm");
	if (err == ENODATA) {
		json_null(o);
		return false;
	}
	json_open(o, '{');
	if (err)
		json_kstr(o, "unreadable", diag_errno(err));
	else
		json_value(o, l, a, key);
	return true;
}
