/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rescue console on a real terminal: full screen, or lines where that is not to be had. */
#include <errno.h>
#include <linux/kd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/host/loop.h"
#include "tui/rescue-internal.h"
#include "tui/term.h"
#include "tui/termsize.h"
#include "tui/tui.h"

enum { WIDTH = 80, KEY_REDRAW = 12, KEY_END_OF_INPUT = 4 };

struct run {
	const struct rescue_config *config;
	struct root here; /* this system, whose /run notes that somebody sits here */
	struct rescue r;
	struct loop *loop;
	struct terminal *term; /* NULL: line mode, or the terminal is somebody else's */
	struct canvas canvas;
	struct termios before; /* line mode */
	bool plain, asks_size, over;
	size_t shown; /* characters of the answer that line mode shows */
	int signal;
};

/* The guard would restart a machine on trial under somebody's hands. */
static void note_key(struct run *run)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
	(void)bootnote_set_number(&run->here, BOOTNOTE_HOLD, (uint64_t)now.tv_sec, NULL);
}

/* Line mode */

static void lines_of(const struct doc *d)
{
	for (size_t i = 0; i < d->n; i++) {
		_cleanup_strbuf_ struct strbuf line = {0}, wrapped = {0};
		size_t indent = d->line[i].indent;

		doc_line_text(d, i, &line);
		indent = indent < line.len ? indent : line.len;
		str_wrap(&wrapped, WIDTH, indent, strbuf_str(&line) + indent);
		(void)printf("%.*s%s", (int)indent, strbuf_str(&line),
			     strbuf_str(&wrapped));
	}
}

static void say_question(struct run *run)
{
	_cleanup_strbuf_ struct strbuf question = {0};

	rescue_question(&run->r, &question);
	(void)fputs(strbuf_str(&question), stdout);
	run->shown = strlen(run->r.typed);
	(void)fflush(stdout);
}

static void say_all(struct run *run)
{
	struct doc d = {.n = 0};

	rescue_lines(&run->r, &d);
	(void)fputs("\n", stdout);
	lines_of(&d);
	doc_done(&d);
	say_question(run);
}

/* What a key changed of the line that is typed. */
static void say_typed(struct run *run)
{
	size_t n = strlen(run->r.typed);

	for (; run->shown > n; run->shown--)
		(void)fputs("\b \b", stdout);
	for (; run->shown < n; run->shown++)
		(void)fputc(run->r.typed[run->shown], stdout);
	(void)fflush(stdout);
}

/* Texts to read are said at once, and then what there is to choose. */
static void say_changes(struct run *run, int key)
{
	bool enter = key == K_ENTER;

	if (enter || run->r.reading || key == KEY_REDRAW)
		(void)fputs("\n", stdout);
	if (run->r.reading) {
		lines_of(&run->r.pager.doc);
		run->r.reading = false;
		say_question(run);
	} else if (*run->r.note && enter) {
		(void)printf("%s\n", run->r.note);
		say_question(run);
	} else if (key == KEY_REDRAW) {
		say_all(run);
	} else {
		say_typed(run);
	}
}

static void lines_begin(struct run *run)
{
	struct termios raw = run->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_iflag |= ICRNL;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw); /* else whole lines come */
}

/* The terminal: ours, and somebody else's for a while */

static int screen_begin(struct run *run, struct diag *reterr)
{
	struct term_config want = {.scheme = SCHEME_DEFAULT, .ascii = run->config->ascii};
	int h, w, r = term_open(&want, &run->term, reterr);

	if (r < 0)
		return r;
	term_size(run->term, &h, &w);
	r = canvas_resize(&run->canvas, h, w);
	return r < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

static void draw(struct run *run)
{
	if (run->plain || !run->term)
		return;
	rescue_draw(&run->r, &run->canvas);
	term_draw(run->term, &run->canvas);
}

static void give_away(struct run *run)
{
	if (run->plain) {
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &run->before);
	} else {
		run->term = term_close(run->term);
		(void)fputs("\n", stdout);
	}
	(void)fflush(stdout);
}

/* What the program said is on the screen: it is read before it is gone. */
static void wait_enter(void)
{
	char c = 0;

	(void)fputs("\nEnter goes back to the choices. ", stdout);
	(void)fflush(stdout);
	while (c != '\n' && read(STDIN_FILENO, &c, 1) == 1)
		;
}

