/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Denials screen says of a denial: in its pane from the table of causes, in full
 * what a look has found. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/triage/triagetext.h"
#include "tui/deniallist.h"

static const enum style severity_styles[] = {
	[AUDITCAUSE_ATTACK] = STYLE_BAD,
	[AUDITCAUSE_CONFIGURATION] = STYLE_WARN,
	[AUDITCAUSE_NOISE] = STYLE_NORMAL,
};

static void who(const struct denial *d, bool ascii, struct strbuf *out)
{
	strbuf_adds(out, "by ");
	str_escape(out, denial_program(d).len ? denial_program(d) : span_of("-"), ascii);
	if (d->pid != UINT32_MAX)
		strbuf_addf(out, "[%u]", d->pid);
	if (d->uid != UINT32_MAX)
		strbuf_addf(out, " of user %u", d->uid);
}

static const char *denied_words(const struct denial *d)
{
	static const char *const words[] = {
		[DENIAL_UNKNOWN] = "whether it was denied is not known",
		[DENIAL_ALLOWED] = "it was reported, and went on",
		[DENIAL_DENIED] = "it was denied",
	};

	return words[d->denied];
}

static void field_file(const struct denial *d, bool ascii, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	str_escape(&b, d->path.len ? d->path : span_of("(none is named)"), ascii);
	if (d->name == DENIAL_NAME_PART && d->dev.len) {
		strbuf_adds(&b, " (");
		str_escape(&b, d->dev, ascii);
		strbuf_addf(&b, " inode %llu)", (unsigned long long)d->ino);
	}
	doc_field(doc, "File", STYLE_NORMAL, "%s", strbuf_str(&b));
}

static void field_last(const struct deniallist *l, uint32_t at, struct doc *doc)
{
	const struct denials_row *row = denials_row(l->feed->store, at);
	const struct deniallist_fix *f = deniallist_fix_of(l, at);
	_cleanup_strbuf_ struct strbuf b = {0};
	char last[24], first[24], n[32];

	if (f)
		deniallist_fix_text(f, &b);
	if (f && f->change)
		strbuf_addf(&b, " (change %u)", f->change);
	if (f) {
		doc_field(doc, "Done", STYLE_TITLE, "%s", strbuf_str(&b));
		return;
	}
	who(&row->last, l->app->ascii, &b);
	doc_field(doc, "Last", STYLE_NORMAL, "%s, %s since %s, %s; %s",
		  deniallist_time(l, row->last_ms, last),
		  str_counted(n, sizeof(n), row->count, "time", "times"),
		  deniallist_time(l, row->first_ms, first), strbuf_str(&b),
		  denied_words(&row->last));
}

/* The remedies that the cause has, with what is trusted of the first. */
static void fields_fix(const struct auditcause *c, size_t room, struct doc *doc)
{
	const char *undo = "";
	enum remedy_id id;

	for (size_t i = 0; (id = auditcause_remedy(c, i)) >= 0; i++) {
		const struct remedy *r = remedy_of(id);

		if (i < room)
			doc_field(doc, i ? "" : "Fix", STYLE_NORMAL, "%-9s %s", r->word,
				  r->title);
		if (!*undo && r->kind == REMEDY_KIND_PLAN)
			undo = r->undo;
	}
	if (*undo)
		doc_field(doc, "Undo", STYLE_NORMAL, "F7: %s", undo);
}

static void fields_cause(const struct denial *last, bool tall, struct doc *d)
{
	const struct auditcause *c = auditcause_find(last->type, last->op, last->cause);

	if (!c) {
		doc_field(d, "Why", STYLE_WARN, "a cause that is not known here");
		return;
	}
	doc_field(d, "Why", STYLE_NORMAL, "%s", c->means);
	doc_field(d, "Risk", severity_styles[c->severity], "%s: %s",
		  auditcause_severity_word(c->severity), c->risk);
	fields_fix(c, tall ? TRIAGE_REMEDIES : 2, d);
}

void deniallist_pane(const struct deniallist *l, uint32_t at, struct doc *d, bool tall)
{
	const struct denial *last = &denials_row(l->feed->store, at)->last;

	field_file(last, l->app->ascii, d);
	field_last(l, at, d);
	fields_cause(last, tall, d);
}

void deniallist_group_pane(const struct deniallist *l, const struct denials_group *g,
			   uint32_t first, struct doc *d, bool tall)
{
	char from[24], to[24], n[32], denied[32], allowed[32], rows[48];

	doc_field(d, "Events", STYLE_NORMAL,
		  "%s from %s to %s: %s denied, %s reported and gone on",
		  str_count(n, sizeof(n), g->count),
		  deniallist_time(l, g->first_ms, from),
		  deniallist_time(l, g->last_ms, to),
		  str_count(denied, sizeof(denied), g->n_denied),
		  str_count(allowed, sizeof(allowed), g->n_allowed));
	doc_field(d, "What", STYLE_NORMAL, "%s: Enter opens them, or closes",
		  str_counted(rows, sizeof(rows), g->n_rows, "row", "rows"));
	if (l->key == DENIALS_BY_CAUSE)
		fields_cause(&denials_row(l->feed->store, first)->last, tall, d);
}

/* In full */

static void field(struct doc *d, const char *label, const struct strbuf *text,
		  enum style style, bool ascii)
{
	_cleanup_strbuf_ struct strbuf safe = {0};

