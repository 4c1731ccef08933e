/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "recovery/guard-internal.h"
#include "recovery/kernelfs.h"
#include "recovery/say.h"
#include "recovery/verb.h"

#define POLICY	   "etc/ima/ima-policy"
#define NOT_KILLED "-1000" /* Documentation/filesystems/proc.rst, 3.1 */

enum {
	LOOK_AGAIN = 100, /* milliseconds */
	IDLE = 1000,	  /* without a record */
	POLICY_MAX = 16 << 20,
	READY = 3, /* the descriptor that is closed when all is read */
};

static uint64_t uptime(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail */
	return (uint64_t)t.tv_sec;
}

/* What the kernel's command line says */

static bool is_off(struct span line, const char *name)
{
	struct cmdline_word w;

	return cmdline_last(line, name, &w) && span_is(w.value, "off");
}

static uint64_t deadline_of(struct span line)
{
	struct cmdline_word w;
	uint64_t v;

	if (!cmdline_last(line, "imactl.deadline", &w) || str_to_u64(w.value, &v) < 0 ||
	    v < GUARD_DEADLINE_MIN || v > GUARD_DEADLINE_MAX)
		return TRIAL_DEADLINE;
	return v;
}

/* Before a policy is loaded */

/* What PID 1 is about to load: if it stops, going back to the same text does not help. */
static void pick_good(struct guard *g)
{
	_cleanup_strbuf_ struct strbuf policy = {0};
	_cleanup_close_ int fd = fspath_open_in(g->target.dir[ROOT_TARGET], POLICY,
						O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct restore_wish wish;
	struct bootnote note;
	struct utsname u;

	if (fd >= 0)
		(void)fs_read_fd(fd, POLICY_MAX, POLICY, &policy, NULL);
	bootnote_load(&g->here, &note);
	(void)uname(&u); /* cannot fail */
	wish = (struct restore_wish){
		.release = u.release,
		.not = note.generation,
		.policy = strbuf_span(&policy),
	};
	(void)restore_pick(&g->target, &wish, &g->good, &g->why_none);
	g->fallback = trial_fallback(&g->target);
}

static int prepare(struct guard *g, struct diag *reterr)
{
	int r = pid1_open(&g->here, &g->pid1);

	if (r == 0)
		r = klog_open(&g->here, false, &g->log);
	if (r == 0 && !g->task.early && fstat(g->target.dir[ROOT_TARGET], &g->st) < 0)
		r = -errno;
	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, -r,
				"The guard cannot watch PID 1: %s.", diag_errno(-r));
	if (!g->task.trial)
		pick_good(g);
	return 0;
}

/* Nothing but the machine's own end ends it: memory that runs out, the end of a session, the
 * kill at switch-root, which spares who begins with '@' (systemd's killall.c ignore_proc()). */
static void settle(const struct guard *g)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT};
	int fd = openat(g->here.dir[ROOT_PROC], "self/oom_score_adj",
			O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < array_size(signals); i++)
		(void)signal(signals[i], SIG_IGN);
	if (fd >= 0) {
		(void)fs_write_all(fd, NOT_KILLED, strlen(NOT_KILLED));
		(void)close(fd);
	}
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	(void)prctl(PR_SET_NAME, "imactl-guard");
	program_invocation_name[0] = '@'; /* it is the argument itself */
	(void)!chdir("/");
}

/* Watching */

static void take_records(struct guard *g)
{
	struct span record;

	while (klog_next(&g->log, &record) > 0)
		(void)diagnose_add(&g->diagnose, record);
}

static void look(struct guard *g, struct guard_facts *f)
{
	*f = (struct guard_facts){
		.now = uptime(),
		.policy_stops = diagnose_policy_stops(&g->diagnose),
		.stops = diagnose_stops(&g->diagnose),
	};
	pid1_look(&g->pid1, &g->st, &f->pid1);
	bootnote_load(&g->here, &f->note);
}

/* Records wake it, but no more often than PID 1 is worth a look. */
static void wait_for_news(const struct guard *g, const struct guard_facts *f)
{
	struct pollfd p = {.fd = g->log.fd, .events = POLLIN};

	(void)usleep(LOOK_AGAIN * 1000);
	if (!f->stops)
		(void)poll(&p, 1, IDLE);
}

static void watch(struct guard *g)
{
	struct guard_facts f;

	for (;;) {
		take_records(g);
		look(g, &f);
		switch (guard_decide(&g->task, &f, &g->state)) {
		case GUARD_END:
			return;
		case GUARD_ANNOUNCE:
			guard_announce(g);
			break;
		case GUARD_RECALL:
			guard_recall(g);
			break;
		case GUARD_TELL:
			guard_tell(g, f.now);
			break;
		case GUARD_UNDO:
			guard_undo(g);
			return;
		case GUARD_WAIT:
		default:
			break;
		}
		wait_for_news(g, &f);
	}
}

/* Starting */

static void close_above(unsigned last)
{
	if (syscall(SYS_close_range, last + 1, ~0u, 0) == 0)
		return;
	for (int fd = (int)last + 1; fd < 1024; fd++) /* before 5.9 */
		(void)close(fd);
}

