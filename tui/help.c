/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/help.h"

#include "core/list/filter.h"
#include "core/label/scan.h"
#include "tui/keys.h"
#include "tui/screen.h"

static void keys_where(struct doc *d, unsigned context, bool everywhere)
{
	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++) {
		const struct request_info *info = keys_info((enum request)r);
		bool common = (info->contexts | IN_OVERVIEW) == IN_ALL;

		if ((info->contexts & context) && common == everywhere)
			doc_field(d, info->keys, STYLE_NORMAL, "%s", info->help);
	}
}

static void screens(struct doc *d)
{
	doc_title(d, "Screens");
#define SCREEN(id, number, title, ops)                                                   \
	doc_field(d, (char[]){number, 0}, STYLE_NORMAL, title);
#include "tui/screens.inc"
#undef SCREEN
}

static void log_columns(struct doc *d)
{
	doc_title(d, "Columns");
	doc_field(d, "#", STYLE_NORMAL,
		  "number of the entry, from 1; ~ before it: an estimate");
	doc_field(d, "PCR", STYLE_NORMAL, "the register of the TPM it was extended into");
	doc_field(d, "TEMPLATE", STYLE_NORMAL, "which fields the entry has");
	doc_field(d, "ALG DIGEST", STYLE_NORMAL, "hash of the file's content, ends only");
	doc_field(
		d, "SIG", STYLE_NORMAL,
		"yes: the entry carries a signature; VIO: a violation, the file was open "
		"for writing while it was measured, so its content was not bound; buf: a "
		"buffer (key, command line, critical data)");
	doc_field(d, "PKG", STYLE_NORMAL,
		  "package that owns the path: a label, not a proof");
	doc_field(d, "PATH", STYLE_NORMAL,
		  "name as the kernel logged it; bytes that are not text as \\xNN");
}

static void key_columns(struct doc *d)
{
	doc_title(d, "Columns");
	doc_field(d, "KEY ID", STYLE_NORMAL,
		  "what a signature names its key by: the last 4 bytes of the SKID");
	doc_field(
		d, "VALID UNTIL", STYLE_NORMAL,
		"of its certificate, where that is at hand; expired, or soon: within 30 "
		"days. Kernels ignore dates, other programs do not");
	doc_field(d, "FILES", STYLE_NORMAL,
		  "how many files name the key, in security.ima or for keys of .evm in "
		  "security.evm; once they were counted (c)");
	doc_field(d, "IN LOG", STYLE_NORMAL,
		  "the same of the measurement list, where its template has signatures");
	doc_field(d, "SIGNED BY", STYLE_NORMAL, "who issued the certificate");
}

static void filters(struct doc *d)
{
	doc_title(d, "Filter");
	doc_text(
		d, STYLE_NORMAL,
		"word \"two words\" !word /regex/ field=value ( ) and or not; terms side by "
		"side must all hold. Operators: = != ~ (contains) !~ < <= > >=. "
		"Example: pcr=10 path~bin !vio");
	for (int f = 0; f < _FILTER_FIELD_MAX; f++)
		doc_field(d, filter_field_name((enum filter_field)f), STYLE_NORMAL,
			  "%s (%s)", filter_field_help((enum filter_field)f),
			  filter_field_kind((enum filter_field)f));
}

static void words_filter(struct doc *d, const char *where)
{
	doc_blank(d);
	doc_title(d, "Filter");
	doc_text(d, STYLE_NORMAL,
		 "Words side by side must all be in %s; one with a ! before it must not "
		 "be.",
		 where);
}

static void policy_columns(struct doc *d)
{
	doc_title(d, "Columns");
	doc_field(d, "RULE", STYLE_NORMAL,
		  "in the order in which the kernel tries them: of each kind the first "
		  "that matches counts");
	doc_field(d, "!! ? ! i", STYLE_NORMAL,
		  "what check says: an error, for which the kernel refuses the whole "
		  "policy; it depends on what is not known here; a warning; a note");
	doc_field(d, "FROM", STYLE_NORMAL,
		  "builtin: ima_policy= on the kernel's command line; arch: Secure Boot; "
		  "build: the kernel's build; custom: what was loaded, or the file");
	doc_field(d, "WHEN", STYLE_NORMAL,
		  "what must all hold; Enter says what each word means");
	doc_field(d, "DECIDES", STYLE_NORMAL,
		  "files of the measurement list, as they are now, for which the rule is "
		  "the first to match in some access that makes sense for them; entries, "
		  "where it is about keys and data. ?: what an LSM knows decides; -: not "
		  "known, Enter says why");
}

static void verdicts(struct doc *d)
{
	doc_title(d, "Verdicts, as if a rule appraised each file and enforced");
	for (int k = 0; k < _SCAN_KIND_MAX; k++)
		doc_text(d, STYLE_NORMAL, "%s: %s", scan_kind_words((enum scan_kind)k),
			 scan_kind_means((enum scan_kind)k));
}

void help_fill(struct doc *d, unsigned context, bool ascii)
{
	doc_clear(d);
	d->label_w = 14;
	doc_title(d, context == IN_PAGER ? "Reading text" : "This screen");
	keys_where(d, context, false);
	doc_blank(d);
	doc_title(d, "Everywhere");
	keys_where(d, context, true);
	doc_blank(d);
	screens(d);
	if (context == IN_FILES) {
		doc_blank(d);
		verdicts(d);
		words_filter(d, "the path");
	}
	if (context == IN_POLICY) {
		doc_blank(d);
		policy_columns(d);
		words_filter(d, "the rule");
	}
	if (context == IN_KEYS) {
		doc_blank(d);
		key_columns(d);
	}
	if (context != IN_LOG)
		return;
	doc_blank(d);
	log_columns(d);
	doc_blank(d);
	filters(d);
}
