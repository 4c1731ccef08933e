/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/trial.h"
#include "recovery/disk.h"
#include "recovery/gate.h"
#include "recovery/menu-internal.h"
#include "recovery/password.h"
#include "recovery/pcrcap.h"
#include "recovery/pid1.h"
#include "recovery/report.h"
#include "recovery/restore.h"
#include "recovery/say.h"

enum {
	TRIES = 3,
	PASSWORD_SIZE = 256,
	WRONG_SECONDS = 3,
	LOG_LINES = 15, /* with the menu below, on a screen of 24 */
};

/* Whether it is root who types, asked as often as sulogin does. */
static bool asked_right(struct menu *m)
{
	char typed[PASSWORD_SIZE];

	for (int i = 0; i < TRIES; i++) {
		(void)fputs("Password of root: ", stdout);
		if (terminal_line(&m->terminal, typed, sizeof(typed), false, 0) !=
		    TERMINAL_LINE)
			return false;
		if (password_check(&m->target, typed) == PASSWORD_RIGHT)
			return true;
		(void)sleep(WRONG_SECONDS);
		(void)puts("That is not it.");
	}
	return false;
}

static bool is_root(struct menu *m)
{
	switch (password_kind(&m->target)) {
	case PASSWORD_NONE:
		(void)puts("root has no password: nobody is asked for one.");
		return true;
	case PASSWORD_LOCKED:
		(void)puts("root cannot log in on this machine, so not here either.");
		return false;
	case PASSWORD_UNKNOWN:
		(void)puts("Whether root has a password cannot be read, so nobody is let "
			   "in.");
		return false;
	default:
		return asked_right(m);
	}
}

static bool cap(struct menu *m)
{
	int r = pcrcap_all(&m->here);

	if (r == 0) {
		(void)puts("There is no TPM: nothing is sealed to this boot.");
	} else if (r > 0) {
		(void)puts("PCRs 7 and 11 were extended: what is sealed to them stays "
			   "closed, and the boot\naggregate does not match, until the "
			   "machine restarts.");
	} else {
		(void)printf("The TPM could not be told (%s), and what is sealed to this "
			     "boot may open: no shell.\n",
			     diag_errno(-r));
	}
	return r >= 0;
}

static void shell(struct menu *m)
{
	int r;

	if (!is_root(m) || !cap(m))
		return;
	say_kernel(&m->here, 4, "rescue: a shell was opened with root's password");
	if (m->before)
		(void)printf("The root is at %s, as it was mounted.\n", m->rootmnt);
	(void)fflush(stdout);
	r = terminal_shell(&m->terminal);
	if (r < 0)
		(void)printf("There is no shell here: %s.\n", diag_errno(-r));
}

/* The same that `imactl-recovery rollback` does. */
static int put_back(struct menu *m, struct diag *reterr)
{
	_cleanup_restore_ struct restore good = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	struct restore_wish wish = {.number = m->good};
	struct restore_report report;
	struct utsname u;
	int r;

	(void)uname(&u); /* cannot fail */
	wish.release = u.release;
	r = restore_pick(&m->target, &wish, &good, reterr);
	if (r == 0)
		r = restore_apply(&m->target, &good, &report, reterr);
	if (r < 0)
		return r;
	restore_text(&good, &report, &text);
	(void)fputs(strbuf_str(&text), stdout);
	say_kernel(&m->here, 4, "rescue: generation %u was put back on the disk",
		   good.number);
	return 0;
}

/* Does something stand in the place of /etc/ima, a trial for one? Where that cannot be told
 * (before Linux 5.8) it may. */
