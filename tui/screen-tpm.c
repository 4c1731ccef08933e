/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM screen: does the list replay to the PCRs, bank by bank; if not, why. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/entrytext.h"
#include "tui/plain.h"

struct tpm_screen {
	struct app *app;
	struct pager pager; /* its text is made anew for each drawing */
};

static int tpm_open_screen(struct app *a, void **ret_state, struct diag *reterr)
{
	struct tpm_screen *t = calloc(1, sizeof(*t));

	if (!t)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	t->app = a;
	*ret_state = t;
	return 0;
}

static void tpm_done(void *state)
{
	struct tpm_screen *t = state;

	pager_done(&t->pager);
	free(t);
}

static enum style verdict_style(enum verify_verdict v)
{
	return v == VERIFY_MATCH      ? STYLE_GOOD
	       : v == VERIFY_MISMATCH ? STYLE_BAD
	       : v == VERIFY_PENDING  ? STYLE_WARN
				      : STYLE_NORMAL;
}

static const char *verdict_mark(enum verify_verdict v)
{
	return v == VERIFY_MATCH      ? "[OK]"
	       : v == VERIFY_MISMATCH ? "[!!]"
	       : v == VERIFY_PENDING  ? "[..]"
				      : "[--]";
}

static void progress(const struct tpm_screen *t, struct doc *d)
{
	const struct proof *p = &t->app->model.proof;
	const struct verify_search *search = proof_search(p);
	uint64_t all = model_count(&t->app->model, NULL), done = proof_entries(p);
	char a[32], b[32];

	if (search)
		doc_field(
			d, "Check", STYLE_BAD,
			"the list does not match; looking for what was changed: the last "
			"%s of %s entries tried, %u of %u s",
			str_count(a, sizeof(a), search->tried),
			str_count(b, sizeof(b), search->entries), search->ms / 1000,
			VERIFY_SEARCH_MS / 1000);
	else if (p->state == PROOF_LOADING)
		doc_field(d, "Check", STYLE_NORMAL,
			  "waiting until the list has been read");
	else if (p->state == PROOF_RUNNING && !p->has_result)
		doc_field(d, "Check", STYLE_NORMAL,
			  "replaying: %s of %s entries (%llu %%)",
			  str_count(a, sizeof(a), done), str_count(b, sizeof(b), all),
			  (unsigned long long)(all ? done * 100 / all : 0));
	else if (p->state == PROOF_FAILED)
		doc_field(d, "Check", STYLE_BAD, "%s: %s %s", diag_code(p->error.id),
			  p->error.text, diag_hint(p->error.id));
}

