/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"

#define SHELL "/bin/sh"

enum {
	KEY_CLEAR = 0x15, /* ^U */
	KEY_STOP = 0x03,  /* ^C */
	KEY_END = 0x04,	  /* ^D */
	NAP = 5,	  /* seconds between two looks at what a shell's terminal got */
};

static int take_console(const struct root *here)
{
	_cleanup_close_ int fd =
		root_openat(here, ROOT_DEV, "console", O_RDWR | O_NOCTTY, NULL);

	if (fd < 0 || !isatty(fd))
		return -ENOTTY;
	/* so that a shell gets its signals; where we lead no session it does without */
	if (setsid() >= 0)
		(void)ioctl(fd, TIOCSCTTY, 0);
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	return 0;
}

static void raw(const struct terminal *t)
{
	struct termios now = t->before;

	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	now.c_iflag |= ICRNL;
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &now); /* else lines still work */
}

int terminal_open(struct root *here, struct terminal *ret)
{
	int r = isatty(STDIN_FILENO) ? 0 : take_console(here);

	if (r < 0)
		return r;
	ret->here = here;
	if (tcgetattr(STDIN_FILENO, &ret->before) < 0)
		return -errno;
	(void)signal(SIGTTOU, SIG_IGN); /* we put ourselves back in front of a shell */
	(void)signal(SIGPIPE, SIG_IGN);
	raw(ret);
	return 0;
}

void terminal_close(struct terminal *t)
{
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
}

void terminal_again(struct terminal *t)
{
	raw(t);
}

void terminal_note(struct terminal *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
	/* without /run there is no guard either that would read it */
	(void)bootnote_set_number(t->here, BOOTNOTE_HOLD, (uint64_t)now.tv_sec, NULL);
}

static bool wait_key(unsigned seconds)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, seconds ? (int)seconds * 1000 : -1);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

static void show(const char *text, size_t n)
{
	/* a terminal that is gone is noticed when it is read */
	(void)fs_write_all(STDOUT_FILENO, text, n);
}

/* What a key does to the line. True: the line is complete. */
static bool take_key(char c, char *buf, size_t *n, size_t size, bool echo)
{
	bool room = *n + 1 < size;

	if (c == '\n' || c == '\r')
		return true;
	if ((c == '\b' || c == 0x7f) && *n) {
		(*n)--;
		if (echo)
			show("\b \b", 3);
	} else if (c == KEY_CLEAR || c == KEY_STOP) {
		while (*n && echo) {
			(*n)--;
			show("\b \b", 3);
		}
		*n = 0;
	} else if (c >= ' ' && c < 0x7f && room) {
		buf[(*n)++] = c;
		if (echo)
			show(&c, 1);
	} else if ((unsigned char)c >= 0x80 && room && !echo) {
		buf[(*n)++] = c; /* of a password */
	}
	return false;
}

enum terminal_end terminal_line(struct terminal *t, char *buf, size_t size, bool echo,
				unsigned seconds)
{
	size_t n = 0;
	char c;

	(void)fflush(stdout);
	if (!wait_key(seconds))
		return TERMINAL_NOBODY;
	for (;;) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || (c == KEY_END && n == 0))
			return TERMINAL_GONE;
		terminal_note(t);
		if (take_key(c, buf, &n, size, echo))
			break;
	}
	buf[n] = '\0';
	show("\n", 1);
	return TERMINAL_LINE;
}

/* The kernel notes in the terminal's inode when it was read from, in steps of eight seconds
 * (linux 6.12 drivers/tty/tty_io.c tty_update_time()). */
static void note_if_read(struct terminal *t, time_t *last)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0 || st.st_atime == *last)
		return;
	*last = st.st_atime;
	terminal_note(t);
}

static void child(void)
{
	(void)setpgid(0, 0);
	(void)tcsetpgrp(STDIN_FILENO, getpid());
	(void)signal(SIGTTOU, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execl(SHELL, "sh", "-i", (char *)NULL);
	_exit(127);
}

int terminal_shell(struct terminal *t)
{
	const struct timespec nap = {.tv_sec = NAP};
	sigset_t ended, old;
	time_t last = 0;
	int status;
	pid_t pid;

	if (access(SHELL, X_OK) < 0)
		return -errno;
	(void)sigemptyset(&ended);
	(void)sigaddset(&ended, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &ended, &old);
	terminal_close(t);
	pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		child();
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
		note_if_read(t, &last);
		(void)sigtimedwait(&ended, NULL, &nap);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	raw(t);
	return pid < 0 ? -EAGAIN : 0;
}
