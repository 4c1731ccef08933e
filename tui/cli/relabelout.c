/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/relabelout.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/label/samples.h"
#include "tui/cli/table.h"

enum { ERRORS_SHOWN = 20 };

static const char *size_of(char buf[24], uint64_t n)
{
	return str_bytes(buf, 24, n);
}

static const char *count_of(char buf[24], uint64_t n)
{
	return str_count(buf, 24, n);
}

/* The plan */

static void add_samples(struct out *o, const struct relabel_tally *t)
{
	out_add(o, "           ");
	for (size_t i = 0; i < RELABEL_SAMPLES && t->sample[i]; i++) {
		out_add(o, i ? ", /" : "/");
		out_foreign(o, span_of(t->sample[i]));
	}
	if (t->files > RELABEL_SAMPLES)
		out_add(o, ", ..");
	out_add(o, "\n");
}

static void add_reasons(struct out *o, const struct relabel *r)
{
	char files[24], size[24];

	for (int i = 0; i < _RELABEL_REASON_MAX; i++) {
		const struct relabel_tally *t = &r->reasons[i];

		if (!t->files)
			continue;
		out_addf(o, "  %-5s %10s  %9s  %s\n",
			 relabel_kind_word(relabel_kind_of((enum relabel_reason)i)),
			 count_of(files, t->files), size_of(size, t->bytes),
			 relabel_reason_words((enum relabel_reason)i));
		add_samples(o, t);
	}
}

static void add_guess(struct out *o, const struct relabel_guess *g)
{
	char time[24];

	out_add(o, "Time: ");
	if (g->ms < 1000)
		out_add(o, "less than a second");
	else
		out_add(o, str_duration(time, sizeof(time), g->ms));
	if (g->job)
		out_addf(o, " at the pace of job %u.\n", g->job);
	else
		out_addf(o, " of hashing%s alone; the disk may need more.\n",
			 g->signing ? " and signing" : "");
}

/* Left as they are, and not right. */
static bool leaves_wrong(const struct relabel *r)
{
	if (r->needs_signature)
		return true;
	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		if (r->reasons[i].files && i != RELABEL_OTHER_NAME && i != RELABEL_OWN &&
		    relabel_kind_of((enum relabel_reason)i) == RELABEL_SKIP)
			return true;
	return false;
}

static bool has_kind(const struct relabel *r, enum relabel_kind kind)
{
	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		if (r->reasons[i].files &&
		    relabel_kind_of((enum relabel_reason)i) == kind)
			return true;
	return false;
}

static const char *why_nothing(const struct relabel *r)
{
	bool any = false;

	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		any |= r->reasons[i].files != 0;
	if (!any)
		return r->scope == SCOPE_NAMED ? "no plain file is there"
					       : "no file is in its scope";
	return leaves_wrong(r) ? "what is wrong is left alone"
			       : "every file has the right label";
}

void relabelout_hash(struct cli *cli, const uint8_t hash[PLAN_HASH_SIZE])
{
	out_add(cli->out, "Plan hash: ");
	strbuf_addhex(out_buf(cli->out), (struct span){hash, PLAN_HASH_SIZE});
	out_add(cli->out, "\n");
}

static void plan_text(struct cli *cli, const struct relabel *r,
		      const struct relabel_opts *opts, const struct relabel_guess *guess,
		      const struct relabel_kernel *kernel, unsigned job)
{
	const char *words = relabel_kernel_words(kernel);
	struct out *o = cli->out;
	uint8_t hash[PLAN_HASH_SIZE];
	char size[24];

	out_addf(o, "Plan: %s\n", r->plan.title);
	add_reasons(o, r);
	relabel_needs(out_buf(o), r);
	walk_skips_format(out_buf(o), &r->skips, &r->counts, o->ascii);
	if (words)
		out_addf(o, "%s\n", words);
	if (opts->key && has_kind(r, RELABEL_HASH) && !has_kind(r, RELABEL_SIGN))
		out_add(o,
			"The key signs none of them: only what packages bring is signed, "
			"below /etc and /var nothing. 'imactl file sign' signs what it "
			"is told to.\n");
	if (!r->plan.n) {
		out_addf(o, "Nothing to do: %s.\n", why_nothing(r));
		return;
	}
	out_add(o, "Steps:\n");
	plan_format_some(out_buf(o), &r->plan, PLAN_SAMPLE, o->ascii);
	out_addf(o, "To be read: %s.\n", size_of(size, r->to_read));
	add_guess(o, guess);
	plan_hash(&r->plan, hash);
	relabelout_hash(cli, hash);
	if (job)
		out_addf(o,
			 "Kept as job %u: 'imactl label apply --apply --plan=HASH' "
			 "carries it out.\n",
			 job);
}

