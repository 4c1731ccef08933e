/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key check. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/cert/keycheck.h"
#include "tui/cli/key.h"

DEFINE_CLEANUP(struct cert *, cert_free)

/* One check and what it rests on. */
struct job {
	struct cli *cli;
	struct cert *cert;
	enum keyring_id ring;
	struct keycap_set caps;
	struct keyring_set rings;
	bool has_rings;
	struct certstore certs;
	struct keycheck result;
	bool asked; /* the kernel itself has answered; then this was worked out before: */
	enum keycheck_verdict verdict;
	enum key_clause clause;
	int err;
};

static const char *errno_name(int err)
{
	return err ? strerrorname_np(err) : NULL;
}

static enum out_style style_of(enum keycheck_state s)
{
	switch (s) {
	case KEYCHECK_FAILS:
		return OUT_BAD;
	case KEYCHECK_DEPENDS:
	case KEYCHECK_UNKNOWN:
		return OUT_WARN;
	case KEYCHECK_ASSUMED:
		return OUT_DIM;
	default:
		return OUT_GOOD;
	}
}

/* Whole on a narrow terminal, too: what is wrong stands at the end of a line. */
static void clause_text(struct job *job, enum key_clause c)
{
	struct out *o = job->cli->out;
	const struct keycheck_clause *of = &job->result.of[c];
	bool open = of->state != KEYCHECK_HOLDS && of->state != KEYCHECK_ASSUMED;

	if (of->state == KEYCHECK_NOT_ASKED)
		return;
	out_style(o, style_of(of->state), keycheck_state_mark(of->state));
	out_addf(o, "  %s%s%s\n", keycheck_clause_words(c), *of->text ? ": " : "",
		 of->text);
	if (!open)
		return;
	out_add(o, "        ");
	out_style(o, OUT_DIM, keycheck_clause_kernel(c));
	out_add(o, "\n");
}

static void verdict_text(struct job *job)
{
	const struct keycheck *r = &job->result;
	static const enum out_style styles[] = {OUT_GOOD, OUT_BAD, OUT_WARN, OUT_WARN};

	out_addf(job->cli->out, "Into %s%s%s: ", keyring_name(job->ring),
		 job->caps.described ? " of the described kernel" : "",
		 job->asked ? ", says the kernel" : "");
	out_style(job->cli->out, styles[r->verdict], keycheck_verdict_words(r->verdict));
	if (r->err)
		out_addf(job->cli->out, " (%s)", errno_name(r->err));
	out_add(job->cli->out, "\n");
}

static void cert_text(struct job *job)
{
	const struct cert *c = job->cert;
	char from[24], to[24];
	uint8_t id[CERT_KEYID];

	if (c->flaw < _KEY_CLAUSE_MAX && !c->spki.len)
		return;
	out_foreign(job->cli->out, span_of(strbuf_str(&c->name)));
	out_addf(job->cli->out, "\n  %s key, signature %s", cert_alg_words(c->alg),
		 cert_sig_words(c->sig));
	if (c->signer.len) {
		out_add(job->cli->out, " by ");
		out_foreign(job->cli->out, span_of(strbuf_str(&c->signer)));
	}
	out_addf(job->cli->out, "\n  valid from %s to %s",
		 cert_date(&c->not_before, from), cert_date(&c->not_after, to));
	if (cert_keyid(c, id))
		out_addf(job->cli->out, ", keyid %02x%02x%02x%02x", id[0], id[1], id[2],
			 id[3]);
	out_add(job->cli->out, "\n\n");
}

static void text(struct job *job)
{
	cert_text(job);
	for (int i = 0; i < _KEY_CLAUSE_MAX; i++)
		clause_text(job, (enum key_clause)i);
	out_add(job->cli->out, "\n");
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		if (job->result.remark[i])
			out_addf(job->cli->out, "Note: %s.\n",
				 keycheck_remark_words((enum key_remark)i));
	verdict_text(job);
}

