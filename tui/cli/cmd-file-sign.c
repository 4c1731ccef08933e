/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl file sign, file clear: plans that change what files carry for appraisal. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/appraise/filesign.h"
#include "tui/cli/cmd-file.h"
#include "tui/cli/filesplan.h"
#include "tui/cli/keyopt.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

static int sign_one(void *user, struct plan *plan, int fd, const char *path,
		    struct diag *reterr)
{
	return filesign_add(user, plan, fd, path, reterr);
}

static int confirm_one(void *user, int fd, const char *path, struct diag *reterr)
{
	return filesign_confirm(user, fd, path, reterr);
}

static int begin(struct cli *cli, struct filesign *s, struct filesplan *p,
		 const struct sig_key *key, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf title = {0};

	sig_key_title(key, "sign files", &title);
	if (filesplan_init(p, cli, "imactl/file-sign/1", strbuf_str(&title), reterr) < 0)
		return -ENOMEM;
	*s = (struct filesign){
		.root = &cli->root,
		.key = key,
		.version = opt_flag(cli->opts, "sigv3") ? 3 : 2,
		.no_verity = opt_flag(cli->opts, "no-verity"),
		.detached = opt_flag(cli->opts, "detached"),
		.space = p->files.space,
	};
	p->files.detached = s->detached;
	p->add = sign_one;
	p->confirm = confirm_one;
	p->user = s;
	return keyopt_hash(cli, key, &s->alg, reterr);
}

static int run_sign(struct cli *cli)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_filesplan_ struct filesplan p = {0};
	struct filesign s = {0};
	struct diag d;
	int code;

	if (keyopt_private(cli, &key, &d) < 0 || begin(cli, &s, &p, key, &d) < 0)
		code = cmd_fail(&d);
	else
		code = filesplan_run(&p, " is signed so already",
				     "s are signed so already");
	filesign_done(&s);
	return code;
}

static int clear_one(void *user, struct plan *plan, int fd, const char *path,
		     struct diag *reterr)
{
	struct filesplan *p = user;
	const struct root *root = &p->files.cli->root;
	const char *what = opt_str(p->files.cli->opts, "attribute", "both");
	_cleanup_strbuf_ struct strbuf name = {0};
	struct labelstep at = {root, p->files.space, NULL, &p->files.label};
	size_t before = plan->n;
	char q[140];
	int r = fspath_of(root->dir[ROOT_TARGET], fd, &name);

	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, r, "Cannot name %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r));
	if (label_read(fd, p->files.space, &p->files.label) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	at.path = strbuf_str(&name);
	if (strcmp(what, "evm") != 0)
		r = labelstep_clear(&at, plan, IMAXATTR_IMA, reterr);
	if (r >= 0 && strcmp(what, "ima") != 0)
		r = labelstep_clear(&at, plan, IMAXATTR_EVM, reterr);
	return r < 0 ? r : plan->n > before;
}

static int run_clear(struct cli *cli)
{
	_cleanup_filesplan_ struct filesplan p = {0};
	struct diag d;

	if (filesplan_init(&p, cli, "imactl/file-clear/1",
			   "remove the reference values of files", &d) < 0)
		return cmd_fail(&d);
	p.add = clear_one;
	p.user = &p;
	return filesplan_run(&p, NULL, NULL);
}

const struct cmd cmd_file_sign = {
	.name = "sign",
	.summary = "Sign files",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS | CMD_MUTATES,
	.options =
		(const struct opt[]){
			KEYOPT_SIGN,
			{"hash", 0, OPT_STRING, "ALG",
			 "Hash of the contents; default sha256, sm3 for SM2 keys"},
			{"sigv3", 0, OPT_FLAG, NULL,
			 "Version 3 for contents, too (kernels from 7.1)"},
			{"no-verity", 0, OPT_FLAG, NULL,
			 "Sign the contents of fs-verity files like others"},
			{"detached", 0, OPT_FLAG, NULL,
			 "Write the signature to FILE.sig, not to an attribute"},
			FILES_OPT_XATTR,
			FILES_OPT_TREE,
			{NULL},
		},
	.run = run_sign,
	.help = "Puts a signature into security.ima: of the contents with version 2, of\n"
		"the fs-verity digest with version 3 where a file has one. Files that\n"
		"carry such a signature already are left as they are.\n\n"
		"Signatures name their key by 4 bytes of the certificate's key id. Give\n"
		"--cert unless the certificate stands in the same PEM file or has the key\n"
		"id that openssl makes.\n\n"
		"--xattr=user and --detached need no privileges: for trees that are built\n"
		"and labelled elsewhere. FILE.sig is what evmctl reads and writes; with -r\n"
		"it is no file of its own where FILE lies beside it.\n\n"
		"What was changed or replaced since the plan was made is not signed, and\n"
		"then nothing is. When it is done the files are read once more. Exit status\n"
		"1 when one is no longer what was signed.",
};

const struct cmd cmd_file_clear = {
	.name = "clear",
	.summary = "Remove what files carry for appraisal",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS | CMD_MUTATES,
	.options =
		(const struct opt[]){
			{"attribute", 0, OPT_CHOICE, "ima|evm|both",
			 "Which attribute; default both"},
			FILES_OPT_XATTR,
			FILES_OPT_TREE,
			{NULL},
		},
	.run = run_clear,
	.help = "Removes security.ima and security.evm. The files are not opened. Where\n"
		"appraisal enforces, a file without them is denied: 'change undo' puts\n"
		"them back.",
};
