/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Files screen in line mode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/filelist.h"
#include "tui/filetext.h"
#include "tui/plain.h"

enum { PAGE = 20 };

static void say_groups(const struct filelist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf title = {0}, sum = {0};
	char n[32], words[64];

	filelist_title(l, &title);
	filelist_sum(l, &sum);
	plain_blank(p);
	plain_say(p, "%s%s%s", strbuf_str(&title), sum.len ? ": " : "", strbuf_str(&sum));
	for (uint32_t g = 0; g < _FILELIST_GROUPS; g++) {
		_cleanup_strbuf_ struct strbuf why = {0};

		if (!filelist_count(l, g))
			continue;
		filelist_why(l, (struct filerow){g, FILELIST_HEADING}, &why);
		plain_say(p, "group %u: %s %s%s%s", g + 1,
			  str_count(n, sizeof(n), filelist_count(l, g)),
			  filelist_words(l, g, words, sizeof(words)),
			  why.len ? ", audited as " : "", strbuf_str(&why));
	}
}

static void say_job(const struct filelist *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 14};

	if (l->work->has_job)
		filetext_job(&d, &l->work->job, l->app->ascii);
	else
		doc_text(&d, STYLE_NORMAL, "%s", l->work->job_error.text);
	plain_doc(p, &d);
}

static void say_file(const struct filelist *l, struct plain *p, struct filerow row)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_addf(&b, "%u) /", row.at + 1);
	str_escape(&b, span_of(filelist_path(l, row)), l->app->ascii);
	if (row.group == FILELIST_ERRORS)
		strbuf_adds(&b, ": ");
	else
		strbuf_addc(&b, ' ');
	filelist_why(l, row, &b);
	plain_say(p, "%s", strbuf_str(&b));
}

/* Everything until the task has ended; what it brought is said. */
static bool settle(struct filelist *l, struct plain *p, struct filework_result *ret)
{
	plain_settle(p);
	if (!filework_take(l->work, ret))
		return false;
	if (ret->error.id != DIAG_NONE)
		plain_diag(p, &ret->error);
	filelist_sync(l, PAGE);
	return ret->error.id == DIAG_NONE;
}

static bool began(struct plain *p, int r, const struct diag *d)
{
	if (r < 0)
		plain_diag(p, d);
	return r >= 0;
}

static bool ask_number(struct plain *p, const char *what, uint64_t most, uint64_t *ret)
{
	const char *answer = plain_ask(p, what);

	if (!answer || !*answer)
		return false;
	if (str_to_u64(span_of(answer), ret) == 0 && *ret > 0 && *ret <= most)
		return true;
	plain_say(p, "That is none of the numbers.");
	return false;
}

static void run_scan(struct filelist *l, struct plain *p, const char *typed)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	struct diag d = {0};

	filelist_scan(l, typed, &d);
	if (began(p, d.id == DIAG_NONE ? 0 : -d.err, &d) && settle(l, p, &r))
		say_groups(l, p);
}

static void do_scan(struct filelist *l, struct plain *p)
{
	run_scan(l, p, NULL);
}

static void do_path(struct filelist *l, struct plain *p)
{
	const char *answer = plain_ask(p, "File or folder:");
	_cleanup_free_ char *path = answer && *answer ? strdup(answer) : NULL;

	if (path)
		run_scan(l, p, path);
}

static bool ask_group(const struct filelist *l, struct plain *p, uint32_t *ret)
{
	uint64_t n;

	if (!ask_number(p, "Number of the group:", _FILELIST_GROUPS, &n))
		return false;
	*ret = (uint32_t)n - 1;
	if (filelist_listed(l, *ret))
		return true;
	plain_say(p, "That group has no files to list.");
	return false;
}

static void do_list(struct filelist *l, struct plain *p)
{
	size_t n, at = 0;
	uint32_t group;

	if (!ask_group(l, p, &group))
		return;
	n = filelist_listed(l, group);
	do {
		for (size_t end = at + PAGE; at < n && at < end; at++)
			say_file(l, p, (struct filerow){group, (uint32_t)at});
		if (at < n)
			plain_say(p, "%zu more", n - at);
	} while (at < n && plain_ask(p, "Enter goes on, q ends.") &&
		 strcmp(strbuf_str(&p->answer), "q") != 0);
}

static void do_detail(struct filelist *l, struct plain *p)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	struct filerow row = {0};
	struct diag d = {0};
	uint64_t n;

	if (!ask_group(l, p, &row.group) ||
	    !ask_number(p, "Number of the file:", filelist_listed(l, row.group), &n))
		return;
	row.at = (uint32_t)n - 1;
	if (row.group == FILELIST_ERRORS) {
		filetext_error(&r.doc, &l->work->errors[row.at], l->app->ascii);
		plain_doc(p, &r.doc);
	} else if (began(p,
			 filework_look(l->work, filelist_path(l, row), l->app->ascii, &d),
			 &d) &&
		   settle(l, p, &r)) {
		plain_doc(p, &r.doc);
	}
}

static void do_job(struct filelist *l, struct plain *p)
{
	(void)filework_refresh(l->work);
	say_job(l, p);
}

static bool may(struct filelist *l, struct plain *p)
{
	struct diag d = {0};

	(void)filework_refresh(l->work);
	if (!filelist_refuses(l, &d))
		return true;
	plain_diag(p, &d);
	return false;
}

/* Typed out: a single letter says yes to nothing. */
static bool agreed(struct filelist *l, struct plain *p, uint64_t steps, const char *word)
{
	bool many = steps > RELABEL_MANY && *l->app->model.host;
	const char *want = many ? l->app->model.host : word, *answer;

	plain_say(p, "Type %s%s to go on; anything else changes nothing.",
		  many ? "the name of this host, " : "", want);
	answer = plain_ask(p, "Go on?");
	return answer && strcmp(answer, want) == 0;
}

