/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/json.h"
#include "core/host/loop.h"
#include "core/list/msig.h"
#include "core/host/pkgdb.h"

enum { BUFFER = 64 << 10 };

static const struct {
	const char *name, *help;
} formats[_EXPORT_FORMAT_MAX] = {
#define EXPORT_FORMAT(id, name, help) [EXPORT_##id] = {name, help},
#include "core/list/export-formats.inc"
#undef EXPORT_FORMAT
};

struct export
{
	enum export_format format;
	const struct mstore *store;
	const struct pkgdb *pkgs;
	int fd;
	uint64_t count;
	struct strbuf buf;
	struct strbuf scratch; /* of ASCII lists */
};

const char *export_format_name(enum export_format format)
{
	return format >= 0 && format < _EXPORT_FORMAT_MAX ? formats[format].name : "";
}

const char *export_format_help(enum export_format format)
{
	return format >= 0 && format < _EXPORT_FORMAT_MAX ? formats[format].help : "";
}

enum export_format export_format_from_name(const char *name)
{
	for (int i = 0; i < _EXPORT_FORMAT_MAX; i++)
		if (strcmp(formats[i].name, name) == 0)
			return (enum export_format)i;
	return _EXPORT_FORMAT_INVALID;
}

const char *export_package(const struct pkgdb *pkgs, struct span path)
{
	int owner;

	if (!pkgs || !pkgdb_is_loaded(pkgs) || !*pkgdb_kind(pkgs))
		return NULL;
	owner = pkgdb_owner(pkgs, path);
	return owner >= 0 ? pkgdb_name(pkgs, owner) : "";
}

static void digest_text(const struct mlog_digest *d, struct strbuf *out)
{
	if (d->type.len) {
		str_escape(out, d->type, true);
		strbuf_addc(out, ':');
	}
	if (d->alg_name.len)
		str_escape(out, d->alg_name, true);
	else
		strbuf_adds(out, hash_alg_name(d->alg));
	strbuf_addc(out, ':');
	strbuf_addhex(out, d->value);
}

/* A signature as an object; the raw bytes as hex beside what they say. */
static void json_sig(struct json *j, const char *key, struct span value)
{
	struct msig s;

	json_key(j, key);
	if (!value.len) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	if (msig_parse(value, &s)) {
		json_ku64(j, "type", s.type);
		json_ku64(j, "version", s.version);
		json_khex(j, "keyid", s.keyid);
		json_kstr(j, "hash", s.hash >= 0 ? hash_alg_name(s.hash) : NULL);
	}
	json_khex(j, "hex", value);
	json_close(j, '}');
}

static struct span without_nul(struct span s)
{
	if (s.len && s.ptr[s.len - 1] == '\0')
		s.len--;
	return s;
}

/* A field under its kernel id. */
static void json_field(struct json *j, const struct mlog_field *f, struct strbuf *text)
{
	char name[MLOG_NAME_MAX + 1];

	(void)snprintf(name, sizeof(name), "%.*s", (int)f->name.len,
		       (const char *)f->name.ptr);
	switch (f->id) {
	case MLOG_SIG:
	case MLOG_EVMSIG:
		json_sig(j, name, f->value);
		return;
	case MLOG_N:
	case MLOG_N_NG:
	case MLOG_XATTRNAMES:
		json_kbytes(j, name, without_nul(f->value));
		return;
	case MLOG_IUID:
	case MLOG_IGID:
	case MLOG_IMODE:
		if (f->value.len && f->value.len <= 8) {
			json_ku64(j, name,
				  bytes_load(f->value.ptr, f->value.len, f->big_endian));
			return;
		}
		break;
	case MLOG_D:
	case MLOG_D_NG:
	case MLOG_D_NGV2:
	case MLOG_D_MODSIG:
		strbuf_clear(text);
		mlog_field_text(f, text);
		json_kstr(j, name, strbuf_str(text));
		return;
	case MLOG_MODSIG:
	case MLOG_BUF:
	case MLOG_XATTRLENGTHS:
	case MLOG_XATTRVALUES:
	case _MLOG_FIELD_MAX:
	case _MLOG_FIELD_INVALID:
		break;
	}
	json_khex(j, name, f->value);
}

