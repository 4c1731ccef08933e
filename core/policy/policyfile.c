/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policyfile.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

int policyfile_read(const char *path, struct strbuf *out, struct policyfile *ret,
		    struct diag *reterr)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat link;
	char q[128];

	*ret = (struct policyfile){0};
	(void)str_quote(q, sizeof(q), span_of(path));
	if (fd < 0)
		return diag_set(reterr, DIAG_OPEN, errno, "Cannot open %s: %s.", q,
				diag_errno(errno));
	if (fstat(fd, &ret->st) == 0 && S_ISDIR(ret->st.st_mode))
		return diag_set(reterr, DIAG_OPEN, EISDIR, "Cannot open %s: %s.", q,
				diag_errno(EISDIR));
	if (!S_ISREG(ret->st.st_mode))
		ret->st.st_mode = 0;
	ret->is_link = lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
	return fs_read_fd(fd, POLICYFILE_MAX, q, out, reterr);
}

int policyfile_read_boot(const struct root *root, struct strbuf *out,
			 struct policyfile *ret, struct diag *reterr)
{
	_cleanup_close_ int fd = root_open(root, ROOT_BOOT_POLICY, reterr);
	struct stat link;
	char name[64];

	*ret = (struct policyfile){0};
	if (fd < 0)
		return fd;
	(void)root_live_path(ROOT_BOOT_POLICY, name, sizeof(name));
	if (root_is_recorded(root))
		return fs_read_fd(fd, POLICYFILE_MAX, name, out, reterr);
	if (fstat(fd, &ret->st) < 0)
		ret->st.st_mode = 0;
	if (fstatat(root->dir[ROOT_TARGET], "etc/ima", &ret->folder, 0) < 0)
		ret->folder.st_mode = 0;
	ret->is_link = fstatat(root->dir[ROOT_TARGET], "etc/ima/ima-policy", &link,
			       AT_SYMLINK_NOFOLLOW) == 0 &&
		       S_ISLNK(link.st_mode);
	return fs_read_fd(fd, POLICYFILE_MAX, name, out, reterr);
}

static bool others_write(const struct stat *st)
{
	return st->st_mode && (st->st_uid || st->st_mode & 022);
}

static int note(struct policy *p, const char *what, const struct stat *st)
{
	struct diag d = {0};

	diag_set(&d, DIAG_POLICY_MODE, 0, "others than root may write to the %s: %s %04o",
		 what, st->st_uid ? "not root's," : "mode", st->st_mode & 07777);
	return policy_note(p, POLICY_WARNING, SIZE_MAX, &d);
}

int policyfile_check(const struct policyfile *f, struct policy *p)
{
	struct diag d = {0};
	int r = 0;

	if (others_write(&f->st))
		r = note(p, "file", &f->st);
	if (r == 0 && others_write(&f->folder))
		r = note(p, "folder /etc/ima", &f->folder);
	if (r < 0 || !f->is_link)
		return r;
	diag_set(&d, DIAG_POLICY_LINK, 0, "the file is a symbolic link");
	return policy_note(p, POLICY_WARNING, SIZE_MAX, &d);
}
