/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/host/loop.h"
#include "core/list/mfile.h"
#include "tui/cli/follow.h"

enum { BATCH = 512, SLICE_US = 20000, FILE_POLL_MS = 250 };

static int open_file(struct stream *s, const char *path, struct diag *reterr)
{
	s->fd = mfile_open(path, false, reterr);
	return s->fd < 0 ? s->fd
			 : mstore_open(s->fd, mfile_column(path), &s->store, reterr);
}

static int open_recorded(struct stream *s, struct diag *reterr)
{
	s->fd = mfile_open_recorded(&s->cli->root, reterr);
	return s->fd < 0 ? s->fd : mstore_open(s->fd, 0, &s->store, reterr);
}

static int open_live(struct stream *s, unsigned flags, struct diag *reterr)
{
	int r = live_open(&s->cli->root, flags, NULL, &s->live, reterr);

	if (r < 0)
		return r;
	s->store = live_store(s->live);
	s->ctx.seen_ms = live_seen_ms;
	s->ctx.seen_from = s->live;
	return 0;
}

int stream_open(struct stream *s, struct cli *cli, const char *file, unsigned flags,
		const char *filter, struct diag *reterr)
{
	int r;

	*s = (struct stream){.cli = cli, .fd = -1};
	r = filter_new(filter ? filter : "", &s->filter, reterr);
	if (r < 0)
		return r;
	if (file)
		return open_file(s, file, reterr);
	if (root_is_recorded(&cli->root))
		return open_recorded(s, reterr);
	return open_live(s, flags, reterr);
}

void stream_done(struct stream *s)
{
	if (s->live)
		live_free(s->live);
	else
		mstore_free(s->store);
	filter_free(s->filter);
	pkgdb_free(s->pkgs);
	cleanup_closep(&s->fd);
}

void stream_load_packages(struct stream *s)
{
	if (pkgdb_new(&s->pkgs, NULL) >= 0 &&
	    pkgdb_load(s->pkgs, &s->cli->root, NULL) >= 0)
		s->ctx.pkgs = s->pkgs;
}

/* Prints what is known and was not looked at yet. */
static int print_known(struct stream *s)
{
	mref found[BATCH];
	size_t n;
	mref before;

	if (mstore_first(s->store) == MSTORE_NONE)
		return 0;
	if (s->at == 0)
		s->at = mstore_first(s->store);
	do {
		before = s->at;
		s->ctx.now_ms = loop_now_ms();
		n = filter_scan(s->filter, &s->ctx, s->store, &s->at, SLICE_US, found,
				BATCH);
		for (size_t i = 0; i < n; i++) {
			int r = s->emit(s, found[i]);

			if (r < 0)
				return r;
		}
	} while (s->at != before);
	return 0;
}

/* Makes more of the list known. 1: there is more, 0: that is all for now. */
static int read_some(struct stream *s, struct diag *reterr)
{
	return s->live ? live_step(s->live, reterr)
		       : mstore_step(s->store, SLICE_US, reterr);
}

static int write_error(int r, struct diag *reterr)
{
	if (r == -EPIPE)
		return 0;
	return diag_set(reterr, DIAG_WRITE, -r, "Cannot write standard output: %s.",
			diag_errno(-r));
}

/* All of it, in order, printed while it is read. */
static int print_all(struct stream *s, struct diag *reterr)
{
	int more, r;

	do {
		more = read_some(s, reterr);
		if (more < 0)
			return more;
		r = print_known(s);
		if (r < 0)
			return r == -EPIPE ? r : write_error(r, reterr);
	} while (more > 0);
	return 0;
}

/* The tail of a live list is enough when its numbers are certain. */
static bool tail_suffices(const struct stream *s, uint64_t tail)
{
	uint64_t n;

	return s->live && filter_is_empty(s->filter) && mstore_tail(s->store) >= tail &&
	       mstore_number(s->store, mstore_last(s->store), &n);
}

