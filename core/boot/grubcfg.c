/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/grubcfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

#define SECTION "### BEGIN /etc/grub.d/"

enum { DEPTH_MAX = 8 };

/* Words as GRUB's lexer divides them (grub-core/script/yylex.l): quotes, backslashes,
 * comments; ends of commands are words of their own. */
enum kind {
	END,
	WORD,
	STOP, /* newline or ';' */
	BAD,  /* a quote without its end */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip(struct bytes *in)
{
	while (bytes_left(in) && is_blank(in->ptr[in->pos]))
		in->pos++;
	if (bytes_left(in) && in->ptr[in->pos] == '#')
		while (bytes_left(in) && in->ptr[in->pos] != '\n')
			in->pos++;
}

/* Behind a quoted part that begins at in->pos. */
static bool skip_quoted(struct bytes *in)
{
	uint8_t quote = in->ptr[in->pos++];

	while (bytes_left(in) && in->ptr[in->pos] != quote)
		in->pos += quote == '"' && in->ptr[in->pos] == '\\' && bytes_left(in) > 1
				   ? 2
				   : 1;
	if (!bytes_left(in))
		return false;
	in->pos++;
	return true;
}

static enum kind next(struct bytes *in, struct span *ret)
{
	size_t from;

	skip(in);
	from = in->pos;
	if (!bytes_left(in))
		return END;
	if (in->ptr[in->pos] == '\n' || in->ptr[in->pos] == ';') {
		in->pos++;
		return STOP;
	}
	while (bytes_left(in) && !is_blank(in->ptr[in->pos]) &&
	       in->ptr[in->pos] != '\n' && in->ptr[in->pos] != ';') {
		uint8_t c = in->ptr[in->pos];

		if (c == '\'' || c == '"') {
			if (!skip_quoted(in))
				return BAD;
		} else
			in->pos += c == '\\' && bytes_left(in) > 1 ? 2 : 1;
	}
	*ret = (struct span){in->ptr + from, in->pos - from};
	return WORD;
}

/* Without its quotes; the caller frees it. */
static char *unquote(struct span word)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	uint8_t quote = 0;

	strbuf_adds(&out, "");
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.ptr[i];

		if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (quote && c == quote)
			quote = 0;
		else if (c == '\\' && quote != '\'' && i + 1 < word.len)
			strbuf_addc(&out, (char)word.ptr[++i]);
		else
			strbuf_addc(&out, (char)c);
	}
	if (out.failed)
		return NULL;
	return out.len ? strbuf_take(&out) : strdup("");
}

/* The parser's place: which menus are open, and at which depth of braces. */
struct parse {
	struct grubcfg *g;
	struct bytes in;
	size_t open[DEPTH_MAX]; /* index + 1 of the entry; 0: braces of something else */
	size_t depth;
};

static struct grubcfg_entry *add_entry(struct grubcfg *g)
{
	size_t cap = g->cap ? 2 * g->cap : 16;
	struct grubcfg_entry *entry;

	if (g->n == g->cap) {
		entry = reallocarray(g->entry, cap, sizeof(*entry));
		if (!entry)
			return NULL;
		g->entry = entry;
		g->cap = cap;
	}
	g->entry[g->n] = (struct grubcfg_entry){0};
	return &g->entry[g->n++];
}

static size_t menu_of(const struct parse *p)
{
	for (size_t i = p->depth; i > 0; i--)
		if (p->open[i - 1])
			return p->open[i - 1];
	return 0;
}

static size_t count_in(const struct grubcfg *g, size_t parent, size_t before)
{
	size_t n = 0;

	for (size_t i = 0; i < before; i++)
		n += g->entry[i].parent == parent;
	return n;
}

static bool is_id_option(struct span word)
{
	return span_is(word, "--id") || span_is(word, "$menuentry_id_option") ||
	       span_is(word, "${menuentry_id_option}");
}

