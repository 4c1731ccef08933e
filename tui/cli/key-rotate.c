/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key rotate: a signing key takes another's place, a phase a call. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cert/keylive.h"
#include "core/host/initramfs.h"
#include "core/rollout/rotateplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/generation.h"
#include "tui/cli/key.h"
#include "tui/cli/keycount.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/labelwork.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

/* All that a call looks at. */
struct rotation {
	struct cli *cli;
	struct rotate_pair pair;
	struct strbuf release;
	struct rotate now;
	struct rotateplan_said said;
	struct initramfs initramfs;
};

static void rotation_done(struct rotation *w)
{
	rotateplan_said_done(&w->said);
	rotate_done(&w->now);
	strbuf_done(&w->release);
	rotate_pair_done(&w->pair);
}

static int count(struct rotation *w, struct diag *reterr)
{
	struct keycount how = {.cli = w->cli,
			       .typed = w->cli->args + 2,
			       .n = w->cli->n_args - 2};

	return keycount_rotate(&how, &w->now, reterr);
}

static int look(struct rotation *w, struct diag *reterr)
{
	struct cli *cli = w->cli;
	struct rotate_ask ask = {.root = &cli->root, .old = cli->args[0]};
	int r = rotate_pair_read(&w->pair, cli->args[0], cli->args[1], reterr);

	if (r == 0 && !cli->root_dir)
		r = generation_release(cli, false, &w->release, reterr);
	ask.old_cert = w->pair.old_cert;
	ask.new_cert = w->pair.new_cert;
	ask.release = strbuf_str(&w->release);
	if (r == 0)
		r = rotate_load(&w->now, &ask, reterr);
	if (r == 0 && rotate_needs_count(&w->now))
		r = count(w, reterr);
	return r;
}

static int show_status(struct rotation *w)
{
	struct json j = json_to(out_buf(w->cli->out));

	if (!w->cli->json) {
		rotate_format(&w->now, out_buf(w->cli->out), w->cli->out->ascii);
		return CMD_OK;
	}
	rotate_json(&w->now, &j);
	out_add(w->cli->out, "\n");
	return CMD_OK;
}

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct rotation *w = user;

	rotateplan_format(&w->now, &w->said, &w->initramfs, out, ascii);
}

static void said_json(const void *user, struct json *j)
{
	rotate_json(&((const struct rotation *)user)->now, j);
}

