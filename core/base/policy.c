/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/policy-internal.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

enum {
	SIZE_LIMIT = 16 << 20,
	LINE_MAX_LEN = 4095, /* PAGE_SIZE - 1, ima_fs.c ima_write_policy() */
};

static int grow(void *array, size_t n, size_t size)
{
	void **p = array, *more;

	if (n & (n - 1))
		return 0; /* room up to the next power of two */
	more = reallocarray(*p, n ? 2 * n : 1, size);
	if (!more)
		return -ENOMEM;
	*p = more;
	return 0;
}

int policy_note(struct policy *p, enum policy_severity severity, size_t rule,
		const struct diag *d)
{
	if (grow(&p->findings, p->n_findings, sizeof(*p->findings)) < 0)
		return -ENOMEM;
	p->findings[p->n_findings++] =
		(struct policy_finding){.severity = severity, .rule = rule, .d = *d};
	return 0;
}

static void found(const struct policy_word *w, enum policy_severity severity,
		  struct diag *d)
{
	size_t rule = (size_t)(w->rule - w->policy->rules);

	d->line = w->rule->line;
	d->column = w->column;
	if (policy_note(w->policy, severity, rule, d) < 0)
		w->policy->text.failed = true;
}

void policy_refuse(const struct policy_word *w, enum diag_id id, const char *fmt, ...)
{
	struct diag d = {0};
	va_list ap;

	va_start(ap, fmt);
	diag_setv(&d, id, EINVAL, fmt, ap);
	va_end(ap);
	w->rule->refused = true;
	found(w, POLICY_ERROR, &d);
}

void policy_depend(const struct policy_word *w, const char *fmt, ...)
{
	struct diag d = {0};
	va_list ap;

	va_start(ap, fmt);
	diag_setv(&d, DIAG_POLICY_DEPENDS, 0, fmt, ap);
	va_end(ap);
	w->rule->depends = true;
	found(w, POLICY_DEPENDS, &d);
}

