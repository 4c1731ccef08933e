/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console on a real terminal: poll loop, signals, when to draw. */
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/host/loop.h"
#include "tui/app.h"
#include "tui/plain.h"
#include "tui/term.h"

enum {
	DRAW_MS = 100,	     /* what comes by itself is drawn at most this often */
	DRAW_SLOW_MS = 1000, /* on slow lines */
	NICE = -5,	     /* of the thread that answers keys */
	DEAF_MAX = 20,	     /* readable without a key so often: nobody is there */
};

struct run {
	struct app *app;
	struct loop *loop;
	struct terminal *term;
	int idle, poll_timer;
	int feed, feed_fd; /* the descriptor that denials come from, while it is polled */
	uint64_t drawn_ms;
	unsigned deaf;
	bool urgent;   /* a person waits for what is drawn next */
	bool asked;    /* by a key */
	bool answered; /* and has seen what was known when it came */
	int signal;    /* that ends the console */
};

const char *tui_alone(void)
{
	if (!isatty(STDIN_FILENO))
		return "standard input is not a terminal";
	if (!isatty(STDOUT_FILENO))
		return "standard output is not a terminal";
	return NULL;
}

const char *tui_unfit(void)
{
	const char *alone = tui_alone();

	return alone ? alone : term_unfit(getenv("TERM"));
}

static void clock_now(struct run *r)
{
	app_clock(r->app, loop_now_ms(), time(NULL));
}

static void draw(struct run *r)
{
	app_draw(r->app);
	term_draw(r->term, &r->app->canvas);
	r->drawn_ms = loop_now_ms();
	r->answered = r->asked;
	r->urgent = r->asked = false;
}

/* When the next drawing is due, in ms; -1: nothing changed. */
static int draw_due(const struct run *r)
{
	uint64_t every = term_is_slow(r->term) ? DRAW_SLOW_MS : DRAW_MS;
	uint64_t passed = loop_now_ms() - r->drawn_ms;

	if (!r->app->dirty)
		return -1;
	return r->urgent || passed >= every ? 0 : (int)(every - passed);
}

/* The answer to a key is drawn before anything is gone on with, and what the next slice
 * adds to it right after. */
static int on_idle(void *user)
{
	struct run *r = user;
	int more;

	if (r->asked && r->app->dirty)
		return 1;
	clock_now(r);
	more = app_step(r->app, APP_SLICE_US);
	if (r->answered)
		r->urgent = r->app->dirty = true;
	r->answered = false;
	return more;
}

/* The list may have grown; the proof may have something to do again. */
static int on_poll(void *user)
{
	struct run *r = user;
	int next;

	clock_now(r);
	if (model_poll(&r->app->model))
		r->app->dirty = true;
	loop_wake(r->loop, r->idle);
	next = model_poll_ms(&r->app->model);
	loop_set_timer(r->loop, r->poll_timer, next < 0 ? 60000 : (uint64_t)next + 1,
		       60000);
	return 0;
}

static int on_pool(void *user, int fd, short revents)
{
	struct run *r = user;

	loop_wake(r->loop, r->idle); /* model_step() takes what is finished */
	return 0;
}

static int on_feed(void *user, int fd, short revents)
{
	struct run *r = user;

	feed_ready(&r->app->model.feed, loop_now_ms());
	loop_wake(r->loop, r->idle);
	loop_set_timer(r->loop, r->poll_timer, SOURCE_POLL_MS, 60000);
	return 0;
}

/* Not while a job reads from it: it would be ready all the time. */
static int watch_feed(struct run *r)
{
	int fd = feed_fd(&r->app->model.feed);

	if (fd == r->feed_fd)
		return 0;
	if (r->feed_fd >= 0)
		loop_del(r->loop, r->feed);
	r->feed_fd = fd;
	if (fd < 0)
		return 0;
	r->feed = loop_add_fd(r->loop, fd, POLLIN, on_feed, r);
	return r->feed < 0 ? r->feed : 0;
}

/* The header's clock shows minutes. */
static int on_minute(void *user)
{
	clock_now(user);
	return 0;
}

static int on_key(void *user, int fd, short revents)
{
	struct run *r = user;
	struct term_key key;
	unsigned n = 0;

	clock_now(r);
	while (!r->app->quit && term_key(r->term, &key) > 0) {
		n++;
		if (key.key == K_MOUSE)
			app_click(r->app, key.y, key.x, key.button);
		else
			app_key(r->app, key.key);
	}
	r->deaf = n ? 0 : r->deaf + 1;
	if (revents & (POLLHUP | POLLERR) || r->deaf > DEAF_MAX)
		r->signal = SIGHUP;
	r->urgent = r->asked = true;
	loop_wake(r->loop, r->idle);
	loop_set_timer(r->loop, r->poll_timer, 1, 60000);
	return 0;
}

static int resize(struct run *r)
{
	int h, w;

	term_size(r->term, &h, &w);
	r->urgent = true;
	return app_resize(r->app, h, w);
}

