/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/mlog.h"

#include <inttypes.h>

#include "core/list/mlog-internal.h"

enum { LEGACY_NAME_MAX = 256 }; /* IMA_EVENT_NAME_LEN_MAX + 1 */

static const struct {
	const char *name;
	const char *json;
	enum mlog_kind kind;
} fields[_MLOG_FIELD_MAX] = {
#define MLOG_FIELD(id, name, json, decode) [MLOG_##id] = {name, json, MLOG_KIND_##decode},
#include "core/list/mlog-fields.inc"
#undef MLOG_FIELD
};

enum template_id {
#define MLOG_TEMPLATE(id, name, format, ...) TEMPLATE_##id,
#include "core/base/templates.inc"
#undef MLOG_TEMPLATE
	_TEMPLATE_MAX,
};

static const struct template
{
	const char *name;
	const char *format;
	uint8_t name_len;
	uint8_t n;
	int8_t id[MLOG_FIELDS_MAX];
}
templates[_TEMPLATE_MAX] = {
#define MLOG_TEMPLATE(id, name, format, ...)                                             \
	[TEMPLATE_##id] = {name,                                                         \
			   format,                                                       \
			   sizeof(name) - 1,                                             \
			   sizeof((int8_t[]){__VA_ARGS__}),                              \
			   {__VA_ARGS__}},
#include "core/base/templates.inc"
#undef MLOG_TEMPLATE
};

static const struct template *template_find(struct span name)
{
	for (size_t i = 0; i < _TEMPLATE_MAX; i++)
		if (name.len == templates[i].name_len &&
		    memcmp(name.ptr, templates[i].name, name.len) == 0)
			return &templates[i];
	return NULL;
}

const char *mlog_field_name(enum mlog_field_id id)
{
	return id >= 0 && id < _MLOG_FIELD_MAX ? fields[id].name : "unknown";
}

const char *mlog_field_json(enum mlog_field_id id)
{
	return id >= 0 && id < _MLOG_FIELD_MAX ? fields[id].json : "unknown";
}

enum mlog_kind mlog_field_kind(enum mlog_field_id id)
{
	return id >= 0 && id < _MLOG_FIELD_MAX ? fields[id].kind : MLOG_KIND_HEX;
}

static enum mlog_field_id field_from_name(struct span name)
{
	for (size_t i = 0; i < _MLOG_FIELD_MAX; i++)
		if (span_is(name, fields[i].name))
			return (enum mlog_field_id)i;
	return _MLOG_FIELD_INVALID;
}

static void layout_builtin(const struct template *t, struct mlog_layout *ret)
{
	ret->n = t->n;
	memcpy(ret->id, t->id, sizeof(ret->id));
	for (size_t i = 0; i < t->n; i++)
		ret->name[i] = span_of(fields[t->id[i]].name);
}

bool mlog_layout_of(struct span name, struct mlog_layout *ret)
{
	const struct template *t = template_find(name);
	struct bytes b = bytes_of(name.ptr, name.len);
	bool known = false;

	*ret = (struct mlog_layout){0};
	if (t) {
		layout_builtin(t, ret);
		return true;
	}
	while (bytes_left(&b)) {
		struct span id;

		if (ret->n == MLOG_FIELDS_MAX)
			return false;
		if (!bytes_until(&b, '|', &id))
			(void)bytes_take(&b, bytes_left(&b), &id);
		ret->id[ret->n] = (int8_t)field_from_name(id);
		known |= ret->id[ret->n] >= 0;
		ret->name[ret->n++] = id;
	}
	return known;
}

struct span mlog_template_format(struct span name)
{
	const struct template *t = template_find(name);

	return t ? span_of(t->format) : name;
}

bool mlog_plausible_name(struct span name)
{
	if (name.len == 0 || name.len > MLOG_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '|' || c == '_' ||
		      c == '.'))
			return false;
	}
	return true;
}

