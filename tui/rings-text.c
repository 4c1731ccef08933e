/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Keys screen says, as text: drawn, or printed in line mode. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cert/keylive.h"
#include "core/appraise/label.h"
#include "tui/rings.h"

DEFINE_CLEANUP(struct cert *, cert_free)

static const char *const rules[] = {
	[KEYRING_RULE_IMA] = "certificates that a trusted key has signed; newer kernels "
			     "want digitalSignature in their keyUsage",
	[KEYRING_RULE_TRUSTED] = "certificates that a trusted key has signed",
	[KEYRING_RULE_BUILTIN] = "certificates that a built-in key has signed",
	[KEYRING_RULE_USER] = "any certificate, from root",
	[KEYRING_RULE_BOOT] = "nothing: it is filled when the machine starts",
	[KEYRING_RULE_HASHES] = "digests, no certificates",
};

/* A field of foreign text. */
static void field(const struct rings *r, struct doc *d, const char *label,
		  struct span text)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	str_escape(&b, text, r->app->ascii);
	doc_field(d, label, STYLE_NORMAL, "%s", strbuf_str(&b));
}

/* Keyrings */

void rings_ring_text(const struct rings *r, enum keyring_id ring, struct strbuf *out)
{
	const struct keyring_ring *k = &r->host.rings.ring[ring];
	struct keyring_census n = keyring_count(&r->host.rings, ring);
	char count[48];

	strbuf_addf(out, "%s: ", keyring_words(ring));
	if (!k->serial)
		strbuf_adds(out, "not there yet");
	else if (k->members < 0)
		strbuf_adds(out, "what it holds cannot be seen");
	else if (!n.keys && !n.digests && !n.hidden)
		strbuf_adds(out, "empty");
	if (n.keys)
		strbuf_adds(out, str_counted(count, sizeof(count), (uint64_t)n.keys,
					     "key", "keys"));
	if (n.digests)
		strbuf_addf(out, "%s%s", n.keys ? ", " : "",
			    str_counted(count, sizeof(count), (uint64_t)n.digests,
					"digest", "digests"));
	if (n.hidden)
		strbuf_addf(out, "%s%d that cannot be seen",
			    n.keys || n.digests ? ", " : "", n.hidden);
}

void rings_missing_text(const struct rings *r, struct strbuf *out)
{
	for (int i = 0; i < _KEYRING_MAX; i++) {
		bool shown = false;

		for (size_t k = 0; k < r->n; k++)
			shown |= r->row[k].ring == (enum keyring_id)i;
		if (!shown)
			strbuf_addf(out, "%s %s", out->len ? "," : "Not there:",
				    keyring_name((enum keyring_id)i));
	}
}

void rings_title(const struct rings *r, struct strbuf *out)
{
	enum keyring_id files, meta;

	if (!r->loaded)
		return;
	if (!keyhost_sees(&r->host, IMAXATTR_IMA, &files) ||
	    !keyhost_sees(&r->host, IMAXATTR_EVM, &meta)) {
		strbuf_adds(out, "The kernel's own keyrings cannot be seen");
		return;
	}
	if (r->app->model.probe && !r->app->model.loose &&
	    probe_is(r->app->model.probe, PROBE_IMA, PROBE_NO)) {
		strbuf_adds(out, "This kernel has no IMA: it verifies no file");
		return;
	}
	strbuf_addf(out, "Files are verified with %s, metadata with %s",
		    keyring_name(files), keyring_name(meta));
}

/* Ids that files name and no key of the keyring has: those files do not verify. */
static void strangers(const struct rings *r, enum keyring_id ring, struct doc *d)
{
	enum imaxattr_attr attr = keylive_attr(ring, NULL);
	_cleanup_strbuf_ struct strbuf b = {0};
	struct tally_row row[6];
	size_t n = 0;
	char files[48];

	if (r->counted && ring == keylive_ring(&r->host.rings, attr))
		n = keyhost_strangers(&r->host, attr, r->use.ids[attr], row,
				      array_size(row));
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&b, i ? ", " : "");
		strbuf_addhex(&b, row[i].name);
		strbuf_addf(&b, " (%s)",
			    str_counted(files, sizeof(files), row[i].weight, "file",
					"files"));
	}
	if (n)
		doc_field(d, "Unknown", STYLE_WARN,
			  "files name keys that are not in it: %s%s", strbuf_str(&b),
			  n == array_size(row) ? ", .." : "");
}

