/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key load and key retire: plans for the change engine. */
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/label/keyplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/key.h"
#include "tui/cli/keycount.h"

DEFINE_CLEANUP(struct cert *, cert_free)

/* What both commands look at. */
static int look(struct cli *cli, struct keyhost *host, enum keyring_id *ring,
		struct diag *reterr)
{
	int r = keyhost_load(host, &cli->root, reterr);

	if (r == 0)
		r = key_named_certs(cli, &host->certs, reterr);
	return r < 0 ? r : key_ring_of(cli, &host->rings, ring, reterr);
}

static void note_remarks(const struct keycheck *check)
{
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		if (check->remark[i] && i != KEY_REMARK_SAME_NAME)
			cmd_note("%s", keycheck_remark_words((enum key_remark)i));
}

static int run_load(struct cli *cli)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	_cleanup_keyhost_ struct keyhost host = {0};
	_cleanup_plan_ struct plan plan = {0};
	enum keyring_id ring;
	struct keycheck check;
	struct diag d = {0};
	int r = look(cli, &host, &ring, &d);

	if (r == 0)
		r = cert_read_at(AT_FDCWD, cli->args[0], &cert, &d);
	if (r == 0)
		r = keyplan_load(&host, cert, ring, &plan, &check, &d);
	if (r < 0)
		return cmd_fail(&d);
	note_remarks(&check);
	return change_ui_run(cli, &plan);
}

static void loss_text(const void *user, struct strbuf *out, bool ascii)
{
	keyloss_format(out, user, ascii);
}

static void loss_json(const void *user, struct json *j)
{
	keyloss_json(j, user);
}

/* Where it makes sense, was not declined, and was not read already: who says which plan
 * he means has seen it. */
static int count(struct cli *cli, const struct keyhost *host,
		 const struct keyring_key *key, struct keyloss *loss, struct diag *reterr)
{
	struct keycount how = {.cli = cli, .typed = cli->args + 1, .n = cli->n_args - 1};

	if (loss->state != KEYLOSS_NOT_COUNTED || opt_flag(cli->opts, "no-count") ||
	    opt_flag(cli->opts, "apply"))
		return 0;
	return keycount_loss(&how, host, key, loss, reterr);
}

static int run_retire(struct cli *cli)
{
	_cleanup_keyloss_ struct keyloss loss = {0};
	_cleanup_keyhost_ struct keyhost host = {0};
	_cleanup_plan_ struct plan plan = {0};
	const struct change_ui_more more = {loss_text, "files", loss_json, &loss};
	const struct keyring_key *key;
	enum keyring_id ring;
	struct diag d = {0};
	int r = look(cli, &host, &ring, &d);

	if (r == 0)
		r = keyplan_find(&host, ring, span_of(cli->args[0]), &key, &d);
	if (r == 0)
		keyloss_of(&host, ring, key, &loss);
	if (r == 0)
		r = count(cli, &host, key, &loss, &d);
	if (r == 0)
		r = keyplan_retire(&host, ring, key, &loss, &plan, &d);
	if (r < 0)
		return cmd_fail(&d);
	return opt_flag(cli->opts, "apply") ? change_ui_run(cli, &plan)
					    : change_ui_run_with(cli, &plan, &more);
}

static const struct opt load_options[] = {
	{"keyring", 0, OPT_STRING, "NAME",
	 "Into this one, not the one for file signatures"},
	{"cert", 0, OPT_REPEATED, "PATH",
	 "Certificates of signers: a file, or a folder of them"},
	{0},
};

static const struct opt retire_options[] = {
	{"keyring", 0, OPT_STRING, "NAME",
	 "From this one, not the one for file signatures"},
	{"cert", 0, OPT_REPEATED, "PATH", "The key's certificate, for the way back"},
	{"no-count", 0, OPT_FLAG, NULL, "Do not look for the files it has signed"},
	{0},
};

const struct cmd key_load_cmd = {
	.name = "load",
	.summary = "Load a certificate into the kernel's keyring",
	.args = "CERT",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_MUTATES | CMD_ROOT,
	.options = load_options,
	.run = run_load,
	.help = "DER or PEM; the kernel gets DER. It is checked first, as by key check, and\n"
		"what the kernel would refuse is not tried. Where the kernel has no .ima, the\n"
		"keyring _ima is made when it is missing. Keys are loaded until the machine\n"
		"is restarted; /etc/keys/ima is where an initramfs looks for them.",
};

const struct cmd key_retire_cmd = {
	.name = "retire",
	.summary = "Take a key out of the kernel's keyring",
	.args = "KEYID [PATH...]",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_MUTATES | CMD_ROOT,
	.options = retire_options,
	.run = run_retire,
	.help = "KEYID is the end of the key's id, as key list shows it; or 'NAME: ID', where\n"
		"two certificates of one key are in it. Files that only this key has signed are\n"
		"denied from then on where they are appraised: the plan counts them, among the\n"
		"files that the policy appraises, as label plan has it, or below each PATH. Only\n"
		"names and attributes are read.\n\n"
		"The kernel does not give the certificate back: it has to be at hand, in\n"
		"/etc/keys or by --cert, or there is no way back, and the plan says so.",
};