/* The words up to "{": title, options, id. */
static int read_head(struct parse *p, struct grubcfg_entry *e)
{
	bool wants_id = false;
	struct span word;
	enum kind k;

	while ((k = next(&p->in, &word)) == WORD && !span_is(word, "{")) {
		if (!e->title) {
			e->title = unquote(word);
			e->attrs.ptr = p->in.ptr + p->in.pos;
			if (!e->title)
				return -ENOMEM;
		} else if (wants_id && !e->id) {
			e->id = unquote(word);
			if (!e->id)
				return -ENOMEM;
		}
		wants_id = is_id_option(word);
		if (e->attrs.ptr)
			e->attrs.len = (size_t)(p->in.ptr + p->in.pos - e->attrs.ptr);
	}
	if (!e->id)
		e->id = strdup("");
	return k != WORD || !e->title ? -EBADMSG : e->id ? 0 : -ENOMEM;
}

static int open_brace(struct parse *p, size_t entry)
{
	if (p->depth == DEPTH_MAX)
		return -EBADMSG;
	p->open[p->depth++] = entry;
	return 0;
}

static int read_entry(struct parse *p, bool submenu)
{
	struct grubcfg *g = p->g;
	size_t parent = menu_of(p);
	struct grubcfg_entry *e = add_entry(g);
	int r = e ? read_head(p, e) : -ENOMEM;

	if (r < 0)
		return r;
	e->submenu = submenu;
	e->parent = parent;
	e->place = count_in(g, parent, g->n - 1);
	e->body.ptr = p->in.ptr + p->in.pos;
	return open_brace(p, g->n);
}

static int close_brace(struct parse *p)
{
	struct grubcfg_entry *e;

	if (!p->depth)
		return -EBADMSG;
	if (p->open[--p->depth]) {
		e = &p->g->entry[p->open[p->depth] - 1];
		e->body.len = (size_t)(p->in.ptr + p->in.pos - 1 - e->body.ptr);
	}
	return 0;
}

/* set default="${next_entry}" stands first, then what counts without it. */
static int read_set(struct grubcfg *g, struct span word)
{
	struct bytes in = bytes_of(word.ptr, word.len);
	struct span name;

	if (g->fallback || !bytes_until(&in, '=', &name) || !span_is(name, "default"))
		return 0;
	(void)bytes_take(&in, bytes_left(&in), &word);
	if (memmem(word.ptr, word.len, "next_entry", strlen("next_entry"))) {
		g->takes_next = true;
		return 0;
	}
	g->fallback = unquote(word);
	return g->fallback ? 0 : -ENOMEM;
}

static int read_word(struct parse *p, struct span word, bool *first, bool *set)
{
	bool begins = *first;

	*first = span_is(word, "{") || span_is(word, "then") || span_is(word, "else");
	if (begins && (span_is(word, "menuentry") || span_is(word, "submenu"))) {
		*first = true;
		return read_entry(p, span_is(word, "submenu"));
	}
	if (span_is(word, "{"))
		return open_brace(p, 0);
	if (begins && span_is(word, "}"))
		return close_brace(p);
	if (begins && span_is(word, "set"))
		*set = true;
	else if (*set)
		return read_set(p->g, word);
	return 0;
}

int grubcfg_parse(struct span text, struct grubcfg *ret)
{
	struct parse p = {.g = ret, .in = bytes_of(text.ptr, text.len)};
	bool first = true, set = false;
	struct span word;
	enum kind k;
	int r = 0;

	*ret = (struct grubcfg){
		.text = text,
		.takes_custom = memmem(text.ptr, text.len, "/custom.cfg",
				       strlen("/custom.cfg")) != NULL,
	};
	while (r == 0 && (k = next(&p.in, &word)) != END) {
		if (k == BAD)
			r = -EBADMSG;
		else if (k == STOP) {
			first = true;
			set = false;
		} else
			r = read_word(&p, word, &first, &set);
	}
	if (r == 0 && p.depth)
		r = -EBADMSG;
	if (r == 0 && !ret->fallback && !(ret->fallback = strdup("")))
		r = -ENOMEM;
	return r;
}

void grubcfg_done(struct grubcfg *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->entry[i].title);
		free(g->entry[i].id);
	}
	free(g->entry);
	free(g->fallback);
	*g = (struct grubcfg){0};
}