static int damaged(struct diag *reterr, const char *what, uint32_t value)
{
	return diag_set(reterr, DIAG_LIST_DAMAGED, EBADMSG, "%s (%" PRIu32 ").", what,
			value);
}

/*
 * The body of template "ima" has no length of its own: a raw digest, then the name's
 * length and the name (ima_fs.c ima_measurements_show). The digest has 20 bytes, or 16
 * where ima_hash=md5, which shows in the length that follows.
 */
static int legacy_body(struct bytes *c, struct span *ret_data)
{
	static const uint8_t sizes[] = {20, 16};

	for (size_t i = 0; i < sizeof(sizes); i++) {
		struct bytes at = *c;
		uint32_t len;

		if (!bytes_skip(&at, sizes[i]) || !bytes_u32(&at, &len))
			return 0;
		if (len <= LEGACY_NAME_MAX)
			return bytes_take(c, sizes[i] + sizeof(len) + len, ret_data);
	}
	return -EBADMSG;
}

static int next_body(struct bytes *c, struct mlog_entry *e, struct diag *reterr)
{
	uint32_t len;
	int r;

	e->legacy = e->name.len == 3 && memcmp(e->name.ptr, "ima", 3) == 0;
	if (e->legacy) {
		r = legacy_body(c, &e->data);
		return r < 0 ? damaged(reterr,
				       "The name in a record of template 'ima' is too long",
				       LEGACY_NAME_MAX)
			     : r;
	}
	if (!bytes_u32(c, &len))
		return 0;
	if (len > MLOG_RECORD_MAX)
		return damaged(reterr, "The record claims an impossible length", len);
	return bytes_take(c, len, &e->data);
}

static int next_binary(const struct mlog_dialect *d, struct bytes *cursor,
		       struct mlog_entry *ret, struct diag *reterr)
{
	struct bytes c = *cursor;
	struct mlog_entry e;
	uint32_t len;
	int r;

	c.big_endian = d->big_endian;
	if (!bytes_u32(&c, &e.pcr))
		return 0;
	if (e.pcr >= MLOG_PCR_MAX)
		return damaged(reterr, "The record names a PCR that cannot be", e.pcr);
	if (!bytes_take(&c, d->digest_size, &e.digest) || !bytes_u32(&c, &len))
		return 0;
	if (len == 0 || len > MLOG_NAME_MAX)
		return damaged(reterr, "The length of the template's name cannot be",
			       len);
	if (!bytes_take(&c, len, &e.name))
		return 0;
	if (!template_find(e.name) && !mlog_plausible_name(e.name))
		return damaged(reterr, "The template's name is no name; its length", len);
	r = next_body(&c, &e, reterr);
	if (r <= 0)
		return r;
	e.violation = span_all(e.digest, 0);
	e.size = (uint32_t)(c.pos - cursor->pos);
	cursor->pos = c.pos;
	*ret = e;
	return 1;
}

int mlog_next(const struct mlog_dialect *dialect, struct bytes *cursor,
	      struct strbuf *scratch, struct mlog_entry *ret_entry, struct diag *reterr)
{
	if (dialect->ascii)
		return mlog_next_ascii(dialect, cursor, scratch, ret_entry, reterr);
	return next_binary(dialect, cursor, ret_entry, reterr);
}

bool mlog_legacy_split(const struct mlog_dialect *dialect, struct span data,
		       struct span *ret_digest, struct span *ret_name)
{
	static const uint8_t sizes[] = {20, 16};

	for (size_t i = 0; i < sizeof(sizes); i++) {
		struct bytes b = bytes_of(data.ptr, data.len);
		struct span digest, name;
		uint32_t len;

		b.big_endian = dialect->big_endian;
		if (bytes_take(&b, sizes[i], &digest) && bytes_u32(&b, &len) &&
		    len == bytes_left(&b) && bytes_take(&b, len, &name)) {
			*ret_digest = digest;
			*ret_name = name;
			return true;
		}
	}
	return false;
}

