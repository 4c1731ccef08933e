/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl mode: what appraisal does with what is wrong, now and at the next start. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/boot/bootmode.h"
#include "core/boot/bootplan.h"
#include "core/policy/policyplan.h"
#include "tui/cli/change-ui.h"

/* All that the command has looked at. */
struct look {
	struct cli *cli;
	struct probe *probe;
	struct bootloader loader;
	struct strbuf words, once; /* of the next start; the entry that it takes alone */
	struct diag unknown;	   /* .id: why the words are not known */
	/* A change: */
	enum bootmode mode;
	struct bootwords wish;
	bool for_once;
};

static void look_done(struct look *l)
{
	l->probe = probe_free(l->probe);
	strbuf_done(&l->words);
	strbuf_done(&l->once);
}

static int look(struct look *l, struct diag *reterr)
{
	const struct root *root = &l->cli->root;
	int r = probe_run(root, (struct span){0}, &l->probe, reterr);

	if (r == 0)
		r = bootloader_look(root, &l->loader, reterr);
	if (r < 0)
		return r;
	if (bootloader_next_words(root, &l->loader, &l->words, &l->unknown) == 0)
		l->unknown = (struct diag){0};
	(void)bootloader_next_once(root, &l->loader, &l->once); /* none is none */
	if (l->words.failed || l->once.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return 0;
}

static const char *next_mode(const struct look *l)
{
	return l->unknown.id
		       ? "not known"
		       : bootmode_name(bootmode_of(l->probe, strbuf_span(&l->words)));
}

static const char *now_mode(const struct probe_fact *f)
{
	return f->value[0]	       ? f->value
	       : f->answer == PROBE_NO ? "none"
				       : probe_answer_name(f->answer);
}

static void text_can(struct out *o, const char *what, const char *why_not)
{
	out_addf(o, "  %s %s%s%s\n", *why_not ? "[-]" : "[+]", what, *why_not ? ": " : "",
		 why_not);
}

static void text(const struct look *l)
{
	const struct probe_fact *now = &l->probe->fact[PROBE_APPRAISE_MODE];
	struct out *o = l->cli->out;

	out_add(o, "Appraise mode now: ");
	out_style(o, OUT_BOLD, now_mode(now));
	out_addf(o, " (%s)\nAt the next start: ", now->evidence);
	out_style(o, OUT_BOLD, next_mode(l));
	if (l->unknown.id)
		out_addf(o, " (%s)", l->unknown.text);
	else if (!probe_mode_argument(strbuf_span(&l->words)))
		out_add(o, " (the default)");
	out_add(o, "\n");
	if (l->once.len) {
		out_add(o, "The next start alone takes another entry: ");
		out_foreign(o, strbuf_span(&l->once));
		out_add(o, "\n");
	}
	out_addf(o, "\nBoot loader: %s (%s)\n", l->loader.name, l->loader.evidence);
	text_can(o, "words for the kernel can be changed", l->loader.no_words);
	text_can(o, "an entry can be started just once", l->loader.no_once);
	if (bootmode_ignored(l->probe, BOOTMODE_LOG))
		out_addf(o, "This kernel heeds no ima_appraise=: %s.\n",
			 bootmode_ignored(l->probe, BOOTMODE_LOG));
}

static void json_loader(struct json *j, const struct bootloader *b)
{
	json_key(j, "boot_loader");
	json_open(j, '{');
	json_kstr(j, "kind", bootloader_kind_name(b->kind));
	json_kstr(j, "name", b->name);
	json_kstr(j, "evidence", b->evidence);
	json_kstr(j, "no_words", *b->no_words ? b->no_words : NULL);
	json_kstr(j, "no_once", *b->no_once ? b->no_once : NULL);
	json_close(j, '}');
}

static void json_members(const struct look *l, struct json *j)
{
	json_kstr(j, "now", now_mode(&l->probe->fact[PROBE_APPRAISE_MODE]));
	json_kstr(j, "next", l->unknown.id ? NULL : next_mode(l));
	if (l->unknown.id)
		json_kstr(j, "next_words", NULL);
	else
		json_kbytes(j, "next_words", strbuf_span(&l->words));
	if (l->once.len)
		json_kbytes(j, "next_entry", strbuf_span(&l->once));
	else
		json_kstr(j, "next_entry", NULL);
	json_kstr(j, "ignored", bootmode_ignored(l->probe, BOOTMODE_LOG));
	json_loader(j, &l->loader);
}

static void json(const struct look *l)
{
	struct json j = json_to(out_buf(l->cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/mode/1");
	json_members(l, &j);
	json_close(&j, '}');
	out_add(l->cli->out, "\n");
}

static int run_show(struct cli *cli)
{
	struct look l = {.cli = cli};
	struct diag d = {0};
	int r = look(&l, &d);

	if (r == 0)
		cli->json ? json(&l) : text(&l);
	look_done(&l);
	return r < 0 ? cmd_fail(&d) : CMD_OK;
}

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct look *l = user;
	const char *ignored = bootmode_ignored(l->probe, l->mode);

	strbuf_addf(out, "Now: %s. %s: %s. %s\n",
		    now_mode(&l->probe->fact[PROBE_APPRAISE_MODE]),
		    l->for_once ? "At the next start, and then no more"
				: "From the next start on",
		    bootmode_name(l->mode), bootmode_means(l->mode));
	if (ignored)
		strbuf_addf(out, "This kernel will not heed it: %s.\n", ignored);
	if (l->for_once)
		strbuf_adds(out,
			    "The entry stays in the boot loader's menu until 'change "
			    "undo' takes it out.\n");
}

static void said_json(const void *user, struct json *j)
{
	const struct look *l = user;

	json_open(j, '{');
	json_kstr(j, "wanted", bootmode_name(l->mode));
	json_kbool(j, "once", l->for_once);
	json_kstr(j, "not_heeded", bootmode_ignored(l->probe, l->mode));
	json_members(l, j);
	json_close(j, '}');
}

static int plan_it(const struct look *l, struct plan *plan, struct diag *reterr)
{
	const struct root *root = &l->cli->root;
	char title[80];
	int r;

	(void)snprintf(title, sizeof(title), "appraise mode %s %s",
		       bootmode_name(l->mode),
		       l->for_once ? "for one start" : "from the next start on");
	r = plan_init(plan, title, reterr);
	if (r < 0)
		return r;
	return l->for_once ? bootplan_once(plan, root, &l->loader, &l->wish, reterr)
			   : bootplan_words(plan, root, &l->loader, &l->wish, reterr);
}

/* What it would have been, for those who must do it themselves. */
static int by_hand(const struct look *l, const struct diag *d)
{
	if (d->id == DIAG_BOOT_NO_WORDS && !l->cli->json) {
		out_add(l->cli->out, "By hand:\n");
		bootplan_by_hand(&l->loader, &l->wish, out_buf(l->cli->out));
	}
	return cmd_fail(d);
}

static int change(struct look *l)
{
	const struct change_ui_more more = {said_text, "mode", said_json, l};
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};

	if (look(l, &d) < 0)
		return cmd_fail(&d);
	bootmode_words(l->mode, l->for_once, &l->wish);
	if (plan_it(l, &plan, &d) < 0)
		return by_hand(l, &d);
	return change_ui_run_with(l->cli, &plan, &more);
}

static void live_text(const void *user, struct strbuf *out, bool ascii)
{
	const struct policyplan *p = user;

	strbuf_adds(out, "These rules would count at once:\n");
	for (size_t i = 0; i < p->rules.policy.n_rules; i++) {
		if (p->rules.origins[i] != RULESET_CUSTOM)
			continue;
		strbuf_adds(out, "  ");
		policy_print(out, &p->rules.policy.rules[i]);
		strbuf_addc(out, '\n');
	}
	policyplan_format(p, out);
	strbuf_adds(out, "The kernel enforces already; what it denies is a matter of its "
			 "rules, and no rule can be taken out before the next start.\n");
}

static void live_json(const void *user, struct json *j)
{
	json_open(j, '{');
	policyplan_json(user, j);
	json_close(j, '}');
}

/* Of a policy those rules that appraisal goes by. */
static void appraise_rules(const struct policyplan *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->rules.policy.n_rules; i++) {
		const struct policy_rule *rule = &p->rules.policy.rules[i];

		if (p->rules.origins[i] != RULESET_CUSTOM ||
		    (rule->action != POLICY_APPRAISE &&
		     rule->action != POLICY_DONT_APPRAISE))
			continue;
		policy_print(out, rule);
		strbuf_addc(out, '\n');
	}
}

