/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Policy screen says, as text: drawn, or printed in line mode. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/rulelist.h"

static const struct {
	const char *mark, *word, *many;
	enum style style;
} worsts[] = {
	[POLICY_ERROR] = {"!!", "error", "errors", STYLE_BAD},
	[POLICY_DEPENDS] = {"? ", "that depends", "that depend", STYLE_WARN},
	[POLICY_WARNING] = {"! ", "warning", "warnings", STYLE_WARN},
	[POLICY_NOTE] = {"i ", "note", "notes", STYLE_NORMAL},
	[_RULELIST_FINE] = {"  ", "", "", STYLE_NORMAL},
};

const char *rulelist_mark(unsigned worst, enum style *ret_style)
{
	*ret_style = worsts[worst].style;
	return worsts[worst].mark;
}

/* Which rules these are */

static void file_name(const struct rulelist *l, struct strbuf *out)
{
	char buf[64];

	if (l->file)
		str_escape(out, span_of(l->file), l->app->ascii);
	else
		strbuf_adds(out, root_live_path(ROOT_BOOT_POLICY, buf, sizeof(buf)));
}

void rulelist_title(const struct rulelist *l, struct strbuf *out)
{
	const struct ruleset *r = &l->set.rules;

	if (l->file) {
		strbuf_adds(out, "Candidate ");
		file_name(l, out);
		return;
	}
	strbuf_adds(out, "Rules in force");
	if (l->loaded)
		strbuf_addf(out, "%s: %s", r->sure ? "" : " (not sure)",
			    ruleset_source_words(r->source));
}

void rulelist_sum(const struct rulelist *l, struct strbuf *out)
{
	const struct policy *p = &l->set.rules.policy;
	char n[48];

	if (!l->loaded)
		return;
	strbuf_adds(out, str_counted(n, sizeof(n), p->n_rules, "rule", "rules"));
	for (int s = POLICY_ERROR; s <= POLICY_WARNING; s++) {
		size_t k = policy_count(p, (enum policy_severity)s);

		if (k)
			strbuf_addf(out, ", %s",
				    str_counted(n, sizeof(n), k, worsts[s].word,
						worsts[s].many));
	}
}

const char *rulelist_hits(const struct rulelist *l, size_t rule, char buf[40])
{
	const struct policy_rule *r = &l->set.rules.policy.rules[rule];
	struct rulehits_rule h;
	char n[32];

	(void)snprintf(buf, 40, "-");
	if (!l->counted || rule >= l->hits.n_rules || r->refused ||
	    !rulehits_known(&l->hits, r))
		return buf;
	h = l->hits.rules[rule];
	(void)snprintf(buf, 40, "%s%s",
		       h.unsure && !h.n ? "" : str_count(n, sizeof(n), h.n),
		       h.unsure ? "?" : "");
	return buf;
}

/* One rule */

static const char *number_words(const struct rulelist *l, size_t rule, char buf[80])
{
	char n[32], all[32];

	(void)snprintf(buf, 80, "%s of %s", str_count(n, sizeof(n), rule + 1),
		       str_count(all, sizeof(all), l->set.rules.policy.n_rules));
	return buf;
}

/* "2 of 14, of the policy: line 9 of /etc/ima/ima-policy" */
static void origin(const struct rulelist *l, size_t rule, struct doc *d)
{
	const struct ruleset *r = &l->set.rules;
	_cleanup_strbuf_ struct strbuf where = {0};
	char n[80];

	if (r->origins[rule] == RULESET_CUSTOM && r->source != RULESET_READ) {
		strbuf_addf(&where, ": line %u of ", r->policy.rules[rule].line);
		file_name(l, &where);
	}
	doc_field(d, "Rule", STYLE_NORMAL, "%s, from %s%s", number_words(l, rule, n),
		  ruleset_origin_words(r->origins[rule]), strbuf_str(&where));
}

