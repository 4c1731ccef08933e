/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that is refused, as it was probably meant. Every repair is tried: only what the
 * kernel takes is proposed. */
#include "core/base/policy-internal.h"

#include <errno.h>

#include "core/base/cleanup.h"

enum { TRIES = 8 }; /* things wrong with one line */

/* A line and the word of it that is wrong. */
struct broken {
	const struct policy_kernel *kernel;
	enum diag_id id;
	struct span line, before, word, after;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void add(struct strbuf *out, struct span s)
{
	strbuf_add(out, s.ptr, s.len);
}

static void with_word(const struct broken *b, struct span word, struct strbuf *out)
{
	add(out, b->before);
	add(out, word);
	add(out, b->after);
}

/* "func = X": without the blanks. */
static bool no_blanks(const struct broken *b, struct strbuf *out)
{
	bool changed = false;

	for (size_t i = 0; i < b->line.len; i++) {
		uint8_t c = b->line.ptr[i];
		size_t next = i;

		while (next < b->line.len && is_blank(b->line.ptr[next]))
			next++;
		if (is_blank(c) &&
		    ((next < b->line.len && strchr("=<>", b->line.ptr[next])) ||
		     (out->len && strchr("=<>", out->ptr[out->len - 1]))))
			changed = true;
		else
			strbuf_addc(out, (char)c);
	}
	return changed;
}

static bool is_quote(uint8_t c)
{
	return c == '"' || c == '\'';
}

static bool no_quotes(const struct broken *b, struct strbuf *out)
{
	bool changed = false;

	add(out, b->before);
	for (size_t i = 0; i < b->word.len; i++) {
		if (is_quote(b->word.ptr[i]))
			changed = true;
		else
			strbuf_addc(out, (char)b->word.ptr[i]);
	}
	add(out, b->after);
	return changed;
}

/* The word's name and value; false: it has no value. */
static bool halves(struct span word, struct span *ret_name, struct span *ret_value)
{
	struct bytes in = bytes_of(word.ptr, word.len);

	if (!bytes_until(&in, '=', ret_name))
		return false;
	*ret_value = (struct span){in.ptr + in.pos, bytes_left(&in)};
	return true;
}

static bool other_case(const struct broken *b, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf word = {0};
	struct span name = b->word, value = {0};
	bool has = halves(b->word, &name, &value);

	for (size_t i = 0; i < name.len; i++)
		strbuf_addc(&word, (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'
						  ? name.ptr[i] | 0x20
						  : name.ptr[i]));
	if (has)
		strbuf_addc(&word, '=');
	for (size_t i = 0; i < value.len; i++)
		strbuf_addc(&word, (char)(value.ptr[i] >= 'a' && value.ptr[i] <= 'z'
						  ? value.ptr[i] & ~0x20
						  : value.ptr[i]));
	with_word(b, strbuf_span(&word), out);
	return !span_equal(strbuf_span(&word), b->word);
}

/* The word, its name, or its value, by the nearest that there is. */
static bool nearest(const struct broken *b, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf word = {0};
	struct span name = b->word, value = {0};
	bool has = halves(b->word, &name, &value);
	const char *near = policy_nearest(name);

	if (name.len && strchr("<>", name.ptr[name.len - 1]))
		return false; /* or_equal() knows */
	if (near && !span_is(name, near)) {
		strbuf_adds(&word, near);
	} else if (has && span_is(name, "mask")) {
		near = policy_nearest_mask(value);
		value = span_of("");
		strbuf_addf(&word, "mask=%s", near ? near : "");
		has = false;
	} else if (has) {
		near = policy_nearest(value);
		add(&word, name);
		strbuf_addf(&word, "=%s", near ? near : "");
		has = false;
	} else {
		near = NULL;
	}
	if (has)
		strbuf_addc(&word, '=');
	if (has)
		add(&word, value);
	with_word(b, strbuf_span(&word), out);
	return near;
}

/* "uid>=10": "uid>9" */
static bool or_equal(const struct broken *b, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf word = {0};
	struct span name, number;
	uint64_t n;

	if (!halves(b->word, &name, &number) || name.len < 2 ||
	    str_to_u64(number, &n) < 0 || n == 0 || n >= UINT32_MAX)
		return false;
	if (name.ptr[name.len - 1] != '>' && name.ptr[name.len - 1] != '<')
		return false;
	add(&word, name);
	strbuf_addf(&word, "%llu",
		    (unsigned long long)(name.ptr[name.len - 1] == '>' ? n - 1 : n + 1));
	with_word(b, strbuf_span(&word), out);
	return true;
}

/* A comment behind a rule gets a line of its own, before it. */
static bool comment_apart(const struct broken *b, struct strbuf *out)
{
	size_t end = b->before.len;

	if (b->word.ptr[0] != '#' || !end)
		return false;
	while (end && is_blank(b->before.ptr[end - 1]))
		end--;
	add(out, b->word);
	add(out, b->after);
	strbuf_addc(out, '\n');
	strbuf_add(out, b->before.ptr, end);
	return true;
}

static bool as_comment(const struct broken *b, struct strbuf *out)
{
	if (b->id != DIAG_POLICY_PROSE)
		return false;
	strbuf_adds(out, "# ");
	add(out, b->line);
	return true;
}

/* What the kernel wants before others comes right behind the action. */
static bool to_front(const struct broken *b, struct strbuf *out)
{
	struct bytes in = bytes_of(b->before.ptr, b->before.len);
	struct span action;

	if (b->id != DIAG_POLICY_NEEDS || !bytes_until(&in, ' ', &action))
		return false;
	add(out, action);
	strbuf_addc(out, ' ');
	add(out, b->word);
	strbuf_addc(out, ' ');
	strbuf_add(out, in.ptr + in.pos, bytes_left(&in));
	if (b->after.len)
		strbuf_add(out, b->after.ptr + 1, b->after.len - 1);
	while (out->len && is_blank((uint8_t)out->ptr[out->len - 1]))
		out->ptr[--out->len] = '\0';
	return true;
}

/* Before 7.1 digest_type= comes before appraise_type=sigv3. */
static bool to_end(const struct broken *b, struct strbuf *out)
{
	if (!span_is(b->word, "appraise_type=sigv3") || !b->after.len)
		return false;
	add(out, b->before);
	strbuf_add(out, b->after.ptr + 1, b->after.len - 1);
	strbuf_addc(out, ' ');
	add(out, b->word);
	return true;
}

/* What stands there twice, once. */
static bool once(const struct broken *b, struct strbuf *out)
{
	size_t end = b->before.len;

	if (b->id != DIAG_POLICY_TWICE || !end)
		return false;
	while (end && is_blank(b->before.ptr[end - 1]))
		end--;
	strbuf_add(out, b->before.ptr, end);
	add(out, b->after);
	return true;
}

/* The hook of before. */
static bool older(const struct broken *b, struct strbuf *out)
{
	if (!span_is(b->word, "func=MMAP_CHECK_REQPROT"))
		return false;
	with_word(b, span_of("func=MMAP_CHECK"), out);
	return true;
}

static bool (*const repairs[])(const struct broken *, struct strbuf *) = {
	as_comment, comment_apart, no_blanks, no_quotes,  once,	   older,
	or_equal,   to_front,	   to_end,    other_case, nearest,
};

/* The first thing that is wrong with the line; false: nothing is. */
static bool look(struct span line, const struct policy_kernel *kernel,
		 struct broken *ret_broken, size_t *ret_errors)
{
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	size_t at, end;

