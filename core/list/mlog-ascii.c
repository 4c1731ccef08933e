/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text form of the list, turned back into the template data the kernel hashed.
 *
 * A file name may hold newlines, and the kernel escapes nothing but spaces, which it
 * stores as '_' before hashing (ima_template_lib.c ima_write_template_field_data()). So a
 * record ends where the next line begins another one, and a name cannot imitate that, for
 * lack of spaces.
 */
#include "core/base/hex.h"
#include "core/list/mlog-internal.h"

enum { TOKENS_MAX = 64 };

struct header {
	uint32_t pcr;
	struct span digest_hex;
	struct span name;
	struct span rest; /* the fields, split by single spaces; after name's space */
};

static bool is_hex(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
		      (c >= 'A' && c <= 'F')))
			return false;
	}
	return true;
}

/* "%2d " as in ima_ascii_measurements_show(): one or two digits, padded to two. */
static int pcr_number(struct bytes *b, uint32_t *ret)
{
	uint32_t pcr = 0;
	size_t digits = 0;
	uint8_t c;

	if (!bytes_u8(b, &c))
		return 0;
	if (c == ' ' && !bytes_u8(b, &c))
		return 0;
	for (; c >= '0' && c <= '9'; digits++) {
		pcr = pcr * 10 + (c - '0');
		if (digits == 2 || pcr >= MLOG_PCR_MAX)
			return -EBADMSG;
		if (!bytes_u8(b, &c))
			return 0;
	}
	if (digits == 0 || c != ' ')
		return -EBADMSG;
	*ret = pcr;
	return 1;
}

/* The digest column: hex up to a space; @size 0 takes any size a bank can have. */
static int digest_column(struct bytes *b, size_t size, struct span *ret)
{
	struct bytes at = *b;

	if (!bytes_until(b, ' ', ret)) {
		if (bytes_left(b) > 2 * (size_t)HASH_MAX_SIZE)
			return -EBADMSG;
		(void)bytes_take(&at, bytes_left(&at), ret);
		return is_hex(*ret) ? 0 : -EBADMSG;
	}
	if (size ? ret->len != 2 * size
		 : ret->len < 32 || ret->len % 2 || ret->len > 2 * (size_t)HASH_MAX_SIZE)
		return -EBADMSG;
	return is_hex(*ret) ? 1 : -EBADMSG;
}

/* 1, 0: not enough bytes to tell, -EBADMSG: no record begins here. */
static int parse_header(size_t digest_size, struct span at, struct header *ret)
{
	struct bytes b = bytes_of(at.ptr, at.len);
	struct header h;
	int r;

	r = pcr_number(&b, &h.pcr);
	if (r <= 0)
		return r;
	r = digest_column(&b, digest_size, &h.digest_hex);
	if (r <= 0)
		return r;
	if (!bytes_until(&b, ' ', &h.name)) {
		(void)bytes_take(&b, bytes_left(&b), &h.name);
		return h.name.len == 0 || mlog_plausible_name(h.name) ? 0 : -EBADMSG;
	}
	if (!mlog_plausible_name(h.name))
		return -EBADMSG;
	(void)bytes_take(&b, bytes_left(&b), &h.rest);
	*ret = h;
	return 1;
}

int mlog_ascii_starts(size_t digest_size, struct span at)
{
	struct header h;

	return parse_header(digest_size, at, &h);
}

size_t mlog_ascii_digest_size(struct span head)
{
	struct header h;

	return parse_header(0, head, &h) > 0 ? h.digest_hex.len / 2 : 0;
}

/* Finds the end of the record (behind its newline): 1, 0 need more bytes. */
static int record_end(const struct mlog_dialect *d, const struct bytes *cursor,
		      struct span *ret_record)
{
	struct bytes b = *cursor;
	struct span line;

	while (bytes_until(&b, '\n', &line)) {
		struct span next = {b.ptr + b.pos, bytes_left(&b)};
		int r = next.len ? mlog_ascii_starts(d->digest_size, next) : 0;

		if (r == 0 && d->more)
			return 0;
		if (r >= 0) {
			*ret_record =
				(struct span){b.ptr + cursor->pos, b.pos - cursor->pos};
			return 1;
		}
	}
	return 0;
}

static size_t split(struct span text, struct span *ret)
{
	struct bytes b = bytes_of(text.ptr, text.len);
	size_t n = 0;

	while (n < TOKENS_MAX - 1 && bytes_until(&b, ' ', &ret[n]))
		n++;
	(void)bytes_take(&b, bytes_left(&b), &ret[n]);
	return n + 1;
}

/* Tools of other houses write names with spaces: what is too much belongs to the name.
 * Missing tokens at the end are empty fields whose space an editor cut off. */
static void fit_tokens(const struct mlog_layout *layout, struct span *token, size_t n)
{
	size_t at = 0, surplus = n > layout->n ? n - layout->n : 0;

	while (at < layout->n && mlog_field_kind(layout->id[at]) != MLOG_KIND_STRING)
		at++;
	if (surplus && at < layout->n) {
		token[at].len = (size_t)(token[at + surplus].ptr - token[at].ptr) +
				token[at + surplus].len;
		memmove(&token[at + 1], &token[at + 1 + surplus],
			(layout->n - at - 1) * sizeof(token[0]));
	}
	for (size_t i = n; i < layout->n; i++)
		token[i] = (struct span){0};
}

