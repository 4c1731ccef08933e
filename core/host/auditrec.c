/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/auditrec.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"

enum layout { LAYOUT_EVENT, LAYOUT_RULE, LAYOUT_OTHER };
enum kind { KIND_PLAIN, KIND_FOREIGN };
/* A line of the kernel log ends after 975 to 1023 bytes: linux 6.1 kernel/printk/printk.c
 * LOG_LINE_MAX, 6.12 PRINTKRB_RECORD_MAX; what stands before the fields takes 40 to 70. */
enum { TOKENS_BEFORE = 12, STAMP_MAX = 64, ENRICHED = 0x1d, BODY_CUT_MIN = 900 };

static const struct {
	uint16_t number;
	uint8_t len;
	enum layout layout;
	const char *name;
} types[] = {
#define AUDITREC_TYPE(id, number, name, layout)                                          \
	{number, sizeof(name) - 1, LAYOUT_##layout, name},
#include "core/host/auditrec-types.inc"
#undef AUDITREC_TYPE
};

static const struct {
	char name[12]; /* filled up with zeros */
	enum kind kind;
} fields[] = {
#define AUDITREC_FIELD(id, name, kind) {name, KIND_##kind},
#include "core/host/auditrec-fields.inc"
#undef AUDITREC_FIELD
};

_Static_assert(_AUDITREC_FIELD_MAX <= 64, "the bits of struct auditrec");

static int bad(struct diag *reterr, const char *why)
{
	return diag_set(reterr, DIAG_AUDIT_RECORD, EBADMSG, "%s", why);
}

static size_t left(const struct bytes *b)
{
	return bytes_left(b);
}

static uint8_t peek(const struct bytes *b, size_t ahead)
{
	return left(b) > ahead ? b->ptr[b->pos + ahead] : 0;
}

/* Skips @text where it stands next. */
static inline bool skip(struct bytes *b, const char *text)
{
	size_t n = strlen(text);

	if (left(b) < n || memcmp(b->ptr + b->pos, text, n) != 0)
		return false;
	return bytes_skip(b, n);
}

static bool skip_one(struct bytes *b, char c)
{
	return peek(b, 0) == (uint8_t)c && bytes_skip(b, 1);
}

/* What stands before the next @stop or @other, or the end. */
static struct span until(struct bytes *b, uint8_t stop, uint8_t other)
{
	struct span s = {b->ptr + b->pos, 0};
	size_t max = left(b);

	while (s.len < max && s.ptr[s.len] != stop && s.ptr[s.len] != other)
		s.len++;
	b->pos += s.len;
	return s;
}

static int by_number(uint64_t number)
{
	for (size_t i = 0; i < array_size(types); i++)
		if (types[i].number == number)
			return (int)i;
	return -ENOENT;
}

static int by_name(struct span name)
{
	for (size_t i = 0; i < array_size(types); i++)
		if (name.len == types[i].len &&
		    memcmp(name.ptr, types[i].name, name.len) == 0)
			return (int)i;
	return -ENOENT;
}

static bool all_in(struct span s, const char *set)
{
	size_t n = strlen(set);

	for (size_t i = 0; i < s.len; i++)
		if (!memchr(set, s.ptr[i], n))
			return false;
	return s.len > 0;
}

/* "INTEGRITY_DATA", "1800", libaudit's "UNKNOWN[1808]", journald's "<audit-1808>": the row;
 * -ENOENT: another type; -EBADMSG: none. */
static int row_of(struct span s, uint64_t *ret_number)
{
	struct bytes b = bytes_of(s.ptr, s.len);
	struct span digits;

	*ret_number = 0;
	if (!skip(&b, "UNKNOWN["))
		(void)skip(&b, "<audit-");
	digits = until(&b, ']', '>');
	if (str_to_u64(digits, ret_number) == 0)
		return by_number(*ret_number);
	return all_in(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ? by_name(s) : -EBADMSG;
}

/* The kernel writes "1670857707.178:126" (audit_log_start()), ausearch -i a date in the
 * words of its locale before the serial. */
static bool read_stamp(struct span s, struct auditrec *r)
{
	struct span when, serial, sec, msec;
	uint64_t ms;

	if (s.len > STAMP_MAX || !span_cut_last(s, ":", &when, &serial) ||
	    str_to_u64(serial, &r->serial) < 0 ||
	    !span_cut_last(when, ".", &sec, &msec) || msec.len != 3 ||
	    str_to_u64(msec, &ms) < 0)
		return false;
	r->msec = (uint16_t)ms;
	r->has_serial = true;
	r->has_time = str_to_u64(sec, &r->sec) == 0;
	r->interpreted = !r->has_time;
	return r->has_time || all_in(sec, "0123456789/.-: ");
}

/* "audit(...): ", " : " where it is interpreted. */
static bool skip_stamp(struct bytes *b, struct auditrec *r)
{
	struct span s;

	if (!skip(b, "audit(") || !bytes_until(b, ')', &s) || !read_stamp(s, r))
		return false;
	(void)skip_one(b, ' ');
	return skip_one(b, ':');
}

/* What comes before the fields. The row of the type; -ENOENT: another type; -ENODATA: it
 * does not say; -EBADMSG. */
static int read_head(struct bytes *b, struct auditrec *r, uint64_t *ret_number)
{
	int row;

	if (skip(b, "type=")) {
		row = row_of(until(b, ' ', ' '), ret_number);
		(void)skip_one(b, ' ');
		r->of_kernel = !skip(b, "msg=");
		return row == -EBADMSG || skip_stamp(b, r) ? row : -EBADMSG;
	}
	if (skip(b, "audit[")) { /* the journal's */
		(void)until(b, ']', ' ');
		return skip(b, "]: ") ? row_of(until(b, ' ', ' '), ret_number) : -EBADMSG;
	}
	return skip_stamp(b, r) ? -ENODATA : -EBADMSG;
}

static bool head_begins(const struct bytes *b)
{
	struct bytes at = *b;

	return skip(&at, "type=") || skip(&at, "audit[") || skip(&at, "audit(");
}

/* Whoever hands the record on puts the time, the host or the program before it. */
static bool find_head(struct bytes *b, struct auditrec *r)
{
	for (int i = 0; i < TOKENS_BEFORE && left(b); i++) {
		if (head_begins(b))
			return true;
		if (skip(b, "node="))
			r->node = until(b, ' ', ' ');
		else if (until(b, ' ', '"'), peek(b, 0) == '"')
			return false;
		while (skip_one(b, ' '))
			;
	}
	return false;
}

static bool is_key(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_' ||
	       c == '-';
}

/* The next field's name and its '='; rules of policies have '<' and '>', too. */
static bool read_key(struct bytes *b, struct span *ret)
{
	size_t n = 0;

	while (is_key(peek(b, n)))
		n++;
	return n && bytes_take(b, n, ret) &&
	       (skip_one(b, '=') || skip_one(b, '<') || skip_one(b, '>'));
}

static bool key_next(const struct bytes *b)
{
	struct bytes at = *b;
	struct span key;

	while (skip_one(&at, ' '))
		;
	return !left(&at) || peek(&at, 0) == ENRICHED || read_key(&at, &key);
}

/* "signed policy required": all words up to the next field. */
static struct span words(struct bytes *b)
{
	struct bytes start = *b;
	struct span s;

	(void)until(b, ' ', ENRICHED);
	while (left(b) && !key_next(b)) {
		while (skip_one(b, ' '))
			;
		(void)until(b, ' ', ENRICHED);
	}
	(void)bytes_take(&start, b->pos - start.pos, &s);
	return s;
}

static bool read_value(struct bytes *b, bool interpreted, struct span *ret,
		       bool *ret_quoted)
{
	*ret_quoted = skip_one(b, '"');
	if (!*ret_quoted) {
		*ret = words(b);
		return interpreted || !ret->len || !memchr(ret->ptr, '"', ret->len);
	}
	return bytes_until(b, '"', ret) &&
	       (!left(b) || peek(b, 0) == ' ' || peek(b, 0) == ENRICHED);
}

/* What audit_string_contains_control() makes the kernel write in hexadecimal. */
static bool needs_hex(uint8_t c)
{
	return c == '"' || c < 0x21 || c > 0x7e;
}

static bool is_hex(struct span s)
{
	bool needed = false;
	uint8_t c = 0;

	if (s.len % 2 || !all_in(s, "0123456789ABCDEF"))
		return false;
	for (size_t i = 0; i < s.len && !needed; i += 2)
		needed = hex_decode(&c, (struct span){s.ptr + i, 2}) == 0 && needs_hex(c);
	return needed;
}

static inline uint64_t first_eight(const char *name)
{
	uint64_t v;

	memcpy(&v, name, sizeof(v));
	return v;
}

/* One of 64 kinds of names, by their ends and length: most fields are not kept, and few of
 * those are of a kind that is. */
#define KIND_OF(first, last, len) (1ULL << (((first)*5u + (last)*3u + (len)) % 64u))

static bool may_be_kept(struct span key)
{
	const uint64_t kept = 0
#define AUDITREC_FIELD(id, name, kind)                                                   \
	| KIND_OF((uint8_t)(name)[0], (uint8_t)(name)[sizeof(name) - 2], sizeof(name) - 1)
#include "core/host/auditrec-fields.inc"
#undef AUDITREC_FIELD
		;

	return kept & KIND_OF(key.ptr[0], key.ptr[key.len - 1], key.len);
}

/* A row of fields; as many as there are: none that is kept. */
static size_t field_of(struct span key)
{
	char name[sizeof(fields[0].name)] = {0};
	size_t i = 0;

	if (key.len > sizeof(name) || !may_be_kept(key))
		return array_size(fields);
	memcpy(name, key.ptr, key.len);
	while (i < array_size(fields) &&
	       (first_eight(fields[i].name) != first_eight(name) ||
		memcmp(fields[i].name, name, sizeof(name)) != 0))
		i++;
	return i;
}

/* False: it is there already, so one of both is not the kernel's. */
static bool keep(struct auditrec *r, struct span key, struct span value, bool quoted)
{
	size_t i = field_of(key);

	if (i == array_size(fields))
		return true;
	if (r->has >> i & 1)
		return false;
	r->has |= 1ULL << i;
	r->at[i] = value;
	if (!quoted && !r->interpreted && fields[i].kind == KIND_FOREIGN && is_hex(value))
		r->hex |= 1ULL << i;
	return true;
}

static bool may_be_cut(const struct auditrec *r)
{
	return r->of_kernel && r->body.len >= BODY_CUT_MIN;
}

/* A quote that the end of the line has left open. */
static bool take_rest(struct bytes *b, const struct auditrec *r, bool quoted,
		      struct span *ret)
{
	return quoted && may_be_cut(r) && !memchr(b->ptr + b->pos, '"', left(b)) &&
	       bytes_take(b, left(b), ret);
}

static int read_fields(struct bytes *b, struct auditrec *r, struct diag *reterr)
{
	struct span key, value;
	bool quoted;

	for (;;) {
		while (skip_one(b, ' '))
			;
		/* auditd adds what the numbers mean behind it, in capital letters */
		if (!left(b) || peek(b, 0) == ENRICHED)
			return 0;
		if (!read_key(b, &key)) {
			if (may_be_cut(r) && !left(b))
				return 0;
			return bad(reterr, "A word in the audit record is no field.");
		}
		if (!read_value(b, r->interpreted, &value, &quoted) &&
		    !take_rest(b, r, quoted, &value))
			return bad(reterr, "A quote in the audit record is not closed.");
		if (!keep(r, key, value, quoted))
			return bad(reterr, "A field stands twice in the audit record.");
	}
}

#define HAS(id) (1ULL << AUDITREC_FIELD_##id)

/* The beginning of a name is worth having. In hexadecimal it ends with a whole byte, and
 * what follows may be the beginning of the next field. */
static void finish_name(struct auditrec *r, int field)
{
	struct span *name = &r->at[field];
	struct bytes b = bytes_of(name->ptr, name->len);
	struct span digits;

	if (name->ptr[-1] == '"') {
		r->part |= 1ULL << field;
		return;
	}
	digits = until(&b, ' ', ' ');
	if (!left(&b))
		r->part |= 1ULL << field;
	digits.len -= digits.len % 2;
	if (all_in(digits, "0123456789ABCDEF"))
		r->hex |= 1ULL << field;
	*name = digits;
}

/* The field in whose middle the line ends goes, since "ino=12" may have been 1234. */
static void finish_cut(struct auditrec *r)
{
	const uint8_t *end = r->body.ptr + r->body.len;

	r->cut = true;
	for (int f = 0; f < _AUDITREC_FIELD_MAX; f++) {
		if (!(r->has >> f & 1) || r->at[f].ptr + r->at[f].len != end)
			continue;
		if (f == AUDITREC_FIELD_NAME || f == AUDITREC_FIELD_FILE) {
			finish_name(r, f);
		} else if (f == AUDITREC_FIELD_UNKNOWN) {
			r->part |= HAS(UNKNOWN); /* that there is one says enough */
		} else {
			r->has &= ~(1ULL << f);
			r->hex &= ~(1ULL << f);
		}
	}
}

/* What a rule of a policy says of itself: its uid= is not that of who loads it. */
static bool finish_rule(struct auditrec *r)
{
	static const uint64_t rule =
		HAS(ACTION) | HAS(FUNC) | HAS(MASK) | HAS(UNKNOWN) | HAS(RES);
	bool of_file = r->has & HAS(FILE);

	if (may_be_cut(r) &&
	    !r->at[of_file ? AUDITREC_FIELD_COMM : AUDITREC_FIELD_RES].len)
		finish_cut(r);
	if (of_file)
		return r->cut || r->has & HAS(COMM);
	r->has &= rule;
	r->hex &= rule;
	return r->has & (HAS(ACTION) | HAS(UNKNOWN)) && (r->cut || r->has & HAS(RES));
}

/* Is all of it there? Lines are cut by those who hand them on. */
static bool finish(struct auditrec *r, enum layout layout)
{
	static const uint64_t event = HAS(OP) | HAS(CAUSE) | HAS(COMM);

	switch (layout) {
	case LAYOUT_EVENT:
		if (may_be_cut(r) && !r->at[AUDITREC_FIELD_RES].len)
			finish_cut(r);
		return (r->has & event) == event && (r->cut || r->has & HAS(RES));
	case LAYOUT_RULE:
		return finish_rule(r);
	default:
		return true;
	}
}

int auditrec_head(struct span line, struct auditrec *ret, struct diag *reterr)
{
	struct bytes b = bytes_of(line.ptr, line.len);
	struct auditrec r = {0};
	uint64_t number = AUDITREC_TYPELESS;
	int row;

	if (line.len > AUDITREC_LINE_MAX)
		return bad(reterr, "The line is longer than any audit record.");
	if (!find_head(&b, &r))
		return bad(reterr, "The line is no audit record.");
	row = read_head(&b, &r, &number);
	if (row == -EBADMSG)
		return bad(reterr, "The audit record has no type, time and number.");
	r.type = (enum auditrec_type)(row >= 0 ? types[row].number : number);
	if (row != -ENOENT)
		r.body = (struct span){b.ptr + b.pos, left(&b)};
	*ret = r;
	return row != -ENOENT;
}

int auditrec_fields(struct auditrec *r, struct diag *reterr)
{
	struct bytes b = bytes_of(r->body.ptr, r->body.len);
	int row = by_number(r->type);

	if (read_fields(&b, r, reterr) < 0)
		return -EBADMSG;
	if (!finish(r, row < 0 ? LAYOUT_OTHER : types[row].layout))
		return bad(reterr, "The audit record is cut off.");
	return 1;
}

int auditrec_parse(struct span line, struct auditrec *ret, struct diag *reterr)
{
	struct auditrec r;
	int e = auditrec_head(line, &r, reterr);

	if (e > 0)
		e = auditrec_fields(&r, reterr);
	if (e >= 0)
		*ret = r;
	return e;
}

bool auditrec_text(const struct auditrec *r, enum auditrec_field field,
		   struct strbuf *out)
{
	struct span s = r->at[field];
	uint8_t c = 0;

	if (!auditrec_has(r, field))
		return false;
	if (!(r->hex >> field & 1))
		strbuf_add(out, s.ptr, s.len);
	else
		for (size_t i = 0; i + 2 <= s.len; i += 2) {
			(void)hex_decode(&c, (struct span){s.ptr + i, 2});
			strbuf_addc(out, (char)c);
		}
	return true;
}

bool auditrec_number(const struct auditrec *r, enum auditrec_field field, uint64_t *ret)
{
	struct span s = r->at[field];
	bool negative = auditrec_has(r, field) && s.len && s.ptr[0] == '-';

	if (!auditrec_has(r, field))
		return false;
	if (negative)
		s = (struct span){s.ptr + 1, s.len - 1};
	if (str_to_u64(s, ret) < 0)
		return false;
	if (negative)
		*ret = -*ret;
	return true;
}

const char *auditrec_type_name(enum auditrec_type type)
{
	int row = by_number(type);

	return row < 0 ? NULL : types[row].name;
}

const char *auditrec_field_name(enum auditrec_field field)
{
	return fields[field].name;
}
