/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/opt.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/str.h"

/* Words longer than this are not worth a suggestion; bounds the work of distance(). */
#define LONGEST_WORD 32

const struct opt *opt_find(const struct opt *table, const char *name, size_t len)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

const struct opt *opt_find_letter(const struct opt *table, char letter)
{
	for (; table && table->name; table++)
		if (letter && table->letter == letter)
			return table;
	return NULL;
}

static const struct opt *find(const struct opts *o, const char *name, size_t len)
{
	const struct opt *opt = NULL;

	for (size_t i = 0; i < OPT_TABLES && !opt; i++) {
		opt = opt_find(o->tables[i], name, len);
		if (opt && opt->same_as)
			opt = opt_find(o->tables[i], opt->same_as, strlen(opt->same_as));
	}
	return opt;
}

static const struct opt *find_letter(const struct opts *o, char letter)
{
	const struct opt *opt = NULL;

	for (size_t i = 0; i < OPT_TABLES && !opt; i++)
		opt = opt_find_letter(o->tables[i], letter);
	return opt;
}

static uint8_t least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return (uint8_t)(ab < c ? ab : c); /* at most LONGEST_WORD + 1 */
}

/* Edits (insert, delete, replace, swap of neighbours) between two short words. */
static unsigned distance(const char *a, const char *b)
{
	uint8_t d[LONGEST_WORD + 1][LONGEST_WORD + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > LONGEST_WORD || m > LONGEST_WORD)
		return LONGEST_WORD;
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (uint8_t)(i + j);
				continue;
			}
			d[i][j] =
				least(d[i - 1][j] + 1u, d[i][j - 1] + 1u,
				      d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1u, d[i][j]);
		}
	return d[n][m];
}

static bool starts(const char *name, const char *word)
{
	size_t len = strlen(word);

	return len > 1 && strncmp(name, word, len) == 0;
}

const char *opt_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned limit = strlen(word) < 5 ? 2 : 3, d;

	for (size_t i = 0; i < n; i++) {
		d = starts(names[i], word) ? 1 : distance(word, names[i]);
		if (d < limit && d < strlen(names[i])) {
			limit = d;
			best = names[i];
		}
	}
	return best;
}

/* The option that is most like `word`, of which a value behind "=" is no part. */
static const char *nearest_option(const struct opts *o, const char *word)
{
	const char *names[128];
	char name[64];
	size_t n = 0;

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);

	for (size_t i = 0; i < OPT_TABLES; i++)
		for (const struct opt *t = o->tables[i]; t && t->name; t++)
			if (n < array_size(names) && opt_is_shown(t))
				names[n++] = t->name;
	return opt_nearest(name, names, n);
}

static int unknown(const struct opts *o, const char *word, struct diag *reterr)
{
	const char *near =
		strncmp(word, "--", 2) == 0 ? nearest_option(o, word + 2) : NULL;
	char q[80];

	str_quote(q, sizeof(q), span_of(word));
	if (near)
		return diag_set(reterr, DIAG_OPTION, EINVAL,
				"Unknown option %s; did you mean --%s?", q, near);
	return diag_set(reterr, DIAG_OPTION, EINVAL, "Unknown option %s.", q);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (len && strncmp(p, value, len) == 0 && (p[len] == '|' || !p[len]))
			return true;
	}
	return false;
}

/* "enforce|log": "--mode is one of enforce, log, not fix." */
static int no_choice(const struct opt *opt, const char *value, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf words = {0};
	char q[80];

	for (const char *c = opt->metavar; *c; c++)
		strbuf_addf(&words, *c == '|' ? ", " : "%c", *c);
	return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s is one of %s, not %s.",
			opt->name, strbuf_str(&words),
			str_quote(q, sizeof(q), span_of(value)));
}

static int add(struct opts *o, const struct opt *opt, const char *value,
	       struct diag *reterr)
{
	struct opt_given *g = &o->given[o->n_given];
	char q[80];

	*g = (struct opt_given){.opt = opt, .value = value};
	if (opt->kind == OPT_NUMBER && str_to_u64(span_of(value), &g->number) < 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"--%s wants a number, not %s.", opt->name,
				str_quote(q, sizeof(q), span_of(value)));
	if (opt->kind == OPT_CHOICE && !is_choice(opt->metavar, value))
		return no_choice(opt, value, reterr);
	o->n_given++;
	return 0;
}

