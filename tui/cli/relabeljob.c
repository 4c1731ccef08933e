/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/relabeljob.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/change-audit.h"
#include "tui/cli/relabelout.h"

enum {
	TICK_MS = 500,
	STOP_MS = 100,
};

static void say(const char *text, size_t len)
{
	(void)fs_write_all(STDERR_FILENO, text,
			   len); /* nobody reads it: the job goes on */
}

/* Progress: on a terminal one line that is written over, with --json one object a line. */
struct show {
	struct cli *cli;
	bool to_out; /* JSON goes to standard output: somebody asked for a stream of it */
	size_t width; /* of the line on the terminal */
	uint64_t due_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void show_json(struct show *s, const struct relabel_job *job)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	relabelout_json(s->to_out ? out_buf(s->cli->out) : &b, job);
	if (s->to_out)
		(void)out_flush(s->cli->out); /* seen when the last line is written */
	else
		say(b.ptr, b.len);
}

static void show_line(struct show *s, const struct relabel_job *job)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	size_t width, columns = s->cli->out->width ? s->cli->out->width : SIZE_MAX;

	strbuf_addc(&b, '\r');
	relabelout_line(&b, job);
	if (b.len > columns) /* a line that wraps is not written over */
		b.len = columns;
	width = b.len ? b.len - 1 : 0;
	for (size_t i = width; i < s->width; i++)
		strbuf_addc(&b, ' ');
	s->width = width;
	say(b.ptr, b.len);
}

static void show(struct show *s, const struct relabel_job *job)
{
	if (s->cli->json)
		show_json(s, job);
	else if (isatty(STDERR_FILENO))
		show_line(s, job);
}

static void show_end(struct show *s)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (!s->width)
		return;
	strbuf_addc(&b, '\r');
	for (size_t i = 0; i < s->width; i++)
		strbuf_addc(&b, ' ');
	strbuf_addc(&b, '\r');
	say(b.ptr, b.len);
	s->width = 0;
}

/* Signals that stop: taken through a descriptor, so that steps end whole. */
static int take_signals(bool take)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigprocmask(take ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL) < 0 || !take)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int signal_of(int fd)
{
	struct signalfd_siginfo info;

	if (fd < 0 || read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

/* Working */

struct worker {
	const struct relabel_job *job;
	struct show *show; /* NULL: nobody watches this process */
	int signals, caught;
};

static bool stop(void *user)
{
	struct worker *w = user;
	int caught = signal_of(w->signals);

	if (caught)
		w->caught = caught;
	if (w->show && now_ms() >= w->show->due_ms) {
		show(w->show, w->job);
		w->show->due_ms = now_ms() + TICK_MS;
	}
	return w->caught;
}

static int work(struct cli *cli, struct relabel_job *job,
		const struct relabeljob_how *how, struct show *show, int *ret_caught,
		struct diag *reterr)
{
	struct worker w = {.job = job, .show = show, .signals = take_signals(true)};
	struct relabel_job_run run = {
		.key = how->key,
		.resume = how->resume,
		.kernel_fixes = how->kernel_fixes,
		.stop = stop,
		.audit = change_audit_hook,
		.user = &w,
	};
	int r = relabel_job_run(&cli->root, job, &run, reterr);

	if (w.signals >= 0)
		(void)close(w.signals); /* nothing is written to it */
	(void)take_signals(false);
	*ret_caught = w.caught;
	return r;
}

static int report(struct cli *cli, const struct relabel_job *job, int caught)
{
	if (job->failure.id)
		(void)cmd_fail(&job->failure);
	relabelout_job(cli, job);
	return caught ? 128 + caught : relabelout_exit(job);
}

static int run_here(struct cli *cli, struct relabel_job *job,
		    const struct relabeljob_how *how)
{
	_cleanup_relabel_job_ struct relabel_job now = {0};
	struct show s = {.cli = cli};
	struct diag d = {0};
	int caught = 0, r;

	if (out_flush(cli->out) < 0)
		return CMD_IMPOSSIBLE; /* said when it is finished */
	r = work(cli, job, how, &s, &caught, &d);
	show_end(&s);
	if (r >= 0) /* as others find it now that nobody works on it */
		r = relabel_job_load(&cli->root, job->id, &now, &d);
	return r < 0 ? cmd_fail(&d) : report(cli, &now, caught);
}

/* Away from the terminal: a session of its own, nothing of its descriptors. */
static void detach(struct cli *cli)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid(); /* fails only for the leader of a group, which a child is not */
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd); /* what it has to say is in the job's notes */
	strbuf_clear(out_buf(cli->out));
	(void)signal(SIGHUP, SIG_IGN);
}

