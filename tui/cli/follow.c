/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

static int end(void *user, int signo)
{
	loop_quit(((struct follow *)user)->loop, 0);
	return 0;
}

static int reader_gone(void *user, int fd, short revents)
{
	return end(user, 0);
}

/* A pipe whose reader left is noticed at once, not with the next line. */
static bool watch_reader(struct follow *f)
{
	struct pollfd p = {.fd = f->out->fd};

	if (poll(&p, 1, 0) > 0)
		return false;
	return loop_add_fd(f->loop, p.fd, 0, reader_gone, f) >= 0;
}

int follow_open(struct follow *f, struct out *out, struct diag *reterr)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	int r;

	*f = (struct follow){.out = out};
	r = loop_new(&f->loop, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < array_size(signals); i++)
		(void)loop_add_signal(f->loop, signals[i], end, f);
	return out_flush(out) < 0 || !watch_reader(f);
}

int follow_run(struct follow *f)
{
	int r = loop_run(f->loop);

	return r == -EPIPE ? 0 : r;
}

void follow_done(struct follow *f)
{
	f->loop = loop_free(f->loop);
}