static void run_job(struct filelist *l, struct plain *p, unsigned job)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	struct diag d = {0};

	if (began(p, filework_start(l->work, job, &d), &d) && settle(l, p, &r))
		plain_say(p, "Job %u has begun; it goes on when you leave.", job);
}

/* The plan that a task has made, or makes. */
static void agree(struct filelist *l, struct plain *p)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};

	if (!settle(l, p, &r))
		return;
	plain_doc(p, &r.doc);
	if (!r.job)
		plain_say(p, "Nothing to do: every file that can be labelled has "
			     "the right label.");
	else if (agreed(l, p, r.steps, "label"))
		run_job(l, p, r.job);
}

void filelist_plain_offer(struct filelist *l, struct plain *p)
{
	l->lines = true;
	agree(l, p);
}

static void do_label(struct filelist *l, struct plain *p)
{
	struct relabel_job *j = &l->work->job;
	struct diag d = {0};

	if (!may(l, p))
		return;
	if (l->work->has_job && j->state == RELABEL_JOB_RUNNING) {
		plain_say(p, "Job %u is at work.", j->id);
	} else if (l->work->has_job && j->state == RELABEL_JOB_INTERRUPTED) {
		say_job(l, p);
		if (agreed(l, p, j->steps, "resume"))
			run_job(l, p, j->id);
	} else if (began(p, filework_plan(l->work, l->app->ascii, &d), &d)) {
		agree(l, p);
	}
}

/* A second in which it noted nothing is not its end. */
static bool is_at_work(struct filelist *l)
{
	(void)filework_refresh(l->work);
	return l->work->has_job && l->work->job.state == RELABEL_JOB_RUNNING;
}

static void do_follow(struct filelist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (!is_at_work(l)) {
		plain_say(p, "No job is at work.");
		say_job(l, p);
		return;
	}
	plain_say(p, "Following; Enter stops that, and not the job.");
	do {
		char done[32], all[32];

		plain_say(p, "%s of %s files",
			  str_count(done, sizeof(done), l->work->job.n.done),
			  str_count(all, sizeof(all), l->work->job.steps));
	} while (!plain_wait(p, 1000) && is_at_work(l));
	say_job(l, p);
}

static void do_stop(struct filelist *l, struct plain *p)
{
	struct diag d = {0};

	if (may(l, p) && began(p, filework_stop(l->work, &d), &d))
		plain_say(p, "Job %u stops at its next file; what is done stays.",
			  l->work->job.id);
}

static void do_undo(struct filelist *l, struct plain *p)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	_cleanup_(doc_done) struct doc what = {0};
	struct diag d = {0};
	uint64_t steps = 0;
	unsigned job;
	char n[48];

	if (!may(l, p))
		return;
	job = filelist_undo_what(l, &what, &steps, &d);
	if (!began(p, job ? 0 : -EINVAL, &d))
		return;
	plain_doc(p, &what);
	if (!agreed(l, p, steps, "undo") ||
	    !began(p, filework_undo(l->work, job, &d), &d) || !settle(l, p, &r))
		return;
	plain_say(p,
		  "Taken back: the labels of %s are as before; %llu left alone or "
		  "failed.",
		  str_counted(n, sizeof(n), r.steps, "file", "files"),
		  (unsigned long long)r.left);
}

static void do_sign(struct filelist *l, struct plain *p)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	struct filerow row = {.at = FILELIST_HEADING};
	struct diag d = {0};
	const char *answer;
	uint64_t n;

	if (!may(l, p) || !ask_group(l, p, &row.group))
		return;
	answer = plain_ask(p, "Number of the file (empty: all of the group):");
	if (!answer)
		return;
	if (*answer && (str_to_u64(span_of(answer), &n) < 0 || n == 0 ||
			n > filelist_listed(l, row.group))) {
		plain_say(p, "That is none of the numbers.");
		return;
	}
	row.at = *answer ? (uint32_t)n - 1 : FILELIST_HEADING;
	if (!began(p, filelist_to_sign(l, row, &d) ? 0 : -d.err, &d))
		return;
	answer = plain_ask(p, "Private key (PEM, without a passphrase):");
	if (!answer || !*answer ||
	    !began(p, filework_sign(l->work, answer, &l->to_sign, &d), &d) ||
	    !settle(l, p, &r))
		return;
	filelist_take_signs(l, &r);
	(void)planned_in_lines(&l->ready, p);
}

static const struct {
	const char *text;
	void (*run)(struct filelist *l, struct plain *p);
} actions[] = {
	{"scan what the policy appraises", do_scan},
	{"scan a file or folder", do_path},
	{"list the files of a group", do_list},
	{"everything about a file", do_detail},
	{"plan labels and set them; go on with a job", do_label},
	{"how far the job is", do_job},
	{"follow the job", do_follow},
	{"stop the job", do_stop},
	{"take the labels of the last job back", do_undo},
	{"sign a file, or those of a group", do_sign},
};

static void begin(struct filelist *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};

	(void)filework_refresh(l->work);
	plain_settle(p);
	filelist_sync(l, PAGE);
	if (l->work->scanned) {
		say_groups(l, p);
		return;
	}
	filelist_intro(l, &d);
	plain_doc(p, &d);
	if (l->work->has_job)
		say_job(l, p);
}

void filelist_plain(struct filelist *l, struct plain *p)
{
	int i;

	l->lines = true;
	begin(l, p);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Files", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN)
			say_groups(l, p);
		else
			actions[i].run(l, p);
}
