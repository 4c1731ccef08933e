/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl file: what a file carries for appraisal, and whether it is still true. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/appraise.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/hashalg.h"
#include "core/label.h"
#include "core/sig.h"
#include "tui/cli/cmd.h"

enum { KEY_FILE_LIMIT = 1 << 20 };

struct key_file {
	const char *path; /* borrowed from the command line */
	struct sig_key *key;
};

/* What is kept from file to file. */
struct job {
	struct cli *cli;
	const char *schema; /* of its JSON */
	enum label_space space;
	struct label label;
	struct hash_ctx *hash[_HASH_ALG_MAX];
	enum hash_alg asked; /* --hash; invalid: what the label says */
	struct key_file *keys;
	size_t n_keys;
	bool bad; /* an answer that is not the one hoped for */
};

static void job_done(struct job *j)
{
	label_done(&j->label);
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		hash_free(j->hash[i]);
	for (size_t i = 0; i < j->n_keys; i++)
		sig_key_free(j->keys[i].key);
	free(j->keys);
}

static struct job job_for(struct cli *cli, const char *schema)
{
	const char *space = opt_str(cli->opts, "xattr", "security");

	return (struct job){
		.cli = cli,
		.schema = schema,
		.space = strcmp(space, "user") == 0 ? LABEL_USER : LABEL_SECURITY,
		.asked = _HASH_ALG_INVALID,
	};
}

/* Where the paths on the command line lie. */
static int place(const struct cli *cli)
{
	return cli->root_dir ? cli->root.dir[ROOT_TARGET] : AT_FDCWD;
}

/* Names the file and reads its label; the descriptor. */
static int look(struct job *j, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd = label_open(place(j->cli), path, reterr);

	if (fd < 0)
		return fd;
	if (label_read(fd, j->space, &j->label) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return take_fd(&fd);
}

/* Each path gives one object. */
static struct json json_begin(struct job *j, const char *path)
{
	struct json o = json_to(out_buf(j->cli->out));

	json_open(&o, '{');
	json_kstr(&o, "schema", j->schema);
	json_kbytes(&o, "path", span_of(path));
	return o;
}

static void json_end(struct job *j, struct json *o)
{
	json_close(o, '}');
	out_add(j->cli->out, "\n");
}

static void json_failed(struct job *j, const char *path, const struct diag *d)
{
	struct json o = json_begin(j, path);

	json_kstr(&o, "error", diag_code(d->id));
	json_kstr(&o, "text", d->text);
	json_end(j, &o);
}

/* Every path of the command line; what fails is said, and the others are still done. */
static int each(struct job *j, int (*one)(struct job *, const char *, struct diag *))
{
	size_t failed = 0;
	int code = CMD_OK;

	for (size_t i = 0; i < j->cli->n_args; i++) {
		struct diag d;

		if (one(j, j->cli->args[i], &d) < 0) {
			code = cmd_fail(&d);
			failed++;
			if (j->cli->json)
				json_failed(j, j->cli->args[i], &d);
		}
		if (out_check(j->cli->out) < 0)
			break;
	}
	if (failed)
		return failed == j->cli->n_args ? code : CMD_PARTLY;
	return j->bad ? CMD_BAD : CMD_OK;
}

static int load_key(struct key_file *k, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf bytes = {0};
	_cleanup_close_ int fd =
		open(k->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char q[140];
	int r;

	(void)str_quote(q, sizeof(q), span_of(k->path));
	if (fd < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open %s: %s.", q, diag_errno(errno));
	r = fs_read_fd(fd, KEY_FILE_LIMIT, k->path, &bytes, reterr);
	if (r < 0)
		return r;
	r = sig_key_public(strbuf_span(&bytes), &k->key, reterr);
	return r == -EBADMSG ? diag_set(reterr, DIAG_KEY_FORMAT, EBADMSG,
					"%s is no certificate and no public key.", q)
			     : r;
}

static int load_keys(struct job *j, struct diag *reterr)
{
	const char *path;

	for (size_t n = 0; (path = opt_nth(j->cli->opts, "key", n)); n++) {
		struct key_file *keys = reallocarray(j->keys, n + 1, sizeof(*keys));
		int r;

		if (!keys)
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		j->keys = keys;
		keys[n] = (struct key_file){.path = path};
		r = load_key(&keys[n], reterr);
		if (r < 0)
			return r;
		j->n_keys = n + 1;
	}
	return 0;
}

/* The key a signature names among those of --key; NULL. */
static const struct key_file *key_of(const struct job *j, const struct imaxattr *x)
{
	for (size_t i = 0; imaxattr_is_sig(x) && i < j->n_keys; i++)
		if (span_equal(x->version == 1 ? sig_key_id_v1(j->keys[i].key)
					       : sig_key_id(j->keys[i].key),
			       x->keyid))
			return &j->keys[i];
	return NULL;
}

static void show_key(struct job *j, const struct imaxattr *x)
{
	const struct key_file *k = key_of(j, x);
	struct out *o = j->cli->out;

	if (k) {
		out_addf(o, "\n                the key of ");
		out_foreign(o, span_of(k->path));
		out_addf(o, " (%s)", sig_key_words(k->key));
	} else if (j->n_keys && x->keyid.len) {
		out_add(o, "\n                of none of these keys");
	}
}

static void show_attr(struct job *j, enum imaxattr_attr a)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const struct imaxattr *x = &j->label.x[a];
	struct out *o = j->cli->out;
	int err = j->label.err[a];

	out_addf(o, "  %-12s  ", label_name(j->space, a));
	if (err == ENODATA) {
		out_style(o, OUT_DIM, "none");
	} else if (err) {
		out_style(o, OUT_WARN, "not to be had");
		out_addf(o, ": %s", diag_errno(err));
	} else {
		imaxattr_text(&text, x);
		out_style(o, imaxattr_usable(x) ? OUT_PLAIN : OUT_BAD, strbuf_str(&text));
		show_key(j, x);
	}
	out_add(o, "\n");
}

static void json_sig(struct json *o, const struct job *j, const struct imaxattr *x)
{
	const struct key_file *k = key_of(j, x);

	json_ku64(o, "version", x->version);
	if (x->keyid.len)
		json_khex(o, "keyid", x->keyid);
	if (k)
		json_kbytes(o, "key", span_of(k->path));
	json_ku64(o, "signature_bytes", x->sig.len);
}

static void json_attr(struct json *o, const struct job *j, enum imaxattr_attr a)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const struct imaxattr *x = &j->label.x[a];

	json_key(o, a == IMAXATTR_IMA ? "ima" : "evm");
	if (j->label.err[a] == ENODATA) {
		json_null(o);
		return;
	}
	json_open(o, '{');
	if (j->label.err[a]) {
		json_kstr(o, "unreadable", diag_errno(j->label.err[a]));
	} else {
		imaxattr_text(&text, x);
		json_ku64(o, "type", x->type);
		json_kstr(o, "verdict", imaxattr_verdict_word(x->verdict));
		json_kbool(o, "usable", imaxattr_usable(x));
		json_kstr(o, "hash", x->hash < 0 ? NULL : hash_alg_name(x->hash));
		if (imaxattr_is_sig(x))
			json_sig(o, j, x);
		else
			json_khex(o, "digest", x->digest);
		json_kstr(o, "text", strbuf_str(&text));
		json_khex(o, "hex", strbuf_span(&j->label.value[a]));
	}
	json_close(o, '}');
}

static void show_json(struct job *j, const char *path)
{
	struct json o = json_begin(j, path);

	json_attr(&o, j, IMAXATTR_IMA);
	json_attr(&o, j, IMAXATTR_EVM);
	json_end(j, &o);
}

static int show_one(struct job *j, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd = look(j, path, reterr);

	if (fd < 0)
		return fd;
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++)
		j->bad |= !j->label.err[a] && !imaxattr_usable(&j->label.x[a]);
	if (j->cli->json) {
		show_json(j, path);
		return 0;
	}
	out_foreign(j->cli->out, span_of(path));
	out_add(j->cli->out, "\n");
	show_attr(j, IMAXATTR_IMA);
	show_attr(j, IMAXATTR_EVM);
	return 0;
}

