/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery set: what becomes of a boot that cannot be brought back. */
#include <errno.h>
#include <string.h>

#include "core/base/act-file.h"
#include "core/base/trial.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/recovery.h"

/* A value, and the text of the link that stands for it; NULL: no link does. */
struct value {
	const char *word, *text, *why;
};

static const struct setting {
	const char *name, *path;
	struct value values[3];
} settings[] = {
	{TRIAL_ON_FAILURE,
	 GEN_FOLDER "/" TRIAL_ON_FAILURE,
	 {{"rollback", NULL, "where nothing can be gone back to, the boot goes on"},
	  {"shell", "shell", "where nothing can be gone back to, a rescue waits"},
	  {"halt", "halt", "where nothing can be gone back to, the machine stops"}}},
	{TRIAL_UNPROTECTED,
	 GEN_FOLDER "/" TRIAL_UNPROTECTED,
	 {{"no", NULL, "no policy is gone back to only where imactl found none"},
	  {"yes", "yes", "a boot that fails may leave the machine without a policy"}}},
};

static const struct setting *setting_of(const char *name)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static const struct value *value_of(const struct setting *s, const char *word)
{
	for (size_t i = 0; s && i < 3 && s->values[i].word; i++)
		if (strcmp(s->values[i].word, word) == 0)
			return &s->values[i];
	return NULL;
}

static int plan_set(struct cli *cli, struct plan *plan, struct diag *reterr)
{
	const struct setting *s = setting_of(cli->args[0]);
	const struct value *v = value_of(s, cli->args[1]);
	struct plan_spec spec = {.place = ROOT_TARGET, .danger = PLAN_BOOT};
	int r;

	if (!v)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"It is on-failure rollback, shell or halt, or "
				"allow-unprotected yes or no.");
	spec.path = s->path;
	spec.why = v->why;
	r = plan_init(plan, "settle what becomes of a boot that fails", reterr);
	if (r == 0)
		r = gen_begin(plan, &cli->root, reterr);
	if (r == 0)
		r = v->text ? act_file_symlink(plan, &cli->root, &spec, v->text, reterr)
			    : act_file_remove(plan, &cli->root, &spec, reterr);
	return r < 0 ? r : 0;
}

static int run(struct cli *cli)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};

	return plan_set(cli, &plan, &d) < 0 ? cmd_fail(&d) : change_ui_run(cli, &plan);
}

const struct cmd recovery_set = {
	.name = "set",
	.summary = "Settle what becomes of a boot that fails",
	.args = "on-failure|allow-unprotected VALUE",
	.min_args = 2,
	.max_args = 2,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.run = run,
	.help = "on-failure is for a boot whose policy the kernel refuses while there is no\n"
		"generation to go back to: rollback goes on as it is, shell waits in a rescue,\n"
		"halt stops the machine.\n\n"
		"allow-unprotected yes lets a machine go back to having no policy where that is\n"
		"not what imactl found: whoever makes a boot fail can then take the policy away.",
};