/* Whether files are appraised is a matter of the mode, which a kernel reads once when it
 * starts (linux 6.12 ima_appraise.c, __setup), and of the rules, which it takes later. */
static int live_possible(const struct look *l, enum bootmode mode, struct diag *reterr)
{
	const struct probe_fact *now = &l->probe->fact[PROBE_APPRAISE_MODE];

	if (l->cli->root_dir)
		return diag_set(reterr, DIAG_LIVE_ONLY, EOPNOTSUPP,
				"--live is of the kernel that runs, and not of another "
				"root.");
	if (mode != BOOTMODE_ENFORCE || strcmp(now->value, "enforce") != 0)
		return diag_set(
			reterr, DIAG_BOOT_LIVE, EOPNOTSUPP,
			"A running kernel keeps the mode that it was started with "
			"(%s); only rules can be added to it, and only while it "
			"enforces do they deny anything.",
			now_mode(now));
	return 0;
}

static int live(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = {0}, rules = {0};
	struct policyplan all = {.root = &l->cli->root}, p = {.root = &l->cli->root};
	const struct change_ui_more more = {live_text, "policy", live_json, &p};
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};
	int r = look(l, &d), code;

	if (r == 0)
		r = live_possible(l, l->mode, &d);
	if (r == 0)
		r = root_read(&l->cli->root, ROOT_BOOT_POLICY, &text, &d);
	all.name = p.name = "the policy for the boot";
	all.text = strbuf_span(&text);
	if (r == 0)
		r = policyplan_read(&all, &d);
	if (r == 0)
		appraise_rules(&all, &rules);
	p.text = strbuf_span(&rules);
	if (r == 0)
		r = policyplan_look(&p, &d);
	if (r == 0)
		r = policyplan_load(&p, &plan, &d);
	code = r < 0 ? cmd_fail(&d) : change_ui_run_with(l->cli, &plan, &more);
	policyplan_done(&all);
	policyplan_done(&p);
	return code;
}