static void ring_detail(const struct rings *r, enum keyring_id ring, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	bool user = keyring_rule(ring) == KEYRING_RULE_USER;

	rings_ring_text(r, ring, &b);
	doc_field(d, "Keyring", STYLE_NORMAL, "%s", keyring_name(ring));
	doc_field(d, "For", STYLE_NORMAL, "%s", strbuf_str(&b));
	doc_field(d, "Takes", STYLE_NORMAL, "%s", rules[keyring_rule(ring)]);
	doc_field(d, "Retiring", STYLE_NORMAL, "%s",
		  keyring_keeps(ring) ? "its keys stay until the machine is restarted"
				      : "its keys can be retired");
	strangers(r, ring, d);
	if (user)
		doc_field(d, "Why", STYLE_NORMAL,
			  "this kernel has no %s (CONFIG_INTEGRITY_TRUSTED_KEYRING): it "
			  "takes what root put here, whoever signed it",
			  ring == KEYRING_EVM_USER ? ".evm" : ".ima");
	if (user && !r->host.rings.ring[ring].serial)
		doc_field(d, "To begin", STYLE_NORMAL,
			  "%s loads a certificate, and makes the keyring",
			  r->app->plain ? "4" : "a");
}

static void missing_detail(const struct rings *r, struct doc *d)
{
	d->label_w = DOC_LABEL_MAX;
	doc_text(d, STYLE_NORMAL,
		 "This kernel was built without these keyrings, or they "
		 "have not been made:");
	for (int i = 0; i < _KEYRING_MAX; i++)
		if (!r->host.rings.ring[i].serial)
			doc_field(d, keyring_name((enum keyring_id)i), STYLE_NORMAL, "%s",
				  keyring_words((enum keyring_id)i));
}

/* Keys */

static void counts(const struct rings *r, const struct rings_row *row, struct doc *d)
{
	const char *attr = label_name(LABEL_SECURITY, keylive_attr(row->ring, NULL));
	uint64_t files, measured;
	char n[48];

	if (rings_files(r, row, &files))
		doc_field(d, "Files", STYLE_NORMAL,
			  "%s of those that the policy appraises name it in %s",
			  str_count(n, sizeof(n), files), attr);
	else if (!r->app->model.recorded)
		doc_field(d, "Files", STYLE_DIM,
			  "not counted: c counts those that name it");
	if (rings_measured(r, row, &measured))
		doc_field(d, "Measured", STYLE_NORMAL,
			  "%s in the measurement list %s signed with it",
			  str_counted(n, sizeof(n), measured, "file", "files"),
			  measured == 1 ? "is" : "are");
}

static void validity(const struct rings *r, const struct keyring_key *k,
		     const struct cert *c, struct doc *d)
{
	char from[24], to[24], until[40];
	enum style s;

	(void)rings_until(r, k, until, &s);
	if (k->dead)
		doc_field(d, "Valid", s, "revoked or timed out: it verifies nothing");
	else if (c)
		doc_field(d, "Valid", s, "%s to %s%s", cert_date(&c->not_before, from),
			  cert_date(&c->not_after, to),
			  s == STYLE_BAD    ? ": expired (kernels ignore dates)"
			  : s == STYLE_WARN ? ": expires soon (kernels ignore dates)"
					    : "");
	else
		doc_field(d, "Valid", STYLE_DIM,
			  "not known: its certificate is not at hand");
}

