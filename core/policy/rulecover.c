/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/rulecover.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/sip.h"

#define KEY(id)	   (1u << POLICY_KEY_##id)
#define LIST_KEYS  (KEY(KEYRINGS) | KEY(LABEL))
#define IS_ID(key) ((key) >= POLICY_KEY_UID && (key) <= POLICY_KEY_FGROUP)
#define NO_ENTRY   UINT32_MAX

bool rulecover_is_condition(enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_PCR:
	case POLICY_KEY_TEMPLATE:
	case POLICY_KEY_APPRAISE_TYPE:
	case POLICY_KEY_APPRAISE_ALGOS:
	case POLICY_KEY_APPRAISE_FLAG:
	case POLICY_KEY_DIGEST_TYPE:
	case POLICY_KEY_PERMIT_DIRECTIO:
		return false;
	default:
		return true;
	}
}

bool rulecover_apart(enum policy_func func)
{
	return func == POLICY_FUNC_KEY_CHECK || func == POLICY_FUNC_CRITICAL_DATA ||
	       func == POLICY_FUNC_SETXATTR_CHECK;
}

/* Whom a condition on a number lets through, both ends included; empty: low > high. */
static void range(struct policy_id id, uint64_t *low, uint64_t *high)
{
	*low = id.op == '>' ? (uint64_t)id.value + 1 : id.op == '<' ? 0 : id.value;
	*high = id.op == '>'   ? UINT32_MAX - 1
		: id.op == '<' ? (uint64_t)id.value - 1
			       : id.value;
	if (id.op == '<' && id.value == 0) {
		*low = 1;
		*high = 0;
	}
}

bool rulecover_nobody(struct policy_id id)
{
	uint64_t low, high;

	range(id, &low, &high);
	return low > high;
}

static bool range_within(struct policy_id inner, struct policy_id outer)
{
	uint64_t low, high, from, to;

	range(inner, &low, &high);
	range(outer, &from, &to);
	return low >= from && high <= to;
}

static bool ranges_meet(struct policy_id a, struct policy_id b)
{
	uint64_t low, high, from, to;

	range(a, &low, &high);
	range(b, &from, &to);
	return low <= to && from <= high;
}

static bool list_within(struct span inner, struct span outer)
{
	struct bytes in = bytes_of(inner.ptr, inner.len);
	struct span one;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '|', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		if (!policy_listed(outer, one))
			return false;
	}
	return true;
}

/* Whatever meets this condition of @later meets that of @first. */
static bool key_within(const struct policy_rule *later, const struct policy_rule *first,
		       enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		return later->func == first->func;
	case POLICY_KEY_MASK:
		return later->mask == first->mask &&
		       (first->mask_within || !later->mask_within);
	case POLICY_KEY_FSMAGIC:
		return later->fsmagic == first->fsmagic;
	case POLICY_KEY_FSUUID:
		return memcmp(later->fsuuid, first->fsuuid, sizeof(first->fsuuid)) == 0;
	case POLICY_KEY_KEYRINGS:
	case POLICY_KEY_LABEL:
		return list_within(later->values[key], first->values[key]);
	default:
		return IS_ID(key) ? range_within(later->ids[key], first->ids[key])
				  : span_equal(later->values[key], first->values[key]);
	}
}

static bool may_meet(const struct policy_rule *a, const struct policy_rule *b)
{
	return !a->refused && !b->refused &&
	       ((!rulecover_apart(a->func) && !rulecover_apart(b->func)) ||
		a->func == b->func);
}

bool rulecover_covers(const struct policy_rule *first, const struct policy_rule *later)
{
	if (!may_meet(first, later) ||
	    policy_action_class(first->action) != policy_action_class(later->action))
		return false;
	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!rulecover_is_condition(k) || !policy_has(first, k))
			continue;
		if (!policy_has(later, k) || !key_within(later, first, k))
			return false;
	}
	return true;
}

/* Of a condition that both have. */
static bool keys_apart(const struct policy_rule *a, const struct policy_rule *b,
		       enum policy_key key)
{
	if (IS_ID(key))
		return !ranges_meet(a->ids[key], b->ids[key]);
	if (LIST_KEYS >> key & 1) /* one item in common is enough */
		return false;
	if (key == POLICY_KEY_MASK) /* an access may ask for several */
		return a->mask != b->mask && !(a->mask_within && b->mask_within);
	return !key_within(a, b, key);
}

bool rulecover_disjoint(const struct policy_rule *a, const struct policy_rule *b)
{
	if (!may_meet(a, b))
		return true;
	for (int k = 0; k < _POLICY_KEY_MAX; k++)
		if (rulecover_is_condition(k) && policy_has(a, k) && policy_has(b, k) &&
		    keys_apart(a, b, k))
			return true;
	return false;
}

/* Which options a rule has, and how they compare; the values of @exact ones are hashed. */
struct rulecover_shape {
	enum policy_class class;
	uint32_t keys, exact;
	bool mask_within;
};

struct rulecover_entry {
	uint64_t hash;
	uint32_t rule, next;
};

/* "<1" and ">4294967293" let one number through, as "=" does. */
static struct policy_id plain(struct policy_id id)
{
	uint64_t low, high;

	range(id, &low, &high);
	return low == high ? (struct policy_id){'=', (uint32_t)low} : id;
}

