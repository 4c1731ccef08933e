/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/bareroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/policy/genfound.h"

static const char *const folders[] = {"etc/ima", GENFOUND_KEYS};

/* stat(2): STATX_ATTR_MOUNT_ROOT, since Linux 5.8; before that nobody can tell. */
static bool is_mounted(const struct root *root, const char *path)
{
	struct statx x;

	return statx(root->dir[ROOT_TARGET], path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x) ==
		       0 &&
	       (!(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
		x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

bool bareroot_is_covered(const struct root *root)
{
	struct bootnote n;

	if (!root_is_live(root))
		return false;
	bootnote_load(root, &n);
	if (!n.generation && n.verdict != BOOTNOTE_VERDICT_REPLACED &&
	    n.verdict != BOOTNOTE_VERDICT_REFUSED)
		return false; /* what may lie there is none of the gate's */
	for (size_t i = 0; i < array_size(folders); i++)
		if (is_mounted(root, folders[i]))
			return true;
	return false;
}

static int uncover(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 || chdir("/") < 0)
		return -errno;
	for (size_t i = 0; i < array_size(folders); i++)
		if (umount2(folders[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
		    errno != EINVAL && errno != ENOENT)
			return -errno;
	return 0;
}

int bareroot_enter(struct root *root, struct diag *reterr)
{
	struct root bare;
	int r;

	if (!bareroot_is_covered(root))
		return 0;
	r = uncover();
	if (r < 0)
		return diag_set(reterr, DIAG_OVERMOUNT, -r,
				"The disk below /etc/ima cannot be reached: %s.",
				diag_errno(-r));
	r = root_open_live(&bare, root->target_path, reterr);
	if (r < 0)
		return r;
	root_done(root);
	*root = bare;
	return 1;
}
