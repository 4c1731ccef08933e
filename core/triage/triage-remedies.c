/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done about a file that is denied, and what of it here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cert/keylive.h"
#include "core/triage/exempt.h"
#include "core/triage/triage-internal.h"

static bool has_label(const struct triage_found *f, enum imaxattr_attr a)
{
	return f->label && !f->label->err[a];
}

static bool is_signed(const struct triage_found *f)
{
	return has_label(f, IMAXATTR_IMA) && imaxattr_is_sig(&f->label->x[IMAXATTR_IMA]);
}

/* Why an attribute of the file cannot be set; NULL: it can. */
static const char *cannot_label(const struct triage *t, const struct triage_found *f)
{
	if (root_is_recorded(t->root))
		return "a recorded host can only be looked at";
	if (!f->is_file)
		return "there is no such file now";
	if (f->label && f->label->err[IMAXATTR_IMA] == EOPNOTSUPP)
		return "its file system has no extended attributes";
	if (f->facts.read_only)
		return "its file system is mounted read-only";
	if (f->facts.immutable)
		return "it is immutable (chattr -i takes that away)";
	return NULL;
}

static const char *cannot_hash(const struct triage *t, const struct triage_found *f)
{
	const struct triage_op *op = triage_first(f);
	const char *why = cannot_label(t, f);

	if (why)
		return why;
	if (is_signed(f))
		return "it carries a signature, which is never replaced by a hash: "
		       "remove it first (unsign)";
	if (op && op->asks.sig)
		return "the rule wants a signature";
	if (f->read_err)
		return "the policy denies reading it: label it with ima_appraise=fix or log, "
		       "or from another system";
	return NULL;
}

/* A signature of a key that the kernel lacks helps nobody: a remark, no hindrance. */
static const char *key_remark(const struct triage *t, enum imaxattr_attr a)
{
	const struct keyset *own = &t->own[a];
	struct span id = sig_key_id(t->key);

	for (size_t i = 0; i < own->n; i++) {
		const struct keyset_key *k = &own->keys[i];
		struct span has =
			k->key ? sig_key_id(k->key) : (struct span){k->id, sizeof(k->id)};

		if (span_equal(has, id))
			return "";
	}
	return t->judge.keys_guessed ? ""
				     : "the kernel does not have that key yet: load it";
}

static const char *cannot_sign(const struct triage *t, const struct triage_found *f)
{
	const char *why = cannot_label(t, f);

	if (why)
		return why;
	if (!t->key)
		return "name a private key to sign with: --key=FILE";
	if (f->read_err)
		return "the policy denies reading it: sign it on another system";
	return NULL;
}

static const char *cannot_load(const struct triage *t, const struct triage_found *f)
{
	if (root_is_recorded(t->root))
		return "a recorded host can only be looked at";
	if (!f->seen.ima.is && !f->seen.evm.is)
		return "it carries no signature";
	if (f->seen.ima.is ? f->seen.ima.verdict != SIG_NO_KEY
			   : f->seen.evm.verdict != SIG_NO_KEY)
		return "the kernel has its key: the file is not what was signed";
	return f->cert ? NULL
		       : "no certificate of that key lies in the usual places: "
			 "name one with --cert=FILE";
}

/* NULL: it is possible. *remark: what is to be said nevertheless. */
static const char *cannot(const struct triage *t, const struct triage_found *f,
			  enum remedy_id id, const char **remark)
{
	switch ((int)id) {
	case REMEDY_LABEL:
	case REMEDY_REHASH:
		return cannot_hash(t, f);
	case REMEDY_SIGN:
	case REMEDY_SIGN_3:
		*remark = t->key ? key_remark(t, IMAXATTR_IMA) : "";
		return cannot_sign(t, f);
	case REMEDY_SIGN_EVM:
		*remark = t->key ? key_remark(t, IMAXATTR_EVM) : "";
		return cannot_sign(t, f);
	case REMEDY_LOAD_KEY:
		return cannot_load(t, f);
	case REMEDY_UNSIGN:
		return has_label(f, IMAXATTR_IMA) ? cannot_label(t, f)
						  : "it has no label";
	case REMEDY_EXEMPT:
		return exempt_cannot(t, f);
	case REMEDY_REINSTALL:
		return *f->package ? NULL : "no package owns it";
	default:
		return NULL;
	}
}

struct remedy_about triage_about(const struct triage *t, const struct triage_found *f,
				 struct strbuf *keep)
{
	const struct triage_op *op = triage_first(f);

	strbuf_clear(keep);
	if (f->path.len)
		strbuf_addf(keep, "/%s", strbuf_str(&f->path));
	return (struct remedy_about){
		.path = keep->len ? strbuf_span(keep) : (struct span){0},
		.package = span_of(f->package ? f->package : ""),
		.cert = span_of(f->cert_file ? f->cert_file : ""),
		.key = span_of(t->key_from ? t->key_from : ""),
		.alg = span_of(hash_alg_name(hash_alg_best(op ? op->asks.algos : 0))),
		.rpm = t->packages && strcmp(pkgdb_kind(t->packages), "rpm") == 0,
		.root = t->root_dir,
	};
}

static void add(struct triage *t, struct triage_found *f, enum remedy_id id)
{
	struct triage_remedy *r = &f->remedy[f->n_remedies++];
	const char *remark = "", *why = cannot(t, f, id, &remark);
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct remedy_about about = triage_about(t, f, &keep);

	*r = (struct triage_remedy){.id = id, .possible = !why};
	(void)snprintf(r->why, sizeof(r->why), "%s", why ? why : remark);
	remedy_command(id, &about, &r->command);
	r->command.failed |= keep.failed;
}

/* In the table's order, what is possible first; twice through the list, as it is short. */
int triage_find_remedies(struct triage *t, struct triage_found *f)
{
	const struct auditcause *c = f->cause;
	enum remedy_id id;
	const char *remark;

	for (int round = 0; c && round < 2; round++)
		for (size_t i = 0; (id = auditcause_remedy(c, i)) >= 0; i++)
			if (f->n_remedies < TRIAGE_REMEDIES &&
			    !cannot(t, f, id, &remark) == !round)
				add(t, f, id);
	for (size_t i = 0; i < f->n_remedies; i++)
		if (f->remedy[i].command.failed)
			return -ENOMEM;
	return 0;
}

const struct triage_remedy *triage_remedy(const struct triage_found *f, struct span word)
{
	enum remedy_id id = remedy_from_word(word);

	for (size_t i = 0; i < f->n_remedies; i++)
		if (f->remedy[i].id == id)
			return &f->remedy[i];
	return NULL;
}
