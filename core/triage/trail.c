/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/trail.h"

#include <stdlib.h>
#include <time.h>

#include "core/base/str.h"
#include "core/probe/probe.h"
#include "core/triage/place.h"

/* Live, the records of an event come when its system call returns. */
enum { LIVE_WAIT_MS = 200, HELD_MAX = 32 << 20 };

/* A record of the kernel log, until it is known whether auditd's log has it, too. */
struct held {
	uint64_t ms, serial;
	size_t at, len; /* in the text */
};

struct trail {
	const struct root *root;
	join_fn fn;
	void *user;
	struct place *place; /* NULL: what is told is not of this machine */
	struct join *join;
	struct source *history, *live;
	struct strbuf text;
	struct held *held;
	size_t n_held, held_cap, next; /* .next: the first that was not given */
	uint64_t past_ms, past_serial; /* history ended there; live may have it again */
	bool overlap;
	struct trail_state state;
	uint64_t lost; /* of sources that are gone */
};

struct trail *trail_free(struct trail *t)
{
	if (!t)
		return NULL;
	join_free(t->join);
	place_free(t->place);
	source_free(t->history);
	source_free(t->live);
	strbuf_done(&t->text);
	free(t->held);
	free(t);
	return NULL;
}

/* The time and number of a record, where the line is one. */
static bool key_of(struct span line, uint64_t *ret_ms, uint64_t *ret_serial)
{
	struct auditrec r;

	if (auditrec_head(line, &r, NULL) <= 0 || !r.has_time || !r.has_serial)
		return false;
	*ret_ms = r.sec * 1000 + r.msec;
	*ret_serial = r.serial;
	return true;
}

