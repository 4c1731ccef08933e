/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/loaders.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

#define POLICY "integrity/ima/policy"

static bool leads_to_policy(int at, const char *name)
{
	char text[256];
	ssize_t n = readlinkat(at, name, text, sizeof(text));
	size_t len = strlen(POLICY);

	return n >= (ssize_t)len && memcmp(text + n - len, POLICY, len) == 0;
}

static DIR *open_list(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		(void)close(fd);
	return dir;
}

static bool holds(int proc, const char *pid)
{
	const struct dirent *e;
	char path[32];
	bool found = false;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%.16s/fd", pid);
	dir = open_list(proc, path);
	while (dir && !found && (e = readdir(dir)))
		found = leads_to_policy(dirfd(dir), e->d_name);
	if (dir)
		(void)closedir(dir);
	return found;
}

static void name_it(int proc, const char *pid, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf comm = {0};
	char path[32], q[64];

	(void)snprintf(path, sizeof(path), "%.16s/comm", pid);
	(void)fs_read_at(proc, path, 64, &comm, NULL);
	if (comm.len && comm.ptr[comm.len - 1] == '\n')
		comm.len--;
	strbuf_addf(out, "process %.16s (%s) has it open", pid,
		    str_quote(q, sizeof(q), strbuf_span(&comm)));
}

bool loaders_holder(const struct root *here, struct strbuf *out)
{
	const struct dirent *e;
	bool found = false;
	DIR *dir = open_list(here->dir[ROOT_PROC], ".");

	while (dir && !found && (e = readdir(dir))) {
		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) ||
		    !holds(dirfd(dir), e->d_name))
			continue;
		name_it(dirfd(dir), e->d_name, out);
		found = true;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static void note(const struct root *root, const char *path, const char *what,
		 struct strbuf *out)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_TARGET, path, O_PATH, NULL);

	if (fd >= 0)
		strbuf_addf(out, "%s/%s%s", out->len ? ", " : "", path, what);
}

bool loaders_others(const struct root *here, const struct root *target,
		    struct strbuf *out)
{
	struct stat a, b;
	_cleanup_strbuf_ struct strbuf found = {0};

	/* dracut, modules.d/98integrity/ima-policy-load.sh */
	note(target, "etc/sysconfig/ima", "", &found);
	note(target, "etc/sysconfig/ima-policy", "", &found);
	if (fstat(here->dir[ROOT_TARGET], &a) == 0 &&
	    fstat(target->dir[ROOT_TARGET], &b) == 0 &&
	    (a.st_dev != b.st_dev || a.st_ino != b.st_ino))
		note(here, "etc/ima/ima-policy", " in the initramfs", &found);
	strbuf_add(out, strbuf_str(&found), found.len);
	return found.len > 0;
}