static int no_fit(struct diag *reterr, const struct mlog_entry *e)
{
	char name[64];

	return diag_set(reterr, DIAG_LIST_FIELDS, EBADMSG,
			"The fields do not fit the record of template '%s'.",
			str_quote(name, sizeof(name), e->name));
}

static int legacy_fields(const struct mlog_dialect *d, const struct mlog_entry *e,
			 struct mlog_field *ret, struct diag *reterr)
{
	struct span digest, name;

	if (!mlog_legacy_split(d, e->data, &digest, &name))
		return no_fit(reterr, e);
	ret[0] = (struct mlog_field){MLOG_D, span_of("d"), digest, d->big_endian};
	ret[1] = (struct mlog_field){MLOG_N, span_of("n"), name, d->big_endian};
	return 2;
}

int mlog_fields(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		struct mlog_field ret_fields[MLOG_FIELDS_MAX], struct diag *reterr)
{
	struct bytes b = bytes_of(entry->data.ptr, entry->data.len);
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct mlog_layout layout;
	bool known;
	int n = 0;

	if (entry->legacy)
		return legacy_fields(dialect, entry, ret_fields, reterr);
	known = mlog_layout_of(entry->name, &layout);
	b.big_endian = dialect->big_endian;
	while (known ? n < layout.n : bytes_left(&b) && n < MLOG_FIELDS_MAX) {
		uint32_t len;

		f[n].id = known ? layout.id[n] : _MLOG_FIELD_INVALID;
		f[n].name = known ? layout.name[n] : entry->name;
		f[n].big_endian = dialect->big_endian;
		if (!bytes_u32(&b, &len) || !bytes_take(&b, len, &f[n].value))
			return no_fit(reterr, entry);
		n++;
	}
	if (bytes_left(&b))
		return no_fit(reterr, entry);
	memcpy(ret_fields, f, (size_t)n * sizeof(f[0]));
	return n;
}

int mlog_check(const struct mlog_dialect *dialect, const struct mlog_entry *entry)
{
	const struct template *t = template_find(entry->name);
	struct bytes b = bytes_of(entry->data.ptr, entry->data.len);
	struct mlog_layout layout;
	struct span digest, name;
	size_t n = t ? t->n : 0;
	uint32_t len;

	if (entry->legacy)
		return mlog_legacy_split(dialect, entry->data, &digest, &name) ? 0
									       : -EBADMSG;
	if (!t) {
		if (!mlog_layout_of(entry->name, &layout))
			return -ENOENT;
		n = layout.n;
		for (size_t i = 0; i < n; i++)
			if (layout.id[i] < 0)
				return -ENOENT;
	}
	b.big_endian = dialect->big_endian;
	for (size_t i = 0; i < n; i++)
		if (!bytes_u32(&b, &len) || !bytes_skip(&b, len))
			return -EBADMSG;
	return bytes_left(&b) ? -EBADMSG : 0;
}

/* Position of the first field of kind @id or @id2 in the template, -1. */
static int field_index(struct span name, enum mlog_field_id id, enum mlog_field_id id2)
{
	const struct template *t = template_find(name);
	struct mlog_layout layout; /* large: clearing it costs more than the look-up */
	const int8_t *ids = t ? t->id : layout.id;
	size_t n;

	if (!t)
		(void)mlog_layout_of(name, &layout);
	n = t ? t->n : layout.n;
	for (size_t i = 0; i < n; i++)
		if (ids[i] == (int8_t)id || ids[i] == (int8_t)id2)
			return (int)i;
	return -1;
}

static bool field_at(const struct mlog_dialect *d, const struct mlog_entry *e, int index,
		     struct span *ret)
{
	struct bytes b = bytes_of(e->data.ptr, e->data.len);
	uint32_t len;

	b.big_endian = d->big_endian;
	for (int i = 0; i < index; i++)
		if (!bytes_u32(&b, &len) || !bytes_skip(&b, len))
			return false;
	return bytes_u32(&b, &len) && bytes_take(&b, len, ret);
}

