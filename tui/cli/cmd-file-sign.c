/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl file sign, file clear: plans that change what files carry for appraisal. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/filesign.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/cmd-file.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

struct job {
	struct files files;
	struct plan plan;
	struct filesign sign;
	size_t same;	       /* signed so already */
	struct strbuf planned; /* paths as they were given, a NUL behind each */
};

static struct job job_for(struct cli *cli, const char *schema)
{
	struct job j = {.files =
				files_for(cli, schema, opt_flag(cli->opts, "recursive"))};

	j.files.once = true;
	return j;
}

static void job_done(struct job *j)
{
	files_done(&j->files);
	plan_done(&j->plan);
	filesign_done(&j->sign);
	strbuf_done(&j->planned);
}

/* What could not be planned is not forgotten because the rest went well. */
static int worse(int planned, int ran)
{
	return ran == CMD_OK ? planned : ran;
}

/* In a tree the signatures of an earlier run lie beside their files. */
static bool is_signature(const struct job *j, const char *path)
{
	size_t len = strlen(path);

	return j->sign.detached && j->files.tree && len > 4 &&
	       strcmp(path + len - 4, ".sig") == 0;
}

static int sign_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct job *j = user;
	int r;

	if (is_signature(j, path))
		return 0;
	r = filesign_add(&j->sign, &j->plan, fd, path, reterr);
	j->same += r == 0;
	if (r > 0)
		strbuf_add(&j->planned, path, strlen(path) + 1);
	return r < 0 ? r : 0;
}

static int choose_hash(struct cli *cli, struct filesign *s, struct diag *reterr)
{
	s->alg = sig_key_takes(s->key, HASH_SHA256) ? HASH_SHA256 : HASH_SM3;
	if (files_hash_option(cli, &s->alg, reterr) < 0)
		return -EINVAL;
	if (sig_key_takes(s->key, s->alg))
		return 0;
	return diag_set(reterr, DIAG_KEY_HASH, EINVAL,
			"No kernel takes %s with a key of kind %s.",
			hash_alg_name(s->alg), sig_key_words(s->key));
}

static int begin_sign(struct cli *cli, struct job *j, const struct sig_key *key,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf title = {0};

	j->sign = (struct filesign){
		.root = &cli->root,
		.key = key,
		.version = opt_flag(cli->opts, "sigv3") ? 3 : 2,
		.no_verity = opt_flag(cli->opts, "no-verity"),
		.detached = opt_flag(cli->opts, "detached"),
		.space = j->files.space,
	};
	strbuf_adds(&title, "sign files with the key ");
	strbuf_addhex(&title, sig_key_id(key));
	strbuf_addf(&title, " (%s)", sig_key_words(key));
	if (plan_init(&j->plan, strbuf_str(&title), reterr) < 0)
		return -ENOMEM;
	return choose_hash(cli, &j->sign, reterr);
}

static void say_same(struct cli *cli, size_t n)
{
	if (n && !cli->json)
		out_addf(cli->out, "%zu file%s signed so already.\n", n,
			 n == 1 ? " is" : "s are");
}

/* Between reading and writing a file may have changed: what was signed is compared with
 * what is there when all is done. */
static int confirm(struct job *j)
{
	struct bytes names = bytes_of(strbuf_str(&j->planned), j->planned.len);
	size_t failed = j->files.failed;
	struct span name;

	while (bytes_until(&names, '\0', &name)) {
		const char *path = (const char *)name.ptr;
		struct diag d = {0};
		_cleanup_close_ int fd = label_open(files_place(&j->files), path, &d);

		if (fd < 0 || filesign_confirm(&j->sign, fd, path, &d) < 0)
			files_failed(&j->files, path, &d);
	}
	if (j->files.failed == failed)
		return CMD_OK;
	return cmd_exit_of(&j->files.failure);
}

static int run_sign(struct cli *cli)
{
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file-sign/1");
	struct change_result result;
	struct diag d;
	int planned, ran;

	if (keyopt_private(cli, &key, &d) < 0 || begin_sign(cli, &j, key, &d) < 0)
		return cmd_fail(&d);
	planned = files_each(&j.files, sign_one, &j);
	if (j.files.failed && !j.files.done)
		return planned;
	say_same(cli, j.same);
	ran = change_ui_run_to(cli, &j.plan, &result);
	if (ran == CMD_OK && result.outcome == CHANGE_DONE)
		ran = confirm(&j);
	return worse(planned, ran);
}

static int clear_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct job *j = user;
	const char *what = opt_str(j->files.cli->opts, "attribute", "both");
	const struct root *root = &j->files.cli->root;
	_cleanup_strbuf_ struct strbuf name = {0};
	struct labelstep at = {root, j->files.space, NULL, &j->files.label};
	char q[140];
	int r = fspath_of(root->dir[ROOT_TARGET], fd, &name);

	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, r, "Cannot name %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r));
	if (label_read(fd, j->files.space, &j->files.label) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	at.path = strbuf_str(&name);
	if (strcmp(what, "evm") != 0)
		r = labelstep_clear(&at, &j->plan, IMAXATTR_IMA, reterr);
	if (r >= 0 && strcmp(what, "ima") != 0)
		r = labelstep_clear(&at, &j->plan, IMAXATTR_EVM, reterr);
	return r < 0 ? r : 0;
}

static int run_clear(struct cli *cli)
{
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file-clear/1");
	struct diag d;
	int planned;

	if (plan_init(&j.plan, "remove the reference values of files", &d) < 0)
		return cmd_fail(&d);
	planned = files_each(&j.files, clear_one, &j);
	if (j.files.failed && !j.files.done)
		return planned;
	return worse(planned, change_ui_run(cli, &j.plan));
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
		"no file of that name is signed itself.\n\n"
		"When it is done the files are read once more. Exit status 1 when one is\n"
		"no longer what was signed.",
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
