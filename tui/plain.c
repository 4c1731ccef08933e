/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/plain.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/host/loop.h"
#include "tui/changes.h"

enum { WIDTH = 80 };

/* What was written is there for the person now. */
static void flush(struct plain *p)
{
	errno = 0;
	if ((fflush(p->out) != 0 || ferror(p->out)) && !p->err)
		p->err = errno ? -errno : -EIO;
}

void plain_say(struct plain *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(p->out, fmt, ap);
	va_end(ap);
	(void)fputc('\n', p->out);
	flush(p);
}

void plain_blank(struct plain *p)
{
	plain_say(p, "%s", "");
}

void plain_doc(struct plain *p, const struct doc *d)
{
	_cleanup_strbuf_ struct strbuf all = {0};

	for (size_t i = 0; i < d->n; i++) {
		_cleanup_strbuf_ struct strbuf b = {0};
		size_t indent = d->line[i].indent;

		doc_line_text(d, i, &b);
		indent = indent < b.len ? indent : b.len;
		strbuf_add(&all, strbuf_str(&b), indent);
		str_wrap(&all, WIDTH, indent, strbuf_str(&b) + indent);
	}
	(void)fwrite(strbuf_str(&all), 1, all.len, p->out);
	flush(p);
}

void plain_diag(struct plain *p, const struct diag *d)
{
	plain_say(p, "%s: %s", diag_code(d->id), d->text);
	if (*diag_hint(d->id))
		plain_say(p, "  %s", diag_hint(d->id));
}

static void clock_now(struct plain *p)
{
	app_clock(p->app, loop_now_ms(), time(NULL));
}

/* Waits for input, a signal or a finished job, and takes what there is. */
static void await(struct plain *p, int ms)
{
	struct pollfd fd[] = {{.fd = p->eof ? -1 : p->in, .events = POLLIN},
			      {.fd = p->signals, .events = POLLIN},
			      {.fd = pool_fd(p->app->model.pool), .events = POLLIN},
			      {.fd = feed_fd(&p->app->model.feed), .events = POLLIN}};
	struct signalfd_siginfo info;
	char buf[512];
	ssize_t n;

	if (poll(fd, array_size(fd), ms) <= 0)
		return;
	if (fd[1].revents && read(p->signals, &info, sizeof(info)) == sizeof(info))
		p->signal = (int)info.ssi_signo;
	if (fd[2].revents)
		(void)pool_dispatch(p->app->model.pool);
	if (fd[3].revents)
		feed_ready(&p->app->model.feed, loop_now_ms());
	if (!fd[0].revents)
		return;
	n = read(p->in, buf, sizeof(buf));
	if (n > 0)
		strbuf_add(&p->line, buf, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		p->eof = true;
}

/* Takes the first line out of what was read into the front of the buffer. */
static const char *take_line(struct plain *p, struct strbuf *out)
{
	char *end = p->line.len ? memchr(p->line.ptr, '\n', p->line.len) : NULL;
	size_t len;

	if (!end)
		return NULL;
	len = (size_t)(end - p->line.ptr);
	strbuf_clear(out);
	strbuf_add(out, p->line.ptr, len);
	p->line.len -= len + 1;
	memmove(p->line.ptr, end + 1, p->line.len);
	if (out->len && out->ptr[out->len - 1] == '\r')
		out->ptr[--out->len] = '\0';
	return strbuf_str(out);
}

static bool ended(const struct plain *p)
{
	return p->signal || p->err;
}

const char *plain_ask(struct plain *p, const char *question)
{
	const char *line;

	(void)fprintf(p->out, "%s ", question);
	flush(p);
	for (;;) {
		line = take_line(p, &p->answer);
		if (line || p->eof || ended(p))
			return ended(p) ? NULL : line;
		await(p, -1);
	}
}

/* Everything there is to do right now. */
static bool work(struct plain *p)
{
	clock_now(p);
	(void)model_poll(&p->app->model);
	return app_step(p->app, APP_SLICE_US) > 0;
}

static void progress(struct plain *p)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	app_screen(p->app)->status(app_state(p->app), &b);
	plain_say(p, "... %s", strbuf_str(&b));
}

