/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy sign: a policy, signed so that the kernel takes it where it must be. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/appraise/filesign.h"
#include "core/cert/keylive.h"
#include "core/policy/policyinstall.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/policy.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

/* What is said beside the plan. */
struct said {
	struct policyplan judged;
	struct strbuf rule; /* that wants a signature; "" */
	int must;
	bool seen, has_key;
	const char *ring;
};

/* Is a key of that id in the keyring that the kernel verifies with? */
static int find_key(const struct root *root, const struct sig_key *key, struct said *s,
		    struct diag *reterr)
{
	_cleanup_keyring_ struct keyring_set rings = {0};
	_cleanup_keyset_ struct keyset keys = {0};
	struct imaxattr x = {.type = IMAXATTR_SIG,
			     .version = 2,
			     .keyid = sig_key_id(key)};
	int r = keylive_add(&keys, root, IMAXATTR_IMA, reterr);

	if (r < 0)
		return r;
	s->seen = r > 0;
	s->has_key = keyset_find(&keys, &x) != NULL;
	if (keyring_load(root, &rings, NULL) == 0)
		s->ring = keyring_name(keylive_ring(&rings, IMAXATTR_IMA));
	return 0;
}

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct said *s = user;

	if (s->must)
		strbuf_addf(
			out,
			"The kernel brings the rule '%s': it wants policies signed.\n",
			strbuf_str(&s->rule));
	else
		strbuf_adds(out,
			    "No rule that this kernel brings along wants policies "
			    "signed; one in the policy may, from when it is in force.\n");
	if (!s->seen)
		strbuf_adds(out, "Whether the kernel has the key cannot be seen here.\n");
	else
		strbuf_addf(out,
			    s->has_key ? "The key is in %s.\n"
				       : "The key is not in %s: load it (imactl key "
					 "load), and see that it is loaded at boot "
					 "before the policy is.\n",
			    s->ring ? s->ring : "the kernel's keyring");
}

static void said_json(const void *user, struct json *j)
{
	const struct said *s = user;

	json_open(j, '{');
	json_kstr(j, "must_be_signed", s->must ? strbuf_str(&s->rule) : NULL);
	json_key(j, "kernel_has_key");
	if (s->seen)
		json_bool(j, s->has_key);
	else
		json_null(j);
	json_close(j, '}');
}

static int add_step(struct cli *cli, const struct sig_key *key, struct plan *plan,
		    struct diag *reterr)
{
	struct filesign sign = {.root = &cli->root,
				.key = key,
				.version = 2,
				.no_verity = true,
				.space = LABEL_SECURITY};
	_cleanup_close_ int fd = label_open(AT_FDCWD, cli->args[0], reterr);
	int r = fd < 0 ? fd : keyopt_hash(cli, key, &sign.alg, reterr);

	if (r == 0)
		r = filesign_add(&sign, plan, fd, cli->args[0], reterr);
	filesign_done(&sign);
	return r < 0 ? r : 0;
}

static int prepare(struct cli *cli, struct said *s, struct plan *plan,
		   struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_strbuf_ struct strbuf title = {0};
	int r = keyopt_private(cli, &key, reterr);

	if (r == 0)
		r = policyplan_read(&s->judged, reterr);
	if (r == 0)
		r = find_key(&cli->root, key, s, reterr);
	if (r == 0)
		s->must = r = policyinstall_must_be_signed(&cli->root, s->judged.probe,
							   &s->rule, reterr);
	if (r < 0)
		return r;
	sig_key_title(key, "sign a policy", &title);
	r = plan_init(plan, strbuf_str(&title), reterr);
	return r == 0 ? add_step(cli, key, plan, reterr) : r;
}

static int run(struct cli *cli)
{
	_cleanup_policy_given_ struct policy_given g = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct said s = {.judged = {.root = &cli->root, .name = cli->args[0]}};
	const struct change_ui_more more = {said_text, "policy", said_json, &s};
	struct diag d = {0};
	int code;

	if (policy_needs_file(cli, &d) < 0 ||
	    policy_given_read(cli, cli->args[0], &g, &d) < 0)
		return cmd_fail(&d);
	s.judged.text = strbuf_span(&g.text);
	code = prepare(cli, &s, &plan, &d) < 0 ? cmd_fail(&d)
					       : change_ui_run_with(cli, &plan, &more);
	policyplan_done(&s.judged);
	strbuf_done(&s.rule);
	return code;
}

const struct cmd policy_sign = {
	.name = "sign",
	.summary = "Sign a policy, for kernels that want it signed",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options =
		(const struct opt[]){
			KEYOPT_SIGN,
			POLICY_OPT_HASH,
			{NULL},
		},
	.run = run,
	.help = "Puts a signature of the file into its security.ima, as file sign does. First\n"
		"the policy is read as this kernel reads it: what it would refuse is not\n"
		"signed. Says which of the kernel's rules wants policies signed, and whether\n"
		"the kernel has the key.\n\n"
		"Signed policies are loaded by their path; whoever copies the file has to\n"
		"copy its attributes.",
};
