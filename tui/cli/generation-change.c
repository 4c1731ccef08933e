/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl generation record, bless, unbless, revoke, minimum: plans for the change engine. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/cert/cert.h"
#include "core/policy/genplan.h"
#include "core/rollout/bareroot.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/generation.h"

DEFINE_CLEANUP(struct cert *, cert_free)

static void record_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct genfound_kept *s = user;

	strbuf_addf(out, "What is there now is generation %u%s", s->number,
		    s->made ? ", made now" : "");
	if (s->good)
		strbuf_adds(out, ", and good for this kernel.\n");
	else
		strbuf_adds(out, "; that this boot began with it is not known, so it is "
				 "not called good ('imactl generation bless').\n");
}

static void record_json(const void *user, struct json *j)
{
	const struct genfound_kept *s = user;

	json_open(j, '{');
	json_ku64(j, "number", s->number);
	json_kbool(j, "made", s->made);
	json_kbool(j, "good", s->good);
	json_close(j, '}');
}

static int run_record(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf release = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct genfound_kept said = {0};
	const struct change_ui_more more = {record_text, "generation", record_json,
					    &said};
	struct diag d = {0};
	int r = bareroot_enter(&cli->root, &d);

	/* below what the gate put over it lies nothing that this boot began with */
	if (r == 0 && !cli->root_dir)
		r = generation_release(cli, false, &release, &d);
	if (r >= 0)
		r = genplan_record(&cli->root, strbuf_str(&release), &plan, &said, &d);
	return r < 0 ? cmd_fail(&d) : change_ui_run_with(cli, &plan, &more);
}

/* What blessing has looked at. */
struct blessing {
	struct strbuf release, text;
	struct policyplan judged;
	bool runs; /* it is the running kernel that is meant */
};

static void bless_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct blessing *b = user;

	strbuf_adds(out, "Its files are what its manifest says. ");
	if (!b->runs)
		strbuf_adds(out, "That kernel was not asked about the policy.\n");
	else if (b->text.len)
		policyplan_format(&b->judged, out);
	else
		strbuf_adds(out, "It has no policy.\n");
	strbuf_adds(out, "That a machine starts and works with it only a boot proves.\n");
}

static void bless_json(const void *user, struct json *j)
{
	const struct blessing *b = user;

	json_open(j, '{');
	json_kstr(j, "kernel", strbuf_str(&b->release));
	json_kbool(j, "kernel_runs", b->runs);
	if (b->runs && b->text.len)
		policyplan_json(&b->judged, j);
	json_close(j, '}');
}

static int plan_bless(struct cli *cli, struct blessing *b, struct plan *plan,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf running = {0};
	unsigned number = 0;
	int r = generation_number(cli, cli->args[0], &number, reterr);

	if (r == 0)
		r = generation_release(cli, true, &b->release, reterr);
	if (r == 0 && !cli->root_dir &&
	    generation_release(cli, false, &running, NULL) == 0)
		b->runs = span_equal(strbuf_span(&running), strbuf_span(&b->release));
	b->judged.name = "the generation's policy";
	if (r == 0)
		r = genplan_bless(&cli->root, number, strbuf_str(&b->release),
				  b->runs ? &b->judged : NULL, &b->text, plan, reterr);
	return r;
}

static int run_bless(struct cli *cli)
{
	_cleanup_plan_ struct plan plan = {0};
	struct blessing b = {.runs = false};
	const struct change_ui_more more = {bless_text, "generation", bless_json, &b};
	struct diag d = {0};
	int code = plan_bless(cli, &b, &plan, &d) < 0
			   ? cmd_fail(&d)
			   : change_ui_run_with(cli, &plan, &more);

	policyplan_done(&b.judged);
	strbuf_done(&b.text);
	strbuf_done(&b.release);
	return code;
}

/* What is left when a plan was carried out. */
struct leaving {
	struct strbuf release;
	struct genplan_left left;
};

static void leaving_done(struct leaving *l)
{
	strbuf_done(&l->release);
	genplan_left_done(&l->left);
}

static void left_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct leaving *l = user;

	if (l->left.barred.len)
		strbuf_addf(out, "Nobody goes back to these any more: %s.\n",
			    strbuf_str(&l->left.barred));
	strbuf_adds(out, "The kernel ");
	str_escape(out, strbuf_span(&l->release), ascii);
	if (l->left.newest)
		strbuf_addf(out, " then goes back to generation %u.\n", l->left.newest);
	else
		strbuf_adds(out,
			    " then has nothing to go back to: on-failure decides what "
			    "becomes of a boot that goes wrong.\n");
}

static void left_json(const void *user, struct json *j)
{
	const struct leaving *l = user;
	struct bytes in = bytes_of(strbuf_str(&l->left.barred), l->left.barred.len);
	struct span number;
	uint64_t n;

	json_open(j, '{');
	json_kstr(j, "kernel", strbuf_str(&l->release));
	json_key(j, "barred");
	json_open(j, '[');
	while (bytes_word(&in, ", ", &number))
		if (str_to_u64(number, &n) == 0)
			json_u64(j, n);
	json_close(j, ']');
	json_ku64(j, "newest_blessed", l->left.newest);
	json_close(j, '}');
}

