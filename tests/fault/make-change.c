/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make-change DIR [N]: fills the empty folder DIR with the machine of scenario.h and runs
 * its change; killed after N steps. */
#include "tests/unit/test.h"

#include <signal.h>
#include <unistd.h>

#include "tests/fault/scenario.h"

static void progress(void *user, const struct change_progress *p)
{
	if (p->event == CHANGE_STEP && p->finished == *(const size_t *)user)
		(void)kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	struct scenario s = {0};
	struct change_result r;
	struct change_ctx ctx;
	struct plan plan;
	uint8_t hash[PLAN_HASH_SIZE];
	bool failed;
	size_t last = argc > 2 ? (size_t)atoi(argv[2]) : 0;

	if (argc < 2 ||
	    snprintf(s.dir, sizeof(s.dir), "%s", argv[1]) >= (int)sizeof(s.dir))
		return 2;
	scenario_fill(s.dir);
	scenario_reopen(&s);
	scenario_plan(&s, &plan);
	plan_hash(&plan, hash);
	ctx = scenario_ctx(&s);
	ctx.progress = progress;
	ctx.user = &last;
	failed = change_run(&ctx, &plan, hash, &r, NULL) < 0 || r.outcome != CHANGE_DONE;
	plan_done(&plan);
	root_done(&s.root);
	return failed;
}
