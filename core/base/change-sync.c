/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps whose effect is brought to disk at the end, all at once. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/change-internal.h"
#include "core/base/cleanup.h"

static bool known(const struct change_run *run, dev_t dev)
{
	for (size_t i = 0; i < run->sync_n; i++)
		if (run->sync[i].dev == dev)
			return true;
	return false;
}

void change_sync_later(struct change_run *run, const struct plan_step *step)
{
	char leaf[FSPATH_LEAF_MAX];
	struct stat st;
	int at;

	if (!(step->action->flags & ACTION_SYNC_LATER) || run->sync_all)
		return;
	at = fspath_keep_parent(&run->folder, run->ctx->root->dir[step->place],
				step->path, leaf);
	if (at >= 0 && run->sync_turn == run->folder.turn)
		return;
	if (at < 0 || fstat(at, &st) < 0) {
		run->sync_all = true;
		return;
	}
	run->sync_turn = run->folder.turn;
	if (known(run, st.st_dev))
		return;
	if (run->sync_n == CHANGE_SYNC_MAX) {
		run->sync_all = true;
		return;
	}
	run->sync[run->sync_n].dev = st.st_dev;
	run->sync[run->sync_n].fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	run->sync_all = run->sync[run->sync_n].fd < 0;
	run->sync_n++;
}

void change_sync_close(struct change_run *run)
{
	for (size_t i = 0; i < run->sync_n; i++)
		cleanup_closep(&run->sync[i].fd);
	run->sync_n = 0;
	run->sync_turn = 0;
}

static int sync_now(struct change_run *run, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < run->sync_n; i++)
		if (run->sync[i].fd >= 0 && syncfs(run->sync[i].fd) < 0)
			r = -errno;
	if (run->sync_all)
		sync();
	change_sync_close(run);
	return r < 0 ? diag_set(reterr, DIAG_WRITE, r,
				"Cannot bring the change to disk: %s.", diag_errno(r))
		     : 0;
}

int change_finish(struct change_run *run, enum journal_state state, struct diag *reterr)
{
	int r = sync_now(run, reterr);

	return r < 0 ? r : journal_set_state(run->journal, state, reterr);
}
