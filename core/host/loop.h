/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread, one poll(2): descriptors, timers, signals, and idle work in slices. Fewer
 * than ten descriptors are ever watched, so epoll would buy nothing.
 *
 * Handlers run on the thread that called loop_run() and do at most LOOP_SLICE_MS of work,
 * then return, so that a key is never answered late. A handler may add and remove sources,
 * its own included. A handler that returns a negative errno ends loop_run() with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"

enum { LOOP_SLICE_MS = 4 };

struct loop;

typedef int (*loop_fd_fn)(void *user, int fd, short revents);
typedef int (*loop_timer_fn)(void *user);
typedef int (*loop_signal_fn)(void *user, int signo);
/* 1: more work is waiting, call again soon. 0: nothing now, sleep until loop_wake(). */
typedef int (*loop_idle_fn)(void *user);

int loop_new(struct loop **ret, struct diag *reterr);
/* Unblocks the signals it had blocked. Watched descriptors stay the caller's. */
struct loop *loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop *, loop_free)

/* Each add returns a source id (>= 0) for the calls below, -ENOMEM. */
int loop_add_fd(struct loop *l, int fd, short events, loop_fd_fn fn, void *user);
/* First after @delay_ms, then every @period_ms; @period_ms 0: once, and again whenever
 * loop_set_timer() says so. */
int loop_add_timer(struct loop *l, uint64_t delay_ms, uint64_t period_ms,
		   loop_timer_fn fn, void *user);
/* Blocks @signo for this thread (and threads started after) and takes it by signalfd. */
int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *user);
/* Idle sources take turns, one slice each, when nothing else is ready. Starts awake. */
int loop_add_idle(struct loop *l, loop_idle_fn fn, void *user);

void loop_set_events(struct loop *l, int id, short events);
void loop_set_timer(struct loop *l, int id, uint64_t delay_ms, uint64_t period_ms);
void loop_wake(struct loop *l, int id);
void loop_del(struct loop *l, int id); /* a negative id is fine */

/* Runs until loop_quit() (returns its value) or an error (-errno). */
int loop_run(struct loop *l);
/* One round: waits at most @timeout_ms (-1: for ever), dispatches, returns 0 or -errno. */
int loop_once(struct loop *l, int timeout_ms);
void loop_quit(struct loop *l, int value);

/* CLOCK_MONOTONIC. */
uint64_t loop_now_ms(void);
uint64_t loop_now_us(void);
