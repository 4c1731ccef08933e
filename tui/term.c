/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tui/keys.h"

enum { SLOW_BAUD = 38400, PAIRS_MAX = 64 };

struct terminal {
	SCREEN *screen;
	struct canvas shown; /* what curses has been told */
	enum scheme scheme;
	chtype attr[_STYLE_MAX]; /* of the scheme, colour pair included */
	short pair[_STYLE_MAX];
	struct look pairs[PAIRS_MAX];
	int n_pairs;
	bool ascii, slow, clipboard, color;
};

/* What a crash handler needs, since it can ask nobody: the tty as it was found and the
 * bytes that leave full-screen mode. */
static struct {
	struct termios tty;
	char leave[160];
	size_t leave_len;
	bool armed;
} rescue;

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

static void on_crash(int sig)
{
	if (rescue.armed) {
		rescue.armed = false;
		(void)fs_write_all(STDOUT_FILENO, rescue.leave, rescue.leave_len);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &rescue.tty);
	}
	/* SA_RESETHAND: the default action takes it from here, core dump included. */
	(void)raise(sig);
}

static void rescue_add(const char *text)
{
	size_t len = text && text != (char *)-1 ? strlen(text) : 0;

	if (len > sizeof(rescue.leave) - rescue.leave_len)
		return;
	memcpy(rescue.leave + rescue.leave_len, text ? text : "", len);
	rescue.leave_len += len;
}

/* A crash on a full stack still finds room for its handler. */
static void crash_stack(void)
{
	static char stack[16384];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	(void)sigaltstack(&ss, NULL); /* without one the handler uses the normal stack */
}

static void rescue_arm(void)
{
	struct sigaction sa = {.sa_handler = on_crash,
			       .sa_flags = (int)SA_RESETHAND | SA_ONSTACK | SA_NODEFER};

	rescue.leave_len = 0;
	rescue_add(exit_attribute_mode);
	rescue_add(keypad_local);
	rescue_add(cursor_normal);
	rescue_add(exit_ca_mode);
	rescue_add("\r\n");
	rescue.armed = true;
	crash_stack();
	for (size_t i = 0; i < array_size(crash_signals); i++)
		(void)sigaction(crash_signals[i], &sa, NULL);
}

static void rescue_disarm(void)
{
	rescue.armed = false;
	for (size_t i = 0; i < array_size(crash_signals); i++)
		(void)signal(crash_signals[i], SIG_DFL);
}

const char *term_unfit(const char *name)
{
	int why = 0;

	if (!name || !*name)
		return "TERM is not set";
	if (strcmp(name, "dumb") == 0 || strcmp(name, "unknown") == 0)
		return "TERM names a terminal that cannot place text";
	if (setupterm(name, STDOUT_FILENO, &why) != OK)
		return why == 0 ? "TERM names an unknown terminal"
				: "there is no terminal description for TERM";
	if (!cursor_address || !clear_screen)
		why = -1;
	(void)del_curterm(cur_term);
	return why == -1 ? "TERM names a terminal that cannot place text" : NULL;
}

