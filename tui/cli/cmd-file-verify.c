/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl file verify: what the kernel would decide about files, and why. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/appraise/inspect.h"
#include "core/cert/keylive.h"
#include "tui/cli/cmd-file.h"
#include "tui/cli/files.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/labelout.h"

struct job {
	struct files files;
	struct keyopt_keys keys;
	struct keyset platform;
	struct evmstate evm;
	struct keyring_set rings;
	struct inspect inspect;
	size_t good;
};

static void job_done(struct job *j)
{
	files_done(&j->files);
	keyopt_keys_done(&j->keys);
	keyset_done(&j->platform);
	evmstate_done(&j->evm);
	keyring_done(&j->rings);
	inspect_done(&j->inspect);
}

/* appraise_algos= */
static int algos_of(struct cli *cli, uint32_t *ret, struct diag *reterr)
{
	const char *list = opt_str(cli->opts, "algos", ""), *end;
	char q[80];

	for (; *list; list = end + (*end == ',')) {
		struct span name = {(const uint8_t *)list, strcspn(list, ",")};
		enum hash_alg alg = hash_alg_from_name(name);

		end = list + name.len;
		if (alg < 0)
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"%s is no hash algorithm of the kernel.",
					str_quote(q, sizeof(q), name));
		*ret |= 1u << alg;
	}
	return 0;
}

/* What appraise_type=, appraise_flag= and digest_type= of a rule ask for. */
static int rule_of(struct cli *cli, struct inspect *i, struct diag *reterr)
{
	const char *require = opt_str(cli->opts, "require", NULL),
		   *access = opt_str(cli->opts, "access", "read");

	i->rule_of_label = !require;
	if (require && strcmp(require, "hash") != 0) {
		i->rule.sig = true;
		i->rule.verity = strcmp(require, "verity") == 0;
		i->rule.sigv3 = strcmp(require, "sigv3") == 0;
		i->rule.modsig = strcmp(require, "modsig") == 0;
		i->kernel.sigv3 |= i->rule.sigv3;
	}
	i->rule.blacklist = opt_flag(cli->opts, "check-blacklist");
	i->access.write = strcmp(access, "write") == 0;
	i->access.kexec_kernel = strcmp(access, "kexec") == 0;
	return algos_of(cli, &i->rule.algos, reterr);
}

/* The blacklist is the running kernel's, whatever root the files lie in. */
static void see_blacklist(struct cli *cli, struct job *j)
{
	if (!cli->root_dir && keyring_load(&cli->root, &j->rings, NULL) == 0)
		j->inspect.rings = &j->rings;
}

/* .platform, where KEXEC_KERNEL_CHECK is in question; those that were named are meant to
 * be in it. */
static int see_platform(struct cli *cli, struct job *j, struct diag *reterr)
{
	struct inspect *i = &j->inspect;
	int r = 0;

	if (!i->access.kexec_kernel)
		return 0;
	if (keyopt_named(cli) || cli->root_dir)
		i->platform = j->keys.use[IMAXATTR_IMA];
	else
		r = keylive_add_ring(&j->platform, &cli->root, KEYRING_PLATFORM, reterr);
	if (r > 0)
		i->platform = &j->platform;
	return r;
}

static int begin(struct cli *cli, struct job *j, struct diag *reterr)
{
	struct inspect *i = &j->inspect;

	if (evmstate_read(&cli->root, &j->evm, reterr) < 0 ||
	    keyopt_keys(cli, &j->keys, reterr) < 0 ||
	    inspect_kernel(i, &cli->root, reterr) < 0 || rule_of(cli, i, reterr) < 0 ||
	    see_platform(cli, j, reterr) < 0)
		return -EINVAL;
	see_blacklist(cli, j);
	i->evm = &j->evm;
	memcpy(i->keys, j->keys.use, sizeof(j->keys.use));
	i->space = j->files.space;
	i->detached = j->files.detached = opt_flag(cli->opts, "detached");
	i->root = &cli->root;
	return 0;
}

static const char *answer(const struct inspect_result *r)
{
	return r->verdict.fails ? "bad" : r->unsure ? "unknown" : "good";
}

/* "it is right" */
static const char *check_words(const struct inspect_sig *s, char *buf, size_t size)
{
	if (!s->is)
		return NULL;
	(void)snprintf(buf, size, "it %s", keyset_verdict(s->verdict, s->key));
	return buf;
}

static void text_attr(struct job *j, enum imaxattr_attr a, const struct inspect_sig *s)
{
	struct labelout l = {&j->inspect.label,
			     j->files.space,
			     {j->keys.use[0], j->keys.use[1]},
			     j->inspect.detached};
	char words[120];

	labelout_text(j->files.cli->out, &l, a, check_words(s, words, sizeof(words)),
		      s->key);
}

