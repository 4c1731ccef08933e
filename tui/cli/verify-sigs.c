/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/verify-sigs.h"

#include <inttypes.h>

#include "core/base/cleanup.h"
#include "tui/cli/keyopt.h"
#include "tui/cli/table.h"

static uint64_t wrong(const uint64_t n[_SIG_VERDICT_MAX])
{
	return n[SIG_BAD] + n[SIG_DAMAGED] + n[SIG_HASH];
}

static void json_counts(struct json *j, const uint64_t n[_SIG_VERDICT_MAX])
{
	json_ku64(j, "good", n[SIG_GOOD]);
	json_ku64(j, "bad", wrong(n));
	json_ku64(j, "no_key", n[SIG_NO_KEY]);
	json_ku64(j, "impossible", n[SIG_IMPOSSIBLE]);
}

static void json_key_of(struct json *j, const struct msigcheck_key *k)
{
	json_open(j, '{');
	json_khex(j, "keyid", (struct span){k->id, k->id_len});
	json_ku64(j, "entries", k->total);
	json_counts(j, k->n);
	if (k->key) {
		json_kbytes(j, "name", span_of(keyset_name(k->key)));
		json_kstr(j, "kind", keyset_words(k->key));
	}
	if (k->key && k->key->from)
		json_kbytes(j, "file", span_of(k->key->from));
	json_close(j, '}');
}

static size_t kept(const struct msigcheck_result *r)
{
	return r->n_wrong < MSIGCHECK_WRONG_MAX ? r->n_wrong : MSIGCHECK_WRONG_MAX;
}

static struct span path_of(const struct msigcheck_wrong *w)
{
	return (struct span){w->path, w->path_len};
}

static void json_wrong(struct json *j, const struct msigcheck_wrong *w)
{
	json_open(j, '{');
	json_ku64(j, "entry", w->entry);
	json_kbytes(j, "path", path_of(w));
	json_kstr(j, "check", sig_verdict_word(w->verdict));
	json_close(j, '}');
}

void verify_sigs_json(struct json *j, const struct msigcheck_result *r)
{
	json_key(j, "signatures");
	if (!r) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_kstr(j, "check", sig_verdict_word(msigcheck_verdict(r)));
	json_ku64(j, "entries", r->carry);
	json_counts(j, r->n);
	json_ku64(j, "beyond", r->beyond);
	json_key(j, "keys");
	json_open(j, '[');
	for (size_t i = 0; i < r->n_keys; i++)
		json_key_of(j, &r->key[i]);
	json_close(j, ']');
	json_ku64(j, "wrong_total", r->n_wrong);
	json_key(j, "wrong");
	json_open(j, '[');
	for (size_t i = 0; i < kept(r); i++)
		json_wrong(j, &r->wrong[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void number(struct table *t, enum out_style style, uint64_t n)
{
	table_textf(t, n ? style : OUT_DIM, "%" PRIu64, n);
}

static void key_row(struct table *t, const struct msigcheck_key *k)
{
	_cleanup_strbuf_ struct strbuf id = {0};
	uint64_t unknown = k->total - wrong(k->n) - k->n[SIG_GOOD];

	strbuf_addhex(&id, (struct span){k->id, k->id_len});
	table_text(t, OUT_PLAIN, id.len ? strbuf_str(&id) : "-");
	number(t, OUT_PLAIN, k->total);
	number(t, OUT_GOOD, k->n[SIG_GOOD]);
	number(t, OUT_BAD, wrong(k->n));
	number(t, OUT_WARN, unknown);
	table_foreign(t, span_of(!k->key		? "-"
				 : *keyset_name(k->key) ? keyset_name(k->key)
				 : k->key->from		? k->key->from
							: "-"));
}

static void print_keys(struct out *out, const struct msigcheck_result *r)
{
	static const struct table_column columns[] = {
		{"KEY", false, false},	{"ENTRIES", true, false},   {"GOOD", true, false},
		{"WRONG", true, false}, {"NOT KNOWN", true, false}, {"NAME", false, true},
	};
	_cleanup_table_ struct table t = {0};

	if (!r->n_keys)
		return;
	table_init(&t, out, columns, array_size(columns));
	for (size_t i = 0; i < r->n_keys; i++)
		key_row(&t, &r->key[i]);
	table_print(out, &t);
}

static void print_wrong(struct out *out, const struct msigcheck_result *r)
{
	for (size_t i = 0; i < kept(r); i++) {
		const struct msigcheck_wrong *w = &r->wrong[i];

		out_addf(out, "  entry %" PRIu64 "  ", w->entry);
		out_foreign(out, path_of(w));
		out_addf(out, ": the signature %s\n", sig_verdict_words(w->verdict));
	}
	if (r->n_wrong > MSIGCHECK_WRONG_MAX)
		out_add(out, "  ..\n");
}

void verify_sigs_text(struct out *out, const struct msigcheck_result *r)
{
	static const struct {
		enum out_style style;
		const char *word;
	} words[_SIG_VERDICT_MAX] = {
		[SIG_GOOD] = {OUT_GOOD, "good"},
		[SIG_BAD] = {OUT_BAD, "wrong"},
		[SIG_IMPOSSIBLE] = {OUT_WARN, "not known"},
	};
	enum sig_verdict v = msigcheck_verdict(r);
	char n[48];

	out_add(out, "\nsignatures  ");
	if (!r->carry) {
		out_add(out, "no entry carries one\n");
		return;
	}
	out_style(out, words[v].style, words[v].word);
	out_addf(out, "  (%s", str_counted(n, sizeof(n), r->carry, "entry", "entries"));
	out_addf(out, " of %s", str_count(n, sizeof(n), r->entries));
	out_add(out, r->carry == 1 ? " carries one)\n" : " carry one)\n");
	print_keys(out, r);
	if (r->beyond)
		out_addf(out, "  %s a signature that the list alone cannot prove\n",
			 str_counted(n, sizeof(n), r->beyond, "entry carries",
				     "entries carry"));
	print_wrong(out, r);
}
