/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/verify-out.h"

#include <inttypes.h>

#include "core/base/cleanup.h"
#include "tui/cli/table.h"
#include "tui/cli/verify-sigs.h"

static void json_digest(struct json *j, const char *key, const struct digest *d, bool has)
{
	if (has && d->size) {
		json_khex(j, key, digest_span(d));
		return;
	}
	json_key(j, key);
	json_null(j);
}

static void json_pcr(struct json *j, const struct verify_pcr *p)
{
	json_open(j, '{');
	json_ku64(j, "pcr", p->pcr);
	json_kstr(j, "verdict", verify_verdict_name(p->verdict));
	json_kstr(j, "digests", verify_digests_name(p->mode));
	json_ku64(j, "entries", p->entries);
	json_ku64(j, "matched", p->matched);
	json_ku64(j, "pending", p->pending);
	json_digest(j, "computed", &p->computed, p->has_computed);
	json_digest(j, "expected", &p->expected, p->has_expected);
	json_close(j, '}');
}

static void json_bank(struct json *j, const struct verify_bank *b)
{
	static const struct verify_pcr none;
	const struct verify_pcr *first = b->n_pcrs ? b->pcr : &none;

	json_open(j, '{');
	json_kstr(j, "bank", hash_alg_name(b->alg));
	json_kstr(j, "verdict", verify_verdict_name(b->verdict));
	json_kstr(j, "digests", verify_digests_name(b->mode));
	json_ku64(j, "matched", b->matched);
	json_ku64(j, "pending", b->pending);
	json_digest(j, "computed", &first->computed, first->has_computed);
	json_digest(j, "expected", &first->expected, first->has_expected);
	json_key(j, "pcrs");
	json_open(j, '[');
	for (size_t i = 0; i < b->n_pcrs; i++)
		json_pcr(j, &b->pcr[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void json_errors(struct json *j, const struct verify_result *r)
{
	json_ku64(j, "template_errors_total", r->n_errors);
	json_key(j, "template_errors");
	json_open(j, '[');
	for (size_t i = 0; i < r->n_errors && i < VERIFY_ERRORS_MAX; i++) {
		const struct verify_error *e = &r->error[i];

		json_open(j, '{');
		json_ku64(j, "entry", e->entry);
		json_ku64(j, "offset", e->offset);
		json_kbytes(j, "path", (struct span){e->path, e->path_len});
		json_kstr(j, "problem", e->format ? "template" : "digest");
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_bootagg(struct json *j, const struct verify_bootagg *a)
{
	json_key(j, "boot_aggregate");
	json_open(j, '{');
	json_kstr(j, "verdict", verify_verdict_name(a->verdict));
	json_ku64(j, "entries", a->count);
	json_kbool(j, "zero", a->zero);
	json_key(j, "bank");
	json_str(j, a->logged.size ? hash_alg_name(a->logged.alg) : NULL);
	json_key(j, "pcrs");
	json_str(j, a->computed.size == 0 ? NULL : a->last == 7 ? "0-7" : "0-9");
	json_digest(j, "logged", &a->logged, true);
	json_digest(j, "computed", &a->computed, true);
	json_digest(j, "firmware_log", &a->firmware, true);
	json_close(j, '}');
}

static void json_damage(struct json *j, const struct verify_result *r)
{
	json_key(j, "damage");
	if (r->damage.id == DIAG_NONE) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_kstr(j, "id", diag_code(r->damage.id));
	json_kstr(j, "text", r->damage.text);
	json_ku64(j, "entry", r->damage_entry);
	json_ku64(j, "offset", r->damage_offset);
	json_close(j, '}');
}

/* Null: single changes were not searched for. */
static void json_search(struct json *j, const struct verify_search *s)
{
	json_key(j, "search");
	if (s->ms == 0 && !s->complete) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_ku64(j, "entries", s->entries);
	json_ku64(j, "tried", s->tried);
	json_kbool(j, "complete", s->complete);
	json_ku64(j, "ms", s->ms);
	json_close(j, '}');
}

static void json_reasons(struct json *j, const struct verify_result *r)
{
	json_key(j, "explanation");
	json_open(j, '[');
	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *w = &r->reason[i];

		json_open(j, '{');
		json_kstr(j, "id", verify_why_name(w->why));
		json_kstr(j, "kind", verify_kind_name(w->kind));
		json_kstr(j, "text", w->text);
		json_kstr(j, "hint", verify_why_hint(w->why));
		if (w->first) {
			json_ku64(j, "first", w->first);
			json_ku64(j, "last", w->last);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

void verify_out_json(struct out *out, const struct verify_result *r,
		     const struct msigcheck_result *sigs)
{
	struct json j = json_to(out_buf(out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/verify/1");
	json_kstr(&j, "verdict", verify_verdict_name(r->verdict));
	json_ku64(&j, "entries", r->entries);
	json_ku64(&j, "violations", r->violations);
	json_ku64(&j, "bytes", r->bytes);
	json_kbool(&j, "live", r->live);
	json_ku64(&j, "later", r->later);
	json_ku64(&j, "pcr", r->pcr);
	json_key(&j, "banks");
	json_open(&j, '[');
	for (size_t i = 0; i < r->n_banks; i++)
		json_bank(&j, &r->bank[i]);
	json_close(&j, ']');
	json_errors(&j, r);
	json_bootagg(&j, &r->bootagg);
	json_damage(&j, r);
	json_search(&j, &r->search);
	json_reasons(&j, r);
	verify_sigs_json(&j, sigs);
	json_close(&j, '}');
	out_add(out, "\n");
}

static const enum out_style verdict_style[] = {
	[VERIFY_UNKNOWN] = OUT_WARN,
	[VERIFY_MATCH] = OUT_GOOD,
	[VERIFY_PENDING] = OUT_BAD,
	[VERIFY_MISMATCH] = OUT_BAD,
};

static void print_verdict(struct out *out, const struct verify_result *r)
{
	static const char *const words[] = {"UNKNOWN", "MATCH", "PENDING", "MISMATCH"};
	char n[48];

	(void)str_counted(n, sizeof(n), r->entries, "entry", "entries");
	out_style(out, verdict_style[r->verdict], words[r->verdict]);
	switch (r->verdict) {
	case VERIFY_MATCH:
		out_addf(out, "  the whole list (%s) is proven by PCR %u.\n", n, r->pcr);
		break;
	case VERIFY_PENDING:
		out_addf(out, "  of the list (%s) only the beginning is proven.\n", n);
		break;
	case VERIFY_MISMATCH:
		out_addf(out, "  the list (%s) is not what was measured.\n", n);
		break;
	case VERIFY_UNKNOWN:
		out_addf(
			out,
			"  the list (%s) is neither proven nor refuted: values are missing.\n",
			n);
		break;
	}
}

static void bank_row(struct table *t, const struct verify_bank *b,
		     const struct verify_pcr *p)
{
	table_textf(t, OUT_PLAIN, "%s", hash_alg_name(b->alg));
	table_textf(t, OUT_PLAIN, "%u", p->pcr);
	table_text(t, verdict_style[p->verdict], verify_verdict_name(p->verdict));
	table_text(t, OUT_PLAIN, p->matched ? verify_digests_name(p->mode) : "-");
	table_textf(t, OUT_PLAIN, "%" PRIu64, p->entries);
	table_textf(t, OUT_PLAIN, "%" PRIu64, p->pending);
}

static void print_values(struct out *out, const struct verify_bank *b)
{
	for (size_t i = 0; i < b->n_pcrs; i++) {
		const struct verify_pcr *p = &b->pcr[i];

		if (p->verdict == VERIFY_MATCH || !p->has_computed)
			continue;
		out_addf(out, "  %s PCR %u\n    computed   ", hash_alg_name(b->alg),
			 p->pcr);
		strbuf_addhex(out_buf(out), digest_span(&p->computed));
		if (p->has_expected) {
			out_add(out, "\n    PCR holds  ");
			strbuf_addhex(out_buf(out), digest_span(&p->expected));
		}
		out_add(out, "\n");
	}
}

static void print_banks(struct out *out, const struct verify_result *r)
{
	static const struct table_column columns[] = {
		{"BANK", false, false},	   {"PCR", true, false},
		{"VERDICT", false, false}, {"DIGESTS", false, false},
		{"ENTRIES", true, false},  {"PENDING", true, false},
	};
	_cleanup_table_ struct table t = {0};

	if (r->n_banks == 0 || r->bank[0].n_pcrs == 0)
		return; /* of an empty list */
	table_init(&t, out, columns, array_size(columns));
	for (size_t i = 0; i < r->n_banks; i++)
		for (size_t p = 0; p < r->bank[i].n_pcrs; p++)
			bank_row(&t, &r->bank[i], &r->bank[i].pcr[p]);
	out_add(out, "\n");
	table_print(out, &t);
	for (size_t i = 0; i < r->n_banks; i++)
		print_values(out, &r->bank[i]);
}

static void print_bootagg(struct out *out, const struct verify_bootagg *a)
{
	if (a->count == 0)
		return;
	out_add(out, "\nboot_aggregate  ");
	out_style(out, verdict_style[a->verdict], verify_verdict_name(a->verdict));
	if (a->computed.size)
		out_addf(out, "  (%s, PCR 0 to %u)", hash_alg_name(a->computed.alg),
			 a->last);
	if (a->firmware.size && a->logged.size)
		out_add(out,
			span_equal(digest_span(&a->firmware), digest_span(&a->logged))
				? "; the firmware's event log agrees"
				: "; the firmware's event log leads to another value");
	out_add(out, "\n");
}

static void print_errors(struct out *out, const struct verify_result *r)
{
	if (r->n_errors == 0)
		return;
	out_addf(out, "\n%" PRIu64 " entries do not fit their digest:\n", r->n_errors);
	for (size_t i = 0; i < r->n_errors && i < VERIFY_ERRORS_MAX; i++) {
		out_addf(out, "  entry %" PRIu64 " at byte %" PRIu64 "  ",
			 r->error[i].entry, r->error[i].offset);
		out_foreign(out, (struct span){r->error[i].path, r->error[i].path_len});
		out_add(out, "\n");
	}
	if (r->n_errors > VERIFY_ERRORS_MAX)
		out_add(out, "  ..\n");
}

static void print_reasons(struct out *out, const struct verify_result *r)
{
	static const char *const words[] = {"Why:      ", "Possible: ", "Note:     "};

	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *w = &r->reason[i];

		out_add(out, "\n");
		out_style(out, w->kind == VERIFY_NOTE ? OUT_DIM : OUT_BOLD,
			  words[w->kind]);
		str_wrap(out_buf(out), out->width, strlen(words[w->kind]), w->text);
		out_addf(out, "%*s", (int)strlen(words[w->kind]), "");
		str_wrap(out_buf(out), out->width, strlen(words[w->kind]),
			 verify_why_hint(w->why));
	}
}

void verify_out_text(struct out *out, const struct verify_result *r,
		     const struct msigcheck_result *sigs)
{
	print_verdict(out, r);
	print_banks(out, r);
	print_bootagg(out, &r->bootagg);
	print_errors(out, r);
	if (sigs)
		verify_sigs_text(out, sigs);
	print_reasons(out, r);
}
