/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl evm sign: portable signatures of files' metadata. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/appraise/evmsign.h"
#include "core/appraise/evmstate.h"
#include "tui/cli/cmd-evm.h"
#include "tui/cli/filesplan.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/metaopt.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

struct signing {
	struct filesplan p;
	struct sig_key *key;
	struct evmstate state;
	struct metaopt meta;
	struct evmsign sign;
};

static void signing_done(struct signing *s)
{
	filesplan_done(&s->p);
	sig_key_free(s->key);
	evmstate_done(&s->state);
	metaopt_done(&s->meta);
	evmsign_done(&s->sign);
}

static int sign_one(void *user, struct plan *plan, int fd, const char *path,
		    struct diag *reterr)
{
	struct signing *s = user;

	return evmsign_add(&s->sign, plan, fd, path, reterr);
}

static int confirm_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct signing *s = user;

	return evmsign_confirm(&s->sign, fd, path, reterr);
}

/* --ima */
static int choose_ima(struct cli *cli, struct signing *s, struct diag *reterr)
{
	const char *what = opt_str(cli->opts, "ima", "keep");
	int r = 0;

	s->sign.ima = EVMSIGN_KEEP;
	if (strcmp(what, "hash") == 0)
		s->sign.ima = EVMSIGN_HASH;
	else if (strcmp(what, "signature") == 0)
		s->sign.ima = EVMSIGN_SIGN;
	else if (strcmp(what, "keep") != 0)
		r = metaopt_hex(what, &s->meta.ima, reterr);
	s->meta.given.attr[EVM_NAME_IMA].given = s->meta.ima.len > 0;
	s->meta.given.attr[EVM_NAME_IMA].value = strbuf_span(&s->meta.ima);
	return r;
}

static int begin(struct cli *cli, struct signing *s, struct diag *reterr)
{
	uint8_t version = opt_flag(cli->opts, "sigv3") ? 3 : 2;
	_cleanup_strbuf_ struct strbuf title = {0};

	if (keyopt_private(cli, &s->key, reterr) < 0)
		return -EINVAL;
	sig_key_title(s->key, "sign the metadata of files", &title);
	if (filesplan_init(&s->p, cli, "imactl/evm-sign/1", strbuf_str(&title), reterr) <
		    0 ||
	    evmstate_read(&cli->root, &s->state, reterr) < 0 ||
	    metaopt_read(cli, &s->meta, reterr) < 0)
		return -EINVAL;
	/* a kernel that appraises will check it, whatever this one can */
	s->state.kernel.enabled |= 1u << EVM_NAME_IMA;
	s->p.add = sign_one;
	s->p.confirm = confirm_one;
	s->p.user = s;
	s->sign = (struct evmsign){
		.file = {.root = &cli->root,
			 .key = s->key,
			 .version = version,
			 .space = s->p.files.space},
		.version = version,
		.inode = opt_flag(cli->opts, "inode"),
		.kernel = &s->state.kernel,
		.given = &s->meta.given,
	};
	if (choose_ima(cli, s, reterr) < 0 ||
	    keyopt_hash(cli, s->key, &s->sign.alg, reterr) < 0)
		return -EINVAL;
	s->sign.file.alg = s->sign.alg;
	return 0;
}

/* As getfattr escapes names; setfattr --restore reads it back. */
static void dump_name(struct out *out, const char *path)
{
	struct strbuf *b = out_buf(out);

	strbuf_adds(b, "# file: ");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (c <= ' ' || c == '\\' || c >= 0x7f)
			strbuf_addf(b, "\\%03o", c);
		else
			strbuf_addc(b, (char)c);
	}
	strbuf_addc(b, '\n');
}

static void dump_value(struct signing *s, enum imaxattr_attr a, struct span value)
{
	struct out *out = s->p.files.cli->out;

	out_addf(out, "%s=0x", label_name(s->p.files.space, a));
	strbuf_addhex(out_buf(out), value);
	out_add(out, "\n");
}

static void print_json(struct signing *s, const char *path, struct span ima,
		       struct span evm)
{
	struct json o = files_json(&s->p.files, path);

	json_khex(&o, "ima", ima);
	json_khex(&o, "evm", evm);
	files_json_end(&s->p.files, &o);
}

/* The value to be set, or the one that is there or given and stays. */
static struct span either(const struct filesign_value *made, const struct strbuf *given,
			  const struct label *label, enum imaxattr_attr a)
{
	if (made->bytes.len)
		return strbuf_span(&made->bytes);
	return strbuf_span(given && given->len ? given : &label->value[a]);
}

static int print_one(void *user, int fd, const char *path, struct diag *reterr)
{
	_cleanup_evmsign_made_ struct evmsign_made made = {0};
	struct signing *s = user;
	struct span ima, evm;
	int r = evmsign_make(&s->sign, fd, path, &made, reterr);

	if (r < 0)
		return r;
	ima = either(&made.ima, &s->meta.ima, &s->sign.file.label, IMAXATTR_IMA);
	evm = either(&made.evm, NULL, &s->sign.file.label, IMAXATTR_EVM);
	if (s->p.files.cli->json) {
		print_json(s, path, ima, evm);
		return 0;
	}
	dump_name(s->p.files.cli->out, path);
	dump_value(s, IMAXATTR_IMA, ima);
	dump_value(s, IMAXATTR_EVM, evm);
	out_add(s->p.files.cli->out, "\n");
	return 0;
}

static int run(struct cli *cli)
{
	_cleanup_(signing_done) struct signing s = {0};
	struct diag d;

	if (begin(cli, &s, &d) < 0)
		return cmd_fail(&d);
	if (opt_flag(cli->opts, "print"))
		return files_each(&s.p.files, print_one, &s);
	return filesplan_run(&s.p, " is signed so already", "s are signed so already");
}

const struct cmd cmd_evm_sign = {
	.name = "sign",
	.summary = "Sign the metadata of files (portable signatures)",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS | CMD_MUTATES,
	.options =
		(const struct opt[]){
			KEYOPT_SIGN,
			{"hash", 0, OPT_STRING, "ALG",
			 "Hash of metadata and contents; default sha256, sm3 for SM2 keys"},
			{"sigv3", 0, OPT_FLAG, NULL, "Version 3 (kernels from 7.1)"},
			{"ima", 0, OPT_STRING, "WHAT",
			 "security.ima: keep (default), hash, signature, or its value (0x0404)"},
			METAOPT,
			{"inode", 0, OPT_FLAG, NULL,
			 "Sign for this inode alone; the kernel makes an HMAC of it"},
			METAOPT_INODE,
			{"print", 0, OPT_FLAG, NULL,
			 "Print the attributes, as for setfattr --restore; change nothing"},
			FILES_OPT_XATTR,
			FILES_OPT_TREE,
			{NULL},
		},
	.run = run,
	.help = "Puts a portable signature into security.evm. It covers owner, group, mode,\n"
		"security.ima and the other attributes EVM protects, and holds wherever\n"
		"the file is copied with all of them; the kernel then refuses to change\n"
		"them. It also stands for a signature of the contents where a rule wants\n"
		"one, so that a hash in security.ima is enough.\n\n"
		"security.ima must be there: --ima=hash or --ima=signature set it in the\n"
		"same plan; a signature is never replaced by a hash.\n\n"
		"For images whose files have other owners while they are built, give what\n"
		"they will have: --uid, --gid, --mode, --selinux, --caps; --xattr=user sets\n"
		"user.ima and user.evm, --print only prints.\n\n"
		"--inode signs for one inode of one file system: a kernel that has the HMAC\n"
		"key replaces it by an HMAC when it has verified it.",
};