static void take_back(struct run *run)
{
	struct diag d = {0};

	if (run->plain) {
		lines_begin(run);
		return;
	}
	wait_enter();
	if (screen_begin(run, &d) == 0)
		return;
	run->plain = true; /* lines work on anything */
	lines_begin(run);
}

/* Choices */

static void load(struct run *run)
{
	struct rescue_facts facts;
	struct diag d = {0};

	if (rescue_load(run->config, &facts, &d) == 0)
		rescue_set(&run->r, &facts);
	else
		(void)snprintf(run->r.note, sizeof(run->r.note), "%s", d.text);
}

static void show_diff(struct run *run)
{
	const struct rescue_facts *f = &run->r.facts;
	_cleanup_strbuf_ struct strbuf disk = {0};
	struct doc *doc = &run->r.pager.doc;
	struct diag d = {0};
	struct root target;
	int r;

	doc_clear(doc);
	r = rescue_on_disk(run->config, &disk, &d);
	if (root_open_live(&target, f->root, &d) < 0) {
		doc_text(doc, STYLE_BAD, "%s", d.text);
	} else {
		rescue_diff(&target, f->good, f->other == f->good ? 0 : f->other,
			    r < 0 ? NULL : &disk, doc);
		root_done(&target);
	}
	rescue_read(&run->r, "What differs");
}

static void show_said(struct run *run, const struct rescue_choice *c)
{
	struct diag d = {0};

	doc_clear(&run->r.pager.doc);
	if (rescue_hear(run->config, c->word, &run->r.pager.doc, &d) < 0)
		doc_text(&run->r.pager.doc, STYLE_BAD, "%s", d.text);
	rescue_read(&run->r, "What the kernel log says");
}

static void act(struct run *run, const struct rescue_choice *c)
{
	struct diag d = {0};
	int r;

	give_away(run);
	r = rescue_act(run->config, c->word, &d);
	if (r < 0)
		(void)printf("%s\n", d.text);
	run->over = r == 0;
	if (run->over)
		return;
	take_back(run);
	load(run);
	if (run->plain)
		say_all(run);
}

static void choose(struct run *run, const struct rescue_choice *c)
{
	if (c->number == run->r.facts.go_on)
		run->over = true;
	else if (strcmp(c->word, "diff") == 0)
		show_diff(run);
	else if (strcmp(c->word, "log") == 0)
		show_said(run, c);
	else
		act(run, c);
}

static void take_key(struct run *run, int key)
{
	const struct rescue_choice *c = rescue_key(&run->r, key);
	bool acts = c && strcmp(c->word, "diff") != 0 && strcmp(c->word, "log") != 0;

	note_key(run);
	if (run->plain && acts)
		(void)fputs("\n", stdout);
	if (c)
		choose(run, c);
	if (run->plain && !acts && !run->over)
		say_changes(run, key);
}

/* Keys */

/* A serial line has no SIGWINCH: ^L asks again. */
static void redraw(struct run *run, bool asked)
{
	int h, w;

	if (asked && run->asks_size)
		(void)termsize_ask();
	term_size(run->term, &h, &w);
	(void)canvas_resize(&run->canvas, h, w); /* -ENOMEM: the old size stays */
	term_redraw(run->term);
}

static void screen_keys(struct run *run)
{
	struct term_key key;

	while (!run->over && run->term && term_key(run->term, &key) > 0) {
		if (key.key == KEY_REDRAW)
			redraw(run, true);
		take_key(run, key.key);
	}
}

static int key_of(char c)
{
	return c == '\r' || c == '\n'	 ? K_ENTER
	       : c == 0x7f || c == '\b'	 ? K_BACKSPACE
	       : (unsigned char)c < 0x20 ? c
					 : (unsigned char)c;
}

static void line_keys(struct run *run)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) != 1 || (c == KEY_END_OF_INPUT && !*run->r.typed)) {
		(void)puts("\nNobody is here: the boot goes on as it is.");
		run->over = true;
		return;
	}
	take_key(run, key_of(c));
}