static bool starts_with(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The Linux console's font and the vt100 family cannot be trusted with Unicode. */
static bool ascii_only(const char *name)
{
	static const char *const plain[] = {"linux", "vt", "ansi", "cons"};

	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0 ||
	       starts_with(name, plain, array_size(plain));
}

/* Terminals that take OSC 52, or ignore it quietly; a serial line may be anything. */
static bool has_clipboard(const char *name)
{
	static const char *const known[] = {"xterm",	 "tmux",  "screen",
					    "alacritty", "kitty", "foot",
					    "wezterm",	 "rxvt",  "st-"};
	const char *tty = ttyname(STDOUT_FILENO);

	return starts_with(name, known, array_size(known)) &&
	       !(tty &&
		 (strstr(tty, "ttyS") || strstr(tty, "ttyAMA") || strstr(tty, "hvc")));
}

/* The pair of a look, made when it is new; 0 where colours ran out. */
static short pair_of(struct terminal *t, struct look look)
{
	for (int i = 0; i < t->n_pairs; i++)
		if (t->pairs[i].fg == look.fg && t->pairs[i].bg == look.bg)
			return (short)(i + 1);
	if (t->n_pairs == PAIRS_MAX || t->n_pairs + 1 >= COLOR_PAIRS ||
	    init_pair((short)(t->n_pairs + 1), look.fg, look.bg) == ERR)
		return 0;
	t->pairs[t->n_pairs++] = look;
	return (short)t->n_pairs;
}

static chtype attributes(struct look look)
{
	return (look.attr & BOLD ? A_BOLD : 0) |
	       (look.attr & UNDERLINE ? A_UNDERLINE : 0) |
	       (look.attr & REVERSE ? A_REVERSE : 0) | (look.attr & DIM ? A_DIM : 0);
}

void term_scheme(struct terminal *t, enum scheme scheme)
{
	/* Without colours the words and marks carry the meaning, with what is left. */
	t->scheme = t->color ? scheme : SCHEME_MONO;
	for (int s = 0; s < _STYLE_MAX; s++) {
		struct look look = theme_look(t->scheme, (enum style)s);

		t->attr[s] = attributes(look);
		t->pair[s] = t->color && (look.fg != DEF || look.bg != DEF)
				     ? pair_of(t, look)
				     : (short)0;
	}
	term_redraw(t);
}

/* What terminals send for these whatever TERM says: a sequence nobody knows would be
 * taken for Esc and some letters. */
static void common_keys(void)
{
	static const struct {
		const char *sequence;
		int key;
	} keys[] = {
		{"\033[A", KEY_UP},	 {"\033OA", KEY_UP},	  {"\033[B", KEY_DOWN},
		{"\033OB", KEY_DOWN},	 {"\033[C", KEY_RIGHT},	  {"\033OC", KEY_RIGHT},
		{"\033[D", KEY_LEFT},	 {"\033OD", KEY_LEFT},	  {"\033[H", KEY_HOME},
		{"\033OH", KEY_HOME},	 {"\033[1~", KEY_HOME},	  {"\033[7~", KEY_HOME},
		{"\033[F", KEY_END},	 {"\033OF", KEY_END},	  {"\033[4~", KEY_END},
		{"\033[8~", KEY_END},	 {"\033[5~", KEY_PPAGE},  {"\033[6~", KEY_NPAGE},
		{"\033[3~", KEY_DC},	 {"\033[Z", KEY_BTAB},	  {"\033OM", KEY_ENTER},
		{"\033OP", KEY_F(1)},	 {"\033OQ", KEY_F(2)},	  {"\033OR", KEY_F(3)},
		{"\033OS", KEY_F(4)},	 {"\033[[A", KEY_F(1)},	  {"\033[[B", KEY_F(2)},
		{"\033[[C", KEY_F(3)},	 {"\033[[D", KEY_F(4)},	  {"\033[[E", KEY_F(5)},
		{"\033[11~", KEY_F(1)},	 {"\033[12~", KEY_F(2)},  {"\033[13~", KEY_F(3)},
		{"\033[14~", KEY_F(4)},	 {"\033[15~", KEY_F(5)},  {"\033[17~", KEY_F(6)},
		{"\033[18~", KEY_F(7)},	 {"\033[19~", KEY_F(8)},  {"\033[20~", KEY_F(9)},
		{"\033[21~", KEY_F(10)}, {"\033[23~", KEY_F(11)}, {"\033[24~", KEY_F(12)},
	};

	for (size_t i = 0; i < array_size(keys); i++)
		if (key_defined(keys[i].sequence) == 0) /* the description goes first */
			(void)define_key(keys[i].sequence, keys[i].key);
}

static void start_modes(struct terminal *t, enum scheme scheme)
{
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	common_keys();
	(void)nodelay(stdscr, TRUE);
	(void)intrflush(stdscr, FALSE);
	(void)leaveok(stdscr, FALSE);
	(void)curs_set(0);
	(void)set_escdelay(t->slow ? 250 : 50);
	(void)mouseinterval(0);
	t->color = scheme != SCHEME_MONO && has_colors() && start_color() == OK &&
		   use_default_colors() == OK;
}

int term_open(const struct term_config *config, struct terminal **ret,
	      struct diag *reterr)
{
	struct terminal *t = calloc(1, sizeof(*t));
	const char *name = getenv("TERM");

	if (!t)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (tcgetattr(STDIN_FILENO, &rescue.tty) < 0 ||
	    !(t->screen = newterm(NULL, stdout, stdin))) {
		free(t);
		return diag_set(reterr, DIAG_NO_TERMINAL, ENOTTY,
				"The terminal cannot be put into full-screen mode.");
	}
	t->ascii = config->ascii || ascii_only(name ? name : "");
	t->slow = baudrate() < SLOW_BAUD;
	t->clipboard = !t->slow && has_clipboard(name ? name : "");
	start_modes(t, config->scheme);
	rescue_arm();
	term_scheme(t, config->scheme);
	*ret = t;
	return 0;
}

struct terminal *term_close(struct terminal *t)
{
	if (!t)
		return NULL;
	rescue_disarm();
	(void)endwin();
	delscreen(t->screen);
	canvas_done(&t->shown);
	free(t);
	return NULL;
}

/* curses' function keys in our words; K_NONE for those nobody asked for. */
static int function_key(wint_t code)
{
	static const struct {
		int curses, key;
	} map[] = {
		{KEY_UP, K_UP},		{KEY_DOWN, K_DOWN},
		{KEY_LEFT, K_LEFT},	{KEY_RIGHT, K_RIGHT},
		{KEY_PPAGE, K_PAGE_UP}, {KEY_NPAGE, K_PAGE_DOWN},
		{KEY_HOME, K_HOME},	{KEY_END, K_END},
		{KEY_FIND, K_HOME},	{KEY_SELECT, K_END},
		{KEY_BTAB, K_BACKTAB},	{KEY_ENTER, K_ENTER},
		{KEY_DC, K_DELETE},	{KEY_BACKSPACE, K_BACKSPACE},
		{KEY_MOUSE, K_MOUSE},
	};

	if (code > KEY_F0 && code <= KEY_F0 + 12)
		return K_F1 + (int)code - KEY_F0 - 1;
	for (size_t i = 0; i < array_size(map); i++)
		if (map[i].curses == (int)code)
			return map[i].key;
	return K_NONE;
}

static int character(wint_t code)
{
	switch (code) {
	case '\r':
	case '\n':
		return K_ENTER;
	case '\t':
		return K_TAB;
	case 0x1b:
		return K_ESC;
	case 0x08:
	case 0x7f:
		return K_BACKSPACE;
	default:
		return (int)code;
	}
}

static void read_mouse(struct term_key *ret)
{
	MEVENT e;

	ret->key = K_NONE;
	if (getmouse(&e) != OK)
		return;
	ret->button = e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED) ? 1
		      : e.bstate & BUTTON4_PRESSED		     ? 4
		      : e.bstate & BUTTON5_PRESSED		     ? 5
								     : 0;
	if (ret->button)
		*ret = (struct term_key){K_MOUSE, e.y, e.x, ret->button};
}