static void checked(const struct tpm_screen *t, struct doc *d)
{
	const struct proof *p = &t->app->model.proof;
	char clock[24] = "", n[32];
	struct tm tm;

	if (!p->has_result)
		return;
	if (localtime_r(&p->checked, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M", &tm);
	doc_field(d, "Checked", STYLE_NORMAL,
		  "at %s, %s entries replayed; r checks again", clock,
		  str_count(n, sizeof(n), p->checked_entries));
}

static void source(const struct tpm_screen *t, struct doc *d)
{
	const struct proof *p = &t->app->model.proof;

	if (p->tpm)
		doc_field(d, "PCR values", STYLE_NORMAL, "%s", tpm_describe(p->tpm));
	else if (p->config->pcrs && p->no_tpm.id == DIAG_NONE)
		doc_field(d, "PCR values", STYLE_NORMAL, "a PCR file");
	else if (p->no_tpm.id != DIAG_NONE)
		doc_field(d, "PCR values", STYLE_WARN, "%s: %s %s",
			  diag_code(p->no_tpm.id), p->no_tpm.text,
			  diag_hint(p->no_tpm.id));
}

static void digest_field(struct doc *d, const char *label, enum style style, bool has,
			 const struct digest *digest, const char *missing)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (has)
		strbuf_addhex(&b, digest_span(digest));
	else
		strbuf_adds(&b, missing);
	doc_field(d, label, style, "%s", strbuf_str(&b));
}

static void pcr_lines(struct doc *d, const struct verify_pcr *p, bool many)
{
	char n[32], pending[32];
	char label[DOC_LABEL_MAX];

	if (many) {
		(void)snprintf(label, sizeof(label), "PCR %u", p->pcr);
		doc_field(d, label, verdict_style(p->verdict), "%s",
			  verify_verdict_name(p->verdict));
	}
	if (p->verdict == VERIFY_MATCH || p->verdict == VERIFY_PENDING)
		doc_field(d, "Entries", STYLE_NORMAL, "%s matched, %s pending",
			  str_count(n, sizeof(n), p->matched),
			  str_count(pending, sizeof(pending), p->pending));
	digest_field(d, "Computed", STYLE_NORMAL, p->has_computed, &p->computed,
		     "this OpenSSL cannot compute it");
	digest_field(d, "PCR holds",
		     p->verdict == VERIFY_MISMATCH ? STYLE_BAD : STYLE_NORMAL,
		     p->has_expected, &p->expected, "no value was read");
}

static void banks(struct doc *d, const struct verify_result *r)
{
	for (size_t i = 0; i < r->n_banks; i++) {
		const struct verify_bank *b = &r->bank[i];

		doc_blank(d);
		doc_mark(d, verdict_mark(b->verdict), verdict_style(b->verdict),
			 "%s bank, PCR %u: %s (%s digests)", hash_alg_name(b->alg),
			 r->pcr, verify_verdict_name(b->verdict),
			 verify_digests_name(b->mode));
		for (size_t k = 0; k < b->n_pcrs; k++)
			pcr_lines(d, &b->pcr[k], b->n_pcrs > 1);
	}
}

static void boot_aggregate(struct doc *d, const struct verify_bootagg *b)
{
	doc_blank(d);
	doc_mark(d, verdict_mark(b->verdict), verdict_style(b->verdict),
		 "boot aggregate: %s", verify_verdict_name(b->verdict));
	if (b->count == 0) {
		doc_field(d, "Logged", STYLE_NORMAL,
			  "the list has no boot_aggregate entry");
		return;
	}
	if (b->zero)
		doc_field(d, "Logged", STYLE_NORMAL,
			  "zeros: the kernel had no TPM, or no bank it could use");
	else
		digest_field(d, "Logged", STYLE_NORMAL, b->logged.size > 0, &b->logged,
			     "none");
	digest_field(d, "Computed", STYLE_NORMAL, b->computed.size > 0, &b->computed,
		     "PCR 0 to 9 were not read");
	if (b->verdict == VERIFY_MATCH)
		doc_field(d, "Over", STYLE_NORMAL, "PCR 0 to %u of %s", b->last,
			  hash_alg_name(b->logged.alg));
	if (b->count > 1)
		doc_field(d, "Boots", STYLE_NORMAL,
			  "%u boot_aggregate entries: the list was carried over kexec",
			  b->count);
}

static void errors(const struct app *a, struct doc *d, const struct verify_result *r)
{
	char n[32];

	if (r->damage.id != DIAG_NONE) {
		doc_blank(d);
		doc_mark(d, "[!!]", STYLE_BAD, "%s: %s", diag_code(r->damage.id),
			 r->damage.text);
	}
	if (r->n_errors == 0)
		return;
	doc_blank(d);
	doc_mark(d, "[!!]", STYLE_BAD,
		 "%s entries whose digest is not that of their data",
		 str_count(n, sizeof(n), r->n_errors));
	for (size_t i = 0; i < r->n_errors && i < VERIFY_ERRORS_MAX; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		str_escape(&path, (struct span){r->error[i].path, r->error[i].path_len},
			   a->ascii);
		doc_text(d, STYLE_NORMAL, "entry %llu at byte %llu: %s",
			 (unsigned long long)r->error[i].entry,
			 (unsigned long long)r->error[i].offset, strbuf_str(&path));
	}
}

static void reasons(struct doc *d, const struct verify_result *r)
{
	if (r->n_reasons == 0)
		return;
	doc_blank(d);
	doc_title(d, "Explanation");
	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *why = &r->reason[i];
		const char *mark = why->kind == VERIFY_CAUSE  ? "[!!] cause:"
				   : why->kind == VERIFY_NOTE ? "[--] note:"
							      : "[??] possible:";
		char below[DOC_LABEL_MAX];

		doc_mark(d, mark, why->kind == VERIFY_CAUSE ? STYLE_BAD : STYLE_NORMAL,
			 "%s", why->text);
		(void)snprintf(below, sizeof(below), "%*s", (int)strlen(mark), "");
		if (*verify_why_hint(why->why))
			doc_mark(d, below, STYLE_DIM, "%s", verify_why_hint(why->why));
	}
}