static bool either_field(const struct mlog_dialect *d, const struct mlog_entry *e,
			 enum mlog_field_id id, enum mlog_field_id id2, struct span *ret)
{
	struct span digest, name;
	int index;

	if (e->legacy) {
		bool want_name = id == MLOG_N || id2 == MLOG_N;

		if (!want_name && id != MLOG_D && id2 != MLOG_D)
			return false;
		if (!mlog_legacy_split(d, e->data, &digest, &name))
			return false;
		*ret = want_name ? name : digest;
		return true;
	}
	index = field_index(e->name, id, id2);
	return index >= 0 && field_at(d, e, index, ret);
}

bool mlog_field(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		enum mlog_field_id id, struct span *ret_value)
{
	return either_field(dialect, entry, id, id, ret_value);
}

struct span mlog_path(const struct mlog_dialect *dialect, const struct mlog_entry *entry)
{
	struct span name;

	if (!either_field(dialect, entry, MLOG_N_NG, MLOG_N, &name))
		return (struct span){0};
	if (name.len && name.ptr[name.len - 1] == '\0')
		name.len--;
	return name;
}

int mlog_digest_parse(enum mlog_field_id id, struct span value, struct mlog_digest *ret)
{
	struct bytes b = bytes_of(value.ptr, value.len);
	struct mlog_digest d = {.alg = _HASH_ALG_INVALID};
	uint8_t nul;

	if (id == MLOG_D) {
		if (value.len != 20 && value.len != 16)
			return -EBADMSG;
		d.alg = value.len == 20 ? HASH_SHA1 : HASH_MD5;
		d.value = value;
		*ret = d;
		return 0;
	}
	if (id == MLOG_D_NGV2 && !bytes_until(&b, ':', &d.type))
		return -EBADMSG;
	if (!bytes_until(&b, ':', &d.alg_name) || !bytes_u8(&b, &nul) || nul != 0)
		return -EBADMSG;
	if (bytes_left(&b) > HASH_MAX_SIZE)
		return -EBADMSG;
	(void)bytes_take(&b, bytes_left(&b), &d.value);
	d.alg = hash_alg_from_name(d.alg_name);
	*ret = d;
	return 0;
}

bool mlog_file_digest(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		      struct mlog_digest *ret)
{
	static const enum mlog_field_id ids[] = {MLOG_D_NG, MLOG_D_NGV2, MLOG_D};
	struct span value;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (mlog_field(dialect, entry, ids[i], &value))
			return mlog_digest_parse(ids[i], value, ret) >= 0;
	return false;
}

bool mlog_is_boot_aggregate(const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry)
{
	return span_is(mlog_path(dialect, entry), "boot_aggregate");
}

static void digest_text(const struct mlog_field *field, struct strbuf *out)
{
	struct mlog_digest d;

	if (field->value.len == 0)
		return;
	if (mlog_digest_parse(field->id, field->value, &d) < 0) {
		strbuf_addhex(out, field->value);
		return;
	}
	if (d.type.len) {
		str_escape(out, d.type, true);
		strbuf_addc(out, ':');
	}
	if (d.alg_name.len) {
		str_escape(out, d.alg_name, true);
		strbuf_addc(out, ':');
	}
	strbuf_addhex(out, d.value);
}

void mlog_field_text(const struct mlog_field *field, struct strbuf *out)
{
	struct span v = field->value;

	switch (mlog_field_kind(field->id)) {
	case MLOG_KIND_DIGEST_RAW:
	case MLOG_KIND_DIGEST:
		digest_text(field, out);
		break;
	case MLOG_KIND_STRING:
		if (v.len && v.ptr[v.len - 1] == '\0')
			v.len--;
		str_escape(out, v, false);
		break;
	case MLOG_KIND_NUMBER:
		if (v.len && v.len <= 8)
			strbuf_addf(out, "%" PRIu64,
				    bytes_load(v.ptr, v.len, field->big_endian));
		else
			strbuf_addhex(out, v);
		break;
	case MLOG_KIND_SIGNATURE:
	case MLOG_KIND_HEX:
		strbuf_addhex(out, v);
		break;
	}
}

