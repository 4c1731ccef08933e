/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy install: a policy for the next boot. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/cleanup.h"
#include "core/host/initramfs.h"
#include "core/policy/policyinstall.h"
#include "core/rollout/bareroot.h"
#include "core/rollout/trialplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/policy.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

extern char **environ;

enum { CERTS_MAX = 16 };

/* All that the command has looked at. */
struct install {
	struct cli *cli;
	bool staged;	    /* for a trial, in: */
	enum bootmode mode; /* _BOOTMODE_MAX: as it is */
	struct policy_given given;
	char *path;
	struct policyplan judged;
	struct cert *cert[CERTS_MAX];
	struct strbuf release, label, meaning;
	struct policyinstall_said said;
	struct initramfs initramfs;
};

static void install_done(struct install *in)
{
	for (size_t i = 0; i < CERTS_MAX; i++)
		cert_free(in->cert[i]);
	policyplan_done(&in->judged);
	policy_given_done(&in->given);
	strbuf_done(&in->release);
	strbuf_done(&in->label);
	strbuf_done(&in->meaning);
	free(in->path);
}

static int read_certs(struct install *in, size_t *ret_n, struct diag *reterr)
{
	const struct opts *opts = in->cli->opts;
	size_t n = 0;
	int r = 0;

	for (; opt_nth(opts, "cert", n) && r == 0; n++) {
		if (n == CERTS_MAX)
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"--cert can be given %d times.", CERTS_MAX);
		r = cert_read_at(AT_FDCWD, opt_nth(opts, "cert", n), &in->cert[n],
				 reterr);
	}
	*ret_n = n;
	return r;
}

static int make_label(struct install *in, struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	enum hash_alg alg;
	int r;

	if (!opt_str(in->cli->opts, "key", NULL))
		return policyinstall_kept(in->given.name, &in->label, reterr);
	r = keyopt_private(in->cli, &key, reterr);
	if (r == 0)
		r = keyopt_hash(in->cli, key, &alg, reterr);
	return r < 0 ? r
		     : policyinstall_sign_once(&in->cli->root, key, alg, in->judged.text,
					       &in->label, &in->meaning, reterr);
}

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct install *in = user;
	const struct policyinstall_said *s = &in->said;

	policyplan_format(&in->judged, out);
	policyinstall_format(s, out);
	if (in->staged && in->mode < _BOOTMODE_MAX)
		strbuf_addf(out, "It is to be tried in the mode %s. %s\n",
			    bootmode_name(in->mode), bootmode_means(in->mode));
	if (!in->staged)
		initramfs_format(&in->initramfs, strbuf_str(&in->release),
				 s->keys > 0 || s->must_be_signed, out);
}

static void said_json(const void *user, struct json *j)
{
	const struct install *in = user;
	const struct policyinstall_said *s = &in->said;

	json_open(j, '{');
	policyplan_json(&in->judged, j);
	json_ku64(j, "found", s->found.number);
	json_kbool(j, "found_good", s->found.good);
	json_ku64(j, "made", s->made);
	json_ku64(j, "keys", s->keys);
	json_kstr(j, "must_be_signed", s->must_be_signed ? s->by : NULL);
	json_kbool(j, "initramfs_copies", in->initramfs.copies);
	json_kstr(j, "mode",
		  in->staged && in->mode < _BOOTMODE_MAX ? bootmode_name(in->mode)
							 : NULL);
	json_close(j, '}');
}

/* The machine's own tool, with its output to the terminal. */
static int run_tool(const struct install *in)
{
	const char *words[8];
	pid_t pid;
	int status;

	if (!initramfs_command(&in->initramfs, strbuf_str(&in->release), words)) {
		cmd_note("who makes the initramfs is not known here");
		return CMD_IMPOSSIBLE;
	}
	if (posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words,
			 environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		cmd_note("%s failed: the policy is installed, the initramfs is as it was",
			 words[0]);
		return CMD_PARTLY;
	}
	return CMD_OK;
}

