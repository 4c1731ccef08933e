/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/accessdiff.h"

#include <errno.h>
#include <stdlib.h>

#include "core/policy/accessdiff-internal.h"
#include "core/base/cleanup.h"

/* What is done with an access, of one class. */
struct decision {
	bool does, signature, modsig, sigv3, verity, directio, has_pcr;
	uint8_t pcr;
	uint32_t algos;
	struct span template;
};

struct cell_change {
	uint16_t from, to; /* indexes of decisions */
};

enum { DECISIONS = 4096 };

struct box {
	uint64_t bits[_ACCESSDIM_MAX];
};

struct work {
	const struct policy *policies[2];
	struct accessworld *world;
	struct decision *decisions;
	size_t n_decisions;
	struct cell_change *cells; /* of the class that is looked at */
	size_t size;
	struct accessdiff *ret;
	int err;
};

static struct decision decide(const struct policymatch_result *r, enum policy_class class)
{
	struct decision d = {.does = r->by[class].does};

	if (!d.does)
		return d;
	d.verity = r->verity && class != POLICY_CLASS_AUDIT;
	if (class == POLICY_CLASS_APPRAISE) {
		d.signature = r->signature;
		d.modsig = r->modsig;
		d.sigv3 = r->sigv3;
		d.algos = r->algos;
		d.directio = r->directio;
	}
	if (class == POLICY_CLASS_MEASURE) {
		d.has_pcr = r->has_pcr;
		d.pcr = r->has_pcr ? r->pcr : 0;
		d.template = r->template;
	}
	return d;
}

static bool same_decision(const struct decision *a, const struct decision *b)
{
	return a->does == b->does && a->signature == b->signature &&
	       a->modsig == b->modsig && a->sigv3 == b->sigv3 && a->verity == b->verity &&
	       a->directio == b->directio && a->has_pcr == b->has_pcr &&
	       a->pcr == b->pcr && a->algos == b->algos &&
	       span_equal(a->template, b->template);
}

static uint16_t intern(struct work *w, const struct decision *d)
{
	size_t i = 0;

	while (i < w->n_decisions && !same_decision(&w->decisions[i], d))
		i++;
	if (i == DECISIONS) { /* a policy of thousands of templates */
		w->ret->rough = true;
		return DECISIONS - 1;
	}
	if (i == w->n_decisions)
		w->decisions[w->n_decisions++] = *d;
	return (uint16_t)i;
}

static void step(const struct accessworld *w, size_t at[_ACCESSDIM_MAX])
{
	for (int d = 0; d < _ACCESSDIM_MAX; d++) {
		if (++at[d] < w->n[d])
			return;
		at[d] = 0;
	}
}

/* Every access of the world is put to both policies; cells of each class lie one behind
 * the other. */
static void ask(struct work *w)
{
	size_t at[_ACCESSDIM_MAX] = {0};

	for (size_t i = 0; i < w->size; i++, step(w->world, at)) {
		struct policymatch_access access;
		struct policymatch_result r[2];
		struct span labels[6];

		accessworld_access(w->world, at, &access, labels);
		for (int p = 0; p < 2; p++)
			policymatch_decide(w->policies[p], &access, &r[p]);
		for (int c = 0; c < _POLICY_CLASS_MAX; c++) {
			struct decision from = decide(&r[0], c), to = decide(&r[1], c);

			w->cells[(size_t)c * w->size + i] =
				(struct cell_change){intern(w, &from), intern(w, &to)};
		}
	}
}

static void say_algos(struct strbuf *out, uint32_t algos)
{
	const char *before = ", hashed with ";

	for (int alg = 0; alg < _HASH_ALG_MAX; alg++) {
		if (!(algos >> alg & 1))
			continue;
		strbuf_addf(out, "%s%s", before, hash_alg_name(alg));
		before = " or ";
	}
}

static void say_decision(struct strbuf *out, const struct decision *d,
			 enum policy_class class)
{
	static const char *const done[_POLICY_CLASS_MAX] = {
		[POLICY_CLASS_MEASURE] = "measured",
		[POLICY_CLASS_APPRAISE] = "appraised",
		[POLICY_CLASS_AUDIT] = "audited",
		[POLICY_CLASS_HASH] = "hashed",
	};

