/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/gen.h"
#include "core/policy/cost.h"
#include "core/list/mfile.h"

enum { RATE_WINDOW_MS = 5000, MEMORY_BATCH = 10000, WORK_MS = 250 };

/* Asking the kernel what it can do reads dozens of files: not on this thread. */
struct model_probe {
	struct pool_job job; /* first: the pool hands it back */
	struct model *model;
	struct span head; /* of the live list, which is not read twice */
	struct probe *result;
	struct rollout *rollout; /* NULL: not of a machine that runs */
	struct model_recovery recovery;
};

/* One line of a small file, escaped; "" when it cannot be read. */
static void read_line(const struct root *root, enum root_file file, char *buf,
		      size_t size)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct span line;

	buf[0] = '\0';
	if (root_read(root, file, &b, NULL) < 0)
		return;
	line = (struct span){(const uint8_t *)strbuf_str(&b),
			     strcspn(strbuf_str(&b), "\n")};
	str_quote(buf, size, line);
}

/* A recorded host's list, or a file named on the command line: read only, seekable. */
static int open_saved(struct model *m, struct diag *reterr)
{
	const char *file = m->config->file;
	int r;

	m->list_fd = file ? mfile_open(file, true, reterr)
			  : mfile_open_recorded(m->root, reterr);
	if (m->list_fd < 0)
		return m->list_fd;
	r = mstore_open(m->list_fd, mfile_column(file), &m->saved, reterr);
	m->store = m->saved;
	return r;
}

static int open_list(struct model *m, struct diag *reterr)
{
	int r;

	if (m->config->file || m->recorded)
		return open_saved(m, reterr);
	r = live_open(m->root, 0, m->pool, &m->live, reterr);
	if (r >= 0)
		m->store = live_store(m->live);
	return r;
}

static void name_machine(struct model *m)
{
	const char *file = m->config->file, *slash = file ? strrchr(file, '/') : NULL;

	if (m->loose) {
		str_quote(m->host, sizeof(m->host), span_of(slash ? slash + 1 : file));
		return;
	}
	read_line(m->root, ROOT_HOSTNAME, m->host, sizeof(m->host));
	read_line(m->root, ROOT_OSRELEASE, m->release, sizeof(m->release));
}

int model_open(struct model *m, const struct tui_config *config, struct diag *reterr)
{
	int r;

	*m = (struct model){.config = config, .root = config->root, .list_fd = -1};
	m->recorded = root_is_recorded(config->root);
	m->loose = config->file && !m->recorded;
	m->privileged = m->recorded || m->loose || geteuid() == 0;
	name_machine(m);
	r = pool_new(0, &m->pool, reterr);
	if (r >= 0)
		r = pkgdb_new(&m->pkgs, reterr);
	if (r < 0)
		return r;
	if (open_list(m, &m->list_error) < 0)
		m->store = NULL;
	proof_init(&m->proof, config, m->store, m->live, m->pool);
	filework_init(&m->files, config, m->pool);
	feed_init(&m->feed, m->root, m->pool);
	return 0;
}

void model_done(struct model *m)
{
	proof_done(&m->proof);
	pool_free(m->pool); /* waits for what reads the others */
	filework_done(&m->files);
	feed_done(&m->feed);
	probe_free(m->probe);
	if (m->asking) {
		probe_free(m->asking->result);
		rollout_free(m->asking->rollout);
	}
	free(m->asking);
	live_free(m->live);
	mstore_free(m->saved);
	pkgdb_free(m->pkgs);
	cleanup_closep(&m->list_fd);
	*m = (struct model){.list_fd = -1};
}

/* By names alone: quick, and possible where a policy denies opening files. */
static void find_recovery(struct model_probe *q)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct model_recovery *r = &q->recovery;
	const struct trialnow *now;
	struct utsname u;

	(void)uname(&u); /* cannot fail */
	r->known = gen_list_load(q->model->root, u.release, &list, &r->error) == 0;
	r->kept = list.n;
	r->good = gen_newest_blessed(&list, 0);
	if (!q->rollout)
		return;
	now = &q->rollout->now;
	r->gate = now->note.verdict;
	r->trial = now->there ? now->trial.number : 0;
	r->state = now->trial.state;
}

static void probe_in_pool(struct pool_job *job)
{
	const struct rollout_ask ask = {.brief = true, .now = time(NULL)};
	struct model_probe *q = (struct model_probe *)job;

	(void)probe_run(q->model->root, q->head, &q->result, NULL);
	if (!root_is_live(q->model->root))
		return;
	(void)rollout_load(q->model->root, &ask, &q->rollout, NULL);
	find_recovery(q);
}

static void take_trial(struct model *m, const struct trialnow *now)
{
	bool on = now->here || now->guarded;

	m->trial = on ? now->trial.number : 0;
	m->trial_passed = now->here && now->trial.state == TRIAL_PASSED;
	m->trial_until_ms = on && now->guarded ? m->now_ms + now->left * 1000 : 0;
}

void model_rollout(struct model *m, const struct rollout *r)
{
	_cleanup_strbuf_ struct strbuf words = {0};
	struct model_rollout *to = &m->rollout;

	take_trial(m, &r->now);
	rollout_next_words(r, m->wall, &words);
	to->known = true;
	to->begun = r->number != 0;
	to->possible = r->step[ROLLOUT_ASSESS].state != ROLLOUT_BLOCKED;
	to->next = r->next;
	(void)snprintf(to->words, sizeof(to->words), "%s", strbuf_str(&words));
	(void)snprintf(to->key, sizeof(to->key), "%s", rollout_next_key(r));
	(void)snprintf(to->command, sizeof(to->command), "%s", rollout_next_command(r));
}

