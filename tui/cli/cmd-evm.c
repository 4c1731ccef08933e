/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl evm: what EVM does here, in words, and the metadata of files signed. */
#include "tui/cli/cmd-evm.h"

#include <errno.h>
#include <string.h>

#include "core/base/act-evm.h"
#include "core/base/cleanup.h"
#include "core/appraise/evmstate.h"
#include "tui/cli/change-ui.h"

static void text_head(struct out *o, const struct evmstate *s)
{
	_cleanup_strbuf_ struct strbuf bits = {0};

	out_style(o, OUT_BOLD, "EVM: ");
	if (s->err == ENOENT) {
		out_style(o, OUT_WARN, "this kernel has none, or it cannot be seen");
	} else if (s->err) {
		out_style(o, OUT_WARN, "not known");
		out_addf(o, ": %s", diag_errno(s->err));
	} else {
		evm_bits_text(&bits, s->bits);
		out_style(o, s->bits ? OUT_GOOD : OUT_PLAIN, strbuf_str(&bits));
	}
	out_add(o, "\n");
	if (s->fix)
		out_add(o, "     evm=fix on the command line: protected metadata may be "
			   "changed although security.evm is wrong\n");
}

static void text_bits(struct out *o, const struct evmstate *s)
{
	const struct evm_bit *b;

	for (size_t i = 0; (b = evm_bit(i)); i++) {
		bool set = s->bits & b->value,
		     shown = b->value != (uint32_t)EVM_BIT_LOCKED;

		out_addf(o, "\n%s %s (0x%x)\n",
			 set	 ? "[+]"
			 : shown ? "[-]"
				 : "[?]",
			 b->name, b->value);
		out_addf(o, "    when set:  %s\n", b->means);
		out_addf(o, "    writing:   %s\n", b->writing);
		out_addf(o, "    way back:  %s\n", b->undo);
	}
}

static void text_names(struct out *o, const struct evmstate *s)
{
	out_add(o, "\nProtected attributes, in the order in which they are hashed");
	out_add(o, s->source == EVMSTATE_CONFIGURED ? " (from the configuration):\n"
		   : s->source == EVMSTATE_UNKNOWN
			   ? " (which of them here is not known):\n"
			   : ":\n");
	for (int i = 0; i < _EVM_NAME_MAX; i++)
		out_addf(o, "  %-3s  %s\n",
			 s->source == EVMSTATE_UNKNOWN ? "?"
			 : s->kernel.enabled & 1u << i ? "[+]"
						       : "[-]",
			 evm_name((enum evm_name)i));
	for (size_t i = 0; i < s->kernel.n_extra; i++) {
		out_add(o, "  [+]  ");
		out_foreign(o, span_of(s->kernel.extra[i]));
		out_add(o, ", added\n");
	}
	out_add(o,
		"Portable signatures cover all that a file has, HMACs those marked [+]");
	if (s->fsuuid_known)
		out_addf(o, "%s the file system's UUID",
			 s->kernel.fsuuid ? " and" : ", not");
	out_add(o, ".\n");
}

