/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Overview: what is enforced, what this kernel can do, the log, the proof, and what
 * to do next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/app.h"
#include "tui/plain.h"

enum { WIDE = 76, RECOUNT_MS = 1000 };

/* What was denied, counted now and then. */
struct denied {
	bool known;
	unsigned generation; /* of the feed */
	uint64_t minute, counted_ms;
	uint64_t all, hour;
	bool refused; /* of those of the hour some were not let through */
	struct denials_group cause, path; /* the most frequent; .count 0: none */
};

struct overview {
	struct app *app;
	struct pager left, right, next;
	struct denied denied;
};

static int overview_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct overview *o = calloc(1, sizeof(*o));

	if (!o)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	o->app = a;
	*ret_state = o;
	return 0;
}

static void overview_done(void *state)
{
	struct overview *o = state;

	pager_done(&o->left);
	pager_done(&o->right);
	pager_done(&o->next);
	free(o);
}

/* "log", "yes", "no", "unknown: why" */
static void fact(const struct overview *o, struct doc *d, const char *label,
		 enum probe_id id)
{
	const struct probe *p = o->app->model.probe;
	const struct probe_fact *f = &p->fact[id];

	const char *detail = strstr(f->evidence, " ("); /* there is no room for it */

	if (f->answer == PROBE_UNKNOWN)
		doc_field(d, label, STYLE_DIM, "unknown: %.*s",
			  (int)(detail ? detail - f->evidence : 999), f->evidence);
	else
		doc_field(d, label, STYLE_NORMAL, "%s",
			  *f->value ? f->value : probe_answer_name(f->answer));
}

static void posture(const struct overview *o, struct doc *d, int h)
{
	doc_title(d, o->app->model.loose ? "Posture of this machine" : "Posture");
	if (!o->app->model.probe) {
		doc_text(d, STYLE_DIM, "finding out ...");
		return;
	}
	fact(o, d, "Appraise mode", PROBE_APPRAISE_MODE);
	fact(o, d, "Policy", PROBE_POLICY);
	fact(o, d, "Boot policy", PROBE_BOOT_POLICY);
	fact(o, d, "EVM", PROBE_EVM);
	fact(o, d, "Secure Boot", PROBE_SECURE_BOOT);
	if (h >= 24) {
		fact(o, d, "Keyring", PROBE_KEYRING);
		fact(o, d, "LSMs", PROBE_LSM);
		fact(o, d, "Audit records", PROBE_AUDIT);
	}
}

/* The most telling first: as many as there is room for. */
static const enum probe_id abilities[] = {
	PROBE_CAN_APPRAISE,    PROBE_MODE_ARG,	PROBE_POLICY_WRITE,
	PROBE_POLICY_READ,     PROBE_CAN_EVM,	PROBE_CAN_AUDIT,
	PROBE_TRUSTED_KEYRING, PROBE_MODSIG,	PROBE_LSM_RULES,
	PROBE_ARCH_POLICY,     PROBE_KEY_RULES, PROBE_KEYS_ADDED,
	PROBE_MACHINE_KEYRING, PROBE_BLACKLIST, PROBE_EVM_XATTRS,
	PROBE_KEXEC,	       PROBE_VERITY,
};

static void can_do(const struct overview *o, struct doc *d, size_t room)
{
	static const char *const mark[] = {"[?]", "[-]", "[+]"};
	const struct probe *p = o->app->model.probe;

	doc_title(d, "Kernel can do");
	if (p && p->fact[PROBE_CONFIG].answer != PROBE_YES &&
	    p->fact[PROBE_CAN_APPRAISE].answer == PROBE_UNKNOWN) {
		doc_text(d, STYLE_DIM, "unknown: %s", p->fact[PROBE_CONFIG].evidence);
		return;
	}
	for (size_t i = 0; p && i < array_size(abilities) && i < room; i++)
		doc_mark(d, mark[p->fact[abilities[i]].answer],
			 p->fact[abilities[i]].answer == PROBE_YES ? STYLE_GOOD
								   : STYLE_DIM,
			 "%s", probe_words(abilities[i]));
}

static void rate(const struct model *m, char *buf, size_t size)
{
	buf[0] = '\0';
	if (m->live)
		(void)snprintf(buf, size, m->rate >= 10 ? "  +%.0f/s" : "  +%.1f/s",
			       m->rate);
}

