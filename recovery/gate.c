/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "recovery/gate-internal.h"
#include "recovery/guard.h"
#include "recovery/kernelfs.h"
#include "recovery/say.h"
#include "recovery/supervise.h"
#include "recovery/verb.h"

enum { /* how the child ends, and gate_run() with it */
       WELL,
       NOT_WELL,
       ASK,
       HALT,
};

/* Beginning */

static bool word_is(struct span line, const char *name, const char *value)
{
	struct cmdline_word w;

	return cmdline_last(line, name, &w) && span_is(w.value, value);
}

static void read_words(struct gate *g)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct cmdline_word w;
	struct span line;

	(void)root_read(&g->here, ROOT_CMDLINE, &text, NULL);
	line = strbuf_span(&text);
	g->off = word_is(line, "imactl.gate", "off");
	g->rollback_off = word_is(line, "imactl.rollback", "off");
	/* The word's beginning counts: ima_appraise.c default_appraise_setup(). */
	g->fix = cmdline_last(line, "ima_appraise", &w) && w.value.len >= 3 &&
		 memcmp(w.value.ptr, "fix", 3) == 0;
	if (cmdline_last(line, "imactl.trial", &w) && w.value.len < TRIAL_ID_SIZE)
		(void)snprintf(g->trial_word, sizeof(g->trial_word), "%.*s",
			       (int)w.value.len, (const char *)w.value.ptr);
}

static void read_kernel(struct gate *g)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct diag d = {0};

	if (root_read(&g->here, ROOT_OSRELEASE, &text, NULL) == 0)
		(void)snprintf(g->release, sizeof(g->release), "%.*s",
			       (int)strcspn(strbuf_str(&text), "\n"), strbuf_str(&text));
	if (trial_boot_id(&g->here, g->boot_id, &d) < 0)
		say_diag(&d);
	if (kernelfs_security(&g->here) < 0)
		say("The kernel's security file system cannot be had.");
	/* What is damaged is left alone; there is less to go back to then. */
	if (gen_list_load(&g->target, g->release, &g->list, &d) < 0)
		say_diag(&d);
}

static int begin(struct gate *g, const char *rootmnt, struct diag *reterr)
{
	int r = root_open_live(&g->here, NULL, reterr);

	if (r < 0)
		return r;
	r = root_open_live(&g->target, rootmnt, reterr);
	if (r < 0) {
		root_done(&g->here);
		return r;
	}
	keyload_begin(&g->keys, &g->here, &g->target);
	read_words(g);
	read_kernel(g);
	return 0;
}

static void end(struct gate *g)
{
	gen_list_done(&g->list);
	keyload_done(&g->keys);
	strbuf_done(&g->why);
	root_done(&g->target);
	root_done(&g->here);
}

/* Ending */

/* Each by itself: one that cannot be written says so and the others are. */
static void write_note(struct gate *g, enum bootnote_name name, const char *text)
{
	struct diag d = {0};
	int r = *text ? bootnote_set(&g->here, name, text, &d)
		      : bootnote_clear(&g->here, name, &d);

	if (r < 0)
		say_diag(&d);
}

static int level_of(enum bootnote_verdict verdict)
{
	switch (verdict) {
	case BOOTNOTE_VERDICT_REFUSED:
		return 2;
	case BOOTNOTE_VERDICT_REPLACED:
	case BOOTNOTE_VERDICT_UNKNOWN:
		return 4;
	default:
		return 6;
	}
}

void gate_start_guard(struct gate *g, bool trial)
{
	const struct guard_spec spec = {&g->here, &g->target, trial};
	struct diag d = {0};

	if (g->guard)
		return;
	g->guard = guard_start(&spec, &d); /* which notes its number itself */
	if (g->guard < 0)
		say_diag(&d);
}

/* The line in the kernel log comes when nothing of the gate holds a descriptor any more: what
 * PID 1 loads is behind it. */
static void finish(struct gate *g)
{
	char nonce[BOOTNOTE_NONCE_SIZE], number[16] = "";

	bootnote_new_nonce(nonce);
	if (g->generation)
		(void)snprintf(number, sizeof(number), "%u", g->generation);
	write_note(g, BOOTNOTE_VERDICT, bootnote_verdict_word(g->verdict));
	write_note(g, BOOTNOTE_GENERATION, number);
	write_note(g, BOOTNOTE_POLICY, g->policy);
	(void)bootnote_set_why(&g->here, strbuf_str(&g->why), NULL);
	write_note(g, BOOTNOTE_NONCE, nonce);
	say_kernel(&g->here, level_of(g->verdict), "gate %s: %s", nonce,
		   strbuf_str(&g->why));
	if (level_of(g->verdict) < 6 || g->verdict == BOOTNOTE_VERDICT_TRIAL)
		say("%s", strbuf_str(&g->why));
	gate_start_guard(g, false);
}

/* The work */