static void leave_terminal(const struct guard *g)
{
	int null = openat(g->here.dir[ROOT_DEV], "null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < READY; fd++)
		(void)dup2(null, fd);
	cleanup_closep(&null);
}

/* The roots anew, by their paths: the caller's descriptors are closed. */
static int open_roots(const struct guard_spec *spec, struct guard *g, struct diag *reterr)
{
	int r = root_open_live(&g->here, spec->here->target_path, reterr);

	if (r == 0 && spec->target)
		r = root_open_live(&g->target, spec->target->target_path, reterr);
	if (r == 0)
		r = root_make_place(&g->here, ROOT_RUN, 0755, reterr);
	return r < 0 ? r : trial_boot_id(&g->here, g->boot_id, reterr);
}

/* For whoever asks how long it takes: that it can be told is not needed to guard. */
static void leave_notes(struct guard *g)
{
	if (g->task.trial)
		(void)bootnote_set_number(&g->here, BOOTNOTE_DEADLINE, g->task.deadline,
					  NULL);
	(void)bootnote_set_number(&g->here, BOOTNOTE_GUARD, (uint64_t)getpid(), NULL);
}

/* In the child, which holds nothing but the end of the pipe. */
static void run(const struct guard_spec *spec, struct guard *g)
{
	struct diag d = {0};
	int r;

	(void)setsid();
	r = open_roots(spec, g, &d);
	if (r == 0)
		r = prepare(g, &d);
	if (r < 0) {
		say_diag(&d);
		return;
	}
	settle(g);
	leave_terminal(g);
	if (!g->task.early)
		leave_notes(g);
	(void)!write(READY, "r", 1);
	(void)close(READY);
	watch(g);
}

/* Until the child is ready or gone. */
static int wait_ready(int fd)
{
	char c;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -ECHILD;
}

static pid_t start(const struct guard_spec *spec, struct guard *g, struct diag *reterr)
{
	int ends[2], r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
		return diag_set(reterr, DIAG_MEMORY, errno,
				"The guard cannot be started: %s.", diag_errno(errno));
	if (child == 0) {
		if (ends[1] != READY)
			(void)dup2(ends[1], READY);
		close_above(READY);
		run(spec, g);
		_exit(0);
	}
	(void)close(ends[1]);
	r = wait_ready(ends[0]);
	(void)close(ends[0]);
	return r == 0 ? child
		      : diag_set(reterr, DIAG_INTERNAL, ECHILD,
				 "The guard ended at once.");
}

pid_t guard_start(const struct guard_spec *spec, struct diag *reterr)
{
	struct guard g = {
		.task = {.trial = spec->trial, .early = !spec->target},
		.pid1 = {-1, -1},
	};
	_cleanup_strbuf_ struct strbuf line = {0};
	int r = root_read(spec->here, ROOT_CMDLINE, &line, reterr);

	if (r < 0)
		return r;
	if (is_off(strbuf_span(&line), "imactl.guard"))
		return 0;
	g.may_act = !is_off(strbuf_span(&line), "imactl.rollback");
	g.task.deadline = deadline_of(strbuf_span(&line));
	return start(spec, &g, reterr);
}

/* By hand and from the initramfs */

/* The words of a trial stay where they should not: kdump and kexec take them along. */
static bool is_trial_by_words(const struct root *here)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	struct cmdline_word w;

	return root_read(here, ROOT_CMDLINE, &line, NULL) >= 0 &&
	       cmdline_last(strbuf_span(&line), "imactl.trial", &w) &&
	       !kernelfs_saves_dump(here);
}

/* That this very boot runs it stands on the disk. */
static bool is_trial_by_state(const struct root *here, const struct root *target)
{
	char boot_id[TRIAL_BOOT_SIZE];
	struct trial t;

	return trial_boot_id(here, boot_id, NULL) == 0 &&
	       trial_read(target, &t, NULL) > 0 &&
	       (t.state == TRIAL_RUNNING || t.state == TRIAL_PASSED) &&
	       strcmp(t.boot_id, boot_id) == 0;
}

static pid_t start_at(const struct root *here, const char *rootmnt, struct diag *reterr)
{
	struct guard_spec spec = {.here = here};
	struct root target;
	pid_t r;

	if (!rootmnt) {
		spec.trial = is_trial_by_words(here);
		return spec.trial ? guard_start(&spec, reterr) : 0;
	}
	r = root_open_live(&target, rootmnt, reterr);
	if (r < 0)
		return r;
	spec.target = &target;
	spec.trial = is_trial_by_state(here, &target);
	r = guard_start(&spec, reterr);
	root_done(&target);
	return r;
}

/* A boot goes on without a guard, too. */
int guard_verb(int argc, char *const argv[])
{
	struct diag d = {0};
	struct root here;
	pid_t r;

	if (argc > 1)
		return VERB_USAGE;
	r = root_open_live(&here, NULL, &d);
	if (r == 0) {
		r = start_at(&here, argc ? argv[0] : NULL, &d);
		root_done(&here);
	}
	if (r < 0)
		say_diag(&d);
	return r < 0 ? VERB_BAD : VERB_GOOD;
}