/* How many records in a row parse from here, fields included; at most 3. *ret_end: the
 * bytes were used up, so that fewer are enough. */
static int run_length(const struct mlog_dialect *d, struct bytes b,
		      struct strbuf *scratch, bool *ret_end)
{
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct mlog_entry e;
	int n = 0;

	*ret_end = false;
	while (n < 3) {
		int r = mlog_next(d, &b, scratch, &e, NULL);

		if (r == 0)
			*ret_end = true;
		if (r <= 0 || mlog_fields(d, &e, f, NULL) < 0)
			return r == 0 ? n : -EBADMSG;
		n++;
	}
	return n;
}

static int sniff_binary(struct span head, uint8_t digest_size, struct mlog_dialect *ret)
{
	static const uint8_t sizes[] = {20, 32, 48, 64, 28, 16};
	int best = 0;

	for (int be = 0; be < 2; be++)
		for (size_t i = 0; i < sizeof(sizes); i++) {
			struct mlog_dialect d = {.big_endian = be,
						 .digest_size = sizes[i]};
			bool end;
			int n;

			if (digest_size && digest_size != sizes[i])
				continue;
			n = run_length(&d, bytes_of(head.ptr, head.len), NULL, &end);
			if (n > best) {
				best = n;
				*ret = d;
			}
		}
	return best;
}

/* One record that starts well but is longer than what there is, or has damaged fields. */
static int sniff_frame(struct span head, uint8_t digest_size, struct mlog_dialect *ret)
{
	static const uint8_t sizes[] = {20, 32, 48, 64};

	for (int be = 0; be < 2; be++)
		for (size_t i = 0; i < sizeof(sizes); i++) {
			struct bytes b = bytes_of(head.ptr, head.len);
			uint32_t pcr, len;
			struct span name;

			if (digest_size && digest_size != sizes[i])
				continue;
			b.big_endian = be;
			if (bytes_u32(&b, &pcr) && pcr < MLOG_PCR_MAX &&
			    bytes_skip(&b, sizes[i]) && bytes_u32(&b, &len) && len &&
			    len <= MLOG_NAME_MAX && bytes_take(&b, len, &name) &&
			    mlog_plausible_name(name)) {
				*ret = (struct mlog_dialect){.big_endian = be,
							     .digest_size = sizes[i]};
				return 1;
			}
		}
	return 0;
}

int mlog_sniff(struct span head, uint8_t digest_size, struct mlog_dialect *ret,
	       struct diag *reterr)
{
	size_t ascii = mlog_ascii_digest_size(head);

	if (head.len == 0) {
		*ret = (struct mlog_dialect){.big_endian = __BYTE_ORDER__ ==
							   __ORDER_BIG_ENDIAN__,
					     .digest_size =
						     digest_size ? digest_size : 20};
		return 0;
	}
	if (ascii) {
		*ret = (struct mlog_dialect){.ascii = true,
					     .digest_size = (uint8_t)ascii};
		return 0;
	}
	if (sniff_binary(head, digest_size, ret) || sniff_frame(head, digest_size, ret))
		return 0;
	return diag_set(reterr, DIAG_LIST_FORMAT, EBADMSG,
			"This is not a measurement list: its first bytes are no record.");
}

static bool resync_here(const struct mlog_dialect *d, const struct bytes *b,
			struct strbuf *scratch)
{
	bool end;
	int n = run_length(d, *b, scratch, &end);

	return n >= 3 || (n > 0 && end);
}

int mlog_resync(const struct mlog_dialect *dialect, struct bytes *cursor)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct bytes b = *cursor;
	struct span skipped;

	for (; bytes_left(&b); b.pos++) {
		if (resync_here(dialect, &b, &scratch)) {
			*cursor = b;
			return 0;
		}
		if (!dialect->ascii)
			continue;
		if (!bytes_until(&b, '\n', &skipped))
			break;
		b.pos--;
	}
	return -ENODATA;
}
