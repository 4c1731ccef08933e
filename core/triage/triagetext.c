/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/triagetext.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/triage/triage-internal.h"

const char *triagetext_answer_word(enum triage_answer a)
{
	static const char *const words[] = {"no", "yes", "unknown"};

	return words[a];
}

const char *triagetext_package_word(enum triage_package p)
{
	static const char *const words[] = {"unowned", "unlisted", "as-shipped",
					    "changed", "unread"};

	return words[p];
}

void triagetext_why(const struct triage_found *f, struct strbuf *out)
{
	if (!f->cause)
		return;
	strbuf_add(out, f->word.ptr, f->word.len);
	strbuf_addf(out, "%s%s", f->word.len ? ": " : "", f->cause->means);
}

void triagetext_risk(const struct triage_found *f, struct strbuf *out)
{
	if (f->cause)
		strbuf_addf(out, "%s: %s", auditcause_severity_word(f->cause->severity),
			    f->cause->risk);
}

static void add_rule(const struct triage *t, const struct triage_op *op,
		     struct strbuf *out)
{
	const struct policy *p = &t->rules.policy;

	if (op->rule >= p->n_rules)
		return;
	strbuf_addf(out, "rule %zu (%s): ", op->rule + 1,
		    ruleset_origin_word(t->rules.origins[op->rule]));
	policy_print(out, &p->rules[op->rule]);
}

static const char *verb(const struct triage *t, const struct triage_found *f,
			const struct triage_op *op)
{
	const char *again = f->of_record ? " again" : "";

	if (!op->fails)
		return "may be denied: what decides is not known here";
	if (t->mode == APPRAISE_MODE_ENFORCE)
		return *again ? "would be denied again" : "would be denied";
	return *again ? "would fail again, and pass nevertheless: the mode does not "
			"enforce it"
		      : "would fail, and pass nevertheless: the mode does not enforce it";
}

static void why_not_known(const struct triage *t, const struct triage_found *f,
			  struct strbuf *out)
{
	if (t->no_rules.id != DIAG_NONE)
		strbuf_addf(out, "not known: %s", t->no_rules.text);
	else if (f->err)
		strbuf_addf(out, "not known: the file cannot be looked at: %s",
			    diag_errno(f->err));
	else
		strbuf_adds(out, "not known: no file is named");
}

void triagetext_now(const struct triage *t, const struct triage_found *f,
		    struct strbuf *out)
{
	const struct triage_op *op = triage_first(f);

	if (!f->is_file || t->no_rules.id != DIAG_NONE) {
		why_not_known(t, f, out);
		return;
	}
	if (f->read_err && f->again == TRIAGE_YES && (!op || !op->fails)) {
		strbuf_addf(out, "reading it is denied to imactl itself: %s",
			    diag_errno(f->read_err));
		return;
	}
	if (!op) {
		for (size_t i = 0; i < f->n_ops; i++)
			strbuf_addf(out, "%s%s", i ? ", " : "", f->op[i].word);
		strbuf_adds(out,
			    f->n_ops == 1 ? " would pass" : " would pass, all of them");
		return;
	}
	strbuf_addf(out, "%s %s", op->word, verb(t, f, op));
	if (op->fails && f->of_record && f->cause->appraise != op->cause)
		strbuf_addf(out, ", now with %s",
			    auditcause_word(auditcause_of(op->cause)));
	if (op->rule < t->rules.policy.n_rules) {
		strbuf_adds(out, "; ");
		add_rule(t, op, out);
	}
}

static void add_label(const struct label *l, enum imaxattr_attr a, struct strbuf *out)
{
	if (l->err[a] == ENODATA)
		strbuf_addf(out, "no %s", label_name(LABEL_SECURITY, a));
	else if (l->err[a])
		strbuf_addf(out, "%s cannot be read: %s", label_name(LABEL_SECURITY, a),
			    diag_errno(l->err[a]));
	else
		imaxattr_text(out, &l->x[a]);
}

static bool say_hash(const struct triage_found *f, struct strbuf *out)
{
	if (f->read_err) {
		strbuf_addf(out, "the contents cannot be read: %s",
			    diag_errno(f->read_err));
		return true;
	}
	if (f->seen.unread || !f->seen.digest.size)
		return false;
	strbuf_addf(out, "%s ", hash_alg_name(f->seen.digest.alg));
	strbuf_addhex(out, digest_span(&f->seen.digest));
	return true;
}