static int look(struct install *in, size_t *ret_certs, struct diag *reterr)
{
	struct cli *cli = in->cli;
	int r = policy_needs_file(cli, reterr);

	if (r == 0)
		r = policy_given_read(cli, cli->args[0], &in->given, reterr);
	in->path = cli->root_dir ? NULL : realpath(cli->args[0], NULL);
	in->judged = (struct policyplan){.root = &cli->root,
					 .name = in->given.name,
					 .path = in->path,
					 .text = strbuf_span(&in->given.text)};
	if (r == 0)
		r = bareroot_enter(&cli->root, reterr);
	/* below what the gate put over it lies nothing that this boot began with */
	if (r == 0 && !cli->root_dir)
		(void)root_read_line(&cli->root, ROOT_OSRELEASE, &in->release, NULL);
	if (r >= 0)
		r = read_certs(in, ret_certs, reterr);
	if (r == 0)
		r = initramfs_look(&cli->root, &in->initramfs, reterr);
	if (r == 0)
		r = policyplan_look(&in->judged, reterr);
	return r == 0 ? make_label(in, reterr) : r;
}

static int install(struct install *in)
{
	const struct change_ui_more more = {said_text, "policy", said_json, in};
	_cleanup_plan_ struct plan plan = {0};
	struct policyinstall what = {.judged = &in->judged, .certs = in->cert};
	struct change_result result;
	struct diag d = {0};
	int code;

	if (in->cli->root_dir && !in->staged && opt_flag(in->cli->opts, "initramfs"))
		diag_set(
			&d, DIAG_LIVE_ONLY, EOPNOTSUPP,
			"--initramfs runs this machine's tool, which knows no other root.");
	if (d.id || look(in, &what.n_certs, &d) < 0)
		return cmd_fail(&d);
	what.release = strbuf_str(&in->release);
	what.label = strbuf_span(&in->label);
	what.meaning = strbuf_span(&in->meaning);
	if ((in->staged ? trialplan_stage(&what, in->mode, &plan, &in->said, &d)
			: policyinstall_plan(&what, &plan, &in->said, &d)) < 0)
		return cmd_fail(&d);
	code = change_ui_run_full(in->cli, &plan, &more, &result);
	if (code != CMD_OK || in->staged || !opt_flag(in->cli->opts, "initramfs") ||
	    result.outcome != CHANGE_DONE)
		return code;
	return run_tool(in);
}

static int run(struct cli *cli)
{
	struct install in = {.cli = cli};
	int code = install(&in);

	install_done(&in);
	return code;
}

int policy_stage(struct cli *cli, enum bootmode mode)
{
	struct install in = {.cli = cli, .staged = true, .mode = mode};
	int code = install(&in);

	install_done(&in);
	return code;
}

const struct cmd policy_install = {
	.name = "install",
	.summary = "Install a policy for the next boot",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options =
		(const struct opt[]){
			KEYOPT_SIGN,
			POLICY_OPT_HASH,
			{"initramfs", 0, OPT_FLAG, NULL,
			 "Make the initramfs anew afterwards, with the machine's own tool"},
			{NULL},
		},
	.run = run,
	.help = "Writes /etc/ima/ima-policy, which PID 1 loads early in the next boot. The\n"
		"policy is read as this kernel reads it, and the kernel is asked about it\n"
		"where it can be; a policy that it would refuse would stop the boot, and is\n"
		"refused. So is one that is not signed where the kernel has a rule that wants\n"
		"it signed (ima_policy=secure_boot or appraise_tcb, Secure Boot): signed with\n"
		"a key that is in the kernel's keyring now.\n\n"
		"A signature that FILE carries goes with it; --key makes one. Each --cert is\n"
		"put into /etc/keys/ima as well, where an initramfs looks for keys.\n\n"
		"What is there now is kept as a generation (imactl-generation(5)), the new\n"
		"policy becomes another, the candidate. 'change undo' brings everything back\n"
		"but the initramfs: what the plan says of that is from its configuration.",
};