static bool add_hex(struct strbuf *out, struct span hex)
{
	uint8_t buf[256];

	while (hex.len) {
		struct span part = {hex.ptr, hex.len < 2 * sizeof(buf) ? hex.len
								       : 2 * sizeof(buf)};

		if (hex_decode(buf, part) < 0)
			return false;
		strbuf_add(out, buf, part.len / 2);
		hex.ptr += part.len;
		hex.len -= part.len;
	}
	return true;
}

/* "sha256:HEX" is "sha256:" NUL and the digest; the last colon is the one. */
static bool add_digest(struct strbuf *out, struct span text)
{
	size_t colon = text.len;

	if (text.len == 0)
		return true;
	while (colon && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	strbuf_add(out, text.ptr, colon);
	strbuf_addc(out, '\0');
	return add_hex(out, (struct span){text.ptr + colon, text.len - colon});
}

static bool add_number(struct strbuf *out, enum mlog_field_id id, struct span text,
		       bool big_endian)
{
	size_t size = id == MLOG_IMODE ? 2 : 4;
	uint64_t v;

	if (text.len == 0)
		return true;
	if (str_to_u64(text, &v) < 0 || v >> (8 * size))
		return false;
	for (size_t i = 0; i < size; i++)
		strbuf_addc(out, (char)(v >> (8 * (big_endian ? size - 1 - i : i))));
	return true;
}

static void put_u32(uint8_t *out, size_t v, bool big_endian)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (8 * (big_endian ? 3 - i : i)));
}

static bool add_value(const struct mlog_dialect *d, enum mlog_field_id id, bool legacy,
		      struct span text, struct strbuf *out)
{
	switch (mlog_field_kind(id)) {
	case MLOG_KIND_DIGEST:
		return add_digest(out, text);
	case MLOG_KIND_STRING:
		strbuf_add(out, text.ptr, text.len);
		if (!legacy && (text.len || id == MLOG_N || id == MLOG_N_NG))
			strbuf_addc(out, '\0');
		return true;
	case MLOG_KIND_NUMBER:
		return add_number(out, id, text, d->big_endian);
	case MLOG_KIND_DIGEST_RAW:
	case MLOG_KIND_SIGNATURE:
	case MLOG_KIND_HEX:
		break;
	}
	return add_hex(out, text);
}

static bool add_field(const struct mlog_dialect *d, enum mlog_field_id id, bool legacy,
		      struct span text, struct strbuf *out)
{
	size_t at = out->len;

	if (legacy && id == MLOG_D)
		return add_hex(out, text);
	strbuf_add(out, "\0\0\0\0", 4);
	if (!add_value(d, id, legacy, text, out))
		return false;
	if (!out->failed)
		put_u32((uint8_t *)out->ptr + at, out->len - at - 4, d->big_endian);
	return true;
}

static int rebuild(const struct mlog_dialect *d, const struct header *h, bool legacy,
		   struct strbuf *out, struct diag *reterr)
{
	struct span token[TOKENS_MAX + MLOG_FIELDS_MAX];
	struct mlog_layout layout;
	char text[64];

	if (!mlog_layout_of(h->name, &layout))
		return diag_set(
			reterr, DIAG_LIST_DAMAGED, EBADMSG,
			"The fields of template '%s' are not known, so text cannot be "
			"turned back into what was measured.",
			str_quote(text, sizeof(text), h->name));
	fit_tokens(&layout, token, split(h->rest, token));
	(void)add_hex(out, h->digest_hex);
	for (size_t i = 0; i < layout.n; i++)
		if (!add_field(d, layout.id[i], legacy, token[i], out))
			return diag_set(
				reterr, DIAG_LIST_DAMAGED, EBADMSG,
				"Field '%s' is not written as the kernel writes it.",
				mlog_field_name(layout.id[i]));
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

int mlog_next_ascii(const struct mlog_dialect *dialect, struct bytes *cursor,
		    struct strbuf *scratch, struct mlog_entry *ret_entry,
		    struct diag *reterr)
{
	struct span at = {cursor->ptr + cursor->pos, bytes_left(cursor)}, record;
	struct mlog_entry e = {0};
	struct header h;
	int r;

	r = mlog_ascii_starts(dialect->digest_size, at);
	if (r < 0)
		return diag_set(
			reterr, DIAG_LIST_DAMAGED, EBADMSG,
			"The line does not begin with a PCR number, a digest of %u bytes "
			"and the name of a template.",
			dialect->digest_size);
	if (r == 0 || record_end(dialect, cursor, &record) == 0)
		return at.len <= 2 * (size_t)MLOG_RECORD_MAX
			       ? 0
			       : diag_set(reterr, DIAG_LIST_DAMAGED, EBADMSG,
					  "The record is longer than any can be.");
	at = (struct span){record.ptr, record.len - 1};
	if (parse_header(dialect->digest_size, at, &h) <= 0)
		return diag_set(reterr, DIAG_LIST_DAMAGED, EBADMSG,
				"The line ends before the record's fields begin.");
	strbuf_clear(scratch);
	e.legacy = span_is(h.name, "ima");
	r = rebuild(dialect, &h, e.legacy, scratch, reterr);
	if (r < 0)
		return r;
	e.size = (uint32_t)record.len;
	e.pcr = h.pcr;
	e.name = h.name;
	e.digest = (struct span){(const uint8_t *)scratch->ptr, dialect->digest_size};
	e.data = (struct span){e.digest.ptr + e.digest.len, scratch->len - e.digest.len};
	e.violation = span_all(e.digest, 0);
	cursor->pos += record.len;
	*ret_entry = e;
	return 1;
}