/* By its place, its id or its title; 0: none, else index + 1. */
static size_t find_in(const struct grubcfg *g, size_t parent, struct span name)
{
	uint64_t place = 0;
	bool counted = str_to_u64(name, &place) == 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct grubcfg_entry *e = &g->entry[i];

		if (e->parent == parent &&
		    (counted ? e->place == place
			     : span_is(name, e->title) ||
				       (*e->id && span_is(name, e->id))))
			return i + 1;
	}
	return 0;
}

static size_t first_of(const struct grubcfg *g, size_t parent)
{
	return find_in(g, parent, span_of("0"));
}

const struct grubcfg_entry *grubcfg_default(const struct grubcfg *g, struct span saved)
{
	struct span name = span_of(g->fallback), part;
	struct bytes in;
	size_t at = 0;

	if (span_is(name, "${saved_entry}") || span_is(name, "$saved_entry"))
		name = saved;
	in = bytes_of(name.ptr, name.len);
	while (bytes_left(&in)) {
		if (!bytes_until(&in, '>', &part))
			(void)bytes_take(&in, bytes_left(&in), &part);
		/* a title that holds '>' is written with two of them: not told apart here */
		at = find_in(g, at, part);
		if (!at)
			break;
	}
	if (!at)
		at = first_of(g, 0);
	while (at && g->entry[at - 1].submenu)
		at = first_of(g, at);
	return at ? &g->entry[at - 1] : NULL;
}

static bool is_kernel(struct span word)
{
	return span_is(word, "linux") || span_is(word, "linuxefi") ||
	       span_is(word, "linux16");
}

bool grubcfg_next_kernel(struct bytes *in, struct span *ret)
{
	bool first = true;
	struct span word;
	enum kind k;

	while ((k = next(in, &word)) == WORD || k == STOP) {
		bool begins = first;
		size_t from;

		first = k == STOP || span_is(word, "{") || span_is(word, "then") ||
			span_is(word, "else");
		if (k == STOP || !begins || !is_kernel(word) || next(in, &word) != WORD)
			continue;
		from = in->pos;
		while (bytes_left(in) && in->ptr[in->pos] != '\n')
			in->pos++;
		*ret = (struct span){in->ptr + from, in->pos - from};
		return true;
	}
	return false;
}

/* The part between "### BEGIN .../10_linux ###" and its end. */
static bool section(struct span text, const char *name, struct span *ret)
{
	_cleanup_strbuf_ struct strbuf mark = {0};
	const uint8_t *begin, *end;

	strbuf_addf(&mark, SECTION "%s ###", name);
	begin = mark.failed ? NULL : memmem(text.ptr, text.len, mark.ptr, mark.len);
	if (!begin)
		return false;
	text.len -= (size_t)(begin - text.ptr);
	end = memmem(begin, text.len, "### END ", strlen("### END "));
	*ret = (struct span){begin, end ? (size_t)(end - begin) : text.len};
	return true;
}

bool grubcfg_fit(struct span text, const struct bootwords *wish, size_t *ret_lines)
{
	struct span own, line;
	bool fit = true;
	struct bytes in;

	*ret_lines = 0;
	if (!section(text, "10_linux", &own))
		return false;
	in = bytes_of(own.ptr, own.len);
	while (grubcfg_next_kernel(&in, &line)) {
		fit &= bootwords_fit(line, wish);
		++*ret_lines;
	}
	return fit;
}

void grubcfg_edit(struct span text, const struct bootwords *wish, struct strbuf *out)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	const uint8_t *done = text.ptr;
	struct span line;

	while (grubcfg_next_kernel(&in, &line)) {
		strbuf_add(out, done, (size_t)(line.ptr - done));
		if (!line.len && !bootwords_fit(line, wish))
			strbuf_addc(out, ' '); /* behind the kernel's path */
		bootwords_edit(line, wish, out);
		done = line.ptr + line.len;
	}
	strbuf_add(out, done, (size_t)(text.ptr + text.len - done));
}
