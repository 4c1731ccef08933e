/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/entrytext.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/list/export.h"
#include "core/list/msig.h"

enum { SHOWN_MAX = 2048 }; /* bytes of one field in the detail: the rest is for export */

void entrytext_done(struct entrytext *t)
{
	strbuf_done(&t->template);
	strbuf_done(&t->alg);
	strbuf_done(&t->digest);
	strbuf_done(&t->pkg);
	strbuf_done(&t->path);
	strbuf_done(&t->scratch);
}

static void clear(struct entrytext *t)
{
	strbuf_clear(&t->template);
	strbuf_clear(&t->alg);
	strbuf_clear(&t->digest);
	strbuf_clear(&t->pkg);
	strbuf_clear(&t->path);
}

/* Only files have owners: "boot_aggregate" and keys are no paths. */
static void package(struct strbuf *out, const struct pkgdb *pkgs, struct span path,
		    bool ascii)
{
	int owner = pkgdb_owner(pkgs, path);

	if (path.len == 0 || path.ptr[0] != '/' || !pkgdb_is_loaded(pkgs) ||
	    pkgdb_files(pkgs) == 0)
		strbuf_adds(out, "-");
	else if (owner == PKGDB_NONE)
		strbuf_adds(out, "(unowned)");
	else
		str_escape(out, span_of(pkgdb_name(pkgs, owner)), ascii);
}

bool entrytext_fill(struct entrytext *t, const struct mstore *store,
		    const struct pkgdb *pkgs, mref ref, bool ascii)
{
	const struct mlog_dialect *dialect = mstore_dialect(store);
	struct mlog_entry entry;
	struct mlog_digest digest;
	struct span path;

	if (!mstore_entry(store, ref, &t->scratch, &entry))
		return false;
	clear(t);
	t->exact = mstore_number(store, ref, &t->number);
	t->pcr = entry.pcr;
	t->violation = entry.violation;
	t->sig = export_sig_word(dialect, &entry);
	str_escape(&t->template, entry.name, ascii);
	if (mlog_file_digest(dialect, &entry, &digest)) {
		if (digest.alg_name.len)
			str_escape(&t->alg, digest.alg_name, ascii);
		else
			strbuf_adds(&t->alg, hash_alg_name(digest.alg));
		strbuf_addhex(&t->digest, digest.value);
	}
	path = mlog_path(dialect, &entry);
	str_escape(&t->path, path, ascii);
	package(&t->pkg, pkgs, path, ascii);
	return true;
}

const char *entrytext_short(char *buf, size_t size, const char *hex, size_t keep)
{
	size_t len = strlen(hex);

	if (len <= 2 * keep + 2)
		(void)snprintf(buf, size, "%s", hex);
	else
		(void)snprintf(buf, size, "%.*s..%s", (int)keep, hex, hex + len - keep);
	return buf;
}

static const char *signature_type(uint8_t type)
{
	switch (type) {
	case 3:
		return "signature of the file";
	case 5:
		return "portable EVM signature";
	case 6:
		return "signature of the fs-verity digest";
	default:
		return "signature of unknown type";
	}
}

void entrytext_signature(struct strbuf *out, struct span sig)
{
	struct msig m;

	if (sig.len == 0) {
		strbuf_adds(out, "none");
	} else if (msig_parse(sig, &m)) {
		strbuf_addf(out, "%s, version %u, %s, key id ", signature_type(m.type),
			    m.version, hash_alg_name(m.hash));
		strbuf_addhex(out, m.keyid);
		strbuf_addf(out, ", %u bytes", m.size);
	} else {
		strbuf_addf(out, "not a signature: %zu bytes, the first 0x%02x", sig.len,
			    sig.ptr[0]);
	}
}

static void shorten(struct strbuf *b)
{
	char all[32];
	size_t len = b->len;

	if (len <= SHOWN_MAX)
		return;
	b->len = SHOWN_MAX;
	while (b->len && ((unsigned char)b->ptr[b->len] & 0xc0) == 0x80)
		b->len--;
	b->ptr[b->len] = '\0';
	strbuf_addf(b, " ... (%s characters in all; x exports them)",
		    str_count(all, sizeof(all), len));
}

