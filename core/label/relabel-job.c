/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/relabel-job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/label/relabel-job-internal.h"

#define NOTE "state"

enum {
	VERSION = 1,
	PLANS_KEPT = 4,
	ALIKE_MS = 1000, /* what was over sooner says little about pace */
};

static const char *const state_words[_RELABEL_JOB_STATE_MAX] = {
	[RELABEL_JOB_PLANNED] = "planned",
	[RELABEL_JOB_RUNNING] = "running",
	[RELABEL_JOB_INTERRUPTED] = "interrupted",
	[RELABEL_JOB_ENDED] = "ended",
};

const char *relabel_job_state_word(enum relabel_job_state state)
{
	return state_words[state];
}

void relabel_job_done(struct relabel_job *job)
{
	free(job->current);
	*job = (struct relabel_job){0};
}

/* The numbers of a job, in the order in which they are noted. */
static void each_number(struct relabel_job *job,
			bool (*one)(void *user, uint64_t *number), void *user)
{
	uint64_t *const numbers[] = {&job->throttle,
				     &job->steps,
				     &job->to_read,
				     &job->planned,
				     &job->started,
				     &job->updated,
				     &job->n.done,
				     &job->n.taken,
				     &job->n.kept,
				     &job->n.failed,
				     &job->n.conflicts,
				     &job->labels.added,
				     &job->bytes,
				     &job->elapsed_ms,
				     &job->files_per_s,
				     &job->bytes_per_s,
				     &job->eta_ms,
				     &job->eta_spread_ms,
				     &job->labels.replaced,
				     &job->labels.by_kernel,
				     &job->labels.not_reached,
				     &job->labels.being_written};

	for (size_t i = 0; i < array_size(numbers); i++)
		if (!one(user, numbers[i]))
			return;
}

static bool pack_number(void *user, uint64_t *number)
{
	pack_u64(user, *number);
	return true;
}

struct reading {
	struct bytes b;
	bool bad;
};

static bool unpack_number(void *user, uint64_t *number)
{
	struct reading *r = user;

	r->bad = r->bad || !bytes_u64(&r->b, number);
	return !r->bad;
}

static void pack_reasons(struct strbuf *b, const struct relabel_job *job)
{
	pack_u32(b, _RELABEL_REASON_MAX);
	for (size_t i = 0; i < _RELABEL_REASON_MAX; i++) {
		pack_u64(b, job->reasons[i].files);
		pack_u64(b, job->reasons[i].bytes);
	}
}

