/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens -> program. Two passes over a flat list; operators wait on a stack
 * (shunting-yard), and a sub-expression is a pair of sets: the tests that leave it when
 * true and when false. Joining two of them fills in where those jump, so no tree is made
 * and nothing recurses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/list/filter-compiler.h"

/* The tests whose true or false edge leaves the fragment; under NOT a test's false edge is
 * the fragment's true exit. */
struct exits {
	uint64_t true_edge, false_edge;
};

struct fragment {
	uint8_t start;
	struct exits on_true, on_false;
};

static int no_memory(struct compiler *c)
{
	return diag_set(c->reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
}

struct stacks {
	enum token op[FILTER_TOKENS_MAX];
	unsigned column[FILTER_TOKENS_MAX];
	size_t n_ops;
	struct fragment frag[FILTER_TESTS_MAX + 1];
	size_t n_frags;
};

static void patch(struct filter *f, const struct exits *from, uint8_t target)
{
	for (size_t i = 0; i < f->n; i++) {
		if (from->true_edge & ((uint64_t)1 << i))
			f->test[i].on_true = target;
		if (from->false_edge & ((uint64_t)1 << i))
			f->test[i].on_false = target;
	}
}

static struct exits both(struct exits a, struct exits b)
{
	return (struct exits){a.true_edge | b.true_edge, a.false_edge | b.false_edge};
}

static void apply(struct filter *f, struct stacks *s, enum token op)
{
	struct fragment *b = &s->frag[s->n_frags - 1], *a = b - 1;

	if (op == NOT) {
		struct exits swap = b->on_true;

		b->on_true = b->on_false;
		b->on_false = swap;
		return;
	}
	if (op == OR) {
		patch(f, &a->on_false, b->start);
		a->on_true = both(a->on_true, b->on_true);
		a->on_false = b->on_false;
	} else {
		patch(f, &a->on_true, b->start);
		a->on_true = b->on_true;
		a->on_false = both(a->on_false, b->on_false);
	}
	s->n_frags--;
}

static int strength(enum token op)
{
	return op == NOT ? 3 : op == AND ? 2 : op == OR ? 1 : 0;
}

static void apply_down_to(struct filter *f, struct stacks *s, int at_least)
{
	while (s->n_ops && strength(s->op[s->n_ops - 1]) >= at_least)
		apply(f, s, s->op[--s->n_ops]);
}

static void push_op(struct stacks *s, enum token op, unsigned column)
{
	s->column[s->n_ops] = column;
	s->op[s->n_ops++] = op;
}

static void push_test(struct stacks *s, size_t test)
{
	uint64_t bit = (uint64_t)1 << test;

	s->frag[s->n_frags++] = (struct fragment){.start = (uint8_t)test,
						  .on_true = {.true_edge = bit},
						  .on_false = {.false_edge = bit}};
}

static int close_paren(struct compiler *c, struct stacks *s, unsigned column)
{
	apply_down_to(c->f, s, 1);
	if (!s->n_ops)
		return filter_wrong(c, column, "This parenthesis was never opened.");
	s->n_ops--;
	return 0;
}

/* One token; @operand says whether a term must come here. */
static int feed(struct compiler *c, struct stacks *s, size_t i, size_t *test,
		bool *operand)
{
	enum token t = c->token[i];

	if (!*operand && (t == TEST || t == NOT || t == OPEN)) { /* side by side: AND */
		apply_down_to(c->f, s, strength(AND));
		push_op(s, AND, c->column[i]);
		*operand = true;
	}
	if (*operand && (t == AND || t == OR || t == CLOSE))
		return filter_wrong(c, c->column[i], "A term is missing here.");
	if (t == TEST) {
		push_test(s, (*test)++);
		*operand = false;
	} else if (t == CLOSE) {
		return close_paren(c, s, c->column[i]);
	} else {
		if (t == AND || t == OR)
			apply_down_to(c->f, s, strength(t));
		push_op(s, t, c->column[i]);
		*operand = true;
	}
	return 0;
}

static int assemble(struct compiler *c)
{
	_cleanup_free_ struct stacks *s = calloc(1, sizeof(*s));
	bool operand = true;
	size_t test = 0;

	if (!s)
		return no_memory(c);
	for (size_t i = 0; i < c->n; i++) {
		int r = feed(c, s, i, &test, &operand);

		if (r < 0)
			return r;
	}
	if (operand && c->n)
		return filter_wrong(c, c->len, "A term is missing at the end.");
	apply_down_to(c->f, s, 1);
	if (s->n_ops)
		return filter_wrong(c, s->column[s->n_ops - 1],
				    "This parenthesis is never closed.");
	if (s->n_frags) {
		patch(c->f, &s->frag[0].on_true, FILTER_ACCEPT);
		patch(c->f, &s->frag[0].on_false, FILTER_REJECT);
		c->f->start = s->frag[0].start;
	} else {
		c->f->start = FILTER_ACCEPT;
	}
	return 0;
}

static bool must_quote(const struct filter_test *t, bool word)
{
	enum filter_field flag =
		word ? filter_field_named(t->text, t->len) : _FILTER_FIELD_INVALID;

	if (strcmp(t->text, "and") == 0 || strcmp(t->text, "or") == 0 ||
	    strcmp(t->text, "not") == 0 || strcmp(t->text, "-") == 0 || t->text[0] == '/')
		return true;
	if (flag >= 0)
		return true;
	for (size_t i = 0; i < t->len; i++) {
		unsigned char ch = (unsigned char)t->text[i];

		if (ch <= ' ' || ch >= 0x7f || strchr("()\"!=~<>\\", ch))
			return true;
	}
	return false;
}

static void print_text(const struct filter_test *t, bool word, struct strbuf *out)
{
	if (!must_quote(t, word)) {
		strbuf_add(out, t->text, t->len);
		return;
	}
	strbuf_addc(out, '"');
	for (size_t i = 0; i < t->len; i++) {
		unsigned char ch = (unsigned char)t->text[i];

		if (ch == '"' || ch == '\\')
			strbuf_addf(out, "\\%c", ch);
		else if (ch < ' ' || ch >= 0x7f)
			strbuf_addf(out, "\\x%02x", ch);
		else
			strbuf_addc(out, (char)ch);
	}
	strbuf_addc(out, '"');
}

static void print_test(const struct filter_test *t, struct strbuf *out)
{
	if (t->field != FILTER_WORD) {
		strbuf_adds(out, filter_field_name(t->field));
		if (!t->text && !t->regex) /* a flag by its name alone */
			return;
		strbuf_adds(out, filter_op_text(t->op));
	}
	if (t->regex)
		strbuf_adds(out, t->source);
	else if (t->none)
		strbuf_addc(out, '-');
	else
		print_text(t, t->field == FILTER_WORD, out);
}

static int print(struct compiler *c)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	size_t test = 0;

	for (size_t i = 0; i < c->n; i++) {
		enum token t = c->token[i], last = i ? c->token[i - 1] : OPEN;

		if (last != OPEN && last != NOT && t != CLOSE)
			strbuf_addc(&b, ' ');
		if (t == TEST)
			print_test(&c->f->test[test++], &b);
		else
			strbuf_adds(&b, t == AND    ? "and"
					: t == OR   ? "or"
					: t == NOT  ? "!"
					: t == OPEN ? "("
						    : ")");
	}
	c->f->text = b.len ? strbuf_take(&b) : strdup("");
	return c->f->text ? 0 : no_memory(c);
}

