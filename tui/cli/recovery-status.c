/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl recovery status: what is known good, on trial, and what happened in this boot. */
#include <fcntl.h>
#include <string.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/trial.h"
#include "tui/cli/generation.h"
#include "tui/cli/recovery.h"

/* All that is told. */
struct state {
	struct strbuf release, why;
	struct bootnote note;
	struct gen_list list;
	struct trial trial;
	bool has_trial;
	struct diag no_trial; /* .id: what stands there is not to be read */
	char acted[_TRIAL_CAUSE_MAX][TRIAL_BOOT_SIZE]; /* "": not for that cause */
	bool guard_runs;
};

static void state_done(struct state *s)
{
	strbuf_done(&s->release);
	strbuf_done(&s->why);
	gen_list_done(&s->list);
}

static bool process_runs(const struct root *root, pid_t pid)
{
	_cleanup_close_ int fd = -1;
	char name[24];

	(void)snprintf(name, sizeof(name), "%d", (int)pid);
	fd = fspath_open(root->dir[ROOT_PROC], name, O_PATH | O_CLOEXEC);
	return fd >= 0;
}

static int load_marks(const struct root *root, struct state *s, struct diag *reterr)
{
	int r = trial_read(root, &s->trial, &s->no_trial);

	s->has_trial = r > 0;
	r = 0;
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX && r >= 0; i++)
		r = trial_acted(root, (enum trial_cause)i, s->acted[i], reterr);
	return r < 0 ? r : 0;
}

/* This boot's notes are this machine's: below another root there are none. */
static int load(struct cli *cli, struct state *s, struct diag *reterr)
{
	int r = generation_release(cli, true, &s->release, reterr);

	if (r == 0)
		r = gen_list_load(&cli->root, strbuf_str(&s->release), &s->list, reterr);
	if (r == 0)
		r = load_marks(&cli->root, s, reterr);
	if (r < 0 || cli->root_dir)
		return r;
	bootnote_load(&cli->root, &s->note);
	bootnote_why(&cli->root, &s->why);
	s->guard_runs = s->note.guard > 0 && process_runs(&cli->root, s->note.guard);
	return 0;
}

static bool any_mark(const struct state *s)
{
	for (size_t i = 0; i < _TRIAL_CAUSE_MAX; i++)
		if (*s->acted[i])
			return true;
	return false;
}

/* Somebody has to look: the machine does not run with what is on its disk, or has restarted
 * by itself. */
static int exit_of(const struct state *s)
{
	if (s->note.verdict == BOOTNOTE_VERDICT_REPLACED ||
	    s->note.verdict == BOOTNOTE_VERDICT_REFUSED || any_mark(s) ||
	    s->no_trial.id || (s->has_trial && s->trial.state == TRIAL_FAILED))
		return CMD_HUMAN;
	return gen_newest_blessed(&s->list, 0) ? CMD_OK : CMD_BAD;
}

static void boot_text(struct out *o, const struct state *s)
{
	struct span why = {(const uint8_t *)strbuf_str(&s->why),
			   strcspn(strbuf_str(&s->why), "\n")};

	out_addf(o, "This boot    %s\n", bootnote_verdict_text(s->note.verdict));
	if (why.len) {
		out_add(o, "             ");
		out_foreign(o, why);
		out_add(o, "\n");
	}
	if (s->note.generation)
		out_addf(o,
			 "             generation %u stands for /etc/ima until it ends\n",
			 s->note.generation);
	if (s->note.verdict == BOOTNOTE_VERDICT_REPLACED)
		out_add(o,
			"             'imactl recovery rollback' puts it on the disk, too\n");
	out_addf(o, "Health       %s%s\n",
		 s->note.healthy ? "the check has passed in this boot"
				 : "the check has not passed in this boot",
		 s->note.confirmed ? ", and the trial was confirmed" : "");
	out_addf(o, "Hook         %s\n",
		 *s->note.nonce ? "has run in this boot"
				: "has not run in this boot: see whether the initramfs "
				  "has it");
	out_addf(o, "Guard        %s\n",
		 s->guard_runs	 ? "watches"
		 : s->note.guard ? "has ended"
				 : "was not started");
}

static void good_text(struct out *o, const struct state *s)
{
	unsigned newest = gen_newest_blessed(&s->list, 0);

	out_add(o, "Known good   ");
	if (newest)
		out_addf(o, "generation %u", newest);
	else
		out_add(o, "nothing to go back to");
	out_add(o, ", for the kernel ");
	out_foreign(o, strbuf_span(&s->release));
	out_add(o, "\n");
	if (s->list.candidate)
		out_addf(o, "Candidate    generation %u\n", s->list.candidate);
}

