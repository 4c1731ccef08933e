/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"

/* "log_file = /var/log/audit/audit.log". */
static int find_log(const struct root *root, struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf conf = {0};
	struct span line, key, value, found = span_of("var/log/audit/audit.log");
	struct bytes b, in;

	(void)root_read(root, ROOT_AUDITD_CONF, &conf, NULL); /* where there is one */
	strbuf_addc(&conf, '\n');
	b = bytes_of(strbuf_str(&conf), conf.len);
	while (bytes_until(&b, '\n', &line)) {
		in = bytes_of(line.ptr, line.len);
		if (bytes_word(&in, " \t=", &key) && span_is(key, "log_file") &&
		    bytes_word(&in, " \t=", &value))
			found = value;
	}
	strbuf_add(ret, found.ptr, found.len);
	return conf.failed || ret->failed ? -ENOMEM : 0;
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
}

static int not_plain(const char *path, struct diag *reterr)
{
	char q[140];

	return diag_set(reterr, DIAG_OPEN, EINVAL, "The audit log /%s is no plain file.",
			str_quote(q, sizeof(q), span_of(path + (path[0] == '/'))));
}

int auditlog_open(const struct root *root, unsigned i, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (root_is_recorded(root) && i == 0)
		return root_open(root, ROOT_AUDIT_LOG, reterr);
	if (find_log(root, &path) < 0)
		return no_memory(reterr);
	if (i)
		strbuf_addf(&path, ".%u", i);
	if (path.failed)
		return no_memory(reterr);
	fd = root_openat(root, ROOT_TARGET, path.ptr, O_RDONLY | O_NONBLOCK, reterr);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return not_plain(path.ptr, reterr);
	return take_fd(&fd);
}

unsigned auditlog_count(const struct root *root)
{
	unsigned n = 0;

	while (n <= AUDITLOG_ROTATIONS_MAX) {
		_cleanup_close_ int fd = auditlog_open(root, n, NULL);

		if (fd < 0)
			break;
		n++;
	}
	return n;
}
