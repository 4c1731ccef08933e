/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key list. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/cert/keylive.h"
#include "tui/cli/key.h"
#include "tui/cli/keycount.h"
#include "tui/cli/table.h"

/* What is listed, and what is known beyond what the kernel tells. */
struct listing {
	struct cli *cli;
	struct keyhost host;
	bool dated; /* the certificate of some key is at hand */
	bool undated;
	bool counted; /* --count-files: */
	struct keyuse use;
	enum scope scope;
	struct keycount_list list;
};

static bool expired(const struct cert *c)
{
	return c->not_after.known && c->not_after.seconds < (int64_t)time(NULL);
}

static void span_cell(struct table *t, struct span s)
{
	if (s.len)
		table_foreign(t, s);
	else
		table_text(t, OUT_DIM, "-");
}

static bool list_counts(const struct listing *l)
{
	const struct keyseen *s = &l->list.seen;

	return l->list.known && (s->named[IMAXATTR_IMA] || s->named[IMAXATTR_EVM]);
}

static void count_cells(const struct listing *l, struct table *t, enum keyring_id ring,
			const struct keyring_key *k)
{
	enum imaxattr_attr attr = keylive_attr(ring, NULL);
	uint8_t id[CERT_KEYID];
	struct span keyid = {id, sizeof(id)};
	bool named = keyhost_keyid(&l->host, k, id);
	char n[32];

	if (l->counted)
		table_text(t, OUT_PLAIN,
			   named ? str_count(n, sizeof(n),
					     keyuse_files(&l->use, attr, keyid))
				 : "-");
	if (list_counts(l))
		table_text(t, OUT_PLAIN,
			   named ? str_count(n, sizeof(n),
					     keyseen_files(&l->list.seen, attr, keyid))
				 : "-");
}

static void key_row(struct listing *l, struct table *t, enum keyring_id ring,
		    const struct keyring_key *k)
{
	const struct cert *c = keyhost_cert(&l->host, k, NULL);
	char date[24];

	table_text(t, OUT_PLAIN, keyring_name(ring));
	span_cell(t, k->keyid);
	table_foreign(t, k->name);
	span_cell(t, k->algorithm);
	table_text(t, c && expired(c) ? OUT_WARN : OUT_PLAIN,
		   c ? cert_date(&c->not_after, date) : "-");
	count_cells(l, t, ring, k);
	if (c)
		table_foreign(t, span_of(strbuf_str(&c->signer)));
	else
		table_text(t, OUT_DIM, "-");
	table_foreign(t, k->id);
	l->dated |= c != NULL;
	l->undated |= !c;
}

static bool is_cert(const struct keyring_key *k)
{
	return k && keyring_is(k, "asymmetric");
}

static void ring_rows(struct listing *l, struct table *t, enum keyring_id id)
{
	for (int i = 0; i < l->host.rings.ring[id].members; i++) {
		const struct keyring_key *k = keyring_member(&l->host.rings, id, i);

		if (is_cert(k))
			key_row(l, t, id, k);
	}
}

/* Members that are no keys: digests, keyrings, and what cannot be seen. */
static void rest_of(struct listing *l, enum keyring_id id, bool *any)
{
	const struct keyring_ring *r = &l->host.rings.ring[id];
	struct keyring_census n = keyring_count(&l->host.rings, id);

	if (!r->serial || (n.keys && !n.digests && !n.hidden))
		return;
	*any = true;
	out_addf(l->cli->out, "%s: ", keyring_name(id));
	if (r->members < 0)
		out_add(l->cli->out, "what it holds cannot be seen");
	else if (n.digests)
		out_addf(l->cli->out, "%d digest%s", n.digests,
			 n.digests == 1 ? "" : "s");
	else if (!n.hidden)
		out_add(l->cli->out, "empty");
	if (n.hidden)
		out_addf(l->cli->out, "%s%d that cannot be seen", n.digests ? ", " : "",
			 n.hidden);
	out_addf(l->cli->out, " (%s)\n", keyring_words(id));
}

static void missing(struct listing *l)
{
	bool any = false;

	for (int i = 0; i < _KEYRING_MAX; i++) {
		if (l->host.rings.ring[i].serial)
			continue;
		out_addf(l->cli->out, "%s %s",
			 any ? "," : "Not there:", keyring_name((enum keyring_id)i));
		any = true;
	}
	out_add(l->cli->out, any ? "\n" : "");
}