static int run_show(struct cli *cli)
{
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file/1");
	struct diag d;

	return load_keys(&j, &d) < 0 ? cmd_fail(&d) : each(&j, show_one);
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
	return appraise_hash_alg(&kernel, strbuf_span(&j->label.value[IMAXATTR_IMA]));
}

static int digest_of(struct job *j, int named, const char *path, struct digest *ret,
		     struct diag *reterr)
{
	_cleanup_close_ int fd = label_open_contents(named, path, reterr);
	enum hash_alg alg = alg_for(j);
	char q[140];
	int r;

	if (fd < 0)
		return fd;
	if (!j->hash[alg])
		j->hash[alg] = hash_new(alg, reterr);
	if (!j->hash[alg])
		return -EOPNOTSUPP;
	r = hash_fd(j->hash[alg], alg, fd, ret);
	return r < 0 ? diag_set(reterr, DIAG_READ, r, "Cannot read %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r))
		     : 0;
}

static void hash_text(struct job *j, const char *path, const struct digest *d,
		      enum state s)
{
	struct out *o = j->cli->out;
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
	struct json o = json_begin(j, path);

	json_kstr(&o, "hash", hash_alg_name(d->alg));
	json_khex(&o, "digest", digest_span(d));
	json_kstr(&o, "state", states[s].word);
	json_end(j, &o);
}

static int hash_one(struct job *j, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd = look(j, path, reterr);
	struct digest d;
	enum state s;
	int r;

	if (fd < 0)
		return fd;
	r = digest_of(j, fd, path, &d, reterr);
	if (r < 0)
		return r;
	s = compare(&j->label, &d);
	j->bad |= s == DIFFERS || s == DAMAGED;
	if (j->cli->json)
		hash_json(j, path, &d, s);
	else
		hash_text(j, path, &d, s);
	return 0;
}

static int run_hash(struct cli *cli)
{
	_cleanup_(job_done) struct job j = job_for(cli, "imactl/file-hash/1");
	const char *name = opt_str(cli->opts, "hash", NULL);
	char q[80];
	struct diag d;

	if (name)
		j.asked = hash_alg_from_name(span_of(name));
	if (name && j.asked < 0) {
		diag_set(&d, DIAG_VALUE, EINVAL, "%s is no hash algorithm of the kernel.",
			 str_quote(q, sizeof(q), span_of(name)));
		return cmd_fail(&d);
	}
	return each(&j, hash_one);
}

#define OPT_XATTR                                                                        \
	{                                                                                \
		"xattr", 0, OPT_CHOICE, "security|user",                                 \
			"The namespace of the attributes: security.ima or user.ima"      \
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
			{"key", 'k', OPT_REPEATED, "FILE",
			 "A certificate or public key: is a signature by it?"},
			OPT_XATTR,
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
			OPT_XATTR,
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
	.summary = "Read what files carry for appraisal, and hash them",
	.subs = (const struct cmd *const[]){&show, &hash, NULL},
	.help = "Reads the reference values of files: a hash or a signature in\n"
		"security.ima, a value of EVM in security.evm. Links are followed, as\n"
		"the kernel does.",
};
