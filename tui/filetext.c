/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/filetext.h"

#include <errno.h>
#include <time.h>

#include "core/base/cleanup.h"

enum { LINES = 6 }; /* steps of a plan that are shown */

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* One file */

static void whose_key(struct doc *d, const struct inspect *i, enum imaxattr_attr a,
		      const struct inspect_sig *s, bool ascii)
{
	const struct keyset_key *k =
		s->key ? s->key : keyset_find(i->keys[a], &i->label.x[a]);
	_cleanup_strbuf_ struct strbuf b = {0};

	if (!s->is)
		return;
	if (k)
		keyset_describe(&b, k, ascii);
	else
		strbuf_adds(&b, "of none of the keys of this kernel, as far as they can "
				"be seen");
	doc_field(d, "", STYLE_NORMAL, "%s", strbuf_str(&b));
	doc_field(d, "", s->verdict == SIG_GOOD ? STYLE_GOOD : STYLE_WARN, "it %s",
		  keyset_verdict(s->verdict, k));
}

static void attribute(struct doc *d, const struct inspect *i, enum imaxattr_attr a,
		      const struct inspect_sig *s, bool ascii)
{
	const char *label = label_name(i->space, a);
	_cleanup_strbuf_ struct strbuf b = {0};
	int err = i->label.err[a];

	if (err == ENODATA) {
		doc_field(d, label, STYLE_DIM, "none");
		return;
	}
	if (err) {
		doc_field(d, label, STYLE_WARN, "not to be had: %s", diag_errno(err));
		return;
	}
	imaxattr_text(&b, &i->label.x[a]);
	doc_field(d, label, imaxattr_usable(&i->label.x[a]) ? STYLE_NORMAL : STYLE_BAD,
		  "%s", strbuf_str(&b));
	whose_key(d, i, a, s, ascii);
}

static void digests(struct doc *d, const struct inspect *i,
		    const struct inspect_result *r)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_IMA];
	_cleanup_strbuf_ struct strbuf b = {0};

	if (r->digest_err) {
		doc_field(d, "Contents", STYLE_WARN, "%s",
			  r->digest_err == ENODATA ? "have no fs-verity digest"
						   : diag_errno(r->digest_err));
		return;
	}
	strbuf_addhex(&b, digest_span(&r->digest));
	doc_field(d, "Contents", STYLE_NORMAL, "%s:%s", hash_alg_name(r->digest.alg),
		  strbuf_str(&b));
	if (i->label.err[IMAXATTR_IMA] || imaxattr_is_sig(x) || !x->digest.len ||
	    x->hash < 0)
		return;
	strbuf_clear(&b);
	strbuf_addhex(&b, x->digest);
	doc_field(d, "Label says",
		  span_equal(x->digest, digest_span(&r->digest)) ? STYLE_NORMAL
								 : STYLE_BAD,
		  "%s:%s", hash_alg_name(x->hash), strbuf_str(&b));
}

static void records(struct doc *d, const struct appraise_verdict *v)
{
	for (int i = 0; i < v->n_records; i++) {
		const struct appraise_words *w = appraise_words(v->record[i]);

		doc_field(d, i ? "" : "Audit", STYLE_NORMAL, "op=%s cause=%s", w->op,
			  w->cause);
	}
	if (v->fails && !v->n_records)
		doc_field(d, "Audit", STYLE_DIM, "the kernel writes no record of this");
}

static void verdict(struct doc *d, const struct inspect *i,
		    const struct inspect_result *r)
{
	static const char *const modes[] = {[APPRAISE_MODE_ENFORCE] = "enforce",
					    [APPRAISE_MODE_LOG] = "log",
					    [APPRAISE_MODE_FIX] = "fix",
					    [APPRAISE_MODE_OFF] = "off"};
	const struct appraise_words *w =
		r->verdict.fails ? appraise_words(r->verdict.why) : NULL;
	const char *rule = inspect_requirement(&r->rule);

	if (w) {
		doc_mark(d, "[!!]", STYLE_BAD, "fails where a rule wants %s: %s", rule,
			 w->means);
		doc_field(d, "Cause", STYLE_BAD, "%s", *w->cause ? w->cause : "none");
		doc_field(d, "What helps", STYLE_NORMAL, "%s", w->helps);
	} else {
		doc_mark(d, r->unsure ? "[--]" : "[OK]",
			 r->unsure ? STYLE_WARN : STYLE_GOOD,
			 "passes where a rule wants %s%s", rule,
			 r->unsure ? ", if what cannot be checked here is right" : "");
	}
	doc_field(d, "Rule", STYLE_NORMAL,
		  "one that appraises it and asks for what the label is made for: %s",
		  rule);
	records(d, &r->verdict);
	doc_field(d, "Kernel", STYLE_NORMAL,
		  "taken to be in mode %s; denies it: %s; labels it itself: %s",
		  modes[i->kernel.mode], yes_no(r->verdict.denied),
		  yes_no(r->verdict.writes));
}

