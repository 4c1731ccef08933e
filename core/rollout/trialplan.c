/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trial ends: confirmed, proven, or given up. */
#include "core/rollout/trialplan.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/act-file.h"
#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/base/trial.h"
#include "core/boot/bootplan.h"

/* The name that decides, as a step; @t NULL: none. */
static int add_link(struct plan *plan, const struct root *root, const struct trial *t,
		    const char *why, struct diag *reterr)
{
	const struct plan_spec at = {.place = ROOT_TARGET,
				     .path = GEN_FOLDER "/" TRIAL_LINK,
				     .danger = PLAN_BOOT,
				     .why = why};
	_cleanup_strbuf_ struct strbuf text = {0};

	if (!t)
		return act_file_remove(plan, root, &at, reterr);
	trial_format(&text, t);
	return act_file_symlink(plan, root, &at, strbuf_str(&text), reterr);
}

/* Confirming */

static int nothing(struct diag *reterr, const char *why)
{
	return diag_set(reterr, DIAG_TRIAL_NOT_READY, EPERM,
			"Nothing can be confirmed: %s.", why);
}

/* Only what this very boot runs, and was found healthy with: the gate's nonce, PID 1's own
 * word and the canary are in that (recovery.md, rule 1). */
static int check_confirm(const struct root *root, struct trial *t, struct diag *reterr)
{
	char boot_id[TRIAL_BOOT_SIZE], why[160];
	struct bootnote n;
	int r = trial_read(root, t, reterr);

	if (r == 0)
		return nothing(reterr, "there is no trial");
	if (r > 0)
		r = trial_boot_id(root, boot_id, reterr);
	if (r < 0)
		return r;
	bootnote_load(root, &n);
	if (t->state != TRIAL_RUNNING && t->state != TRIAL_PASSED) {
		(void)snprintf(why, sizeof(why), "the trial of generation %u %s",
			       t->number, trial_state_text(t->state));
		return nothing(reterr, why);
	}
	if (strcmp(t->boot_id, boot_id) != 0 || n.generation != t->number)
		return nothing(reterr, "it was tried in another boot than this one");
	if (n.unhealthy)
		return nothing(reterr, "the health check failed in this boot");
	if (t->state != TRIAL_PASSED || !n.healthy)
		return nothing(reterr, "the health check has not passed yet");
	memcpy(t->boot_id, boot_id, sizeof(boot_id));
	return 0;
}

/* The kernel's words for good; where imactl does not change them, how. */
static int add_words(struct plan *plan, const struct root *root,
		     const struct bootloader *b, struct trialplan_confirmed *said,
		     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	struct bootwords wish;

	if (said->mode >= _BOOTMODE_MAX)
		return 0;
	bootmode_words(said->mode, false, &wish);
	if (!*b->no_words)
		return bootplan_words(plan, root, b, &wish, reterr);
	if (bootloader_next_words(root, b, &line, NULL) < 0) {
		strbuf_clear(&line);
		(void)root_read_line(root, ROOT_CMDLINE, &line, NULL);
	}
	if (bootwords_fit(strbuf_span(&line), &wish))
		return 0;
	said->by_hand = true;
	strbuf_adds(&said->hand_why, b->no_words);
	bootplan_by_hand(b, &wish, &said->hand);
	return 0;
}

static int build_confirm(const struct root *root, const char *release, struct plan *plan,
			 struct trialplan_confirmed *said, struct diag *reterr)
{
	struct trial t;
	struct bootloader b;
	struct genback back = {root, release, 0, true};
	int r = check_confirm(root, &t, reterr);

	if (r == 0)
		r = trialplan_mode(root, t.number, &said->mode, reterr);
	if (r == 0)
		r = bootloader_look(root, &b, reterr);
	if (r < 0)
		return r;
	said->number = back.number = t.number;
	t.state = TRIAL_PROVING;
	/* first: a power cut from here on leaves an open change, and no trial to go back on */
	r = add_link(plan, root, &t, "the next boot proves it", reterr);
	if (r >= 0)
		r = genback_add(&back, plan, &said->put, reterr);
	if (r >= 0)
		r = add_words(plan, root, &b, said, reterr);
	return r < 0 ? r : bootplan_once_remove(plan, root, &b, reterr);
}

void trialplan_confirmed_done(struct trialplan_confirmed *said)
{
	strbuf_done(&said->hand);
	strbuf_done(&said->hand_why);
}

