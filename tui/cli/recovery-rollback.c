/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery rollback: a generation that is good, for the next boot. */
#include "core/base/cleanup.h"
#include "core/host/initramfs.h"
#include "core/policy/genback.h"
#include "core/rollout/bareroot.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/generation.h"
#include "tui/cli/recovery.h"

/* All that the command has looked at. */
struct rollback {
	struct strbuf release;
	struct genback_said said;
	struct initramfs initramfs;
};

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct rollback *b = user;
	const struct genback_said *s = &b->said;

	strbuf_addf(
		out,
		"Generation %u%s, from the next boot on; the kernel goes by the rules "
		"it has until then.\nWhat is there now is generation %u%s.\n",
		s->number, s->no_policy ? ", which has no policy" : "", s->found.number,
		s->found.made ? ", made now" : "");
	initramfs_format(&b->initramfs, strbuf_str(&b->release),
			 s->keys_put + s->keys_taken > 0, out);
}

static void said_json(const void *user, struct json *j)
{
	const struct rollback *b = user;
	const struct genback_said *s = &b->said;

	json_open(j, '{');
	json_ku64(j, "number", s->number);
	json_kbool(j, "no_policy", s->no_policy);
	json_ku64(j, "found", s->found.number);
	json_ku64(j, "keys_put", s->keys_put);
	json_ku64(j, "keys_taken", s->keys_taken);
	json_kbool(j, "initramfs_copies", b->initramfs.copies);
	json_close(j, '}');
}

static int plan_back(struct cli *cli, struct rollback *b, struct plan *plan,
		     struct diag *reterr)
{
	struct genback in = {.root = &cli->root};
	int r = bareroot_enter(&cli->root, reterr);

	if (r >= 0)
		r = generation_release(cli, true, &b->release, reterr);
	if (r == 0 && cli->n_args)
		r = generation_number(cli, cli->args[0], &in.number, reterr);
	if (r == 0)
		r = initramfs_look(&cli->root, &b->initramfs, reterr);
	in.release = strbuf_str(&b->release);
	return r < 0 ? r : genback_plan(&in, plan, &b->said, reterr);
}

static int run(struct cli *cli)
{
	_cleanup_plan_ struct plan plan = {0};
	struct rollback b = {.said = {0}};
	const struct change_ui_more more = {said_text, "generation", said_json, &b};
	struct diag d = {0};
	int code = plan_back(cli, &b, &plan, &d) < 0
			   ? cmd_fail(&d)
			   : change_ui_run_with(cli, &plan, &more);

	strbuf_done(&b.release);
	return code;
}

const struct cmd recovery_rollback = {
	.name = "rollback",
	.summary = "Go back to a good generation, for the next boot",
	.args = "[N]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options = (const struct opt[]){GENERATION_OPT_KERNEL, {NULL}},
	.run = run,
	.help = "Its policy, with its label, and its keys take the place of what is in\n"
		"/etc/ima and /etc/keys/ima, which is kept as a generation. Without N it is the\n"
		"newest that is good for the kernel; where that is what is there, the one\n"
		"before. One that is not called good, or was barred, is refused; so is having\n"
		"no policy, unless imactl found the machine so or it is allowed (recovery set).\n\n"
		"From another system: imactl --root /mnt recovery rollback --kernel RELEASE.",
};
