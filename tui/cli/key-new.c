/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key new-ca and key new. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/base/cleanup.h"
#include "core/cert/cert.h"
#include "core/cert/keymake.h"
#include "tui/cli/key.h"
#include "tui/cli/passphrase.h"

DEFINE_CLEANUP(struct cert *, cert_free)

enum {
	DAYS_CA = 3650,
	DAYS_KEY = 365,
	/* RFC 5280 appendix A.1: ub-common-name, ub-organization-name; ub-emailaddress is
	 * 255, OpenSSL's 128 */
	NAME_MAX_CHARS = 64,
	EMAIL_MAX_CHARS = 128,
};

/* What is in memory from here on must not end up in a core dump. */
static void no_dumps(void)
{
	static const struct rlimit none;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

static int days_of(struct cli *cli, unsigned usual, unsigned *ret, struct diag *reterr)
{
	uint64_t days = opt_u64(cli->opts, "days", usual);

	*ret = (unsigned)days;
	return days == 0 || days > KEYMAKE_DAYS_MAX
		       ? diag_set(reterr, DIAG_VALUE, EINVAL, "--days takes 1 to %d.",
				  KEYMAKE_DAYS_MAX)
		       : 0;
}

/* X.509's upper bounds count characters. */
static int check_text(const char *option, const char *text, size_t most,
		      struct diag *reterr)
{
	size_t n = 0;

	for (const char *c = text; c && *c; c++)
		n += (*c & 0xc0) != 0x80;
	return !text || (n && n <= most)
		       ? 0
		       : diag_set(reterr, DIAG_VALUE, EINVAL,
				  "--%s takes 1 to %zu characters.", option, most);
}

static int check_texts(const struct keymake_spec *spec, struct diag *reterr)
{
	int r = check_text("name", spec->name, NAME_MAX_CHARS, reterr);

	if (r == 0)
		r = check_text("org", spec->organisation, NAME_MAX_CHARS, reterr);
	return r < 0 ? r : check_text("email", spec->email, EMAIL_MAX_CHARS, reterr);
}

static int secret(struct cli *cli, struct keymake_spec *spec, struct passphrase *pass,
		  struct diag *reterr)
{
	pass->fd = passphrase_fd(cli, "passphrase-fd", reterr);
	if (pass->fd < -1)
		return pass->fd;
	if (!opt_flag(cli->opts, "no-passphrase"))
		spec->pass = (struct sig_pass){passphrase_ask, pass};
	else if (pass->fd >= 0)
		return diag_set(
			reterr, DIAG_ARGUMENTS, EINVAL,
			"--passphrase-fd and --no-passphrase exclude each other.");
	return 0;
}

/* The options that both commands have. */
static int common(struct cli *cli, struct keymake_spec *spec, struct passphrase *pass,
		  struct diag *reterr)
{
	int r = days_of(cli, spec->ca ? DAYS_CA : DAYS_KEY, &spec->days, reterr);

	spec->kind = keymake_kind_from(opt_str(cli->opts, "type", "rsa-2048"));
	spec->organisation = opt_str(cli->opts, "org", NULL);
	spec->name = opt_str(cli->opts, "name", NULL);
	spec->email = opt_str(cli->opts, "email", NULL);
	if (r == 0 && !spec->name)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"The key needs a name: --name.");
	if (r == 0)
		r = check_texts(spec, reterr);
	return r < 0 ? r : secret(cli, spec, pass, reterr);
}

static int issuer(struct cli *cli, struct keymake_spec *spec, struct passphrase *pass,
		  struct diag *reterr)
{
	spec->ca_cert = opt_str(cli->opts, "ca", NULL);
	spec->ca_key = opt_str(cli->opts, "ca-key", NULL);
	if (!spec->ca_cert || !spec->ca_key)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"A CA must certify it: --ca and --ca-key.");
	pass->fd = passphrase_fd(cli, "ca-passphrase-fd", reterr);
	if (pass->fd < -1)
		return pass->fd;
	spec->ca_pass = (struct sig_pass){passphrase_ask, pass};
	return 0;
}

