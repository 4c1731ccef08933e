/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/policy-internal.h"

#include <string.h>

#include "core/base/cleanup.h"

static const struct {
	const char *keyword, *words;
	enum policy_class class;
	bool does;
	enum policy_cap since;
} actions[_POLICY_ACTION_MAX] = {
#define POLICY_ACTION(id, keyword, class, does, since, words)                            \
	[POLICY_##id] = {keyword, words, POLICY_CLASS_##class, does, since},
#include "core/base/policy-actions.inc"
#undef POLICY_ACTION
};

static const struct {
	const char *name, *words;
	enum policy_takes takes;
	enum policy_cap since;
} funcs[_POLICY_FUNC_MAX] = {
	[POLICY_FUNC_NONE] = {"", "every access to a file", POLICY_TAKES_FILE,
			      _POLICY_CAP_MAX},
#define POLICY_FUNC(id, name, takes, since, words)                                       \
	[POLICY_FUNC_##id] = {name, words, POLICY_TAKES_##takes, since},
#define POLICY_FUNC_OLD(name, id)
#include "core/base/policy-funcs.inc"
#undef POLICY_FUNC
#undef POLICY_FUNC_OLD
};

static const struct {
	const char *name;
	enum policy_func func;
} old_funcs[] = {
#define POLICY_FUNC(id, name, takes, since, words)
#define POLICY_FUNC_OLD(name, id) {name, POLICY_FUNC_##id},
#include "core/base/policy-funcs.inc"
#undef POLICY_FUNC
#undef POLICY_FUNC_OLD
};

#define TAKES(kind) (1u << POLICY_TAKES_##kind)
static const struct {
	const char *name, *words;
	unsigned takes;
	enum policy_cap since;
} keys[_POLICY_KEY_MAX] = {
#define POLICY_KEY(id, keyword, value, takes, since, words)                              \
	[POLICY_KEY_##id] = {keyword, words, takes, since},
#include "core/base/policy-keys.inc"
#undef POLICY_KEY
};
#undef TAKES

static const struct {
	const char *option, *words;
	unsigned version;
} caps[_POLICY_CAP_MAX] = {
#define POLICY_CAP(id, version, option, words)                                           \
	[POLICY_CAP_##id] = {option, words, version},
#include "core/base/policy-caps.inc"
#undef POLICY_CAP
};

static const struct {
	const char *name, *within;
	uint8_t mask;
} masks[] = {
#define POLICY_MASK(id, name, value) {name, "^" name, value},
#include "core/base/policy-masks.inc"
#undef POLICY_MASK
};

static const char *const classes[_POLICY_CLASS_MAX] = {
	[POLICY_CLASS_MEASURE] = "measure",
	[POLICY_CLASS_APPRAISE] = "appraise",
	[POLICY_CLASS_AUDIT] = "audit",
	[POLICY_CLASS_HASH] = "hash",
};

static const char *const severities[] = {
	[POLICY_ERROR] = "error",
	[POLICY_DEPENDS] = "depends",
	[POLICY_WARNING] = "warning",
	[POLICY_NOTE] = "note",
};

enum policy_action policy_action_from_word(struct span word)
{
	enum policy_action a = 0;

	while (a < _POLICY_ACTION_MAX && !span_is(word, actions[a].keyword))
		a++;
	return a;
}

enum policy_key policy_key_from_name(struct span name)
{
	enum policy_key k = 0;

	while (k < _POLICY_KEY_MAX && !span_is(name, keys[k].name))
		k++;
	return k;
}

enum policy_func policy_func_from_name(struct span name)
{
	enum policy_func f = POLICY_FUNC_NONE + 1;

	for (size_t i = 0; i < array_size(old_funcs); i++)
		if (span_is(name, old_funcs[i].name))
			return old_funcs[i].func;
	while (f < _POLICY_FUNC_MAX && !span_is(name, funcs[f].name))
		f++;
	return f;
}

uint8_t policy_mask_from_name(struct span name)
{
	for (size_t i = 0; i < array_size(masks); i++)
		if (span_is(name, masks[i].name))
			return masks[i].mask;
	return 0;
}

void policy_mask_print(struct strbuf *out, uint8_t mask)
{
	const char *before = "";

	for (size_t i = 0; i < array_size(masks); i++) {
		if (!(mask & masks[i].mask))
			continue;
		strbuf_addf(out, "%s%s", before, masks[i].name);
		before = "|";
	}
}

/* How many letters differ; more than a few are as good as any number. */
static size_t distance(struct span a, const char *b)
{
	enum { WORD_MAX = 24 };
	size_t row[WORD_MAX + 1], len = strlen(b);

	if (len > WORD_MAX || a.len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t changed = corner + (a.ptr[i - 1] != (uint8_t)b[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] : row[j - 1];

			corner = row[j];
			row[j] = least + 1 < changed ? least + 1 : changed;
		}
	}
	return row[len];
}

static void nearer(struct span word, const char *candidate, const char **best,
		   size_t *least)
{
	size_t d = distance(word, candidate);

	if (d >= *least || d * 3 > strlen(candidate) + 1)
		return;
	*least = d;
	*best = candidate;
}

const char *policy_nearest(struct span word)
{
	const char *best = NULL;
	size_t least = 3;

	for (int a = 0; a < _POLICY_ACTION_MAX; a++)
		nearer(word, actions[a].keyword, &best, &least);
	for (int k = 0; k < _POLICY_KEY_MAX; k++)
		nearer(word, keys[k].name, &best, &least);
	for (int f = POLICY_FUNC_NONE + 1; f < _POLICY_FUNC_MAX; f++)
		nearer(word, funcs[f].name, &best, &least);
	return best;
}

const char *policy_nearest_mask(struct span word)
{
	const char *best = NULL;
	size_t least = 3;

	for (size_t i = 0; i < array_size(masks); i++) {
		nearer(word, masks[i].name, &best, &least);
		nearer(word, masks[i].within, &best, &least);
	}
	return best;
}

bool policy_key_beside(enum policy_key key, enum policy_func func)
{
	return keys[key].takes >> funcs[func].takes & 1;
}

enum policy_takes policy_func_takes(enum policy_func func)
{
	return funcs[func].takes;
}

enum policy_cap policy_action_since(enum policy_action action)
{
	return actions[action].since;
}

enum policy_cap policy_func_since(enum policy_func func)
{
	return funcs[func].since;
}

bool policy_kernel_lacks(const struct policy_kernel *kernel, enum policy_func func)
{
	enum policy_cap cap = funcs[func].since;

	return cap != _POLICY_CAP_MAX && kernel->cap[cap] == POLICY_NO;
}

enum policy_cap policy_key_since(enum policy_key key)
{
	return keys[key].since;
}

const char *policy_action_name(enum policy_action action)
{
	return actions[action].keyword;
}

enum policy_class policy_action_class(enum policy_action action)
{
	return actions[action].class;
}

bool policy_action_does(enum policy_action action)
{
	return actions[action].does;
}

const char *policy_action_words(enum policy_action action)
{
	return actions[action].words;
}

const char *policy_func_name(enum policy_func func)
{
	return funcs[func].name;
}

const char *policy_func_words(enum policy_func func)
{
	return funcs[func].words;
}

const char *policy_key_name(enum policy_key key)
{
	return keys[key].name;
}

const char *policy_key_words(enum policy_key key)
{
	return keys[key].words;
}

const char *policy_cap_words(enum policy_cap cap)
{
	return caps[cap].words;
}

const char *policy_cap_option(enum policy_cap cap)
{
	return caps[cap].option;
}

const char *policy_class_name(enum policy_class class)
{
	return classes[class];
}

const char *policy_severity_name(enum policy_severity severity)
{
	return severities[severity];
}

unsigned policy_version_of(struct span release)
{
	unsigned part[2] = {0};
	size_t i = 0, before;

	for (int n = 0; n < 2; n++) {
		for (before = i; i < release.len && i < before + 4; i++) {
			if (release.ptr[i] < '0' || release.ptr[i] > '9')
				break;
			part[n] = part[n] * 10 + (release.ptr[i] - '0');
		}
		if (i == before ||
		    (n == 0 && (i == release.len || release.ptr[i++] != '.')))
			return 0;
	}
	return POLICY_VERSION(part[0], part[1]);
}

void policy_kernel_of_version(unsigned version, struct policy_kernel *ret)
{
	*ret = (struct policy_kernel){0};
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		if (caps[c].version && version)
			ret->cap[c] = version >= caps[c].version ? POLICY_YES : POLICY_NO;
}
