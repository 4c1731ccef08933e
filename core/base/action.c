/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/action.h"

#include "core/base/act-evm.h"
#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/act-key.h"
#include "core/base/act-policy.h"
#include "core/base/act-rename.h"
#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "core/base/sha256.h"

static const struct action rows[_ACTION_MAX] = {
#define ACTION(id, name, verb, ops, flags) [ACTION_##id] = {name, verb, flags, &ops},
#include "core/base/actions.inc"
#undef ACTION
};

static const struct action *const all[_ACTION_MAX] = {
#define ACTION(id, name, verb, ops, flags) &rows[ACTION_##id],
#include "core/base/actions.inc"
#undef ACTION
};

const struct action_set action_base_rows = {all, _ACTION_MAX, NULL};

const struct action *action_base(enum action_id id)
{
	return &rows[id];
}

const struct action_set *action_base_set(void)
{
	return &action_base_rows;
}

const struct action *action_find(const struct action_set *set, struct span name)
{
	for (; set; set = set->more)
		for (size_t i = 0; i < set->n; i++)
			if (span_is(name, set->rows[i]->name))
				return set->rows[i];
	return NULL;
}

bool action_same(const struct action *a, struct span actual, struct span wanted)
{
	return a->ops->same ? a->ops->same(actual, wanted) : span_equal(actual, wanted);
}

void action_fingerprint(const struct action *a, struct span state, uint8_t ret[32])
{
	if (a->ops->fingerprint)
		a->ops->fingerprint(state, ret);
	else
		sha256_of(state, ret);
}