static void identity(const struct rings *r, const struct keyring_key *k, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	uint8_t id[CERT_KEYID];

	field(r, d, "Name", k->name);
	if (keyhost_keyid(&r->host, k, id))
		strbuf_addhex(&b, (struct span){id, sizeof(id)});
	else
		strbuf_adds(&b, "not known without its certificate");
	strbuf_adds(&b, k->keyid.len ? "  of SKID " : "  of serial number ");
	str_escape(&b, k->id, r->app->ascii);
	doc_field(d, "Key id", STYLE_NORMAL, "%s", strbuf_str(&b));
}

/* Would it get in today? The clauses, each with what it says. */
static void clauses(const struct keycheck *check, struct doc *d)
{
	for (int i = 0; i < _KEY_CLAUSE_MAX; i++) {
		const struct keycheck_clause *of = &check->of[i];
		bool open = of->state != KEYCHECK_HOLDS && of->state != KEYCHECK_ASSUMED;
		enum style s = of->state == KEYCHECK_FAILS ? STYLE_BAD
			       : open			   ? STYLE_WARN
							   : STYLE_NORMAL;

		if (of->state == KEYCHECK_NOT_ASKED)
			continue;
		doc_mark(d, keycheck_state_mark(of->state), s, "%s%s%s",
			 keycheck_clause_words((enum key_clause)i), *of->text ? ": " : "",
			 of->text);
		if (open)
			doc_mark(d, "    ", STYLE_DIM, "%s",
				 keycheck_clause_kernel((enum key_clause)i));
	}
}

/* @loaded: it is in the keyring already, and how it came there is past. */
static void remarks(const struct keycheck *check, bool loaded, struct doc *d)
{
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		if (check->remark[i] &&
		    !(loaded && (i == KEY_REMARK_SAME_NAME || i == KEY_REMARK_PEM)))
			doc_mark(d, "Note:", STYLE_WARN, "%s",
				 keycheck_remark_words((enum key_remark)i));
}

static void verdict(const struct keycheck *check, enum keyring_id ring, struct doc *d)
{
	static const enum style styles[] = {STYLE_GOOD, STYLE_BAD, STYLE_WARN,
					    STYLE_WARN};

	doc_field(d, "Verdict", styles[check->verdict], "into %s: %s%s%s%s",
		  keyring_name(ring), keycheck_verdict_words(check->verdict),
		  check->err ? " (" : "", check->err ? strerrorname_np(check->err) : "",
		  check->err ? ")" : "");
	if (check->verdict == KEYCHECK_REFUSED && check->clause < _KEY_CLAUSE_MAX)
		doc_field(d, "Because", STYLE_BAD, "this does not hold: %s",
			  keycheck_clause_words(check->clause));
	if (check->verdict == KEYCHECK_IT_DEPENDS || check->verdict == KEYCHECK_NOT_KNOWN)
		doc_field(d, "", STYLE_NORMAL,
			  "'imactl key check --ask CERT' asks the kernel itself");
}

static void check_text(const struct rings *r, const struct cert *c, enum keyring_id ring,
		       bool loaded, struct doc *d)
{
	struct keycheck check;

	keyhost_check(&r->host, c, ring, &check);
	verdict(&check, ring, d);
	remarks(&check, loaded, d);
	doc_blank(d);
	doc_title(d, "Conditions, in the order in which the kernel asks");
	clauses(&check, d);
}

static void cert_fields(const struct rings *r, const struct cert *c, struct doc *d)
{
	field(r, d, "Signed by", span_of(strbuf_str(&c->signer)));
	doc_field(d, "Kind", STYLE_NORMAL, "%s, signature %s", cert_alg_words(c->alg),
		  cert_sig_words(c->sig));
}