static void list_part(const struct overview *o, struct doc *d, int h)
{
	const struct model *m = &o->app->model;
	char n[32], speed[32], memory[32];
	bool exact, tight = h && h < 24;
	uint64_t count = model_count(m, &exact);

	doc_title(d, "Measurement log");
	if (!m->store) {
		doc_text(d, STYLE_WARN, "none to show (%s)", diag_code(m->list_error.id));
		return;
	}
	rate(m, speed, sizeof(speed));
	str_bytes(memory, sizeof(memory), m->memory);
	doc_field(d, "Entries", STYLE_NORMAL, "%s%s%s%s%s", exact ? "" : "about ",
		  str_count(n, sizeof(n), count), speed, tight && m->memory ? ", " : "",
		  tight && m->memory ? memory : "");
	if (m->memory && !tight)
		doc_field(d, "Memory", STYLE_NORMAL, "%s (kernel)%s", memory,
			  m->memory_known ? "" : ", so far");
	if (m->probe && !m->loose && probe_is(m->probe, PROBE_VIOLATIONS, PROBE_YES))
		doc_field(d, "Violations",
			  m->probe->violations ? STYLE_WARN : STYLE_NORMAL, "%s",
			  str_count(n, sizeof(n), m->probe->violations));
	else if (proof_result(&m->proof))
		doc_field(d, "Violations",
			  proof_result(&m->proof)->violations ? STYLE_WARN : STYLE_NORMAL,
			  "%s",
			  str_count(n, sizeof(n), proof_result(&m->proof)->violations));
	if (m->probe && !m->loose && !tight) {
		fact(o, d, "Template", PROBE_TEMPLATE);
		fact(o, d, "File hash", PROBE_HASH);
	}
}

static bool is_denial(void *user, const struct denials_row *row)
{
	return feed_is_denial(row->last.kind);
}

/* The groups by one key: the first of them, and what all have in common. */
static void count_by(struct overview *o, enum denials_key key,
		     struct denials_group *first)
{
	struct denied *d = &o->denied;
	_cleanup_free_ struct denials_group *groups = NULL;
	int n = denials_group(o->app->model.feed.store, key, NULL, d->minute, is_denial,
			      NULL, &groups);

	*first = n > 0 ? groups[0] : (struct denials_group){0};
	for (int i = 0; i < n && key == DENIALS_BY_CAUSE; i++) {
		uint64_t before = d->hour;

		d->all += groups[i].count;
		for (size_t k = 0; k < DENIALS_MINUTES; k++)
			d->hour += groups[i].per_minute[k];
		d->refused |= groups[i].n_denied && d->hour > before;
	}
}

static void count_denied(struct overview *o)
{
	const struct feed *f = &o->app->model.feed;
	uint64_t minute = (uint64_t)o->app->model.wall / 60;
	struct denied *d = &o->denied;

	if (!f->store ||
	    (d->known && d->generation == f->generation && d->minute == minute) ||
	    (d->known && f->job && o->app->model.now_ms - d->counted_ms < RECOUNT_MS))
		return;
	*d = (struct denied){.known = true,
			     .generation = f->generation,
			     .minute = minute,
			     .counted_ms = o->app->model.now_ms};
	count_by(o, DENIALS_BY_CAUSE, &d->cause);
	count_by(o, DENIALS_BY_PATH, &d->path);
}

static void top(const struct overview *o, struct doc *d, const char *label,
		const struct denials_group *g)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char n[32];

	str_escape(&b, g->name.len ? g->name : span_of("not named"), o->app->ascii);
	doc_field(d, label, STYLE_NORMAL, "%s of %s", str_count(n, sizeof(n), g->count),
		  strbuf_str(&b));
}

/* In log mode they went on, and enforce would deny them. */
static void denials_part(struct overview *o, struct doc *d)
{
	const struct feed *f = &o->app->model.feed;
	const struct denied *n = &o->denied;
	char hour[32], today[32];

	count_denied(o);
	doc_title(d, strcmp(o->app->model.mode, "APPRAISE:LOG") == 0
			     ? "Denials (would be, in enforce)"
			     : "Denials");
	if (feed_busy(f) && !n->all)
		doc_text(d, STYLE_DIM, "reading the logs");
	else if (f->error.id != DIAG_NONE && !n->all)
		doc_text(d, STYLE_DIM, "not known (%s)", diag_code(f->error.id));
	else if (!n->all)
		doc_text(d, STYLE_NORMAL, "none is known");
	else {
		doc_field(d, "Last hour", n->hour ? STYLE_WARN : STYLE_NORMAL,
			  "%s, today %s", str_count(hour, sizeof(hour), n->hour),
			  str_count(today, sizeof(today),
				    feed_today(f, o->app->model.wall)));
		top(o, d, "Top cause", &n->cause);
		top(o, d, "Top file", &n->path);
	}
}

