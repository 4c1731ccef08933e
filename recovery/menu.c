/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain rescue: numbered choices for whoever sits in front of a machine that does not
 * start, in the initramfs or in a shell. It acts by the code that acts by itself, and shows
 * what can be told without opening a file of the root.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/gen.h"
#include "recovery/menu-internal.h"
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

	if (!in_initramfs(here))
		return "/";
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

	m->rootmnt = given ? given : find_rootmnt(&m->here);
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

	(void)uname(&u); /* cannot fail */
	if (m->rootmnt && gen_list_load(&m->target, u.release, &list, NULL) == 0)
		m->good = gen_newest_blessed(&list, 0);
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
		enum menu_choice fallback = MENU_GO_ON, choice;

		if (!menu_refuses(m, MENU_GOOD))
			fallback = MENU_GOOD;
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

static int run(struct menu *m)
{
	int r = terminal_open(&m->here, &m->terminal);

	if (r < 0) {
		say("There is no terminal for the rescue menu.");
		return VERB_BAD;
	}
	look(m);
	if (m->rules.asked || m->before)
		terminal_note(&m->terminal);
	menu_show(m);
	ask(m);
	(void)fflush(stdout);
	terminal_close(&m->terminal);
	return VERB_GOOD;
}

int menu_verb(int argc, char *const argv[])
{
	struct menu m = {.rootmnt = NULL};
	struct diag d = {0};
	int code = VERB_BAD;

	if (argc > 1)
		return VERB_USAGE;
	if (root_open_live(&m.here, NULL, &d) < 0) {
		say_diag(&d);
		return VERB_BAD;
	}
	if (open_target(&m, argc ? argv[0] : NULL, &d) < 0)
		say_diag(&d);
	else
		code = run(&m);
	if (m.rootmnt && !d.id)
		root_done(&m.target);
	root_done(&m.here);
	return code;
}
