/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first steps: what this machine is, which policy it is to have. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/boot/bootmode.h"
#include "core/doctor.h"
#include "core/rollout/rollout-internal.h"

enum { FINDINGS_SHOWN = 6 };

/* Kernel and file system: doctor's checks that appraisal rests on; the others are about
 * measuring, and worth a look of their own. */
static const struct {
	enum doctor_id id;
	enum rollout_mark bad;
} checks[] = {
	{DOCTOR_CHECK_ima, ROLLOUT_FAIL},	 {DOCTOR_CHECK_rights, ROLLOUT_WARN},
	{DOCTOR_CHECK_options, ROLLOUT_WARN},	 {DOCTOR_CHECK_boot_policy, ROLLOUT_WARN},
	{DOCTOR_CHECK_tpm, ROLLOUT_NOTE},	 {DOCTOR_CHECK_audit, ROLLOUT_WARN},
	{DOCTOR_CHECK_filesystem, ROLLOUT_WARN}, {DOCTOR_CHECK_keyring, ROLLOUT_WARN},
	{DOCTOR_CHECK_evm, ROLLOUT_NOTE},	 {DOCTOR_CHECK_fapolicyd, ROLLOUT_NOTE},
};

static void ask_doctor(struct rollout_work *w)
{
	_cleanup_free_ struct doctor_finding *f = calloc(_DOCTOR_CHECK_MAX, sizeof(*f));

	if (!f) {
		w->failed = true;
		return;
	}
	doctor_run(w->root, w->probe, f);
	for (size_t i = 0; i < array_size(checks); i++) {
		const struct doctor_finding *d = &f[checks[i].id];
		enum rollout_mark mark = d->state == DOCTOR_OK	  ? ROLLOUT_PASS
					 : d->state == DOCTOR_BAD ? checks[i].bad
								  : ROLLOUT_NOTE;

		rollout_say(w, mark, mark > ROLLOUT_NOTE ? "imactl doctor" : NULL,
			    mark > ROLLOUT_NOTE ? "1 Overview" : NULL, "%s: %s",
			    doctor_title(checks[i].id), d->text);
	}
}

static void can_appraise(struct rollout_work *w)
{
	const struct probe_fact *f = &w->probe->fact[PROBE_CAN_APPRAISE];
	const char *ignored = bootmode_ignored(w->probe, BOOTMODE_LOG);

	rollout_say(w, f->answer == PROBE_NO ? ROLLOUT_FAIL : ROLLOUT_PASS, NULL, NULL,
		    "This kernel %s appraise files (%s).",
		    f->answer == PROBE_YES  ? "can"
		    : f->answer == PROBE_NO ? "cannot"
					    : "may be able to",
		    f->evidence);
	if (ignored)
		rollout_say(
			w, ROLLOUT_WARN, NULL, NULL,
			"It heeds no ima_appraise=, so there is no log or fix mode, and "
			"what appraises is enforced from the start: %s.",
			ignored);
	else
		rollout_say(
			w, ROLLOUT_PASS, NULL, NULL,
			"The mode can be chosen at a start: log and fix are stages on "
			"the way.");
}

static void can_boot(struct rollout_work *w)
{
	const struct bootloader *b = &w->loader;
	const char *name = b->kind == BOOTLOADER_UNKNOWN ? "The boot loader" : b->name;

	if (*b->no_once)
		rollout_say(
			w, ROLLOUT_WARN, NULL, NULL,
			"%s starts no entry just once (%s): the trial is made in place, "
			"the riskier way.",
			name, b->no_once);
	else
		rollout_say(w, ROLLOUT_PASS, NULL, NULL,
			    "%s can start an entry just once: a power cut leads back.",
			    name);
	if (*b->no_words)
		rollout_say(w, ROLLOUT_WARN, NULL, NULL,
			    "Words for the kernel are changed by hand: %s.", b->no_words);
}

void rollout_see_assess(struct rollout_work *w)
{
	struct rollout_step *s = w->step;

	if (!probe_is(w->probe, PROBE_IMA, PROBE_NO))
		can_appraise(w);
	ask_doctor(w);
	can_boot(w);
	s->state = s->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED : ROLLOUT_DONE;
	rollout_sum(w, "linux %s, boot loader %s, Secure Boot %s",
		    *w->probe->release ? w->probe->release : "not known", w->loader.name,
		    *w->probe->fact[PROBE_SECURE_BOOT].value
			    ? w->probe->fact[PROBE_SECURE_BOOT].value
			    : probe_answer_name(
				      w->probe->fact[PROBE_SECURE_BOOT].answer));
}

static bool appraises(const struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].action == POLICY_APPRAISE)
			return true;
	return false;
}

static void say_rules(struct rollout_work *w, const struct policy *p)
{
	size_t shown = 0;

	for (size_t i = 0; i < p->n_findings && shown < FINDINGS_SHOWN; i++) {
		const struct policy_finding *f = &p->findings[i];

		if (f->severity == POLICY_NOTE)
			continue;
		shown++;
		rollout_say(w, f->severity == POLICY_ERROR ? ROLLOUT_FAIL : ROLLOUT_WARN,
			    f->severity == POLICY_ERROR ? "imactl rollout stage FILE"
							: NULL,
			    f->severity == POLICY_ERROR ? "a asks for another file"
							: NULL,
			    "Line %u: %s", f->d.line, f->d.text);
	}
	if (!appraises(p))
		rollout_say(w, ROLLOUT_WARN, NULL, NULL,
			    "No rule appraises anything: nothing will be denied.");
}

static void say_mode(struct rollout_work *w)
{
	const char *ignored;

	if (w->r->wish >= _BOOTMODE_MAX)
		return;
	ignored = bootmode_ignored(w->probe, w->r->wish);
	if (ignored)
		rollout_say(w, ROLLOUT_WARN, NULL, NULL,
			    "This kernel will not heed ima_appraise=%s: %s.",
			    bootmode_name(w->r->wish), ignored);
	else
		rollout_say(w, ROLLOUT_PASS, NULL, NULL, "Mode %s: %s",
			    bootmode_name(w->r->wish), bootmode_means(w->r->wish));
}

void rollout_see_policy(struct rollout_work *w)
{
	const struct policy *p = &w->judged.rules.policy;
	struct rollout_step *s = w->step;
	char n[32], e[32], g[32];

	s->state = ROLLOUT_READY;
	if (!w->r->number) {
		rollout_sum(w, "none is chosen");
		rollout_say(w, ROLLOUT_NOTE, "imactl policy sample",
			    "^Z goes to the shell",
			    "Samples of policies, with comments, to begin with.");
		return;
	}
	if (!w->has_rules) {
		rollout_say(w, ROLLOUT_FAIL, "imactl generation list", NULL,
			    "The policy of generation %u cannot be read, or is none.",
			    w->r->number);
		s->state = ROLLOUT_BLOCKED;
		return;
	}
	say_rules(w, p);
	say_mode(w);
	rollout_sum(w, "generation %u: %s, %s, %s", w->r->number,
		    str_counted(n, sizeof(n), p->n_rules, "rule", "rules"),
		    str_counted(e, sizeof(e), policy_count(p, POLICY_ERROR), "error",
				"errors"),
		    str_counted(g, sizeof(g), policy_count(p, POLICY_WARNING), "warning",
				"warnings"));
	s->state = s->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED : ROLLOUT_DONE;
}