/* The next "key=value" of a rule as it is printed. */
static bool next_word(const char **at, const char **ret, size_t *ret_len)
{
	*at += strspn(*at, " ");
	*ret = *at;
	*ret_len = strcspn(*at, " ");
	*at += *ret_len;
	return *ret_len > 0;
}

static enum policy_key key_of(const char *word, size_t len, size_t *ret_name)
{
	int k = 0;

	*ret_name = strcspn(word, "=<> ");
	if (*ret_name > len)
		*ret_name = len;
	for (; k < _POLICY_KEY_MAX; k++)
		if (strlen(policy_key_name((enum policy_key)k)) == *ret_name &&
		    strncmp(policy_key_name((enum policy_key)k), word, *ret_name) == 0)
			break;
	return (enum policy_key)k;
}

/* Each option with what it means. */
static void options(const struct rulelist *l, size_t rule, struct doc *d)
{
	const char *at = rulelist_rule(l, rule), *word;
	size_t len, name;

	(void)next_word(&at, &word, &len); /* the action */
	while (next_word(&at, &word, &len)) {
		enum policy_key key = key_of(word, len, &name);
		char label[DOC_LABEL_MAX];

		if (key == _POLICY_KEY_MAX || key == POLICY_KEY_FUNC)
			continue;
		(void)snprintf(label, sizeof(label), "%.*s", (int)name, word);
		doc_field(d, label, STYLE_NORMAL, "%.*s%s%s",
			  (int)(len - name - (word[name] == '=')),
			  word + name + (word[name] == '='), len > name ? "  " : "",
			  policy_key_words(key));
	}
}

/* Is the hook one that was understood? */
static bool when_is_known(const struct policy_rule *r, const char *rest)
{
	return !r->refused || r->func || !rest || !strstr(rest, " func=");
}

static void meaning(const struct rulelist *l, size_t rule, struct doc *d, bool whole)
{
	const struct policy_rule *r = &l->set.rules.policy.rules[rule];
	const char *rest = strchr(rulelist_rule(l, rule), ' ');

	if (r->action == _POLICY_ACTION_MAX) {
		doc_field(d, "Does", STYLE_BAD, "nothing: it begins with no action");
		return;
	}
	doc_field(d, "Does", STYLE_NORMAL, "%s", policy_action_words(r->action));
	if (!when_is_known(r, rest)) {
		options(l, rule, d);
	} else if (whole) {
		doc_field(d, "When", STYLE_NORMAL, "%s%s%s%s", policy_func_words(r->func),
			  r->func ? " (func=" : "", policy_func_name(r->func),
			  r->func ? ")" : "");
		options(l, rule, d);
	} else {
		doc_field(d, "When", STYLE_NORMAL, "%s%s%s", policy_func_words(r->func),
			  rest ? ":" : "", rest ? rest : "");
	}
}

static void finding(const struct policy_finding *f, struct doc *d, bool whole)
{
	doc_field(d, policy_severity_name(f->severity), worsts[f->severity].style,
		  "%s: %s", diag_code(f->d.id), f->d.text);
	if (whole)
		doc_field(d, "", STYLE_NORMAL, "%s", diag_hint(f->d.id));
}

/* What to write instead, where that can be told. */
static void repair(const struct rulelist *l, size_t rule, struct doc *d)
{
	const struct policy_rule *r = &l->set.rules.policy.rules[rule];
	_cleanup_strbuf_ struct strbuf b = {0};
	const char *label = "Write instead";
	struct bytes in;
	struct span line;

	if (!r->refused || !policy_repair(r->text, &l->set.kernel, &b))
		return;
	in = bytes_of(strbuf_str(&b), b.len);
	while (bytes_left(&in)) {
		_cleanup_strbuf_ struct strbuf text = {0};

		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		str_escape(&text, line, l->app->ascii);
		doc_field(d, label, STYLE_GOOD, "%s", strbuf_str(&text));
		label = "";
	}
}

