/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text -> tokens, each test with its value read. filter-build.c goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"
#include "core/list/filter-compiler.h"

static const struct {
	const char *name;
	enum filter_kind kind;
	const char *help;
} fields[_FILTER_FIELD_MAX] = {
#define FILTER_FIELD(id, name, kind, help)                                               \
	[FILTER_##id] = {name, FILTER_KIND_##kind, help},
#include "core/list/filter-fields.inc"
#undef FILTER_FIELD
};

static const char *const ops[_FILTER_OP_MAX] = {
#define FILTER_OP(id, text) [FILTER_OP_##id] = text,
#include "core/list/filter-ops.inc"
#undef FILTER_OP
};

static const char *const kinds[] = {
	[FILTER_KIND_NUMBER] = "number",  [FILTER_KIND_SIZE] = "size",
	[FILTER_KIND_TEXT] = "text",	  [FILTER_KIND_HEX] = "hex",
	[FILTER_KIND_FLAG] = "yes or no", [FILTER_KIND_AGE] = "age",
};

const char *filter_field_name(enum filter_field field)
{
	return field >= 0 && field < _FILTER_FIELD_MAX ? fields[field].name : "";
}

const char *filter_field_kind(enum filter_field field)
{
	return field >= 0 && field < _FILTER_FIELD_MAX ? kinds[fields[field].kind] : "";
}

const char *filter_field_help(enum filter_field field)
{
	return field >= 0 && field < _FILTER_FIELD_MAX ? fields[field].help : "";
}

const char *filter_op_text(enum filter_op op)
{
	return ops[op];
}

enum filter_kind filter_kind_of(enum filter_field field)
{
	return field < _FILTER_FIELD_MAX ? fields[field].kind : FILTER_KIND_TEXT;
}

int filter_wrong(struct compiler *c, size_t at, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_set(c->reterr, DIAG_FILTER, EINVAL, "Filter, column %zu: %s", at + 1, text);
	(void)diag_at(c->reterr, 0, (unsigned)at + 1);
	return -EINVAL;
}

static int no_memory(struct compiler *c)
{
	return diag_set(c->reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
}

static bool is_space(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static bool ends_word(char ch)
{
	return is_space(ch) || ch == '(' || ch == ')' || ch == '"' || ch == '\0';
}

static void skip_space(struct compiler *c)
{
	while (c->at < c->len && is_space(c->text[c->at]))
		c->at++;
}

/* The character at @at, NUL behind the end. */
static char peek(const struct compiler *c, size_t at)
{
	return at < c->len ? c->text[at] : '\0';
}

static int add_token(struct compiler *c, enum token t, size_t at)
{
	if (c->n == FILTER_TOKENS_MAX)
		return filter_wrong(c, at, "The filter is too long.");
	c->column[c->n] = (unsigned)at;
	c->token[c->n++] = t;
	return 0;
}

static int add_test(struct compiler *c, size_t at, struct filter_test **ret)
{
	if (c->f->n == FILTER_TESTS_MAX)
		return filter_wrong(c, at, "More than %d terms.", FILTER_TESTS_MAX);
	*ret = &c->f->test[c->f->n++];
	return add_token(c, TEST, at);
}

/* One character of a word, escapes decoded. */
static char word_char(struct compiler *c)
{
	char ch = c->text[c->at++];
	uint8_t byte;

	if (ch != '\\' || c->at == c->len)
		return ch;
	if (c->text[c->at] == 'x' && c->at + 2 < c->len &&
	    hex_decode(&byte, (struct span){(const uint8_t *)c->text + c->at + 1, 2}) ==
		    0) {
		c->at += 3;
		return (char)byte;
	}
	return c->text[c->at++];
}

/* A word or value, quoted or not, from here on. */
static int take_word(struct compiler *c, struct strbuf *out)
{
	size_t start = c->at;
	bool quoted = peek(c, c->at) == '"';

	c->at += quoted;
	while (c->at < c->len &&
	       (quoted ? c->text[c->at] != '"' : !ends_word(c->text[c->at])))
		strbuf_addc(out, word_char(c));
	if (quoted && c->at == c->len)
		return filter_wrong(c, start, "The quotation mark is never closed.");
	c->at += quoted;
	return out->failed ? no_memory(c) : 0;
}

/* Length of the token "/.../" or "/.../i" here, 0 when it is a plain path. A closing
 * parenthesis that opened outside is not part of it. */
static size_t regex_length(const struct compiler *c)
{
	size_t end = c->at, len;
	int open = 0;

	while (end < c->len && !is_space(c->text[end])) {
		open += c->text[end] == '(';
		open -= c->text[end] == ')';
		end++;
	}
	for (; open < 0 && c->text[end - 1] == ')'; open++)
		end--;
	len = end - c->at;
	if (len > 3 && c->text[end - 1] == 'i' && c->text[end - 2] == '/')
		return len;
	return len > 2 && c->text[end - 1] == '/' ? len : 0;
}

/*
 * What the C library's matcher cannot be trusted with: back references (exponential) and
 * nested or large repeats (they are expanded: a{m} to m times a, a+ to aa*).
 */
static const char *regex_refused(const char *re, size_t len)
{
	unsigned braces = 0, depth = 0;
	size_t expanded = len;
	char before = '\0';

	for (size_t i = 0; i < len; before = re[i++]) {
		if (re[i] == '\\') {
			i++;
			if (i < len && re[i] >= '1' && re[i] <= '9')
				return "Back references are not supported.";
			continue;
		}
		depth += re[i] == '(';
		if (depth > 30)
			return "The expression has too many groups.";
		if (re[i] == '{' && (++braces > 2 || len - i < 2 ||
				     strcspn(re + i, "}") > 4 || atoi(re + i + 1) > 99))
			return "Repeat counts: two at most, {m} up to 99.";
		if (re[i] == '{') /* or {m,n}, with a digit each */
			expanded *= (size_t)atoi(re + i + 1) + 10;
		if (re[i] == '+' && before && strchr(")}+*?", before))
			expanded *= 2;
		if (expanded > FILTER_REGEX_MAX)
			return "The expression has too many repeats of repeats.";
	}
	return len > 256 ? "The expression is longer than 256 characters." : NULL;
}

static int compile_regex(struct compiler *c, size_t at, struct filter_test *t, bool icase)
{
	const char *refused = regex_refused(t->text, t->len);
	char message[120];
	int r;

	if (refused)
		return filter_wrong(c, at, "%s", refused);
	r = regcomp(&t->re, t->text, REG_EXTENDED | REG_NOSUB | (icase ? REG_ICASE : 0));
	if (r == REG_ESPACE)
		return no_memory(c);
	if (r != 0) {
		(void)regerror(r, NULL, message, sizeof(message));
		return filter_wrong(c, at, "The regular expression is wrong: %s.",
				    message);
	}
	t->regex = true;
	return 0;
}

static int take_regex(struct compiler *c, size_t len, struct filter_test *t)
{
	size_t start = c->at;
	bool icase = c->text[start + len - 1] == 'i';

	t->source = strndup(c->text + start, len);
	t->text = strndup(c->text + start + 1, len - 2 - icase);
	if (!t->source || !t->text)
		return no_memory(c);
	t->len = strlen(t->text);
	c->at += len;
	return compile_regex(c, start, t, icase);
}

static bool is_hex_word(const struct filter_test *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (!strchr("0123456789abcdefABCDEF", t->text[i]) || !t->text[i])
			return false;
	return t->len >= 8;
}

static bool keep_text(struct filter_test *t, struct strbuf *b)
{
	t->len = b->len;
	t->text = strbuf_take(b);
	if (!t->text)
		t->text = strdup("");
	return t->text;
}

static int parse_scaled(struct span s, const char *units, const uint64_t *scale,
			uint64_t *ret)
{
	const char *unit = s.len ? strchr(units, (char)s.ptr[s.len - 1]) : NULL;
	uint64_t factor = 1, v = 0;

	if (unit && *unit) {
		factor = scale[unit - units];
		s.len--;
	}
	if (str_to_u64(s, &v) < 0 || v > UINT64_MAX / factor)
		return -EINVAL;
	*ret = v * factor;
	return 0;
}

static int parse_octal(struct span s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '7' || v >> 60)
			return -EINVAL;
		v = v * 8 + (s.ptr[i] - '0');
	}
	*ret = v;
	return 0;
}

static int number_value(struct compiler *c, size_t at, struct filter_test *t)
{
	static const uint64_t sizes[] = {1 << 10, 1 << 10, 1 << 20, 1 << 30};
	static const uint64_t ages[] = {1000, 60000, 3600000, 86400000};
	struct span s = {(const uint8_t *)t->text, t->len};
	enum filter_kind kind = filter_kind_of(t->field);
	int r;

	if (kind == FILTER_KIND_SIZE)
		r = parse_scaled(s, "kKMG", sizes, &t->number);
	else if (kind == FILTER_KIND_AGE)
		r = parse_scaled(s, "smhd", ages, &t->number);
	else if (t->field == FILTER_MODE && s.len > 1 && s.ptr[0] == '0')
		r = parse_octal(s, &t->number);
	else
		r = str_to_u64(s, &t->number);
	if (r >= 0 && kind == FILTER_KIND_AGE && t->number % 1000)
		r = -EINVAL;
	return r < 0 ? filter_wrong(c, at, "'%s' takes a %s%s.",
				    filter_field_name(t->field), kinds[kind],
				    kind == FILTER_KIND_SIZE  ? " like 100, 4k or 1M"
				    : kind == FILTER_KIND_AGE ? " like 30s, 10m, 2h or 1d"
							      : "")
		     : 0;
}

static int hex_value(struct compiler *c, size_t at, struct filter_test *t)
{
	const char *colon = memrchr(t->text, ':', t->len);

	if (colon) { /* "sha256:ab12" as the detail pane shows it */
		t->len -= (size_t)(colon + 1 - t->text);
		memmove(t->text, colon + 1, t->len + 1);
	}
	for (size_t i = 0; i < t->len; i++) {
		if (t->text[i] >= 'A' && t->text[i] <= 'F')
			t->text[i] = (char)(t->text[i] - 'A' + 'a');
		else if (!t->text[i] || !strchr("0123456789abcdef", t->text[i]))
			return filter_wrong(c, at, "'%s' takes hexadecimal digits.",
					    filter_field_name(t->field));
	}
	return t->len ? 0 : filter_wrong(c, at, "Digits are missing.");
}

static int flag_value(struct compiler *c, size_t at, struct filter_test *t)
{
	t->number = strcmp(t->text, "yes") == 0;
	if (!t->number && strcmp(t->text, "no") != 0 && !t->none)
		return filter_wrong(c, at, "'%s' takes yes or no.",
				    filter_field_name(t->field));
	return 0;
}

static bool op_fits(enum filter_kind kind, enum filter_op op)
{
	switch (kind) {
	case FILTER_KIND_NUMBER:
	case FILTER_KIND_SIZE:
		return op != FILTER_OP_HAS && op != FILTER_OP_NOT_HAS;
	case FILTER_KIND_TEXT:
	case FILTER_KIND_HEX:
		return op == FILTER_OP_EQUAL || op == FILTER_OP_NOT_EQUAL ||
		       op == FILTER_OP_HAS || op == FILTER_OP_NOT_HAS;
	case FILTER_KIND_FLAG:
		return op == FILTER_OP_EQUAL || op == FILTER_OP_NOT_EQUAL;
	case FILTER_KIND_AGE:
		return op == FILTER_OP_EQUAL;
	}
	return false;
}

static int check_value(struct compiler *c, size_t at, struct filter_test *t)
{
	switch (filter_kind_of(t->field)) {
	case FILTER_KIND_NUMBER:
	case FILTER_KIND_SIZE:
	case FILTER_KIND_AGE:
		return number_value(c, at, t);
	case FILTER_KIND_HEX:
		return t->none ? 0 : hex_value(c, at, t);
	case FILTER_KIND_FLAG:
		return flag_value(c, at, t);
	case FILTER_KIND_TEXT:
		break;
	}
	return t->len ? 0 : filter_wrong(c, at, "A value is missing.");
}

static int take_value(struct compiler *c, struct filter_test *t)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	bool has = t->op == FILTER_OP_HAS || t->op == FILTER_OP_NOT_HAS;
	bool quoted;
	size_t at, re;
	int r;

	skip_space(c);
	at = c->at;
	quoted = peek(c, at) == '"';
	re = has && filter_kind_of(t->field) == FILTER_KIND_TEXT && peek(c, at) == '/'
		     ? regex_length(c)
		     : 0;
	if (re)
		return take_regex(c, re, t);
	r = take_word(c, &b);
	if (r < 0)
		return r;
	if (!keep_text(t, &b))
		return no_memory(c);
	t->none = !quoted && !has && strcmp(t->text, "-") == 0;
	if (t->len == 0)
		return filter_wrong(c, at, "A value is missing after '%s%s'.",
				    filter_field_name(t->field), ops[t->op]);
	return check_value(c, at, t);
}