int term_key(struct terminal *t, struct term_key *ret)
{
	wint_t code;

	for (;;) {
		int kind = wget_wch(stdscr, &code);

		*ret = (struct term_key){.key = K_NONE};
		if (kind == ERR)
			return 0;
		ret->key = kind == KEY_CODE_YES ? function_key(code) : character(code);
		if (ret->key == K_MOUSE)
			read_mouse(ret);
		if (ret->key != K_NONE)
			return 1;
	}
}

/* In a UTF-8 locale the characters themselves: terminals there often have forgotten what
 * the alternate character set was, and show "qqqq". */
static const char *cell_text(const struct terminal *t, const struct cell *cell)
{
	static const char *const shapes[][2] = {
		[CELL_HLINE] = {"-", "\u2500"},	    [CELL_VLINE] = {"|", "\u2502"},
		[CELL_CORNER_TL] = {"+", "\u250c"}, [CELL_CORNER_TR] = {"+", "\u2510"},
		[CELL_CORNER_BL] = {"+", "\u2514"}, [CELL_CORNER_BR] = {"+", "\u2518"},
	};

	return cell->kind == CELL_TEXT ? cell->text : shapes[cell->kind][!t->ascii];
}

static void send_cell(struct terminal *t, int y, int x, const struct cell *cell)
{
	if (cell->kind == CELL_TAIL)
		return; /* came with the cell before it */
	(void)attr_set((attr_t)t->attr[cell->style], t->pair[cell->style], NULL);
	(void)mvaddstr(y, x, cell_text(t, cell));
}

