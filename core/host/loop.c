/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

enum kind {
	FREE, /* the slot may be taken */
	DEAD, /* deleted in this round; the slot waits for its end */
	FD,
	TIMER,
	SIGNAL,
	IDLE,
};

struct source {
	enum kind kind;
	void *user;
	union {
		loop_fd_fn fd_fn;
		loop_timer_fn timer_fn;
		loop_signal_fn signal_fn;
		loop_idle_fn idle_fn;
	};
	int fd; /* FD; SIGNAL: the number */
	short events;
	bool fresh; /* added in this round: not polled yet */
	bool awake; /* IDLE */
	uint64_t due;
	uint64_t period;
};

struct loop {
	struct source *source;
	size_t n;
	struct pollfd *polled; /* [0] is the signalfd */
	size_t *polled_source;
	size_t n_polled;
	int signal_fd;
	sigset_t taken;	  /* signals of our sources */
	sigset_t blocked; /* those of them that we blocked */
	size_t turn;	  /* of the idle sources */
	bool quit;
	int value;
};

uint64_t loop_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t loop_now_ms(void)
{
	return loop_now_us() / 1000;
}

int loop_new(struct loop **ret, struct diag *reterr)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	l->signal_fd = -1;
	sigemptyset(&l->taken);
	sigemptyset(&l->blocked);
	*ret = l;
	return 0;
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	if (l->signal_fd >= 0) {
		(void)close(l->signal_fd);
		(void)pthread_sigmask(SIG_UNBLOCK, &l->blocked, NULL);
	}
	free(l->source);
	free(l->polled);
	free(l->polled_source);
	free(l);
	return NULL;
}

/* A slot for a new source, its index; the poll arrays grow with the slots. */
static int take_slot(struct loop *l, enum kind kind, void *user)
{
	size_t i = 0;

	while (i < l->n && l->source[i].kind != FREE)
		i++;
	if (i == l->n) {
		size_t n = l->n ? l->n * 2 : 8;
		struct source *s = reallocarray(l->source, n, sizeof(*s));
		struct pollfd *p;
		size_t *m;

		if (s)
			l->source = s;
		p = reallocarray(l->polled, n + 1, sizeof(*p));
		if (p)
			l->polled = p;
		m = reallocarray(l->polled_source, n + 1, sizeof(*m));
		if (m)
			l->polled_source = m;
		if (!s || !p || !m)
			return -ENOMEM;
		memset(s + l->n, 0, (n - l->n) * sizeof(*s));
		l->n = n;
	}
	l->source[i] = (struct source){.kind = kind, .user = user, .fresh = true};
	return (int)i;
}

int loop_add_fd(struct loop *l, int fd, short events, loop_fd_fn fn, void *user)
{
	int id = take_slot(l, FD, user);

	if (id < 0)
		return id;
	l->source[id].fd = fd;
	l->source[id].events = events;
	l->source[id].fd_fn = fn;
	return id;
}

int loop_add_timer(struct loop *l, uint64_t delay_ms, uint64_t period_ms,
		   loop_timer_fn fn, void *user)
{
	int id = take_slot(l, TIMER, user);

	if (id < 0)
		return id;
	l->source[id].timer_fn = fn;
	loop_set_timer(l, id, delay_ms, period_ms);
	return id;
}

int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *user)
{
	sigset_t one, old;
	int id = take_slot(l, SIGNAL, user);
	int fd;

	if (id < 0)
		return id;
	l->source[id].fd = signo;
	l->source[id].signal_fn = fn;
	sigemptyset(&one);
	sigaddset(&one, signo);
	if (pthread_sigmask(SIG_BLOCK, &one, &old) == 0 && !sigismember(&old, signo))
		sigaddset(&l->blocked, signo);
	sigaddset(&l->taken, signo);
	fd = signalfd(l->signal_fd, &l->taken, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0) {
		l->source[id].kind = FREE;
		return -errno;
	}
	l->signal_fd = fd;
	return id;
}

int loop_add_idle(struct loop *l, loop_idle_fn fn, void *user)
{
	int id = take_slot(l, IDLE, user);

	if (id < 0)
		return id;
	l->source[id].idle_fn = fn;
	l->source[id].awake = true;
	return id;
}

static struct source *find(struct loop *l, int id, enum kind kind)
{
	if (id < 0 || (size_t)id >= l->n || l->source[id].kind != kind)
		return NULL;
	return &l->source[id];
}

void loop_set_events(struct loop *l, int id, short events)
{
	struct source *s = find(l, id, FD);

	if (s)
		s->events = events;
}