/* What somebody chose in the menu. */
static int as_wanted(struct gate *g, enum gate_want want)
{
	_cleanup_strbuf_ struct strbuf passed = {0};
	struct diag d = {0};
	unsigned number = 0;
	int r = -ENOENT;

	keyload_disk(&g->keys); /* an earlier run may have left them there */
	if (want == GATE_NO_POLICY) {
		r = gate_strip(g, &d);
	} else if ((number = gate_find_good(g, &passed))) {
		r = gate_bind(g, number, &d);
	}
	g->verdict = r == 0 ? BOOTNOTE_VERDICT_REPLACED : BOOTNOTE_VERDICT_REFUSED;
	if (r < 0)
		strbuf_addf(&g->why, "What was chosen cannot be had.%s %s",
			    strbuf_str(&passed), d.text);
	else if (number)
		strbuf_addf(&g->why, "Generation %u was chosen for this boot.", number);
	else
		strbuf_adds(&g->why, "A boot without a policy was chosen.");
	return r == 0 ? WELL : NOT_WELL;
}

static int judged(struct gate *g)
{
	if (!gate_trial(g)) {
		gate_disk(g);
		gate_trial_disk(g);
	}
	switch (g->act) {
	case GATE_HALT:
		return HALT;
	case GATE_ASK:
		return ASK;
	default:
		return WELL;
	}
}

/* In a system that runs it would shadow /etc/ima and start a guard; and what PID 1 loads is
 * judged once. */
static bool has_no_part(const struct gate *g, enum gate_want want)
{
	struct stat a, b;
	struct bootnote n;

	if (fstat(g->here.dir[ROOT_TARGET], &a) == 0 &&
	    fstat(g->target.dir[ROOT_TARGET], &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino) {
		say("The gate is for an initramfs, where another root is mounted.");
		return true;
	}
	bootnote_load(&g->here, &n);
	if (want == GATE_JUDGE && *n.nonce) {
		say("The gate ran in this boot already.");
		return true;
	}
	return false;
}

static int work(const char *rootmnt, enum gate_want want)
{
	struct gate g = {0};
	struct diag d = {0};
	int status;

	if (begin(&g, rootmnt, &d) < 0) {
		say_diag(&d);
		return NOT_WELL;
	}
	if (has_no_part(&g, want)) {
		end(&g);
		return NOT_WELL;
	}
	status = want == GATE_JUDGE ? judged(&g) : as_wanted(&g, want);
	finish(&g);
	end(&g);
	return status;
}

/* The parent */

/* Nothing was found out; the guard watches all the same. */
static void gave_up(const char *rootmnt, const char *what)
{
	struct gate g = {.verdict = BOOTNOTE_VERDICT_UNKNOWN};
	struct diag d = {0};
	struct bootnote n;

	if (begin(&g, rootmnt, &d) < 0) {
		say_diag(&d);
		return;
	}
	bootnote_load(&g.here, &n);
	g.guard = n.guard; /* it may have been started before */
	strbuf_addf(&g.why, "The gate %s; the boot goes on as it is.", what);
	finish(&g);
	end(&g);
}

struct task {
	const char *rootmnt;
	enum gate_want want;
};

static int do_task(void *user)
{
	const struct task *t = user;

	return work(t->rootmnt, t->want);
}

int gate_run(const char *rootmnt, enum gate_want want)
{
	struct task task = {rootmnt, want};
	int r = supervise_work(do_task, &task, GATE_SECONDS);

	if (r >= 0)
		return r;
	gave_up(rootmnt, r == -ETIME ? "did not come to an end within ten seconds"
				     : "ended unexpectedly");
	return NOT_WELL;
}

/* Whoever sits there has as long as it takes. */
static void ask(const char *rootmnt)
{
	const struct verb *menu = verb_find("menu");
	char *argv[] = {(char *)(uintptr_t)rootmnt, NULL};

	if (menu)
		(void)menu->run(1, argv);
	else
		say("Nobody can be asked here; the boot goes on.");
}

static void halt(void)
{
	say("The machine stops here, as /etc/imactl/on-failure says. Start it with the boot "
	    "argument imactl.rollback=off, or from another system, to mend it.");
	sync();
	(void)reboot((int)RB_HALT_SYSTEM);
	say("It cannot be stopped: %s.", diag_errno(errno));
}

static bool wants_menu(void)
{
	struct root here;
	_cleanup_strbuf_ struct strbuf text = {0};
	bool wants;

	if (root_open_live(&here, NULL, NULL) < 0)
		return false;
	wants = root_read(&here, ROOT_CMDLINE, &text, NULL) == 0 &&
		word_is(strbuf_span(&text), "imactl", "rescue");
	root_done(&here);
	return wants;
}

int gate_verb(int argc, char *const argv[])
{
	int r;

	if (argc != 1) {
		say("gate takes the folder at which the root is mounted.");
		return VERB_GOOD; /* the boot goes on, whatever happens */
	}
	r = gate_run(argv[0], GATE_JUDGE);
	if (r == HALT)
		halt();
	else if (r == ASK || wants_menu())
		ask(argv[0]);
	return VERB_GOOD;
}
