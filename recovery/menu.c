/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain rescue: numbered choices for whoever sits in front of a machine that does not
 * start, in the initramfs or in a shell. It acts by the code that acts by itself, and shows
 * what can be told without opening a file of the root.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/gen.h"
#include "core/base/trial.h"
#include "recovery/menu-internal.h"
#include "recovery/report.h"
#include "recovery/say.h"
#include "recovery/verb.h"

/* An initramfs lies in memory. */
static bool in_initramfs(const struct root *here)
{
	struct statfs s;

	return fstatfs(here->dir[ROOT_TARGET], &s) == 0 &&
	       (s.f_type == RAMFS_MAGIC || s.f_type == TMPFS_MAGIC);
}

/* Where it is, when nobody says: an initramfs has its own places for it (initramfs-tools,
 * dracut, mkinitcpio). NULL: it is not mounted. */
static const char *find_rootmnt(const struct root *here)
{
	static const char *const places[] = {"/root", "/sysroot", "/new_root"};

	for (size_t i = 0; i < array_size(places); i++) {
		_cleanup_close_ int fd =
			fspath_open(here->dir[ROOT_TARGET], places[i] + 1,
				    O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct stat is, above;

		if (fd >= 0 && fstat(fd, &is) == 0 &&
		    fstat(here->dir[ROOT_TARGET], &above) == 0 &&
		    is.st_dev != above.st_dev)
			return places[i];
	}
	return NULL;
}

static bool same_folder(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int open_target(struct menu *m, const char *given, struct diag *reterr)
{
	int r;

	m->initramfs = in_initramfs(&m->here);
	m->rootmnt = given ? given : m->initramfs ? find_rootmnt(&m->here) : "/";
	if (!m->rootmnt)
		return 0;
	r = root_open_live(&m->target, m->rootmnt, reterr);
	if (r < 0)
		return r;
	m->before = !same_folder(m->here.dir[ROOT_TARGET], m->target.dir[ROOT_TARGET]);
	return 0;
}

/* By names alone: nothing of the root need be readable. */
static void look(struct menu *m)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_strbuf_ struct strbuf line = {0};
	struct utsname u;
	struct trial t;

	(void)uname(&u); /* cannot fail */
	if (m->rootmnt && gen_list_load(&m->target, u.release, &list, NULL) == 0) {
		m->good = gen_newest_blessed(&list, 0);
		m->other = list.candidate;
	}
	if (m->rootmnt && trial_read(&m->target, &t, NULL) > 0)
		m->other = t.number;
	(void)root_read(&m->here, ROOT_CMDLINE, &line, NULL);
	menurules_of(strbuf_span(&line), &m->rules);
}

/* "3" and nothing else. */
static enum menu_choice choice_of(const char *typed, enum menu_choice fallback)
{
	uint64_t n;

	if (!*typed)
		return fallback;
	if (str_to_u64(span_of(typed), &n) < 0 || n == 0 || n > _MENU_CHOICE_MAX)
		return _MENU_CHOICE_MAX;
	return (enum menu_choice)(n - 1);
}

static void ask(struct menu *m)
{
	unsigned seconds = m->rules.seconds;
	char typed[16];

	for (;;) {
		enum menu_choice fallback = menu_default(m), choice;

		if (seconds)
			(void)printf("Without a key the boot goes on as it is in %u s.\n",
				     seconds);
		(void)printf("Choice [%d]: ", (int)fallback + 1);
		if (terminal_line(&m->terminal, typed, sizeof(typed), true, seconds) !=
		    TERMINAL_LINE) {
			(void)puts("\nNobody is here: the boot goes on as it is.");
			return;
		}
		seconds = 0;
		choice = choice_of(typed, fallback);
		if (choice == _MENU_CHOICE_MAX)
			(void)printf("Type a number from 1 to %d, then Enter.\n",
				     (int)_MENU_CHOICE_MAX);
		else if (menu_refuses(m, choice))
			(void)printf("That is not to be had here: %s.\n",
				     menu_refuses(m, choice));
		else if (menu_act(m, choice))
			return;
		else
			menu_show(m);
	}
}

/* On the terminal, lines alone. */
static int run(struct menu *m)
{
	menu_show(m);
	ask(m);
	(void)fflush(stdout);
	return VERB_GOOD;
}

/* One choice that the console was told. */
static int act(struct menu *m, const char *word)
{
	enum menu_choice choice = menu_from_word(word);
	const char *why;

	if (choice == _MENU_CHOICE_MAX)
		return VERB_USAGE;
	why = menu_refuses(m, choice);
	if (why)
		(void)printf("That is not to be had here: %s.\n", why);
	return !why && menu_act(m, choice) ? VERB_GOOD : VERB_BAD;
}

struct wish {
	bool facts, plain;
	const char *act, *rootmnt;
};

static bool parse(int argc, char *const argv[], struct wish *ret)
{
	if (argc >= 1 && strcmp(argv[0], "--facts") == 0)
		ret->facts = true;
	else if (argc >= 1 && strcmp(argv[0], "--plain") == 0)
		ret->plain = true;
	else if (argc >= 2 && strcmp(argv[0], "--do") == 0)
		ret->act = argv[1];
	else if (argc >= 1 && argv[0][0] == '-')
		return false;
	argc -= ret->act ? 2 : ret->facts || ret->plain ? 1 : 0;
	argv += ret->act ? 2 : ret->facts || ret->plain ? 1 : 0;
	ret->rootmnt = argc ? argv[0] : NULL;
	return argc <= 1;
}

static int on_terminal(struct menu *m, const struct wish *w)
{
	int r = terminal_open(&m->here, &m->terminal);

	if (r < 0) {
		say("There is no terminal for the rescue menu.");
		return VERB_BAD;
	}
	if (m->rules.asked || m->before || w->act)
		terminal_note(&m->terminal);
	if (w->act)
		r = act(m, w->act);
	else if (!w->plain && menu_console(m))
		r = VERB_GOOD;
	else
		r = run(m);
	(void)fflush(stdout);
	terminal_close(&m->terminal);
	return r;
}

/* What the console shows: it needs no terminal. */
static int say_only(struct menu *m, enum menu_choice choice)
{
	_cleanup_strbuf_ struct strbuf policy = {0};

	if (choice == MENU_LOG)
		menu_show_log(m, 0);
	else if (!m->rootmnt || report_policy(&m->target, &policy) < 0)
		return VERB_BAD;
	(void)fwrite(strbuf_str(&policy), 1, policy.len, stdout);
	return VERB_GOOD;
}

static int work(struct menu *m, const struct wish *w)
{
	enum menu_choice choice = w->act ? menu_from_word(w->act) : _MENU_CHOICE_MAX;
	int code = VERB_GOOD;

	look(m);
	if (w->facts)
		menu_tell(m);
	else if (choice == MENU_LOG || choice == MENU_DIFF)
		code = say_only(m, choice);
	else
		return on_terminal(m, w);
	return fflush(stdout) == 0 ? code : VERB_BAD;
}

int menu_verb(int argc, char *const argv[])
{
	struct menu m = {.rootmnt = NULL};
	struct wish wish = {.facts = false};
	struct diag d = {0};
	int code = VERB_BAD;

	if (!parse(argc, argv, &wish))
		return VERB_USAGE;
	m.console = wish.facts || wish.act;
	if (root_open_live(&m.here, NULL, &d) < 0) {
		say_diag(&d);
		return VERB_BAD;
	}
	if (open_target(&m, wish.rootmnt, &d) < 0)
		say_diag(&d);
	else
		code = work(&m, &wish);
	if (m.rootmnt && !d.id)
		root_done(&m.target);
	root_done(&m.here);
	return code;
}
