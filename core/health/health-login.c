/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/health/health-internal.h"
#include "core/health/passwd.h"

enum {
	SSH_PORT = 22,
	SSH_TRIES = 40, /* half a second each: sshd may be starting */
	CONFIG_MAX = 1 << 20,
};

/* runuser, and su where that is missing: both open a session with PAM and run the shell. */
static int session(const struct root *root, const char *user)
{
	const char *const first[] = {"/sbin/runuser", "-l", user, "-c", ":", NULL},
			  *const second[] = {"/bin/su", "-l", user, "-c", ":", NULL};
	int r = health_run(root, first);

	return r == -ENOENT ? health_run(root, second) : r;
}

/* Is sshd one of the services of this machine? */
static bool has_sshd(const struct root *root)
{
	static const char *const wants[] = {
		"etc/systemd/system/multi-user.target.wants/ssh.service",
		"etc/systemd/system/multi-user.target.wants/sshd.service",
		"etc/systemd/system/sockets.target.wants/ssh.socket",
		"etc/systemd/system/sockets.target.wants/sshd.socket",
	};
	struct stat st;

	for (size_t i = 0; i < array_size(wants); i++)
		if (fstatat(root->dir[ROOT_TARGET], wants[i], &st, AT_SYMLINK_NOFOLLOW) ==
		    0)
			return true;
	return false;
}

/* The first "Port N"; who includes others or listens elsewhere has 22 as well, as a rule. */
static uint16_t port_of(const struct root *root)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_TARGET, "etc/ssh/sshd_config", O_RDONLY, NULL);
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span line, word, value;
	struct bytes in;
	uint64_t port;

	if (fd < 0 || fs_read_fd(fd, CONFIG_MAX, "sshd_config", &text, NULL) < 0)
		return SSH_PORT;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line)) {
		struct bytes words = bytes_of(line.ptr, line.len);

		if (bytes_word(&words, " \t=", &word) && word.len == 4 &&
		    strncasecmp((const char *)word.ptr, "port", 4) == 0 &&
		    bytes_word(&words, " \t=\r", &value) &&
		    str_to_u64(value, &port) == 0 && port > 0 && port < 65536)
			return (uint16_t)port;
	}
	return SSH_PORT;
}

/* RFC 4253, 4.2: the server begins with "SSH-2.0-". It forks and loads its keys for that. */
static int banner(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char said[5] = "";

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	if (poll(&p, 1, HEALTH_PROGRAM_MAX * 1000) <= 0)
		return -ETIMEDOUT;
	if (recv(fd, said, 4, MSG_WAITALL) != 4)
		return -ECONNRESET;
	return strcmp(said, "SSH-") == 0 ? 0 : -EPROTO;
}

static int sshd_answers(uint16_t port)
{
	int r = -ECONNREFUSED;

	for (int i = 0; i < SSH_TRIES && r == -ECONNREFUSED; i++) {
		r = banner(port);
		if (r == -ECONNREFUSED)
			(void)usleep(500 * 1000);
	}
	return r;
}

void health_login(const struct root *root, struct health *h)
{
	struct passwd_entry user = {.name = "root"};
	bool person = passwd_ordinary(root, &user) == 0, sshd = has_sshd(root);
	uint16_t port = port_of(root);
	char q[64];
	int r = session(root, user.name);

	str_quote(q, sizeof(q), span_of(user.name));
	if (r != 0) {
		health_say(h, HEALTH_LOGIN, HEALTH_FAILED,
			   "a session of %s cannot be opened: %s", q,
			   r < 0 ? diag_errno(-r) : "it was refused");
		return;
	}
	r = sshd ? sshd_answers(port) : 0;
	if (r < 0)
		health_say(h, HEALTH_LOGIN, HEALTH_FAILED,
			   "sshd does not answer on port %u: %s", port, diag_errno(-r));
	else
		health_say(h, HEALTH_LOGIN, HEALTH_PASSED, "a session of %s%s%s", q,
			   person ? "" : " (there is nobody else)",
			   sshd ? ", and sshd answers" : "");
}
