/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/remount.h"
#include "recovery/announce.h"
#include "recovery/evidence.h"
#include "recovery/guard-internal.h"
#include "recovery/say.h"
#include "recovery/verb.h"

enum {
	SYNC_MAX = 10,	   /* seconds that a device may take; then without it */
	ORDERLY_MAX = 45,  /* seconds that PID 1 may take to restart the machine */
	REBOOT_SIGNAL = 5, /* SIGRTMIN + 5: systemd starts reboot.target, systemd(1) */
};

/* In a child: a device that hangs must not hold us. */
static void sync_all(void)
{
	pid_t child = fork();

	if (child == 0) {
		sync();
		_exit(0);
	}
	for (int i = 0; child > 0 && i < SYNC_MAX * 10; i++) {
		if (waitpid(child, NULL, WNOHANG) != 0)
			return;
		(void)usleep(100 * 1000);
	}
}

static void restart_now(const struct guard *g)
{
	sync_all();
	(void)reboot(LINUX_REBOOT_CMD_RESTART);
	say_kernel(&g->here, GUARD_LEVEL, "guard: the machine cannot be restarted: %s",
		   diag_errno(errno));
}

/* By PID 1 where it lives: services end, file systems are unmounted. A policy may deny what
 * it needs for that: then it stops, or takes for ever. */
static void restart(const struct guard *g)
{
	struct pid1_seen seen;

	if (kill(1, SIGRTMIN + REBOOT_SIGNAL) == 0)
		for (int i = 0; i < ORDERLY_MAX; i++) {
			(void)sleep(1);
			pid1_look(&g->pid1, &g->st, &seen);
			if (pid1_frozen(&seen))
				break;
		}
	restart_now(g);
}

