/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trial begins: a candidate, and the boot that tries it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/act-file.h"
#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/base/trial.h"
#include "core/boot/bootplan.h"
#include "core/rollout/trialplan.h"

int trialplan_stage(const struct policyinstall *in, enum bootmode mode, struct plan *ret,
		    struct policyinstall_said *ret_said, struct diag *reterr)
{
	struct policyinstall staged = *in;
	struct bootwords words;
	char text[40];

	staged.candidate_only = true;
	staged.words = (struct span){0};
	if (mode < _BOOTMODE_MAX) {
		bootmode_words(mode, false, &words);
		(void)snprintf(text, sizeof(text), "%s\n", words.of[0].word);
		staged.words = span_of(text);
	}
	return policyinstall_plan(&staged, ret, ret_said, reterr);
}

int trialplan_mode(const struct root *root, unsigned number, enum bootmode *ret,
		   struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = gen_read(root, number, GEN_CMDLINE, &text, NULL, reterr);
	struct bootwords words;

	*ret = _BOOTMODE_MAX;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (int i = 0; i < _BOOTMODE_MAX; i++) {
		bootmode_words((enum bootmode)i, false, &words);
		if (bootwords_fit(strbuf_span(&text), &words))
			*ret = (enum bootmode)i;
	}
	return 0;
}

void trialplan_armed_done(struct trialplan_armed *armed)
{
	strbuf_done(&armed->words);
}

/* Another boot arms another: no word of an old command line fits a new trial. */
static int name_it(const struct root *root, struct trialplan_armed *a,
		   struct diag *reterr)
{
	uint8_t hash[SHA256_SIZE];
	char boot_id[TRIAL_BOOT_SIZE], text[TRIAL_BOOT_SIZE + 16], digits[9];
	int r = trial_boot_id(root, boot_id, reterr);

	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%s/%u", boot_id, a->number);
	sha256_of(span_of(text), hash);
	hex_encode(digits, (struct span){hash, 4});
	digits[8] = '\0';
	(void)snprintf(a->id, sizeof(a->id), "g%u-%s", a->number, digits);
	return 0;
}

static int add_link(struct plan *plan, const struct root *root,
		    const struct trialplan_armed *a, struct diag *reterr)
{
	const struct plan_spec at = {.place = ROOT_TARGET,
				     .path = GEN_FOLDER "/" TRIAL_LINK,
				     .danger = PLAN_BOOT,
				     .why = a->in_place ? "the next boot takes it, once"
							: "the boot of that name takes "
							  "it, once"};
	struct trial t = {.state = a->in_place ? TRIAL_NEXT : TRIAL_ARMED,
			  .number = a->number,
			  .boots_left = a->boots};
	_cleanup_strbuf_ struct strbuf text = {0};

	memcpy(t.id, a->id, sizeof(t.id));
	trial_format(&text, &t);
	return act_file_symlink(plan, root, &at, strbuf_str(&text), reterr);
}

/* What the kernel is given for once: the mode, who is tried, how long it waits, and not to
 * stand still where it gives up itself. */
static int add_entry(struct plan *plan, const struct root *root,
		     const struct trialready *ready, struct trialplan_armed *a,
		     struct diag *reterr)
{
	char id[TRIAL_ID_SIZE + 16], deadline[40];
	struct bootwords wish = {.n = 0};

	bootmode_words(a->mode < _BOOTMODE_MAX ? a->mode : BOOTMODE_ENFORCE, true, &wish);
	if (a->mode >= _BOOTMODE_MAX) /* all but the mode */
		wish.of[0] = wish.of[--wish.n];
	(void)snprintf(id, sizeof(id), "imactl.trial=%s", a->id);
	(void)snprintf(deadline, sizeof(deadline), "imactl.deadline=%u", a->deadline);
	wish.of[wish.n++] = (struct bootword){"imactl.trial", id};
	wish.of[wish.n++] = (struct bootword){"imactl.deadline", deadline};
	for (size_t i = 0; i < wish.n; i++)
		strbuf_addf(&a->words, "%s%s", i ? " " : "", wish.of[i].word);
	return bootplan_once(plan, root, &ready->loader, &wish, reterr);
}

/* In place the guard goes by what the kernel is given anyway. */
static unsigned deadline_as_is(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	struct cmdline_word w;
	uint64_t v;

	if (root_read(root, ROOT_CMDLINE, &line, NULL) == 0 &&
	    cmdline_last(strbuf_span(&line), "imactl.deadline", &w) &&
	    str_to_u64(w.value, &v) == 0 && v <= TRIALPLAN_DEADLINE_MAX)
		return (unsigned)v;
	return TRIAL_DEADLINE;
}

static int check_numbers(const struct trialplan_armed *a, struct diag *reterr)
{
	if (a->boots > TRIAL_BOOTS_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"A trial waits for 1 to %d boots.", TRIAL_BOOTS_MAX);
	if (a->in_place || (a->deadline >= TRIALPLAN_DEADLINE_MIN &&
			    a->deadline <= TRIALPLAN_DEADLINE_MAX))
		return 0;
	return diag_set(reterr, DIAG_VALUE, EINVAL,
			"A trial waits for %d seconds to a day to be confirmed.",
			TRIALPLAN_DEADLINE_MIN);
}

int trialplan_arm(const struct root *root, const struct trialplan_arm *in,
		  struct plan *ret, struct trialplan_armed *ret_said, struct diag *reterr)
{
	const struct trialready *ready = in->ready;
	bool in_place = ready->ask.in_place;
	struct trialplan_armed a = {
		.number = ready->number,
		.mode = ready->mode,
		.in_place = in_place,
		.boots = in_place    ? 1
			 : in->boots ? in->boots
				     : TRIALPLAN_BOOTS,
		.deadline = in_place	   ? deadline_as_is(root)
			    : in->deadline ? in->deadline
					   : TRIALPLAN_DEADLINE,
	};
	int r = plan_init(ret, "try a policy in the next boot", reterr);

	if (r == 0)
		r = trialready_refuse(ready, reterr);
	if (r == 0)
		r = check_numbers(&a, reterr);
	if (r == 0)
		r = name_it(root, &a, reterr);
	if (r == 0)
		r = add_link(ret, root, &a, reterr);
	if (r >= 0 && !a.in_place)
		r = add_entry(ret, root, ready, &a, reterr);
	if (r < 0) {
		trialplan_armed_done(&a);
		return r;
	}
	*ret_said = a;
	return 0;
}
