/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREADS_MAX = 8 };

struct queue {
	struct pool_job *first;
	struct pool_job **end;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;	 /* something waits, or stop */
	pthread_cond_t finished; /* something was put into done */
	struct queue waiting;
	struct queue done;
	unsigned pending; /* submitted, not dispatched */
	bool stop;
	int event_fd;
	unsigned n_threads;
	unsigned n_started; /* workers that took their index */
	pthread_t thread[THREADS_MAX];
	struct pool_job *running[THREADS_MAX];
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_put(struct queue *q, struct pool_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct pool_job *queue_take(struct queue *q)
{
	struct pool_job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->end = &q->first;
	}
	return job;
}

static void signal_done(struct pool *p)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the descriptor is readable. */
	(void)!write(p->event_fd, &one, sizeof(one));
}

static void *work(void *arg)
{
	struct pool *p = arg;
	unsigned self;

	pthread_mutex_lock(&p->lock);
	self = p->n_started++;
	for (;;) {
		struct pool_job *job;

		while (!p->stop && !p->waiting.first)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->stop)
			break;
		job = queue_take(&p->waiting);
		p->running[self] = job;
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		pthread_mutex_lock(&p->lock);
		p->running[self] = NULL;
		queue_put(&p->done, job);
		pthread_cond_signal(&p->finished);
		signal_done(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* Signals belong to the owner's thread: workers start with all of them blocked. */
static int start_threads(struct pool *p, unsigned n)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (r == 0 && p->n_threads < n) {
		r = pthread_create(&p->thread[p->n_threads], NULL, work, p);
		if (r == 0)
			p->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

unsigned pool_wanted(unsigned threads)
{
	return !threads ? processors() : threads > THREADS_MAX ? THREADS_MAX : threads;
}

int pool_grow(struct pool *p, unsigned threads)
{
	return start_threads(p, pool_wanted(threads));
}

int pool_new(unsigned threads, struct pool **ret, struct diag *reterr)
{
	struct pool *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->finished, NULL);
	queue_init(&p->waiting);
	queue_init(&p->done);
	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = p->event_fd < 0 ? -errno : 0;
	if (r == 0)
		r = start_threads(p, pool_wanted(threads));
	if (p->n_threads)
		r = 0;
	if (r < 0) {
		pool_free(p);
		return diag_set(reterr, DIAG_MEMORY, -r,
				"Cannot start worker threads: %s.", diag_errno(-r));
	}
	*ret = p;
	return 0;
}

struct pool *pool_free(struct pool *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (p->running[i])
			pool_cancel(p->running[i]);
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->thread[i], NULL);
	if (p->event_fd >= 0)
		(void)close(p->event_fd);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->finished);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

void pool_submit(struct pool *p, struct pool_job *job)
{
	atomic_store(&job->cancelled, false);
	pthread_mutex_lock(&p->lock);
	queue_put(&p->waiting, job);
	p->pending++;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void pool_cancel(struct pool_job *job)
{
	atomic_store(&job->cancelled, true);
}

int pool_fd(const struct pool *p)
{
	return p->event_fd;
}

unsigned pool_threads(const struct pool *p)
{
	return p->n_threads;
}

unsigned pool_dispatch(struct pool *p)
{
	uint64_t count;
	unsigned n = 0;
	struct pool_job *job;

	(void)!read(p->event_fd, &count, sizeof(count)); /* only resets it */
	for (;;) {
		pthread_mutex_lock(&p->lock);
		job = queue_take(&p->done);
		if (job)
			p->pending--;
		pthread_mutex_unlock(&p->lock);
		if (!job)
			return n;
		n++;
		job->done(job);
	}
}

void pool_drain(struct pool *p)
{
	for (;;) {
		bool idle;

		(void)pool_dispatch(p);
		pthread_mutex_lock(&p->lock);
		while (p->pending && !p->done.first)
			pthread_cond_wait(&p->finished, &p->lock);
		idle = !p->pending;
		pthread_mutex_unlock(&p->lock);
		if (idle)
			return;
	}
}
