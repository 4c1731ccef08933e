/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/out.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "tui/cli/pager.h"

/* Writes of this size cost nothing against formatting what is in them. */
#define ENOUGH 65536

/* No blue, no background: readable on dark and on light terminals. */
static const char *const styles[_OUT_STYLE_MAX] = {
	[OUT_PLAIN] = "",	 [OUT_BOLD] = "\033[1m",  [OUT_DIM] = "\033[2m",
	[OUT_GOOD] = "\033[32m", [OUT_WARN] = "\033[33m", [OUT_BAD] = "\033[1;31m",
};

static bool dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || strcmp(term, "dumb") == 0 ||
	       strcmp(term, "unknown") == 0;
}

static bool want_colors(enum out_color color, bool tty)
{
	const char *no = getenv("NO_COLOR"); /* no-color.org: set and not empty */

	if (color != OUT_COLOR_AUTO)
		return color == OUT_COLOR_ALWAYS;
	return tty && !dumb() && !(no && *no);
}

static void look_at_terminal(struct out *out)
{
	struct winsize ws = {0};

	if (ioctl(out->fd, TIOCGWINSZ, &ws) < 0)
		ws = (struct winsize){0};
	out->width = ws.ws_col ?: 80; /* 0x0 is what a serial line says */
	out->height = ws.ws_row ?: 24;
}

void out_init(struct out *out, int fd, enum out_color color, bool ascii, bool page)
{
	*out = (struct out){.fd = fd, .tty = isatty(fd)};
	out->colors = want_colors(color, out->tty);
	out->ascii = ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	out->page = page && out->tty && !dumb();
	if (out->tty)
		look_at_terminal(out);
}

void out_add(struct out *out, const char *text)
{
	strbuf_adds(&out->buf, text);
}

void out_addf(struct out *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_addv(&out->buf, fmt, ap);
	va_end(ap);
}

void out_foreign(struct out *out, struct span bytes)
{
	str_escape(&out->buf, bytes, out->ascii);
}

void out_column(struct out *out, struct span bytes, size_t width)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	str_escape(&b, bytes, true);
	if (b.len > width)
		out_addf(out, "%.*s> ", (int)width - 1, strbuf_str(&b));
	else
		out_addf(out, "%-*s ", (int)width, strbuf_str(&b));
}

void out_style(struct out *out, enum out_style style, const char *text)
{
	bool on = out->colors && *styles[style];

	if (on)
		out_add(out, styles[style]);
	out_add(out, text);
	if (on)
		out_add(out, "\033[0m");
}

static int write_out(struct out *out)
{
	int r;

	if (out->buf.failed && out->err == 0)
		out->err = -ENOMEM;
	if (out->err == 0 && out->buf.len) {
		r = fs_write_all(out->fd, strbuf_str(&out->buf), out->buf.len);
		out->err = r < 0 ? r : 0;
	}
	strbuf_clear(&out->buf);
	return out->err;
}

/* More lines than the screen has, counted only as far as needed. */
static bool overflows(const struct out *out)
{
	const char *p = strbuf_str(&out->buf);
	unsigned lines = 0;

	while (lines < out->height && (p = strchr(p, '\n'))) {
		lines++;
		p++;
	}
	return lines >= out->height;
}

static void start_pager(struct out *out)
{
	int fd = pager_start(&out->pager);

	out->page = false;
	if (fd >= 0)
		out->fd = fd;
}

int out_check(struct out *out)
{
	if (out->err < 0 || out->buf.len < ENOUGH)
		return out->err;
	if (out->page)
		start_pager(out);
	return write_out(out);
}

int out_flush(struct out *out)
{
	out->page = false;
	return write_out(out);
}

int out_finish(struct out *out, struct diag *reterr)
{
	int r;

	if (out->page && overflows(out))
		start_pager(out);
	r = write_out(out);
	if (out->pager) {
		(void)close(out->fd); /* a pipe: the pager has it all or is gone */
		pager_wait(out->pager);
	}
	strbuf_done(&out->buf);
	if (r == 0 || r == -EPIPE)
		return 0;
	return diag_set(reterr, DIAG_WRITE, r, "Cannot write standard output: %s.",
			diag_errno(r));
}