static void key_detail(const struct rings *r, const struct rings_row *row, struct doc *d,
		       bool whole)
{
	const struct keyring_key *k = row->key;
	const char *from;
	const struct cert *c = keyhost_cert(&r->host, k, &from);

	identity(r, k, d);
	validity(r, k, c, d);
	if (c)
		cert_fields(r, c, d);
	else
		field(r, d, "Kind", k->algorithm);
	counts(r, row, d);
	if (c)
		field(r, d, "Cert.", span_of(from));
	if (!whole)
		return;
	doc_field(d, "Keyring", STYLE_NORMAL, "%s (%s), serial %08x",
		  keyring_name(row->ring), keyring_words(row->ring), (unsigned)k->serial);
	doc_blank(d);
	if (c) {
		doc_title(d, "Would the kernel take this certificate today?");
		check_text(r, c, row->ring, true, d);
		return;
	}
	doc_text(
		d, STYLE_NORMAL,
		"The kernel gives no certificate back: dates, signer and conditions stand "
		"in it. It is looked for in /etc/keys, /etc/keys/ima, /etc/keys/evm and the "
		"like.");
}

void rings_detail(const struct rings *r, const struct rings_row *row, struct doc *d,
		  bool whole)
{
	if (row->ring == _KEYRING_MAX)
		missing_detail(r, d);
	else if (!row->key)
		ring_detail(r, row->ring, d);
	else
		key_detail(r, row, d, whole);
}

int rings_check(const struct rings *r, const char *file, enum keyring_id ring,
		struct doc *d, struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *c = NULL;
	_cleanup_strbuf_ struct strbuf skid = {0};
	int err = cert_read_at(AT_FDCWD, file, &c, reterr);
	char from[24], to[24];

	if (err < 0)
		return err;
	field(r, d, "File", span_of(file));
	if (c->spki.len) {
		field(r, d, "Name", span_of(strbuf_str(&c->name)));
		strbuf_addhex(&skid, c->skid);
		doc_field(d, "SKID", STYLE_NORMAL, "%s",
			  c->skid.len ? strbuf_str(&skid) : "none");
		doc_field(d, "Valid", STYLE_NORMAL, "%s to %s",
			  cert_date(&c->not_before, from), cert_date(&c->not_after, to));
		cert_fields(r, c, d);
	}
	check_text(r, c, ring, false, d);
	return 0;
}

/* Plans */

void rings_load_text(const struct keycheck *check, struct doc *d)
{
	remarks(check, false, d);
	if (check->verdict != KEYCHECK_ACCEPTED)
		doc_text(d, STYLE_WARN,
			 "Whether the kernel takes it cannot be told: it will say.");
	doc_text(d, STYLE_NORMAL,
		 "At the next start an initramfs looks for keys in /etc/keys/ima and "
		 "/etc/keys/evm.");
}

void rings_retire_text(const struct rings *r, const struct keyloss *loss, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	keyloss_format(&b, loss, r->app->ascii);
	doc_lines(d, STYLE_NORMAL, &b);
}

void rings_nothing(const struct rings *r, struct doc *d)
{
	const struct model *m = &r->app->model;

	if (m->recorded && r->failed.err == ENOENT) {
		doc_title(d, "Nothing is known of this host's keyrings");
	} else if (r->failed.id) {
		doc_title(d, "The keyrings cannot be looked at");
		doc_text(d, STYLE_NORMAL, "%s: %s %s", diag_code(r->failed.id),
			 r->failed.text, diag_hint(r->failed.id));
	} else if (!r->loaded) {
		doc_text(d, STYLE_DIM, "Reading the keyrings ...");
		return;
	} else {
		doc_title(d, "There is no keyring to show");
	}
	if (m->recorded)
		doc_text(
			d, STYLE_NORMAL,
			"They were not recorded: 'imactl bundle DIR', run as root on the "
			"machine, records them.");
	else if (geteuid() != 0)
		doc_text(
			d, STYLE_NORMAL,
			"The kernel shows its own keyrings to root alone. Leave with q and "
			"start again: sudo imactl");
	else
		doc_text(
			d, STYLE_NORMAL,
			"Root of a container does not see the kernel's own keyrings: look "
			"on the machine itself. a loads a certificate into a keyring of "
			"your own, v says whether a kernel would take one.");
	doc_blank(d);
	doc_text(
		d, STYLE_NORMAL,
		"Here stand the keys that decide which signatures on files the kernel "
		"believes: until when they are valid, who signed them, and how many files "
		"rest on each.");
}