const char *export_sig_word(const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry)
{
	struct span value;

	if (entry->violation)
		return "VIO";
	if (msig_any(dialect, entry))
		return "yes";
	return mlog_field(dialect, entry, MLOG_BUF, &value) ? "buf" : "-";
}

/* Everything but the template's own fields. */
static void json_common(struct json *j, const struct mlog_dialect *dialect,
			const struct mlog_entry *entry, uint64_t number, const char *pkg,
			struct strbuf *text)
{
	struct mlog_digest d;

	json_ku64(j, "n", number);
	json_ku64(j, "pcr", entry->pcr);
	json_key(j, "template");
	json_span(j, entry->name);
	json_khex(j, "template_digest", entry->digest);
	json_kbool(j, "violation", entry->violation);
	if (mlog_file_digest(dialect, entry, &d)) {
		digest_text(&d, text);
		json_kstr(j, "digest", strbuf_str(text));
	} else {
		json_kstr(j, "digest", NULL);
	}
	json_kbytes(j, "path", mlog_path(dialect, entry));
	if (pkg)
		json_kstr(j, "package", *pkg ? pkg : NULL);
}

void export_json(struct strbuf *out, const struct mlog_dialect *dialect,
		 const struct mlog_entry *entry, uint64_t number, const char *pkg)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct json j = json_to(out);
	int n;

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/log/1");
	json_common(&j, dialect, entry, number, pkg, &text);
	n = mlog_fields(dialect, entry, f, NULL);
	for (int i = 0; i < n; i++)
		if (f[i].id >= 0)
			json_field(&j, &f[i], &text);
	if (n < 0 ||
	    (n > 0 && f[0].id < 0)) /* not as its template says: the bytes alone */
		json_khex(&j, "data", entry->data);
	json_close(&j, '}');
}

/* linux 6.1 ima_template_lib.c ima_show_template_data_ascii() */
static void ascii_field(struct strbuf *out, const struct mlog_field *f)
{
	const uint8_t *nul;
	size_t text;

	switch (f->id) {
	case MLOG_N:
	case MLOG_N_NG:
	case MLOG_XATTRNAMES:
		strbuf_add(out, f->value.ptr,
			   strnlen((const char *)f->value.ptr, f->value.len));
		return;
	case MLOG_D_NG:
	case MLOG_D_NGV2:
	case MLOG_D_MODSIG:
		nul = f->value.len ? memchr(f->value.ptr, '\0', f->value.len) : NULL;
		text = nul ? (size_t)(nul - f->value.ptr) : 0;
		strbuf_add(out, f->value.ptr, text);
		text += nul != NULL;
		strbuf_addhex(out,
			      (struct span){f->value.ptr + text, f->value.len - text});
		return;
	case MLOG_IUID:
	case MLOG_IGID:
	case MLOG_IMODE:
		if (f->value.len && f->value.len <= 8)
			strbuf_addf(out, "%" PRIu64,
				    bytes_load(f->value.ptr, f->value.len,
					       f->big_endian));
		return;
	case MLOG_D:
	case MLOG_SIG:
	case MLOG_EVMSIG:
	case MLOG_MODSIG:
	case MLOG_BUF:
	case MLOG_XATTRLENGTHS:
	case MLOG_XATTRVALUES:
	case _MLOG_FIELD_MAX:
	case _MLOG_FIELD_INVALID:
		break;
	}
	strbuf_addhex(out, f->value);
}