	str_escape(&safe, strbuf_span(text), ascii);
	if (safe.len)
		doc_field(d, label, style, "%s", strbuf_str(&safe));
}

static void case_event(const struct denialcase *c, bool ascii, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	time_t t = (time_t)(c->d.time_ms / 1000);
	char when[40] = "";
	struct tm tm;

	if (c->d.time_ms && localtime_r(&t, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S, ", &tm);
	who(&c->d, ascii, &b);
	doc_field(d, "Event", STYLE_NORMAL, "%llu, %s%s; %s",
		  (unsigned long long)c->d.serial, when, strbuf_str(&b),
		  denied_words(&c->d));
}

static void case_why(const struct denialcase *c, bool ascii, struct doc *d)
{
	const struct triage_found *f = &c->found;
	_cleanup_strbuf_ struct strbuf why = {0}, now = {0}, risk = {0};

	triagetext_why(f, &why);
	triagetext_now(&c->t, f, &now);
	triagetext_risk(f, &risk);
	if (!f->cause)
		strbuf_adds(&why, "a cause that is not known here");
	field(d, "Why", &why, STYLE_NORMAL, ascii);
	field(d, "Now", &now, STYLE_NORMAL, ascii);
	field(d, "Risk", &risk,
	      f->cause ? severity_styles[f->cause->severity] : STYLE_NORMAL, ascii);
}

static void case_evidence(const struct denialcase *c, bool ascii, struct doc *d)
{
	for (int i = 0; i < _AUDITCAUSE_EVIDENCE_MAX; i++) {
		enum auditcause_evidence e = (enum auditcause_evidence)i;
		_cleanup_strbuf_ struct strbuf b = {0};

		if (e == AUDITCAUSE_RULE && c->found.is_file) /* it stands above */
			continue;
		if (triagetext_evidence(&c->t, &c->found, e, &b))
			field(d, auditcause_evidence_word(e), &b, STYLE_NORMAL, ascii);
	}
}

void deniallist_offer(const struct triage_remedy *r, bool ascii, struct strbuf *out)
{
	const struct remedy *of = remedy_of(r->id);

	strbuf_addf(out, "%s: ", of->word);
	if (!r->possible) {
		strbuf_adds(out, "not now: ");
		str_escape(out, span_of(r->why), ascii);
		return;
	}
	strbuf_adds(out, of->title);
	if (of->kind == REMEDY_KIND_SHOW) {
		strbuf_adds(out, ": ");
		str_escape(out, strbuf_span(&r->command), ascii);
	}
}

static void case_remedy(const struct triage_remedy *r, const char *label, bool ascii,
			struct doc *d)
{
	const struct remedy *of = remedy_of(r->id);
	_cleanup_strbuf_ struct strbuf b = {0}, why = {0};

	deniallist_offer(r, ascii, &b);
	doc_field(d, label, r->possible ? STYLE_TITLE : STYLE_DIM, "%s", strbuf_str(&b));
	str_escape(&why, span_of(r->why), ascii);
	if (r->possible && why.len)
		doc_field(d, "", STYLE_NORMAL, "  %s", strbuf_str(&why));
	if (r->possible && *of->trusts)
		doc_field(d, "", STYLE_NORMAL, "  trusts %s; undone: %s", of->trusts,
			  of->undo);
}

void deniallist_case(const struct denialcase *c, bool ascii, struct doc *d)
{
	d->label_w = 10;
	field_file(&c->d, ascii, d);
	case_event(c, ascii, d);
	case_why(c, ascii, d);
	doc_blank(d);
	case_evidence(c, ascii, d);
	doc_blank(d);
	for (size_t i = 0; i < c->found.n_remedies; i++)
		case_remedy(&c->found.remedy[i], i ? "" : "Fix", ascii, d);
}

/* First-run and error texts */

static void why_none(const struct deniallist *l, struct doc *d)
{
	const struct feed *f = l->feed;

	if (f->error.id != DIAG_NONE) {
		doc_title(d, "What the kernel refuses cannot be read");
		doc_text(d, STYLE_NORMAL, "%s: %s", diag_code(f->error.id),
			 f->error.text);
		doc_text(d, STYLE_NORMAL, "%s", diag_hint(f->error.id));
		return;
	}
	doc_title(d, "The kernel has refused nothing that is known here");
	if (l->n_muted)
		doc_text(d, STYLE_NORMAL, "What there is is muted: M shows it.");
	else
		doc_text(d, STYLE_NORMAL,
			 "A denial is an access that appraisal does not let pass: with "
			 "ima_appraise=log it is reported and goes on. Each stands here "
			 "when it comes, with what helps.");
	if (f->no_live.id != DIAG_NONE && root_is_live(f->root))
		doc_text(d, STYLE_WARN, "What comes is not seen: %s %s", f->no_live.text,
			 diag_hint(f->no_live.id));
}

void deniallist_nothing(const struct deniallist *l, struct doc *d)
{
	if (feed_busy(l->feed))
		doc_text(d, STYLE_DIM, "Reading what the kernel has refused ...");
	else if (*l->find.filter)
		doc_text(d, STYLE_NORMAL,
			 "No denial passes the filter. F4 changes it; empty shows all.");
	else
		why_none(l, d);
}