	add(&text, line);
	strbuf_addc(&text, '\n');
	*ret_errors = 0;
	if (text.failed || policy_parse(strbuf_span(&text), kernel, &p, NULL) < 0)
		return false;
	*ret_errors = policy_count(&p, POLICY_ERROR);
	for (size_t i = 0; i < p.n_findings; i++) {
		if (p.findings[i].severity != POLICY_ERROR || !p.findings[i].d.column)
			continue;
		at = p.findings[i].d.column - 1;
		for (end = at; end < line.len && !is_blank(line.ptr[end]);)
			end++;
		*ret_broken = (struct broken){
			.kernel = kernel,
			.id = p.findings[i].d.id,
			.line = line,
			.before = {line.ptr, at},
			.word = {line.ptr + at, end - at},
			.after = {line.ptr + end, line.len - end},
		};
		return end > at;
	}
	return false;
}

/* One thing less is wrong then. */
static bool one(struct strbuf *line, const struct policy_kernel *kernel, size_t *errors)
{
	struct broken b, other;
	size_t left;

	if (!look(strbuf_span(line), kernel, &b, &left))
		return false;
	for (size_t i = 0; i < array_size(repairs); i++) {
		_cleanup_strbuf_ struct strbuf tried = {0};

		if (!repairs[i](&b, &tried) || tried.failed)
			continue;
		(void)look(strbuf_span(&tried), kernel, &other, &left);
		if (left >= *errors)
			continue;
		*errors = left;
		strbuf_clear(line);
		add(line, strbuf_span(&tried));
		return true;
	}
	return false;
}

bool policy_repair(struct span line, const struct policy_kernel *kernel,
		   struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	struct broken b;
	size_t errors;

	while (line.len && is_blank(line.ptr[0]))
		line = (struct span){line.ptr + 1, line.len - 1};
	add(&now, line);
	(void)look(line, kernel, &b, &errors);
	if (!errors)
		return false;
	for (int i = 0; i < TRIES && errors; i++)
		if (!one(&now, kernel, &errors))
			break;
	if (errors || now.failed)
		return false;
	add(out, strbuf_span(&now));
	return true;
}