int trialplan_confirm(const struct root *root, const char *release, struct plan *ret,
		      struct trialplan_confirmed *ret_said, struct diag *reterr)
{
	int r = plan_init(ret, "keep the policy that is tried", reterr);

	*ret_said = (struct trialplan_confirmed){.mode = _BOOTMODE_MAX};
	if (r == 0)
		r = build_confirm(root, release, ret, ret_said, reterr);
	return r < 0 ? r : 0;
}

int trialplan_hold(struct root *root, struct diag *reterr)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
	return bootnote_set_number(root, BOOTNOTE_HOLD, (uint64_t)now.tv_sec, reterr);
}

int trialplan_release(struct root *root, struct diag *reterr)
{
	struct bootnote n;

	bootnote_load(root, &n);
	return bootnote_set(root, BOOTNOTE_CONFIRMED, n.nonce, reterr);
}

/* Proving */

/* Is what PID 1 loaded that generation's, and from the disk? 1, 0; -errno. */
static int is_in_force(const struct root *root, unsigned number, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	char hash[BOOTNOTE_POLICY_SIZE];
	uint8_t bytes[SHA256_SIZE];
	struct bootnote n;
	int r;

	bootnote_load(root, &n);
	if (!n.healthy || n.generation)
		return 0;
	r = gen_read(root, number, GEN_POLICY, &text, NULL, reterr);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	sha256_of(strbuf_span(&text), bytes);
	hex_encode(hash, (struct span){bytes, sizeof(bytes)});
	hash[sizeof(hash) - 1] = '\0';
	return strcmp(hash, n.policy) == 0;
}

static int add_proof(struct plan *plan, const struct root *root, const struct trial *t,
		     const char *release, struct diag *reterr)
{
	int r = gen_begin(plan, root, reterr);

	if (r >= 0)
		r = gen_bless(plan, root, t->number, release, reterr);
	if (r >= 0)
		r = gen_set_candidate(plan, root, 0, reterr);
	return r < 0 ? r : add_link(plan, root, NULL, "it has ended well", reterr);
}

int trialplan_prove(const struct root *root, const char *release, struct plan *ret,
		    struct diag *reterr)
{
	char boot_id[TRIAL_BOOT_SIZE];
	struct trial t;
	int r = trial_read(root, &t, reterr);

	if (r <= 0 || t.state != TRIAL_PROVING)
		return r < 0 ? r : 0;
	r = trial_boot_id(root, boot_id, reterr);
	if (r < 0 || strcmp(t.boot_id, boot_id) == 0)
		return r;
	r = is_in_force(root, t.number, reterr);
	if (r <= 0)
		return r;
	r = plan_init(ret, "call a policy good that was tried and loads", reterr);
	if (r == 0)
		r = add_proof(ret, root, &t, release, reterr);
	return r < 0 ? r : 1;
}

/* Giving up */

static int abort_link(struct plan *plan, const struct root *root, bool *ret_running,
		      struct diag *reterr)
{
	char boot_id[TRIAL_BOOT_SIZE] = "";
	struct trial t;
	int r = trial_read(root, &t, reterr);

	if (r <= 0)
		return r;
	if (t.state == TRIAL_PROVING)
		return diag_set(reterr, DIAG_TRIAL_CONFIRMED, EPERM,
				"The trial of generation %u was confirmed already.",
				t.number);
	(void)trial_boot_id(root, boot_id, NULL); /* not known: then not this one */
	*ret_running = (t.state == TRIAL_RUNNING || t.state == TRIAL_PASSED) &&
		       strcmp(t.boot_id, boot_id) == 0;
	if (!*ret_running)
		return add_link(plan, root, NULL, "the candidate and what was kept stay",
				reterr);
	t.state = TRIAL_FAILED;
	t.cause = TRIAL_CAUSE_ABORT;
	return add_link(plan, root, &t, "it can no longer be confirmed", reterr);
}

int trialplan_abort(const struct root *root, struct plan *ret, bool *ret_running,
		    struct diag *reterr)
{
	struct bootloader b;
	int r = plan_init(ret, "give up the trial of a policy", reterr);

	*ret_running = false;
	if (r == 0)
		r = bootloader_look(root, &b, reterr);
	if (r == 0) /* what would start it goes first */
		r = bootplan_once_remove(ret, root, &b, reterr);
	if (r >= 0)
		r = abort_link(ret, root, ret_running, reterr);
	return r < 0 ? r : 0;
}