/* A step by that argument. */
typedef int (*leaving_fn)(struct cli *cli, struct leaving *l, struct plan *plan,
			  struct diag *reterr);

static int run_leaving(struct cli *cli, bool option, leaving_fn fn)
{
	_cleanup_plan_ struct plan plan = {0};
	struct leaving l = {.left = {0}};
	const struct change_ui_more more = {left_text, "left", left_json, &l};
	struct diag d = {0};
	int code, r = generation_release(cli, option, &l.release, &d);

	if (r == 0)
		r = fn(cli, &l, &plan, &d);
	code = r < 0 ? cmd_fail(&d) : change_ui_run_with(cli, &plan, &more);
	leaving_done(&l);
	return code;
}

static int plan_unbless(struct cli *cli, struct leaving *l, struct plan *plan,
			struct diag *reterr)
{
	unsigned number = 0;
	int r = generation_number(cli, cli->args[0], &number, reterr);

	return r < 0 ? r
		     : genplan_unbless(&cli->root, number, strbuf_str(&l->release), plan,
				       &l->left, reterr);
}

static int run_unbless(struct cli *cli)
{
	return run_leaving(cli, true, plan_unbless);
}

/* The digits as generations have them, or a certificate's file. */
static int key_hash_of(const char *given, char ret[GEN_KEY_HASH + 1], struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	char name[GEN_NAME_SIZE];
	uint8_t hash[GEN_KEY_HASH / 2];
	char q[80];
	int r;

	if (strlen(given) == GEN_KEY_HASH && hex_decode(hash, span_of(given)) == 0) {
		hex_encode(ret, (struct span){hash, sizeof(hash)});
		ret[GEN_KEY_HASH] = '\0';
		return 0;
	}
	r = cert_read_at(AT_FDCWD, given, &cert, reterr);
	if (r == 0 && !cert->spki.len)
		r = diag_set(reterr, DIAG_CERT, EBADMSG, "%s holds no certificate.",
			     str_quote(q, sizeof(q), span_of(given)));
	if (r < 0)
		return r;
	gen_key_name(cert->spki, name);
	(void)snprintf(ret, GEN_KEY_HASH + 1, "%s", strchr(name, '/') + 1);
	return 0;
}

static int plan_revoke(struct cli *cli, struct leaving *l, struct plan *plan,
		       struct diag *reterr)
{
	char hash[GEN_KEY_HASH + 1];
	int r = key_hash_of(cli->args[0], hash, reterr);

	return r < 0 ? r
		     : genplan_revoke(&cli->root, hash, strbuf_str(&l->release), plan,
				      &l->left, reterr);
}

static int run_revoke(struct cli *cli)
{
	return run_leaving(cli, false, plan_revoke);
}

static int plan_minimum(struct cli *cli, struct leaving *l, struct plan *plan,
			struct diag *reterr)
{
	unsigned number = 0;
	int r = generation_number(cli, cli->args[0], &number, reterr);

	return r < 0 ? r
		     : genplan_minimum(&cli->root, number, strbuf_str(&l->release), plan,
				       &l->left, reterr);
}

static int run_minimum(struct cli *cli)
{
	return run_leaving(cli, false, plan_minimum);
}

static const struct opt kernel_options[] = {GENERATION_OPT_KERNEL, {0}};

const struct cmd generation_record = {
	.name = "record",
	.summary = "Record what the machine starts with now",
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.run = run_record,
	.help = "The policy in /etc/ima and the keys in /etc/keys/ima become a generation, or\n"
		"that there is no policy does; it is called good for the running kernel where\n"
		"this boot began with it, and is no candidate. What is so already is no step.",
};

const struct cmd generation_bless = {
	.name = "bless",
	.summary = "Call a generation good for a kernel",
	.args = "N",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options = kernel_options,
	.run = run_bless,
	.help = "Boots that go wrong go back to the newest generation that is good for their\n"
		"kernel. It must be whole, the running kernel must take its policy, and\n"
		"neither it nor a key of it may have been barred.",
};

const struct cmd generation_unbless = {
	.name = "unbless",
	.summary = "No longer call a generation good for a kernel",
	.args = "N",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.options = kernel_options,
	.run = run_unbless,
};

const struct cmd generation_revoke = {
	.name = "revoke",
	.summary = "Bar all generations with a key, for good",
	.args = "KEY",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.run = run_revoke,
	.help = "KEY is a certificate, or what generations name a key by: the SHA-256 of its\n"
		"SubjectPublicKeyInfo, 64 digits. The key is never loaded again when a boot goes\n"
		"back, and a generation that has it is never gone back to. Nothing takes that\n"
		"back. Where it lies in /etc/keys/ima or in a keyring it stays (key retire).",
};

const struct cmd generation_minimum = {
	.name = "minimum",
	.summary = "Bar all generations below a number, for good",
	.args = "N",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES,
	.run = run_minimum,
};
