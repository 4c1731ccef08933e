/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/termsize.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/host/loop.h"

enum { WAIT_MS = 300, SIZE_MAX_ASKED = 999 };

bool termsize_is_unknown(void)
{
	struct winsize ws = {0};

	return ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0 && (!ws.ws_row || !ws.ws_col);
}

static bool parse_number(const char **at, char end, unsigned *ret)
{
	char *behind;
	unsigned long v = strtoul(*at, &behind, 10);

	if (behind == *at || *behind != end || v == 0 || v > SIZE_MAX_ASKED)
		return false;
	*ret = (unsigned)v;
	*at = behind + 1;
	return true;
}

bool termsize_parse(const char *text, unsigned *ret_rows, unsigned *ret_cols)
{
	while ((text = strstr(text, "\033["))) {
		unsigned rows, cols;

		text += 2;
		if (*text < '0' || *text > '9' || !parse_number(&text, ';', &rows) ||
		    *text < '0' || *text > '9' || !parse_number(&text, 'R', &cols))
			continue;
		*ret_rows = rows;
		*ret_cols = cols;
		return true;
	}
	return false;
}

/* Until the answer is whole, or the time is over. */
static bool hear(unsigned *rows, unsigned *cols)
{
	uint64_t end = loop_now_ms() + WAIT_MS, now;
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char buf[128] = "";
	size_t n = 0;

	while ((now = loop_now_ms()) < end && n + 1 < sizeof(buf)) {
		ssize_t got;

		if (poll(&p, 1, (int)(end - now)) <= 0)
			continue;
		got = read(STDIN_FILENO, buf + n, sizeof(buf) - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		for (size_t i = n - (size_t)got; i < n; i++)
			buf[i] = buf[i] ? buf[i] : ' ';
		buf[n] = '\0';
		if (termsize_parse(buf, rows, cols))
			return true;
	}
	return false;
}

bool termsize_ask(void)
{
	/* the cursor is put back where it was: DECSC, DECRC */
	static const char ask[] = "\0337\033[999;999H\033[6n\0338";
	struct termios before, raw;
	struct winsize ws = {0};
	unsigned rows, cols;
	bool heard;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	heard = fs_write_all(STDOUT_FILENO, ask, sizeof(ask) - 1) == 0 &&
		hear(&rows, &cols);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	if (!heard)
		return false;
	ws.ws_row = (unsigned short)rows;
	ws.ws_col = (unsigned short)cols;
	return ioctl(STDIN_FILENO, TIOCSWINSZ, &ws) == 0;
}