static void trial_text(struct out *o, const struct state *s)
{
	const struct trial *t = &s->trial;

	if (!s->has_trial) {
		out_addf(o, "Trial        %s\n",
			 s->no_trial.id ? s->no_trial.text : "none");
		return;
	}
	out_addf(o, "Trial        generation %u (%s) %s", t->number, t->id,
		 trial_state_text(t->state));
	if (t->state == TRIAL_ARMED)
		out_addf(o, "; %u other boots end it", t->boots_left);
	if (t->state == TRIAL_FAILED)
		out_addf(o, ": %s", trial_cause_text(t->cause));
	out_add(o, "\n");
}

static void show_text(struct cli *cli, const struct state *s)
{
	struct out *o = cli->out;

	if (!cli->root_dir)
		boot_text(o, s);
	good_text(o, s);
	trial_text(o, s);
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX; i++)
		if (*s->acted[i])
			out_addf(o, "Restarted    by itself in boot %s: %s\n",
				 s->acted[i], trial_cause_text((enum trial_cause)i));
	out_addf(o, "On failure   %s%s\n",
		 trial_fallback_word(trial_fallback(&cli->root)),
		 trial_unprotected(&cli->root)
			 ? "; no policy may be gone back to, where that was not found"
			 : "");
}

static void trial_json(struct json *j, const struct state *s)
{
	const struct trial *t = &s->trial;

	json_key(j, "trial");
	if (!s->has_trial) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_kstr(j, "state", trial_state_word(t->state));
	json_ku64(j, "generation", t->number);
	json_kstr(j, "id", t->id);
	if (t->state == TRIAL_ARMED)
		json_ku64(j, "boots_left", t->boots_left);
	json_kstr(j, "cause",
		  t->state == TRIAL_FAILED ? trial_cause_word(t->cause) : NULL);
	json_close(j, '}');
}

static void marks_json(struct json *j, const struct state *s)
{
	json_key(j, "restarts");
	json_open(j, '[');
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX; i++) {
		if (!*s->acted[i])
			continue;
		json_open(j, '{');
		json_kstr(j, "cause", trial_cause_word((enum trial_cause)i));
		json_kstr(j, "boot_id", s->acted[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void show_json(struct cli *cli, const struct state *s)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/recovery/1");
	json_kstr(&j, "kernel", strbuf_str(&s->release));
	json_kstr(&j, "verdict",
		  s->note.verdict ? bootnote_verdict_word(s->note.verdict) : NULL);
	json_kbytes(&j, "why", strbuf_span(&s->why));
	json_ku64(&j, "generation", s->note.generation);
	json_kstr(&j, "policy_sha256", *s->note.policy ? s->note.policy : NULL);
	json_kbool(&j, "hook_ran", *s->note.nonce);
	json_kbool(&j, "healthy", s->note.healthy);
	json_kbool(&j, "confirmed", s->note.confirmed);
	json_kbool(&j, "guard_runs", s->guard_runs);
	json_ku64(&j, "newest_blessed", gen_newest_blessed(&s->list, 0));
	json_ku64(&j, "candidate", s->list.candidate);
	trial_json(&j, s);
	json_kstr(&j, "trial_error", s->no_trial.id ? s->no_trial.text : NULL);
	marks_json(&j, s);
	json_kstr(&j, "on_failure", trial_fallback_word(trial_fallback(&cli->root)));
	json_kbool(&j, "allow_unprotected", trial_unprotected(&cli->root));
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static int run(struct cli *cli)
{
	struct state s = {.has_trial = false};
	struct diag d = {0};
	int code = load(cli, &s, &d) < 0 ? cmd_fail(&d) : exit_of(&s);

	if (!d.id)
		(cli->json ? show_json : show_text)(cli, &s);
	state_done(&s);
	return code;
}

const struct cmd recovery_status = {
	.name = "status",
	.summary = "Show what is good, on trial, and happened in this boot",
	.flags = CMD_JSON | CMD_LIVE,
	.options = (const struct opt[]){GENERATION_OPT_KERNEL, {NULL}},
	.run = run,
	.help = "Ends with 8 where somebody has to look: a policy was replaced or refused in\n"
		"this boot, a trial failed, the machine restarted by itself; with 1 where there\n"
		"is nothing to go back to.",
};