static bool same(const struct cell *a, const struct cell *b)
{
	return a && b && a->kind == b->kind && a->style == b->style &&
	       strcmp(a->text, b->text) == 0;
}

void term_draw(struct terminal *t, const struct canvas *c)
{
	if (t->shown.h != c->h || t->shown.w != c->w) {
		if (canvas_resize(&t->shown, c->h, c->w) < 0)
			return; /* the next call tries again */
		(void)resizeterm(c->h, c->w);
		term_redraw(t);
	}
	for (int y = 0; y < c->h; y++)
		for (int x = 0; x < c->w; x++) {
			struct cell *had = &t->shown.cell[y * c->w + x];
			const struct cell *cell = canvas_cell(c, y, x);

			if (same(had, cell))
				continue;
			send_cell(t, y, x, cell);
			*had = *cell;
		}
	(void)curs_set(c->cursor_y >= 0);
	(void)move(c->cursor_y >= 0 ? c->cursor_y : c->h - 1,
		   c->cursor_y >= 0 ? c->cursor_x : c->w - 1);
	(void)refresh();
}

void term_redraw(struct terminal *t)
{
	/* No cell equals this one, so all are sent to curses again; clearok makes curses
	 * send them to the terminal. */
	for (int i = 0; i < t->shown.h * t->shown.w; i++)
		t->shown.cell[i].style = UINT8_MAX;
	(void)clearok(curscr, TRUE);
}

void term_size(struct terminal *t, int *ret_h, int *ret_w)
{
	struct winsize ws = {0};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ,
		    &ws); /* fails on no tty we could have opened */
	*ret_h = ws.ws_row ? ws.ws_row : 24;
	*ret_w = ws.ws_col ? ws.ws_col : 80;
}

void term_suspend(struct terminal *t)
{
	sigset_t stop, old;

	(void)endwin();
	rescue_disarm();
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTSTP);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	/* Pending while blocked: the process stops here, and goes on here after SIGCONT.
	 */
	(void)sigprocmask(SIG_UNBLOCK, &stop, &old);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	rescue_arm();
	term_redraw(t);
}

bool term_mouse(struct terminal *t, bool on)
{
	mmask_t want =
		on ? BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED
		   : 0;

	return mousemask(want, NULL) != 0 && on;
}

static void base64(struct strbuf *out, const uint8_t *in, size_t len)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 |
			     (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0) |
			     (i + 2 < len ? (uint32_t)in[i + 2] : 0);

		strbuf_addc(out, digit[v >> 18]);
		strbuf_addc(out, digit[v >> 12 & 63]);
		strbuf_addc(out, i + 1 < len ? digit[v >> 6 & 63] : '=');
		strbuf_addc(out, i + 2 < len ? digit[v & 63] : '=');
	}
}

bool term_copy(struct terminal *t, const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (!t->clipboard)
		return false;
	strbuf_adds(&b, "\033]52;c;");
	base64(&b, (const uint8_t *)text, len);
	strbuf_adds(&b, "\a");
	return !b.failed && fs_write_all(STDOUT_FILENO, b.ptr, b.len) == 0;
}

bool term_is_ascii(const struct terminal *t)
{
	return t->ascii;
}

bool term_is_slow(const struct terminal *t)
{
	return t->slow;
}

bool term_has_color(const struct terminal *t)
{
	return t->color;
}