/* linux 6.1 ima_fs.c ima_ascii_measurements_show() */
void export_ascii(struct strbuf *out, const struct mlog_dialect *dialect,
		  const struct mlog_entry *entry)
{
	struct mlog_field f[MLOG_FIELDS_MAX];
	int n = mlog_fields(dialect, entry, f, NULL);

	strbuf_addf(out, "%2u ", entry->pcr);
	strbuf_addhex(out, entry->digest);
	strbuf_addc(out, ' ');
	strbuf_add(out, entry->name.ptr, entry->name.len);
	for (int i = 0; i < n; i++) {
		strbuf_addc(out, ' ');
		ascii_field(out, &f[i]);
	}
	strbuf_addc(out, '\n');
}

/* A cell, quoted where RFC 4180 asks for it. A leading character that spreadsheets take
 * for a formula is escaped: names of files are chosen by others. */
static void csv_cell(struct strbuf *out, const char *text)
{
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		strbuf_addc(out, '"');
	if (*text && strchr("=+-@\t", *text))
		strbuf_addf(out, "\\x%02x", (unsigned char)*text++);
	for (; *text; text++) {
		if (*text == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *text);
	}
	if (quote)
		strbuf_addc(out, '"');
}

static void csv_entry(struct strbuf *out, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry, uint64_t number, const char *pkg)
{
	_cleanup_strbuf_ struct strbuf cell = {0};
	struct mlog_digest d;
	struct msig s;

	strbuf_addf(out, "%" PRIu64 ",%u,", number, entry->pcr);
	str_escape(&cell, entry->name, true);
	csv_cell(out, strbuf_str(&cell));
	strbuf_addc(out, ',');
	strbuf_addhex(out, entry->digest);
	strbuf_addf(out, ",%s,", entry->violation ? "yes" : "no");
	if (mlog_file_digest(dialect, entry, &d)) {
		strbuf_clear(&cell);
		digest_text(&d, &cell);
		csv_cell(out, strbuf_str(&cell));
	}
	strbuf_addc(out, ',');
	if (msig_of(dialect, entry, &s))
		strbuf_addhex(out, s.keyid);
	else if (msig_any(dialect, entry))
		strbuf_adds(out, "yes");
	strbuf_addc(out, ',');
	csv_cell(out, pkg ? pkg : "");
	strbuf_addc(out, ',');
	strbuf_clear(&cell);
	str_escape(&cell, mlog_path(dialect, entry), false);
	csv_cell(out, strbuf_str(&cell));
	strbuf_adds(out, "\r\n");
}

static enum hash_alg alg_of_size(size_t size)
{
	static const enum hash_alg banks[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384,
					      HASH_SHA512};

	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (hash_alg_size(banks[i]) == size)
			return banks[i];
	return _HASH_ALG_INVALID;
}

/* Field names as tpm2-tss reads them (ifapi_ima_eventlog.c). recnum counts from 0. */
static void cel_entry(struct strbuf *out, const struct mlog_entry *entry, uint64_t number)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_ku64(&j, "recnum", number - 1);
	json_ku64(&j, "pcr", entry->pcr);
	json_key(&j, "digests");
	json_open(&j, '[');
	json_open(&j, '{');
	json_kstr(&j, "hashAlg", hash_alg_name(alg_of_size(entry->digest.len)));
	json_khex(&j, "digest", entry->digest);
	json_close(&j, '}');
	json_close(&j, ']');
	json_kstr(&j, "content_type", "ima_template");
	json_key(&j, "content");
	json_open(&j, '{');
	json_key(&j, "template_name");
	json_span(&j, entry->name);
	json_khex(&j, "template_value", entry->data);
	json_close(&j, '}');
	json_close(&j, '}');
}

static void put_u32(struct strbuf *out, size_t v, bool big_endian)
{
	for (int i = 0; i < 4; i++)
		strbuf_addc(out, (char)(v >> (8 * (big_endian ? 3 - i : i))));
}