static void probe_ready(struct pool_job *job)
{
	struct model_probe *q = (struct model_probe *)job;
	struct model *m = q->model;
	const struct probe_fact *mode;

	m->probe = q->result;
	m->asking = NULL;
	m->facts_changed = true;
	m->recovery = q->recovery;
	if (q->rollout)
		model_rollout(m, q->rollout);
	rollout_free(q->rollout);
	free(q);
	if (!m->probe || m->loose)
		return;
	if (probe_is(m->probe, PROBE_IMA, PROBE_NO)) {
		(void)snprintf(m->mode, sizeof(m->mode), "NO IMA");
		return;
	}
	mode = &m->probe->fact[PROBE_APPRAISE_MODE];
	(void)snprintf(m->mode, sizeof(m->mode), "APPRAISE:%.13s",
		       mode->answer == PROBE_UNKNOWN ? "?"
		       : *mode->value		     ? mode->value
						     : probe_answer_name(mode->answer));
	for (char *c = m->mode; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

static void start_probe(struct model *m)
{
	struct model_probe *q = calloc(1, sizeof(*q));

	if (!q)
		return; /* the facts stay unknown */
	*q = (struct model_probe){.job = {.run = probe_in_pool, .done = probe_ready},
				  .model = m};
	if (m->live)
		(void)mstore_run(m->store, 0, &q->head);
	m->asking = q;
	pool_submit(m->pool, &q->job);
}

static void pkgs_ready(void *user)
{
	struct model *m = user;

	m->pkgs_changed = true;
	m->pkgs_loading = false;
}

/* What need not be there for the first screen. */
static void start(struct model *m)
{
	m->started = true;
	m->rate_ms = m->now_ms;
	m->rate_count = model_count(m, NULL);
	start_probe(m);
	m->pkgs_loading = pkgdb_load_async(m->pkgs, m->root, m->pool, pkgs_ready, m) >= 0;
}

bool model_busy(const struct model *m)
{
	struct live_status live = {.caught_up = true};

	if (m->live)
		live_status(m->live, &live);
	return m->asking || m->pkgs_loading || m->working || !live.caught_up ||
	       filework_busy(&m->files) || feed_busy(&m->feed);
}

void model_work(struct model *m, struct pool_job *job)
{
	if (!m->grown) /* where that fails the job waits for its turn */
		(void)pool_grow(m->pool, pool_threads(m->pool) + 1);
	m->grown = true;
	m->working++;
	pool_submit(m->pool, job);
}

void model_worked(struct model *m)
{
	m->working--;
}

void model_reread(struct model *m)
{
	if (m->saved && mstore_resume(m->saved) > 0)
		m->read_error = (struct diag){0};
}

void model_refresh(struct model *m)
{
	model_reread(m);
	if (!m->asking)
		m->probe = probe_free(m->probe);
	if (!m->asking && m->started)
		start_probe(m);
	proof_restart(&m->proof);
}

/* What the list costs the kernel, added up a few thousand entries at a time. */
static int memory_step(struct model *m)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct cost_model model;
	struct mlog_entry entry;
	int left = MEMORY_BATCH;

	if (!m->probe || !m->store)
		return 0;
	model = cost_model_of(m->probe);
	for (; left && mstore_entry(m->store, m->memory_next, &scratch, &entry); left--) {
		m->memory += cost_entry(&model, mstore_dialect(m->store), &entry);
		m->memory_next++;
	}
	m->memory_known = left > 0;
	return left == 0;
}

static void step_feed(struct model *m)
{
	struct live_status s = {0};

	if (m->live)
		live_status(m->live, &s);
	feed_step(&m->feed, m->now_ms, m->wall, model_count(m, NULL), s.trimmed);
}

int model_step(struct model *m, unsigned budget_us)
{
	int r = 0;

	if (!m->started) {
		start(m);
		return 1;
	}
	(void)pool_dispatch(m->pool);
	step_feed(m);
	if (m->live)
		r = live_step(m->live, &m->read_error);
	else if (m->saved)
		r = mstore_step(m->saved, budget_us, &m->read_error);
	if (proof_step(&m->proof, budget_us, m->now_ms, m->wall) > 0)
		return 1;
	return r > 0 || memory_step(m);
}

static bool measure_rate(struct model *m)
{
	uint64_t passed = m->now_ms - m->rate_ms, count = model_count(m, NULL);
	double rate = m->rate;

	if (passed < RATE_WINDOW_MS)
		return false;
	m->rate = count < m->rate_count
			  ? 0
			  : (double)(count - m->rate_count) * 1000 / (double)passed;
	m->rate_ms = m->now_ms;
	m->rate_count = count;
	return m->rate != rate;
}

bool model_poll(struct model *m)
{
	bool changed = filework_poll(&m->files, m->now_ms) || m->working;

	feed_poll(&m->feed, m->now_ms);
	if (!m->live)
		return changed;
	changed |= live_poll(m->live, &m->read_error) > 0;
	return measure_rate(m) || changed;
}

/* -1 is never. */
static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

int model_poll_ms(const struct model *m)
{
	int live = m->live ? (int)live_poll_ms(m->live) : -1;
	int proof = proof_wait_ms(&m->proof, m->now_ms);

	int work = m->working ? WORK_MS : -1;
	int files = filework_wait_ms(&m->files, m->now_ms);
	int feed = feed_wait_ms(&m->feed, m->now_ms);

	return sooner(sooner(sooner(live, proof), sooner(work, files)), feed);
}

uint64_t model_count(const struct model *m, bool *ret_exact)
{
	struct mstore_progress p = {.exact = true};

	if (m->store)
		mstore_progress(m->store, &p);
	if (ret_exact)
		*ret_exact = p.exact;
	return p.count;
}