/* Names are escaped here for the terminal's own character set; other kinds are ASCII. */
static void field_value(struct strbuf *out, const struct mlog_field *f, bool ascii)
{
	struct span text = f->value;

	switch ((int)f->id) {
	case MLOG_N:
	case MLOG_N_NG:
	case MLOG_XATTRNAMES:
		if (text.len && text.ptr[text.len - 1] == '\0')
			text.len--;
		str_escape(out, text, ascii);
		break;
	case MLOG_SIG:
	case MLOG_EVMSIG:
		entrytext_signature(out, text);
		break;
	default:
		mlog_field_text(f, out);
		if (out->len == 0)
			strbuf_adds(out, "(empty)");
		break;
	}
	shorten(out);
}

static const char *field_label(const struct mlog_field *f, char *buf, size_t size)
{
	static const struct {
		enum mlog_field_id id;
		const char *label;
	} known[] = {
		{MLOG_D, "Digest"},
		{MLOG_D_NG, "Digest"},
		{MLOG_D_NGV2, "Digest"},
		{MLOG_N, "Path"},
		{MLOG_N_NG, "Path"},
		{MLOG_SIG, "Signature"},
		{MLOG_EVMSIG, "EVM signature"},
		{MLOG_D_MODSIG, "Digest (modsig)"},
		{MLOG_MODSIG, "Module sig."},
		{MLOG_BUF, "Buffer"},
		{MLOG_IUID, "Owner"},
		{MLOG_IGID, "Group"},
		{MLOG_IMODE, "Mode"},
		{MLOG_XATTRNAMES, "Xattr names"},
		{MLOG_XATTRLENGTHS, "Xattr lengths"},
		{MLOG_XATTRVALUES, "Xattr values"},
	};

	for (size_t i = 0; i < array_size(known); i++)
		if (known[i].id == f->id)
			return known[i].label;
	return str_quote(buf, size, f->name);
}

static void fields(struct doc *d, const struct mlog_dialect *dialect,
		   const struct mlog_entry *entry, bool ascii)
{
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct diag diag = {0};
	char label[DOC_LABEL_MAX];
	int n = mlog_fields(dialect, entry, f, &diag);

	if (n < 0) {
		doc_field(d, "Damaged", STYLE_BAD, "%s: %s", diag_code(diag.id),
			  diag.text);
		return;
	}
	for (int i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf value = {0};

		field_value(&value, &f[i], ascii);
		doc_field(d, field_label(&f[i], label, sizeof(label)), STYLE_NORMAL, "%s",
			  strbuf_str(&value));
	}
}

static void place(struct doc *d, const struct mstore *store, mref ref,
		  const struct mlog_entry *entry)
{
	char size[32], offset[32];

	doc_field(d, "Record", STYLE_NORMAL, "%s bytes at byte %s of the list",
		  str_count(size, sizeof(size), entry->size),
		  str_count(offset, sizeof(offset), mstore_offset(store, ref)));
}

void entrytext_doc(struct doc *d, const struct mstore *store, const struct pkgdb *pkgs,
		   mref ref, bool ascii)
{
	_cleanup_(entrytext_done) struct entrytext t = {0};
	_cleanup_strbuf_ struct strbuf digest = {0}, format = {0};
	struct mlog_entry entry;
	char number[32];

	if (!entrytext_fill(&t, store, pkgs, ref, ascii) ||
	    !mstore_entry(store, ref, &t.scratch, &entry))
		return;
	strbuf_addhex(&digest, entry.digest);
	str_escape(&format, mlog_template_format(entry.name), ascii);
	doc_title(d, "Entry");
	doc_field(d, "Number", STYLE_NORMAL, "%s%s", t.exact ? "" : "about ",
		  str_count(number, sizeof(number), t.number));
	doc_field(d, "PCR", STYLE_NORMAL, "%u", t.pcr);
	doc_field(d, "Template", STYLE_NORMAL, "%s (%s)", strbuf_str(&t.template),
		  strbuf_str(&format));
	doc_field(d, "Template hash", STYLE_NORMAL, "%s", strbuf_str(&digest));
	doc_field(d, "Package", STYLE_NORMAL, "%s", strbuf_str(&t.pkg));
	place(d, store, ref, &entry);
	doc_blank(d);
	doc_title(d, "Fields");
	fields(d, mstore_dialect(store), &entry, ascii);
	if (!entry.violation)
		return;
	doc_blank(d);
	doc_title(d, "Violation");
	doc_text(
		d, STYLE_WARN,
		"The file was open for writing while it was measured, or was opened for writing "
		"while measured readers had it. The kernel logs zeros and extends the PCR with "
		"0xff, so neither the content nor this name is bound by the PCR: anybody who "
		"could change the list could have written another name here.");
}
