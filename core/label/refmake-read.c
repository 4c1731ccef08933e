/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading, hashing and signing: what a worker does. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/label/refmake-internal.h"

enum {
	CHUNK = 128 << 10, /* more gains nothing: the digest is what takes the time */
};

struct refmake_group *refmake_group_free(struct refmake_group *g)
{
	if (!g)
		return NULL;
	for (size_t i = 0; i < REFMAKE_GROUP; i++)
		strbuf_done(&g->items[i].value);
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		hash_free(g->hash[i]);
	sig_ctx_free(g->sig);
	free(g->chunk);
	free(g);
	return NULL;
}

void refmake_group_clear(struct refmake_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(take_ptr(g->items[i].path));
	g->n = g->taken = 0;
	g->size = 0;
	g->submitted = g->done = false;
}

int refmake_group_add(struct refmake_group *g, const struct refmake_ask *ask)
{
	size_t len = strlen(ask->path) + 1;
	struct refmake_item *item = &g->items[g->n];
	struct strbuf value = item->value; /* its memory is used again */
	char *copy = malloc(len + ask->value.len);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, ask->path, len);
	if (ask->value.len)
		memcpy(copy + len, ask->value.ptr, ask->value.len);
	strbuf_clear(&value);
	*item = (struct refmake_item){
		.what = ask->what,
		.alg = ask->alg,
		.path = copy,
		.ask = {(const uint8_t *)copy + len, ask->value.len},
		.value = value,
	};
	g->n++;
	g->size += ask->size;
	return 0;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap(uint64_t ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL); /* signals are the owner's */
}

/* Waits until @n more bytes may be read. */
static void throttle(struct refmake_group *g, size_t n)
{
	struct refmake_shared *s = g->shared;
	uint64_t now, due, cost;

	if (!s->throttle)
		return;
	now = now_ns(CLOCK_MONOTONIC);
	due = atomic_load(&s->due);
	if (due + 100000000u <
	    now) /* what was not used is lost but for a tenth of a second */
		(void)atomic_compare_exchange_strong(&s->due, &due, now);
	cost = (uint64_t)((double)n * 1e9 / (double)s->throttle);
	due = atomic_fetch_add(&s->due, cost) + cost;
	while (now < due && !atomic_load(&g->job.cancelled)) {
		uint64_t ms = (due - now) / 1000000u + 1;

		nap(ms < 100 ? ms : 100);
		now = now_ns(CLOCK_MONOTONIC);
	}
}

static int open_file(struct refmake_group *g, const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
	char leaf[FSPATH_LEAF_MAX];
	int at = fspath_keep_parent(&g->folder, g->shared->root->dir[ROOT_TARGET], path,
				    leaf);
	int fd = at < 0 ? at : openat(at, leaf, flags | O_NOATIME);

	if (at >= 0 && fd < 0 && errno == EPERM)
		fd = openat(at, leaf, flags); /* not its owner */
	return at < 0 ? at : fd < 0 ? -errno : fd;
}

/* A lease for reading is to be had only while nobody has the file open for writing
 * (linux 6.12 fs/locks.c check_conflicting_open()). It is given back at once: nobody is
 * held up. */
static bool is_being_written(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK); /* closing gives it back as well */
	return false;
}

static struct hash_ctx *hasher(struct refmake_group *g, struct refmake_item *item,
			       enum hash_alg alg)
{
	if (!g->hash[alg])
		g->hash[alg] = hash_new(alg, &item->why);
	if (!g->hash[alg])
		item->err = item->why.err;
	return g->hash[alg];
}

/* How the contents of one file are read. */
struct reading {
	struct refmake_group *g;
	struct hash_ctx *h;
};

