/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/host/walk.h"

enum { SHOWN = 8 };

int walk_skips_add(struct walk_skips *s, const char *path, enum walk_skip why, int err)
{
	struct walk_left *more;
	char *copy;

	if (s->n == WALK_SKIPS_MAX)
		return 0;
	more = reallocarray(s->at, s->n + 1, sizeof(*more));
	if (more)
		s->at = more;
	copy = more ? strdup(path) : NULL;
	if (!copy)
		return -ENOMEM;
	s->at[s->n++] = (struct walk_left){copy, why, err};
	return 0;
}

void walk_skips_done(struct walk_skips *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->at[i].path);
	free(s->at);
	*s = (struct walk_skips){0};
}

static void format_reason(struct strbuf *out, const struct walk_skips *s,
			  enum walk_skip why, uint64_t n, bool ascii)
{
	size_t shown = 0;
	char count[24];

	strbuf_addf(out, "Left out: %s %s:", str_count(count, sizeof(count), n),
		    walk_skip_words(why));
	for (size_t i = 0; i < s->n && shown < SHOWN; i++) {
		if (s->at[i].why != why)
			continue;
		strbuf_adds(out, shown++ ? ", /" : " /");
		str_escape(out, span_of(s->at[i].path), ascii);
	}
	strbuf_adds(out, n > shown ? ", ..\n" : "\n");
}

void walk_skips_format(struct strbuf *out, const struct walk_skips *s,
		       const struct walk_counts *counts, bool ascii)
{
	for (int why = 0; why < _WALK_SKIP_MAX; why++)
		if (counts->skipped[why])
			format_reason(out, s, (enum walk_skip)why, counts->skipped[why],
				      ascii);
}

void walk_skips_json(struct json *j, const struct walk_skips *s)
{
	json_key(j, "left_out");
	json_open(j, '[');
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "/%s", s->at[i].path);
		json_open(j, '{');
		json_kbytes(j, "path", strbuf_span(&path));
		json_kstr(j, "why", walk_skip_word(s->at[i].why));
		if (s->at[i].err)
			json_kstr(j, "error", diag_errno(s->at[i].err));
		json_close(j, '}');
	}
	json_close(j, ']');
}