static int on_input(void *user, int fd, short revents)
{
	struct run *run = user;

	if (revents & (POLLHUP | POLLERR))
		run->over = true;
	else if (run->plain)
		line_keys(run);
	else
		screen_keys(run);
	draw(run);
	return 0;
}

static int on_second(void *user)
{
	struct run *run = user;
	const struct rescue_choice *c = rescue_second(&run->r);

	if (c && run->plain)
		(void)puts("\nNobody is here: the boot goes on as it is.");
	if (c)
		choose(run, c);
	else if (run->r.left)
		draw(run);
	return 0;
}

static int on_signal(void *user, int signo)
{
	struct run *run = user;

	if (signo != SIGWINCH)
		run->signal = signo;
	else if (run->term)
		redraw(run, false);
	draw(run);
	return 0;
}

static int add_sources(struct run *run)
{
	static const int signals[] = {SIGWINCH, SIGTERM, SIGHUP};
	int e = loop_add_fd(run->loop, STDIN_FILENO, POLLIN, on_input, run);

	if (e >= 0)
		e = loop_add_timer(run->loop, 1000, 1000, on_second, run);
	for (size_t i = 0; e >= 0 && i < array_size(signals); i++)
		e = loop_add_signal(run->loop, signals[i], on_signal, run);
	return e;
}

static int run_loop(struct run *run, struct diag *reterr)
{
	int e = loop_new(&run->loop, reterr);

	if (e >= 0)
		e = add_sources(run);
	while (e >= 0 && !run->over && !run->signal)
		e = loop_once(run->loop, -1);
	loop_free(run->loop);
	return e < 0 ? diag_set(reterr, DIAG_INTERNAL, -e, "The console stopped: %s.",
				diag_errno(-e))
		     : 0;
}

/* Beginning */

/* PID 1 gets TERM=linux from the kernel whatever the console is (init/main.c envp_init), and a
 * serial line is no Linux console. */
static void mend_term(void)
{
	const char *term = getenv("TERM");
	char type;

	if (term && *term && strcmp(term, "linux") != 0)
		return;
	if (ioctl(STDIN_FILENO, KDGKBTYPE, &type) < 0)
		(void)setenv("TERM", "vt220", 1);
}

static void names(struct run *run)
{
	_cleanup_strbuf_ struct strbuf host = {0};
	const char *line = ttyname(STDIN_FILENO),
		   *slash = line ? strrchr(line, '/') : NULL;

	if (root_read_line(&run->here, ROOT_HOSTNAME, &host, NULL) == 0 &&
	    strcmp(strbuf_str(&host), "(none)") != 0)
		str_quote(run->r.host, sizeof(run->r.host), strbuf_span(&host));
	if (slash)
		str_quote(run->r.line, sizeof(run->r.line), span_of(slash + 1));
}

static void begin(struct run *run)
{
	run->plain = run->config->plain;
	mend_term();
	if (!run->plain)
		run->plain = tui_unfit() != NULL;
	run->asks_size = !run->plain && termsize_is_unknown();
	if (run->asks_size)
		(void)termsize_ask();
	(void)tcgetattr(STDIN_FILENO, &run->before); /* it is a terminal: tui_alone() */
	/* ^C ends no rescue; the programs that are started take it */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
	names(run);
	run->r.left = run->r.facts.seconds;
}

static int on_terminal(struct run *run, struct diag *reterr)
{
	int e;

	begin(run);
	if (!run->plain && screen_begin(run, NULL) < 0)
		run->plain = true;
	if (run->plain) {
		lines_begin(run);
		say_all(run);
	}
	draw(run);
	e = run_loop(run, reterr);
	run->term = term_close(run->term);
	if (run->plain)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &run->before);
	canvas_done(&run->canvas);
	return e < 0 ? e : run->signal ? 128 + run->signal : 0;
}

int rescue_run(const struct rescue_config *config, struct diag *reterr)
{
	struct run run = {.config = config};
	struct rescue_facts facts;
	int r = root_open_live(&run.here, NULL, reterr);

	if (r < 0)
		return r;
	r = rescue_load(config, &facts, reterr);
	if (r == 0) {
		rescue_set(&run.r, &facts);
		r = on_terminal(&run, reterr);
		rescue_done(&run.r);
	}
	root_done(&run.here);
	return r;
}
