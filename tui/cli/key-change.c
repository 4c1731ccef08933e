/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key load and key retire: plans for the change engine. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "core/base/act-key.h"
#include "core/base/cleanup.h"
#include "core/keycheck.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/key.h"

DEFINE_CLEANUP(struct cert *, cert_free)

/* What both commands look at. */
struct scene {
	struct cli *cli;
	struct keyring_set rings;
	struct keycap_set caps;
	struct certstore certs;
	enum keyring_id ring;
};

static int look(struct scene *s, struct diag *reterr)
{
	int r = keyring_load(&s->cli->root, &s->rings, reterr);

	if (r == 0)
		r = key_certs(s->cli, &s->certs, reterr);
	if (r == 0)
		r = key_ring_of(s->cli, &s->rings, &s->ring, reterr);
	if (r == 0)
		keycap_load(&s->cli->root, &s->caps);
	return r;
}

static void done(struct scene *s)
{
	certstore_done(&s->certs);
	keyring_done(&s->rings);
}

/* A certificate that would be refused is not tried; where that cannot be told, the kernel
 * decides. */
static int fit(const struct scene *s, const struct cert *cert, struct diag *reterr)
{
	struct keycheck_in in = {.cert = cert,
				 .ring = s->ring,
				 .caps = &s->caps,
				 .rings = &s->rings,
				 .known = &s->certs,
				 .now = (int64_t)time(NULL)};
	struct keycheck r;

	keycheck_run(&in, &r);
	if (r.verdict == KEYCHECK_REFUSED)
		return diag_set(reterr, DIAG_KEY_REFUSED, r.err,
				"%s would not take it. What does not hold: %s%s%s%s.",
				keyring_name(s->ring), keycheck_clause_words(r.clause),
				*r.of[r.clause].text ? " (" : "", r.of[r.clause].text,
				*r.of[r.clause].text ? ")" : "");
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		if (r.remark[i] && i != KEY_REMARK_SAME_NAME)
			cmd_note("%s", keycheck_remark_words((enum key_remark)i));
	return 0;
}

static int plan_load(struct scene *s, struct plan *plan, struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	_cleanup_strbuf_ struct strbuf name = {0};
	struct plan_spec at = {.danger = PLAN_REVERSIBLE,
			       .why = "until the machine is restarted"};
	int r = cert_read_at(AT_FDCWD, s->cli->args[0], &cert, reterr);

	if (r == 0)
		r = fit(s, cert, reterr);
	if (r == 0)
		r = plan_init(plan, "load a key", reterr);
	if (r < 0)
		return r;
	if (keyring_rule(s->ring) == KEYRING_RULE_USER && !s->rings.ring[s->ring].serial)
		at.why =
			"until the machine is restarted; makes the keyring, in root's own";
	cert_description(cert, &name);
	r = act_key_add(plan, &s->cli->root, &at, s->ring, strbuf_str(&name),
			strbuf_span(&cert->der), reterr);
	return r < 0 ? r : 0;
}

static bool ends_with(struct span text, struct span end)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span last;

	return text.len >= end.len && bytes_skip(&in, text.len - end.len) &&
	       bytes_take(&in, end.len, &last) && span_equal(last, end);
}

/* The one key of the keyring whose id ends so. */
static int find_key(const struct scene *s, const struct keyring_key **ret,
		    struct diag *reterr)
{
	struct span want = span_of(s->cli->args[0]);
	int n = 0;
	char q[80];

	(void)str_quote(q, sizeof(q), want);
	for (int i = 0; i < s->rings.ring[s->ring].members; i++) {
		const struct keyring_key *k = keyring_member(&s->rings, s->ring, i);

		if (!k || !keyring_is(k, "asymmetric") || !ends_with(k->id, want))
			continue;
		*ret = k;
		n++;
	}
	if (n == 0)
		return diag_set(reterr, DIAG_NO_KEY, ENOENT, "There is no key %s in %s.",
				q, keyring_name(s->ring));
	return n == 1 ? 0
		      : diag_set(reterr, DIAG_NO_KEY, EINVAL,
				 "%d keys in %s have an id that ends with %s.", n,
				 keyring_name(s->ring), q);
}

static bool is_last(const struct scene *s)
{
	int n = 0;

	for (int i = 0; i < s->rings.ring[s->ring].members; i++) {
		const struct keyring_key *k = keyring_member(&s->rings, s->ring, i);

		n += k && keyring_is(k, "asymmetric");
	}
	return n == 1;
}

static int plan_retire(struct scene *s, struct plan *plan, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	const struct keyring_key *key = NULL;
	struct plan_spec at = {.danger = PLAN_BOOT};
	struct span der = {0};
	int r, i;

	if (keyring_keeps(s->ring))
		return diag_set(reterr, DIAG_KEY_REFUSED, EPERM,
				"The kernel lets nobody take keys out of %s before the "
				"machine is restarted.",
				keyring_name(s->ring));
	if (!s->rings.ring[s->ring].serial)
		return diag_set(reterr, DIAG_NO_KEYRING, ENOENT, "There is no %s here.",
				keyring_name(s->ring));
	r = find_key(s, &key, reterr);
	if (r == 0)
		r = plan_init(plan, "retire a key", reterr);
	if (r < 0)
		return r;
	at.why = is_last(s)
			 ? "what it has signed is verified no more, and no other key is "
			   "left in the keyring"
			 : "what it has signed is verified no more";
	i = certstore_find(&s->certs, key);
	if (i >= 0)
		der = strbuf_span(&s->certs.cert[i]->der);
	strbuf_add(&name, key->description.ptr, key->description.len);
	r = act_key_remove(plan, &s->cli->root, &at, s->ring, strbuf_str(&name), der,
			   reterr);
	return r < 0 ? r : 0;
}

static int run(struct cli *cli,
	       int (*make)(struct scene *s, struct plan *plan, struct diag *reterr))
{
	struct scene s = {.cli = cli};
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};
	int r = look(&s, &d);

	if (r == 0)
		r = make(&s, &plan, &d);
	done(&s);
	return r < 0 ? cmd_fail(&d) : change_ui_run(cli, &plan);
}

static int run_load(struct cli *cli)
{
	return run(cli, plan_load);
}

static int run_retire(struct cli *cli)
{
	return run(cli, plan_retire);
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
	.args = "KEYID",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_MUTATES | CMD_ROOT,
	.options = retire_options,
	.run = run_retire,
	.help = "KEYID is the end of the key's id, as key list shows it. Files that only this\n"
		"key has signed are denied from then on where they are appraised. The kernel\n"
		"does not give the certificate back: it has to be at hand, in /etc/keys or by\n"
		"--cert, or there is no way back, and the plan says so.",
};