static void json_reasons(struct json *j, const struct relabel *r)
{
	json_key(j, "reasons");
	json_open(j, '[');
	for (int i = 0; i < _RELABEL_REASON_MAX; i++) {
		const struct relabel_tally *t = &r->reasons[i];

		if (!t->files)
			continue;
		json_open(j, '{');
		json_kstr(j, "kind",
			  relabel_kind_word(relabel_kind_of((enum relabel_reason)i)));
		json_kstr(j, "reason", relabel_reason_word((enum relabel_reason)i));
		json_kstr(j, "text", relabel_reason_words((enum relabel_reason)i));
		json_ku64(j, "files", t->files);
		json_ku64(j, "bytes", t->bytes);
		samples_json(j, t->sample, RELABEL_SAMPLES);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_sample(struct json *j, const struct plan *plan)
{
	size_t lines = plan->n < PLAN_SAMPLE ? plan->n : PLAN_SAMPLE;

	json_key(j, "sample");
	json_open(j, '[');
	for (size_t i = 0; i < lines; i++) {
		size_t at = plan_sample(plan, i, PLAN_SAMPLE);
		_cleanup_strbuf_ struct strbuf line = {0};

		plan_step_line(&line, &plan->steps[at], false);
		json_str(j, strbuf_str(&line));
	}
	json_close(j, ']');
}

static void plan_json_out(struct cli *cli, const struct relabel *r,
			  const struct relabel_opts *opts,
			  const struct relabel_guess *guess,
			  const struct relabel_kernel *kernel, unsigned job)
{
	struct json j = json_to(out_buf(cli->out));
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(&r->plan, hash);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/label-plan/1");
	json_kstr(&j, "title", r->plan.title);
	json_kstr(&j, "scope", scope_word(r->scope));
	json_kstr(&j, "hash_algorithm", hash_alg_name(opts->alg));
	if (opts->key)
		json_khex(&j, "keyid", sig_key_id(opts->key));
	json_kbool(&j, "by_kernel", opts->by_kernel);
	json_kbool(&j, "modes_ignored", kernel->secure_boot);
	json_khex(&j, "hash", (struct span){hash, sizeof(hash)});
	json_kstr(&j, "danger", plan_danger_name(plan_danger(&r->plan)));
	json_ku64(&j, "steps", r->plan.n);
	json_ku64(&j, "bytes_to_read", r->to_read);
	json_ku64(&j, "estimate_ms", guess->ms);
	if (guess->job)
		json_ku64(&j, "estimate_job", guess->job);
	json_ku64(&j, "files_seen", r->counts.files);
	json_ku64(&j, "folders_seen", r->counts.folders);
	if (job)
		json_ku64(&j, "job", job);
	json_ku64(&j, "needs_signature", r->needs_signature);
	json_reasons(&j, r);
	walk_skips_json(&j, &r->skips);
	json_sample(&j, &r->plan);
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

void relabelout_plan(struct cli *cli, const struct relabel *r,
		     const struct relabel_opts *opts, const struct relabel_guess *guess,
		     const struct relabel_kernel *kernel, unsigned job)
{
	if (cli->json)
		plan_json_out(cli, r, opts, guess, kernel, job);
	else
		plan_text(cli, r, opts, guess, kernel, job);
}

/* Jobs */

static void add_time(struct strbuf *out, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[40];
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, sizeof(text), "unknown");
	strbuf_adds(out, text);
}

static unsigned percent(uint64_t part, uint64_t all)
{
	return !all || part >= all ? 100 : (unsigned)(part * 100 / all);
}

/* "0:51, 2:10 left (+/- 0:02)" */
static void add_time_spent(struct strbuf *out, const struct relabel_job *job)
{
	char text[24];

	strbuf_adds(out, str_duration(text, sizeof(text), job->elapsed_ms));
	if (!job->has_eta)
		return;
	strbuf_addf(out, ", %s left", str_duration(text, sizeof(text), job->eta_ms));
	strbuf_addf(out, " (+/- %s)",
		    str_duration(text, sizeof(text), job->eta_spread_ms));
}

void relabelout_line(struct strbuf *out, const struct relabel_job *job)
{
	char a[24], b[24], c[24], d[24], rate[24];

	strbuf_addf(out, "%3u%%  ", percent(job->n.done, job->steps));
	add_time_spent(out, job);
	if (job->n.failed + job->n.conflicts)
		strbuf_addf(out, "  %s errors",
			    count_of(a, job->n.failed + job->n.conflicts));
	strbuf_addf(out, "  %s of %s files  %s of %s  %s/s", count_of(a, job->n.done),
		    count_of(b, job->steps), size_of(c, job->bytes),
		    size_of(d, job->to_read), size_of(rate, job->bytes_per_s));
}

static void json_numbers(struct json *j, const struct relabel_job *job)
{
	json_ku64(j, "files", job->n.done);
	json_ku64(j, "files_total", job->steps);
	json_ku64(j, "bytes", job->bytes);
	json_ku64(j, "size", job->to_read);
	json_ku64(j, "files_per_s", job->files_per_s);
	json_ku64(j, "speed", job->bytes_per_s);
	json_ku64(j, "time_ms", job->elapsed_ms);
	if (job->has_eta) {
		json_ku64(j, "eta_ms", job->eta_ms);
		json_ku64(j, "eta_spread_ms", job->eta_spread_ms);
	}
	json_ku64(j, "labelled", job->n.taken);
	json_ku64(j, "added", job->labels.added);
	json_ku64(j, "replaced", job->labels.replaced);
	json_ku64(j, "kept", job->n.kept);
	json_ku64(j, "conflicts", job->n.conflicts);
	json_ku64(j, "failed", job->n.failed);
	json_ku64(j, "by_kernel", job->labels.by_kernel);
	json_ku64(j, "not_reached_by_kernel", job->labels.not_reached);
	json_ku64(j, "open_for_writing", job->labels.being_written);
}

static void json_when(struct json *j, const char *key, uint64_t seconds)
{
	_cleanup_strbuf_ struct strbuf when = {0};

	if (!seconds)
		return;
	add_time(&when, seconds);
	json_kstr(j, key, strbuf_str(&when));
}

static void json_job(struct json *j, const struct relabel_job *job)
{
	json_kstr(j, "schema", "imactl/label-status/1");
	json_ku64(j, "job", job->id);
	json_kstr(j, "state", relabel_job_state_word(job->state));
	if (job->state == RELABEL_JOB_ENDED)
		json_kstr(j, "outcome", change_outcome_name(job->outcome));
	if (job->change)
		json_ku64(j, "change", job->change);
	json_kbool(j, "undone", job->undone);
	json_khex(j, "plan", (struct span){job->hash, sizeof(job->hash)});
	json_kstr(j, "scope", scope_word(job->scope));
	json_kstr(j, "hash_algorithm", hash_alg_name(job->alg));
	if (job->has_key)
		json_khex(j, "keyid", (struct span){job->keyid, sizeof(job->keyid)});
	json_when(j, "planned", job->planned);
	json_when(j, "started", job->started);
	json_when(j, "updated", job->updated);
	if (job->state == RELABEL_JOB_RUNNING)
		json_ku64(j, "pid", (uint64_t)job->pid);
	json_numbers(j, job);
	if (job->current && *job->current) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "/%s", job->current);
		json_kbytes(j, "current", strbuf_span(&path));
	}
	if (job->failure.id) {
		json_kstr(j, "failure", diag_code(job->failure.id));
		json_kstr(j, "text", job->failure.text);
	}
}

