/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said about a list that does not match, and about one that does: the sentences. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/verify/verify-why.h"

static const struct {
	const char *name;
	const char *hint;
} whys[_WHY_MAX] = {
#define VERIFY_WHY(id, json, hint) [WHY_##id] = {json, hint},
#include "core/verify/verify-why.inc"
#undef VERIFY_WHY
};

const char *verify_why_name(enum verify_why why)
{
	return whys[why].name;
}

const char *verify_why_hint(enum verify_why why)
{
	return whys[why].hint;
}

const char *verify_verdict_name(enum verify_verdict verdict)
{
	static const char *const names[] = {"unknown", "match", "pending", "mismatch"};

	return names[verdict];
}

const char *verify_digests_name(enum replay_mode mode)
{
	return mode == REPLAY_NATIVE ? "native" : "sha1-padded";
}

const char *verify_kind_name(enum verify_kind kind)
{
	static const char *const names[] = {"cause", "possible", "note"};

	return names[kind];
}

void verify_say(struct verify *v, enum verify_why why, enum verify_kind kind,
		uint64_t first, uint64_t last, const char *fmt, ...)
{
	struct verify_reason *r;
	va_list ap;

	if (v->res.n_reasons == VERIFY_REASONS_MAX)
		return;
	r = &v->res.reason[v->res.n_reasons++];
	*r = (struct verify_reason){.why = why,
				    .kind = kind,
				    .first = first,
				    .last = last};
	va_start(ap, fmt);
	(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

static void say_damage(struct verify *v)
{
	const struct verify_result *r = &v->res;

	if (r->damage.id != DIAG_NONE)
		verify_say(v, WHY_DAMAGED, VERIFY_CAUSE, r->damage_entry, r->damage_entry,
			   "%s", r->damage.text);
}

static void say_errors(struct verify *v)
{
	const struct verify_result *r = &v->res;
	char path[PATH_TEXT];

	if (r->n_errors == 0)
		return;
	if (r->error[0].format) {
		verify_say(
			v, WHY_FORMAT, VERIFY_CAUSE, r->error[0].entry, r->error[0].entry,
			"Entry %" PRIu64 " at byte %" PRIu64
			": no kernel known to imactl writes such a template, or not with such fields.",
			r->error[0].entry, r->error[0].offset);
		return;
	}
	verify_say(v, WHY_TEMPLATE, VERIFY_CAUSE, r->error[0].entry, r->error[0].entry,
		   "Entry %" PRIu64 " at byte %" PRIu64
		   " (%s): the digest column is not the digest of the entry's data%s.",
		   r->error[0].entry, r->error[0].offset,
		   str_quote(path, sizeof(path),
			     (struct span){r->error[0].path, r->error[0].path_len}),
		   r->n_errors > 1 ? ", and so in others" : "");
}

static void say_tail(struct verify *v)
{
	for (size_t b = 0; b < v->res.n_banks; b++) {
		const struct verify_bank *k = &v->res.bank[b];

		if (k->verdict != VERIFY_PENDING)
			continue;
		verify_say(v, WHY_TAIL, VERIFY_CAUSE, k->matched + 1, v->res.entries,
			   "Entries 1 to %" PRIu64
			   " are proven; the PCR knows nothing of the %" PRIu64
			   " behind them (%" PRIu64 " to %" PRIu64 ").",
			   k->matched, k->pending, k->matched + 1, v->res.entries);
		return;
	}
}

static bool has_cause(const struct verify *v)
{
	for (size_t i = 0; i < v->res.n_reasons; i++)
		if (v->res.reason[i].kind == VERIFY_CAUSE &&
		    v->res.reason[i].why != WHY_TEMPLATE)
			return true;
	return false;
}

/* Records of this PCR that are the same as record @i: of two neighbours the second is called
 * the copy. SIZE_MAX: none. */
static size_t original_of(const struct why *w, size_t i, size_t *ret_copy)
{
	const struct verify_seq *s = &w->seq;

	*ret_copy = i;
	for (size_t k = 0; k < s->n && s->mark[i] & SEQ_TWIN; k++) {
		if (k == i || s->mark[k] != s->mark[i] ||
		    memcmp(verify_seq_value(s, k), verify_seq_value(s, i), s->size) != 0)
			continue;
		if (k == i + 1) {
			*ret_copy = k;
			return i;
		}
		return k;
	}
	return SIZE_MAX;
}

/* The last of the violations that follow each other from record @i on. */
static size_t last_violation(const struct why *w, size_t i)
{
	while (i + 1 < w->seq.n && w->seq.mark[i + 1] == w->seq.mark[i])
		i++;
	return i;
}

static void say_removed(struct verify *v, const char *path)
{
	const struct why *w = v->why;
	size_t copy, of = original_of(w, w->found.at, &copy);

	if (w->seq.mark[w->found.at] & SEQ_VIOLATION) {
		size_t last = last_violation(w, w->found.at);

		verify_say(
			v, WHY_INSERTED, VERIFY_CAUSE, w->found.at + 1, last + 1,
			"The PCR was extended with one violation less than the list has at "
			"entries %zu to %zu.",
			w->found.at + 1, last + 1);
	} else if (of != SIZE_MAX) {
		verify_say(
			v, WHY_DUPLICATED, VERIFY_CAUSE, copy + 1, copy + 1,
			"Entry %zu (%s) is a copy of entry %zu; without it the list matches.",
			copy + 1, path, of + 1);
	} else {
		verify_say(
			v, WHY_INSERTED, VERIFY_CAUSE, w->found.at + 1, w->found.at + 1,
			"The PCR was never extended with entry %zu (%s); without it the list "
			"matches.",
			w->found.at + 1, path);
	}
}

static void say_dropped(struct verify *v, const char *path)
{
	const struct why *w = v->why;
	size_t at = w->found.at;

	if (at == w->seq.n)
		verify_say(v, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, at, at,
			   "A violation is missing at the end, behind entry %zu.", at);
	else if (w->seq.mark[at] & SEQ_VIOLATION)
		verify_say(v, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, at + 1,
			   last_violation(w, at) + 1,
			   "A violation is missing beside those at entries %zu to %zu.",
			   at + 1, last_violation(w, at) + 1);
	else
		verify_say(v, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, at + 1, at + 1,
			   "A violation is missing right before entry %zu (%s).", at + 1,
			   path);
}

static void say_reset(struct verify *v, const char *path)
{
	const struct why *w = v->why;
	size_t at = w->found.at;

	if (w->found.other > 0)
		verify_say(
			v, WHY_HIBERNATED, VERIFY_CAUSE, at + 1, w->seq.n,
			"The PCR holds one boot_aggregate and what was measured from entry %zu "
			"on: the machine was resumed from hibernation before it.",
			at + 1);
	else
		verify_say(
			v, WHY_LATE_START, VERIFY_CAUSE, at + 1, w->seq.n,
			"The PCR holds what was measured from entry %zu (%s) on, and nothing "
			"before.",
			at + 1, path);
}

/* What one entry was and is shown as. */
static void say_entry(struct verify *v, enum verify_why why, const char *path,
		      const char *was)
{
	size_t n = v->why->found.at + 1;

	verify_say(v, why, VERIFY_CAUSE, n, n, "Entry %zu (%s) %s.", n, path, was);
}

static void say_found(struct verify *v)
{
	const struct why *w = v->why;
	const char *path = w->name;
	char was[80];

	switch (w->found.edit) {
	case EDIT_REMOVE:
		say_removed(v, path);
		break;
	case EDIT_SWAP:
		verify_say(v, WHY_SWAPPED, VERIFY_CAUSE, w->found.at + 1,
			   w->found.other + 1,
			   "Entries %zu (%s) and %zu stand in the wrong order.",
			   w->found.at + 1, path, w->found.other + 1);
		break;
	case EDIT_DROPPED:
		say_dropped(v, path);
		break;
	case EDIT_HIDDEN:
		say_entry(v, WHY_VIOLATION_HIDDEN, path,
			  "was a violation and is shown as a measurement");
		break;
	case EDIT_FAKED:
		say_entry(v, WHY_VIOLATION_FAKED, path,
			  "was a measurement and is shown as a violation");
		break;
	case EDIT_PCR:
		(void)snprintf(was, sizeof(was),
			       "names PCR %u but was extended into PCR %u",
			       w->seq.mark[w->found.at] & SEQ_PCR, w->pcr);
		say_entry(v, WHY_OTHER_PCR, path, was);
		break;
	case EDIT_RESET:
		say_reset(v, path);
		break;
	case EDIT_FRONT:
		verify_say(
			v, WHY_BOOTAGG_DROPPED, VERIFY_CAUSE, 1, 1,
			"The boot_aggregate that PCR 0 to 9 lead to is missing before entry "
			"1; with it the list matches.");
		break;
	case EDIT_COPY:
		verify_copy_say(v);
		break;
	}
	if (w->found.rest)
		verify_say(v, WHY_MORE, VERIFY_POSSIBLE, w->differ + 1, w->seq.n,
			   "That is proven up to entry %" PRIu64
			   " only: something behind it was changed as well.",
			   w->differ);
}

static void say_checkpoint(struct verify *v)
{
	const struct why *w = v->why;

	if (w->differ == UINT64_MAX)
		return;
	if (w->differ > w->seq.n)
		verify_say(
			v, WHY_CHECKPOINT, VERIFY_CAUSE, w->agree + 1, w->seq.n,
			"An earlier check of this boot proved %" PRIu64
			" entries; now there are %zu, and what is missing lies behind entry "
			"%" PRIu64 ".",
			w->differ, w->seq.n, w->agree);
	else if (w->differ == w->agree + 1)
		verify_say(
			v, WHY_CHECKPOINT, VERIFY_CAUSE, w->differ, w->differ,
			"Entry %" PRIu64
			" is not the one that an earlier check of this boot proved there.",
			w->differ);
	else
		verify_say(
			v, WHY_CHECKPOINT, VERIFY_CAUSE, w->agree + 1, w->differ,
			"The list differs from what was proven earlier in this boot, between "
			"entries %" PRIu64 " and %" PRIu64 ".",
			w->agree + 1, w->differ);
}

/* The digest column was the PCR's too: had only the data been changed, it would lead there. */
static void say_more(struct verify *v)
{
	if (v->why && v->res.n_errors && v->o.column == v->why->alg)
		verify_say(
			v, WHY_MORE, VERIFY_POSSIBLE, 0, 0,
			"The digests of the digest column do not lead to the PCR's value "
			"either: more was changed than these entries' data.");
}

static void say_kexec(struct verify *v)
{
	if (v->res.bootagg.count > 1)
		verify_say(
			v, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0,
			"The list was carried over %u kexec: entries made between loading and "
			"starting a kernel are in the PCR but not in the list (kernels before 6.16).",
			v->res.bootagg.count - 1);
	else if (v->res.bootagg.verdict == VERIFY_MATCH)
		verify_say(
			v, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0,
			"boot_aggregate agrees with PCR 0 to %u, so the list is of this boot of the "
			"machine: if the kernel was started by kexec, the PCR began with the "
			"measurements of the one before.",
			v->res.bootagg.last);
}

/* Nothing computed explains it: what would look like this. */
static void say_possible(struct verify *v)
{
	if (v->res.entries && !v->first_is_bootagg)
		verify_say(
			v, WHY_TRIMMED, VERIFY_POSSIBLE, 1, 1,
			"The list does not begin with boot_aggregate: its beginning was cut off.");
	say_kexec(v);
	if (!v->why)
		verify_say(
			v, WHY_READ_ONCE, VERIFY_POSSIBLE, 0, 0,
			"No prefix of the list leads to the PCR's value, and a list that "
			"can be read only once cannot be searched for what was changed.");
	else
		verify_say(
			v, WHY_NONE, VERIFY_POSSIBLE, 0, 0,
			"No prefix of the list and no change that was tried leads to the "
			"PCR's value.");
	if (v->why && v->why->agree)
		verify_say(
			v, WHY_PROVEN_PART, VERIFY_NOTE, v->why->agree + 1,
			v->res.entries,
			"Entries 1 to %" PRIu64
			" were proven by an earlier check of this boot: what does not fit "
			"lies behind them.",
			v->why->agree);
}

/* Each entry more costs as much as all that were tried: the time grows with the square. */
static void say_search(struct verify *v)
{
	const struct verify_search *s = &v->res.search;
	double all;
	char need[48] = "";

	if (!v->why || s->complete || s->entries == 0 || v->res.n_errors ||
	    v->res.damage.id != DIAG_NONE)
		return;
	if (s->ms == 0) {
		verify_say(v, WHY_SEARCH_ENDED, VERIFY_NOTE, 0, 0,
			   "The changes of single entries were not tried.");
		return;
	}
	if (s->tried) {
		all = (double)s->ms / 1000 * (double)s->entries / (double)s->tried *
		      (double)s->entries / (double)s->tried;
		(void)snprintf(need, sizeof(need), "; all would take about %.0f %s",
			       all < 120    ? all
			       : all < 7200 ? all / 60
					    : all / 3600,
			       all < 120    ? "s"
			       : all < 7200 ? "min"
					    : "h");
	}
	verify_say(v, WHY_SEARCH_ENDED, VERIFY_NOTE, 0, 0,
		   "The search for a single change ended after %.1f s: the last %" PRIu64
		   " of %" PRIu64 " entries were tried%s.",
		   (double)s->ms / 1000, s->tried, s->entries, need);
}

void verify_say_why(struct verify *v)
{
	size_t bank;

	verify_judge_finish(v); /* the boot aggregate is part of the picture */
	if (v->why && v->why->has_found)
		say_found(v);
	if (v->why)
		say_checkpoint(v);
	say_tail(v);
	say_damage(v);
	say_errors(v);
	if (!verify_why_probe(v, &bank) || (v->why && v->why->has_found))
		return;
	if (v->why && v->why->copies)
		verify_copy_say(v);
	if (!has_cause(v)) {
		if (v->res.n_errors)
			say_more(v);
		else
			say_possible(v);
		say_search(v);
	} else if (v->why && v->why->differ != UINT64_MAX) {
		say_search(v);
	}
}

static void note_bank(struct verify *v, const struct verify_bank *b)
{
	if (b->mode != REPLAY_NATIVE && b->verdict != VERIFY_UNKNOWN)
		verify_say(
			v, WHY_PADDED, VERIFY_NOTE, 0, 0,
			"Bank %s was extended with SHA-1 digests and zeros behind them.",
			hash_alg_name(b->alg));
	for (size_t i = 0; i < b->n_pcrs; i++) {
		if (!b->pcr[i].has_computed)
			verify_say(v, WHY_UNCOMPUTABLE, VERIFY_NOTE, 0, 0,
				   "This system's OpenSSL cannot compute %s.",
				   hash_alg_name(b->alg));
		else if (!b->pcr[i].has_expected)
			verify_say(
				v, WHY_NO_PCR_VALUE, VERIFY_NOTE, 0, 0,
				"There is no value of PCR %u of bank %s to compare with.",
				b->pcr[i].pcr, hash_alg_name(b->alg));
		else
			continue;
		return;
	}
}

static void note_boot_aggregate(struct verify *v)
{
	const struct verify_bootagg *a = &v->res.bootagg;

	if (a->verdict == VERIFY_MISMATCH)
		verify_say(
			v, WHY_BOOT_AGGREGATE, VERIFY_CAUSE, 0, 0,
			"boot_aggregate in the list is not the digest of PCR 0 to %u of bank %s.",
			a->last, hash_alg_name(a->logged.alg));
	else if (a->verdict == VERIFY_MATCH && a->last == 7 && a->logged.alg != HASH_SHA1)
		verify_say(
			v, WHY_BOOT_AGGREGATE_0_7, VERIFY_NOTE, 0, 0,
			"boot_aggregate covers PCR 0 to 7 only, although its bank is %s.",
			hash_alg_name(a->logged.alg));
	else if (a->zero)
		verify_say(
			v, WHY_NO_BOOT_AGGREGATE, VERIFY_NOTE, 0, 0,
			"boot_aggregate is all zeros: IMA found no TPM bank to compute it from.");
}

static void note_ambiguous(struct verify *v)
{
	const struct verify_ambiguous *a = &v->res.ambiguous;
	char n[64];

	if (!a->n || v->res.verdict == VERIFY_MISMATCH)
		return;
	(void)str_counted(n, sizeof(n), a->n, "entry", "entries");
	verify_say(v, WHY_AMBIGUOUS, VERIFY_NOTE, 0, 0,
		   "%s (the first is %" PRIu64
		   ") could be %s as well as %s: no PCR covers a template's name.",
		   n, a->first, a->other, a->name);
}

void verify_say_notes(struct verify *v)
{
	const struct verify_result *r = &v->res;

	if (r->entries == 0)
		verify_say(v, WHY_EMPTY, VERIFY_NOTE, 0, 0, "The list has no entry.");
	note_boot_aggregate(v);
	for (size_t i = 0; i < r->n_banks; i++)
		note_bank(v, &r->bank[i]);
	if (r->bootagg.count > 1 && r->verdict == VERIFY_MATCH)
		verify_say(
			v, WHY_SEVERAL_KERNELS, VERIFY_NOTE, 0, 0,
			"boot_aggregate occurs %u times: the list was carried over kexec.",
			r->bootagg.count);
	if (r->violations)
		verify_say(
			v, WHY_UNPROTECTED, VERIFY_NOTE, 0, 0,
			"%" PRIu64
			" violation entries: the PCR proves that they happened, not which "
			"files they name.",
			r->violations);
	note_ambiguous(v);
}