static void text_modsig(struct job *j, const struct inspect_result *r)
{
	struct out *o = j->files.cli->out;
	char words[120];

	if (!r->rule.modsig)
		return;
	out_addf(o, "  %-12s  ", "appended");
	if (!r->modsig.is) {
		out_style(o, OUT_DIM, "none");
		out_add(o, "\n");
		return;
	}
	out_addf(o, "signature, %s, of ", hash_alg_name(r->modsig_digest.alg));
	strbuf_addhex(out_buf(o), digest_span(&r->modsig_digest));
	out_addf(o, "\n                %s",
		 check_words(&r->modsig, words, sizeof(words)));
	if (r->modsig.key) {
		out_add(o, "; ");
		keyopt_words(o, r->modsig.key);
	}
	out_add(o, "\n");
}

static void text_why(struct out *o, const struct inspect_result *r)
{
	const struct appraise_words *w =
		r->verdict.fails ? appraise_words(r->verdict.why) : NULL;

	out_addf(o, "  %-12s  ", "appraisal");
	if (!w) {
		out_addf(o, "passes where a rule wants %s%s\n",
			 inspect_requirement(&r->rule),
			 r->unsure ? ", if what cannot be checked here is right" : "");
		return;
	}
	out_addf(o, "fails where a rule wants %s: %s%s%s\n                %s\n",
		 inspect_requirement(&r->rule), w->cause, *w->cause ? ": " : "", w->means,
		 w->helps);
}

static void text(struct job *j, const char *path, const struct inspect_result *r)
{
	static const enum out_style styles[] = {
		['b'] = OUT_BAD, ['g'] = OUT_GOOD, ['u'] = OUT_WARN};
	struct out *o = j->files.cli->out;
	char word[16];

	(void)snprintf(word, sizeof(word), "%-7s", answer(r));
	out_style(o, styles[(unsigned char)*word], word);
	out_add(o, "  ");
	out_foreign(o, span_of(path));
	out_add(o, "\n");
	if (j->files.tree && *word == 'g')
		return;
	text_attr(j, IMAXATTR_IMA, &r->ima);
	text_modsig(j, r);
	text_attr(j, IMAXATTR_EVM, &r->evm);
	if (j->evm.bits)
		out_addf(o, "  %-12s  %s: %s\n", "EVM", evm_status_word(r->evm_status),
			 evm_status_means(r->evm_status));
	text_why(o, r);
}

static void json_attr(struct json *o, struct job *j, enum imaxattr_attr a,
		      const struct inspect_sig *s)
{
	struct labelout l = {&j->inspect.label,
			     j->files.space,
			     {j->keys.use[0], j->keys.use[1]},
			     j->inspect.detached};

	if (!labelout_json(o, &l, a, s->key))
		return;
	if (s->is)
		json_kstr(o, "check", sig_verdict_word(s->verdict));
	json_close(o, '}');
}

static void json_modsig(struct json *o, const struct inspect_result *r)
{
	if (!r->rule.modsig)
		return;
	json_key(o, "modsig");
	if (!r->modsig.is) {
		json_null(o);
		return;
	}
	json_open(o, '{');
	json_kstr(o, "hash", hash_alg_name(r->modsig_digest.alg));
	json_khex(o, "digest", digest_span(&r->modsig_digest));
	labelout_json_key(o, r->modsig.key);
	json_kstr(o, "check", sig_verdict_word(r->modsig.verdict));
	json_close(o, '}');
}

static void json_cause(struct json *o, enum appraise_cause cause)
{
	const struct appraise_words *w = appraise_words(cause);

	json_kstr(o, "op", w->op);
	json_kstr(o, "cause", w->cause);
	json_kstr(o, "means", w->means);
	json_kstr(o, "helps", w->helps);
}

