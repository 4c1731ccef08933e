/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/touch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

/* Between fork() and the end of the child only what is safe behind a lock that some other
 * thread may have held: system calls. */
struct attempt {
	int fd;		     /* O_PATH, kept over execve(2): scripts are named by it */
	const char *fd_path; /* a path to it */
	uint32_t uid;
	int answer; /* pipe: an errno, as int; nothing: see waitpid(2) */
};

static int try_open(const struct attempt *a, int flags)
{
	int fd = open(a->fd_path, flags | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int try_read(const struct attempt *a)
{
	int fd = try_open(a, O_RDONLY);

	return fd < 0 ? fd : 0;
}

/* Nothing is truncated and nothing written: the kernel only asks whether it may be. */
static int try_write(const struct attempt *a)
{
	int fd = try_open(a, O_WRONLY);

	return fd < 0 ? fd : 0;
}

static int try_map(const struct attempt *a)
{
	int fd = try_open(a, O_RDONLY);

	if (fd < 0)
		return fd;
	return mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED
		       ? -errno
		       : 0;
}

enum { NOT_TRIED = 1 };

/* fs/exec.c begin_new_exec() has the tracer told before user space is reached. Where nobody
 * may trace (yama) a program would really run. */
static int try_exec(const struct attempt *a)
{
	char word[] = "imactl", *none[] = {NULL}, *name[] = {word, NULL};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return NOT_TRIED;
	(void)execveat(a->fd, "", name, none, AT_EMPTY_PATH);
	return -errno;
}

static const struct {
	const char *word;
	int (*try)(const struct attempt *a);
	bool runs;
} ops[] = {
	{"read", try_read, false},
	{"write", try_write, false},
	{"mmap", try_map, false},
	{"exec", try_exec, true},
};

static int op_of(const char *word)
{
	for (size_t i = 0; i < array_size(ops); i++)
		if (strcmp(ops[i].word, word) == 0)
			return (int)i;
	return -EINVAL;
}

bool touch_can(const char *op)
{
	return op_of(op) >= 0;
}

static int become(uint32_t uid)
{
	if (!uid || geteuid() == uid)
		return 0;
	return setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ? -errno : 0;
}

/* What stops a program at its first instruction is a SIGTRAP, which must not be blocked: as
 * it is in the threads of a pool (kernel-side: linux 6.12 ptrace.h ptrace_event()). */
static void unblock(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The child, which never returns. */
__attribute__((noreturn)) static void child(const struct attempt *a, int op)
{
	int r;

	unblock();
	r = become(a->uid) < 0 ? NOT_TRIED : ops[op].try(a);
	/* the parent sees where nothing was said */
	if (r != NOT_TRIED)
		(void)!write(a->answer, &r, sizeof(r));
	for (;;)
		(void)kill(getpid(), SIGKILL);
}

/* What it said; where it ran instead it is stopped, and ended. */
static int wait_for(pid_t pid, int answer, bool runs, bool *ret_tried)
{
	int status, r = 0;
	bool ran = false;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		ran |= WSTOPSIG(status) == SIGTRAP;
		(void)kill(pid, SIGKILL);
	}
	if (ran && runs) {
		*ret_tried = true;
		return 0;
	}
	*ret_tried = read(answer, &r, sizeof(r)) == sizeof(r);
	return *ret_tried ? r : -ECHILD;
}

static int attempt(struct attempt *a, int op, bool *ret_tried)
{
	_cleanup_close_ int in = -1, out = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	a->answer = out;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(a, op);
	(void)close(take_fd(&out)); /* or what is not said would be waited for */
	return wait_for(pid, in, ops[op].runs, ret_tried);
}

int touch_file(const struct root *root, const char *path, const char *op, uint32_t uid,
	       bool *ret_tried)
{
	_cleanup_close_ int named = -1, kept = -1;
	struct attempt a = {.uid = uid};
	char fd_path[32];
	int i = op_of(op);

	*ret_tried = false;
	if (i < 0)
		return i;
	named = fspath_open(root->dir[ROOT_TARGET], path, O_PATH | O_CLOEXEC);
	if (named < 0)
		return named;
	kept = fcntl(named, F_DUPFD, 3);
	if (kept < 0)
		return -errno;
	a.fd = kept;
	a.fd_path = fs_fd_path(fd_path, kept);
	return attempt(&a, i, ret_tried);
}