static double seconds(clockid_t clock)
{
	struct timespec t = {0};

	(void)clock_gettime(clock, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What is kept for people, in a folder of its own or in one that is there. */
static void keep_evidence(const struct guard *g, unsigned number)
{
	_cleanup_strbuf_ struct strbuf why = {0}, path = {0};
	_cleanup_close_ int fd = -1;
	struct trial t;

	strbuf_addf(&path, GEN_FOLDER "/evidence/%u", number);
	fd = number ? openat(g->target.dir[ROOT_TARGET], strbuf_str(&path),
			     O_PATH | O_DIRECTORY | O_CLOEXEC)
		    : evidence_new(g->target.dir[ROOT_TARGET], NULL);
	strbuf_addf(&why, "cause %s\nboot %s\ntime %.2f\nuptime %.2f\n",
		    trial_cause_word(g->state.cause), g->boot_id, seconds(CLOCK_REALTIME),
		    seconds(CLOCK_BOOTTIME));
	if (trial_read(&g->target, &t, NULL) > 0)
		strbuf_addf(&why, "trial %s\ngeneration %u\n", t.id, t.number);
	if (*g->diagnose.why)
		strbuf_addf(&why, "systemd %s\n", g->diagnose.why);
	if (*g->diagnose.kernel)
		strbuf_addf(&why, "kernel %s\n", g->diagnose.kernel);
	evidence_put(fd, "why", &why);
	evidence_put(fd, "kmsg", &g->log.tail);
}

/* One restart for a cause is all that is made by itself. */
static bool may_restart(const struct guard *g)
{
	char id[TRIAL_BOOT_SIZE];
	struct diag d = {0};
	int r = trial_acted(&g->target, g->state.cause, id, &d);

	if (r == 0)
		return true;
	if (r < 0)
		say_kernel(&g->here, GUARD_LEVEL, "guard: %s: %s No restart by itself",
			   diag_code(d.id), d.text);
	else
		say_kernel(&g->here, GUARD_LEVEL,
			   "guard: the machine was restarted by itself already, "
			   "and it did not help: not again");
	return false;
}

/* On the console, which nobody else uses any more: PID 1 stands still. The menu knows whom it may
 * give a shell. */
static void open_menu(const struct guard *g)
{
	char *words[] = {(char[]){"/"}, NULL}; /* we are in the root by now */
	int fd;

	if (fork() != 0)
		return;
	(void)setsid();
	fd = openat(g->here.dir[ROOT_DEV], "console", O_RDWR); /* becomes our terminal */
	for (int i = 0; fd >= 0 && i < 3; i++)
		(void)dup2(fd, i);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	_exit(fd < 0 ? VERB_BAD : menu_verb(1, words));
}

/* There is nothing more that the guard may do: the administrator's choice decides. */
static void give_up(const struct guard *g)
{
	if (g->fallback == TRIAL_FALLBACK_SHELL)
		open_menu(g);
	if (g->fallback == TRIAL_FALLBACK_HALT) {
		say_kernel(&g->here, GUARD_LEVEL,
			   "guard: the machine is switched off, as on-failure says");
		sync_all();
		(void)reboot(LINUX_REBOOT_CMD_POWER_OFF);
	}
	say_kernel(&g->here, GUARD_LEVEL,
		   "guard: restart the machine; imactl=rescue on the kernel's "
		   "command line brings a menu before the policy is loaded");
}

static bool put_back(const struct guard *g, struct restore_report *report)
{
	struct diag d = g->why_none;

	if (g->good.number && restore_apply(&g->target, &g->good, report, &d) == 0) {
		say_kernel(&g->here, GUARD_LEVEL,
			   "guard: the policy of generation %u is in place again",
			   g->good.number);
		return true;
	}
	say_kernel(&g->here, GUARD_LEVEL, "guard: %s: %s", diag_code(d.id), d.text);
	return false;
}

/* That it runs stands on the disk since before its policy was bound, so the next boot is no
 * trial whatever becomes of this word. One that was confirmed, and whose policy stops PID 1 when
 * it comes from the disk, has failed as well. */
static void mark_failed(const struct guard *g)
{
	struct trial t = {0};
	struct diag d = {0};
	int r = trial_read(&g->target, &t, &d);

	if (r > 0 && (t.state == TRIAL_RUNNING || t.state == TRIAL_PASSED ||
		      t.state == TRIAL_PROVING)) {
		t.state = TRIAL_FAILED;
		t.cause = g->state.cause;
		r = trial_write(&g->target, &t, &d);
	}
	if (r < 0)
		say_kernel(&g->here, GUARD_LEVEL, "guard: %s: %s", diag_code(d.id),
			   d.text);
}

static void undo_freeze(const struct guard *g)
{
	struct restore_report report = {0};
	bool back = put_back(g, &report), may = may_restart(g);
	struct diag d = {0};

	mark_failed(g);
	if (back && may && trial_act(&g->target, g->state.cause, g->boot_id, &d) == 0) {
		keep_evidence(g, report.evidence);
		say_kernel(&g->here, GUARD_LEVEL, "guard: the machine is restarted");
		restart_now(g);
		return;
	}
	if (d.id)
		say_kernel(&g->here, GUARD_LEVEL, "guard: %s: %s No restart by itself",
			   diag_code(d.id), d.text);
	keep_evidence(g, report.evidence);
	give_up(g);
}

static void undo_trial(const struct guard *g)
{
	if (!g->task.early) {
		mark_failed(g);
		keep_evidence(g, 0);
	}
	say_kernel(&g->here, GUARD_LEVEL,
		   "guard: the trial is over, the machine is restarted");
	if (g->state.cause == TRIAL_CAUSE_FREEZE || g->task.early)
		restart_now(g);
	else
		restart(g);
}

/* Paths in /proc and the remount need the root that the machine has by now. It stays writable:
 * the machine restarts, or nobody else would make it so. A device that cannot be written to is
 * told by each that wants to. */
static void enter_root(const struct guard *g)
{
	struct remount m;

	if (g->task.early)
		return;
	if (fchdir(g->target.dir[ROOT_TARGET]) < 0 || chroot(".") < 0)
		say_kernel(&g->here, GUARD_LEVEL, "guard: the root cannot be entered: %s",
			   diag_errno(errno));
	(void)remount_writable(g->target.dir[ROOT_TARGET], &m);
}

void guard_undo(const struct guard *g)
{
	say_kernel(&g->here, GUARD_LEVEL, "guard: %s%s%s",
		   trial_cause_text(g->state.cause), *g->diagnose.why ? ": " : "",
		   g->diagnose.why);
	if (!g->may_act) {
		say_kernel(&g->here, GUARD_LEVEL,
			   "guard: imactl.rollback=off: nothing is done");
		return;
	}
	enter_root(g);
	if (g->task.trial)
		undo_trial(g);
	else
		undo_freeze(g);
}

void guard_announce(const struct guard *g)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	say_kernel(&g->here, GUARD_LEVEL, "guard: %s: the machine restarts in %d s",
		   trial_cause_text(g->state.cause), GUARD_NOTICE);
	if (g->task.early)
		return; /* the other one tells, where there is somebody to tell */
	strbuf_addf(
		&text,
		"imactl: this boot tries a policy, and %s.\n"
		"imactl: the machine restarts in %d seconds, with the policy from before.\n",
		trial_cause_text(g->state.cause), GUARD_NOTICE);
	if (g->state.cause == TRIAL_CAUSE_DEADLINE)
		strbuf_adds(&text, "imactl: 'imactl rollout confirm' keeps it.\n");
	announce_all(&g->here, strbuf_str(&text));
}

void guard_recall(const struct guard *g)
{
	say_kernel(&g->here, GUARD_LEVEL, "guard: the machine does not restart now");
	if (!g->task.early)
		announce_all(&g->here, "imactl: the machine does not restart now.\n");
}

void guard_tell(const struct guard *g, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	unsigned left = (unsigned)(g->task.deadline - now);

	say_kernel(&g->here, GUARD_LEVEL,
		   "guard: this trial was found healthy and waits %u s to be confirmed",
		   left);
	strbuf_addf(
		&text,
		"imactl: this boot tries a policy, and was found healthy.\n"
		"imactl: 'imactl rollout confirm' keeps it; in %u min %02u s the machine "
		"restarts\nimactl: by itself, with the policy from before.\n",
		left / 60, left % 60);
	announce_all(&g->here, strbuf_str(&text));
}
