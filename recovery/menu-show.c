/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/base/bootnote.h"
#include "core/base/cleanup.h"
#include "core/base/trial.h"
#include "recovery/diagnose.h"
#include "recovery/klog.h"
#include "recovery/menu-internal.h"

enum {
	LOG_LINES = 15, /* with the menu below, on a screen of 24 */
	WIDTH = 80,
	INDENT = 12,
};

#define RULER "----------------------------------------------------------------------\n"

static const char *const choices[_MENU_CHOICE_MAX] = {
#define MENU_CHOICE(id, text) [MENU_##id] = text,
#include "recovery/menu-choices.inc"
#undef MENU_CHOICE
};

const char *menu_refuses(const struct menu *m, enum menu_choice choice)
{
	switch (choice) {
	case MENU_GOOD:
		return !m->rootmnt ? "no root was found"
		       : !m->good  ? "there is no good generation for this kernel"
				   : NULL;
	case MENU_NO_POLICY:
		if (!m->rootmnt)
			return "no root was found";
		if (!m->before)
			return "the boot is past that point";
		return m->rules.shell || trial_unprotected(&m->target)
			       ? NULL
			       : "the boot arguments forbid it";
	case MENU_SHELL:
		if (!m->rules.shell)
			return "the boot arguments forbid it";
		return m->rootmnt
			       ? NULL
			       : "no root was found, so nobody's password can be asked "
				 "for; continuing leads to the shell of the "
				 "initramfs, where that is allowed";
	default:
		return NULL;
	}
}

/* The whole kernel log, one record after the other. */
static void each_record(const struct root *here,
			void (*each)(void *user, struct span record), void *user)
{
	struct klog log;
	struct span record;

	if (klog_open(here, true, &log) < 0)
		return;
	while (klog_next(&log, &record) > 0)
		each(user, record);
	klog_close(&log);
}

static void add_record(void *user, struct span record)
{
	(void)diagnose_add(user, record);
}

static void show_happened(struct menu *m)
{
	_cleanup_strbuf_ struct strbuf why = {0}, text = {0}, wrapped = {0};
	struct diagnose d = {0};
	struct bootnote n;

	bootnote_load(&m->here, &n);
	bootnote_why(&m->here, &why);
	each_record(&m->here, add_record, &d);
	str_escape(&text,
		   (struct span){(const uint8_t *)strbuf_str(&why),
				 strcspn(strbuf_str(&why), "\n")},
		   true);
	if (n.verdict)
		(void)printf("This boot   %s\n", bootnote_verdict_text(n.verdict));
	else if (m->rules.asked)
		(void)puts("This boot   somebody asked for this menu (imactl=rescue)");
	else
		(void)puts("This boot   nothing has looked at its policy yet");
	str_wrap(&wrapped, WIDTH, INDENT, strbuf_str(&text));
	if (text.len)
		(void)printf("%*s%s", INDENT, "", strbuf_str(&wrapped));
	if (!diagnose_policy_stops(&d)) /* what asking leaves in the log says nothing */
		return;
	(void)printf("PID 1 said  %s\n", d.why);
	if (d.kernel[0])
		(void)printf("The kernel  %s\n", d.kernel);
}

static void show_known(struct menu *m)
{
	struct trial t;

	if (!m->rootmnt) {
		(void)puts("Root        none was found");
		return;
	}
	(void)printf("Root        %s\n", m->rootmnt);
	if (m->good)
		(void)printf("Known good  generation %u\n", m->good);
	else
		(void)puts("Known good  nothing to go back to, for this kernel");
	if (trial_read(&m->target, &t, NULL) > 0)
		(void)printf("Trial       generation %u %s%s%s\n", t.number,
			     trial_state_text(t.state),
			     t.state == TRIAL_FAILED ? ": " : "",
			     t.state == TRIAL_FAILED ? trial_cause_text(t.cause) : "");
}

void menu_show(struct menu *m)
{
	(void)fputs("\nimactl rescue\n" RULER, stdout);
	show_happened(m);
	show_known(m);
	(void)fputs("\n", stdout);
	for (int i = 0; i < _MENU_CHOICE_MAX; i++) {
		enum menu_choice choice = (enum menu_choice)i;
		const char *why = menu_refuses(m, choice);

		if (!why)
			(void)printf("  %d) %s\n", i + 1, choices[i]);
	}
	if (m->rules.forbids)
		(void)printf("  (a shell is forbidden by the boot argument %s)\n",
			     m->rules.forbids);
	(void)fputs(RULER "Nothing is changed until you choose.\n", stdout);
}

/* The last records that are about policies. */
struct excerpt {
	struct strbuf line[LOG_LINES];
	size_t n;
};

static bool is_about(const char *text)
{
	static const char *const words[] = {"ima",	"IMA",	    "integrity",
					    "appraise", "Freezing", "audit: type=18"};

	for (size_t i = 0; i < array_size(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static void take(void *user, struct span record)
{
	struct excerpt *e = user;
	struct strbuf *line = &e->line[e->n % LOG_LINES];
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span said;
	uint64_t seq;

	if (!diagnose_text(record, &seq, &said))
		return;
	str_escape(&text, said, true);
	if (!is_about(strbuf_str(&text)))
		return;
	strbuf_clear(line);
	strbuf_add(line, strbuf_str(&text), text.len);
	e->n++;
}

void menu_show_log(struct menu *m)
{
	struct excerpt e = {.n = 0};
	size_t first;

	each_record(&m->here, take, &e);
	first = e.n > LOG_LINES ? e.n - LOG_LINES : 0;
	if (!e.n)
		(void)puts("The kernel log says nothing of it.");
	for (size_t i = first; i < e.n; i++)
		(void)puts(strbuf_str(&e.line[i % LOG_LINES]));
	for (size_t i = 0; i < LOG_LINES; i++)
		strbuf_done(&e.line[i]);
}