static size_t name_length(const struct compiler *c)
{
	size_t n = 0;

	while (peek(c, c->at + n) >= 'a' && peek(c, c->at + n) <= 'z')
		n++;
	return n;
}

static enum filter_op op_at(const struct compiler *c, size_t at)
{
	enum filter_op op = 0;

	while (op < _FILTER_OP_MAX && strncmp(c->text + (at < c->len ? at : c->len),
					      ops[op], strlen(ops[op])) != 0)
		op++;
	return op;
}

enum filter_field filter_field_named(const char *name, size_t len)
{
	for (int i = 0; i < _FILTER_FIELD_MAX; i++)
		if (strlen(fields[i].name) == len &&
		    memcmp(fields[i].name, name, len) == 0)
			return (enum filter_field)i;
	return _FILTER_FIELD_INVALID;
}

/* "field op value": 1 when it was one, 0 when this is a word. */
static int take_comparison(struct compiler *c)
{
	size_t start = c->at, len = name_length(c), at = start + len;
	enum filter_field field = filter_field_named(c->text + start, len);
	struct filter_test *t = NULL;
	enum filter_op op;
	int r;

	while (len && field >= 0 && is_space(peek(c, at)))
		at++;
	op = len ? op_at(c, at) : _FILTER_OP_MAX;
	/* "sig !vio": the mark belongs to the next term */
	if (op == _FILTER_OP_MAX)
		return 0;
	if (field < 0)
		return filter_wrong(c, start,
				    "There is no field '%.*s'; quote it if it is a word.",
				    (int)(len < 40 ? len : 40), c->text + start);
	r = add_test(c, start, &t);
	if (r < 0)
		return r;
	t->field = field;
	t->op = op;
	if (!op_fits(filter_kind_of(field), op))
		return filter_wrong(c, at, "'%s' cannot be compared with '%s'.",
				    filter_field_name(field), ops[op]);
	c->at = at + strlen(ops[op]);
	r = take_value(c, t);
	return r < 0 ? r : 1;
}

