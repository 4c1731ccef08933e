/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policydiff.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/sip.h"
#include "core/policy/rulecover.h"

enum { PAIRED_MAX = 1000 }; /* rules of either side that are compared, each with each */

static const char *const kinds[_POLICYDIFF_KIND_MAX] = {
	[POLICYDIFF_REMOVED] = "removed",
	[POLICYDIFF_ADDED] = "added",
	[POLICYDIFF_CHANGED] = "changed",
	[POLICYDIFF_MOVED] = "moved",
};

/* A rule by what the kernel would print of it. */
struct print {
	uint64_t hash[2];
	size_t rule;
};

struct side {
	const struct policy *policy;
	struct print *prints; /* sorted */
	size_t *other;	      /* the rule of the other side that is the same; SIZE_MAX */
};

struct work {
	struct side from, to;
	bool *stays; /* of .from: its order among the others that stay is the same */
	struct policydiff *ret;
	size_t cap;
	int err;
};

static int by_hash(const void *a, const void *b)
{
	const struct print *x = a, *y = b;
	int c = memcmp(x->hash, y->hash, sizeof(x->hash));

	return c ? c : x->rule < y->rule ? -1 : 1;
}

static int print_side(struct side *s, const struct policy *policy, const uint64_t key[2])
{
	size_t n = policy->n_rules;
	_cleanup_strbuf_ struct strbuf text = {0};
	struct sip sip;

	s->policy = policy;
	s->prints = calloc(n + 1, sizeof(*s->prints));
	s->other = malloc((n + 1) * sizeof(*s->other));
	if (!s->prints || !s->other)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		strbuf_clear(&text);
		policy_print(&text, &policy->rules[i]);
		sip_start(&sip, key);
		sip_add_span(&sip, strbuf_span(&text));
		sip_end(&sip, s->prints[i].hash);
		s->prints[i].rule = i;
		s->other[i] = SIZE_MAX;
	}
	qsort(s->prints, n, sizeof(*s->prints), by_hash);
	return text.failed ? -ENOMEM : 0;
}

/* Rules that are the same: of several the first with the first. */
static void match(struct side *a, struct side *b)
{
	size_t i = 0, j = 0;

	while (i < a->policy->n_rules && j < b->policy->n_rules) {
		const struct print *x = &a->prints[i], *y = &b->prints[j];
		int c = memcmp(x->hash, y->hash, sizeof(x->hash));

		if (c == 0) {
			a->other[x->rule] = y->rule;
			b->other[y->rule] = x->rule;
		}
		i += c <= 0;
		j += c >= 0;
	}
}

/* The longest run of rules whose order is the same on both sides stays; the others moved.
 * (The longest increasing subsequence, by patience.) */
static int find_moves(struct work *w)
{
	size_t n = w->from.policy->n_rules, piles = 0, low, high, mid;
	const size_t *to = w->from.other;
	_cleanup_free_ size_t *top = malloc((n + 1) * sizeof(*top));
	_cleanup_free_ size_t *before = malloc((n + 1) * sizeof(*before));

	w->stays = calloc(n + 1, sizeof(*w->stays));
	if (!top || !before || !w->stays)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (to[i] == SIZE_MAX)
			continue;
		for (low = 0, high = piles; low < high;) {
			mid = low + (high - low) / 2;
			if (to[top[mid]] < to[i])
				low = mid + 1;
			else
				high = mid;
		}
		before[i] = low ? top[low - 1] : SIZE_MAX;
		top[low] = i;
		piles += low == piles;
	}
	for (size_t i = piles ? top[piles - 1] : SIZE_MAX; i != SIZE_MAX; i = before[i])
		w->stays[i] = true;
	return 0;
}

static void add(struct work *w, struct policydiff_change change)
{
	struct policydiff *d = w->ret;
	struct policydiff_change *more;

	if (w->err < 0)
		return;
	if (d->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 16;
		more = reallocarray(d->changes, w->cap, sizeof(*more));
		if (!more) {
			w->err = -ENOMEM;
			return;
		}
		d->changes = more;
	}
	d->changes[d->n++] = change;
}

static bool same_value(const struct policy_rule *a, const struct policy_rule *b,
		       enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		return a->func == b->func;
	case POLICY_KEY_FSMAGIC:
		return a->fsmagic == b->fsmagic;
	case POLICY_KEY_APPRAISE_ALGOS:
		return a->algos == b->algos;
	default:
		return a->ids[key].op == b->ids[key].op &&
		       span_equal(a->values[key], b->values[key]);
	}
}

static uint32_t differing(const struct policy_rule *a, const struct policy_rule *b)
{
	uint32_t keys = a->keys ^ b->keys;

	for (int k = 0; k < _POLICY_KEY_MAX; k++)
		if (policy_has(a, k) && policy_has(b, k) && !same_value(a, b, k))
			keys |= 1u << k;
	return keys;
}