static void path_field(struct doc *d, const char *path, bool ascii)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_addc(&b, '/');
	str_escape(&b, span_of(path), ascii);
	doc_field(d, "Path", STYLE_NORMAL, "%s", strbuf_str(&b));
}

void filetext_file(struct doc *d, const char *path, const struct inspect *i,
		   const struct inspect_result *r, bool ascii)
{
	d->label_w = 14;
	path_field(d, path, ascii);
	doc_blank(d);
	verdict(d, i, r);
	doc_blank(d);
	attribute(d, i, IMAXATTR_IMA, &r->ima, ascii);
	digests(d, i, r);
	attribute(d, i, IMAXATTR_EVM, &r->evm, ascii);
	if (i->evm && i->evm->bits)
		doc_field(d, "EVM", STYLE_NORMAL, "%s: %s",
			  evm_status_word(r->evm_status),
			  evm_status_means(r->evm_status));
	else
		doc_field(d, "EVM", STYLE_DIM,
			  "is not switched on: security.evm counts for nothing");
}

/* Plans */

/* "skip  12  3.1 KiB  immutable or append-only" */
static void reason_row(struct doc *d, enum relabel_reason why, uint64_t files,
		       uint64_t bytes)
{
	char n[32], size[32];

	doc_field(d, relabel_kind_word(relabel_kind_of(why)), STYLE_NORMAL,
		  "%8s  %9s  %s", str_count(n, sizeof(n), files),
		  str_bytes(size, sizeof(size), bytes), relabel_reason_words(why));
}

/* Which files those are that somebody may want to do something about. */
static void skipped(struct doc *d, enum relabel_reason why, const struct relabel_tally *t,
		    bool ascii)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (relabel_kind_of(why) != RELABEL_SKIP || why == RELABEL_OWN ||
	    why == RELABEL_OTHER_NAME)
		return;
	for (size_t i = 0; i < RELABEL_SAMPLES && t->sample[i]; i++) {
		strbuf_adds(&b, i ? ", /" : "/");
		str_escape(&b, span_of(t->sample[i]), ascii);
	}
	doc_field(d, "", STYLE_DIM, "%s%s", strbuf_str(&b),
		  t->files > RELABEL_SAMPLES ? ", .." : "");
}

static void reasons(struct doc *d, const struct relabel *r, bool ascii)
{
	for (int i = 0; i < _RELABEL_REASON_MAX; i++) {
		const struct relabel_tally *t = &r->reasons[i];

		if (!t->files)
			continue;
		reason_row(d, (enum relabel_reason)i, t->files, t->bytes);
		skipped(d, (enum relabel_reason)i, t, ascii);
	}
}

static void sample(struct doc *d, const struct relabel *r, bool ascii)
{
	size_t n = r->plan.n < LINES ? r->plan.n : LINES;

	doc_blank(d);
	doc_title(d, r->plan.n > n ? "Some of the steps" : "The steps");
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf line = {0};

		plan_step_line(&line, &r->plan.steps[plan_sample(&r->plan, i, n)], ascii);
		doc_text(d, STYLE_NORMAL, "%s", strbuf_str(&line));
	}
}

void filetext_plan(struct doc *d, const struct relabel *r,
		   const struct relabel_kernel *kernel, bool ascii)
{
	const char *words = relabel_kernel_words(kernel);
	_cleanup_strbuf_ struct strbuf needs = {0};
	char size[32];

	d->label_w = 6;
	if (words)
		doc_text(d, STYLE_WARN, "%s", words);
	relabel_needs(&needs, r);
	if (needs.len) {
		needs.ptr[needs.len - 1] = '\0';
		doc_text(d, STYLE_WARN, "%s", needs.ptr);
	}
	if (r->reasons[RELABEL_WRONG_HASH].files + r->reasons[RELABEL_SIGNED_ANEW].files)
		doc_text(d, STYLE_WARN,
			 "Some files are others than were labelled: labelling them anew "
			 "trusts what they hold now.");
	reasons(d, r, ascii);
	if (!r->plan.n)
		return;
	doc_field(d, "reads", STYLE_NORMAL, "%s",
		  str_bytes(size, sizeof(size), r->to_read));
	sample(d, r, ascii);
}

/* Jobs */

void filetext_noted(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	const char *s;

	str_escape(&b, span_of(text), false);
	for (s = strbuf_str(&b); *s; s += s[0] == '\\' && s[1] == '\\' ? 2 : 1)
		strbuf_addc(out, *s);
}

void filetext_job_title(struct strbuf *out, const struct relabel_job *job)
{
	strbuf_addf(out, "Job %u: %s", job->id, relabel_job_state_word(job->state));
	if (job->state == RELABEL_JOB_ENDED && !job->undone)
		strbuf_addf(out, " (%s)", change_outcome_name(job->outcome));
	if (job->state == RELABEL_JOB_RUNNING)
		strbuf_addf(out, ", process %d", (int)job->pid);
	if (job->undone)
		strbuf_adds(out, ", taken back");
}

