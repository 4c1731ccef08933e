/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl key list. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "tui/cli/key.h"
#include "tui/cli/table.h"

/* What is listed, and what is known beyond what the kernel tells. */
struct listing {
	struct cli *cli;
	struct keyring_set set;
	struct certstore certs;
	bool dated; /* the certificate of some key is at hand */
	bool undated;
};

static const struct cert *cert_of(const struct listing *l, const struct keyring_key *k,
				  const char **ret_from)
{
	int i = certstore_find(&l->certs, k);

	*ret_from = i < 0 ? NULL : l->certs.from[i];
	return i < 0 ? NULL : l->certs.cert[i];
}

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

static void key_row(struct listing *l, struct table *t, const char *ring,
		    const struct keyring_key *k)
{
	const char *from;
	const struct cert *c = cert_of(l, k, &from);
	char date[24];

	table_text(t, OUT_PLAIN, ring);
	span_cell(t, k->keyid);
	table_foreign(t, k->name);
	span_cell(t, k->algorithm);
	table_text(t, c && expired(c) ? OUT_WARN : OUT_PLAIN,
		   c ? key_date(&c->not_after, date) : "-");
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
	for (int i = 0; i < l->set.ring[id].members; i++) {
		const struct keyring_key *k = keyring_member(&l->set, id, i);

		if (is_cert(k))
			key_row(l, t, keyring_name(id), k);
	}
}

/* Members that are no keys: digests, keyrings, and what cannot be seen. */
static void count_others(const struct listing *l, enum keyring_id id, int *digests,
			 int *hidden, int *keys)
{
	*digests = *hidden = *keys = 0;
	for (int i = 0; i < l->set.ring[id].members; i++) {
		const struct keyring_key *k = keyring_member(&l->set, id, i);

		*hidden += !k;
		*keys += is_cert(k);
		*digests += k && keyring_is(k, "blacklist");
	}
}

static void rest_of(struct listing *l, enum keyring_id id, bool *any)
{
	const struct keyring_ring *r = &l->set.ring[id];
	int digests, hidden, keys;

	count_others(l, id, &digests, &hidden, &keys);
	if (!r->serial || (keys && !digests && !hidden))
		return;
	*any = true;
	out_addf(l->cli->out, "%s: ", keyring_name(id));
	if (r->members < 0)
		out_add(l->cli->out, "what it holds cannot be seen");
	else if (digests)
		out_addf(l->cli->out, "%d digest%s", digests, digests == 1 ? "" : "s");
	else if (!hidden)
		out_add(l->cli->out, "empty");
	if (hidden)
		out_addf(l->cli->out, "%s%d that cannot be seen", digests ? ", " : "",
			 hidden);
	out_addf(l->cli->out, " (%s)\n", keyring_words(id));
}

static void missing(struct listing *l)
{
	bool any = false;

	for (int i = 0; i < _KEYRING_MAX; i++) {
		if (l->set.ring[i].serial)
			continue;
		out_addf(l->cli->out, "%s %s",
			 any ? "," : "Not there:", keyring_name((enum keyring_id)i));
		any = true;
	}
	out_add(l->cli->out, any ? "\n" : "");
}

static int text(struct listing *l)
{
	static const struct table_column columns[] = {{"KEYRING", false, false},
						      {"KEYID", false, false},
						      {"NAME", false, true},
						      {"KIND", false, false},
						      {"EXPIRES", false, false},
						      {"SIGNED BY", false, true},
						      {"ID", false, true}};
	_cleanup_table_ struct table t = {0};
	bool any = false;

	table_init(&t, l->cli->out, columns, array_size(columns));
	for (int i = 0; i < _KEYRING_MAX; i++)
		ring_rows(l, &t, (enum keyring_id)i);
	if (l->dated || l->undated) {
		table_print(l->cli->out, &t);
		out_add(l->cli->out, "\n");
	}
	for (int i = 0; i < _KEYRING_MAX; i++)
		rest_of(l, (enum keyring_id)i, &any);
	if (l->set.complete)
		missing(l);
	else
		out_add(l->cli->out,
			"The kernel's own keyrings cannot be seen: only the machine's root "
			"sees them.\n");
	if (l->undated)
		out_add(l->cli->out,
			"Dates and signers stand in certificates, which the kernel does not "
			"give back (--cert).\n");
	return l->dated || l->undated || any ? CMD_OK : CMD_IMPOSSIBLE;
}

static void key_json(struct listing *l, struct json *j, const struct keyring_key *k)
{
	const char *from;
	const struct cert *c = cert_of(l, k, &from);
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
	json_kstr(j, "expires", c ? key_date(&c->not_after, date) : NULL);
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
	json_close(j, '}');
}

static void ring_json(struct listing *l, struct json *j, enum keyring_id id)
{
	const struct keyring_ring *r = &l->set.ring[id];
	int digests, hidden, keys;

	count_others(l, id, &digests, &hidden, &keys);
	json_open(j, '{');
	json_kstr(j, "name", keyring_name(id));
	json_kstr(j, "words", keyring_words(id));
	json_key(j, "there");
	if (r->serial || l->set.complete)
		json_bool(j, r->serial != 0);
	else
		json_null(j);
	json_kbool(j, "seen", r->members >= 0);
	json_ku64(j, "digests", (uint64_t)digests);
	json_ku64(j, "hidden", (uint64_t)hidden);
	json_key(j, "keys");
	json_open(j, '[');
	for (int i = 0; i < r->members; i++)
		if (is_cert(keyring_member(&l->set, id, i)))
			key_json(l, j, keyring_member(&l->set, id, i));
	json_close(j, ']');
	json_close(j, '}');
}

static int json(struct listing *l)
{
	struct json j = json_to(out_buf(l->cli->out));
	bool any = false;

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/keys/1");
	json_kbool(&j, "complete", l->set.complete);
	json_kstr(&j, "for_files", keyring_name(keyring_for_files(&l->set)));
	json_key(&j, "keyrings");
	json_open(&j, '[');
	for (int i = 0; i < _KEYRING_MAX; i++) {
		ring_json(l, &j, (enum keyring_id)i);
		any |= l->set.ring[i].serial != 0;
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(l->cli->out, "\n");
	return any ? CMD_OK : CMD_IMPOSSIBLE;
}

static int run(struct cli *cli)
{
	struct listing l = {.cli = cli};
	struct diag d = {0};
	int r = keyring_load(&cli->root, &l.set, &d);

	if (r == 0)
		r = key_certs(cli, &l.certs, &d);
	r = r < 0 ? cmd_fail(&d) : cli->json ? json(&l) : text(&l);
	certstore_done(&l.certs);
	keyring_done(&l.set);
	return r;
}

static const struct opt options[] = {
	{"cert", 0, OPT_REPEATED, "PATH",
	 "A certificate, or a folder of them, to know keys by"},
	{0},
};

const struct cmd key_list_cmd = {
	.name = "list",
	.summary = "List the kernel's keyrings and the keys in them",
	.flags = CMD_JSON,
	.options = options,
	.run = run,
	.help = "The keyid is what a signature in security.ima names. Until when a key is\n"
		"valid and who signed it stands in its certificate, which the kernel does\n"
		"not give back: /etc/keys and the like are looked through, and what --cert\n"
		"names. The kernel itself ignores dates.",
};