static void cert_json(const struct cert *c, struct json *j)
{
	char date[24];
	uint8_t id[CERT_KEYID];

	json_open(j, '{');
	json_kbytes(j, "name", span_of(strbuf_str(&c->name)));
	json_kbytes(j, "issuer", span_of(strbuf_str(&c->signer)));
	json_khex(j, "skid", c->skid);
	json_khex(j, "akid", c->akid);
	json_khex(j, "serial", c->serial);
	json_key(j, "keyid");
	if (cert_keyid(c, id))
		json_hex(j, (struct span){id, sizeof(id)});
	else
		json_null(j);
	json_kstr(j, "key", cert_alg_words(c->alg));
	json_kstr(j, "signature", cert_sig_words(c->sig));
	json_kstr(j, "not_before", cert_date(&c->not_before, date));
	json_kstr(j, "not_after", cert_date(&c->not_after, date));
	json_kbool(j, "ca", c->ca);
	json_kbool(j, "digital_signature", c->digital_signature);
	json_kbool(j, "key_cert_sign", c->key_cert_sign);
	json_close(j, '}');
}

static void clauses_json(const struct keycheck *r, struct json *j)
{
	json_key(j, "clauses");
	json_open(j, '[');
	for (int i = 0; i < _KEY_CLAUSE_MAX; i++) {
		const struct keycheck_clause *c = &r->of[i];

		json_open(j, '{');
		json_kstr(j, "id", keycheck_clause_key((enum key_clause)i));
		json_kstr(j, "state", keycheck_state_name(c->state));
		json_kstr(j, "errno", errno_name(c->err));
		json_kstr(j, "text", c->text);
		json_kstr(j, "kernel", keycheck_clause_kernel((enum key_clause)i));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void verdict_json(struct json *j, enum keycheck_verdict verdict,
			 enum key_clause clause, int err)
{
	json_kstr(j, "verdict", keycheck_verdict_name(verdict));
	json_kstr(j, "clause",
		  clause < _KEY_CLAUSE_MAX ? keycheck_clause_key(clause) : NULL);
	json_kstr(j, "errno", errno_name(err));
}

static void json(struct job *job)
{
	const struct keycheck *r = &job->result;
	struct json j = json_to(out_buf(job->cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/key-check/1");
	json_kstr(&j, "keyring", keyring_name(job->ring));
	verdict_json(&j, r->verdict, r->clause, r->err);
	json_kbool(&j, "asked", job->asked);
	json_key(&j, "worked_out");
	json_open(&j, '{');
	verdict_json(&j, job->verdict, job->clause, job->err);
	json_close(&j, '}');
	json_key(&j, "certificate");
	cert_json(job->cert, &j);
	clauses_json(r, &j);
	json_key(&j, "remarks");
	json_open(&j, '[');
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		if (r->remark[i])
			json_str(&j, keycheck_remark_key((enum key_remark)i));
	json_close(&j, ']');
	json_key(&j, "kernel");
	json_open(&j, '{');
	for (int i = 0; i < _KEYCAP_MAX; i++)
		json_kstr(&j, keycap_key((enum keycap_id)i),
			  keycap_answer_name(job->caps.answer[i]));
	json_close(&j, '}');
	json_close(&j, '}');
	out_add(job->cli->out, "\n");
}

/* A configuration instead of a machine: --kernel. */
static int describe(struct job *job, const char *path, struct diag *reterr)
{
	struct kconfig k;
	int r = kconfig_load_file(AT_FDCWD, path, &k, reterr);

	if (r < 0)
		return r;
	keycap_describe(&k, &job->caps);
	kconfig_done(&k);
	return 0;
}

static int look(struct job *job, struct diag *reterr)
{
	int r = keyring_load(&job->cli->root, &job->rings, reterr);

	keycap_load(&job->cli->root, &job->caps);
	job->has_rings = r == 0;
	return r;
}

/* .ima or _ima, where a configuration has to tell. */
static enum keyring_id described_ring(const struct job *job)
{
	return job->caps.answer[KEYCAP_TRUSTED] == KEYCAP_YES ? KEYRING_IMA
							      : KEYRING_IMA_USER;
}

static int prepare(struct job *job, struct diag *reterr)
{
	const char *kernel = opt_str(job->cli->opts, "kernel", NULL);
	int r = kernel ? describe(job, kernel, reterr) : look(job, reterr);

	if (r == 0 && kernel && !opt_str(job->cli->opts, "keyring", NULL))
		job->ring = described_ring(job);
	else if (r == 0)
		r = key_ring_of(job->cli, &job->rings, &job->ring, reterr);
	if (r == 0)
		r = kernel ? key_named_certs(job->cli, &job->certs, reterr)
			   : key_certs(job->cli, &job->certs, reterr);
	return r < 0 ? r : cert_read_at(AT_FDCWD, job->cli->args[0], &job->cert, reterr);
}

static int ask(struct job *job, struct diag *reterr)
{
	int err = 0, r;

	if (job->cli->host_dir || job->caps.described)
		return diag_set(reterr, DIAG_LIVE_ONLY, ENOTSUP,
				"Only the running kernel can be asked.");
	r = keycheck_ask(job->cert, job->ring, &job->caps, &err);
	if (r < 0)
		return diag_set(reterr, r == -EACCES ? DIAG_PERMISSION : DIAG_NO_KEYRING,
				r, "The kernel cannot be asked about %s: %s.",
				keyring_name(job->ring), diag_errno(r));
	keycheck_settle(&job->result, err);
	job->asked = true;
	return 0;
}

static int check(struct job *job, struct diag *reterr)
{
	int r = prepare(job, reterr);
	struct keycheck_in in = {
		.cert = job->cert,
		.ring = job->ring,
		.caps = &job->caps,
		.rings = job->has_rings ? &job->rings : NULL,
		.known = &job->certs,
		.now = (int64_t)time(NULL),
	};

	if (r < 0)
		return r;
	keycheck_run(&in, &job->result);
	job->verdict = job->result.verdict;
	job->clause = job->result.clause;
	job->err = job->result.err;
	return opt_flag(job->cli->opts, "ask") ? ask(job, reterr) : 0;
}

static int exit_of(enum keycheck_verdict v)
{
	return v == KEYCHECK_ACCEPTED  ? CMD_OK
	       : v == KEYCHECK_REFUSED ? CMD_BAD
				       : CMD_IMPOSSIBLE;
}

static int run(struct cli *cli)
{
	_cleanup_free_ struct job *job = calloc(1, sizeof(*job));
	struct diag d = {0};
	int r;

	if (!job) {
		diag_set(&d, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return cmd_fail(&d);
	}
	job->cli = cli;
	r = check(job, &d);
	if (r == 0 && cli->json)
		json(job);
	else if (r == 0)
		text(job);
	r = r < 0 ? cmd_fail(&d) : exit_of(job->result.verdict);
	cert_free(job->cert);
	certstore_done(&job->certs);
	keyring_done(&job->rings);
	return r;
}

static const struct opt options[] = {
	{"keyring", 0, OPT_STRING, "NAME",
	 "Into this one, not the one for file signatures"},
	{"cert", 0, OPT_REPEATED, "PATH",
	 "Certificates of signers: a file, or a folder of them"},
	{"kernel", 0, OPT_STRING, "FILE", "Ask it of a kernel with this configuration"},
	{"ask", 0, OPT_FLAG, NULL,
	 "Ask the running kernel itself, with a keyring of its own"},
	{0},
};

const struct cmd key_check_cmd = {
	.name = "check",
	.summary = "Would this kernel take a certificate, and if not, why",
	.args = "CERT",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "Each condition is shown with what it says here, and where the kernel asks.\n"
		"A keyring gives no key back, so the signature is checked with the signer's\n"
		"certificate: from /etc/keys and the like, or --cert. With --kernel the\n"
		"certificates of --cert are taken as built into that kernel.\n\n"
		"--ask puts CERT into a keyring of this process that is restricted like the\n"
		"real one, and throws it away. A policy that measures keys measures it.\n\n"
		"Exits 0 when it would be taken, 1 when not, 3 when that cannot be told.",
};
