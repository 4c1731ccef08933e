/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of linux 6.12 crypto/asymmetric_keys/x509.asn1 and x509_akid.asn1 by hand,
 * with what the kernel's actions on it (x509_cert_parser.c) keep and refuse. Where 6.1
 * differs it is said.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/ber.h"
#include "core/cert/cert-internal.h"

#define OID(text) ((struct span){(const uint8_t *)(text), sizeof(text) - 1})

/* What x509_fabricate_name() collects while it walks: of each the last that came by. */
struct name_parts {
	struct span organisation, common, email;
};

struct parse {
	struct cert *c;
	struct name_parts parts; /* never cleared between names but by fabricate() */
	struct span akid;	 /* the last authorityKeyIdentifier's contents */
};

static int flaw(struct parse *p, enum key_clause clause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int flaw(struct parse *p, enum key_clause clause, const char *fmt, ...)
{
	va_list ap;

	p->c->flaw = clause;
	va_start(ap, fmt);
	(void)vsnprintf(p->c->flaw_text, sizeof(p->c->flaw_text), fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* What an element's reader said, for the part of the certificate named. */
static int damaged(struct parse *p, enum key_clause clause, int r, const char *part)
{
	if (r != -ENOTSUP)
		return flaw(p, clause, "%s is damaged", part);
	p->c->unsure = true;
	return flaw(p, clause, "%s has a part of indefinite length, which is not DER",
		    part);
}

static int need(struct parse *p, struct bytes *in, uint8_t tag, const char *part,
		struct ber *ret)
{
	int r = ber_need(in, tag, ret);

	return r < 0 ? damaged(p, KEY_CLAUSE_DER, r, part) : 0;
}

static int ended(struct parse *p, const struct bytes *in, const char *part)
{
	return bytes_left(in) ? flaw(p, KEY_CLAUSE_DER, "%s holds too much", part) : 0;
}

/* AlgorithmIdentifier: its OID and its parameters whole (empty: none). */
static int algorithm(struct parse *p, struct bytes *in, const char *part,
		     struct span *oid, struct span *params)
{
	struct ber seq, id, any = {0};
	struct bytes inside;
	int r = need(p, in, BER_SEQ, part, &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = need(p, &inside, BER_OID, part, &id);
	if (r < 0)
		return r;
	if (bytes_left(&inside)) {
		r = ber_any(&inside, &any);
		if (r < 0)
			return damaged(p, KEY_CLAUSE_DER, r, part);
	}
	*oid = id.content;
	*params = any.whole;
	return ended(p, &inside, part);
}

/* x509_extract_name_segment(). Sizes are kept in a byte there: longer texts lose their
 * upper bits. */
static void segment(struct name_parts *parts, struct span oid, struct span value)
{
	value.len &= 0xff;
	if (span_equal(oid, OID("\x55\x04\x03")))
		parts->common = value;
	else if (span_equal(oid, OID("\x55\x04\x0a")))
		parts->organisation = value;
	else if (span_equal(oid, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")))
		parts->email = value;
}

static int attribute(struct parse *p, struct bytes *in, const char *part)
{
	struct ber seq, oid, value;
	struct bytes inside;
	int r = need(p, in, BER_SEQ, part, &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = need(p, &inside, BER_OID, part, &oid);
	if (r < 0)
		return r;
	r = ber_any(&inside, &value);
	if (r < 0)
		return damaged(p, KEY_CLAUSE_DER, r, part);
	segment(&p->parts, oid.content, value.content);
	return ended(p, &inside, part);
}

/* Name. The decoder wants at least one of everything: an empty name is damaged. */
static int name(struct parse *p, struct bytes *in, const char *part, struct span *ret)
{
	struct ber seq, set;
	struct bytes names, inside;
	int r = need(p, in, BER_SEQ, part, &seq);

	if (r < 0)
		return r;
	names = ber_inside(&seq);
	do {
		r = need(p, &names, BER_SET, part, &set);
		if (r < 0)
			return r;
		inside = ber_inside(&set);
		do
			r = attribute(p, &inside, part);
		while (r == 0 && bytes_left(&inside));
	} while (r == 0 && bytes_left(&names));
	if (r == 0)
		*ret = seq.content;
	return r;
}

static void add_span(struct strbuf *out, struct span s)
{
	strbuf_add(out, s.ptr, s.len);
}

static bool same_start(struct span a, struct span b, size_t n)
{
	return a.len >= n && b.len >= n && memcmp(a.ptr, b.ptr, n) == 0;
}

/* x509_fabricate_name(): O and CN, but for a CN that begins like O; or what there is. */
static void fabricate(struct name_parts *parts, struct strbuf *out)
{
	struct span o = parts->organisation, cn = parts->common;

	if (cn.len && o.len && !same_start(cn, o, o.len) && !same_start(cn, o, 7)) {
		add_span(out, o);
		strbuf_adds(out, ": ");
		add_span(out, cn);
	} else
		add_span(out, cn.len ? cn : o.len ? o : parts->email);
	*parts = (struct name_parts){0};
}

/* One Time. The decoder's choice remembers the last match: where nothing is left for the
 * second time, it takes the first once more. */
static int time_of(struct parse *p, struct bytes *in, struct ber *last,
		   struct cert_time *ret)
{
	int r = bytes_left(in) || !last->tag ? ber_maybe(in, BER_UTCTIME, last) : 1;

	if (r == 0)
		r = ber_need(in, BER_GENTIME, last);
	if (r < 0)
		return damaged(p, KEY_CLAUSE_DER, r, "the validity");
	if (!cert_time_parse(last, ret))
		return flaw(p, KEY_CLAUSE_DATES,
			    "a date is not written as RFC 5280 wants it");
	return 0;
}

static int validity(struct parse *p, struct bytes *in)
{
	struct ber seq, last = {0};
	struct bytes inside;
	int r = need(p, in, BER_SEQ, "the validity", &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = time_of(p, &inside, &last, &p->c->not_before);
	if (r == 0)
		r = time_of(p, &inside, &last, &p->c->not_after);
	return r < 0 ? r : ended(p, &inside, "the validity");
}

/* parse_OID(): one length byte, and at least one of the OID. */
static bool curve_of(struct span params, struct span *ret)
{
	struct bytes in = bytes_of(params.ptr, params.len);
	uint8_t tag, len;

	return params.len >= 3 && bytes_u8(&in, &tag) && tag == BER_OID &&
	       bytes_u8(&in, &len) && len == params.len - 2 &&
	       bytes_take(&in, bytes_left(&in), ret);
}

/* A BIT STRING without its first byte, which must say that no bits are unused. */
static bool bits_of(struct span content, struct span *ret)
{
	struct bytes in = bytes_of(content.ptr, content.len);
	uint8_t unused;

	return bytes_u8(&in, &unused) && unused == 0 &&
	       bytes_take(&in, bytes_left(&in), ret);
}

static int public_key(struct parse *p, struct bytes *in)
{
	struct cert *c = p->c;
	struct ber seq, bits;
	struct span params;
	struct bytes inside;
	int r = need(p, in, BER_SEQ, "the public key", &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = algorithm(p, &inside, "the key's algorithm", &c->alg_oid, &params);
	if (r == 0)
		r = need(p, &inside, BER_BITS, "the public key", &bits);
	if (r < 0)
		return r;
	if (cert_alg_has_curve(c->alg_oid) && !curve_of(params, &c->alg_curve))
		return flaw(p, KEY_CLAUSE_DER, "the key's curve has no name");
	c->alg = cert_alg_find(c->alg_oid, c->alg_curve);
	c->spki = seq.whole;
	if (!bits_of(bits.content, &c->key))
		return flaw(p, KEY_CLAUSE_DER, "the public key is damaged");
	return ended(p, &inside, "the public key");
}

/* The length byte is compared with one byte's worth, as the kernel does. */
static int skid(struct parse *p, struct span v)
{
	struct bytes in = bytes_of(v.ptr, v.len);
	uint8_t tag, len;

	if (p->c->skid.len || v.len < 3)
		return flaw(p, KEY_CLAUSE_SKID, "%s",
			    v.len < 3 ? "subjectKeyIdentifier is empty"
				      : "subjectKeyIdentifier is there twice");
	if (!bytes_u8(&in, &tag) || tag != BER_OCTETS || !bytes_u8(&in, &len) ||
	    len != v.len - 2)
		return flaw(p, KEY_CLAUSE_SKID, "subjectKeyIdentifier is damaged");
	(void)bytes_take(&in, bytes_left(&in), &p->c->skid);
	return 0;
}

/* keyUsage, bits as RFC 5280 4.2.1.3 numbers them. */
static void key_usage(struct cert *c, struct span v)
{
	struct bytes in = bytes_of(v.ptr, v.len);
	uint8_t tag = 0, len = 0, unused = 0, bits = 0;

	(void)(bytes_u8(&in, &tag) && bytes_u8(&in, &len) && bytes_u8(&in, &unused) &&
	       bytes_u8(&in, &bits));
	if (v.len < 4 || tag != BER_BITS || unused >= 8) {
		c->usage = CERT_EXT_BAD;
		return;
	}
	if (c->usage == CERT_EXT_NONE)
		c->usage = CERT_EXT_GOOD;
	if (bits & 0x80)
		c->digital_signature = true;
	if (bits & 0x04 && ((len == 2 && unused <= 2) || (v.len > 4 && len == 3)))
		c->key_cert_sign = true;
}

static void worse(enum cert_ext *ext, enum cert_ext by)
{
	if (by > *ext)
		*ext = by;
}

/* basicConstraints. 6.12.117 takes an empty SEQUENCE or one that begins with TRUE; the
 * first kernels that read it took any, and any BOOLEAN in front for a CA. */
static void constraints(struct cert *c, struct span v)
{
	struct bytes in = bytes_of(v.ptr, v.len);
	uint8_t tag, len, type = 0, size = 0, value = 0;

	if (!bytes_u8(&in, &tag) || tag != BER_SEQ || !bytes_u8(&in, &len) ||
	    len != v.len - 2) {
		c->constraints = CERT_EXT_BAD;
		return;
	}
	(void)(bytes_u8(&in, &type) && bytes_u8(&in, &size) && bytes_u8(&in, &value));
	if (len == 0)
		worse(&c->constraints, CERT_EXT_GOOD);
	else if (v.len >= 5 && type == BER_BOOL && size == 1 && value == 0xff) {
		worse(&c->constraints, CERT_EXT_GOOD);
		c->ca = true;
	} else {
		worse(&c->constraints, CERT_EXT_ODD);
		c->ca_odd |= v.len >= 4 && type == BER_BOOL && size == 1;
	}
}

/* x509_process_extension(). */
static int extension(struct parse *p, struct bytes *in)
{
	struct ber seq, oid, critical, value;
	struct bytes inside;
	int r = need(p, in, BER_SEQ, "an extension", &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = need(p, &inside, BER_OID, "an extension", &oid);
	if (r == 0)
		r = ber_maybe(&inside, BER_BOOL, &critical);
	if (r < 0)
		return damaged(p, KEY_CLAUSE_DER, r, "an extension");
	r = need(p, &inside, BER_OCTETS, "an extension", &value);
	if (r < 0)
		return r;
	if (span_equal(oid.content, OID("\x55\x1d\x0e")))
		r = skid(p, value.content);
	else if (span_equal(oid.content, OID("\x55\x1d\x0f")))
		key_usage(p->c, value.content);
	else if (span_equal(oid.content, OID("\x55\x1d\x13")))
		constraints(p->c, value.content);
	else if (span_equal(oid.content, OID("\x55\x1d\x23"))) {
		p->c->has_akid = true;
		p->akid = value.content;
	}
	return r < 0 ? r : ended(p, &inside, "an extension");
}

static int extensions(struct parse *p, struct bytes *in)
{
	struct ber outer, seq;
	struct bytes inside, list;
	int r = ber_maybe(in, BER_EXPLICIT | 3, &outer);

	if (r <= 0)
		return r < 0 ? damaged(p, KEY_CLAUSE_DER, r, "the extensions") : 0;
	inside = ber_inside(&outer);
	r = need(p, &inside, BER_SEQ, "the extensions", &seq);
	if (r < 0)
		return r;
	list = ber_inside(&seq);
	do
		r = extension(p, &list);
	while (r == 0 && bytes_left(&list));
	return r < 0 ? r : ended(p, &inside, "the extensions");
}

/* An optional element that says nothing to the kernel. */
static int pass_over(struct parse *p, struct bytes *in, uint8_t tag)
{
	struct ber unused;
	int r = ber_maybe(in, tag, &unused);

	return r < 0 ? damaged(p, KEY_CLAUSE_DER, r, "a unique identifier") : 0;
}

static int version(struct parse *p, struct bytes *in)
{
	struct ber outer, number;
	struct bytes inside;
	int r = ber_maybe(in, BER_EXPLICIT | 0, &outer);

	if (r <= 0)
		return r < 0 ? damaged(p, KEY_CLAUSE_DER, r, "the version") : 0;
	inside = ber_inside(&outer);
	r = need(p, &inside, BER_INT, "the version", &number);
	return r < 0 ? r : ended(p, &inside, "the version");
}

static int names_and_key(struct parse *p, struct bytes *in)
{
	struct cert *c = p->c;
	int r = name(p, in, "the issuer", &c->issuer);

	if (r < 0)
		return r;
	fabricate(&p->parts, &c->signer);
	r = validity(p, in);
	if (r == 0)
		r = name(p, in, "the subject", &c->subject);
	if (r < 0)
		return r;
	fabricate(&p->parts, &c->name);
	return public_key(p, in);
}

static int to_be_signed(struct parse *p, const struct ber *tbs)
{
	struct bytes in = ber_inside(tbs);
	struct span params;
	struct ber serial;
	int r = version(p, &in);

	if (r == 0)
		r = need(p, &in, BER_INT, "the serial number", &serial);
	if (r == 0)
		r = algorithm(p, &in, "the signature's algorithm", &p->c->sig_oid,
			      &params);
	if (r < 0)
		return r;
	p->c->serial = serial.content;
	p->c->sig = cert_sig_find(p->c->sig_oid);
	r = names_and_key(p, &in);
	if (r == 0)
		r = pass_over(p, &in, BER_CONTEXT | 1);
	if (r == 0)
		r = pass_over(p, &in, BER_CONTEXT | 2);
	if (r == 0)
		r = extensions(p, &in);
	return r < 0 ? r : ended(p, &in, "the certificate");
}

static int certificate(struct parse *p, struct bytes *in)
{
	struct cert *c = p->c;
	struct ber seq, tbs, bits;
	struct span params;
	struct bytes inside;
	int r = need(p, in, BER_SEQ, "the certificate", &seq);

	if (r < 0)
		return r;
	inside = ber_inside(&seq);
	r = need(p, &inside, BER_SEQ, "the certificate", &tbs);
	if (r == 0)
		r = to_be_signed(p, &tbs);
	if (r == 0)
		r = algorithm(p, &inside, "the signature's algorithm", &c->outer_oid,
			      &params);
	if (r == 0)
		r = need(p, &inside, BER_BITS, "the signature", &bits);
	if (r < 0)
		return r;
	c->tbs = tbs.whole;
	if (!span_equal(c->outer_oid, c->sig_oid))
		return flaw(p, KEY_CLAUSE_SAME_ALGORITHM, "they are different");
	if (!bits_of(bits.content, &c->signature))
		return flaw(p, KEY_CLAUSE_DER, "the signature is damaged");
	return ended(p, &inside, "the certificate");
}

static int akid_damaged(struct parse *p, int r)
{
	return damaged(p, KEY_CLAUSE_AKID, r, "authorityKeyIdentifier");
}

/* directoryName [4]: the contents of the Name in it, of the last one there is. */
static int directory_name(struct parse *p, const struct ber *general)
{
	struct bytes in = ber_inside(general);
	struct name_parts kept = p->parts;
	int r = name(p, &in, "authorityKeyIdentifier", &p->c->akid_issuer);

	p->parts = kept;
	if (r < 0 || bytes_left(&in)) {
		p->c->akid_issuer = (struct span){0};
		return flaw(p, KEY_CLAUSE_AKID, "authorityKeyIdentifier is damaged");
	}
	return 0;
}

/* GeneralNames. Other names than [4] are explicit in 6.1's grammar and implicit in
 * 6.12's, so that one of the two refuses nearly any of them. */
static int general_names(struct parse *p, const struct ber *names)
{
	struct bytes in = ber_inside(names);
	struct ber one;
	int r = 0;

	while (r == 0 && bytes_left(&in)) {
		r = ber_maybe(&in, BER_EXPLICIT | 4, &one);
		if (r > 0) {
			r = directory_name(p, &one);
			continue;
		}
		if (r == 0)
			r = ber_any(&in, &one);
		if (r < 0 || (one.tag & 0xc0) != BER_CONTEXT || (one.tag & 0x1f) > 8)
			return akid_damaged(p, r < 0 ? r : -EBADMSG);
		p->c->odd_akid = true;
		r = 0;
	}
	return r;
}

/* A second decoder runs over the last authorityKeyIdentifier when all else was read. */
static int authority(struct parse *p)
{
	struct bytes in = bytes_of(p->akid.ptr, p->akid.len), inside;
	struct ber seq, part;
	int r = ber_need(&in, BER_SEQ, &seq);

	if (r < 0)
		return akid_damaged(p, r);
	inside = ber_inside(&seq);
	r = ber_maybe(&inside, BER_CONTEXT | 0, &part);
	if (r > 0)
		p->c->akid = part.content;
	if (r >= 0)
		r = ber_maybe(&inside, BER_EXPLICIT | 1, &part);
	if (r > 0 && general_names(p, &part) < 0)
		return -EBADMSG;
	if (r >= 0)
		r = ber_maybe(&inside, BER_CONTEXT | 2, &part);
	if (r > 0)
		p->c->akid_serial = part.content;
	if (r < 0 || bytes_left(&inside))
		return akid_damaged(p, r < 0 ? r : -EBADMSG);
	return 0;
}

void cert_parse(struct cert *c)
{
	struct span der = strbuf_span(&c->der);
	struct bytes in = bytes_of(der.ptr, der.len);
	struct parse p = {.c = c};

	c->flaw = _KEY_CLAUSE_MAX;
	c->sig = _CERT_SIG_MAX;
	c->alg = _CERT_ALG_MAX;
	if (der.len > CERT_DER_MAX) {
		(void)flaw(&p, KEY_CLAUSE_SIZE, "it has %zu", der.len);
		return;
	}
	if (certificate(&p, &in) < 0)
		return;
	c->behind = bytes_left(&in);
	if (c->has_akid)
		(void)authority(&p);
}