static void json(struct cli *cli, const struct cert *c, const char *cert, const char *key)
{
	struct json j = json_to(out_buf(cli->out));
	uint8_t id[CERT_KEYID] = {0};

	(void)cert_keyid(c, id);
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/key-new/1");
	json_kbytes(&j, "certificate", span_of(cert));
	json_kbytes(&j, "key", span_of(key));
	json_kbytes(&j, "name", span_of(strbuf_str(&c->name)));
	json_khex(&j, "skid", c->skid);
	json_khex(&j, "keyid", (struct span){id, sizeof(id)});
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static void text(struct cli *cli, const struct cert *c, const char *cert, const char *key)
{
	uint8_t id[CERT_KEYID] = {0};

	(void)cert_keyid(c, id);
	out_foreign(cli->out, span_of(strbuf_str(&c->name)));
	out_addf(cli->out, ", keyid %02x%02x%02x%02x\n  certificate: ", id[0], id[1],
		 id[2], id[3]);
	out_foreign(cli->out, span_of(cert));
	out_add(cli->out, "\n  private key: ");
	out_foreign(cli->out, span_of(key));
	out_add(cli->out, "\n");
}

static int make(struct cli *cli, struct keymake_spec *spec, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf cert = {0}, key = {0}, prompt = {0};
	_cleanup_(cert_freep) struct cert *c = NULL;
	struct passphrase *pass = spec->pass.data;
	const char *slash = strrchr(cli->args[0], '/'),
		   *leaf = slash ? slash + 1 : cli->args[0];
	int r;

	if (!*leaf || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"FILE is the name of the two files without its ending.");
	strbuf_addf(&cert, "%s.der", cli->args[0]);
	strbuf_addf(&key, "%s.key", cli->args[0]);
	strbuf_adds(&prompt, "New passphrase of ");
	str_escape(&prompt, strbuf_span(&key), true);
	if (pass)
		pass->prompt = strbuf_str(&prompt);
	r = keymake_write(spec, strbuf_str(&cert), strbuf_str(&key), reterr);
	if (r == 0)
		r = cert_read_at(AT_FDCWD, strbuf_str(&cert), &c, reterr);
	if (r < 0)
		return r;
	if (cli->json)
		json(cli, c, strbuf_str(&cert), strbuf_str(&key));
	else
		text(cli, c, strbuf_str(&cert), strbuf_str(&key));
	return 0;
}

static int run(struct cli *cli, bool ca)
{
	struct passphrase pass = {.fd = -1, .twice = true};
	struct passphrase ca_pass = {.fd = -1, .prompt = "Passphrase of the CA's key"};
	struct keymake_spec spec = {.ca = ca};
	struct diag d = {0};
	int r;

	no_dumps();
	r = common(cli, &spec, &pass, &d);
	if (r == 0 && !ca)
		r = issuer(cli, &spec, &ca_pass, &d);
	if (r == 0)
		r = make(cli, &spec, &d);
	return r < 0 ? cmd_fail(&d) : CMD_OK;
}

static int run_ca(struct cli *cli)
{
	return run(cli, true);
}

static int run_key(struct cli *cli)
{
	return run(cli, false);
}

#define COMMON                                                                                     \
	{"name", 0, OPT_STRING, "TEXT", "Common name, needed: what keyrings show"},                \
		{"org", 0, OPT_STRING, "TEXT", "Organisation"},                                    \
		{"email", 0, OPT_STRING, "ADDRESS",                                                \
		 "Address of whoever answers for the key"},                                        \
		{"type", 0, OPT_CHOICE, "rsa-2048|rsa-3072|rsa-4096|p256|p384",                    \
		 "Kind of key; default rsa-2048"},                                                 \
		{"days", 0, OPT_NUMBER, "N",                                                       \
		 "Valid so long (default: a CA ten years, a key one); kernels do not look at it"}, \
		{"passphrase-fd", 0, OPT_NUMBER, "N",                                              \
		 "Read the passphrase from this descriptor"},                                      \
	{                                                                                          \
		"no-passphrase", 0, OPT_FLAG, NULL, "Leave the private key unencrypted"            \
	}

static const struct opt ca_options[] = {COMMON, {0}};

static const struct opt key_options[] = {
	COMMON,
	{"ca", 0, OPT_STRING, "FILE", "Certificate of the CA that certifies it; needed"},
	{"ca-key", 0, OPT_STRING, "FILE", "The CA's private key; needed"},
	{"ca-passphrase-fd", 0, OPT_NUMBER, "N",
	 "Read its passphrase from this descriptor"},
	{0},
};

const struct cmd key_new_ca_cmd = {
	.name = "new-ca",
	.summary = "Make a CA for code-signing keys",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_NO_HOST,
	.options = ca_options,
	.run = run_ca,
	.help = "Writes FILE.der, the certificate, and FILE.key, the private key, never over\n"
		"files that are there. The certificate has to get into .builtin_trusted_keys,\n"
		".secondary_trusted_keys or, as machine owner's key, .machine. Keep the\n"
		"private key off the machines that trust it.",
};

const struct cmd key_new_cmd = {
	.name = "new",
	.summary = "Make a code-signing key that a CA certifies",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_NO_HOST,
	.options = key_options,
	.run = run_key,
	.help = "Writes FILE.der, the certificate, and FILE.key, the private key, never over\n"
		"files that are there. It has digitalSignature and a subjectKeyIdentifier\n"
		"and is no CA: what .ima asks of a key.",
};
