/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/filesplan.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/change-ui.h"

int filesplan_init(struct filesplan *p, struct cli *cli, const char *schema,
		   const char *title, struct diag *reterr)
{
	*p = (struct filesplan){
		.files = files_for(cli, schema, opt_flag(cli->opts, "recursive"))};
	p->files.once = true;
	return plan_init(&p->plan, title, reterr);
}

void filesplan_done(struct filesplan *p)
{
	files_done(&p->files);
	plan_done(&p->plan);
	strbuf_done(&p->planned);
}

static int add_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct filesplan *p = user;
	int r = p->add(p->user, &p->plan, fd, path, reterr);

	p->same += r == 0;
	if (r > 0)
		strbuf_add(&p->planned, path, strlen(path) + 1);
	return r < 0 ? r : 0;
}

/* Between reading and writing a file may have changed: what was done to it is compared
 * with what is there when all is done. */
static int confirm(struct filesplan *p)
{
	struct bytes names = bytes_of(strbuf_str(&p->planned), p->planned.len);
	size_t failed = p->files.failed;
	struct span name;

	while (bytes_until(&names, '\0', &name)) {
		const char *path = (const char *)name.ptr;
		struct diag d = {0};
		_cleanup_close_ int fd = label_open(files_place(&p->files), path, &d);

		if (fd < 0 || p->confirm(p->user, fd, path, &d) < 0)
			files_failed(&p->files, path, &d);
	}
	return p->files.failed == failed ? CMD_OK : cmd_exit_of(&p->files.failure);
}

static void say_same(struct cli *cli, size_t n, const char *one, const char *many)
{
	if (n && one && !cli->json)
		out_addf(cli->out, "%zu file%s.\n", n, n == 1 ? one : many);
}

int filesplan_run(struct filesplan *p, const char *same_one, const char *same_many)
{
	struct cli *cli = p->files.cli;
	struct change_result result;
	int planned = files_each(&p->files, add_one, p), ran;

	if (p->files.failed && !p->files.done)
		return planned;
	say_same(cli, p->same, same_one, same_many);
	ran = change_ui_run_to(cli, &p->plan, &result);
	if (ran == CMD_OK && result.outcome == CHANGE_DONE && p->confirm)
		ran = confirm(p);
	/* what could not be planned is not forgotten because the rest went well */
	return ran == CMD_OK ? planned : ran;
}