static int missing(const struct opt *opt, struct diag *reterr)
{
	return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s needs a value: --%s=%s.",
			opt->name, opt->name, opt->metavar);
}

/* @word is "--name" or "--name=value"; @next the word after it or NULL. Returns how many
 * words after @word were used. */
static int parse_long(struct opts *o, const char *word, const char *next,
		      struct diag *reterr)
{
	const char *name = word + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct opt *opt = find(o, name, len);
	int r;

	if (!opt)
		return unknown(o, word, reterr);
	if (value && !opt_takes_value(opt))
		return diag_set(reterr, DIAG_VALUE, EINVAL, "--%s takes no value.",
				opt->name);
	if (value || !opt_takes_value(opt))
		return add(o, opt, value ? value + 1 : NULL, reterr);
	if (!next)
		return missing(opt, reterr);
	r = add(o, opt, next, reterr);
	return r < 0 ? r : 1;
}

/* @word is "-x...". */
static int parse_letters(struct opts *o, const char *word, const char *next,
			 struct diag *reterr)
{
	const struct opt *opt;
	int r = 0;

	for (const char *p = word + 1; *p && r >= 0; p++) {
		opt = find_letter(o, *p);
		if (!opt)
			return unknown(o, word, reterr);
		if (!opt_takes_value(opt)) {
			r = add(o, opt, NULL, reterr);
			continue;
		}
		if (p[1])
			return add(o, opt, p + 1, reterr);
		if (!next)
			return missing(opt, reterr);
		r = add(o, opt, next, reterr);
		return r < 0 ? r : 1;
	}
	return r;
}

static int reserve(struct opts *o, int argc, const char *const *argv, struct diag *reterr)
{
	size_t n = 1;

	/* -xyz is three options in one word. */
	for (int i = 0; i < argc; i++)
		n += strlen(argv[i]) + 1;
	o->given = calloc(n, sizeof(*o->given));
	o->args = calloc((size_t)argc + 1, sizeof(*o->args));
	if (!o->given || !o->args) {
		opt_done(o);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	return 0;
}

/* The word after argv[i], NULL where it is the command or the end. */
static const char *value_after(int argc, const char *const *argv, const bool *skip, int i)
{
	return i + 1 < argc && !(skip && skip[i + 1]) ? argv[i + 1] : NULL;
}

int opt_parse(struct opts *o, int argc, const char *const *argv, const bool *skip,
	      struct diag *reterr)
{
	bool ended = false;
	int r = reserve(o, argc, argv, reterr);

	for (int i = 0; i < argc && r >= 0; i++) {
		const char *word = argv[i];

		if (skip && skip[i])
			continue;
		r = 0;
		if (ended || word[0] != '-' || !word[1])
			o->args[o->n_args++] = word;
		else if (strcmp(word, "--") == 0)
			ended = true;
		else if (word[1] == '-')
			r = parse_long(o, word, value_after(argc, argv, skip, i), reterr);
		else
			r = parse_letters(o, word, value_after(argc, argv, skip, i),
					  reterr);
		i += r > 0;
	}
	return r < 0 ? r : 0;
}

void opt_done(struct opts *o)
{
	free(o->given);
	free(o->args);
	*o = (struct opts){0};
}

static const struct opt_given *last(const struct opts *o, const char *name)
{
	const struct opt *opt = find(o, name, strlen(name));

	assert(opt); /* a command asked for an option that its table lacks */
	for (size_t i = o->n_given; i-- > 0;)
		if (o->given[i].opt == opt)
			return &o->given[i];
	return NULL;
}

bool opt_flag(const struct opts *o, const char *name)
{
	return last(o, name) != NULL;
}

const char *opt_str(const struct opts *o, const char *name, const char *fallback)
{
	const struct opt_given *g = last(o, name);

	return g ? g->value : fallback;
}

uint64_t opt_u64(const struct opts *o, const char *name, uint64_t fallback)
{
	const struct opt_given *g = last(o, name);

	return g ? g->number : fallback;
}

const char *opt_nth(const struct opts *o, const char *name, size_t i)
{
	const struct opt *opt = find(o, name, strlen(name));

	assert(opt);
	for (size_t k = 0; k < o->n_given; k++)
		if (o->given[k].opt == opt && i-- == 0)
			return o->given[k].value;
	return NULL;
}