static void findings(const struct rulelist *l, size_t rule, struct doc *d, bool whole)
{
	const struct policy *p = &l->set.rules.policy;

	for (size_t i = 0; i < p->n_findings; i++)
		if (p->findings[i].rule == rule)
			finding(&p->findings[i], d, whole);
	if (!l->set.checked)
		doc_field(d, "Check", STYLE_DIM, "not yet");
	if (whole)
		repair(l, rule, d);
}

/* Why nothing is known of what the rule decides on; NULL: something is. */
static const char *unknown(const struct rulelist *l, const struct policy_rule *r)
{
	const struct model *m = &l->app->model;

	if (r->func == POLICY_FUNC_SETXATTR_CHECK)
		return "setting labels is in no list";
	if (!m->store)
		return "there is no list";
	if (l->counted && rulehits_known(&l->hits, r))
		return NULL;
	if (l->counted)
		return m->recorded ? "a recorded host has no files to look at"
				   : "the list need not be of this machine's files";
	return l->count_stopped ? "counting was stopped" : "not counted yet";
}

static bool is_data(enum policy_func func)
{
	return func == POLICY_FUNC_KEY_CHECK || func == POLICY_FUNC_KEXEC_CMDLINE ||
	       func == POLICY_FUNC_CRITICAL_DATA;
}

static void decides(const struct rulelist *l, size_t rule, struct doc *d)
{
	const struct policy_rule *r = &l->set.rules.policy.rules[rule];
	const char *why = unknown(l, r), label[] = "Decides on";
	char n[40], all[32], gone[48] = "";

	if (r->refused) {
		doc_field(d, label, STYLE_DIM, "nothing: the kernel refuses it");
		return;
	}
	if (why) {
		doc_field(d, label, STYLE_DIM, "not known: %s", why);
		return;
	}
	(void)rulelist_hits(l, rule, n);
	if (l->hits.gone)
		(void)snprintf(gone, sizeof(gone), ", %s gone",
			       str_count(all, sizeof(all), l->hits.gone));
	if (is_data(r->func))
		doc_field(d, label, STYLE_NORMAL, "%s of %s entries of data in the list",
			  n, str_count(all, sizeof(all), l->hits.data));
	else
		doc_field(d, label, STYLE_NORMAL,
			  "%s of %s files in the list, in some access to them%s", n,
			  str_count(all, sizeof(all), l->hits.files), gone);
	if (l->hits.rules[rule].unsure)
		doc_field(d, "", STYLE_DIM,
			  "?: what an LSM knows, or the list does not say, decides");
}