static void binary_entry(struct strbuf *out, const struct mlog_dialect *d,
			 const struct mlog_entry *e)
{
	put_u32(out, e->pcr, d->big_endian);
	strbuf_add(out, e->digest.ptr, e->digest.len);
	put_u32(out, e->name.len, d->big_endian);
	strbuf_add(out, e->name.ptr, e->name.len);
	if (!e->legacy)
		put_u32(out, e->data.len, d->big_endian);
	strbuf_add(out, e->data.ptr, e->data.len);
}

static void head(struct export *e)
{
	if (e->format == EXPORT_CSV)
		strbuf_adds(&e->buf, "n,pcr,template,template_digest,violation,digest,"
				     "signature,package,path\r\n");
	else if (e->format == EXPORT_CEL)
		strbuf_adds(&e->buf, "[");
}

int export_new(enum export_format format, const struct mstore *store,
	       const struct pkgdb *pkgs, int fd, struct export **ret, struct diag *reterr)
{
	struct export *e = calloc(1, sizeof(*e));

	if (!e)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	e->format = format;
	e->store = store;
	e->pkgs = pkgs;
	e->fd = fd;
	head(e);
	*ret = e;
	return 0;
}

struct export *export_free(struct export *e)
{
	if (!e)
		return NULL;
	strbuf_done(&e->buf);
	strbuf_done(&e->scratch);
	free(e);
	return NULL;
}

int export_flush(struct export *e, struct diag *reterr)
{
	int r;

	if (e->buf.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	r = fs_write_all(e->fd, e->buf.ptr, e->buf.len);
	strbuf_clear(&e->buf);
	return r < 0 ? diag_set(reterr, DIAG_WRITE, -r, "The list cannot be written: %s.",
				diag_errno(-r))
		     : 0;
}

static void write_entry(struct export *e, const struct mlog_entry *entry, uint64_t number)
{
	const struct mlog_dialect *d = mstore_dialect(e->store);
	const char *pkg;

	switch (e->format) {
	case EXPORT_JSON:
		pkg = export_package(e->pkgs, mlog_path(d, entry));
		export_json(&e->buf, d, entry, number, pkg);
		strbuf_addc(&e->buf, '\n');
		break;
	case EXPORT_CSV:
		pkg = export_package(e->pkgs, mlog_path(d, entry));
		csv_entry(&e->buf, d, entry, number, pkg);
		break;
	case EXPORT_CEL:
		strbuf_adds(&e->buf, e->count ? ",\n" : "\n");
		cel_entry(&e->buf, entry, number);
		break;
	case EXPORT_ASCII:
		export_ascii(&e->buf, d, entry);
		break;
	case EXPORT_BINARY:
		binary_entry(&e->buf, d, entry);
		break;
	case _EXPORT_FORMAT_MAX:
	case _EXPORT_FORMAT_INVALID:
		break;
	}
	e->count++;
}

int export_entry(struct export *e, mref ref, struct diag *reterr)
{
	struct mlog_entry entry;
	uint64_t number = 0;

	if (!mstore_entry(e->store, ref, &e->scratch, &entry))
		return 0;
	(void)mstore_number(e->store, ref, &number); /* an estimate at worst */
	write_entry(e, &entry, number);
	return e->buf.len >= BUFFER ? export_flush(e, reterr) : 0;
}

int export_step(struct export *e, export_next_fn next, void *user, unsigned budget_us,
		struct diag *reterr)
{
	uint64_t deadline = loop_now_us() + budget_us;

	for (unsigned i = 1;; i++) {
		mref ref = next(user);
		int r;

		if (ref == MSTORE_NONE)
			return 0;
		r = export_entry(e, ref, reterr);
		if (r < 0)
			return r;
		if (i % 128 == 0 && loop_now_us() >= deadline)
			return 1;
	}
}

int export_finish(struct export *e, struct diag *reterr)
{
	if (e->format == EXPORT_CEL)
		strbuf_adds(&e->buf, e->count ? "\n]\n" : "]\n");
	return export_flush(e, reterr);
}

uint64_t export_count(const struct export *e)
{
	return e->count;
}