/* As many bytes as the file has; when it gets longer meanwhile, that shows afterwards. */
static int read_contents(void *user, int fd, uint64_t size)
{
	const struct reading *how = user;
	struct refmake_group *g = how->g;
	off_t at = 0;
	ssize_t n;

	hash_start(how->h);
	while ((uint64_t)at < size) {
		n = pread(fd, g->chunk, CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		hash_add(how->h, g->chunk, (size_t)n);
		at += n;
		atomic_fetch_add(&g->shared->bytes, (uint64_t)n);
		throttle(g, (size_t)n);
		if (atomic_load(&g->job.cancelled))
			return -ECANCELED;
	}
	return 0;
}

/* Which file system it is on; mostly the one of the file before. */
static void note_fs(struct refmake_group *g, struct refmake_item *item, int fd,
		    uint64_t dev)
{
	struct statfs s;

	if ((!g->dev || g->dev != dev) && fstatfs(fd, &s) == 0) {
		memcpy(&g->fsid, &s.f_fsid, sizeof(g->fsid));
		g->dev = dev;
	}
	item->fsid = g->fsid;
}

static int digest_of(struct refmake_group *g, struct refmake_item *item, int fd,
		     struct hash_ctx *h, struct digest *ret)
{
	struct reading how = {g, h};
	uint64_t dev;
	int r = stamp_still(fd, read_contents, &how, &item->stamp, &dev);

	if (r < 0)
		return r;
	hash_finish(h, ret->value);
	note_fs(g, item, fd, dev);
	return 0;
}

/* Does the value fit? A signature of our own key does not need that key's certificate. */
static enum refmake_fit fit(struct refmake_group *g, const struct imaxattr *x,
			    const struct digest *d)
{
	const struct sig_key *key = g->shared->key;
	struct sig_key *keys[] = {(struct sig_key *)(uintptr_t)key};
	enum sig_verdict v;

	if (!imaxattr_is_sig(x))
		return span_equal(x->digest, digest_span(d)) ? REFMAKE_FITS
							     : REFMAKE_DIFFERS;
	v = key ? sig_check_any(g->sig, keys, 1, x, d, NULL) : SIG_NO_KEY;
	if (v == SIG_NO_KEY && g->shared->keys)
		v = keyset_check(g->shared->keys, g->sig, x, d, NULL);
	return v == SIG_GOOD  ? REFMAKE_FITS
	       : v == SIG_BAD ? REFMAKE_DIFFERS
			      : REFMAKE_UNKNOWN_KEY;
}

static void use_digest(struct refmake_group *g, struct refmake_item *item,
		       const struct imaxattr *x, const struct digest *d)
{
	int r = 0;

	if (item->what == REFMAKE_CHECK)
		item->fit = fit(g, x, d);
	else if (item->what == REFMAKE_HASH)
		r = imaxattr_put_digest(&item->value, d->alg, digest_span(d));
	else
		r = sig_make(g->sig, g->shared->key, IMAXATTR_SIG, 2, d, &item->value,
			     &item->why);
	if (r == 0 && item->value.failed)
		r = -ENOMEM;
	item->err = -r;
}

static void open_only(struct refmake_group *g, struct refmake_item *item)
{
	_cleanup_close_ int fd = open_file(g, item->path);

	item->err = fd < 0 ? -fd : 0;
}

static void make(struct refmake_group *g, struct refmake_item *item)
{
	struct imaxattr x = {.hash = item->alg};
	struct digest *d = &item->digest;
	struct hash_ctx *h;
	int r;

	if (item->what == REFMAKE_CHECK)
		imaxattr_decode(IMAXATTR_IMA, item->ask, &x);
	if (x.hash < 0) { /* a value that fits nothing */
		item->fit = REFMAKE_DIFFERS;
		return;
	}
	h = hasher(g, item, x.hash);
	if (!h)
		return;
	_cleanup_close_ int fd = open_file(g, item->path);

	d->alg = x.hash;
	d->size = (uint8_t)hash_alg_size(x.hash);
	r = fd < 0 ? fd : digest_of(g, item, fd, h, d);
	if (r < 0) {
		item->err = -r;
		return;
	}
	if (item->what != REFMAKE_CHECK) /* a label that is there is right or wrong now */
		item->being_written = is_being_written(fd);
	use_digest(g, item, &x, d);
}

static void run(struct pool_job *job)
{
	struct refmake_group *g = (struct refmake_group *)job;

	for (size_t i = 0; i < g->n; i++) {
		if (atomic_load(&job->cancelled))
			g->items[i].err = ECANCELED;
		else if (g->items[i].what == REFMAKE_OPEN)
			open_only(g, &g->items[i]);
		else
			make(g, &g->items[i]);
	}
	fspath_folder_done(&g->folder); /* the next time its name may mean another one */
}

struct refmake_group *refmake_group_new(struct refmake_shared *shared,
					void (*done)(struct pool_job *))
{
	struct refmake_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->job.run = run;
	g->job.done = done;
	g->shared = shared;
	g->chunk = malloc(CHUNK);
	g->sig = sig_ctx_new();
	return g->chunk && g->sig ? g : refmake_group_free(g);
}