/* A substring of the path that every entry that passes must have: tests in a row from the
 * start, each of which rejects when it fails. The longest one is the rarest. */
static void find_needle(struct filter *f)
{
	f->needle = -1;
	for (size_t i = f->start; i < f->n; i = f->test[i].on_true) {
		const struct filter_test *t = &f->test[i];

		if (t->on_false != FILTER_REJECT)
			return;
		if ((t->field == FILTER_WORD || t->field == FILTER_PATH) &&
		    t->op == FILTER_OP_HAS && !t->regex && !t->hex_word &&
		    (f->needle < 0 || t->len > f->test[f->needle].len))
			f->needle = (int)i;
	}
}

int filter_new(const char *text, struct filter **ret, struct diag *reterr)
{
	_cleanup_(filter_freep) struct filter *f = calloc(1, sizeof(*f));
	_cleanup_free_ struct compiler *c = calloc(1, sizeof(*c));
	int r;

	if (!f || !c)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	*c = (struct compiler){.f = f,
			       .text = text,
			       .len = strlen(text),
			       .reterr = reterr};
	r = filter_tokenize(c);
	if (r >= 0)
		r = assemble(c);
	if (r >= 0)
		r = print(c);
	if (r < 0)
		return r;
	find_needle(f);
	*ret = take_ptr(f);
	return 0;
}

struct filter *filter_free(struct filter *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < f->n; i++) {
		free(f->test[i].text);
		free(f->test[i].source);
		if (f->test[i].regex)
			regfree(&f->test[i].re);
	}
	free(f->text);
	free(f);
	return NULL;
}