/* (path=".ima" or path=".evm") */
static bool any_path(struct span list, struct strbuf *out)
{
	struct bytes in = bytes_of(list.ptr, list.len);
	const char *before = "(";
	struct span one;

	if (memchr(list.ptr, '"', list.len))
		return false;
	while (bytes_left(&in)) {
		if (!bytes_until(&in, '|', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		strbuf_addf(out, "%spath=\"", before);
		str_escape(out, one, true);
		strbuf_addc(out, '"');
		before = " or ";
	}
	strbuf_addc(out, ')');
	return true;
}

/* Keys are named by their keyring: core/policy/rulehits. */
static bool data_filter(const struct policy_rule *r, struct strbuf *out)
{
	if (r->func == POLICY_FUNC_KEXEC_CMDLINE) {
		strbuf_adds(out, "buf path=kexec-cmdline");
		return true;
	}
	if (r->func != POLICY_FUNC_KEY_CHECK)
		return false;
	strbuf_adds(out, "buf ");
	if (policy_has(r, POLICY_KEY_KEYRINGS))
		return any_path(r->values[POLICY_KEY_KEYRINGS], out);
	strbuf_adds(out, "/^[._]/");
	return true;
}

bool rulelist_log_filter(const struct rulelist *l, size_t rule, struct strbuf *out)
{
	const struct policy_rule *r = &l->set.rules.policy.rules[rule];
	bool pcr = policy_has(r, POLICY_KEY_PCR), known;

	if (r->refused || r->action != POLICY_MEASURE)
		return false;
	if (pcr)
		strbuf_addf(out, "pcr=%u ", r->pcr);
	known = data_filter(r, out) || pcr;
	while (out->len && out->ptr[out->len - 1] == ' ')
		out->ptr[--out->len] = '\0';
	return known;
}

static void log_filter(const struct rulelist *l, size_t rule, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (l->app->model.store && rulelist_log_filter(l, rule, &b))
		doc_field(d, "In the log", STYLE_NORMAL, "%s", strbuf_str(&b));
}

void rulelist_detail(const struct rulelist *l, const struct rulelist_row *row,
		     struct doc *d, bool whole)
{
	if (row->rule == SIZE_MAX) {
		finding(&l->set.rules.policy.findings[row->finding], d, true);
		return;
	}
	if (whole)
		doc_text(d, STYLE_TITLE, "%s", rulelist_rule(l, row->rule));
	meaning(l, row->rule, d, whole);
	findings(l, row->rule, d, whole);
	decides(l, row->rule, d);
	if (whole)
		log_filter(l, row->rule, d);
	origin(l, row->rule, d);
}

/* No rows */

static void no_rules(const struct rulelist *l, struct doc *d)
{
	if (!l->file && !l->set.rules.sure) {
		doc_text(d, STYLE_TITLE, "No rules are known.");
		doc_blank(d);
		doc_text(d, STYLE_NORMAL,
			 "There may be some: what decides cannot be read here, the "
			 "kernel's configuration, its command line or the policy. Where "
			 "there are none, ima_policy=tcb on the command line begins to "
			 "measure, which denies nothing.");
		return;
	}
	doc_text(d, STYLE_TITLE, "No rules: IMA does nothing.");
	doc_blank(d);
	doc_text(d, STYLE_NORMAL, "%s",
		 l->file ? "The file holds no rule. Loaded as it is it changes nothing."
			 : "No policy was loaded, and the kernel brings none along. To "
			   "measure, add ima_policy=tcb to its command line.");
}

static void no_file(const struct rulelist *l, struct doc *d)
{
	const char *key = l->app->config->plain ? "3" : "o";

	doc_text(d, STYLE_WARN, "%s: %s", diag_code(l->failed.id), l->failed.text);
	doc_blank(d);
	doc_text(d, STYLE_NORMAL, "%s", diag_hint(l->failed.id));
	if (l->file)
		doc_text(
			d, STYLE_NORMAL,
			"%s opens another; an empty name goes back to the rules in force.",
			key);
	else
		doc_text(d, STYLE_NORMAL,
			 "%s opens a policy file: what it would do on this kernel, and "
			 "what is wrong with it.",
			 key);
}

void rulelist_nothing(const struct rulelist *l, struct doc *d)
{
	if (l->failed.id)
		no_file(l, d);
	else if (!l->loaded)
		doc_text(d, STYLE_DIM, "Reading the rules ...");
	else if (*l->find.filter)
		doc_text(d, STYLE_NORMAL,
			 "No rule passes the filter. %s changes it; empty shows all.",
			 l->app->config->plain ? "2" : "F4");
	else
		no_rules(l, d);
}

void rulelist_test_text(const struct rulelist *l, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	file_name(l, &name);
	doc_text(d, STYLE_DIALOG, "The kernel itself is asked about %s.",
		 strbuf_str(&name));
	doc_text(
		d, STYLE_DIALOG,
		"Nothing is loaded: what it is told first is refused on purpose, so that "
		"it discards everything.");
	doc_text(d, STYLE_DIALOG,
		 "It leaves traces, which stay: audit records, \"policy update failed\" "
		 "in the kernel log, and an entry in the measurement list where policies "
		 "are measured.");
}
