/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/explainout.h"

#include <time.h>

#include "core/base/cleanup.h"
#include "core/triage/triagetext.h"

enum { INDENT = 10, WIDTH = 90, TIME_SIZE = 40 };

static const enum out_style styles[] = {
	[AUDITCAUSE_ATTACK] = OUT_BAD,
	[AUDITCAUSE_CONFIGURATION] = OUT_WARN,
	[AUDITCAUSE_NOISE] = OUT_DIM,
};

/* A paragraph behind its word; the text may hold foreign bytes. */
static void para(struct out *o, const char *head, const struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf safe = {0};

	if (!text->len)
		return;
	str_escape(&safe, strbuf_span(text), o->ascii);
	out_addf(o, "  %-7s ", head);
	str_wrap(out_buf(o), o->width ? o->width : WIDTH, INDENT, strbuf_str(&safe));
}

static const char *time_of(const struct denial *d, char buf[TIME_SIZE])
{
	time_t sec = (time_t)(d->time_ms / 1000);
	struct tm tm;

	if (!d->time_ms || !gmtime_r(&sec, &tm) ||
	    !strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
	return buf;
}

static void add_program(struct strbuf *b, const struct denial *d)
{
	struct span program = denial_program(d);

	if (program.len) {
		strbuf_adds(b, ", by ");
		strbuf_add(b, program.ptr, program.len);
	}
	if (d->pid != UINT32_MAX)
		strbuf_addf(b, "[%u]", d->pid);
	if (d->uid != UINT32_MAX)
		strbuf_addf(b, " of user %u", d->uid);
}

static void text_event(struct out *o, const struct explainout *e)
{
	static const char *const words[] = {
		[DENIAL_UNKNOWN] = "whether it was denied is not known",
		[DENIAL_ALLOWED] = "it was reported, and went on",
		[DENIAL_DENIED] = "it was denied",
	};
	const struct denial *d = e->event;
	_cleanup_strbuf_ struct strbuf b = {0};
	char when[TIME_SIZE];

	if (!d)
		return;
	strbuf_addf(&b, "%llu%s%s", (unsigned long long)d->serial, d->time_ms ? ", " : "",
		    time_of(d, when));
	add_program(&b, d);
	strbuf_addf(&b, "; %s", words[d->denied]);
	if (d->cut)
		strbuf_addf(&b,
			    "; the kernel log had no room for all of the record, so that "
			    "the %s is not whole",
			    d->kind == DENIAL_POLICY ? "rule" : "file's name");
	if (!e->found->of_record) {
		strbuf_adds(&b, "; what it says is not known here: ");
		strbuf_add(&b, d->op.ptr, d->op.len);
		strbuf_adds(&b, " ");
		strbuf_add(&b, d->cause.ptr, d->cause.len);
	}
	para(o, "Event", &b);
}

/* The style is that of how grave it is. */
static void text_cause(struct out *o, const struct triage_found *f)
{
	_cleanup_strbuf_ struct strbuf word = {0};

	str_escape(&word, f->word, o->ascii);
	out_style(o, styles[f->cause->severity],
		  word.len ? strbuf_str(&word) : auditrec_type_name(f->cause->type));
}

static void text_head(struct out *o, const struct explainout *e)
{
	const struct triage_found *f = e->found;
	const struct auditcause *c = f->cause;

	if (f->path.len) {
		out_add(o, "/");
		out_foreign(o, strbuf_span(&f->path));
	} else if (e->event && e->event->path.len) {
		out_foreign(o, e->event->path);
	} else {
		out_foreign(o, span_of(e->name));
	}
	out_add(o, ": ");
	if (c)
		text_cause(o, f);
	else if (e->event)
		out_style(o, OUT_WARN, "a cause that is not known here");
	else
		out_style(o, f->again == TRIAGE_UNKNOWN ? OUT_WARN : OUT_GOOD,
			  f->again == TRIAGE_UNKNOWN ? "not known" : "passes");
	out_add(o, "\n");
}

static void text_why(struct out *o, const struct explainout *e)
{
	_cleanup_strbuf_ struct strbuf why = {0}, now = {0}, risk = {0};

	triagetext_why(e->found, &why);
	triagetext_now(e->t, e->found, &now);
	triagetext_risk(e->found, &risk);
	para(o, "Why", &why);
	para(o, "Now", &now);
	para(o, "Risk", &risk);
}

/* What the cause asks for, of what passes all there is; the rule stands above already. */
static bool wanted(const struct explainout *e, enum auditcause_evidence which)
{
	const struct triage_found *f = e->found;

	if (which == AUDITCAUSE_RULE && f->is_file)
		return false;
	return !f->cause || auditcause_wants(f->cause, which);
}

static void text_evidence(struct out *o, const struct explainout *e)
{
	for (int i = 0; i < _AUDITCAUSE_EVIDENCE_MAX; i++) {
		enum auditcause_evidence which = (enum auditcause_evidence)i;
		_cleanup_strbuf_ struct strbuf b = {0};

		if (wanted(e, which) && triagetext_evidence(e->t, e->found, which, &b))
			para(o, auditcause_evidence_word(which), &b);
	}
}

/* A line below a remedy's. */
static void below(struct out *o, const char *text)
{
	out_addf(o, "%*s", INDENT + 2, "");
	str_wrap(out_buf(o), o->width ? o->width : WIDTH, INDENT + 2, text);
}

static void text_remedy(struct out *o, const struct triage_remedy *r, const char *head)
{
	const struct remedy *of = remedy_of(r->id);
	_cleanup_strbuf_ struct strbuf b = {0};

	out_addf(o, "  %-7s ", head);
	out_style(o, r->possible ? OUT_BOLD : OUT_DIM, of->word);
	out_addf(o, ": %s\n", of->title);
	if (*r->why) {
		strbuf_addf(&b, "%s%s", r->possible ? "" : "not now: ", r->why);
		below(o, strbuf_str(&b));
	}
	if (!r->possible)
		return;
	if (r->command.len) {
		out_addf(o, "%*s", INDENT + 2, "");
		out_foreign(o, strbuf_span(&r->command));
		out_add(o, "\n");
	}
	if (!*of->trusts)
		return;
	strbuf_clear(&b);
	strbuf_addf(&b, "trusts %s; undone: %s", of->trusts, of->undo);
	below(o, strbuf_str(&b));
}

/* How to have imactl do the first of them that it can do itself. */
static void text_fix(struct out *o, const struct explainout *e)
{
	for (size_t i = 0; i < e->found->n_remedies; i++) {
		const struct triage_remedy *r = &e->found->remedy[i];

		if (!r->possible || remedy_of(r->id)->kind != REMEDY_KIND_PLAN)
			continue;
		out_addf(o, "With --fix=%s it is planned, and done when you say so.\n",
			 remedy_of(r->id)->word);
		return;
	}
}

void explainout_text(struct cli *cli, const struct explainout *e)
{
	struct out *o = cli->out;

	text_head(o, e);
	text_event(o, e);
	text_why(o, e);
	text_evidence(o, e);
	for (size_t i = 0; i < e->found->n_remedies; i++)
		text_remedy(o, &e->found->remedy[i], i ? "" : "Fix");
	text_fix(o, e);
}

static void json_event(struct json *j, const struct denial *d)
{
	char when[TIME_SIZE];

	json_key(j, "event");
	if (!d) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_ku64(j, "type", d->type);
	json_kstr(j, "time", d->time_ms ? time_of(d, when) : NULL);
	json_ku64(j, "serial", d->serial);
	json_kbytes(j, "op", d->op);
	json_kbytes(j, "cause", d->cause);
	json_kbytes(j, "path", d->path);
	json_kbytes(j, "comm", d->comm);
	json_kbytes(j, "exe", d->exe);
	json_kbytes(j, "dev", d->dev);
	json_ku64(j, "ino", d->ino);
	json_kbool(j, "cut", d->cut);
	if (d->pid != UINT32_MAX)
		json_ku64(j, "pid", d->pid);
	if (d->uid != UINT32_MAX)
		json_ku64(j, "uid", d->uid);
	json_kstr(j, "denied", denial_denied_name(d->denied));
	json_close(j, '}');
}

static void json_cause(struct json *j, const struct triage_found *f)
{
	const struct auditcause *c = f->cause;

	json_kstr(j, "op", c ? c->op : NULL);
	if (c)
		json_kbytes(j, "cause", f->word);
	else
		json_kstr(j, "cause", NULL);
	json_kbool(j, "recorded", c && *c->op);
	json_kstr(j, "meaning", c ? c->means : NULL);
	json_kstr(j, "severity", c ? auditcause_severity_word(c->severity) : NULL);
	json_kstr(j, "risk", c ? c->risk : NULL);
}

static void json_accesses(struct json *j, const struct explainout *e)
{
	json_key(j, "accesses");
	json_open(j, '[');
	for (size_t i = 0; i < e->found->n_ops; i++) {
		const struct triage_op *op = &e->found->op[i];

		json_open(j, '{');
		json_kstr(j, "op", op->word);
		json_kbool(j, "appraised", op->appraised);
		json_kbool(j, "fails", op->fails);
		json_kbool(j, "unsure", op->unsure);
		json_kstr(j, "cause",
			  op->fails ? auditcause_word(auditcause_of(op->cause)) : NULL);
		json_key(j, "rule");
		if (op->rule < e->t->rules.policy.n_rules)
			json_u64(j, op->rule + 1);
		else
			json_null(j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_evidence(struct json *j, const struct explainout *e)
{
	json_key(j, "evidence");
	json_open(j, '{');
	for (int i = 0; i < _AUDITCAUSE_EVIDENCE_MAX; i++) {
		enum auditcause_evidence which = (enum auditcause_evidence)i;
		_cleanup_strbuf_ struct strbuf b = {0};

		if (triagetext_evidence(e->t, e->found, which, &b))
			json_kbytes(j, auditcause_evidence_word(which), strbuf_span(&b));
	}
	json_close(j, '}');
}

static void json_remedies(struct json *j, const struct triage_found *f)
{
	json_key(j, "remedies");
	json_open(j, '[');
	for (size_t i = 0; i < f->n_remedies; i++) {
		const struct triage_remedy *r = &f->remedy[i];
		const struct remedy *of = remedy_of(r->id);

		json_open(j, '{');
		json_kstr(j, "id", of->word);
		json_kstr(j, "kind", remedy_kind_word(of->kind));
		json_kstr(j, "title", of->title);
		json_kbool(j, "possible", r->possible);
		json_kstr(j, "why", *r->why ? r->why : NULL);
		json_kbytes(j, "command", strbuf_span(&r->command));
		json_kstr(j, "trusts", *of->trusts ? of->trusts : NULL);
		json_kstr(j, "undo", *of->undo ? of->undo : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void explainout_json(struct cli *cli, const struct explainout *e)
{
	struct json j = json_to(out_buf(cli->out));
	_cleanup_strbuf_ struct strbuf path = {0}, now = {0};
	const struct triage_found *f = e->found;

	strbuf_addf(&path, "%s%s", f->path.len ? "/" : "", strbuf_str(&f->path));
	triagetext_now(e->t, f, &now);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/explain/1");
	json_kbytes(&j, "path",
		    f->path.len || !e->event ? strbuf_span(&path) : e->event->path);
	json_event(&j, e->event);
	json_cause(&j, f);
	json_kstr(&j, "again", triagetext_answer_word(f->again));
	json_kbool(&j, "denies", f->denies);
	json_kbytes(&j, "now", strbuf_span(&now));
	json_kstr(&j, "same_file", triagetext_answer_word(f->same));
	json_kstr(&j, "package", f->package && *f->package ? f->package : NULL);
	json_kstr(&j, "package_state",
		  f->is_file ? triagetext_package_word(f->shipped) : NULL);
	json_accesses(&j, e);
	json_evidence(&j, e);
	json_remedies(&j, f);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}