static size_t columns_of(const struct listing *l, struct table_column ret[9])
{
	size_t n = 0;

	ret[n++] = (struct table_column){"KEYRING", false, false};
	ret[n++] = (struct table_column){"KEYID", false, false};
	ret[n++] = (struct table_column){"NAME", false, true};
	ret[n++] = (struct table_column){"KIND", false, false};
	ret[n++] = (struct table_column){"EXPIRES", false, false};
	if (l->counted)
		ret[n++] = (struct table_column){"FILES", true, false};
	if (list_counts(l))
		ret[n++] = (struct table_column){"MEASURED", true, false};
	ret[n++] = (struct table_column){"SIGNED BY", false, true};
	ret[n++] = (struct table_column){"ID", false, true};
	return n;
}

static void remarks(struct listing *l)
{
	if (l->undated)
		out_add(l->cli->out,
			"Dates and signers stand in certificates, which the kernel does not "
			"give back (--cert).\n");
	if (l->list.too_long)
		out_add(l->cli->out, "The measurement list is long and was not read: "
				     "--count-files does.\n");
	if (l->counted)
		keycount_text(l->cli, &l->host, &l->use, l->scope);
}

static int text(struct listing *l)
{
	_cleanup_table_ struct table t = {0};
	struct table_column columns[9];
	bool any = false;

	table_init(&t, l->cli->out, columns, columns_of(l, columns));
	for (int i = 0; i < _KEYRING_MAX; i++)
		ring_rows(l, &t, (enum keyring_id)i);
	if (l->dated || l->undated) {
		table_print(l->cli->out, &t);
		out_add(l->cli->out, "\n");
	}
	for (int i = 0; i < _KEYRING_MAX; i++)
		rest_of(l, (enum keyring_id)i, &any);
	if (l->host.rings.complete)
		missing(l);
	else
		out_add(l->cli->out,
			"The kernel's own keyrings cannot be seen: only the machine's root "
			"sees them.\n");
	remarks(l);
	return l->dated || l->undated || any ? CMD_OK : CMD_IMPOSSIBLE;
}

/* Null: that was not counted. */
static void json_count(struct json *j, const char *key, bool known, uint64_t n)
{
	json_key(j, key);
	if (known)
		json_u64(j, n);
	else
		json_null(j);
}

static void counts_json(struct listing *l, struct json *j, const struct keyring_key *k)
{
	uint8_t id[CERT_KEYID];
	struct span keyid = {id, sizeof(id)};
	bool named = keyhost_keyid(&l->host, k, id);
	bool use = named && l->counted, list = named && l->list.known;

	json_count(j, "files_ima", use,
		   use ? keyuse_files(&l->use, IMAXATTR_IMA, keyid) : 0);
	json_count(j, "files_evm", use,
		   use ? keyuse_files(&l->use, IMAXATTR_EVM, keyid) : 0);
	json_count(j, "measured_ima", list,
		   list ? keyseen_files(&l->list.seen, IMAXATTR_IMA, keyid) : 0);
	json_count(j, "measured_evm", list,
		   list ? keyseen_files(&l->list.seen, IMAXATTR_EVM, keyid) : 0);
}

static void key_json(struct listing *l, struct json *j, const struct keyring_key *k)
{
	const char *from;
	const struct cert *c = keyhost_cert(&l->host, k, &from);
	char date[24];

	json_open(j, '{');
	json_ku64(j, "serial", (uint64_t)k->serial);
	json_kbytes(j, "name", k->name);
	json_kbytes(j, "id", k->id);
	json_kstr(j, "id_of", k->keyid.len ? "skid" : "serial-number");
	json_key(j, "keyid");
	if (k->keyid.len)
		json_span(j, k->keyid);
	else
		json_null(j);
	json_kbytes(j, "kind", k->algorithm);
	json_kbool(j, "usable", !k->dead);
	json_kstr(j, "expires", c ? cert_date(&c->not_after, date) : NULL);
	json_key(j, "signer");
	if (c) {
		_cleanup_strbuf_ struct strbuf signer = {0};

		str_escape(&signer, span_of(strbuf_str(&c->signer)), false);
		json_span(j, strbuf_span(&signer));
	} else
		json_null(j);
	if (from)
		json_kbytes(j, "certificate", span_of(from));
	else
		json_kstr(j, "certificate", NULL);
	counts_json(l, j, k);
	json_close(j, '}');
}