static bool say_signer(const struct triage_found *f, struct strbuf *out)
{
	const struct inspect_sig *s = f->seen.ima.is ? &f->seen.ima : &f->seen.evm;

	if (!s->is)
		return false;
	strbuf_addf(out, "the signature %s", keyset_verdict(s->verdict, s->key));
	if (s->key) {
		strbuf_adds(out, "; ");
		keyset_describe(out, s->key, false);
	} else if (f->cert) {
		strbuf_addf(out, "; its certificate is at hand: %s", f->cert_file);
	}
	return true;
}

static bool say_package(const struct triage_found *f, struct strbuf *out)
{
	static const char *const words[] = {
		[TRIAGE_UNOWNED] = "of no package",
		[TRIAGE_UNTOLD] = ", which does not list what the file holds",
		[TRIAGE_AS_SHIPPED] = ", and as the package brought it",
		[TRIAGE_CHANGED] = ", and not as the package brought it",
		[TRIAGE_UNREAD] = ", and cannot be compared: it cannot be read",
	};

	strbuf_addf(out, "%s%s%s", *f->package ? "of " : "", f->package,
		    words[f->shipped]);
	return true;
}

static bool say_inode(const struct triage_found *f, struct strbuf *out)
{
	if (f->same == TRIAGE_UNKNOWN)
		return false;
	strbuf_adds(out,
		    f->same == TRIAGE_YES
			    ? "still the file of the record"
			    : "another file than that of the record: it was replaced");
	return true;
}

static bool say_mount(const struct triage_found *f, struct strbuf *out)
{
	const struct policymatch_access *a = &f->place.access;

	if (a->no_fsname)
		strbuf_addf(out, "a file system 0x%llx", (unsigned long long)a->fsmagic);
	else
		strbuf_add(out, a->fsname.ptr, a->fsname.len);
	strbuf_addf(out, "%s%s%s", f->facts.read_only ? ", mounted read-only" : "",
		    f->facts.immutable ? "; the file is immutable (chattr +i)" : "",
		    f->facts.append ? "; the file is for appending only (chattr +a)"
				    : "");
	strbuf_addf(out, "; owner %u, mode %04o", f->facts.uid, f->facts.mode & 07777u);
	return true;
}

static bool say_rule(const struct triage *t, const struct triage_found *f,
		     struct strbuf *out)
{
	const struct triage_op *op = triage_first(f);

	if (t->no_rules.id != DIAG_NONE) {
		strbuf_addf(out, "the rules are not known: %s", t->no_rules.text);
		return true;
	}
	if (!op || op->rule >= t->rules.policy.n_rules)
		return false;
	add_rule(t, op, out);
	strbuf_addf(out, "%s",
		    t->rules.sure ? "" : " (not sure: what decides is hidden)");
	return true;
}

static bool say_evm(const struct triage *t, const struct triage_found *f,
		    struct strbuf *out)
{
	if (!t->evm.bits && f->label->err[IMAXATTR_EVM] == ENODATA)
		return false;
	add_label(f->label, IMAXATTR_EVM, out);
	if (t->evm.bits)
		strbuf_addf(out, "; %s", evm_status_means(f->seen.evm_status));
	return true;
}

bool triagetext_evidence(const struct triage *t, const struct triage_found *f,
			 enum auditcause_evidence e, struct strbuf *out)
{
	if (!f->is_file)
		return e == AUDITCAUSE_RULE && t->no_rules.id != DIAG_NONE &&
		       say_rule(t, f, out);
	switch (e) {
	case AUDITCAUSE_LABEL:
		add_label(f->label, IMAXATTR_IMA, out);
		return true;
	case AUDITCAUSE_HASH:
		return say_hash(f, out);
	case AUDITCAUSE_SIGNER:
		return say_signer(f, out);
	case AUDITCAUSE_PACKAGE:
		return say_package(f, out);
	case AUDITCAUSE_INODE:
		return say_inode(f, out);
	case AUDITCAUSE_MOUNT:
		return say_mount(f, out);
	case AUDITCAUSE_RULE:
		return say_rule(t, f, out);
	case AUDITCAUSE_EVM:
		return say_evm(t, f, out);
	case _AUDITCAUSE_EVIDENCE_MAX:
		break;
	}
	return false;
}