static int run_change(struct cli *cli)
{
	struct look l = {.cli = cli, .for_once = opt_flag(cli->opts, "once")};
	struct diag d = {0};
	int code;

	while (strcmp(bootmode_name(l.mode), cli->cmd->name) != 0)
		l.mode++;
	if (l.for_once && opt_flag(cli->opts, "live"))
		code = (diag_set(&d, DIAG_VALUE, EINVAL,
				 "--once is of a start, and --live of none."),
			cmd_fail(&d));
	else
		code = opt_flag(cli->opts, "live") ? live(&l) : change(&l);
	look_done(&l);
	return code;
}

static const struct opt options[] = {
	{"once", 0, OPT_FLAG, NULL,
	 "For the next start alone: an entry that the boot loader starts once"},
	{"live", 0, OPT_FLAG, NULL,
	 "In the running kernel: what of it can be done, and not undone"},
	{NULL},
};

#define MODE(ident, word, sum, text)                                                     \
	static const struct cmd mode_##ident = {                                         \
		.name = word,                                                            \
		.summary = sum,                                                          \
		.flags = CMD_JSON | CMD_MUTATES,                                         \
		.options = options,                                                      \
		.run = run_change,                                                       \
		.help = text,                                                            \
	}

MODE(off, "off", "Appraise nothing from the next start on",
     "No file is denied and no label is looked at. Measuring and auditing go on.");
MODE(log, "log", "Record what would be denied from the next start on",
     "What would be denied is allowed, and an audit record says so.");
MODE(fix, "fix", "Label what is opened from the next start on",
     "Nothing is denied, and a file without a right hash gets one when it is opened,\n"
     "whatever it holds by then. 'imactl label' does it without a start.");
MODE(enforce, "enforce", "Deny what has no right label from the next start on",
     "What the policy appraises is denied without a right label. 'imactl policy\n"
     "simulate' says beforehand what that would be. With --live the rules of\n"
     "/etc/ima/ima-policy that appraise are loaded into a kernel that enforces\n"
     "already; the mode itself a running kernel keeps.");

const struct cmd cmd_mode = {
	.name = "mode",
	.summary = "Show or change what appraisal does",
	.flags = CMD_JSON,
	.subs = (const struct cmd *const[]){&mode_off, &mode_log, &mode_fix,
					    &mode_enforce, NULL},
	.run = run_show,
	.help = "Without a word: the appraise mode of the running kernel and of the next\n"
		"start, and what can be changed of that here. A mode is a word for the kernel\n"
		"(ima_appraise=), so it changes with the next start: through\n"
		"/etc/default/grub.d and grub-mkconfig, or in the entries of systemd-boot.\n"
		"Under Secure Boot the kernel heeds no such word, and the plan says so.\n\n"
		"With --once an entry like the default one is made, which the boot loader\n"
		"starts at the next start and then no more; 'change undo' takes it away.",
};