/* Does it make a difference which of them comes first? */
static bool order_counts(const struct policy_rule *a, const struct policy_rule *b)
{
	uint32_t options = 0;

	if (a->refused || b->refused ||
	    policy_action_class(a->action) != policy_action_class(b->action) ||
	    rulecover_disjoint(a, b))
		return false;
	for (int k = 0; k < _POLICY_KEY_MAX; k++)
		options |= (uint32_t)!rulecover_is_condition(k) << k;
	return a->action != b->action || (differing(a, b) & options);
}

static bool move_matters(const struct work *w, size_t from)
{
	const size_t *to = w->from.other;
	const struct policy_rule *rules = w->from.policy->rules;

	for (size_t i = 0; i < w->from.policy->n_rules; i++)
		if (to[i] != SIZE_MAX && i != from && (i < from) != (to[i] < to[from]) &&
		    order_counts(&rules[i], &rules[from]))
			return true;
	return false;
}

static bool same_spelling(const struct work *w, size_t from)
{
	return span_equal(w->from.policy->rules[from].text,
			  w->to.policy->rules[w->from.other[from]].text);
}

/* The rule of the other side that differs in one option alone; it counts as paired then. */
static size_t partner(const struct work *w, size_t from, const bool *paired)
{
	const struct policy_rule *a = &w->from.policy->rules[from];

	for (size_t j = 0; j < w->to.policy->n_rules; j++) {
		const struct policy_rule *b = &w->to.policy->rules[j];

		if (w->to.other[j] == SIZE_MAX && !paired[j] && a->action == b->action &&
		    !a->refused && !b->refused &&
		    __builtin_popcount(differing(a, b)) == 1)
			return j;
	}
	return SIZE_MAX;
}

static void changes_of_from(struct work *w, bool *paired)
{
	size_t left = PAIRED_MAX;

	for (size_t i = 0; i < w->from.policy->n_rules; i++) {
		size_t to = w->from.other[i];

		if (to != SIZE_MAX) {
			w->ret->spelled += !same_spelling(w, i);
			if (!w->stays[i])
				add(w, (struct policydiff_change){POLICYDIFF_MOVED, i, to,
								  0, move_matters(w, i)});
			continue;
		}
		to = left ? partner(w, i, paired) : SIZE_MAX;
		left -= left > 0;
		if (to == SIZE_MAX) {
			add(w, (struct policydiff_change){POLICYDIFF_REMOVED, i, to});
			continue;
		}
		paired[to] = true;
		add(w, (struct policydiff_change){POLICYDIFF_CHANGED, i, to,
						  differing(&w->from.policy->rules[i],
							    &w->to.policy->rules[to])});
	}
}

static int find_changes(struct work *w)
{
	size_t n = w->to.policy->n_rules;
	_cleanup_free_ bool *paired = calloc(n + 1, sizeof(*paired));

	if (!paired)
		return -ENOMEM;
	changes_of_from(w, paired);
	for (size_t j = 0; j < n; j++)
		if (w->to.other[j] == SIZE_MAX && !paired[j])
			add(w, (struct policydiff_change){POLICYDIFF_ADDED, SIZE_MAX, j});
	return w->err;
}

static void work_done(struct work *w)
{
	free(w->from.prints);
	free(w->from.other);
	free(w->to.prints);
	free(w->to.other);
	free(w->stays);
}

int policydiff_run(const struct policy *from, const struct policy *to,
		   struct policydiff *ret, struct diag *reterr)
{
	struct policydiff found = {0};
	_cleanup_(work_done) struct work w = {.ret = &found};
	uint64_t key[2];
	int r;

	sip_new_key(key);
	r = print_side(&w.from, from, key);
	if (r == 0)
		r = print_side(&w.to, to, key);
	if (r == 0) {
		match(&w.from, &w.to);
		r = find_moves(&w);
	}
	if (r == 0)
		r = find_changes(&w);
	if (r < 0) {
		policydiff_done(&found);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM,
				"no memory for a comparison");
	}
	*ret = found;
	return 0;
}

void policydiff_done(struct policydiff *d)
{
	free(d->changes);
	*d = (struct policydiff){0};
}

bool policydiff_same(const struct policydiff *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->changes[i].kind != POLICYDIFF_MOVED || d->changes[i].matters)
			return false;
	return true;
}

/* The next line that is none of a rule; false: there are no more. */
static bool next_comment(struct bytes *in, struct span *ret)
{
	while (bytes_left(in)) {
		if (!bytes_until(in, '\n', ret))
			(void)bytes_take(in, bytes_left(in), ret);
		if (!policy_line_is_rule(*ret))
			return true;
	}
	return false;
}

bool policydiff_comments(struct span from, struct span to)
{
	struct bytes a = bytes_of(from.ptr, from.len), b = bytes_of(to.ptr, to.len);
	struct span x = {0}, y = {0};
	bool more, other;

	do {
		more = next_comment(&a, &x);
		other = next_comment(&b, &y);
		if (more != other || (more && !span_equal(x, y)))
			return true;
	} while (more);
	return false;
}

const char *policydiff_kind_word(enum policydiff_kind kind)
{
	return kinds[kind];
}