static bool is_word(const struct compiler *c, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(c->text + c->at, word, len) == 0;
}

/* A bare word: keyword, flag, regular expression or substring. */
static int take_term(struct compiler *c)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	size_t start = c->at, len = 0, re;
	enum filter_field field;
	struct filter_test *t = NULL;
	int r;

	while (!ends_word(peek(c, start + len)))
		len++;
	if (is_word(c, len, "and") || is_word(c, len, "or") || is_word(c, len, "not")) {
		enum token k = is_word(c, len, "and")  ? AND
			       : is_word(c, len, "or") ? OR
						       : NOT;

		c->at += len;
		return add_token(c, k, start);
	}
	r = add_test(c, start, &t);
	if (r < 0)
		return r;
	field = filter_field_named(c->text + start, len);
	if (field >= 0 && fields[field].kind == FILTER_KIND_FLAG) {
		*t = (struct filter_test){.field = field,
					  .op = FILTER_OP_EQUAL,
					  .number = 1};
		c->at += len;
		return 0;
	}
	t->field = FILTER_WORD;
	t->op = FILTER_OP_HAS;
	re = peek(c, start) == '/' ? regex_length(c) : 0;
	if (re)
		return take_regex(c, re, t);
	r = take_word(c, &b);
	if (r < 0)
		return r;
	if (!keep_text(t, &b))
		return no_memory(c);
	if (t->len == 0)
		return filter_wrong(c, start, "The word is empty.");
	t->hex_word = is_hex_word(t);
	return 0;
}

int filter_tokenize(struct compiler *c)
{
	int r = 0;

	for (skip_space(c); r >= 0 && c->at < c->len; skip_space(c)) {
		char ch = c->text[c->at];

		if (ch == '(' || ch == ')') {
			r = add_token(c, ch == '(' ? OPEN : CLOSE, c->at++);
		} else if (ch == '!') {
			r = add_token(c, NOT, c->at++);
		} else {
			r = take_comparison(c);
			if (r == 0)
				r = take_term(c);
		}
	}
	return r < 0 ? r : 0;
}
