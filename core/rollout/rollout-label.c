/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the files have what the policy wants? Tried on those that the machine uses. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/label/relabel-job.h"
#include "core/rollout/rollout-internal.h"
#include "core/simulate/simulatetext.h"

enum { GROUPS_SHOWN = 8, PATHS_SHOWN = 4 };

static bool stop(void *user)
{
	const struct rollout_ask *ask = user;

	return ask->stop && ask->stop(ask->user);
}

static int run(struct rollout_work *w, struct diag *reterr)
{
	const struct simulate_watch watch = {.stop = stop,
					     .user = (void *)(uintptr_t)w->ask};
	struct simulate_opts opts = {.probe = w->probe,
				     .rules = &w->judged.rules,
				     .labels_only = !w->ask->whole,
				     .threads = w->ask->threads};
	int r = bootset_new(w->root, &w->set, reterr);

	if (r >= 0)
		r = bootset_collect(w->set, w->ask->whole ? BOOTSET_ALL : BOOTSET_USUAL,
				    reterr);
	if (r >= 0)
		r = pkgdb_new(&w->packages, reterr);
	if (r < 0)
		return r;
	bootset_sort(w->set);
	opts.set = w->set;
	opts.packages = w->packages;
	if (bootset_count(w->set) == 0)
		return diag_set(reterr, DIAG_POLICY_NO_USES, ENODATA,
				"Nothing here tells which files this machine uses.");
	return simulate_run(w->root, &opts, &watch, &w->result, reterr);
}

bool rollout_simulate(struct rollout_work *w)
{
	int r;

	if (w->simulated || w->not_simulated.id)
		return w->simulated;
	if (root_is_recorded(w->root))
		r = diag_set(&w->not_simulated, DIAG_LIVE_ONLY, EOPNOTSUPP,
			     "Files are looked at on the machine itself.");
	else if (!w->has_rules)
		r = diag_set(&w->not_simulated, DIAG_TRIAL_NO_CANDIDATE, ENOENT,
			     "There is no policy to try.");
	else
		r = run(w, &w->not_simulated);
	w->failed |= r == -ENOMEM;
	w->simulated = r >= 0;
	return w->simulated;
}

/* The command that puts a kind of failure right, with the first files. */
static void fix_words(const struct simulate *s, enum simulate_fix_kind kind,
		      struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf command = {0};
	const struct simulate_fix *f = s->fix, *end = s->fix + s->n_fixes;
	const char *path;

	while (f < end && f->kind != kind)
		f++;
	if (f == end)
		return;
	if (kind == SIMULATE_LABEL && f->n_paths > PATHS_SHOWN) { /* too many to name */
		strbuf_adds(out, rollout_command(ROLLOUT_LABEL));
		return;
	}
	simulate_command(&command, f, NULL);
	path = f->paths.ptr;
	for (size_t i = 0; i < f->n_paths && i < PATHS_SHOWN; i++) {
		strbuf_adds(&command, " /");
		str_shell_word(&command, span_of(path));
		path += strlen(path) + 1;
	}
	if (f->n_paths > PATHS_SHOWN)
		strbuf_adds(&command, " ...");
	str_escape(out, strbuf_span(&command), false);
}

static void say_group(struct rollout_work *w, const struct simulate_group *g)
{
	const struct simulate *s = &w->result;
	const struct simulate_row *row = &s->row[g->first];
	_cleanup_strbuf_ struct strbuf where = {0}, fix = {0};
	char cause[64], n[32], q[120];
	bool bad = !row->unsure && row->rank != SIMULATE_COULD;

	simulatetext_where(s, g, &where);
	if (!row->unsure)
		fix_words(s, (enum simulate_fix_kind)row->fix, &fix);
	rollout_say(w, bad ? ROLLOUT_FAIL : ROLLOUT_WARN, strbuf_str(&fix),
		    row->fix == SIMULATE_LOAD_KEY ? "6 Keys, a" : "a opens Files",
		    "%s %s: %s %s (%s).",
		    str_counted(n, sizeof(n), g->files, "file", "files"),
		    row->unsure ? "may be denied" : "would be denied",
		    simulatetext_cause(row, cause),
		    str_quote(q, sizeof(q), strbuf_span(&where)),
		    simulate_rank_word((enum simulate_rank)row->rank));
}