/* Of a version that knows fewer, or more. */
static bool unpack_reasons(struct bytes *b, struct relabel_job *job)
{
	uint64_t files, bytes;
	uint32_t n;

	if (!bytes_u32(b, &n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (!bytes_u64(b, &files) || !bytes_u64(b, &bytes))
			return false;
		if (i < _RELABEL_REASON_MAX) {
			job->reasons[i].files = files;
			job->reasons[i].bytes = bytes;
		}
	}
	return true;
}

static void pack_job(struct strbuf *b, struct relabel_job *job)
{
	const uint8_t bytes[] = {VERSION,
				 (uint8_t)job->state,
				 (uint8_t)job->scope,
				 (uint8_t)job->alg,
				 job->by_kernel,
				 job->has_key,
				 (uint8_t)job->outcome,
				 job->has_eta};

	strbuf_add(b, bytes, sizeof(bytes));
	strbuf_add(b, job->hash, sizeof(job->hash));
	strbuf_add(b, job->keyid, sizeof(job->keyid));
	pack_u32(b, job->threads);
	pack_u32(b, (uint32_t)job->pid);
	pack_u32(b, job->change);
	each_number(job, pack_number, b);
	pack_reasons(b, job);
	pack_str(b, job->current ? job->current : "");
	pack_u32(b, job->failure.id);
	pack_u32(b, (uint32_t)job->failure.err);
	pack_str(b, job->failure.text);
}

static bool unpack_failure(struct bytes *b, struct diag *ret)
{
	uint32_t id, err;
	struct span text;

	if (!bytes_u32(b, &id) || id >= _DIAG_MAX || !bytes_u32(b, &err) || err > 4095 ||
	    !unpack_span(b, &text) || text.len >= sizeof(ret->text))
		return false;
	ret->id = (enum diag_id)id;
	ret->err = (int)err;
	if (text.len)
		memcpy(ret->text, text.ptr, text.len);
	return true;
}

static bool unpack_first(struct bytes *b, struct relabel_job *job)
{
	struct span bytes, hash, keyid;
	uint32_t pid;

	if (!bytes_take(b, 8, &bytes) || bytes.ptr[0] != VERSION ||
	    bytes.ptr[1] >= _RELABEL_JOB_STATE_MAX || bytes.ptr[2] >= _SCOPE_MAX ||
	    hash_alg_from_id(bytes.ptr[3]) < 0 || bytes.ptr[6] >= _CHANGE_OUTCOME_MAX ||
	    !bytes_take(b, sizeof(job->hash), &hash) ||
	    !bytes_take(b, sizeof(job->keyid), &keyid) || !bytes_u32(b, &job->threads) ||
	    !bytes_u32(b, &pid) || !bytes_u32(b, &job->change))
		return false;
	job->state = bytes.ptr[1];
	job->scope = bytes.ptr[2];
	job->alg = bytes.ptr[3];
	job->by_kernel = bytes.ptr[4];
	job->has_key = bytes.ptr[5];
	job->outcome = bytes.ptr[6];
	job->has_eta = bytes.ptr[7];
	memcpy(job->hash, hash.ptr, sizeof(job->hash));
	memcpy(job->keyid, keyid.ptr, sizeof(job->keyid));
	job->pid = (int32_t)pid;
	return true;
}

/* The whole of it is checksummed; what comes from another machine (--root) is looked at
 * all the same. */
static bool unpack_job(struct span note, struct relabel_job *job)
{
	struct reading r = {bytes_of(note.ptr, note.len), false};
	struct span current;

	if (!unpack_first(&r.b, job))
		return false;
	each_number(job, unpack_number, &r);
	if (r.bad || !unpack_reasons(&r.b, job) || !unpack_span(&r.b, &current) ||
	    !unpack_failure(&r.b, &job->failure))
		return false;
	job->current = strndup(current.len ? (const char *)current.ptr : "", current.len);
	return job->current && !bytes_left(&r.b);
}

int relabel_job_note(struct relabel_job *job, int dir, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	job->updated = (uint64_t)time(NULL);
	pack_job(&b, job);
	return job_note(dir, NOTE, strbuf_span(&b), reterr);
}

/* By the name of its journal. */
static bool is_undone(const struct root *root, unsigned change)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	int n = change ? journal_list(root, ROOT_STATE, &list, NULL) : 0;

	for (int i = 0; i < n; i++)
		if (list[i].id == change)
			return list[i].state == JOURNAL_UNDONE;
	return false;
}

static int load(const struct root *root, int dir, unsigned id, struct relabel_job *ret,
		struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct relabel_job job = {.id = id};
	bool running = job_is_running(dir);
	int r = job_get(dir, NOTE, &b, reterr);

	if (r < 0)
		return r;
	if (!unpack_job(strbuf_span(&b), &job)) {
		relabel_job_done(&job);
		return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
				"What job %u has noted is of another version.", id);
	}
	/* one that had not begun its change yet is a plan as before */
	if (job.state == RELABEL_JOB_RUNNING && !running)
		job.state = job.change ? RELABEL_JOB_INTERRUPTED : RELABEL_JOB_PLANNED;
	job.undone = is_undone(root, job.change);
	if (job.undone)
		job.state = RELABEL_JOB_ENDED;
	*ret = job;
	return 0;
}

int relabel_job_load(const struct root *root, unsigned id, struct relabel_job *ret,
		     struct diag *reterr)
{
	_cleanup_close_ int dir = job_open(root, id, reterr);

	return dir < 0 ? dir : load(root, dir, id, ret, reterr);
}

static int none(enum diag_id id, int err, const char *text, struct diag *reterr)
{
	return diag_set(reterr, id, err, "%s", text);
}

/* The newest that @fits; -ENOENT, without a diag: none. */
static int find(const struct root *root,
		bool (*fits)(const struct relabel_job *job, const void *user),
		const void *user, struct relabel_job *ret, struct diag *reterr)
{
	_cleanup_free_ unsigned *ids = NULL;
	int n = job_list(root, &ids, reterr);

	for (int i = n; i > 0; i--) {
		struct relabel_job job;

		if (relabel_job_load(root, ids[i - 1], &job, NULL) < 0)
			continue; /* being made, or of another version */
		if (fits(&job, user)) {
			*ret = job;
			return 0;
		}
		relabel_job_done(&job);
	}
	return n < 0 ? n : -ENOENT;
}