static void ring_json(struct listing *l, struct json *j, enum keyring_id id)
{
	const struct keyring_ring *r = &l->host.rings.ring[id];
	struct keyring_census n = keyring_count(&l->host.rings, id);

	json_open(j, '{');
	json_kstr(j, "name", keyring_name(id));
	json_kstr(j, "words", keyring_words(id));
	json_key(j, "there");
	if (r->serial || l->host.rings.complete)
		json_bool(j, r->serial != 0);
	else
		json_null(j);
	json_kbool(j, "seen", r->members >= 0);
	json_ku64(j, "digests", (uint64_t)n.digests);
	json_ku64(j, "hidden", (uint64_t)n.hidden);
	json_key(j, "keys");
	json_open(j, '[');
	for (int i = 0; i < r->members; i++)
		if (is_cert(keyring_member(&l->host.rings, id, i)))
			key_json(l, j, keyring_member(&l->host.rings, id, i));
	json_close(j, ']');
	json_close(j, '}');
}

static int json(struct listing *l)
{
	struct json j = json_to(out_buf(l->cli->out));
	bool any = false;

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/keys/1");
	json_kbool(&j, "complete", l->host.rings.complete);
	json_kstr(&j, "for_files", keyring_name(keyring_for_files(&l->host.rings)));
	json_key(&j, "keyrings");
	json_open(&j, '[');
	for (int i = 0; i < _KEYRING_MAX; i++) {
		ring_json(l, &j, (enum keyring_id)i);
		any |= l->host.rings.ring[i].serial != 0;
	}
	json_close(&j, ']');
	json_key(&j, "counted");
	if (l->counted)
		keycount_json(&j, &l->host, &l->use, l->scope);
	else
		json_null(&j);
	json_close(&j, '}');
	out_add(l->cli->out, "\n");
	return any ? CMD_OK : CMD_IMPOSSIBLE;
}

static int count(struct listing *l, struct diag *reterr)
{
	struct keycount how = {.cli = l->cli, .typed = l->cli->args, .n = l->cli->n_args};
	bool wanted = opt_flag(l->cli->opts, "count-files");
	int r = 0;

	if (!wanted && l->cli->n_args)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"Files are counted below PATH: --count-files.");
	if (wanted && l->cli->host_dir)
		return diag_set(reterr, DIAG_LIVE_ONLY, ENOTSUP,
				"A recorded host has no files to count.");
	if (wanted)
		r = keycount_use(&how, &l->use, &l->scope, reterr);
	l->counted = wanted && r == 0;
	return r < 0 ? r : keycount_list(l->cli, wanted, &l->list, reterr);
}

static int run(struct cli *cli)
{
	struct listing l = {.cli = cli};
	struct diag d = {0};
	int r = keyhost_load(&l.host, &cli->root, &d);

	if (r == 0)
		r = key_named_certs(cli, &l.host.certs, &d);
	if (r == 0)
		r = count(&l, &d);
	r = r < 0 ? cmd_fail(&d) : cli->json ? json(&l) : text(&l);
	keycount_list_done(&l.list);
	keyuse_done(&l.use);
	keyhost_done(&l.host);
	return r;
}

static const struct opt options[] = {
	{"cert", 0, OPT_REPEATED, "PATH",
	 "A certificate, or a folder of them, to know keys by"},
	{"count-files", 0, OPT_FLAG, NULL,
	 "Count the files whose signature names each key"},
	{0},
};

const struct cmd key_list_cmd = {
	.name = "list",
	.summary = "List the kernel's keyrings and the keys in them",
	.args = "[PATH...]",
	.max_args = CMD_ANY_ARGS,
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "The keyid is what a signature in security.ima names. Until when a key is\n"
		"valid and who signed it stands in its certificate, which the kernel does\n"
		"not give back: /etc/keys and the like are looked through, and what --cert\n"
		"names. The kernel itself ignores dates.\n\n"
		"--count-files looks at every file that the policy appraises, as label plan\n"
		"has it, or at all below each PATH: names and attributes only, no contents.\n"
		"FILES then says how many name the key in security.ima, for keys of .evm in\n"
		"security.evm; and which ids are named that no key has. MEASURED is what the\n"
		"measurement list shows, where its template has signatures.",
};