static void say_groups(struct rollout_work *w)
{
	const struct simulate *s = &w->result;

	for (size_t i = 0; i < s->n_groups && i < GROUPS_SHOWN; i++)
		say_group(w, &s->group[i]);
	if (s->n_groups > GROUPS_SHOWN)
		rollout_say(w, ROLLOUT_WARN, "imactl policy simulate --all",
			    "5 Policy, s", "And %zu groups of files more.",
			    s->n_groups - GROUPS_SHOWN);
}

/* What a job that was begun says of itself. True: it is at work now. */
static bool say_job(struct rollout_work *w)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	char n[32];

	if (relabel_job_last_begun(w->root, &job, NULL) < 0 || job.undone)
		return false;
	str_count(n, sizeof(n), job.n.taken);
	if (job.n.failed)
		rollout_say(w, ROLLOUT_WARN, "imactl label status", "4 Files, J",
			    "Job %u labelled %s files; %llu could not be.", job.id, n,
			    (unsigned long long)job.n.failed);
	else
		rollout_say(w, ROLLOUT_PASS, NULL, NULL, "Job %u labelled %s files.",
			    job.id, n);
	if (job.state == RELABEL_JOB_INTERRUPTED)
		rollout_say(w, ROLLOUT_FAIL, "imactl label apply --resume", "4 Files, F9",
			    "Job %u was interrupted.", job.id);
	return job.state == RELABEL_JOB_RUNNING;
}

/* The kernel labels what is opened: a way of its own, with its own limits. */
static void say_fix_mode(struct rollout_work *w)
{
	struct relabel_kernel k;

	relabel_kernel(w->root, &k);
	if (k.fixes)
		rollout_say(
			w, ROLLOUT_NOTE, "imactl mode log", NULL,
			"The kernel is in fix mode: it gives a hash to whatever is opened, "
			"whoever changed it.");
	else if (w->step->count[ROLLOUT_FAIL] &&
		 !bootmode_ignored(w->probe, BOOTMODE_FIX))
		rollout_say(
			w, ROLLOUT_NOTE, "imactl mode fix --once", NULL,
			"A start in fix mode would label what is opened in it, whatever "
			"it holds by then; a job does it without a start.");
}

/* What a job has labelled since files were looked at makes that void. */
static void forget_old(struct rollout_work *w)
{
	struct rolloutmemo_found *f = &w->r->memo.found[ROLLOUT_LABEL];
	_cleanup_relabel_job_ struct relabel_job job = {0};

	if (relabel_job_last_begun(w->root, &job, NULL) == 0 && job.updated > f->when)
		*f = (struct rolloutmemo_found){0};
}

static void recall(struct rollout_work *w)
{
	bool runs = say_job(w);

	forget_old(w);
	rollout_recall(w, ROLLOUT_LABEL, w->r->memo.observe, NULL);
	if (runs)
		w->step->state = ROLLOUT_RUNNING;
}

void rollout_see_label(struct rollout_work *w)
{
	struct rollout_step *s = w->step;
	const struct simulate *sim = &w->result;
	bool runs;
	char n[32];

	s->state = ROLLOUT_WAITING;
	if (!w->has_rules)
		return;
	if (w->ask->brief) {
		recall(w);
		return;
	}
	if (!rollout_simulate(w)) {
		rollout_say(w, !root_is_recorded(w->root) ? ROLLOUT_FAIL : ROLLOUT_NOTE,
			    NULL, NULL, "%s", w->not_simulated.text);
		s->state = !root_is_recorded(w->root) ? ROLLOUT_BLOCKED : ROLLOUT_WAITING;
		return;
	}
	w->looked = true;
	runs = say_job(w);
	say_groups(w);
	say_fix_mode(w);
	if (s->count[ROLLOUT_FAIL] == 0)
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "%s that the policy appraises would pass%s.",
			    str_counted(n, sizeof(n), sim->appraised - sim->denied,
					"file", "files"),
			    w->ask->whole ? "" : ", as their labels say");
	rollout_sum(w, "%llu of %llu files in use would pass",
		    (unsigned long long)(sim->appraised - sim->denied),
		    (unsigned long long)sim->appraised);
	s->state = runs			    ? ROLLOUT_RUNNING
		   : s->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED
					    : ROLLOUT_DONE;
}
