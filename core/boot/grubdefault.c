/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/grubdefault.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"

#define OWN_HEAD                                                                         \
	"# Words for the kernel, by imactl: 'imactl mode' changes them, and this file.\n"
#define OWN_LINE "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX "

static struct span cut(struct span s, size_t n)
{
	return (struct span){s.ptr + n, s.len - n};
}

static struct span skip_blanks(struct span s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = cut(s, 1);
	return s;
}

static bool starts(struct span s, const char *text)
{
	return s.len >= strlen(text) && memcmp(s.ptr, text, strlen(text)) == 0;
}

/* What is assigned to one of the two variables; false: the line does not do that. */
static bool assigned(struct span line, struct span *ret)
{
	static const char *const names[] = {"GRUB_CMDLINE_LINUX_DEFAULT",
					    "GRUB_CMDLINE_LINUX"};

	line = skip_blanks(line);
	if (starts(line, "export "))
		line = skip_blanks(cut(line, strlen("export ")));
	for (size_t i = 0; i < array_size(names); i++) {
		struct span rest;

		if (!starts(line, names[i]))
			continue;
		rest = cut(line, strlen(names[i]));
		if (starts(rest, "+="))
			rest = cut(rest, 1);
		if (!starts(rest, "="))
			continue;
		*ret = cut(rest, 1);
		return true;
	}
	return false;
}

/* Between the quotes, when the value is one pair of them with nothing but a comment behind
 * it, and nothing in it that a shell would run. */
static bool quoted(struct span value, struct span *ret)
{
	struct bytes in = bytes_of(value.ptr, value.len);
	struct span inner, rest;
	uint8_t quote;

	if (!bytes_u8(&in, &quote) || (quote != '"' && quote != '\'') ||
	    !bytes_until(&in, quote, &inner))
		return false;
	(void)bytes_take(&in, bytes_left(&in), &rest);
	rest = skip_blanks(rest);
	if (rest.len && rest.ptr[0] != '#')
		return false;
	*ret = inner;
	return quote == '\'' || (!memchr(inner.ptr, '\\', inner.len) &&
				 !memchr(inner.ptr, '`', inner.len) &&
				 !memmem(inner.ptr, inner.len, "$(", 2));
}

static bool is_part(uint8_t c)
{
	return isalnum(c) || c == '_';
}

/* Does the name stand anywhere in @text, by itself? */
static bool mentions_one(struct span text, const char *name)
{
	size_t n = strlen(name);
	const uint8_t *at;

	while (text.len && (at = memmem(text.ptr, text.len, name, n))) {
		size_t before = (size_t)(at - text.ptr), behind = before + n;

		if ((!before || !is_part(at[-1])) &&
		    (behind == text.len || !is_part(at[n])))
			return true;
		text = cut(text, before + 1);
	}
	return false;
}

static bool mentions(struct span text, const struct bootwords *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (mentions_one(text, names->of[i].name))
			return true;
	return false;
}

static bool has_word(struct span line, const struct bootwords *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (bootwords_has(line, names->of[i].name))
			return true;
	return false;
}

/* 1: a word was taken out. */
static int edit_line(struct span line, const struct bootwords *gone, struct strbuf *out)
{
	struct span value, inner;
	bool whole = assigned(line, &value) && quoted(value, &inner);
	struct span text = skip_blanks(line);

	if (whole && has_word(inner, gone)) {
		_cleanup_strbuf_ struct strbuf left = {0};
		struct span kept;

		bootwords_edit(inner, gone, &left);
		kept = skip_blanks(strbuf_span(&left));
		strbuf_add(out, line.ptr, (size_t)(inner.ptr - line.ptr));
		strbuf_add(out, kept.ptr, kept.len);
		strbuf_add(out, inner.ptr + inner.len,
			   line.len - (size_t)(inner.ptr - line.ptr) - inner.len);
		out->failed |= left.failed;
		return 1;
	}
	strbuf_add(out, line.ptr, line.len);
	if (!text.len || text.ptr[0] == '#' || (whole && !has_word(inner, gone)))
		return 0;
	return mentions(text, gone) ? -ENOTSUP : 0;
}

int grubdefault_without(struct span text, const struct bootwords *names,
			struct strbuf *out)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct bootwords gone = *names;
	struct span line;
	int changed = 0;

	for (size_t i = 0; i < gone.n; i++)
		gone.of[i].word = NULL;
	while (bytes_left(&in)) {
		bool ended = bytes_until(&in, '\n', &line);
		int r;

		if (!ended)
			(void)bytes_take(&in, bytes_left(&in), &line);
		r = edit_line(line, &gone, out);
		if (r < 0)
			return r;
		changed |= r;
		if (ended)
			strbuf_addc(out, '\n');
	}
	return changed;
}

/* The words in imactl's own file. */
static struct span own_words(struct span old)
{
	struct bytes in = bytes_of(old.ptr, old.len);
	struct span line, words = {0};

	while (bytes_until(&in, '\n', &line))
		if (starts(line, OWN_LINE) && line.ptr[line.len - 1] == '"') {
			words = cut(line, strlen(OWN_LINE));
			words.len--;
		}
	return words;
}

void grubdefault_own(struct span old, const struct bootwords *wish, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf words = {0};
	struct span left;

	bootwords_edit(own_words(old), wish, &words);
	left = skip_blanks(strbuf_span(&words));
	out->failed |= words.failed;
	if (!left.len)
		return;
	strbuf_adds(out, OWN_HEAD OWN_LINE);
	strbuf_add(out, left.ptr, left.len);
	strbuf_adds(out, "\"\n");
}