	strbuf_addf(out, "%s%s", d->does ? "" : "not ", done[class]);
	if (d->signature)
		strbuf_addf(out, ", a signature is wanted%s",
			    d->sigv3	? " (version 3)"
			    : d->modsig ? " or an appended one"
					: "");
	say_algos(out, d->algos);
	if (d->verity)
		strbuf_adds(out, ", by fs-verity");
	if (d->directio)
		strbuf_adds(out, ", direct I/O let pass");
	if (d->has_pcr)
		strbuf_addf(out, ", into PCR %u", d->pcr);
	if (d->template.len) {
		strbuf_adds(out, ", template ");
		strbuf_add(out, d->template.ptr, d->template.len);
	}
}

static void emit(struct work *w, enum policy_class class, struct cell_change change,
		 const struct box *box)
{
	struct accessdiff *d = w->ret;
	struct accessdiff_change *more;

	more = reallocarray(d->changes, d->n + 1, sizeof(*more));
	if (!more) {
		w->err = -ENOMEM;
		return;
	}
	d->changes = more;
	more = &d->changes[d->n++];
	*more = (struct accessdiff_change){
		.class = class,
		.before = w->decisions[change.from].does,
		.after = w->decisions[change.to].does,
		.what = d->texts.len,
	};
	accessworld_say(&d->texts, w->world, box->bits);
	strbuf_addc(&d->texts, '\0');
	more->was = d->texts.len;
	say_decision(&d->texts, &w->decisions[change.from], class);
	strbuf_addc(&d->texts, '\0');
	more->is = d->texts.len;
	say_decision(&d->texts, &w->decisions[change.to], class);
	strbuf_addc(&d->texts, '\0');
}

static uint64_t mix(uint64_t v)
{
	v = (v ^ (v >> 31)) * 0x9e3779b97f4a7c15ull;
	v = (v ^ (v >> 29)) * 0xbf58476d1ce4e5b9ull;
	return v ^ (v >> 32);
}

/* What of a box changes in one way: the smallest box around it, and what each value has
 * in common with others. */
struct look {
	struct box hull;
	size_t cells;
	/* of the places of the cells with this value, without it; equal: the same places */
	uint64_t pattern[_ACCESSDIM_MAX][ACCESSDIFF_VALUES];
};

static bool inside(const struct box *box, const size_t at[_ACCESSDIM_MAX])
{
	for (int d = 0; d < _ACCESSDIM_MAX; d++)
		if (!(box->bits[d] >> at[d] & 1))
			return false;
	return true;
}

static void look_at(const struct work *w, const struct cell_change *cells,
		    struct cell_change change, const struct box *box, struct look *ret)
{
	size_t at[_ACCESSDIM_MAX] = {0};

	*ret = (struct look){0};
	for (size_t i = 0; i < w->size; i++, step(w->world, at)) {
		size_t stride = 1;

		if (cells[i].from != change.from || cells[i].to != change.to ||
		    !inside(box, at))
			continue;
		ret->cells++;
		for (int d = 0; d < _ACCESSDIM_MAX; d++) {
			ret->hull.bits[d] |= 1ull << at[d];
			ret->pattern[d][at[d]] += mix(i - at[d] * stride + 1);
			stride *= w->world->n[d];
		}
	}
}

static size_t hull_size(const struct box *hull)
{
	size_t size = 1;

	for (int d = 0; d < _ACCESSDIM_MAX; d++)
		size *= (size_t)__builtin_popcountll(hull->bits[d]);
	return size;
}

/* The values of a dimension that are alike, one group at a time; 0: none is left. */
static uint64_t next_group(const struct look *l, int dim, uint64_t left)
{
	uint64_t group = 0, like;

	if (!left)
		return 0;
	like = l->pattern[dim][__builtin_ctzll(left)];
	for (uint64_t rest = left; rest; rest &= rest - 1)
		if (l->pattern[dim][__builtin_ctzll(rest)] == like)
			group |= rest & -rest;
	return group;
}

static size_t count_groups(const struct look *l, int dim)
{
	size_t n = 0;

	for (uint64_t left = l->hull.bits[dim]; left; n++)
		left &= ~next_group(l, dim, left);
	return n;
}

/* Along which a box falls into the fewest parts; one that is none falls apart somewhere. */
static int widest_split(const struct look *l)
{
	size_t least = SIZE_MAX, n;
	int dim = 0;

	for (int d = 0; d < _ACCESSDIM_MAX; d++) {
		n = count_groups(l, d);
		if (n > 1 && n < least) {
			least = n;
			dim = d;
		}
	}
	return dim;
}

enum { STACK = 4096 };