static int hold(void *user, struct span line)
{
	struct trail *t = user;
	struct held h = {.at = t->text.len, .len = line.len}, *grown;

	if (!key_of(line, &h.ms, &h.serial) || t->text.len > HELD_MAX)
		return 0;
	if (t->n_held == t->held_cap) {
		t->held_cap = t->held_cap ? 2 * t->held_cap : 256;
		grown = reallocarray(t->held, t->held_cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->held = grown;
	}
	t->held[t->n_held++] = h;
	strbuf_add(&t->text, line.ptr, line.len);
	return t->text.failed ? -ENOMEM : 0;
}

static int by_key(const void *x, const void *y)
{
	const struct held *a = x, *b = y;

	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	if (a->serial != b->serial)
		return a->serial < b->serial ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Reads the kernel log now: it is small, and its end must not be later than the log's. */
static int hold_kernel(struct trail *t, struct diag *reterr)
{
	_cleanup_(source_freep) struct source *s = NULL;
	int r = source_open_dmesg(t->root, &s, &t->state.no_kernel);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	do
		r = source_read(s, hold, t, reterr);
	while (r > 0);
	t->lost += source_lost(s);
	if (t->n_held)
		qsort(t->held, t->n_held, sizeof(*t->held), by_key);
	return r;
}

static int give_held(struct trail *t)
{
	const struct held *h = &t->held[t->next++];
	struct span line = {(const uint8_t *)strbuf_str(&t->text) + h->at, h->len};

	return join_line(t->join, line, DENIAL_FROM_KERNEL);
}

/* A line of auditd's log: what the kernel log has of the time before it comes first, what
 * it has of the same event not at all. */
static int take_history(void *user, struct span line)
{
	struct trail *t = user;
	struct held key = {.at = SIZE_MAX};
	int r = 0;

	if (t->next < t->n_held && key_of(line, &key.ms, &key.serial)) {
		while (r >= 0 && t->next < t->n_held &&
		       by_key(&t->held[t->next], &key) < 0) {
			if (t->held[t->next].ms == key.ms &&
			    t->held[t->next].serial == key.serial)
				t->next++;
			else
				r = give_held(t);
		}
	}
	return r < 0 ? r : join_line(t->join, line, source_kind(t->history));
}

static int end_history(struct trail *t)
{
	const struct join_counts *n = join_counts(t->join);
	int r = 0;

	while (r >= 0 && t->next < t->n_held)
		r = give_held(t);
	if (r >= 0)
		r = join_expire(t->join, 0);
	t->past_ms = n->last_ms;
	t->past_serial = n->last_serial;
	t->overlap = n->denials > 0;
	if (t->history)
		t->lost += source_lost(t->history);
	t->history = source_free(t->history);
	return r < 0 ? r : 0;
}

int trail_read(struct trail *t, struct diag *reterr)
{
	int r = t->history ? source_read(t->history, take_history, t, reterr) : 0;

	return r ? r : end_history(t);
}

/* What was given as history is not given again. */
static int take_live(void *user, struct span line)
{
	struct trail *t = user;
	uint64_t ms, serial;

	if (t->overlap && key_of(line, &ms, &serial)) {
		if (ms <= t->past_ms && serial <= t->past_serial)
			return 0;
		t->overlap = ms <= t->past_ms;
	}
	join_set_alone(t->join, source_alone(t->live));
	return join_line(t->join, line, source_kind(t->live));
}

int trail_fd(const struct trail *t)
{
	return t->live ? source_fd(t->live) : -1;
}

int trail_step(struct trail *t, struct diag *reterr)
{
	int more = source_read(t->live, take_live, t, reterr), r;

	if (more < 0)
		return more;
	r = join_expire(t->join, LIVE_WAIT_MS);
	return r < 0 ? r : more;
}

void trail_state(const struct trail *t, struct trail_state *ret)
{
	const struct join_counts *n = join_counts(t->join);

	*ret = t->state;
	ret->lost = t->lost;
	if (t->history)
		ret->lost += source_lost(t->history);
	if (t->live)
		ret->lost += source_lost(t->live);
	ret->records = n->records;
	ret->denials = n->denials;
	ret->damaged = n->damaged;
	ret->why_damaged = n->why;
}

/* A part of a name is made whole where that can be. */
static int give_denial(void *user, const struct denial *d)
{
	struct trail *t = user;
	struct denial whole = *d;
	struct span path = {0};

	if (t->place && d->name == DENIAL_NAME_PART)
		path = place_find(t->place, d);
	if (!path.len)
		return t->fn(t->user, d);
	whole.path = path;
	whole.name = DENIAL_NAME_FOUND;
	return t->fn(t->user, &whole);
}

static enum denial_mode mode_from(const char *word)
{
	static const struct {
		const char *word;
		enum denial_mode mode;
	} modes[] = {{"enforce", DENIAL_MODE_ENFORCE},
		     {"log", DENIAL_MODE_LOG},
		     {"fix", DENIAL_MODE_FIX},
		     {"off", DENIAL_MODE_OFF}};

	for (size_t i = 0; i < array_size(modes); i++)
		if (span_is(span_of(word), modes[i].word))
			return modes[i].mode;
	return DENIAL_MODE_UNKNOWN;
}

/* When this boot began; of a recorded host the first record that its kernel log has. */
static uint64_t boot_ms(const struct trail *t)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bytes in;
	struct span word;
	uint64_t up;

	if (root_is_recorded(t->root))
		return t->n_held ? t->held[0].ms : UINT64_MAX;
	if (root_read(t->root, ROOT_UPTIME, &text, NULL) < 0)
		return UINT64_MAX;
	in = bytes_of(strbuf_str(&text), text.len);
	if (!bytes_word(&in, ". \n", &word) || str_to_u64(word, &up) < 0)
		return UINT64_MAX;
	return ((uint64_t)time(NULL) - up - 1) * 1000;
}

static int learn_mode(struct trail *t, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	int r = probe_run(t->root, (struct span){0}, &p, reterr);

	if (r < 0)
		return r;
	if (p->fact[PROBE_APPRAISE_MODE].answer == PROBE_YES)
		t->state.mode = mode_from(p->fact[PROBE_APPRAISE_MODE].value);
	join_set_mode(t->join, t->state.mode, boot_ms(t));
	return 0;
}

/* The best that there is: the kernel itself, then who writes down what it says. */
static int open_live(struct trail *t, bool kernel_only, struct diag *reterr)
{
	int r = kernel_only ? -EPERM : source_open_audit(&t->live, &t->state.no_audit);

	if (r == -EPROTONOSUPPORT || r == -ENOMEM) {
		*reterr = t->state.no_audit;
		return r;
	}
	if (r < 0 && !kernel_only)
		r = source_open_log(t->root, true, true, &t->live, &t->state.no_log);
	if (r < 0)
		r = source_open_kernel(t->root, &t->live, &t->state.no_kernel);
	if (r < 0) {
		*reterr = kernel_only ? t->state.no_kernel : t->state.no_audit;
		return r;
	}
	t->state.live = true;
	t->state.source = source_kind(t->live);
	return 0;
}

/* The kernel's places are this machine's, also with another root. */
static bool has_kernel(const struct root *root)
{
	return root_is_recorded(root) || root_owns_place(root, ROOT_PROC);
}

static int open_history(struct trail *t, const struct trail_options *how,
			struct diag *reterr)
{
	int r = has_kernel(t->root) ? hold_kernel(t, reterr) : 0;

	if (r < 0 || how->kernel)
		return r;
	r = source_open_log(t->root, false, false, &t->history, &t->state.no_log);
	return r == -ENOMEM ? r : 0;
}

/* Nothing to read: says why, permission first. */
static int nothing(const struct trail *t, struct diag *reterr)
{
	const struct diag *log = &t->state.no_log, *kernel = &t->state.no_kernel;

	if (log->err == EACCES || log->err == EPERM || (log->id && log->err != ENOENT)) {
		*reterr = *log;
		return -log->err;
	}
	if (kernel->err == EPERM || kernel->err == EACCES) {
		*reterr = *kernel;
		return -kernel->err;
	}
	return diag_set(reterr, DIAG_NO_RECORDS, ENOENT,
			"There is no audit log, and no kernel log to be read.");
}

static int open_machine(struct trail *t, const struct trail_options *how,
			struct diag *reterr)
{
	bool kernel_there;
	int r = how->live ? open_live(t, how->kernel, reterr) : 0;

	if (r >= 0 && !how->no_history)
		r = open_history(t, how, reterr);
	if (r < 0)
		return r;
	kernel_there = has_kernel(t->root) && !t->state.no_kernel.id;
	if (!t->live && !t->history && !kernel_there)
		return nothing(t, reterr);
	if (!root_is_recorded(t->root) && has_kernel(t->root))
		t->place = place_new(t->root);
	return learn_mode(t, reterr);
}

int trail_open(const struct root *root, const struct trail_options *how, join_fn fn,
	       void *user, struct trail **ret, struct diag *reterr)
{
	_cleanup_(trail_freep) struct trail *t = calloc(1, sizeof(*t));
	struct diag d = {0};
	int r = -ENOMEM;

	if (t) {
		t->root = root;
		t->fn = fn;
		t->user = user;
		r = join_new(give_denial, t, &t->join, &d);
	} else {
		(void)diag_set(&d, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	}
	if (r >= 0)
		r = how->fd >= 0 ? source_open_file(how->fd, &t->history, &d)
				 : open_machine(t, how, &d);
	if (r >= 0)
		*ret = take_ptr(t);
	else if (reterr)
		*reterr = d;
	return r;
}