/* The verdict in a few words; the TPM screen has the sentences. */
static const char *short_verdict(enum verify_verdict v)
{
	switch (v) {
	case VERIFY_MATCH:
		return "match: the log replays to the PCRs";
	case VERIFY_PENDING:
		return "pending: the end is not proven";
	case VERIFY_MISMATCH:
		return "mismatch: the log is not true";
	default:
		return "unknown: no PCR values";
	}
}

static void verdict(const struct model *m, const struct verify_result *r, struct doc *d)
{
	const char *mark = r->verdict == VERIFY_MATCH	   ? "[OK]"
			   : r->verdict == VERIFY_MISMATCH ? "[!!]"
			   : r->verdict == VERIFY_PENDING  ? "[..]"
							   : "[--]";
	enum style s = r->verdict == VERIFY_MATCH      ? STYLE_GOOD
		       : r->verdict == VERIFY_MISMATCH ? STYLE_BAD
						       : STYLE_WARN;
	char clock[16] = "", n[32], all[32];
	struct tm tm;

	doc_mark(d, mark, s, "%s", short_verdict(r->verdict));
	for (size_t i = 0; i < r->n_banks; i++)
		doc_field(d, hash_alg_name(r->bank[i].alg), STYLE_NORMAL, "%s (%s)",
			  verify_verdict_name(r->bank[i].verdict),
			  verify_digests_name(r->bank[i].mode));
	if (localtime_r(&m->proof.checked, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M", &tm);
	doc_field(d, "checked", STYLE_NORMAL, "%s, %s of %s entries", clock,
		  str_count(n, sizeof(n), m->proof.checked_entries),
		  str_count(all, sizeof(all), model_count(m, NULL)));
}

static void proof_part(const struct overview *o, struct doc *d)
{
	const struct model *m = &o->app->model;
	const struct verify_result *r = proof_result(&m->proof);
	uint64_t all = model_count(m, NULL);

	doc_title(d, "TPM / PCRs");
	if (!m->store)
		doc_text(d, STYLE_DIM, "no list to check");
	else if (m->proof.state == PROOF_FAILED)
		doc_mark(d, "[--]", STYLE_WARN, "%s: %s", diag_code(m->proof.error.id),
			 m->proof.error.text);
	else if (r)
		verdict(m, r, d);
	else if (proof_search(&m->proof))
		doc_mark(d, "[!!]", STYLE_BAD,
			 "mismatch: looking for what was changed (7 shows how far)");
	else if (m->proof.state == PROOF_RUNNING)
		doc_text(d, STYLE_NORMAL, "replaying, %llu %%",
			 (unsigned long long)(all ? proof_entries(&m->proof) * 100 / all
						  : 0));
	else
		doc_text(d, STYLE_DIM, "waiting for the list");
}

/* Whether the machine would come back by itself: the gate, what it could put in place, and
 * the trial there is. */
static void recovery_part(const struct overview *o, struct doc *d)
{
	const struct model_recovery *r = &o->app->model.recovery;
	bool bad = r->gate == BOOTNOTE_VERDICT_REPLACED ||
		   r->gate == BOOTNOTE_VERDICT_REFUSED;

	if (!r->known && r->error.id == DIAG_NONE)
		return; /* another machine's, or not looked at yet */
	doc_blank(d);
	doc_title(d, "Recovery");
	if (r->gate == BOOTNOTE_VERDICT_NOT_RUN)
		doc_mark(d, "[--]", STYLE_DIM, "no gate ran in this boot");
	else
		doc_mark(d, bad ? "[!!]" : "[OK]", bad ? STYLE_BAD : STYLE_GOOD,
			 "gate in this boot: %s", bootnote_verdict_word(r->gate));
	if (!r->known)
		doc_mark(d, "[--]", STYLE_WARN, "%s: %s", diag_code(r->error.id),
			 r->error.text);
	else if (r->good)
		doc_mark(d, "[OK]", STYLE_GOOD, "good: generation %u, of %zu kept",
			 r->good, r->kept);
	else
		doc_mark(d, "[--]", r->kept ? STYLE_WARN : STYLE_DIM,
			 "no generation is good (8)");
	if (r->trial)
		doc_mark(d, r->state == TRIAL_FAILED ? "[!!]" : "[..]",
			 r->state == TRIAL_FAILED ? STYLE_BAD : STYLE_WARN,
			 "trial of generation %u: %s", r->trial,
			 trial_state_word(r->state));
}

/* The same for a list of some machine. */
static const char *next_for_loose(const struct verify_result *r)
{
	if (r && r->verdict == VERIFY_UNKNOWN)
		return "Press 2 for the list. To prove it, start again with --pcrs FILE and the "
		       "PCR values of its machine. What stands above is about this machine.";
	return "Press 2 for the list, 7 for the proof. What stands above is about this machine, "
	       "which the list need not be from.";
}

/* Where a rollout was begun, or could be, its next step is what there is to do. */
static bool rolls_out(const struct model *m)
{
	const struct model_rollout *r = &m->rollout;

	return r->known && r->next != _ROLLOUT_MAX && (r->begun || r->possible);
}

/* Do denials come before the rollout? Enforced they do; in log mode they are what its
 * observing is about. */
static bool denials_first(const struct model *m, const struct denied *n)
{
	if (!n->hour)
		return false;
	return !rolls_out(m) || !m->rollout.begun || m->rollout.next == ROLLOUT_OBSERVE ||
	       (n->refused && strcmp(m->mode, "APPRAISE:ENFORCE") == 0);
}

static const char *rollout_step(const struct model *m, struct strbuf *out)
{
	const struct model_rollout *r = &m->rollout;

	strbuf_addf(out, "%s Press 8", r->words);
	if (*r->key)
		strbuf_addf(out, " (%s)", r->key);
	strbuf_addf(out, ", or type: %s", r->command);
	return strbuf_str(out);
}

/* The one thing to do now, given what was found. */
static const char *next_step(const struct model *m, const struct denied *denied,
			     struct strbuf *out)
{
	const struct verify_result *r = proof_result(&m->proof);

	if (!m->probe || (m->store && m->proof.state == PROOF_LOADING))
		return "Reading what there is; this takes a moment.";
	if (m->loose && !(r && r->verdict == VERIFY_MISMATCH))
		return next_for_loose(r);
	if (m->trial_passed)
		return "This boot tries a policy and was found healthy. Press 8 and a to keep it; "
		       "else the machine goes back by itself.";
	if (m->trial)
		return "This boot tries a policy. Press 8: it says what is still waited for.";
	if (probe_is(m->probe, PROBE_IMA, PROBE_NO))
		return "This kernel has no IMA, so nothing is measured. Boot one built with "
		       "CONFIG_IMA (the kernels of Debian, Fedora and RHEL have it), or look at "
		       "another machine: imactl --host DIR opens what 'imactl bundle DIR' "
		       "recorded there.";
	if (!m->privileged)
		return "The kernel shows its measurements to root only. Leave with q and start "
		       "again as root: sudo imactl";
	if (model_count(m, NULL) <= 1 && !(m->rollout.begun && rolls_out(m)))
		return "IMA is there, but nothing is measured: no policy (5). To begin, add "
		       "ima_policy=tcb to the kernel's command line (Debian: "
		       "GRUB_CMDLINE_LINUX in the GRUB defaults, then update-grub) and reboot. "
		       "Measuring denies nothing.";
	if (r && r->verdict == VERIFY_MISMATCH)
		return "The list is not what the TPM was told. Press 7: it says which entry or "
		       "which cause, bank by bank.";
	if (denials_first(m, denied))
		return "Files were denied in the last hour, or would be in enforce. Press 3: it "
		       "says why, and F9 there what puts each right.";
	if (rolls_out(m))
		return rollout_step(m, out);
	if (r && r->verdict == VERIFY_UNKNOWN)
		return "Without PCR values the list can be read, but not proven. Press 7 for the "
		       "reason; 2 shows the list.";
	if (r && r->violations)
		return "The list is checked; it has violations: files written while they were "
		       "measured. Press 2, then e to go from one to the next.";
	return "Press 2 to see what is measured, 5 for the rules it is measured by, 7 for the "
	       "proof, 8 for the way to a policy that is enforced.";
}

static void next_part(const struct overview *o, struct doc *d)
{
	const struct model *m = &o->app->model;
	const struct diag *e = &m->list_error;
	_cleanup_strbuf_ struct strbuf words = {0};

	/* Where the kernel has no IMA or hides its list, saying so is worth more. */
	if (!m->store && m->probe && m->privileged &&
	    !(probe_is(m->probe, PROBE_IMA, PROBE_NO) && !m->recorded)) {
		doc_text(d, STYLE_TITLE, "Next step: there is no list to show. %s: %s %s",
			 diag_code(e->id), e->text, diag_hint(e->id));
		return;
	}
	doc_text(d, STYLE_TITLE, "Next step: %s", next_step(m, &o->denied, &words));
}

/* @h: rows of the two columns; 0: one column, as long as it gets. */
static void fill(struct overview *o, int h)
{
	struct doc *left = &o->left.doc, *right = h ? &o->right.doc : left;
	struct doc below = {.label_w = h ? 8 : 15};
	int room;

	doc_clear(&o->left.doc);
	doc_clear(&o->right.doc);
	doc_clear(&o->next.doc);
	o->left.doc.label_w = 15;
	o->right.doc.label_w = 8;
	o->left.doc.cut = o->right.doc.cut = h > 0;
	next_part(o, h ? &o->next.doc : left);
	if (!h)
		doc_blank(left);
	posture(o, left, h);
	doc_blank(left);
	list_part(o, left, h);
	doc_blank(left);
	denials_part(o, left);
	if (!h)
		doc_blank(left);
	proof_part(o, &below);
	recovery_part(o, &below);
	room = h ? h - 2 - (int)below.n : (int)array_size(abilities);
	can_do(o, right, room > 3 ? (size_t)room : 3);
	doc_blank(right);
	doc_append(right, &below);
	doc_done(&below);
}

static void overview_draw(void *state, struct canvas *c, struct rect body)
{
	struct overview *o = state;
	int h = body.h - 1, split = c->w / 2 - 1, next;

	count_denied(o);
	canvas_hline(c, body.y, 0, c->w, STYLE_LINE);
	if (c->w < WIDE) {
		fill(o, 0);
		pager_draw(&o->left, c, (struct rect){body.y + 1, 0, h, c->w - 1});
		return;
	}
	doc_clear(&o->next.doc);
	next_part(o, &o->next.doc);
	next = (int)doc_rows(&o->next.doc, c->w - 2);
	h -= next + 1;
	fill(o, h);
	pager_draw(&o->left, c, (struct rect){body.y + 1, 0, h, split});
	pager_draw(&o->right, c, (struct rect){body.y + 1, split, h, c->w - split - 1});
	pager_draw(&o->next, c, (struct rect){body.y + h + 2, 0, next, c->w - 2});
}

static void overview_status(void *state, struct strbuf *out)
{
	const struct overview *o = state;
	const struct model *m = &o->app->model;

	if (o->app->canvas.w < WIDE) { /* one column, of which a part is seen */
		pager_status(&o->left, out);
		strbuf_adds(out, " | ");
	}
	if (m->proof.state == PROOF_DONE)
		strbuf_addf(out, "%s | ",
			    verify_verdict_name(proof_result(&m->proof)->verdict));
	if (m->live)
		strbuf_adds(out, "log following");
	else if (!m->store)
		strbuf_adds(out, "no measurement list");
	else
		strbuf_adds(out, m->recorded ? "a recorded host: nothing here is live"
					     : "a saved list: F5 reads what was added");
	if (!m->privileged)
		strbuf_adds(out, " | not root: the kernel hides its list");
}

static bool overview_request(void *state, enum request r)
{
	struct overview *o = state;

	if (r == REQ_REFRESH) {
		model_refresh(&o->app->model);
		return true;
	}
	(void)pager_request(&o->right, r);
	return pager_request(&o->left, r);
}

static void overview_plain(void *state, struct plain *p)
{
	struct overview *o = state;

	plain_settle(p);
	count_denied(o);
	fill(o, 0);
	plain_blank(p);
	plain_doc(p, &o->left.doc);
	(void)plain_ask(p, "Enter goes back.");
}

const struct screen screen_overview = {
	.open = overview_open,
	.done = overview_done,
	.draw = overview_draw,
	.status = overview_status,
	.request = overview_request,
	.plain = overview_plain,
};