void loop_set_timer(struct loop *l, int id, uint64_t delay_ms, uint64_t period_ms)
{
	struct source *s = find(l, id, TIMER);

	if (!s)
		return;
	s->due = loop_now_ms() + delay_ms;
	s->period = period_ms;
}

void loop_wake(struct loop *l, int id)
{
	struct source *s = find(l, id, IDLE);

	if (s)
		s->awake = true;
}

void loop_del(struct loop *l, int id)
{
	if (id >= 0 && (size_t)id < l->n && l->source[id].kind != FREE)
		l->source[id].kind = DEAD;
}

void loop_quit(struct loop *l, int value)
{
	l->quit = true;
	l->value = value;
}

static bool any_idle(const struct loop *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->source[i].kind == IDLE && l->source[i].awake)
			return true;
	return false;
}

static int poll_timeout(const struct loop *l, int timeout_ms)
{
	uint64_t now = loop_now_ms(), first = UINT64_MAX;

	if (any_idle(l))
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->source[i].kind == TIMER && l->source[i].due < first)
			first = l->source[i].due;
	if (first <= now)
		return 0;
	if (first != UINT64_MAX && (timeout_ms < 0 || first - now < (uint64_t)timeout_ms))
		return first - now > 1000000 ? 1000000 : (int)(first - now);
	return timeout_ms;
}

static void collect(struct loop *l)
{
	size_t n = 1;

	l->polled[0] = (struct pollfd){.fd = l->signal_fd, .events = POLLIN};
	for (size_t i = 0; i < l->n; i++) {
		struct source *s = &l->source[i];

		if (s->kind == DEAD)
			s->kind = FREE;
		s->fresh = false;
		if (s->kind != FD)
			continue;
		l->polled[n] = (struct pollfd){.fd = s->fd, .events = s->events};
		l->polled_source[n++] = i;
	}
	l->n_polled = n;
}

static int dispatch_signals(struct loop *l)
{
	struct signalfd_siginfo info;
	int r = 0;

	while (r >= 0 && read(l->signal_fd, &info, sizeof(info)) == sizeof(info))
		for (size_t i = 0; r >= 0 && i < l->n; i++) {
			struct source *s = &l->source[i];

			if (s->kind == SIGNAL && s->fd == (int)info.ssi_signo)
				r = s->signal_fn(s->user, s->fd);
		}
	return r < 0 ? r : 0;
}

static int dispatch_fds(struct loop *l)
{
	for (size_t i = 1; i < l->n_polled; i++) {
		struct source *s = &l->source[l->polled_source[i]];
		short revents = l->polled[i].revents;
		int r;

		if (!revents || s->kind != FD || s->fresh)
			continue;
		r = s->fd_fn(s->user, s->fd, revents);
		if (r < 0)
			return r;
	}
	return 0;
}

static int dispatch_timers(struct loop *l)
{
	uint64_t now = loop_now_ms();

	for (size_t i = 0; i < l->n; i++) {
		struct source *s = &l->source[i];
		int r;

		if (s->kind != TIMER || s->fresh || s->due > now)
			continue;
		s->due = s->period ? now + s->period : UINT64_MAX;
		r = s->timer_fn(s->user);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One slice of one idle source; the next round takes the next one. */
static int dispatch_idle(struct loop *l)
{
	for (size_t k = 0; k < l->n; k++) {
		size_t i = (l->turn + k) % l->n;
		struct source *s = &l->source[i];
		int r;

		if (s->kind != IDLE || s->fresh || !s->awake)
			continue;
		l->turn = i + 1;
		s->awake = false;
		r = s->idle_fn(s->user);
		if (r < 0)
			return r;
		s = &l->source[i]; /* the handler may have added sources */
		if (r > 0 && s->kind == IDLE)
			s->awake = true;
		return 0;
	}
	return 0;
}

int loop_once(struct loop *l, int timeout_ms)
{
	int r;

	if (l->n == 0)
		return -ENODATA;
	collect(l);
	r = poll(l->polled, l->n_polled, poll_timeout(l, timeout_ms));
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r > 0) {
		r = l->polled[0].revents ? dispatch_signals(l) : 0;
		if (r >= 0)
			r = dispatch_fds(l);
	}
	if (r >= 0)
		r = dispatch_timers(l);
	if (r >= 0)
		r = dispatch_idle(l);
	return r < 0 ? r : 0;
}

int loop_run(struct loop *l)
{
	l->quit = false;
	while (!l->quit) {
		int r = loop_once(l, -1);

		if (r < 0)
			return r;
	}
	return l->value;
}
