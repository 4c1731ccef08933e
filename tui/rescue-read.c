/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What imactl-recovery says, taken apart: lines of words that tabs divide. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/rescue-internal.h"

void rescue_facts_done(struct rescue_facts *f)
{
	doc_done(&f->doc);
	free(f->choice);
	*f = (struct rescue_facts){.n = 0};
}

/* The next word; empty behind the last. */
static struct span word(struct bytes *line)
{
	struct span s = {0};

	if (!bytes_until(line, '\t', &s))
		(void)bytes_take(line, bytes_left(line), &s);
	return s;
}

/* Whatever it is, it can be shown. */
static void text(char *buf, size_t size, struct bytes *line)
{
	str_quote(buf, size, word(line));
}

static unsigned number(struct bytes *line)
{
	uint64_t v;

	return str_to_u64(word(line), &v) == 0 && v <= UINT32_MAX ? (unsigned)v : 0;
}

static void take_choice(struct rescue_facts *f, struct bytes *line)
{
	struct rescue_choice *c = &f->choice[f->n];

	if (f->n == RESCUE_CHOICES_MAX)
		return;
	c->number = number(line);
	text(c->word, sizeof(c->word), line);
	text(c->text, sizeof(c->text), line);
	text(c->why, sizeof(c->why), line);
	f->n += c->number > 0 && *c->word;
}

static void take_fact(struct rescue_facts *f, struct bytes *line)
{
	_cleanup_strbuf_ struct strbuf said = {0};
	char label[DOC_LABEL_MAX];

	text(label, sizeof(label), line);
	str_escape(&said, word(line), true);
	doc_field(&f->doc, label, f->doc.n ? STYLE_NORMAL : STYLE_TITLE, "%s",
		  strbuf_str(&said));
}

static void take_line(struct rescue_facts *f, struct bytes line)
{
	struct span what = word(&line);

	if (span_is(what, "fact"))
		take_fact(f, &line);
	else if (span_is(what, "choice"))
		take_choice(f, &line);
	else if (span_is(what, "place"))
		text(f->place, sizeof(f->place), &line);
	else if (span_is(what, "root"))
		text(f->root, sizeof(f->root), &line);
	else if (span_is(what, "forbids"))
		text(f->forbids, sizeof(f->forbids), &line);
	else if (span_is(what, "default"))
		f->fallback = number(&line);
	else if (span_is(what, "go-on"))
		f->go_on = number(&line);
	else if (span_is(what, "seconds"))
		f->seconds = number(&line);
	else if (span_is(what, "good"))
		f->good = number(&line);
	else if (span_is(what, "other"))
		f->other = number(&line);
}

int rescue_parse(struct span said, struct rescue_facts *ret, struct diag *reterr)
{
	struct bytes in = bytes_of(said.ptr, said.len);
	struct rescue_facts f = {.n = 0};
	struct span line;

	if (!bytes_until(&in, '\n', &line) || !span_is(line, "rescue\t1"))
		return diag_set(reterr, DIAG_RECOVERY, EPROTO,
				"What imactl-recovery says is not understood.");
	f.choice = calloc(RESCUE_CHOICES_MAX, sizeof(*f.choice));
	if (!f.choice)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	while (bytes_until(&in, '\n', &line))
		take_line(&f, bytes_of(line.ptr, line.len));
	if (!f.n || !f.go_on) {
		rescue_facts_done(&f);
		return diag_set(reterr, DIAG_RECOVERY, EPROTO,
				"imactl-recovery offers no choice.");
	}
	if (*f.forbids)
		doc_field(&f.doc, "Shell", STYLE_WARN,
			  "forbidden by the boot argument %s", f.forbids);
	*ret = f;
	return 0;
}