void relabelout_json(struct strbuf *out, const struct relabel_job *job)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_job(&j, job);
	json_close(&j, '}');
	strbuf_addc(out, '\n');
}

static void json_errors(struct json *j, const struct relabel_error *errors, int n)
{
	json_key(j, "errors");
	json_open(j, '[');
	for (int i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "/%s", errors[i].path);
		json_open(j, '{');
		json_kbytes(j, "path", strbuf_span(&path));
		json_kstr(j, "id", diag_code(errors[i].id));
		json_kstr(j, "error", diag_errno(errors[i].err));
		json_kstr(j, "text", errors[i].text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void text_head(struct cli *cli, const struct relabel_job *job)
{
	struct strbuf *b = out_buf(cli->out);

	strbuf_addf(b, "Job %u: %s", job->id, relabel_job_state_word(job->state));
	if (job->state == RELABEL_JOB_ENDED)
		strbuf_addf(b, " (%s)", change_outcome_name(job->outcome));
	if (job->state == RELABEL_JOB_RUNNING)
		strbuf_addf(b, ", process %d", (int)job->pid);
	if (job->change)
		strbuf_addf(b, ", change %u%s", job->change,
			    job->undone ? ", taken back" : "");
	strbuf_adds(b, job->started ? "\n  begun " : "\n  planned ");
	add_time(b, job->started ? job->started : job->planned);
	strbuf_addf(b, "; %s, %s%s", scope_words(job->scope), hash_alg_name(job->alg),
		    job->by_kernel ? " by the kernel" : "");
	if (job->has_key) {
		strbuf_adds(b, ", key ");
		strbuf_addhex(b, (struct span){job->keyid, sizeof(job->keyid)});
	}
	strbuf_addc(b, '\n');
}

static void text_progress(struct out *o, const struct relabel_job *job)
{
	char a[24], b[24], rate[24];

	if (!job->started) {
		out_addf(o, "  %s files to label, %s to read\n", count_of(a, job->steps),
			 size_of(b, job->to_read));
		return;
	}
	out_addf(o, "  files  %3u%%  %s of %s, %s/s\n", percent(job->n.done, job->steps),
		 count_of(a, job->n.done), count_of(b, job->steps),
		 count_of(rate, job->files_per_s));
	out_addf(o, "  bytes  %3u%%  %s of %s, %s/s\n", percent(job->bytes, job->to_read),
		 size_of(a, job->bytes), size_of(b, job->to_read),
		 size_of(rate, job->bytes_per_s));
	out_add(o, "  time   ");
	add_time_spent(out_buf(o), job);
	out_add(o, "\n");
}

static void text_counts(struct out *o, const struct relabel_job *job)
{
	const struct act_label_counts *l = &job->labels;
	char a[24], b[24];

	out_addf(o, "  labelled %s, and %s anew", count_of(a, l->added),
		 count_of(b, l->replaced));
	if (relabel_job_unsorted(job))
		out_addf(o, "; before it was interrupted %s",
			 count_of(a, relabel_job_unsorted(job)));
	if (job->n.kept)
		out_addf(o, "; right already %s", count_of(a, job->n.kept));
	if (job->n.conflicts)
		out_addf(o, "; changed meanwhile, left alone %s",
			 count_of(a, job->n.conflicts));
	if (job->n.failed)
		out_addf(o, "; failed %s", count_of(a, job->n.failed));
	out_add(o, "\n");
	if (l->by_kernel)
		out_addf(o, "  written by the kernel %s\n", count_of(a, l->by_kernel));
	if (l->not_reached)
		out_addf(o,
			 "  reading did not make the kernel label %s: the rules in force "
			 "do not reach them so%s\n",
			 count_of(a, l->not_reached),
			 l->by_kernel ? "" : "; all were written by imactl");
	if (l->being_written)
		out_addf(o,
			 "  open for writing when read %s: their hash holds until the "
			 "next write\n",
			 count_of(a, l->being_written));
}

static void text_errors(struct out *o, const struct relabel_error *errors, int n)
{
	if (n)
		out_add(o, "Errors:\n");
	for (int i = 0; i < n && i < ERRORS_SHOWN; i++)
		out_addf(o, "  %s\n", errors[i].text);
	if (n > ERRORS_SHOWN)
		out_addf(o, "  and %d more; all of them with --json\n", n - ERRORS_SHOWN);
}

static void text_next(struct out *o, const struct relabel_job *job)
{
	switch (job->state) {
	case RELABEL_JOB_PLANNED:
		out_add(o, "'imactl label apply --apply --plan=");
		strbuf_addhex(out_buf(o), (struct span){job->hash, sizeof(job->hash)});
		out_add(o, "' carries it out.\n");
		break;
	case RELABEL_JOB_INTERRUPTED:
		out_add(o, "'imactl label apply --resume' goes on, 'imactl label undo' "
			   "takes back what is done.\n");
		break;
	case RELABEL_JOB_ENDED:
		if (job->change && job->n.taken && !job->undone)
			out_add(o, "'imactl label undo' takes it back.\n");
		break;
	default:
		break;
	}
}

void relabelout_job(struct cli *cli, const struct relabel_job *job)
{
	struct relabel_error *errors = NULL;
	int n = relabel_job_errors(&cli->root, job->id, &errors, NULL);
	struct json j = json_to(out_buf(cli->out));

	if (cli->json) {
		json_open(&j, '{');
		json_job(&j, job);
		json_errors(&j, errors, n);
		json_close(&j, '}');
		out_add(cli->out, "\n");
	} else {
		text_head(cli, job);
		text_progress(cli->out, job);
		if (job->started)
			text_counts(cli->out, job);
		text_errors(cli->out, errors, n);
		text_next(cli->out, job);
	}
	relabel_errors_free(errors, n);
}

int relabelout_exit(const struct relabel_job *job)
{
	if (job->state != RELABEL_JOB_ENDED)
		return CMD_PARTLY;
	if (job->undone)
		return CMD_OK;
	switch (job->outcome) {
	case CHANGE_NOTHING:
	case CHANGE_DONE:
	case CHANGE_UNDONE:
		return CMD_OK;
	case CHANGE_STUCK:
		return CMD_HUMAN;
	default:
		return CMD_PARTLY;
	}
}
