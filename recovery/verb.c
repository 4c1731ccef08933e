/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/verb.h"

#include <string.h>

#include "core/base/cleanup.h"

const struct verb verb_table[] = {
#define VERB(name, args, about) {#name, args, about, name##_verb},
#include "recovery/verbs.inc"
#undef VERB
};
const size_t verb_count = array_size(verb_table);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verb_table[i].name, name) == 0)
			return &verb_table[i];
	return NULL;
}
