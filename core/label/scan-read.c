/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labelled files are read, hashed, verified and decided about, several at a time. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/label/scan-internal.h"

enum {
	BATCH = 64,		/* files handed to a worker at once */
	BATCH_BYTES = 16 << 20, /* or so much to read */
	TICK_MS = 100,
};

struct answer {
	enum scan_kind kind;
	struct scan_found found;
};

/* A worker's own; what it borrows is only read. */
struct reader {
	struct pool_job job; /* first: the pool hands it back */
	struct scan_work *work;
	struct inspect inspect;
	size_t from, n;
	uint64_t bytes;
	struct answer answer[BATCH];
	bool busy;
};

enum scan_kind scan_kind_of(const struct inspect_result *r)
{
	if (!r->verdict.fails)
		return r->unsure   ? SCAN_UNCHECKED
		       : r->ima.is ? SCAN_RIGHT_SIG
				   : SCAN_RIGHT_HASH;
	switch (r->verdict.why) {
	case APPRAISE_MISSING_HASH:
		return SCAN_NO_LABEL;
	case APPRAISE_NO_XATTRS:
		return SCAN_NO_XATTRS;
	case APPRAISE_INVALID_HASH:
		return SCAN_HASH_DIFFERS;
	case APPRAISE_INVALID_SIG:
	case APPRAISE_INVALID_VERITY_SIG:
		return r->ima.verdict == SIG_NO_KEY    ? SCAN_NO_KEY
		       : r->ima.verdict == SIG_DAMAGED ? SCAN_DAMAGED
						       : SCAN_SIG_DIFFERS;
	case APPRAISE_SIG_VERSION:
	case APPRAISE_UNKNOWN_DATA:
		return SCAN_DAMAGED;
	case APPRAISE_MISSING_HMAC:
	case APPRAISE_INVALID_HMAC:
	case APPRAISE_FAIL_IMMUTABLE:
		return SCAN_EVM;
	default:
		return SCAN_OTHER;
	}
}

/* What nothing but a security module denies to root, appraisal among them: EACCES is what
 * ima_main.c process_measurement() gives. */
enum scan_kind scan_kind_of_error(int err, bool root)
{
	return err == EACCES && root ? SCAN_DENIED : SCAN_UNREADABLE;
}

static void look(struct reader *r, const char *path, struct answer *a)
{
	struct inspect_result result;
	struct diag d = {0};
	_cleanup_close_ int fd = label_open(r->work->root->dir[ROOT_TARGET], path, &d);

	if (fd < 0 || inspect_file(&r->inspect, fd, path, &result, &d) < 0) {
		a->found.err = (uint16_t)(d.err ? d.err : EIO);
		a->kind = scan_kind_of_error(a->found.err, geteuid() == 0);
		return;
	}
	a->kind = scan_kind_of(&result);
	if (result.verdict.fails)
		a->found.cause = (uint8_t)result.verdict.why;
}

static void run(struct pool_job *job)
{
	struct reader *r = (struct reader *)job;
	const char *names = strbuf_str(&r->work->result.names);

	for (size_t i = 0; i < r->n; i++) {
		const struct scan_candidate *c = &r->work->at[r->from + i];

		if (atomic_load(&job->cancelled)) {
			r->n = i;
			break;
		}
		r->answer[i] = (struct answer){.found.name = c->name};
		look(r, names + c->name, &r->answer[i]);
		r->bytes += c->size;
	}
}

static void done(struct pool_job *job)
{
	struct reader *r = (struct reader *)job;
	struct scan_work *w = r->work;

	r->busy = false;
	w->progress.read += r->n;
	w->progress.bytes += r->bytes;
	for (size_t i = 0; i < r->n && !w->err; i++)
		w->err = scan_add(w, r->answer[i].kind, &r->answer[i].found);
}

/* The next files. False: there are none. */
static bool give(struct scan_work *w, struct reader *r, size_t *next)
{
	uint64_t bytes = 0;

	r->from = *next;
	r->n = 0;
	r->bytes = 0;
	while (*next < w->n && r->n < BATCH && bytes < BATCH_BYTES) {
		bytes += w->at[(*next)++].size;
		r->n++;
	}
	if (!r->n)
		return false;
	r->busy = true;
	pool_submit(w->pool, &r->job);
	return true;
}

static void drain(struct scan_work *w, struct reader *readers, size_t n)
{
	struct pollfd p = {.fd = pool_fd(w->pool), .events = POLLIN};
	size_t next = 0, busy;
	bool end = false;

	do {
		busy = 0;
		end = end || w->err || scan_stopped(w);
		for (size_t i = 0; i < n; i++) {
			struct reader *r = &readers[i];

			if (r->busy && end)
				pool_cancel(&r->job);
			busy += r->busy || (!end && give(w, r, &next));
		}
		if (busy)
			(void)poll(&p, 1, TICK_MS); /* looked at again */
		(void)pool_dispatch(w->pool);
	} while (busy);
}

int scan_read(struct scan_work *w, struct diag *reterr)
{
	size_t n = pool_threads(w->pool) * 2;
	struct reader *readers = calloc(n, sizeof(*readers));

	w->progress.to_read = w->n;
	for (size_t i = 0; readers && i < n; i++) {
		readers[i].job.run = run;
		readers[i].job.done = done;
		readers[i].work = w;
		readers[i].inspect = w->inspect;
	}
	if (readers && w->n)
		drain(w, readers, n);
	for (size_t i = 0; readers && i < n; i++)
		inspect_done(&readers[i].inspect);
	free(readers);
	return !readers || w->err
		       ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
		       : 0;
}