static bool any(const struct relabel_job *job, const void *user)
{
	return true;
}

static bool is_running(const struct relabel_job *job, const void *user)
{
	return job->state == RELABEL_JOB_RUNNING;
}

static bool is_applied(const struct relabel_job *job, const void *user)
{
	return job->change && !job->undone;
}

static bool is_begun(const struct relabel_job *job, const void *user)
{
	return job->started;
}

static bool has_plan(const struct relabel_job *job, const void *hash)
{
	return job->state == RELABEL_JOB_PLANNED &&
	       memcmp(job->hash, hash, sizeof(job->hash)) == 0;
}

static bool has_change(const struct relabel_job *job, const void *change)
{
	return job->change == *(const unsigned *)change;
}

struct alike {
	const struct relabel_opts *opts;
	bool signs;
};

static bool is_alike(const struct relabel_job *job, const void *user)
{
	const struct alike *a = user;

	return job->state == RELABEL_JOB_ENDED && job->elapsed_ms >= ALIKE_MS &&
	       job->n.done && !job->throttle && job->has_key == a->signs &&
	       job->alg == a->opts->alg && job->by_kernel == a->opts->by_kernel;
}

/* One that runs comes before those that are newer. */
static int last(const struct root *root,
		bool (*fits)(const struct relabel_job *job, const void *user),
		const char *without, struct relabel_job *ret, struct diag *reterr)
{
	int r = find(root, is_running, NULL, ret, reterr);

	if (r == -ENOENT)
		r = find(root, fits, NULL, ret, reterr);
	return r == -ENOENT ? none(DIAG_NO_JOB, ENOENT, without, reterr) : r;
}

int relabel_job_last(const struct root *root, struct relabel_job *ret,
		     struct diag *reterr)
{
	return last(root, any, "No labels have been planned here.", ret, reterr);
}

int relabel_job_last_begun(const struct root *root, struct relabel_job *ret,
			   struct diag *reterr)
{
	return last(root, is_begun, "No labels have been set here.", ret, reterr);
}

int relabel_job_last_applied(const struct root *root, struct relabel_job *ret,
			     struct diag *reterr)
{
	int r = find(root, is_applied, NULL, ret, reterr);

	return r == -ENOENT
		       ? none(DIAG_NOTHING_OPEN, ENOENT,
			      "No labels have been set here that could be taken back.",
			      reterr)
		       : r;
}

int relabel_job_find(const struct root *root, const uint8_t hash[PLAN_HASH_SIZE],
		     struct relabel_job *ret, struct diag *reterr)
{
	int r = find(root, has_plan, hash, ret, reterr);

	return r == -ENOENT ? none(DIAG_PLAN_STALE, ESTALE,
				   "No plan with that hash is kept.", reterr)
			    : r;
}

int relabel_job_find_alike(const struct root *root, const struct relabel_opts *opts,
			   bool signs, struct relabel_job *ret)
{
	struct alike a = {opts, signs};

	return find(root, is_alike, &a, ret, NULL);
}

/* The job that was killed between beginning its change and noting that. */
static int find_by_plan(const struct root *root, unsigned change, struct relabel_job *ret,
			struct diag *reterr)
{
	uint8_t hash[PLAN_HASH_SIZE];
	struct journal journal;
	int r = journal_load(&journal, root, ROOT_STATE, change, act_label_set(), reterr);

	if (r < 0)
		return r;
	plan_hash(&journal.plan, hash);
	journal_done(&journal);
	r = find(root, has_plan, hash, ret, reterr);
	if (r == 0)
		ret->change = change;
	return r;
}

int relabel_job_find_open(const struct root *root, struct relabel_job *ret,
			  struct diag *reterr)
{
	unsigned change = 0;
	int r = change_find_open(root, ROOT_STATE, &change, reterr);

	if (r == 0)
		r = change ? find(root, has_change, &change, ret, reterr) : -ENOENT;
	if (r == -ENOENT && change)
		r = find_by_plan(root, change, ret, reterr);
	return r == -ENOENT ? none(DIAG_NOTHING_OPEN, ENOENT,
				   "There are no labels whose setting was interrupted.",
				   reterr)
			    : r;
}