static struct rulecover_shape shape_of(const struct policy_rule *rule)
{
	struct rulecover_shape s = {
		.class = policy_action_class(rule->action),
		.mask_within = policy_has(rule, POLICY_KEY_MASK) && rule->mask_within,
	};

	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!rulecover_is_condition(k) || !policy_has(rule, k))
			continue;
		s.keys |= 1u << k;
		if (!(LIST_KEYS >> k & 1) && (!IS_ID(k) || plain(rule->ids[k]).op == '='))
			s.exact |= 1u << k;
	}
	return s;
}

/* Could a rule of shape @first cover one of shape @later? */
static bool shape_fits(const struct rulecover_shape *first,
		       const struct rulecover_shape *later)
{
	return first->class == later->class && !(first->keys & ~later->keys) &&
	       !(first->exact & ~later->exact) &&
	       (first->mask_within || !later->mask_within || !(first->keys & KEY(MASK)));
}

static void hash_value(struct sip *s, const struct policy_rule *rule, enum policy_key key)
{
	switch (key) {
	case POLICY_KEY_FUNC:
		sip_add(s, rule->func);
		break;
	case POLICY_KEY_MASK:
		sip_add(s, rule->mask);
		break;
	case POLICY_KEY_FSMAGIC:
		sip_add(s, rule->fsmagic);
		break;
	case POLICY_KEY_FSUUID:
		sip_add_span(s, (struct span){rule->fsuuid, sizeof(rule->fsuuid)});
		break;
	default:
		if (IS_ID(key))
			sip_add(s, plain(rule->ids[key]).value);
		else
			sip_add_span(s, rule->values[key]);
		break;
	}
}

/* What a rule has in common with those of a shape that may cover it. */
static uint64_t hash_of(const struct rulecover *c, size_t shape,
			const struct policy_rule *rule)
{
	uint64_t out[2];
	struct sip s;

	sip_start(&s, c->key);
	sip_add(&s, shape);
	for (uint32_t left = c->shapes[shape].exact; left; left &= left - 1)
		hash_value(&s, rule, (enum policy_key)__builtin_ctz(left));
	sip_end(&s, out);
	return out[0];
}

int rulecover_init(struct rulecover *c, const struct policy *policy)
{
	size_t n = policy->n_rules ? policy->n_rules : 1, heads = 1;

	while (heads < 2 * n)
		heads *= 2;
	*c = (struct rulecover){.rules = policy->rules, .mask = heads - 1};
	c->shapes = calloc(n, sizeof(*c->shapes));
	c->entries = calloc(n, sizeof(*c->entries));
	c->heads = malloc(heads * sizeof(*c->heads));
	if (!c->shapes || !c->entries || !c->heads) {
		rulecover_done(c);
		return -ENOMEM;
	}
	memset(c->heads, 0xff, heads * sizeof(*c->heads));
	sip_new_key(c->key);
	return 0;
}

void rulecover_done(struct rulecover *c)
{
	free(c->shapes);
	free(c->entries);
	free(c->heads);
	*c = (struct rulecover){0};
}

static size_t find(const struct rulecover *c, size_t shape,
		   const struct policy_rule *rule)
{
	uint64_t hash = hash_of(c, shape, rule);
	size_t first = SIZE_MAX;

	for (uint32_t at = c->heads[hash & c->mask]; at != NO_ENTRY;
	     at = c->entries[at].next)
		if (c->entries[at].hash == hash && c->entries[at].rule < first &&
		    rulecover_covers(&c->rules[c->entries[at].rule], rule))
			first = c->entries[at].rule;
	return first;
}

static size_t shape_index(struct rulecover *c, const struct rulecover_shape *shape)
{
	size_t i = 0;

	for (; i < c->n_shapes; i++)
		if (c->shapes[i].class == shape->class &&
		    c->shapes[i].keys == shape->keys &&
		    c->shapes[i].exact == shape->exact &&
		    c->shapes[i].mask_within == shape->mask_within)
			return i;
	c->shapes[c->n_shapes++] = *shape;
	return i;
}

/* What the new rule covers need not be asked any more: rules by rising or falling numbers
 * make no long chains. */
static void insert(struct rulecover *c, size_t shape, size_t rule)
{
	uint64_t hash = hash_of(c, shape, &c->rules[rule]);
	uint32_t *link = &c->heads[hash & c->mask];

	while (*link != NO_ENTRY) {
		struct rulecover_entry *e = &c->entries[*link];

		if (e->hash == hash &&
		    rulecover_covers(&c->rules[rule], &c->rules[e->rule]))
			*link = e->next;
		else
			link = &e->next;
	}
	c->entries[c->n_entries] =
		(struct rulecover_entry){hash, (uint32_t)rule, NO_ENTRY};
	*link = (uint32_t)c->n_entries++;
}

size_t rulecover_next(struct rulecover *c, size_t rule)
{
	const struct policy_rule *r = &c->rules[rule];
	struct rulecover_shape shape;
	size_t first = SIZE_MAX;

	if (r->refused)
		return SIZE_MAX;
	shape = shape_of(r);
	for (size_t i = 0; i < c->n_shapes; i++) {
		size_t found =
			shape_fits(&c->shapes[i], &shape) ? find(c, i, r) : SIZE_MAX;

		if (found < first)
			first = found;
	}
	if (first == SIZE_MAX)
		insert(c, shape_index(c, &shape), rule);
	return first;
}