static void violations(struct doc *d, const struct verify_result *r)
{
	char n[32];

	if (r->violations == 0)
		return;
	doc_field(d, "Violations", STYLE_WARN,
		  "%s: the PCR does not bind their names or contents",
		  str_count(n, sizeof(n), r->violations));
}

static void fill(const struct tpm_screen *t, struct doc *d)
{
	const struct model *m = &t->app->model;
	const struct verify_result *r = proof_result(&m->proof);

	doc_clear(d);
	d->label_w = 12;
	if (!m->store) {
		doc_title(d, "There is nothing to check");
		doc_text(d, STYLE_NORMAL, "%s: %s", diag_code(m->list_error.id),
			 m->list_error.text);
		doc_text(d, STYLE_NORMAL, "%s", diag_hint(m->list_error.id));
		doc_text(
			d, STYLE_NORMAL,
			"Here the measurement list is replayed and compared with the TPM: the "
			"proof that nobody changed the list after the kernel wrote it.");
		return;
	}
	if (r)
		doc_mark(d, verdict_mark(r->verdict), verdict_style(r->verdict), "%s: %s",
			 verify_verdict_name(r->verdict), proof_sentence(r->verdict));
	progress(t, d);
	checked(t, d);
	source(t, d);
	if (!r)
		return;
	violations(d, r);
	if (r->verdict != VERIFY_MATCH) /* why comes before the numbers */
		reasons(d, r);
	errors(t->app, d, r);
	banks(d, r);
	boot_aggregate(d, &r->bootagg);
	if (r->verdict == VERIFY_MATCH)
		reasons(d, r);
}

static void tpm_draw(void *state, struct canvas *c, struct rect body)
{
	struct tpm_screen *t = state;

	fill(t, &t->pager.doc);
	canvas_hline(c, body.y, 0, body.w, STYLE_LINE);
	pager_draw(&t->pager, c, (struct rect){body.y + 1, 0, body.h - 1, body.w - 1});
}

static void tpm_status(void *state, struct strbuf *out)
{
	struct tpm_screen *t = state;

	if (proof_search(&t->app->model.proof))
		strbuf_adds(out, "searching | ");
	else if (t->app->model.proof.state == PROOF_RUNNING)
		strbuf_adds(out, "replaying | ");
	pager_status(&t->pager, out);
}

static bool tpm_request(void *state, enum request r)
{
	struct tpm_screen *t = state;

	switch ((int)r) {
	case REQ_RECHECK:
	case REQ_REFRESH:
		model_reread(&t->app->model);
		proof_restart(&t->app->model.proof);
		app_note(t->app, STYLE_NORMAL, "Checking again from the first entry");
		return true;
	case REQ_COPY: {
		_cleanup_strbuf_ struct strbuf b = {0};

		for (size_t i = 0; i < t->pager.doc.n; i++) {
			doc_line_text(&t->pager.doc, i, &b);
			strbuf_addc(&b, '\n');
		}
		app_copy(t->app, strbuf_str(&b), "this page");
		return true;
	}
	default:
		return pager_request(&t->pager, r);
	}
}

static void tpm_click(void *state, int y, int button)
{
	if (button != 1)
		(void)tpm_request(state, button == 4 ? REQ_UP : REQ_DOWN);
}

static void tpm_plain(void *state, struct plain *p)
{
	struct tpm_screen *t = state;
	const char *answer;

	do {
		plain_settle(p);
		fill(t, &t->pager.doc);
		plain_blank(p);
		plain_doc(p, &t->pager.doc);
		plain_say(p, " 1) check again");
		plain_say(p, " q) back");
		answer = plain_ask(p, "TPM, choice:");
		if (answer && answer[0] == '1')
			proof_restart(&t->app->model.proof);
	} while (answer && answer[0] == '1');
}

const struct screen screen_tpm = {
	.open = tpm_open_screen,
	.done = tpm_done,
	.draw = tpm_draw,
	.status = tpm_status,
	.request = tpm_request,
	.click = tpm_click,
	.plain = tpm_plain,
};