/* Plans that nobody carried out, but for the last ones. */
static void forget_plans(struct root *root)
{
	_cleanup_free_ unsigned *ids = NULL;
	int n = job_list(root, &ids, NULL), kept = 0;

	for (int i = n; i > 0; i--) {
		struct relabel_job job;

		if (relabel_job_load(root, ids[i - 1], &job, NULL) < 0)
			continue;
		if (job.state == RELABEL_JOB_PLANNED && ++kept > PLANS_KEPT)
			job_remove(root, ids[i - 1]);
		relabel_job_done(&job);
	}
}

static bool signs(const struct relabel *r)
{
	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		if (r->reasons[i].files &&
		    relabel_kind_of((enum relabel_reason)i) == RELABEL_SIGN)
			return true;
	return false;
}

static void describe(struct relabel_job *job, const struct relabel *r,
		     const struct relabel_opts *opts, unsigned threads)
{
	plan_hash(&r->plan, job->hash);
	job->scope = r->scope;
	job->alg = opts->alg;
	job->by_kernel = opts->by_kernel;
	job->has_key = opts->key && signs(r);
	if (job->has_key)
		memcpy(job->keyid, sig_key_id(opts->key).ptr, IMAXATTR_KEYID);
	job->threads = threads;
	job->throttle = opts->throttle;
	job->steps = r->plan.n;
	job->to_read = r->to_read;
	job->planned = (uint64_t)time(NULL);
	for (size_t i = 0; i < _RELABEL_REASON_MAX; i++) {
		job->reasons[i].files = r->reasons[i].files;
		job->reasons[i].bytes = r->reasons[i].bytes;
	}
}

int relabel_job_keep(struct root *root, const struct relabel *r,
		     const struct relabel_opts *opts, unsigned threads,
		     struct relabel_job *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf plan = {0};
	_cleanup_relabel_job_ struct relabel_job job = {.state = RELABEL_JOB_PLANNED};
	_cleanup_close_ int dir = job_create(root, &job.id, reterr);
	int err;

	if (dir < 0)
		return dir;
	describe(&job, r, opts, threads);
	plan_pack(&plan, &r->plan);
	job.current = strdup("");
	if (plan.failed || !job.current)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	err = job_put(dir, RELABEL_JOB_PLAN, strbuf_span(&plan), reterr);
	if (err == 0)
		err = relabel_job_note(&job, dir, reterr);
	if (err < 0) {
		job_remove(root, job.id);
		return err;
	}
	forget_plans(root);
	*ret = job;
	job = (struct relabel_job){0};
	return 0;
}

/* Errors: records one behind the other; a last one that was cut off does not count. */

static int append(struct relabel_error **list, int n, struct span path, struct span text,
		  uint32_t err, uint32_t id)
{
	struct relabel_error *more = reallocarray(*list, (size_t)n + 1, sizeof(**list));
	struct relabel_error e = {strndup((const char *)path.ptr, path.len),
				  strndup((const char *)text.ptr, text.len), (int)err,
				  (enum diag_id)id};

	if (more)
		*list = more;
	if (!more || !e.path || !e.text) {
		free(e.path);
		free(e.text);
		return -ENOMEM;
	}
	(*list)[n] = e;
	return n + 1;
}

int relabel_job_errors(const struct root *root, unsigned id, struct relabel_error **ret,
		       struct diag *reterr)
{
	_cleanup_close_ int dir = job_open(root, id, reterr);
	_cleanup_strbuf_ struct strbuf file = {0};
	struct span path, text;
	struct bytes b;
	uint32_t err, diag;
	int n = 0, r;

	*ret = NULL;
	if (dir < 0)
		return dir;
	r = fs_read_at(dir, RELABEL_JOB_ERRORS, 64 << 20, &file, NULL);
	if (r < 0)
		return 0; /* none were kept */
	b = bytes_of(file.ptr, file.len);
	while (n < RELABEL_ERRORS && bytes_u32(&b, &err) && bytes_u32(&b, &diag) &&
	       err <= 4095 && diag < _DIAG_MAX && unpack_span(&b, &path) &&
	       unpack_span(&b, &text)) {
		r = append(ret, n, path, text, err, diag);
		if (r < 0) {
			relabel_errors_free(*ret, n);
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		}
		n = r;
	}
	return n;
}

void relabel_errors_free(struct relabel_error *errors, int n)
{
	for (int i = 0; i < n; i++) {
		free(errors[i].path);
		free(errors[i].text);
	}
	free(errors);
}
