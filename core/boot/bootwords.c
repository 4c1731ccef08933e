/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/bootwords.h"

#include <ctype.h>
#include <string.h>

#include "core/base/cmdline.h"

bool bootwords_plain(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_-.,:=+/|@%", *word))
			return false;
	return true;
}

bool bootwords_has(struct span line, const char *name)
{
	struct cmdline_word w;

	return cmdline_last(line, name, &w);
}

static bool fits(struct span line, const struct bootword *wish)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct cmdline_word w;
	bool right = false;
	size_t n = 0;

	for (size_t at = 0; cmdline_next(&in, &w); at = in.pos) {
		struct span raw = {line.ptr + at, in.pos - at};

		if (!cmdline_is(&w, wish->name))
			continue;
		while (raw.len && memchr(" \t", raw.ptr[0], 2))
			raw = (struct span){raw.ptr + 1, raw.len - 1};
		right = wish->word && span_is(raw, wish->word);
		n++;
	}
	return wish->word ? right && n == 1 : n == 0;
}

bool bootwords_fit(struct span line, const struct bootwords *wish)
{
	for (size_t i = 0; i < wish->n; i++)
		if (!fits(line, &wish->of[i]))
			return false;
	return true;
}

static bool goes(const struct cmdline_word *w, const struct bootwords *wish)
{
	for (size_t i = 0; i < wish->n; i++)
		if (cmdline_is(w, wish->of[i].name))
			return true;
	return false;
}

void bootwords_edit(struct span line, const struct bootwords *wish, struct strbuf *out)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	size_t at = 0, begin = out->len;
	struct cmdline_word w;

	if (bootwords_fit(line, wish)) {
		strbuf_add(out, line.ptr, line.len);
		return;
	}
	while (cmdline_next(&in, &w)) {
		if (!goes(&w, wish))
			strbuf_add(out, line.ptr + at, in.pos - at);
		at = in.pos;
	}
	for (size_t i = 0; i < wish->n; i++)
		if (wish->of[i].word)
			strbuf_addf(out, "%s%s", out->len > begin ? " " : "",
				    wish->of[i].word);
	strbuf_add(out, line.ptr + at, line.len - at);
}
