/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/bootentry.h"

#include <string.h>

#define SUFFIX ".conf"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* A line's key, and what stands behind it. */
static bool split(struct span line, struct span *key, struct span *value)
{
	size_t i = 0;

	while (line.len && is_blank(line.ptr[0]))
		line = (struct span){line.ptr + 1, line.len - 1};
	while (i < line.len && !is_blank(line.ptr[i]))
		i++;
	*key = (struct span){line.ptr, i};
	while (i < line.len && is_blank(line.ptr[i]))
		i++;
	*value = (struct span){line.ptr + i, line.len - i};
	return key->len && key->ptr[0] != '#';
}

static bool next_line(struct bytes *in, struct span *ret)
{
	if (!bytes_left(in))
		return false;
	if (!bytes_until(in, '\n', ret))
		(void)bytes_take(in, bytes_left(in), ret);
	return true;
}

bool bootentry_get(struct span text, const char *key, struct span *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line, found;

	while (next_line(&in, &line))
		if (split(line, &found, ret) && span_is(found, key))
			return true;
	return false;
}

void bootentry_words(struct span text, struct strbuf *out)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line, key, value;
	size_t begin = out->len;

	while (next_line(&in, &line)) {
		if (!split(line, &key, &value) || !span_is(key, "options"))
			continue;
		strbuf_adds(out, out->len > begin ? " " : "");
		strbuf_add(out, value.ptr, value.len);
	}
}

/* The first line has all the words that are changed, and the others lose them: what they
 * are together counts. */
static void edit_line(struct span line, struct span value, struct span whole,
		      const struct bootwords *wish, bool first, struct strbuf *out)
{
	struct bootwords gone = *wish;

	strbuf_add(out, line.ptr, (size_t)(value.ptr - line.ptr));
	for (size_t i = 0; i < gone.n && !first; i++)
		gone.of[i].word = NULL;
	if (bootwords_fit(whole, wish)) {
		strbuf_add(out, value.ptr, value.len);
		return;
	}
	if (!value.len)
		strbuf_addc(out, ' '); /* behind the bare key */
	bootwords_edit(value, &gone, out);
}

static void edit(struct span text, const char *title, const struct bootwords *wish,
		 struct strbuf *out)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	_cleanup_strbuf_ struct strbuf whole = {0};
	struct span line, key, value;
	bool first = true;

	bootentry_words(text, &whole);
	if (title)
		strbuf_addf(out, "title %s\nsort-key zzz-imactl\n", title);
	while (next_line(&in, &line)) {
		bool keyed = split(line, &key, &value);

		if (title && keyed && (span_is(key, "title") || span_is(key, "sort-key")))
			continue;
		if (keyed && span_is(key, "options")) {
			edit_line(line, value, strbuf_span(&whole), wish, first, out);
			first = false;
		} else
			strbuf_add(out, line.ptr, line.len);
		strbuf_addc(out, '\n');
	}
	if (first && !bootwords_fit((struct span){0}, wish)) {
		strbuf_adds(out, "options ");
		bootwords_edit((struct span){0}, wish, out);
		strbuf_addc(out, '\n');
	}
	out->failed |= whole.failed;
}

void bootentry_edit(struct span text, const struct bootwords *wish, struct strbuf *out)
{
	edit(text, NULL, wish, out);
}

void bootentry_copy(struct span text, const char *title, const struct bootwords *wish,
		    struct strbuf *out)
{
	edit(text, title, wish, out);
}

/* Without ".conf" and what counts tries: "+LEFT" or "+LEFT-DONE". */
static struct span bare(struct span name)
{
	struct span before, after;

	if (name.len > strlen(SUFFIX) &&
	    memcmp(name.ptr + name.len - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)) == 0)
		name.len -= strlen(SUFFIX);
	if (span_cut_last(name, "+", &before, &after) && after.len &&
	    strspn((const char *)after.ptr, "0123456789-") >= after.len)
		return before;
	return name;
}

bool bootentry_is(const char *name, struct span id)
{
	return span_equal(bare(span_of(name)), bare(id));
}