static void json_verdict(struct json *o, const struct appraise_verdict *v)
{
	json_kstr(o, "status", evm_status_word(v->status));
	json_kbool(o, "fails", v->fails);
	json_kbool(o, "denied", v->denied);
	json_kbool(o, "writes", v->writes);
	if (v->fails) {
		json_key(o, "why");
		json_open(o, '{');
		json_cause(o, v->why);
		json_close(o, '}');
	}
	json_key(o, "records");
	json_open(o, '[');
	for (int i = 0; i < v->n_records; i++) {
		json_open(o, '{');
		json_kstr(o, "op", appraise_words(v->record[i])->op);
		json_kstr(o, "cause", appraise_words(v->record[i])->cause);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void json(struct job *j, const char *path, const struct inspect_result *r)
{
	struct json o = files_json(&j->files, path);

	json_kstr(&o, "answer", answer(r));
	json_kstr(&o, "requires", inspect_requirement(&r->rule));
	if (r->digest.size) {
		json_kstr(&o, "hash", hash_alg_name(r->digest.alg));
		json_khex(&o, "digest", digest_span(&r->digest));
	}
	json_attr(&o, j, IMAXATTR_IMA, &r->ima);
	json_modsig(&o, r);
	json_attr(&o, j, IMAXATTR_EVM, &r->evm);
	json_kstr(&o, "evm_status", evm_status_word(r->evm_status));
	json_kbool(&o, "blacklisted", r->blacklisted);
	json_kbool(&o, "unsure", r->unsure);
	json_verdict(&o, &r->verdict);
	files_json_end(&j->files, &o);
}

static int verify_one(void *user, int fd, const char *path, struct diag *reterr)
{
	struct job *j = user;
	struct inspect_result r;
	int err = inspect_file(&j->inspect, fd, path, &r, reterr);

	if (err < 0)
		return err;
	j->files.bad |= r.verdict.fails || r.unsure;
	j->good += !r.verdict.fails && !r.unsure;
	if (j->files.cli->json)
		json(j, path, &r);
	else
		text(j, path, &r);
	return 0;
}

static int run_verify(struct cli *cli)
{
	_cleanup_(job_done) struct job j = {
		.files = files_for(cli, "imactl/file-verify/1",
				   opt_flag(cli->opts, "recursive"))};
	struct diag d;
	int code;

	if (begin(cli, &j, &d) < 0)
		return cmd_fail(&d);
	code = files_each(&j.files, verify_one, &j);
	if (j.files.tree && !cli->json)
		out_addf(cli->out, "%zu of %zu files are good.\n", j.good,
			 j.files.done + j.files.failed);
	return code;
}

const struct cmd cmd_file_verify = {
	.name = "verify",
	.summary = "Say what the kernel would decide about files, and why",
	.args = "PATH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_LIVE | CMD_STREAMS,
	.options =
		(const struct opt[]){
			KEYOPT_VERIFY,
			{"require", 0, OPT_CHOICE, "hash|imasig|modsig|sigv3|verity",
			 "What the rule asks for; by default what the label is made for"},
			{"check-blacklist", 0, OPT_FLAG, NULL,
			 "The rule has appraise_flag=check_blacklist"},
			{"algos", 0, OPT_STRING, "ALG,...",
			 "Hashes that the rule allows (appraise_algos=)"},
			{"access", 0, OPT_CHOICE, "read|write|kexec",
			 "How the file is opened, or a kernel to start; default read"},
			{"detached", 0, OPT_FLAG, NULL,
			 "Verify FILE.sig instead of the attribute"},
			FILES_OPT_XATTR,
			FILES_OPT_TREE,
			{NULL},
		},
	.run = run_verify,
	.help = "Hashes each file, verifies its signatures and decides as the kernel does\n"
		"under a rule with that requirement: the words behind \"fails\" are those of\n"
		"the audit record. --require: hash is a rule that only says appraise, the\n"
		"others are appraise_type=imasig, appraise_type=imasig|modsig (of modules\n"
		"and images to start, in kernels that were built for it),\n"
		"appraise_type=sigv3 (kernels from 7.1) and digest_type=verity\n"
		"appraise_type=sigv3.\n\n"
		"A file whose digest is in the kernel's .blacklist is refused: by rules\n"
		"for signatures in kernels from 6.6, as far as that keyring can be seen;\n"
		"before by --check-blacklist alone, when it has an appended signature.\n"
		"With that option the answer is \"unknown\" where it cannot be seen. A revoked\n"
		"certificate counts where an appended signature brings it along. A file that\n"
		"has passed passes until it changes or leaves the kernel's memory: what is\n"
		"said here is of its first access.\n\n"
		"Without --cert and --certs signatures are held against the keys of this\n"
		"kernel (.ima, _ima), whose certificates are looked for in /etc/keys/ and\n"
		"other usual places; below --root against those certificates. EVM counts as\n"
		"far as it is switched on in this kernel. HMACs in security.evm can only be\n"
		"checked by the kernel, which has the key: \"unknown\".\n\n"
		"--access=kexec is a rule of KEXEC_KERNEL_CHECK, for which the firmware's\n"
		"keys (.platform) count beside those of IMA.\n\n"
		"The contents are read: an access that IMA measures and appraises.\n\n"
		"Exit status 1 unless every file is good.",
};
