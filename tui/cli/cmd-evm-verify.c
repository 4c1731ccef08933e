/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl evm verify: what EVM would say about files. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/appraise/inspect.h"
#include "tui/cli/cmd-evm.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/labelout.h"
#include "tui/cli/metaopt.h"

struct job {
	struct files files;
	struct keyopt_keys keys;
	struct evmstate evm;
	struct metaopt meta;
	struct inspect inspect;
};

static void job_done(struct job *j)
{
	files_done(&j->files);
	keyopt_keys_done(&j->keys);
	evmstate_done(&j->evm);
	metaopt_done(&j->meta);
	inspect_done(&j->inspect);
}

static bool is_good(const struct inspect_result *r)
{
	return !r->unsure &&
	       (r->evm_status == EVM_PASS || r->evm_status == EVM_PASS_IMMUTABLE);
}

/* "it is right" */
static const char *check_words(const struct inspect_result *r, char *buf, size_t size)
{
	if (!r->evm.is)
		return r->unsure ? "only a kernel with its key can check it" : NULL;
	(void)snprintf(buf, size, "it %s", keyset_verdict(r->evm.verdict, r->evm.key));
	return buf;
}

static void text(struct job *j, const char *path, const struct inspect_result *r)
{
	struct labelout l = {&j->inspect.label,
			     j->files.space,
			     {j->keys.use[0], j->keys.use[1]},
			     false};
	struct out *o = j->files.cli->out;
	bool good = is_good(r);
	char words[120];

	if (good)
		out_style(o, OUT_GOOD, "good   ");
	else
		out_style(o, r->unsure ? OUT_WARN : OUT_BAD,
			  r->unsure ? "unknown" : "bad    ");
	out_add(o, "  ");
	out_foreign(o, span_of(path));
	out_add(o, "\n");
	if (good && j->files.tree)
		return;
	labelout_text(o, &l, IMAXATTR_EVM, check_words(r, words, sizeof(words)),
		      r->evm.key);
	if (!r->unsure)
		out_addf(o, "  %-12s  %s: %s\n", "EVM", evm_status_word(r->evm_status),
			 evm_status_means(r->evm_status));
}

static void json(struct job *j, const char *path, const struct inspect_result *r)
{
	struct labelout l = {&j->inspect.label,
			     j->files.space,
			     {j->keys.use[0], j->keys.use[1]},
			     false};
	struct json o = files_json(&j->files, path);

	json_kstr(&o, "answer", is_good(r) ? "good" : r->unsure ? "unknown" : "bad");
	json_kstr(&o, "status", r->unsure ? NULL : evm_status_word(r->evm_status));
	if (labelout_json(&o, &l, IMAXATTR_EVM, r->evm.key)) {
		if (r->evm.is)
			json_kstr(&o, "check", sig_verdict_word(r->evm.verdict));
		json_close(&o, '}');
	}
	files_json_end(&j->files, &o);
}

static int verify_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct job *j = user;
	struct inspect_result r;
	int err = inspect_evm(&j->inspect, fd, &r, reterr);

	if (err < 0)
		return err;
	j->files.bad |= !is_good(&r);
	if (j->files.cli->json)
		json(j, path, &r);
	else
		text(j, path, &r);
	return 0;
}

/* The verdict is of a kernel where EVM is switched on, whatever it is here. */
static int begin(struct cli *cli, struct job *j, struct diag *reterr)
{
	if (evmstate_read(&cli->root, &j->evm, reterr) < 0 ||
	    keyopt_keys(cli, &j->keys, reterr) < 0 ||
	    metaopt_read(cli, &j->meta, reterr) < 0)
		return -EINVAL;
	j->evm.bits |= EVM_BIT_HMAC | EVM_BIT_SIGNATURES;
	j->evm.kernel.enabled |= 1u << EVM_NAME_IMA;
	j->inspect.evm = &j->evm;
	memcpy(j->inspect.keys, j->keys.use, sizeof(j->keys.use));
	j->inspect.given = &j->meta.given;
	j->inspect.space = j->files.space;
	j->inspect.root = &cli->root;
	return 0;
}

static int run(struct cli *cli)
{
	_cleanup_(job_done) struct job j = {
		.files = files_for(cli, "imactl/evm-verify/1",
				   opt_flag(cli->opts, "recursive"))};
	struct diag d;

	return begin(cli, &j, &d) < 0 ? cmd_fail(&d)
				      : files_each(&j.files, verify_one, &j);
}

const struct cmd cmd_evm_verify = {
	.name = "verify",
	.summary = "Verify what security.evm vouches for",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS,
	.options =
		(const struct opt[]){
			KEYOPT_VERIFY,
			METAOPT,
			METAOPT_INODE,
			FILES_OPT_XATTR,
			FILES_OPT_TREE,
			{NULL},
		},
	.run = run,
	.help = "Says what EVM would, were it switched on with these keys. Portable\n"
		"signatures are verified, and those of one inode as far as its generation\n"
		"and the file system's UUID can be had. HMACs are made with a key that\n"
		"only the kernel has: \"unknown\". Files are opened only for the generation.\n\n"
		"Without --cert and --certs signatures are held against the keys of this\n"
		"kernel (.evm, _evm), whose certificates are looked for in /etc/keys/ and\n"
		"other usual places; below --root against those certificates.\n\n"
		"Exit status 1 unless every file is good.",
};
