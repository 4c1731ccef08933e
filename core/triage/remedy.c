/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/remedy.h"

#include <string.h>

#include "core/base/cleanup.h"

#define PLAN   REMEDY_KIND_PLAN
#define SHOW   REMEDY_KIND_SHOW
#define ADVICE REMEDY_KIND_ADVICE
static const struct remedy remedies[_REMEDY_MAX] = {
#define REMEDY(id, word, kind, title, command, trusts, undo)                             \
	{word, kind, title, command, trusts, undo},
#include "core/triage/remedies.inc"
#undef REMEDY
};
#undef PLAN
#undef SHOW
#undef ADVICE

static const char ours[] = "imactl";

const struct remedy *remedy_of(enum remedy_id id)
{
	return &remedies[id];
}

enum remedy_id remedy_from_word(struct span word)
{
	for (int i = 0; i < _REMEDY_MAX; i++)
		if (span_is(word, remedies[i].word))
			return (enum remedy_id)i;
	return _REMEDY_INVALID;
}

const char *remedy_kind_word(enum remedy_kind kind)
{
	static const char *const words[] = {"plan", "show", "advice"};

	return words[kind];
}

/* What the end of a word stands for; empty: the word is as it is. */
static struct span stands_for(struct span word, const struct remedy_about *about,
			      size_t *ret_len)
{
	const struct {
		const char *name;
		struct span value;
	} names[] = {
		{"PATH", about->path}, {"PACKAGE", about->package},
		{"CERT", about->cert}, {"KEY", about->key},
		{"ALG", about->alg},   {"POLICY", about->policy},
	};

	for (size_t i = 0; i < array_size(names); i++) {
		size_t n = strlen(names[i].name);

		if (word.len >= n &&
		    memcmp(word.ptr + word.len - n, names[i].name, n) == 0) {
			*ret_len = n;
			return names[i].value;
		}
	}
	return (struct span){0};
}

static void add_word(struct span word, const struct remedy_about *about,
		     struct strbuf *out)
{
	size_t cut = 0;
	struct span value = stands_for(word, about, &cut);

	strbuf_add(out, word.ptr, value.len ? word.len - cut : word.len);
	if (value.len)
		strbuf_add(out, value.ptr, value.len);
	strbuf_addc(out, '\0');
}

static const char *command_of(enum remedy_id id, const struct remedy_about *about)
{
	return id == REMEDY_REINSTALL && about->rpm ? "dnf reinstall PACKAGE"
						    : remedies[id].command;
}

size_t remedy_words(enum remedy_id id, const struct remedy_about *about,
		    struct strbuf *out)
{
	struct span text = span_of(command_of(id, about)), word;
	struct bytes in = bytes_of(text.ptr, text.len);
	size_t n = 0;

	for (; bytes_left(&in); n++) {
		if (!bytes_until(&in, ' ', &word))
			(void)bytes_take(&in, bytes_left(&in), &word);
		add_word(word, about, out);
		if (!n && about->root && span_is(word, ours)) {
			strbuf_addf(out, "--root=%s", about->root);
			strbuf_addc(out, '\0');
			n++;
		}
	}
	return n;
}

void remedy_command(enum remedy_id id, const struct remedy_about *about,
		    struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf words = {0};
	size_t n = remedy_words(id, about, &words);
	struct bytes in = bytes_of(strbuf_str(&words), words.len);
	struct span word;

	out->failed |= words.failed;
	for (size_t i = 0; i < n && bytes_until(&in, '\0', &word); i++) {
		if (i)
			strbuf_addc(out, ' ');
		str_shell_word(out, word);
	}
}