void filetext_job_counts(struct strbuf *out, const struct relabel_job *job)
{
	const struct act_label_counts *l = &job->labels;
	char a[32], b[32];

	strbuf_addf(out, "labelled %s, and %s anew", str_count(a, sizeof(a), l->added),
		    str_count(b, sizeof(b), l->replaced));
	if (relabel_job_unsorted(job))
		strbuf_addf(out, "; before it was interrupted %s",
			    str_count(a, sizeof(a), relabel_job_unsorted(job)));
	if (job->n.kept)
		strbuf_addf(out, "; right already %s",
			    str_count(a, sizeof(a), job->n.kept));
	if (job->n.conflicts)
		strbuf_addf(out, "; changed meanwhile %s",
			    str_count(a, sizeof(a), job->n.conflicts));
	if (job->n.failed)
		strbuf_addf(out, "; errors %s", str_count(a, sizeof(a), job->n.failed));
}

void filetext_job_what(struct strbuf *out, const struct relabel_job *job)
{
	time_t t = (time_t)(job->started ? job->started : job->planned);
	char when[32] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	strbuf_addf(out, "%s%s", hash_alg_name(job->alg),
		    job->by_kernel ? " by the kernel" : "");
	if (job->has_key) {
		strbuf_adds(out, ", key ");
		strbuf_addhex(out, (struct span){job->keyid, sizeof(job->keyid)});
	}
	strbuf_addf(out, ", %s %s; %s", job->started ? "begun" : "planned", when,
		    scope_words(job->scope));
}

const char *filetext_job_next(const struct relabel_job *job)
{
	switch (job->state) {
	case RELABEL_JOB_PLANNED:
		return "F9 makes a plan of now and carries it out";
	case RELABEL_JOB_RUNNING:
		return "F8 stops it; it goes on when you leave";
	case RELABEL_JOB_INTERRUPTED:
		return "F9 goes on with it, F7 takes back what is done";
	default:
		return job->change && job->n.taken && !job->undone ? "F7 takes it back"
								   : "";
	}
}

static unsigned percent(uint64_t part, uint64_t all)
{
	return !all || part >= all ? 100 : (unsigned)(part * 100 / all);
}

static void how_far(struct doc *d, const struct relabel_job *job)
{
	char x[32], y[32], z[32];

	doc_field(d, "Files", STYLE_NORMAL, "%u %%, %s of %s, %s/s",
		  percent(job->n.done, job->steps), str_count(x, sizeof(x), job->n.done),
		  str_count(y, sizeof(y), job->steps),
		  str_count(z, sizeof(z), job->files_per_s));
	doc_field(d, "Bytes", STYLE_NORMAL, "%u %%, %s of %s, %s/s",
		  percent(job->bytes, job->to_read), str_bytes(x, sizeof(x), job->bytes),
		  str_bytes(y, sizeof(y), job->to_read),
		  str_bytes(z, sizeof(z), job->bytes_per_s));
	doc_field(d, "Time", STYLE_NORMAL, "%s",
		  str_duration(x, sizeof(x), job->elapsed_ms));
	if (job->has_eta)
		doc_field(d, "Left", STYLE_NORMAL, "%s (+/- %s)",
			  str_duration(x, sizeof(x), job->eta_ms),
			  str_duration(y, sizeof(y), job->eta_spread_ms));
}

static void first_error(struct doc *d, const struct diag *e)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (!e->id)
		return;
	filetext_noted(&b, e->text);
	doc_field(d, "First error", STYLE_BAD, "%s: %s", diag_code(e->id),
		  strbuf_str(&b));
}

void filetext_job(struct doc *d, const struct relabel_job *job, bool ascii)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	d->label_w = 12;
	filetext_job_title(&b, job);
	doc_title(d, strbuf_str(&b));
	strbuf_clear(&b);
	filetext_job_what(&b, job);
	doc_text(d, STYLE_NORMAL, "%s", strbuf_str(&b));
	how_far(d, job);
	strbuf_clear(&b);
	filetext_job_counts(&b, job);
	doc_field(d, "Labels", STYLE_NORMAL, "%s", strbuf_str(&b));
	if (job->current && *job->current)
		path_field(d, job->current, ascii);
	first_error(d, &job->failure);
	doc_blank(d);
	doc_title(d, "Its plan");
	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		if (job->reasons[i].files)
			reason_row(d, (enum relabel_reason)i, job->reasons[i].files,
				   job->reasons[i].bytes);
}

void filetext_error(struct doc *d, const struct relabel_error *e, bool ascii)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	filetext_noted(&b, e->text);
	d->label_w = 14;
	path_field(d, e->path, ascii);
	doc_field(d, "Error", STYLE_BAD, "%s: %s", diag_code(e->id), strbuf_str(&b));
	if (e->err)
		doc_field(d, "", STYLE_NORMAL, "%s", diag_errno(e->err));
	if (*diag_hint(e->id))
		doc_field(d, "What helps", STYLE_NORMAL, "%s", diag_hint(e->id));
}
