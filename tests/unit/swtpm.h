/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A software TPM that a test starts and ends. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/root.h"
#include "tests/unit/test.h"

struct swtpm {
	char dir[64];
	char tcti[128];
	struct sockaddr_un address;
	pid_t pid;
	struct root root;
};

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The child dies with this program, also when a sanitizer ends it. */
static pid_t spawn(char *const argv[])
{
	pid_t parent = getpid(), pid = fork();
	int null;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static int swtpm_connect(const struct swtpm *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Until it listens: at most 10 s, which only a broken machine needs. */
static bool swtpm_ready(const struct swtpm *s)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < 2000; i++) {
		_cleanup_close_ int fd = swtpm_connect(s);

		if (fd >= 0)
			return true;
		(void)nanosleep(&nap, NULL);
	}
	return false;
}

static bool swtpm_allocate(const struct swtpm *s, char *banks)
{
	char dir[64];
	char *const argv[] = {(char[]){"swtpm_setup"},
			      (char[]){"--tpm2"},
			      (char[]){"--tpmstate"},
			      dir,
			      (char[]){"--overwrite"},
			      (char[]){"--pcr-banks"},
			      banks,
			      NULL};
	pid_t pid;

	(void)snprintf(dir, sizeof(dir), "%s", s->dir);
	pid = spawn(argv);
	return pid > 0 && wait_for(pid) == 0;
}

static bool swtpm_start(struct swtpm *s, const char *flags)
{
	char state[128], server[160], ctrl[160], flag[64];
	/* setpriv: gone with this test however it ends. */
	char *const argv[] = {(char[]){"setpriv"},
			      (char[]){"--pdeathsig"},
			      (char[]){"KILL"},
			      (char[]){"swtpm"},
			      (char[]){"socket"},
			      (char[]){"--tpm2"},
			      (char[]){"--tpmstate"},
			      state,
			      (char[]){"--server"},
			      server,
			      (char[]){"--ctrl"},
			      ctrl,
			      (char[]){"--flags"},
			      flag,
			      NULL};

	(void)snprintf(state, sizeof(state), "dir=%s", s->dir);
	(void)snprintf(server, sizeof(server), "type=unixio,path=%s/sock", s->dir);
	(void)snprintf(ctrl, sizeof(ctrl), "type=unixio,path=%s/sock.ctrl", s->dir);
	(void)snprintf(flag, sizeof(flag), "%s", flags);
	s->pid = spawn(argv);
	return s->pid > 0 && swtpm_ready(s);
}

static void swtpm_stop(struct swtpm *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)wait_for(s->pid);
	}
	s->pid = 0;
}

static int swtpm_setup(void **state)
{
	struct swtpm *s = calloc(1, sizeof(*s));

	strcpy(s->dir, "/tmp/imactl-swtpm-XXXXXX");
	if (!mkdtemp(s->dir) || root_open_live(&s->root, NULL, NULL) < 0)
		return -1;
	s->address.sun_family = AF_UNIX;
	(void)snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s/sock",
		       s->dir);
	(void)snprintf(s->tcti, sizeof(s->tcti), "swtpm:path=%s/sock", s->dir);
	*state = s;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int swtpm_teardown(void **state)
{
	struct swtpm *s = *state;

	swtpm_stop(s);
	(void)nftw(s->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	root_done(&s->root);
	free(s);
	return 0;
}

static bool swtpm_runs(char *tool)
{
	char *const argv[] = {tool, (char[]){"--version"}, NULL};
	pid_t pid = spawn(argv);

	return pid > 0 && WEXITSTATUS(wait_for(pid)) != 127; /* swtpm_setup says 1 */
}

static bool swtpm_installed(void)
{
	return swtpm_runs((char[]){"swtpm"}) && swtpm_runs((char[]){"swtpm_setup"});
}