static void suspend(void *user)
{
	struct run *r = user;

	term_suspend(r->term);
	(void)resize(r); /* -ENOMEM: the old size stays */
}

static int on_signal(void *user, int signo)
{
	struct run *r = user;

	switch (signo) {
	case SIGWINCH:
		return resize(r);
	case SIGTSTP:
		suspend(r);
		return 0;
	case SIGCONT: /* stopped by SIGSTOP: the shell had the terminal meanwhile */
		term_redraw(r->term);
		r->app->dirty = r->urgent = true;
		return 0;
	default:
		r->signal = signo;
		return 0;
	}
}

static bool copy(void *user, const char *text, size_t len)
{
	return term_copy(((struct run *)user)->term, text, len);
}

static void set_scheme(void *user, enum scheme scheme)
{
	term_scheme(((struct run *)user)->term, scheme);
}

static bool set_mouse(void *user, bool on)
{
	return term_mouse(((struct run *)user)->term, on);
}

static void redraw(void *user)
{
	struct run *r = user;

	(void)resize(r); /* a serial line has no SIGWINCH: ^L looks again */
	term_redraw(r->term);
}

static int add_sources(struct run *r)
{
	static const int signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM,
				      SIGINT,	SIGHUP,	 SIGQUIT};
	int e = loop_add_fd(r->loop, STDIN_FILENO, POLLIN, on_key, r);

	if (e >= 0)
		e = loop_add_fd(r->loop, pool_fd(r->app->model.pool), POLLIN, on_pool, r);
	if (e >= 0)
		e = r->idle = loop_add_idle(r->loop, on_idle, r);
	if (e >= 0)
		e = r->poll_timer = loop_add_timer(r->loop, 1, 60000, on_poll, r);
	if (e >= 0)
		e = loop_add_timer(r->loop, 1000 * (60 - (uint64_t)time(NULL) % 60),
				   60000, on_minute, r);
	for (size_t i = 0; e >= 0 && i < array_size(signals); i++)
		e = loop_add_signal(r->loop, signals[i], on_signal, r);
	return e;
}

/* The first screen is drawn before anything slow begins. */
static int run_loop(struct run *r)
{
	int e = add_sources(r);

	if (e >= 0)
		e = resize(r);
	clock_now(r);
	if (e >= 0)
		draw(r);
	while (e >= 0 && !r->app->quit && !r->signal) {
		e = watch_feed(r);
		if (e >= 0)
			e = loop_once(r->loop, draw_due(r));
		if (draw_due(r) == 0)
			draw(r);
	}
	return e < 0 ? e : r->signal ? 128 + r->signal : 0;
}

/* A storm of denials wants the processor, too, and the console is how one gets out of it:
 * its keys go first, unless nice(1) or chrt(1) has said otherwise, where the user may ask for
 * that. Not its readers and jobs: what it starts has the usual turns (sched(7),
 * SCHED_RESET_ON_FORK). */
static void keys_first(void)
{
	const struct sched_param usual = {0};

	if (sched_getscheduler(0) == SCHED_OTHER && getpriority(PRIO_PROCESS, 0) == 0 &&
	    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &usual) == 0)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
}

static int run_screen(const struct tui_config *config, struct diag *reterr)
{
	struct run r = {.feed_fd = -1};
	struct app_terminal ops = {&r, copy, set_scheme, set_mouse, redraw, suspend};
	struct term_config want = {.ascii = config->ascii};
	int e = loop_new(&r.loop, reterr);

	if (e >= 0)
		e = app_new(config, &ops, &r.app, reterr);
	if (e >= 0) {
		want.scheme = r.app->scheme;
		e = term_open(&want, &r.term, reterr);
	}
	if (e >= 0) {
		r.app->ascii = term_is_ascii(r.term);
		r.app->slow = term_is_slow(r.term);
		keys_first();
		e = run_loop(&r);
		if (e < 0)
			e = diag_set(reterr, DIAG_INTERNAL, -e,
				     "The console stopped: %s.", diag_errno(-e));
	}
	term_close(r.term);
	app_free(r.app);
	loop_free(r.loop);
	return e;
}

/* Line mode takes the ending signals as the screen does, so that what is being written
 * is finished or removed. */
static int ending_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run_plain(const struct tui_config *config, struct diag *reterr)
{
	struct plain p = {.out = stdout, .in = STDIN_FILENO};
	int e;

	e = app_new(config, NULL, &p.app, reterr);
	if (e < 0)
		return e;
	p.app->ascii = config->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	p.signals = ending_signals();
	e = plain_run(&p, reterr);
	cleanup_closep(&p.signals);
	app_free(p.app);
	return e;
}

int tui_run(const struct tui_config *config, struct diag *reterr)
{
	struct diag d = {0};
	int r;

	if (config->plain)
		return run_plain(config, reterr);
	r = run_screen(config, &d);
	if (r == -ENOTTY) /* the terminal refused: line mode works on anything */
		return run_plain(config, reterr);
	if (r < 0 && reterr)
		*reterr = d;
	return r;
}