static void json_names(struct json *j, const struct evmstate *s)
{
	json_key(j, "attributes");
	json_open(j, '[');
	for (size_t i = 0; i < _EVM_NAME_MAX + s->kernel.n_extra; i++) {
		bool extra = i >= _EVM_NAME_MAX;

		json_open(j, '{');
		json_kbytes(j, "name",
			    span_of(extra ? s->kernel.extra[i - _EVM_NAME_MAX]
					  : evm_name((enum evm_name)i)));
		json_key(j, "protected");
		if (s->source == EVMSTATE_UNKNOWN)
			json_null(j);
		else
			json_bool(j, extra || s->kernel.enabled & 1u << i);
		json_kbool(j, "added", extra);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_bits(struct json *j, const struct evmstate *s)
{
	const struct evm_bit *b;

	json_key(j, "switches");
	json_open(j, '[');
	for (size_t i = 0; (b = evm_bit(i)); i++) {
		json_open(j, '{');
		json_ku64(j, "bit", b->value);
		json_kstr(j, "name", b->name);
		json_key(j, "set");
		if (s->err || b->value == (uint32_t)EVM_BIT_LOCKED)
			json_null(j); /* reading never shows it */
		else
			json_bool(j, s->bits & b->value);
		json_kstr(j, "means", b->means);
		json_kstr(j, "writing", b->writing);
		json_kstr(j, "undo", b->undo);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json(struct out *o, const struct evmstate *s)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/evm/1");
	json_key(&j, "bits");
	if (s->err)
		json_null(&j);
	else
		json_u64(&j, s->bits);
	if (s->err)
		json_kstr(&j, "unreadable", diag_errno(s->err));
	json_kbool(&j, "fix", s->fix);
	json_key(&j, "fsuuid");
	if (s->fsuuid_known)
		json_bool(&j, s->kernel.fsuuid);
	else
		json_null(&j);
	json_bits(&j, s);
	json_names(&j, s);
	json_close(&j, '}');
	out_add(o, "\n");
}

static int run_status(struct cli *cli)
{
	_cleanup_evmstate_ struct evmstate s;
	struct diag d;

	if (evmstate_read(&cli->root, &s, &d) < 0)
		return cmd_fail(&d);
	if (cli->json) {
		json(cli->out, &s);
		return CMD_OK;
	}
	text_head(cli->out, &s);
	text_bits(cli->out, &s);
	text_names(cli->out, &s);
	return CMD_OK;
}

/* The switches that the words name. */
static int bits_of(const struct cli *cli, uint32_t *ret, struct diag *reterr)
{
	const struct evm_bit *b = NULL;
	char q[80];

	for (size_t a = 0; a < cli->n_args; a++) {
		for (size_t i = 0; (b = evm_bit(i)); i++)
			if (strcmp(b->word, cli->args[a]) == 0)
				break;
		if (!b)
			return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
					"%s is no switch of EVM.",
					str_quote(q, sizeof(q), span_of(cli->args[a])));
		*ret |= b->value;
	}
	return 0;
}

/* What writing them does, a sentence each. */
static void why_of(uint32_t bits, struct strbuf *out)
{
	const struct evm_bit *b;

	for (size_t i = 0; (b = evm_bit(i)); i++)
		if (bits & b->value)
			strbuf_addf(out, "%s%s: %s", out->len ? "; " : "", b->name,
				    b->writing);
}

static int run_enable(struct cli *cli)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf why = {0};
	uint32_t bits = 0;
	struct diag d;

	if (bits_of(cli, &bits, &d) < 0 || plan_init(&plan, "switch on EVM", &d) < 0)
		return cmd_fail(&d);
	why_of(bits, &why);
	if (act_evm_set(&plan, &cli->root, bits, strbuf_str(&why), &d) < 0)
		return cmd_fail(&d);
	return change_ui_run(cli, &plan);
}

static const struct cmd enable = {
	.name = "enable",
	.summary = "Switch EVM on, which only a reboot takes back",
	.args = "SWITCH...",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON | CMD_ROOT | CMD_MUTATES,
	.run = run_enable,
	.help = "Switches: hmac, signatures, metadata, sigv3 and lock; 'evm status' says\n"
		"what each of them does. lock makes final what is set, those named with it\n"
		"included.\n\n"
		"Once signatures or HMACs are checked, appraisal denies every file whose\n"
		"security.ima has no valid security.evm: have keys in the .evm keyring and\n"
		"files signed before. The switches last until the machine is booted anew.",
};

static const struct cmd status = {
	.name = "status",
	.summary = "Say what is switched on, what that means, what is final",
	.flags = CMD_JSON,
	.run = run_status,
	.help = "Each switch of the kernel's control file: whether it is set, what it does\n"
		"then, what writing it would do, and what takes it back. Nothing is ever\n"
		"switched off before the next boot.",
};

const struct cmd cmd_evm = {
	.name = "evm",
	.summary = "Metadata under protection: status, sign, verify, enable",
	.subs = (const struct cmd *const[]){&status, &cmd_evm_sign, &cmd_evm_verify,
					    &enable, NULL},
	.help = "The extended verification module (EVM) vouches for owner, mode and security\n"
		"attributes of files: by an HMAC that the kernel makes with a key of this\n"
		"machine, or by a portable signature that is made elsewhere.",
};