/* One way of changing, as boxes: what is not one is divided until it is. */
static void sentences(struct work *w, enum policy_class class, struct cell_change change)
{
	const struct cell_change *cells = w->cells + (size_t) class * w->size;
	_cleanup_free_ struct box *stack = calloc(STACK, sizeof(*stack));
	_cleanup_free_ struct look *l = calloc(1, sizeof(*l));
	size_t n = 1;

	if (!stack || !l) {
		w->err = -ENOMEM;
		return;
	}
	memset(&stack[0], 0xff, sizeof(stack[0]));
	while (n && w->err == 0) {
		struct box box = stack[--n];
		int dim;

		if (w->ret->n == ACCESSDIFF_SENTENCES || n + ACCESSDIFF_VALUES > STACK) {
			w->ret->rough = true;
			return;
		}
		look_at(w, cells, change, &box, l);
		if (l->cells == hull_size(&l->hull)) {
			emit(w, class, change, &l->hull);
			continue;
		}
		dim = widest_split(l);
		for (uint64_t left = l->hull.bits[dim], group; left; left &= ~group) {
			group = next_group(l, dim, left);
			stack[n] = l->hull;
			stack[n++].bits[dim] = group;
		}
	}
}

static void changes_of(struct work *w, enum policy_class class)
{
	const struct cell_change *cells = w->cells + (size_t) class * w->size;
	_cleanup_free_ bool *seen = calloc(w->n_decisions * w->n_decisions + 1, 1);

	if (!seen) {
		w->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < w->size && w->err == 0; i++) {
		size_t at = cells[i].from * w->n_decisions + cells[i].to;

		if (cells[i].from == cells[i].to || seen[at])
			continue;
		seen[at] = true;
		sentences(w, class, cells[i]);
	}
}

static int compare_world(struct work *w, const struct policy_kernel *kernel, bool data)
{
	_cleanup_free_ struct accessworld *world = calloc(1, sizeof(*world));
	_cleanup_free_ struct decision *decisions = calloc(DECISIONS, sizeof(*decisions));
	_cleanup_free_ struct cell_change *cells = NULL;

	if (!world || !decisions)
		return -ENOMEM;
	accessworld_init(world, w->policies, kernel, data);
	w->ret->rough |= world->rough;
	w->size = accessworld_size(world);
	cells = calloc(w->size * _POLICY_CLASS_MAX, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	w->world = world;
	w->decisions = decisions;
	w->n_decisions = 0;
	w->cells = cells;
	ask(w);
	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		changes_of(w, c);
	return w->ret->texts.failed ? -ENOMEM : w->err;
}

/* The first rule for setting security.ima counts: ima_policy.c ima_init_policy(). */
static uint32_t setxattr_algos(const struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rules[i].refused &&
		    p->rules[i].func == POLICY_FUNC_SETXATTR_CHECK)
			return p->rules[i].algos;
	return 0;
}

static void compare_setxattr(struct work *w)
{
	uint32_t algos[2] = {setxattr_algos(w->policies[0]),
			     setxattr_algos(w->policies[1])};
	struct accessdiff *d = w->ret;
	struct accessdiff_change *more;

	if (algos[0] == algos[1])
		return;
	more = reallocarray(d->changes, d->n + 1, sizeof(*more));
	if (!more) {
		w->err = -ENOMEM;
		return;
	}
	d->changes = more;
	more = &d->changes[d->n++];
	*more = (struct accessdiff_change){
		POLICY_CLASS_APPRAISE, algos[0] != 0, algos[1] != 0, d->texts.len, 0, 0};
	strbuf_adds(&d->texts, "values set as security.ima");
	strbuf_addc(&d->texts, '\0');
	for (int p = 0; p < 2; p++) {
		*(p ? &more->is : &more->was) = d->texts.len;
		strbuf_adds(&d->texts,
			    algos[p] ? "taken" : "taken, hashed with anything");
		say_algos(&d->texts, algos[p]);
		strbuf_addc(&d->texts, '\0');
	}
}

int accessdiff_run(const struct policy *from, const struct policy *to,
		   const struct policy_kernel *kernel, struct accessdiff *ret,
		   struct diag *reterr)
{
	struct accessdiff found = {0};
	struct work w = {.policies = {from, to}, .ret = &found};
	int r = compare_world(&w, kernel, false);

	if (r == 0)
		r = compare_world(&w, kernel, true);
	if (r == 0)
		compare_setxattr(&w);
	if (r < 0 || w.err < 0 || found.texts.failed) {
		accessdiff_done(&found);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM,
				"no memory for a comparison");
	}
	*ret = found;
	return 0;
}

void accessdiff_done(struct accessdiff *d)
{
	free(d->changes);
	strbuf_done(&d->texts);
	*d = (struct accessdiff){0};
}
