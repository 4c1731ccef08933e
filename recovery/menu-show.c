/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/trial.h"
#include "recovery/diagnose.h"
#include "recovery/klog.h"
#include "recovery/menu-internal.h"

enum {
	LOG_LINES = 400, /* kept, when all are asked for */
	WIDTH = 80,
	INDENT = 12,
};

#define RULER "----------------------------------------------------------------------\n"

static const struct {
	const char *word, *text;
} choices[_MENU_CHOICE_MAX] = {
#define MENU_CHOICE(id, word, text) [MENU_##id] = {word, text},
#include "recovery/menu-choices.inc"
#undef MENU_CHOICE
};

const char *menu_word(enum menu_choice choice)
{
	return choices[choice].word;
}

enum menu_choice menu_from_word(const char *word)
{
	for (size_t i = 0; i < _MENU_CHOICE_MAX; i++)
		if (strcmp(choices[i].word, word) == 0)
			return (enum menu_choice)i;
	return _MENU_CHOICE_MAX;
}

void menu_text(const struct menu *m, enum menu_choice choice, struct strbuf *out)
{
	for (const char *c = choices[choice].text; *c; c++)
		if (*c != '@')
			strbuf_addc(out, *c);
		else if (m->good)
			strbuf_addf(out, "generation %u", m->good);
		else
			strbuf_adds(out, "a good generation");
}

/* A good generation, and somewhere to put it. */
static const char *refuses_good(const struct menu *m)
{
	return !m->rootmnt ? "no root was found"
	       : !m->good  ? "there is no good generation for this kernel"
			   : NULL;
}

static const char *refuses_unprotected(const struct menu *m)
{
	if (!m->rootmnt)
		return "no root was found";
	if (!m->before)
		return "the boot is past that point";
	return m->rules.shell || trial_unprotected(&m->target)
		       ? NULL
		       : "the boot arguments forbid it";
}

static const char *refuses_shell(const struct menu *m)
{
	if (!m->rules.shell)
		return "the boot arguments forbid it";
	return m->rootmnt
		       ? NULL
		       : "no root was found, so nobody's password can be asked for; "
			 "continuing leads to the shell of the initramfs, where that is "
			 "allowed";
}

const char *menu_refuses(const struct menu *m, enum menu_choice choice)
{
	switch (choice) {
	case MENU_ROLL_BACK:
	case MENU_CONTINUE:
		return refuses_good(m);
	case MENU_DIFF:
		return m->console
			       ? refuses_good(m)
			       : "the console shows it (imactl rescue), and it is not here";
	case MENU_NO_POLICY:
		return refuses_unprotected(m);
	case MENU_REPORT: /* a file system of anybody's would be mounted */
		return m->rules.shell ? NULL : "the boot arguments forbid it";
	case MENU_SHELL:
		return refuses_shell(m);
	default:
		return NULL;
	}
}

enum menu_choice menu_default(const struct menu *m)
{
	return menu_refuses(m, MENU_ROLL_BACK) ? MENU_GO_ON : MENU_ROLL_BACK;
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

void menu_show(const struct menu *m)
{
	struct menu_facts facts;

	(void)fputs("\nimactl rescue\n" RULER, stdout);
	menu_facts(m, &facts);
	for (size_t i = 0; i < facts.n; i++) {
		_cleanup_strbuf_ struct strbuf wrapped = {0};

		str_wrap(&wrapped, WIDTH, INDENT, strbuf_str(&facts.of[i].text));
		(void)printf("%-*s%s", INDENT, facts.of[i].label, strbuf_str(&wrapped));
	}
	menu_facts_done(&facts);
	(void)fputs("\n", stdout);
	for (int i = 0; i < _MENU_CHOICE_MAX; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};

		if (menu_refuses(m, (enum menu_choice)i))
			continue;
		menu_text(m, (enum menu_choice)i, &text);
		(void)printf(" %2d) %s\n", i + 1, strbuf_str(&text));
	}
	if (m->rules.forbids)
		(void)printf("  (a shell is forbidden by the boot argument %s)\n",
			     m->rules.forbids);
	(void)fputs(RULER "Nothing is changed until you choose.\n", stdout);
}

static void tell_choice(const struct menu *m, enum menu_choice choice)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const char *why = menu_refuses(m, choice);

	menu_text(m, choice, &text);
	(void)printf("choice\t%d\t%s\t%s\t%s\n", (int)choice + 1, menu_word(choice),
		     strbuf_str(&text), why ? why : "");
}

void menu_tell(const struct menu *m)
{
	struct menu_facts facts;

	menu_facts(m, &facts);
	(void)printf("rescue\t1\nplace\t%s\n", m->initramfs ? "initramfs"
					       : m->before  ? "other root"
							    : "this machine");
	if (m->rootmnt) {
		_cleanup_strbuf_ struct strbuf root = {0};

		str_escape(&root, span_of(m->rootmnt), true);
		(void)printf("root\t%s\n", strbuf_str(&root));
	}
	for (size_t i = 0; i < facts.n; i++)
		(void)printf("fact\t%s\t%s\n", facts.of[i].label,
			     strbuf_str(&facts.of[i].text));
	menu_facts_done(&facts);
	for (int i = 0; i < _MENU_CHOICE_MAX; i++)
		tell_choice(m, (enum menu_choice)i);
	(void)printf("default\t%d\ngo-on\t%d\nseconds\t%u\ngood\t%u\nother\t%u\n",
		     (int)menu_default(m) + 1, MENU_GO_ON + 1, m->rules.seconds, m->good,
		     m->other);
	if (m->rules.forbids)
		(void)printf("forbids\t%s\n", m->rules.forbids);
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

void menu_show_log(const struct menu *m, size_t max)
{
	_cleanup_free_ struct excerpt *e = calloc(1, sizeof(*e));
	size_t first;

	if (!e)
		return;
	if (!max || max > LOG_LINES)
		max = LOG_LINES;
	each_record(&m->here, take, e);
	first = e->n > max ? e->n - max : 0;
	if (!e->n)
		(void)puts("The kernel log says nothing of it.");
	for (size_t i = first; i < e->n; i++)
		(void)puts(strbuf_str(&e->line[i % LOG_LINES]));
	for (size_t i = 0; i < LOG_LINES; i++)
		strbuf_done(&e->line[i]);
}
