/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl file: what a file carries for appraisal, and whether it is still true. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/appraise/appraise.h"
#include "core/base/cleanup.h"
#include "core/cert/sig.h"
#include "tui/cli/cmd-file.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/labelout.h"

struct job {
	struct files files;
	enum hash_alg asked; /* --hash; invalid: what the label says */
	struct keyset keys;
};

static struct job job_for(struct cli *cli, const char *schema)
{
	return (struct job){.files = files_for(cli, schema, false),
			    .asked = _HASH_ALG_INVALID};
}

static void job_done(struct job *j)
{
	files_done(&j->files);
	keyset_done(&j->keys);
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static struct labelout labelout_of(const struct job *j)
{
	return (struct labelout){&j->files.label,
				 j->files.space,
				 {&j->keys, &j->keys},
				 false};
}

static void show_json(struct job *j, const char *path)
{
	struct json o = files_json(&j->files, path);
	struct labelout l = labelout_of(j);

	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		if (labelout_json(&o, &l, (enum imaxattr_attr)a, NULL))
			json_close(&o, '}');
	files_json_end(&j->files, &o);
}

static int show_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct job *j = user;
	struct out *o = j->files.cli->out;
	struct labelout l = labelout_of(j);

	if (label_read(fd, j->files.space, &j->files.label) < 0)
		return out_of_memory(reterr);
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		j->files.bad |=
			!j->files.label.err[a] && !imaxattr_usable(&j->files.label.x[a]);
	if (j->files.cli->json) {
		show_json(j, path);
		return 0;
	}
	out_foreign(o, span_of(path));
	out_add(o, "\n");
	labelout_text(o, &l, IMAXATTR_IMA, NULL, NULL);
	labelout_text(o, &l, IMAXATTR_EVM, NULL, NULL);
	return 0;
}

static int run_show(struct cli *cli)
{
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file/1");
	struct diag d;

	return keyopt_certs(cli, &j.keys, &d) < 0 ? cmd_fail(&d)
						  : files_each(&j.files, show_one, &j);
}

/* What the digest of the contents says about the label. */
enum state { MATCH, DIFFERS, SIGNED, OTHER_HASH, DAMAGED, UNLABELLED, UNREADABLE };

static const struct {
	const char *word;
	enum out_style style;
} states[] = {
	[MATCH] = {"match", OUT_GOOD},		 [DIFFERS] = {"differs", OUT_BAD},
	[SIGNED] = {"signed", OUT_PLAIN},	 [OTHER_HASH] = {"other-hash", OUT_WARN},
	[DAMAGED] = {"damaged", OUT_BAD},	 [UNLABELLED] = {"unlabelled", OUT_DIM},
	[UNREADABLE] = {"unreadable", OUT_WARN},
};

static enum state compare(const struct label *l, const struct digest *d)
{
	const struct imaxattr *x = &l->x[IMAXATTR_IMA];

	if (l->err[IMAXATTR_IMA])
		return l->err[IMAXATTR_IMA] == ENODATA ? UNLABELLED : UNREADABLE;
	if (!imaxattr_usable(x))
		return x->verdict == IMAXATTR_V_EMPTY ? UNLABELLED : DAMAGED;
	if (imaxattr_is_sig(x))
		return SIGNED;
	if (x->hash != d->alg)
		return OTHER_HASH;
	return span_equal(x->digest, digest_span(d)) ? MATCH : DIFFERS;
}

/* The hash that was asked for, else the one the kernel would compute because of the
 * label; sha256 where there is none. */
static enum hash_alg alg_for(const struct job *j)
{
	struct appraise_kernel kernel = {.ima_hash = HASH_SHA256, .sigv3 = true};

	if (j->asked >= 0)
		return j->asked;
	return appraise_hash_alg(&kernel,
				 strbuf_span(&j->files.label.value[IMAXATTR_IMA]));
}

static void hash_text(struct job *j, const char *path, const struct digest *d,
		      enum state s)
{
	struct out *o = j->files.cli->out;
	char word[16];

	(void)snprintf(word, sizeof(word), "%-10s", states[s].word);
	out_style(o, states[s].style, word);
	out_addf(o, "  %s:", hash_alg_name(d->alg));
	strbuf_addhex(out_buf(o), digest_span(d));
	out_add(o, "  ");
	out_foreign(o, span_of(path));
	out_add(o, "\n");
}

static void hash_json(struct job *j, const char *path, const struct digest *d,
		      enum state s)
{
	_cleanup_strbuf_ struct strbuf label = {0};
	struct json o = files_json(&j->files, path);

	json_kstr(&o, "hash", hash_alg_name(d->alg));
	json_khex(&o, "digest", digest_span(d));
	json_kstr(&o, "state", states[s].word);
	if (imaxattr_put_digest(&label, d->alg, digest_span(d)) == 0)
		json_khex(&o, "label", strbuf_span(&label));
	files_json_end(&j->files, &o);
}

static int hash_one(void *user, int fd, const char *path, struct diag *reterr)
{
	_cleanup_close_ int data = label_open_contents(fd, path, reterr);
	struct job *j = user;
	struct digest d;
	enum state s;
	int r;

	if (data < 0)
		return data;
	if (label_read(fd, j->files.space, &j->files.label) < 0)
		return out_of_memory(reterr);
	r = label_hash(data, path, &j->files.hash, alg_for(j), &d, reterr);
	if (r < 0)
		return r;
	s = compare(&j->files.label, &d);
	j->files.bad |= s == DIFFERS || s == DAMAGED;
	if (j->files.cli->json)
		hash_json(j, path, &d, s);
	else
		hash_text(j, path, &d, s);
	return 0;
}

static int run_hash(struct cli *cli)
{
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file-hash/1");
	struct diag d;

	if (files_hash_option(cli, &j.asked, &d) < 0)
		return cmd_fail(&d);
	return files_each(&j.files, hash_one, &j);
}

static const struct cmd show = {
	.name = "show",
	.summary = "Show what security.ima and security.evm hold",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS,
	.options =
		(const struct opt[]){
			KEYOPT_VERIFY,
			FILES_OPT_XATTR,
			{NULL},
		},
	.run = run_show,
	.help = "Takes the values apart: kind, version, hash, key id, and what is wrong\n"
		"with them where they are damaged. Nothing is verified, and the file is\n"
		"not opened, so looking neither measures nor appraises it.\n\n"
		"Exit status 1 when a value is one that no kernel accepts.",
};

static const struct cmd hash = {
	.name = "hash",
	.summary = "Hash files and compare with their label",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS,
	.options =
		(const struct opt[]){
			{"hash", 0, OPT_STRING, "ALG",
			 "Hash algorithm; by default the label's, sha256 without one"},
			FILES_OPT_XATTR,
			{NULL},
		},
	.run = run_hash,
	.help = "One line a file: what comparing with its label gave, the digest, the\n"
		"name. The words are match, differs, signed (a signature says nothing\n"
		"without its key), other-hash (the label is of another algorithm than\n"
		"--hash), damaged, unlabelled and unreadable (of the attribute).\n\n"
		"The contents are read: an access that IMA measures and appraises.\n\n"
		"Exit status 1 when a file differs or its label is damaged.",
};

const struct cmd cmd_file = {
	.name = "file",
	.summary = "What files carry for appraisal: read, sign, verify",
	.subs = (const struct cmd *const[]){&show, &hash, &cmd_file_sign,
					    &cmd_file_verify, &cmd_file_clear, NULL},
	.help = "Reads the reference values of files: a hash or a signature in\n"
		"security.ima, a value of EVM in security.evm. Links are followed, as\n"
		"the kernel does.",
};