static int print_back(struct stream *s, uint64_t tail)
{
	mref ref = mstore_last(s->store), first = ref;

	s->at = ref == MSTORE_NONE ? 0 : ref + 1;
	for (uint64_t i = 1; i < tail && ref != MSTORE_NONE; i++) {
		ref = mstore_prev(s->store, ref);
		first = ref == MSTORE_NONE ? first : ref;
	}
	for (ref = tail ? first : MSTORE_NONE; ref != MSTORE_NONE;
	     ref = mstore_next(s->store, ref)) {
		int r = s->emit(s, ref);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The last @tail that pass a filter: all are looked at, a ring remembers the last. */
static int print_filtered_tail(struct stream *s, uint64_t tail)
{
	_cleanup_free_ mref *ring = NULL;
	mref found[BATCH], before;
	uint64_t seen = 0, n;
	int r = 0;

	if (tail > mstore_head(s->store))
		tail = mstore_head(s->store);
	ring = calloc(tail + 1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	do {
		before = s->at;
		s->ctx.now_ms = loop_now_ms();
		n = filter_scan(s->filter, &s->ctx, s->store, &s->at, SLICE_US, found,
				BATCH);
		for (size_t i = 0; tail && i < n; i++)
			ring[seen++ % tail] = found[i];
	} while (s->at != before);
	for (uint64_t i = seen > tail ? seen - tail : 0; r >= 0 && i < seen; i++)
		r = s->emit(s, ring[i % tail]);
	return r;
}

static int print_tail(struct stream *s, uint64_t tail, struct diag *reterr)
{
	int more = 1, r;

	while (more > 0 && !tail_suffices(s, tail)) {
		more = read_some(s, reterr);
		if (more < 0)
			return more;
	}
	r = filter_is_empty(s->filter) ? print_back(s, tail)
				       : print_filtered_tail(s, tail);
	return r < 0 && r != -EPIPE ? write_error(r, reterr) : r;
}

int stream_print(struct stream *s, uint64_t tail, struct diag *reterr)
{
	return tail == UINT64_MAX ? print_all(s, reterr) : print_tail(s, tail, reterr);
}

struct following {
	struct follow follow;
	struct stream *stream;
	int timer;
	struct diag *reterr;
};

int stream_look(struct stream *s, struct diag *reterr)
{
	int more, r = 0;

	if (s->live)
		more = live_poll(s->live, reterr);
	else
		more = mstore_resume(s->store);
	while (more > 0 && r >= 0) {
		more = read_some(s, reterr);
		r = more < 0 ? more : print_known(s);
	}
	return more < 0 ? more : r;
}

static int on_poll(void *user)
{
	struct following *f = user;
	struct stream *s = f->stream;
	int r = stream_look(s, f->reterr);

	if (r >= 0)
		r = s->flush ? s->flush(s) : out_flush(s->cli->out);
	if (r < 0)
		return r;
	loop_set_timer(f->follow.loop, f->timer,
		       s->live ? live_poll_ms(s->live) : FILE_POLL_MS, 0);
	return 0;
}

static int begin(struct following *f)
{
	struct stream *s = f->stream;
	int r = s->began ? s->began(s, f->follow.loop) : 0;

	if (r >= 0)
		f->timer = loop_add_timer(f->follow.loop, 0, 0, on_poll, f);
	if (r >= 0 && f->timer < 0)
		r = diag_set(f->reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	return r < 0 ? r : follow_run(&f->follow);
}

int stream_follow(struct stream *s, struct diag *reterr)
{
	struct following f = {.stream = s, .reterr = reterr};
	int r;

	if (s->live)
		live_skip_middle(s->live);
	r = follow_open(&f.follow, s->cli->out, reterr);
	if (r == 0)
		r = begin(&f);
	follow_done(&f.follow);
	return r < 0 ? r : 0;
}

int stream_verdict(const struct stream *s)
{
	const struct diag *damage = mstore_damage(s->store);
	struct live_status status;

	if (damage->id != DIAG_NONE) {
		(void)out_flush(s->cli->out);
		return cmd_fail(damage);
	}
	if (s->live) {
		live_status(s->live, &status);
		if (status.trimmed)
			cmd_note("the kernel's list was trimmed: %llu entries come from "
				 "imactl's own copy",
				 (unsigned long long)status.trimmed);
		if (status.lost)
			cmd_note("entries were trimmed before they could be read");
	}
	return CMD_OK;
}