static bool covered(const struct menu *m)
{
	_cleanup_close_ int fd = fspath_open_in(m->target.dir[ROOT_TARGET], "etc/ima",
						O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx x;

	if (fd < 0)
		return fd != -ENOENT;
	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &x) < 0 ||
	       !(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
	       (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* On the disk; else why not is said. */
static bool is_back(struct menu *m)
{
	struct diag d = {0};
	int r = put_back(m, &d);

	if (r < 0)
		(void)printf("The disk stays as it is: %s\n", d.text);
	(void)fflush(stdout);
	return r == 0;
}

static bool boot_good(struct menu *m)
{
	bool back = is_back(m);

	if (!m->before) {
		if (back)
			(void)puts("It is loaded when the machine is restarted.");
		return false;
	}
	if (gate_run(m->rootmnt, GATE_GOOD) == 0)
		return true;
	if (back && !covered(m))
		return true; /* the disk is what PID 1 reads */
	(void)puts("It could not be put in place for this boot.");
	return false;
}

static bool boot_without(struct menu *m)
{
	if (!trial_unprotected(&m->target) && !is_root(m))
		return false;
	say_kernel(&m->here, 4, "rescue: a boot without a policy was chosen");
	(void)fflush(stdout);
	if (gate_run(m->rootmnt, GATE_NO_POLICY) == 0)
		return true;
	(void)puts("That is not possible here.");
	return false;
}

/* systemd(1), SIGNALS: what starts reboot.target and poweroff.target. */
static int ask_pid1(const struct menu *m, int how)
{
	int signal = SIGRTMIN + (how == RB_POWER_OFF ? 4 : 5);
	struct pid1_seen seen;
	struct stat st;
	struct pid1 p;

	if (pid1_open(&m->here, &p) < 0)
		return -ESRCH;
	if (fstat(m->here.dir[ROOT_TARGET], &st) < 0)
		st = (struct stat){0};
	pid1_look(&p, &st, &seen);
	pid1_close(&p);
	if (!pid1_lives(&seen) || strcmp(seen.comm, "systemd") != 0)
		return -ESRCH;
	return kill(1, signal) < 0 ? -errno : 0;
}

/* A machine that runs is taken down in order, where there is still somebody to do it. */
static void end_machine(const struct menu *m, int how)
{
	if (!m->before && !m->initramfs && ask_pid1(m, how) == 0) {
		(void)puts("systemd was asked to take the machine down.");
		return;
	}
	(void)fflush(stdout);
	sync();
	if (reboot(how) < 0)
		(void)printf("That did not work: %s.\n", diag_errno(errno));
}

static void roll_back(struct menu *m)
{
	if (is_back(m))
		end_machine(m, RB_AUTOBOOT);
}

/* Which of them; NULL: none. */
static const struct disk *choose_disk(struct menu *m, const struct disk *disks, size_t n)
{
	char typed[16];
	uint64_t number;

	if (!n) {
		(void)puts(
			"No disk is there that a report can be saved to: one with a file "
			"system (vfat, exfat,\next4, xfs, btrfs) that is not in use. Plug "
			"one in and choose again.");
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};

		disk_text(&disks[i], &text);
		(void)printf(" %2zu) %s\n", i + 1, strbuf_str(&text));
	}
	(void)fputs("Which one (Enter: none): ", stdout);
	if (terminal_line(&m->terminal, typed, sizeof(typed), true, 0) != TERMINAL_LINE ||
	    str_to_u64(span_of(typed), &number) < 0 || !number || number > n)
		return NULL;
	return &disks[number - 1];
}

static void report(struct menu *m)
{
	struct disk disks[DISK_MAX];
	size_t n = disk_list(&m->here, disks);
	const struct disk *disk = choose_disk(m, disks, n);
	struct diag d = {0};
	char folder[REPORT_NAME_SIZE];

	if (!disk) {
		(void)puts("Nothing was saved.");
		return;
	}
	(void)fflush(stdout);
	if (report_to_disk(&m->here, m->rootmnt ? &m->target : NULL, disk, folder, &d) <
	    0)
		(void)printf("Nothing was saved: %s\n", d.text);
	else
		(void)printf(
			"Saved in the folder %s of %s, which can be taken away now.\n",
			folder, disk->name);
}

bool menu_act(struct menu *m, enum menu_choice choice)
{
	switch (choice) {
	case MENU_ROLL_BACK:
		roll_back(m);
		return false;
	case MENU_CONTINUE:
		return boot_good(m);
	case MENU_NO_POLICY:
		return boot_without(m);
	case MENU_REPORT:
		report(m);
		return false;
	case MENU_SHELL:
		shell(m);
		return false;
	case MENU_LOG:
		menu_show_log(m, m->console ? 0 : LOG_LINES);
		return false;
	case MENU_RESTART:
		end_machine(m, RB_AUTOBOOT);
		return false;
	case MENU_OFF:
		end_machine(m, RB_POWER_OFF);
		return false;
	case MENU_GO_ON:
		return true;
	default:
		return false;
	}
}