void plain_settle(struct plain *p)
{
	uint64_t said = loop_now_ms();

	for (bool more; (more = work(p)) || model_busy(&p->app->model);) {
		if (loop_now_ms() - said > 3000) {
			progress(p);
			said = loop_now_ms();
		}
		await(p, more ? 0 : 100);
		if (ended(p))
			return;
	}
	if (*p->app->note)
		plain_say(p, "%s", p->app->note);
	p->app->note[0] = '\0';
}

bool plain_wait(struct plain *p, int ms)
{
	uint64_t end = loop_now_ms() + (uint64_t)ms, now;

	while ((now = loop_now_ms()) < end) {
		int left = work(p) ? 0 : (int)(end - now);

		if (take_line(p, &p->answer) || p->eof || ended(p))
			return true;
		await(p, left < 250 ? left : 250);
	}
	return take_line(p, &p->answer) || p->eof || ended(p);
}

static const char *text_at(const char *const *first, size_t stride, size_t i)
{
	return *(const char *const *)((const char *)first + i * stride);
}

void plain_choices(struct plain *p, const char *const *first, size_t stride, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plain_say(p, " %zu) %s", i + 1, text_at(first, stride, i));
	plain_say(p, " q) back");
}

void plain_no_choice(struct plain *p)
{
	plain_say(p, "That is none of the choices.");
}

int plain_choose(struct plain *p, const char *name, const char *const *first,
		 size_t stride, size_t n)
{
	char question[64];
	const char *answer;
	uint64_t i;

	(void)snprintf(question, sizeof(question), "%s, choice (? lists them):", name);
	while ((answer = plain_ask(p, question)) && strcmp(answer, "q") != 0) {
		if (str_to_u64(span_of(answer), &i) == 0 && i > 0 && i <= n)
			return (int)i - 1;
		if (!*answer)
			return PLAIN_AGAIN;
		if (strcmp(answer, "?") == 0)
			plain_choices(p, first, stride, n);
		else
			plain_no_choice(p);
	}
	return PLAIN_BACK;
}

static void menu(struct plain *p)
{
	const struct model *m = &p->app->model;

	plain_blank(p);
	plain_say(p, "imactl %s on %s%s%s", IMACTL_VERSION,
		  *m->host ? m->host : "(no name)", *m->release ? " " : "", m->release);
	for (int i = 0; i < _SCREEN_MAX; i++)
		plain_say(p, " %c) %s", app_number((enum screen_id)i),
			  app_title((enum screen_id)i));
	plain_say(p, " c) Changes");
	plain_say(p, " q) Quit");
}

static bool choose(struct plain *p, const char *answer)
{
	for (int i = 0; i < _SCREEN_MAX; i++)
		if (answer[0] == app_number((enum screen_id)i) && !answer[1]) {
			app_show(p->app, (enum screen_id)i);
			app_screen(p->app)->plain(app_state(p->app), p);
			return true;
		}
	if (strcmp(answer, "c") == 0) {
		changes_in_lines(p->app->changes, p);
		return true;
	}
	if (strcmp(answer, "q") == 0 || strcmp(answer, "Q") == 0)
		return false;
	if (*answer)
		plain_say(p, "Please type one of the numbers, c, or q.");
	return true;
}

int plain_run(struct plain *p, struct diag *reterr)
{
	const char *answer;

	p->app->plain = true;
	clock_now(p);
	do {
		menu(p);
		answer = plain_ask(p, "Choice:");
	} while (answer && choose(p, answer));
	strbuf_done(&p->line);
	strbuf_done(&p->answer);
	if (p->err && p->err != -EPIPE)
		return diag_set(reterr, DIAG_WRITE, -p->err,
				"Cannot write standard output: %s.", diag_errno(-p->err));
	return p->signal ? 128 + p->signal : 0;
}