void policy_need(const struct policy_word *w, enum policy_cap cap)
{
	if (cap == _POLICY_CAP_MAX || w->kernel->cap[cap] == POLICY_YES)
		return;
	if (w->kernel->cap[cap] == POLICY_NO)
		policy_refuse(w, DIAG_POLICY_KERNEL, "%s", policy_cap_words(cap));
	else
		policy_depend(w, "%s", policy_cap_words(cap));
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool policy_line_is_rule(struct span line)
{
	size_t i = 0;

	while (i < line.len && is_blank(line.ptr[i]))
		i++;
	return i < line.len && line.ptr[i] != '#';
}

bool policy_listed(struct span list, struct span item)
{
	struct bytes in = bytes_of(list.ptr, list.len);
	struct span one;

	while (bytes_until(&in, '|', &one))
		if (span_equal(one, item))
			return true;
	one = (struct span){in.ptr + in.pos, bytes_left(&in)};
	return span_equal(one, item);
}

static void action_word(const struct policy_word *w, enum policy_action action)
{
	if (w->rule->action != _POLICY_ACTION_MAX) {
		policy_refuse(w, DIAG_POLICY_ACTION, "%s and %s cannot stand in one rule",
			      policy_action_name(w->rule->action),
			      policy_action_name(action));
		return;
	}
	policy_need(w, policy_action_since(action));
	w->rule->action = action;
}

/* At the first of "=", "<" and ">", as the patterns of policy_tokens[] are. */
static void split_word(struct policy_word *w)
{
	struct span name = w->word;
	size_t i = 0;

	while (i < w->word.len && !memchr("=<>", w->word.ptr[i], 3))
		i++;
	name.len = i;
	w->op = 0;
	w->value = (struct span){0};
	if (i < w->word.len) {
		w->op = (char)w->word.ptr[i];
		w->value = (struct span){w->word.ptr + i + 1, w->word.len - i - 1};
	}
	w->key = policy_key_from_name(name);
}

/* Does the option take what follows its name? "%s" stands for at least one character. */
static bool well_formed(const struct policy_word *w)
{
	bool number = w->key >= POLICY_KEY_UID && w->key <= POLICY_KEY_FGROUP;

	if (w->key == _POLICY_KEY_MAX)
		return false;
	if (w->key == POLICY_KEY_PERMIT_DIRECTIO)
		return !w->op;
	return w->value.len && (w->op == '=' || (number && w->op));
}

static void unknown_word(const struct policy_word *w)
{
	struct span name = {w->word.ptr, w->word.len - w->value.len - (w->op != 0)};
	const char *near = policy_nearest(name);
	char buf[80];

	(void)str_quote(buf, sizeof(buf), w->word);
	if (w->key != _POLICY_KEY_MAX && !w->value.len)
		policy_refuse(w, DIAG_POLICY_WORD, "\"%s\" has no value", buf);
	else if (w->key != _POLICY_KEY_MAX)
		policy_refuse(w, DIAG_POLICY_WORD, "%s takes no \"%c\"",
			      policy_key_name(w->key), w->op);
	else if (near)
		policy_refuse(w, DIAG_POLICY_WORD,
			      "\"%s\" is no word of a rule; is %s meant?", buf, near);
	else
		policy_refuse(w, DIAG_POLICY_WORD, "\"%s\" is no word of a rule", buf);
}

/* False: what follows is a comment. */
static bool read_word(struct policy_word *w)
{
	enum policy_action action = policy_action_from_word(w->word);

	if (w->word.ptr[0] == '#') {
		policy_need(w, POLICY_CAP_COMMENTS);
		return false;
	}
	split_word(w);
	if (action < _POLICY_ACTION_MAX)
		action_word(w, action);
	else if (well_formed(w))
		policy_value(w);
	else
		unknown_word(w);
	return true;
}

/* Several words without a value, and the first is no action: somebody forgot the "#". */
static bool is_prose(struct span text)
{
	size_t words = 0, i = 0, end;

	while (i < text.len) {
		for (end = i; end < text.len && !is_blank(text.ptr[end]); end++)
			if (strchr("=<>#", text.ptr[end]))
				return false;
		if (!words++ && policy_action_from_word((struct span){text.ptr, end}) <
					_POLICY_ACTION_MAX)
			return false;
		for (i = end; i < text.len && is_blank(text.ptr[i]);)
			i++;
	}
	return words > 2;
}

static void read_rule(struct policy_word *w)
{
	struct span text = w->rule->text;
	unsigned start = w->column;
	size_t i = 0, end;

	if (is_prose(text)) {
		policy_refuse(w, DIAG_POLICY_PROSE,
			      "this is no rule, and no comment without \"#\" before it");
		return;
	}
	while (i < text.len) {
		for (end = i; end < text.len && !is_blank(text.ptr[end]);)
			end++;
		w->word = (struct span){text.ptr + i, end - i};
		w->column = start + (unsigned)i;
		if (!read_word(w))
			break;
		for (i = end; i < text.len && is_blank(text.ptr[i]);)
			i++;
	}
	w->column = start;
	if (!w->rule->refused)
		policy_validate(w);
}

static void long_line(struct policy *p, size_t rule, unsigned line)
{
	struct diag d = {0};

	diag_set(&d, DIAG_POLICY_LINE, 0, "the line is longer than %d characters",
		 LINE_MAX_LEN);
	d.line = line;
	if (policy_note(p, POLICY_WARNING, rule, &d) < 0)
		p->text.failed = true;
}

static int read_line(struct policy *p, const struct policy_kernel *kernel,
		     struct span text, unsigned line)
{
	size_t before = 0, len = text.len;
	struct policy_word w = {.kernel = kernel, .policy = p};

	if (!policy_line_is_rule(text))
		return 0;
	while (is_blank(text.ptr[before]))
		before++;
	while (is_blank(text.ptr[len - 1]))
		len--;
	if (grow(&p->rules, p->n_rules, sizeof(*p->rules)) < 0)
		return -ENOMEM;
	w.rule = &p->rules[p->n_rules++];
	*w.rule = (struct policy_rule){
		.line = line,
		.text = {text.ptr + before, len - before},
		.action = _POLICY_ACTION_MAX,
	};
	w.column = (unsigned)before + 1;
	if (text.len > LINE_MAX_LEN)
		long_line(p, p->n_rules - 1, line);
	read_rule(&w);
	return p->text.failed ? -ENOMEM : 0;
}

/* What makes the kernel refuse the file however good its rules are, when it reads it by
 * its path: ima_fs.c ima_read_policy(). */
static int whole_file(struct policy *p, unsigned lines)
{
	struct span text = strbuf_span(&p->text);
	const uint8_t *nul = text.len ? memchr(text.ptr, 0, text.len) : NULL;
	struct diag d = {0};

	if (nul) {
		diag_set(&d, DIAG_POLICY_NUL, 0, "the file has a NUL byte at %zu",
			 (size_t)(nul - text.ptr));
		return policy_note(p, POLICY_ERROR, SIZE_MAX, &d);
	}
	if (!text.len) {
		diag_set(&d, DIAG_POLICY_EMPTY, 0, "the file is empty");
		return policy_note(p, POLICY_ERROR, SIZE_MAX, &d);
	}
	if (text.ptr[text.len - 1] != '\n') {
		diag_set(&d, DIAG_POLICY_NEWLINE, 0,
			 "the last line does not end with a newline");
		d.line = lines;
		return policy_note(p, POLICY_ERROR, SIZE_MAX, &d);
	}
	return 0;
}

static int read_lines(struct policy *p, const struct policy_kernel *kernel)
{
	struct span text = strbuf_span(&p->text), line;
	struct bytes in = bytes_of(text.ptr, text.len);
	unsigned n = 0;
	int r = 0;

	while (r == 0 && bytes_until(&in, '\n', &line))
		r = read_line(p, kernel, line, ++n);
	if (r == 0 && bytes_left(&in)) {
		line = (struct span){in.ptr + in.pos, bytes_left(&in)};
		r = read_line(p, kernel, line, ++n);
	}
	return r < 0 ? r : whole_file(p, n);
}

int policy_parse(struct span text, const struct policy_kernel *kernel, struct policy *ret,
		 struct diag *reterr)
{
	struct policy p = {0};
	int r;

	if (text.len > SIZE_LIMIT)
		return diag_set(reterr, DIAG_TOO_LARGE, EFBIG,
				"a policy of more than %d MiB", SIZE_LIMIT >> 20);
	strbuf_add(&p.text, text.ptr, text.len);
	r = p.text.failed ? -ENOMEM : read_lines(&p, kernel);
	if (r < 0) {
		policy_done(&p);
		return diag_set(reterr, DIAG_MEMORY, -r, "no memory for the policy");
	}
	policy_sort_findings(&p);
	*ret = p;
	return 0;
}

void policy_done(struct policy *p)
{
	strbuf_done(&p->text);
	free(p->rules);
	free(p->findings);
	*p = (struct policy){0};
}

static int compare(const void *a, const void *b)
{
	const struct policy_finding *x = a, *y = b;

	if (x->d.line != y->d.line)
		return x->d.line < y->d.line ? -1 : 1;
	if (x->d.column != y->d.column)
		return x->d.column < y->d.column ? -1 : 1;
	return (int)x->severity - (int)y->severity;
}

void policy_sort_findings(struct policy *p)
{
	if (p->n_findings)
		qsort(p->findings, p->n_findings, sizeof(*p->findings), compare);
}

size_t policy_count(const struct policy *p, enum policy_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_findings; i++)
		n += p->findings[i].severity == severity;
	return n;
}

const char *policy_verdict(const struct policy *p, enum policy_severity *ret)
{
	*ret = policy_count(p, POLICY_ERROR)	 ? POLICY_ERROR
	       : policy_count(p, POLICY_DEPENDS) ? POLICY_DEPENDS
						 : POLICY_NOTE;
	return *ret == POLICY_ERROR	? "this kernel refuses it"
	       : *ret == POLICY_DEPENDS ? "this kernel may refuse it"
					: "this kernel takes it";
}