/* The child: what hinders it from beginning goes back through the pipe. */
static int child(struct cli *cli, struct relabel_job *job,
		 const struct relabeljob_how *how, int pipe_fd)
{
	struct diag d = {0};
	int caught;

	detach(cli);
	if (work(cli, job, how, NULL, &caught, &d) >= 0)
		return CMD_OK;
	(void)fs_write_all(pipe_fd, &d, sizeof(d)); /* one that left does not hear it */
	return cmd_exit_of(&d);
}

/* Following */

/* True: the job's process has ended; *d says why it never began, or is as it was. */
static bool has_ended(int pipe_fd, struct diag *d)
{
	struct diag sent;
	ssize_t n = read(pipe_fd, &sent, sizeof(sent));

	if (n == (ssize_t)sizeof(sent))
		*d = sent;
	return n >= 0;
}

static void ask_stop(struct cli *cli, unsigned id)
{
	_cleanup_close_ int dir = job_open(&cli->root, id, NULL);

	if (dir >= 0)
		(void)job_ask_stop(dir, NULL); /* asked again with the next ^C */
}

/* Until it has ended, or has begun (@detach). */
static int watch(struct cli *cli, unsigned id, int pipe_fd, bool detach, int *ret_caught,
		 struct relabel_job *ret, struct diag *reterr)
{
	struct show s = {.cli = cli};
	struct pollfd p[2] = {{.fd = pipe_fd, .events = POLLIN},
			      {.fd = take_signals(true), .events = POLLIN}};
	struct diag why = {0};
	bool ended = false;
	int r = 0;

	while (!ended && r == 0) {
		int caught;

		(void)poll(p, 2, detach ? STOP_MS : TICK_MS); /* looked at below */
		ended = p[0].revents && has_ended(pipe_fd, &why);
		relabel_job_done(ret);
		r = relabel_job_load(&cli->root, id, ret, reterr);
		if (r < 0 || (detach && ret->change))
			break;
		caught = signal_of(p[1].fd);
		if (caught) {
			ask_stop(cli, id);
			*ret_caught = caught;
		}
		if (!ended && !detach)
			show(&s, ret);
	}
	show_end(&s);
	if (p[1].fd >= 0)
		(void)close(p[1].fd); /* nothing is written to it */
	(void)take_signals(false);
	if (r == 0 && why.id)
		*reterr = why;
	return why.id ? -why.err : r;
}

static int begun(struct cli *cli, const struct relabel_job *job)
{
	if (cli->json)
		relabelout_json(out_buf(cli->out), job);
	else
		out_addf(
			cli->out,
			"Job %u is at work. 'imactl label status --follow' shows how far "
			"it is, 'imactl label stop' ends it.\n",
			job->id);
	return CMD_OK;
}

static int run_apart(struct cli *cli, struct relabel_job *job,
		     const struct relabeljob_how *how)
{
	_cleanup_relabel_job_ struct relabel_job now = {0};
	struct diag d = {0};
	int ends[2], caught = 0, r;
	pid_t pid;

	if (out_flush(cli->out) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return CMD_IMPOSSIBLE; /* said when it is finished */
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		return child(cli, job, how, ends[1]); /* closed by its end */
	}
	(void)close(ends[1]);
	if (pid < 0)
		r = diag_set(&d, DIAG_MEMORY, errno, "Cannot start a process: %s.",
			     diag_errno(errno));
	else
		r = watch(cli, job->id, ends[0], how->detach, &caught, &now, &d);
	(void)close(ends[0]);
	if (r < 0)
		return cmd_fail(&d);
	return now.state == RELABEL_JOB_RUNNING ? begun(cli, &now)
						: report(cli, &now, caught);
}

int relabeljob_run(struct cli *cli, struct relabel_job *job,
		   const struct relabeljob_how *how)
{
	return how->foreground ? run_here(cli, job, how) : run_apart(cli, job, how);
}

int relabeljob_follow(struct cli *cli, unsigned id)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct show s = {.cli = cli, .to_out = true};
	struct diag d = {0};
	int r;

	for (;;) {
		relabel_job_done(&job);
		r = relabel_job_load(&cli->root, id, &job, &d);
		if (r < 0 || job.state != RELABEL_JOB_RUNNING || cli->out->err)
			break;
		show(&s, &job);
		(void)poll(NULL, 0, TICK_MS);
	}
	show_end(&s);
	if (r < 0)
		return cmd_fail(&d);
	relabelout_job(cli, &job);
	return relabelout_exit(&job);
}

int relabeljob_stop(struct cli *cli, unsigned id, struct diag *reterr)
{
	_cleanup_close_ int dir = job_open(&cli->root, id, reterr);
	int r;

	if (dir < 0)
		return dir;
	if (!job_is_running(dir))
		return diag_set(reterr, DIAG_NOTHING_OPEN, ESRCH,
				"Job %u is not at work.", id);
	r = job_ask_stop(dir, reterr);
	while (r == 0 && job_is_running(dir))
		(void)poll(NULL, 0, STOP_MS);
	return r;
}
