/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cert/keycheck-internal.h"

static const struct {
	const char *key, *words, *kernel;
	int err;
} clauses[_KEY_CLAUSE_MAX] = {
#define KEY_CLAUSE(id, key, err, words, kernel)                                          \
	[KEY_CLAUSE_##id] = {key, words, kernel, err},
#include "core/cert/key-clauses.inc"
#undef KEY_CLAUSE
};

static const struct {
	const char *key, *words;
} remarks[_KEY_REMARK_MAX] = {
#define KEY_REMARK(id, key, words) [KEY_REMARK_##id] = {key, words},
#include "core/cert/key-remarks.inc"
#undef KEY_REMARK
};

const char *keycheck_clause_key(enum key_clause c)
{
	return clauses[c].key;
}

const char *keycheck_clause_words(enum key_clause c)
{
	return clauses[c].words;
}

const char *keycheck_clause_kernel(enum key_clause c)
{
	return clauses[c].kernel;
}

const char *keycheck_remark_key(enum key_remark r)
{
	return remarks[r].key;
}

const char *keycheck_remark_words(enum key_remark r)
{
	return remarks[r].words;
}

const char *keycheck_state_name(enum keycheck_state s)
{
	static const char *const names[] = {"not-asked", "holds",   "fails",
					    "depends",	 "unknown", "assumed"};

	return names[s];
}

const char *keycheck_verdict_name(enum keycheck_verdict v)
{
	static const char *const names[] = {"accepted", "refused", "depends", "unknown"};

	return names[v];
}

const char *keycheck_state_mark(enum keycheck_state s)
{
	static const char *const marks[] = {"", "[OK]", "[!!]", "[??]", "[??]", "[--]"};

	return marks[s];
}

const char *keycheck_verdict_words(enum keycheck_verdict v)
{
	static const char *const words[] = {"accepted", "refused", "it depends",
					    "cannot be told"};

	return words[v];
}

static void set(struct keycheck_clause *c, enum keycheck_state state, int err,
		const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void set(struct keycheck_clause *c, enum keycheck_state state, int err,
		const char *fmt, va_list ap)
{
	c->state = state;
	c->err = err;
	(void)vsnprintf(c->text, sizeof(c->text), fmt, ap);
}

void keycheck_set(struct keycheck_ctx *x, enum key_clause clause,
		  enum keycheck_state state, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(&x->out->of[clause], state, state == KEYCHECK_FAILS ? clauses[clause].err : 0,
	    fmt, ap);
	va_end(ap);
}

void keycheck_fail(struct keycheck_ctx *x, enum key_clause clause, int err,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(&x->out->of[clause], KEYCHECK_FAILS, err, fmt, ap);
	va_end(ap);
}

static void holds(struct keycheck_ctx *x, enum key_clause clause)
{
	keycheck_set(x, clause, KEYCHECK_HOLDS, "%s", "");
}

/* A clause that kernels with a certain capability ask. @good: it would hold. */
static void ask_if(struct keycheck_ctx *x, enum key_clause clause,
		   enum keycap_answer asks, bool good, const char *what)
{
	if (asks == KEYCAP_NO)
		keycheck_set(x, clause, KEYCHECK_NOT_ASKED, "this kernel does not ask");
	else if (good)
		holds(x, clause);
	else if (asks == KEYCAP_YES)
		keycheck_set(x, clause, KEYCHECK_FAILS, "%s", what);
	else
		keycheck_set(x, clause, KEYCHECK_DEPENDS,
			     "%s; newer kernels refuse that, 6.1 does not ask", what);
}

/* The whole of it was read; an AKID comes after everything else. */
static bool was_read(const struct cert *c)
{
	return c->flaw == _KEY_CLAUSE_MAX || c->flaw == KEY_CLAUSE_AKID;
}

static void writable(struct keycheck_ctx *x)
{
	const struct keycheck_in *in = x->in;
	enum keyring_rule rule = keyring_rule(in->ring);
	const char *name = keyring_name(in->ring);
	bool there = in->rings && in->rings->ring[in->ring].serial;

	if (rule == KEYRING_RULE_BOOT)
		keycheck_set(x, KEY_CLAUSE_WRITABLE, KEYCHECK_FAILS,
			     "%s is filled when the machine starts", name);
	else if (rule == KEYRING_RULE_HASHES)
		keycheck_fail(x, KEY_CLAUSE_WRITABLE, EOPNOTSUPP,
			      "%s holds digests, not certificates", name);
	else if (there)
		holds(x, KEY_CLAUSE_WRITABLE);
	else if (rule == KEYRING_RULE_USER)
		keycheck_set(x, KEY_CLAUSE_WRITABLE, KEYCHECK_HOLDS,
			     "%s is made by user space: 'key load' makes it", name);
	else if ((in->rings && in->rings->complete) ||
		 (rule == KEYRING_RULE_IMA &&
		  in->caps->answer[KEYCAP_TRUSTED] == KEYCAP_NO))
		keycheck_fail(x, KEY_CLAUSE_WRITABLE, ENOKEY, "this kernel has no %s",
			      name);
	else if (!in->rings)
		keycheck_set(x, KEY_CLAUSE_WRITABLE, KEYCHECK_ASSUMED,
			     "%s is there when the kernel has it", name);
	else
		keycheck_set(x, KEY_CLAUSE_WRITABLE, KEYCHECK_UNKNOWN,
			     "only the machine's root sees whether there is a %s", name);
}

/* What the parser came upon is a clause of its own; those before it held. */
static void encoding(struct keycheck_ctx *x)
{
	static const enum key_clause parsed[] = {KEY_CLAUSE_SIZE,
						 KEY_CLAUSE_DER,
						 KEY_CLAUSE_DATES,
						 KEY_CLAUSE_SKID,
						 KEY_CLAUSE_SAME_ALGORITHM,
						 KEY_CLAUSE_AKID};
	const struct cert *c = x->in->cert;

	for (size_t i = 0; i < array_size(parsed); i++)
		if (c->flaw == _KEY_CLAUSE_MAX || parsed[i] < c->flaw)
			holds(x, parsed[i]);
	if (c->flaw < _KEY_CLAUSE_MAX && c->unsure)
		keycheck_set(x, c->flaw, KEYCHECK_UNKNOWN, "%s", c->flaw_text);
	else if (c->flaw < _KEY_CLAUSE_MAX)
		keycheck_set(x, c->flaw, KEYCHECK_FAILS, "%s", c->flaw_text);
	else if (c->odd_akid)
		keycheck_set(x, KEY_CLAUSE_AKID, KEYCHECK_DEPENDS,
			     "it holds names of a kind that some kernels cannot read");
}

static void known(struct keycheck_ctx *x, enum key_clause clause, struct span oid,
		  enum cert_known which, const char *words)
{
	enum keycap_answer a = keycap_knows(x->in->caps, which);
	_cleanup_strbuf_ struct strbuf text = {0};

	cert_oid_text(&text, oid);
	if (!oid.len)
		return;
	if (a == KEYCAP_YES)
		keycheck_set(x, clause, KEYCHECK_HOLDS, "%s", words);
	else if (a == KEYCAP_NO)
		keycheck_set(x, clause, KEYCHECK_FAILS, "%s", words);
	else if (which == _CERT_KNOWN_MAX)
		keycheck_set(x, clause, KEYCHECK_UNKNOWN, "%s, %.60s", words,
			     strbuf_str(&text));
	else
		keycheck_set(x, clause, KEYCHECK_DEPENDS, "some kernels know %s", words);
}

static void algorithms(struct keycheck_ctx *x)
{
	const struct cert *c = x->in->cert;

	known(x, KEY_CLAUSE_SIGNATURE_ALGORITHM, c->sig_oid, cert_sig_known(c->sig),
	      cert_sig_words(c->sig));
	known(x, KEY_CLAUSE_KEY_ALGORITHM, c->spki.len ? c->alg_oid : c->spki,
	      cert_alg_known(c->alg), cert_alg_words(c->alg));
}

static void extensions(struct keycheck_ctx *x)
{
	enum keycap_answer reads = x->in->caps->answer[KEYCAP_EXTENSIONS];
	const struct cert *c = x->in->cert;

	ask_if(x, KEY_CLAUSE_KEY_USAGE, reads, c->usage != CERT_EXT_BAD, "it is damaged");
	if (c->constraints == CERT_EXT_ODD && reads != KEYCAP_NO)
		keycheck_set(x, KEY_CLAUSE_CONSTRAINTS, KEYCHECK_DEPENDS,
			     "it is not in DER (FALSE is left out there); 6.12 refuses "
			     "that, the first kernels that read it do not");
	else
		ask_if(x, KEY_CLAUSE_CONSTRAINTS, reads, c->constraints != CERT_EXT_BAD,
		       "it is damaged");
}

enum keycheck_state keycheck_signature(const struct keycheck_ctx *x,
				       const struct cert *signer, int *ret_err, char *why,
				       size_t size)
{
	enum keycap_answer can = keycap_verifies(x->in->caps, signer->alg);
	enum keycap_answer fips = x->in->caps->answer[KEYCAP_FIPS];
	int strict_err = 0, r = cert_signed_by(x->in->cert, signer, false, ret_err);
	bool differs = r == 1 && fips != KEYCAP_NO &&
		       cert_signed_by(x->in->cert, signer, true, &strict_err) == 0;

	if (can == KEYCAP_NO &&
	    cert_sig_family(x->in->cert->sig) == cert_alg_family(signer->alg)) {
		*ret_err = ENOENT; /* crypto_alloc_akcipher() */
		(void)snprintf(why, size, "this kernel has no %s",
			       cert_alg_words(signer->alg));
		return KEYCHECK_FAILS;
	}
	(void)snprintf(why, size, "its signature does not fit the key");
	if (r < 0)
		(void)snprintf(why, size, "OpenSSL cannot check the signature");
	else if (r == 0)
		return KEYCHECK_FAILS;
	else if (can != KEYCAP_YES)
		(void)snprintf(why, size, "whether the kernel has %s is not certain",
			       cert_alg_words(signer->alg));
	else if (differs)
		(void)snprintf(why, size, "in FIPS mode the key is too short");
	if (r == 1 && can == KEYCAP_YES && !differs)
		return KEYCHECK_HOLDS;
	*ret_err = strict_err;
	return differs && fips == KEYCAP_YES ? KEYCHECK_FAILS
	       : r < 0			     ? KEYCHECK_UNKNOWN
					     : KEYCHECK_DEPENDS;
}

/* x509_check_for_self_signed(). Where the kernel lacks the hash it does not look. */
static void self_signed(struct keycheck_ctx *x)
{
	const struct cert *c = x->in->cert;
	enum keycap_answer hash = keycap_hash(x->in->caps, cert_sig_hash(c->sig));
	enum keycheck_state state;
	char why[120];
	bool half;
	int err = 0;

	if (!cert_names_itself(c, &half))
		return;
	if (half) {
		keycheck_set(x, KEY_CLAUSE_SELF_IDS, KEYCHECK_FAILS,
			     "one id of its issuer is its own, the other is not");
		return;
	}
	holds(x, KEY_CLAUSE_SELF_IDS);
	if (hash == KEYCAP_NO)
		return;
	state = keycheck_signature(x, c, &err, why, sizeof(why));
	if (state == KEYCHECK_HOLDS)
		holds(x, KEY_CLAUSE_SELF_SIGNATURE);
	else if (state == KEYCHECK_FAILS && hash == KEYCAP_YES)
		keycheck_fail(x, KEY_CLAUSE_SELF_SIGNATURE, err, "%s", why);
	else
		keycheck_set(x, KEY_CLAUSE_SELF_SIGNATURE,
			     state == KEYCHECK_FAILS ? KEYCHECK_DEPENDS : state, "%s",
			     why);
}

/* Of a certificate without a digest every entry could be the one. */
int keycheck_blacklisted(const struct keyring_set *rings, const struct cert *c)
{
	struct digest d;

	if (cert_tbs_digest(c, &d) == 0)
		return keyring_blacklists(rings, "tbs", digest_span(&d));
	for (int i = 0; i < rings->ring[KEYRING_BLACKLIST].members; i++) {
		const struct keyring_key *k = keyring_member(rings, KEYRING_BLACKLIST, i);

		if (!k || (k->description.len > 4 &&
			   memcmp(k->description.ptr, "tbs:", 4) == 0))
			return -1;
	}
	return rings->ring[KEYRING_BLACKLIST].members < 0 ? -1 : 0;
}

static void blacklist(struct keycheck_ctx *x)
{
	const struct keycheck_in *in = x->in;
	int r;

	if (in->caps->answer[KEYCAP_BLACKLISTS] == KEYCAP_NO ||
	    (in->rings && in->rings->complete &&
	     !in->rings->ring[KEYRING_BLACKLIST].serial)) {
		keycheck_set(x, KEY_CLAUSE_BLACKLIST, KEYCHECK_HOLDS,
			     "this kernel has no blacklist");
		return;
	}
	if (!in->rings) {
		keycheck_set(x, KEY_CLAUSE_BLACKLIST, KEYCHECK_ASSUMED,
			     "a configuration does not say what a machine blacklists");
		return;
	}
	r = keycheck_blacklisted(in->rings, in->cert);
	if (r == 0 || keycap_hash(in->caps, cert_sig_hash(in->cert->sig)) == KEYCAP_NO)
		holds(x, KEY_CLAUSE_BLACKLIST);
	else if (r > 0)
		keycheck_set(x, KEY_CLAUSE_BLACKLIST, KEYCHECK_FAILS,
			     "its digest is in .blacklist");
	else
		keycheck_set(x, KEY_CLAUSE_BLACKLIST, KEYCHECK_UNKNOWN,
			     "what is in .blacklist cannot be seen");
}

/* restrict_link_by_digsig(). */
static void purpose(struct keycheck_ctx *x)
{
	enum keycap_answer asks = x->in->caps->answer[KEYCAP_DIGSIG];
	const struct cert *c = x->in->cert;

	if (keyring_rule(x->in->ring) != KEYRING_RULE_IMA)
		return;
	ask_if(x, KEY_CLAUSE_DIGITAL_SIGNATURE, asks, c->digital_signature,
	       c->usage == CERT_EXT_NONE ? "it has no keyUsage"
					 : "its keyUsage lacks digitalSignature");
	ask_if(x, KEY_CLAUSE_NO_CA, asks, !c->ca && !c->ca_odd,
	       "its basicConstraints say that it is a CA's");
	ask_if(x, KEY_CLAUSE_NO_CERT_SIGN, asks, !c->key_cert_sign,
	       "its keyUsage has keyCertSign");
}

static void hash(struct keycheck_ctx *x)
{
	enum hash_alg alg = cert_sig_hash(x->in->cert->sig);
	enum keycap_answer a = keycap_hash(x->in->caps, alg);

	if (keyring_rule(x->in->ring) == KEYRING_RULE_USER)
		return;
	if (a == KEYCAP_YES)
		keycheck_set(x, KEY_CLAUSE_HASH, KEYCHECK_HOLDS, "%s",
			     hash_alg_name(alg));
	else if (a == KEYCAP_NO)
		keycheck_set(x, KEY_CLAUSE_HASH, KEYCHECK_FAILS, "it lacks %s",
			     hash_alg_name(alg));
	else
		keycheck_set(x, KEY_CLAUSE_HASH, KEYCHECK_DEPENDS,
			     a == KEYCAP_MODULE ? "%s is a module, which must be loadable"
						: "whether it has %s is not known",
			     hash_alg_name(alg));
}

static void conclude(struct keycheck *out)
{
	bool sure = true, unknown = false, certain_err = true;

	out->clause = _KEY_CLAUSE_MAX;
	for (int i = 0; i < _KEY_CLAUSE_MAX; i++) {
		enum keycheck_state s = out->of[i].state;

		if (s == KEYCHECK_FAILS && out->clause == _KEY_CLAUSE_MAX) {
			out->clause = (enum key_clause)i;
			certain_err = sure;
		}
		sure &= s != KEYCHECK_DEPENDS && s != KEYCHECK_UNKNOWN;
		unknown |= s == KEYCHECK_UNKNOWN;
	}
	if (out->clause < _KEY_CLAUSE_MAX) {
		out->verdict = KEYCHECK_REFUSED;
		out->err = certain_err ? out->of[out->clause].err : 0;
	} else
		out->verdict = sure	 ? KEYCHECK_ACCEPTED
			       : unknown ? KEYCHECK_NOT_KNOWN
					 : KEYCHECK_IT_DEPENDS;
}

/* No restriction that user space can set asks these. */
static bool is_asked(enum key_clause c)
{
	return c != KEY_CLAUSE_WRITABLE && c != KEY_CLAUSE_DIGITAL_SIGNATURE &&
	       c != KEY_CLAUSE_NO_CA && c != KEY_CLAUSE_NO_CERT_SIGN;
}

void keycheck_settle(struct keycheck *check, int err)
{
	bool blamed = false;

	for (int i = 0; i < _KEY_CLAUSE_MAX; i++) {
		struct keycheck_clause *c = &check->of[i];
		bool open = c->state == KEYCHECK_DEPENDS ||
			    c->state == KEYCHECK_UNKNOWN || c->state == KEYCHECK_FAILS;

		if (!open || !is_asked((enum key_clause)i))
			continue;
		if (err == 0)
			c->state = KEYCHECK_HOLDS;
		else if (!blamed && (clauses[i].err == err || c->err == err)) {
			c->state = KEYCHECK_FAILS;
			c->err = err;
			blamed = true;
		}
	}
	conclude(check);
	if (err && check->verdict != KEYCHECK_REFUSED)
		check->verdict = KEYCHECK_REFUSED;
	if (err)
		check->err = err;
}

/* Is the id of a key in @ring that a signature by this certificate would name? */
static bool id_in(const struct keycheck_in *in, enum keyring_id ring, bool same_name)
{
	_cleanup_strbuf_ struct strbuf want = {0};

	if (!in->rings || (!in->cert->skid.len && !same_name))
		return false;
	if (same_name)
		cert_description(in->cert, &want);
	else
		strbuf_addhex(&want, in->cert->skid);
	for (int i = 0; i < in->rings->ring[ring].members; i++) {
		const struct keyring_key *k = keyring_member(in->rings, ring, i);

		if (k &&
		    span_equal(same_name ? k->description : k->id, strbuf_span(&want)))
			return true;
	}
	return false;
}

static bool useless(const struct keycheck_in *in)
{
	bool fips = in->caps->answer[KEYCAP_FIPS] == KEYCAP_YES;
	char why[160];

	return was_read(in->cert) &&
	       (!cert_key_usable(in->cert, fips, why, sizeof(why)) ||
		keycap_verifies(in->caps, in->cert->alg) == KEYCAP_NO);
}

static void remark(const struct keycheck_in *in, struct keycheck *out)
{
	const struct cert *c = in->cert;
	bool *r = out->remark;

	r[KEY_REMARK_PEM] = c->pem;
	r[KEY_REMARK_BEHIND] = c->behind != 0;
	r[KEY_REMARK_EXPIRED] = c->not_after.known && c->not_after.seconds < in->now;
	r[KEY_REMARK_NOT_YET] = c->not_before.known && c->not_before.seconds > in->now;
	r[KEY_REMARK_NO_SKID] = was_read(c) && !c->skid.len;
	r[KEY_REMARK_SAME_NAME] = was_read(c) && id_in(in, in->ring, true);
	r[KEY_REMARK_IMA_BLACKLIST] = id_in(in, KEYRING_IMA_BLACKLIST, false);
	r[KEY_REMARK_USELESS] = useless(in);
	r[KEY_REMARK_NEWER] = was_read(c) && keyring_rule(in->ring) == KEYRING_RULE_IMA &&
			      in->caps->answer[KEYCAP_DIGSIG] != KEYCAP_YES &&
			      (!c->digital_signature || c->ca || c->key_cert_sign);
	r[KEY_REMARK_OTHER_RING] = keyring_rule(in->ring) == KEYRING_RULE_USER &&
				   in->rings && in->rings->ring[KEYRING_IMA].serial;
}

void keycheck_run(const struct keycheck_in *in, struct keycheck *ret)
{
	struct keycheck_ctx x = {.in = in, .out = ret};

	*ret = (struct keycheck){0};
	writable(&x);
	encoding(&x);
	algorithms(&x);
	if (was_read(in->cert) || in->cert->flaw == KEY_CLAUSE_SAME_ALGORITHM)
		extensions(&x);
	if (was_read(in->cert)) {
		self_signed(&x);
		blacklist(&x);
		purpose(&x);
		hash(&x);
		keycheck_issuer(&x);
	}
	conclude(ret);
	remark(in, ret);
}
