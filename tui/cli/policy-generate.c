/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy generate: a policy from what was observed. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/list/live.h"
#include "core/list/mfile.h"
#include "core/policy/policygen.h"
#include "core/policy/ruleset.h"
#include "tui/cli/policy.h"

static const char *const goals[] = {
	[POLICYGEN_MEASURE] = "measure",
	[POLICYGEN_APPRAISE] = "appraise",
};

static const char *const words[_POLICYGEN_USE_MAX] = {
#define POLICYGEN_USE(id, options, words) [POLICYGEN_##id] = words,
#include "core/policy/policygen-uses.inc"
#undef POLICYGEN_USE
};

static enum policygen_goal goal_of(const struct cli *cli)
{
	const char *goal = opt_str(cli->opts, "goal", goals[POLICYGEN_MEASURE]);

	return strcmp(goal, goals[POLICYGEN_APPRAISE]) == 0 ? POLICYGEN_APPRAISE
							    : POLICYGEN_MEASURE;
}

static int open_list(const struct cli *cli, uint8_t *ret_column, struct diag *reterr)
{
	const char *file = opt_str(cli->opts, "file", NULL);

	*ret_column = file ? mfile_column(file) : 20;
	return file ? mfile_open(file, true, reterr)
		    : mfile_open_recorded(&cli->root, reterr);
}

static int observe_file(const struct cli *cli, struct policygen *g, struct diag *reterr)
{
	uint8_t column;
	_cleanup_close_ int fd = open_list(cli, &column, reterr);

	return fd < 0 ? fd : policygen_observe(&cli->root, fd, column, g, reterr);
}

/* The checkpoint of an earlier reading is used: the kernel's list is dear to read. */
static int observe_kernel(const struct cli *cli, struct policygen *g, struct diag *reterr)
{
	_cleanup_(live_freep) struct live *live = NULL;
	int r = live_open(&cli->root, LIVE_NO_TAIL, NULL, &live, reterr);

	if (r >= 0)
		r = live_catch_up(live, NULL, reterr);
	return r < 0 ? r
		     : policygen_observe_store(&cli->root, live_store(live), g, reterr);
}

static bool nothing(const struct policygen *g, enum policygen_goal goal)
{
	if (goal == POLICYGEN_APPRAISE)
		return !g->uses[POLICYGEN_PROGRAM].entries &&
		       !g->uses[POLICYGEN_LIBRARY].entries;
	return g->entries == g->nameless;
}

static int observe(const struct cli *cli, enum policygen_goal goal, struct policygen *g,
		   struct diag *reterr)
{
	bool saved = opt_str(cli->opts, "file", NULL) || root_is_recorded(&cli->root);
	int r = (saved ? observe_file : observe_kernel)(cli, g, reterr);

	if (r == 0 && nothing(g, goal))
		return diag_set(reterr, DIAG_POLICY_NOTHING_SEEN, ENODATA,
				"The list names no %s, so there is nothing to propose a "
				"policy from.",
				goal == POLICYGEN_APPRAISE ? "program" : "file");
	return r;
}

static void json_uses(struct json *j, const struct policygen *g)
{
	json_key(j, "uses");
	json_open(j, '[');
	for (int use = 0; use < _POLICYGEN_USE_MAX; use++) {
		const struct policygen_count *c = &g->uses[use];

		json_open(j, '{');
		json_kstr(j, "use", words[use]);
		json_ku64(j, "entries", c->entries);
		json_ku64(j, "again", c->again);
		json_ku64(j, "files", c->files);
		json_ku64(j, "not_roots", c->others);
		json_ku64(j, "gone", c->gone);
		json_ku64(j, "signed", c->signed_);
		json_ku64(j, "hashed", c->hashed);
		json_ku64(j, "unlabelled", c->bare);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json(struct out *o, const struct policygen *g, enum policygen_goal goal,
		 const char *text)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-generate/1");
	json_kstr(&j, "goal", goals[goal]);
	json_ku64(&j, "entries", g->entries);
	json_kbool(&j, "cut", g->cut);
	json_kbool(&j, "files_at_hand", g->has_files);
	json_uses(&j, g);
	json_kstr(&j, "policy", text);
	json_close(&j, '}');
	out_add(o, "\n");
}

static int run(struct cli *cli)
{
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf keep = {0}, text = {0};
	struct policy_kernel kernel;
	enum policygen_goal goal = goal_of(cli);
	struct diag d;

	if (ruleset_kernel(&cli->root, &keep, &kernel, &d) < 0 ||
	    observe(cli, goal, &g, &d) < 0)
		return cmd_fail(&d);
	policygen_text(&g, goal, &kernel, &text);
	if (cli->json)
		json(cli->out, &g, goal, strbuf_str(&text));
	else
		out_add(cli->out, strbuf_str(&text));
	return CMD_OK;
}

static const struct opt options[] = {
	{"goal", 'g', OPT_CHOICE, "measure|appraise",
	 "What the policy is for; measure when it is left out", NULL},
	{"file", 'f', OPT_STRING, "LIST", "A saved list instead of the machine's", NULL},
	{0},
};

const struct cmd policy_generate = {
	.name = "generate",
	.summary = "Propose a policy from what was measured",
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "Looks at the measurement list and at the files that it names, and prints a\n"
		"policy for what was seen, as narrow as owners and file systems allow; a\n"
		"comment at each rule says what it is for and how many entries it covers.\n"
		"What was not measured is not seen: a list made under ima_policy=tcb shows\n"
		"most. Read the policy, then check and test it:\n\n"
		"  imactl policy generate --goal measure >policy\n"
		"  imactl policy check policy",
};