/* The private key, which must be the new certificate's. */
static int take_key(struct rotation *w, struct sig_key **ret, struct diag *reterr)
{
	_cleanup_keyset_ struct keyset certs = {0};
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	int r = keyopt_private(w->cli, &key, reterr);

	if (r == 0)
		r = keyset_add(&certs, w->cli->args[1], NULL,
			       strbuf_span(&w->pair.new_cert->der), reterr);
	if (r >= 0)
		r = keyset_certify(&certs, key, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(key);
	return 0;
}

static int run_plan(struct rotation *w)
{
	const struct change_ui_more more = {said_text, "rotate", said_json, w};
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_plan_ struct plan plan = {0};
	enum hash_alg alg = HASH_SHA256;
	struct diag d = {0};
	int r = initramfs_look(&w->cli->root, &w->initramfs, &d);

	if (r == 0 && w->now.next == ROTATE_POLICY) {
		r = take_key(w, &key, &d);
		if (r == 0)
			r = keyopt_hash(w->cli, key, &alg, &d);
	}
	if (r == 0)
		r = rotateplan_make(&w->now, key, alg, &plan, &w->said, &d);
	return r < 0 ? cmd_fail(&d) : change_ui_run_with(w->cli, &plan, &more);
}

static int take_labels(struct rotation *w, struct labelwork *l, struct diag *reterr)
{
	int r = take_key(w, &l->key, reterr);

	*l = (struct labelwork){.cli = w->cli,
				.key = l->key,
				.foreground = opt_flag(w->cli->opts, "foreground")};
	relabel_kernel(&w->cli->root, &l->kernel);
	l->opts.key = l->key;
	l->opts.keys = &l->others;
	l->opts.instead_of = (struct span){w->now.old, sizeof(w->now.old)};
	if (r == 0)
		r = keyopt_hash(w->cli, l->key, &l->opts.alg, reterr);
	if (r == 0)
		r = keylive_keys_for(&w->cli->root, IMAXATTR_IMA, &l->others, reterr);
	if (r >= 0)
		r = scopeopt_read(w->cli, SCOPE_POLICY, w->cli->args + 2,
				  w->cli->n_args - 2, &l->paths, reterr);
	l->opts.scope = l->paths.scope;
	l->opts.paths = l->paths.path;
	l->opts.n_paths = l->paths.n;
	return r < 0 ? r : 0;
}

/* A plan that has nothing to sign, while files are left: they hold the rest up. */
static int look_for_stuck(struct labelwork *l, struct rotation *w, struct diag *reterr)
{
	_cleanup_relabel_ struct relabel r = {0};
	struct relabel_how how = {.readonly = w->cli->readonly};
	int err = relabel_plan_root(&w->cli->root, &how, &l->opts, NULL, &r, reterr);

	return err < 0 || r.plan.n ? err : rotate_rests(&w->now, reterr);
}

static int run_files(struct rotation *w)
{
	_cleanup_(labelwork_done) struct labelwork l = {0};
	struct diag d = {0};
	int r = take_labels(w, &l, &d);

	/* an open job is label apply's to go on with; a plan that was shown is meant */
	if (r == 0 && !opt_flag(w->cli->opts, "apply"))
		r = look_for_stuck(&l, w, &d);
	if (r < 0)
		return cmd_fail(&d);
	if (!w->cli->json)
		rotate_format(&w->now, out_buf(w->cli->out), w->cli->out->ascii);
	return labelwork_apply(&l);
}

static int rotate(struct rotation *w)
{
	struct diag d = {0};

	if (look(w, &d) < 0)
		return cmd_fail(&d);
	if (opt_flag(w->cli->opts, "status") || w->now.next == _ROTATE_PHASE_MAX)
		return show_status(w);
	if (w->now.wait.id)
		return cmd_fail(&w->now.wait);
	return w->now.next == ROTATE_FILES ? run_files(w) : run_plan(w);
}

static int run(struct cli *cli)
{
	struct rotation w = {.cli = cli};
	int code = rotate(&w);

	rotation_done(&w);
	return code;
}

static const struct opt options[] = {
	{"status", 0, OPT_FLAG, NULL, "Only say how far it is"},
	KEYOPT_SIGN,
	{"hash", 0, OPT_STRING, "ALG", "Hash algorithm of the new signatures"},
	{"foreground", 0, OPT_FLAG, NULL,
	 "Sign files in this process, not in one apart from it"},
	{0},
};

const struct cmd key_rotate_cmd = {
	.name = "rotate",
	.summary = "Let a signing key take another's place, a phase a call",
	.args = "OLD NEWCERT [PATH...]",
	.min_args = 2,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES | CMD_ROOT,
	.options = options,
	.run = run,
	.help = "OLD is the key's id, 8 digits, or its certificate; NEWCERT the new key's. Each\n"
		"call looks at the machine, says which phase comes next, and carries out its\n"
		"plan; repeated until nothing is left. Between them nothing is denied:\n\n"
		"  trust   NEWCERT into the keyring and into /etc/keys/ima, beside the other\n"
		"          one, and a generation with both\n"
		"  policy  the policy's signature by the new key (--key), where the old one\n"
		"          has signed it\n"
		"  files   what the old key has signed, and fits, signed by the new one\n"
		"          (--key), as 'label apply --instead-of' does; of what the policy\n"
		"          appraises, or below each PATH\n"
		"  retire  the old key out of the keyring and of /etc/keys/ima: not before a\n"
		"          boot has loaded the new one, nor while a file is left\n"
		"  revoke  after a boot without it: that generation is good, and neither the\n"
		"          old key nor a generation from before is ever gone back to\n\n"
		"'change undo' takes a phase back, but the last: nothing takes that back.\n"
		"Signatures in security.evm are counted and stay; those appended to files\n"
		"(modules) are not looked for.",
};
