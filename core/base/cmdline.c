/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/cmdline.h"

static bool blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span unquoted(struct span s)
{
	if (s.len && s.ptr[0] == '"')
		s = (struct span){s.ptr + 1, s.len - 1};
	if (s.len && s.ptr[s.len - 1] == '"')
		s.len--;
	return s;
}

static struct cmdline_word split(struct span word)
{
	struct cmdline_word w = {.key = word};
	size_t i = 0;

	while (i < word.len && word.ptr[i] != '=')
		i++;
	if (i < word.len) {
		w.key.len = i;
		w.has_value = true;
		w.value = unquoted((struct span){word.ptr + i + 1, word.len - i - 1});
	}
	w.key = unquoted(w.key);
	return w;
}

bool cmdline_next(struct bytes *in, struct cmdline_word *ret)
{
	bool quoted = false;
	size_t end;

	while (bytes_left(in) && blank(in->ptr[in->pos]))
		in->pos++;
	for (end = in->pos; end < in->len && (quoted || !blank(in->ptr[end])); end++)
		quoted ^= in->ptr[end] == '"';
	if (end == in->pos)
		return false;
	*ret = split((struct span){in->ptr + in->pos, end - in->pos});
	in->pos = end;
	return !span_is(ret->key, "--");
}

static uint8_t dashed(uint8_t c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_is(const struct cmdline_word *word, const char *name)
{
	struct span want = span_of(name);

	if (word->key.len != want.len)
		return false;
	for (size_t i = 0; i < want.len; i++)
		if (dashed(word->key.ptr[i]) != dashed(want.ptr[i]))
			return false;
	return true;
}

bool cmdline_last(struct span line, const char *name, struct cmdline_word *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct cmdline_word w;
	bool found = false;

	while (cmdline_next(&in, &w)) {
		if (!cmdline_is(&w, name))
			continue;
		*ret = w;
		found = true;
	}
	return found;
}
