/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum {
	CTRL_C = 0x03,
	CTRL_D = 0x04,
	CTRL_U = 0x15,
	CTRL_BACKSLASH = 0x1c,
	DELETE = 0x7f,
};

static void say(int tty, const char *text)
{
	/* a terminal that is gone gives no passphrase either */
	(void)fs_write_all(tty, text, strlen(text));
}

/* 1, 0 at the end, or -errno. */
static int byte_of(int fd, char *ret)
{
	ssize_t n;

	do
		n = read(fd, ret, 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

/* What a key does to the line: 1 it goes on, 0 it ends, -EINTR: taken back. */
static int take(char c, char *buf, size_t size, size_t *len)
{
	if (c == '\n' || c == '\r')
		return 0;
	if (c == CTRL_C || c == CTRL_D || c == CTRL_BACKSLASH)
		return -EINTR;
	if (c == CTRL_U)
		*len = 0;
	else if (c == DELETE || c == '\b')
		*len -= *len > 0;
	else if (*len < size)
		buf[(*len)++] = c;
	else
		return -E2BIG; /* longer than any passphrase: nothing is cut off */
	return 1;
}

/* One line; @typed: with the keys that edit it. */
static int read_line(int fd, bool typed, char *buf, size_t size)
{
	size_t len = 0;
	int r = 1;
	char c;

	while (r > 0) {
		r = byte_of(fd, &c);
		if (r <= 0)
			break; /* the end of a file ends its line */
		if (typed)
			r = take(c, buf, size, &len);
		else if (c == '\n')
			r = 0;
		else if (len < size)
			buf[len++] = c;
		else
			r = -E2BIG;
	}
	explicit_bzero(&c, sizeof(c));
	return r < 0 ? r : len ? (int)len : -ENOKEY;
}

/* Without echo, and with ^C as a key, so that the terminal is always given back. On the
 * terminal itself: standard input may be a list of files. */
static int type_in(const char *prompt, char *buf, size_t size)
{
	_cleanup_close_ int tty = open(ctermid(NULL), O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios was, quiet;
	int r;

	if (tty < 0 || tcgetattr(tty, &was) < 0)
		return -ENOKEY;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return -ENOKEY;
	say(tty, prompt);
	say(tty, ": ");
	r = read_line(tty, true, buf, size);
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	say(tty, "\n");
	return r;
}

static int type_twice(char *buf, size_t size, int len)
{
	char again[1024];
	int r;

	r = type_in("The same again", again, size < sizeof(again) ? size : sizeof(again));
	if (r != len || memcmp(buf, again, (size_t)len) != 0) {
		say(STDERR_FILENO, "They differ.\n");
		r = -EACCES;
	}
	explicit_bzero(again, sizeof(again));
	return r;
}

int passphrase_fd(const struct cli *cli, const char *option, struct diag *reterr)
{
	uint64_t fd = opt_u64(cli->opts, option, UINT64_MAX);

	if (fd == UINT64_MAX)
		return -1;
	if (fd > 1 << 20 || fcntl((int)fd, F_GETFD) < 0)
		return diag_set(reterr, DIAG_VALUE, EBADF,
				"--%s names no open file descriptor.", option);
	return (int)fd;
}

int passphrase_ask(char *buf, size_t size, void *data)
{
	const struct passphrase *p = data;
	int r;

	if (p->fd >= 0)
		return read_line(p->fd, false, buf, size);
	r = type_in(p->prompt, buf, size);
	return r > 0 && p->twice ? type_twice(buf, size, r) : r;
}
