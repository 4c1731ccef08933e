/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accesses the rules of two policies tell apart. */
#include "core/policy/accessdiff-internal.h"

#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/host/fskind.h"

enum {
	WORLD_MAX = 1 << 18,	       /* accesses */
	ASKED_MAX = 200 * 1000 * 1000, /* rules that are looked at for them, about 2 s */
	NO_MAGIC = 0x7fffff01,	       /* of no file system */
};

static const struct {
	enum policy_func func;
	uint8_t mask;
	bool data;
} hooks[] = {
#define POLICY_OP(word, func, mask, use, words) {POLICY_FUNC_##func, mask, false},
#define POLICY_OP_ALSO(word, func, mask)
#include "core/policy/policy-ops.inc"
#undef POLICY_OP
#undef POLICY_OP_ALSO
	/* process_buffer_measurement() asks with no mask */
	{POLICY_FUNC_KEXEC_CMDLINE, 0, false},
	{POLICY_FUNC_KEY_CHECK, 0, true},
	{POLICY_FUNC_CRITICAL_DATA, 0, true},
};

static void add_hooks(struct accessworld *w, const struct policy_kernel *kernel)
{
	for (size_t i = 0; i < array_size(hooks); i++)
		if (hooks[i].data == w->data &&
		    !policy_kernel_lacks(kernel, hooks[i].func))
			w->hooks[w->n[ACCESSDIM_HOOK]++] = (uint8_t)i;
}

/* Where a new range begins. */
struct cuts {
	uint64_t at[ACCESSDIFF_VALUES];
	size_t n;
};

static void cut(struct accessworld *w, struct cuts *c, uint64_t at)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i] == at)
			return;
	if (at >= UINT32_MAX) /* of nobody */
		return;
	if (c->n == array_size(c->at))
		w->rough = true;
	else
		c->at[c->n++] = at;
}

static void cut_at(struct accessworld *w, struct cuts *c, struct policy_id id)
{
	if (id.op != '>')
		cut(w, c, id.value);
	if (id.op != '<')
		cut(w, c, (uint64_t)id.value + 1);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void add_ids(struct accessworld *w, const struct policy *const policies[2],
		    enum accessdim dim, enum policy_key key)
{
	struct cuts c = {.at = {0}, .n = 1};

	for (int p = 0; p < 2; p++)
		for (size_t i = 0; i < policies[p]->n_rules; i++)
			if (policy_has(&policies[p]->rules[i], key))
				cut_at(w, &c, policies[p]->rules[i].ids[key]);
	qsort(c.at, c.n, sizeof(c.at[0]), by_number);
	for (size_t i = 0; i < c.n; i++)
		w->ids[dim][i] =
			(struct accessdim_range){(uint32_t)c.at[i],
						 i + 1 < c.n ? (uint32_t)c.at[i + 1] - 1
							     : UINT32_MAX - 1};
	w->n[dim] = c.n;
}

/* A file system that the rule means; what it does not say is as it is usually. */
static struct accessdim_fs fs_of(const struct policy_rule *rule)
{
	struct accessdim_fs fs = {.magic = NO_MAGIC};
	const struct fskind_row *known = NULL;

	if (policy_has(rule, POLICY_KEY_FSNAME))
		known = fskind_by_name(fs.name = rule->values[POLICY_KEY_FSNAME]);
	if (policy_has(rule, POLICY_KEY_FSMAGIC))
		fs.magic = rule->fsmagic;
	else if (known)
		fs.magic = known->magic;
	if (!fs.name.len && (known = fskind_by_magic(fs.magic)))
		fs.name = span_of(known->name);
	if (policy_has(rule, POLICY_KEY_FS_SUBTYPE))
		fs.subtype = rule->values[POLICY_KEY_FS_SUBTYPE];
	if (policy_has(rule, POLICY_KEY_FSUUID))
		memcpy(fs.uuid, rule->fsuuid, sizeof(fs.uuid));
	return fs;
}

static void add_one_fs(struct accessworld *w, const struct accessdim_fs *fs)
{
	size_t *n = &w->n[ACCESSDIM_FS];

	for (size_t i = 0; i < *n; i++)
		if (w->fs[i].magic == fs->magic && span_equal(w->fs[i].name, fs->name) &&
		    span_equal(w->fs[i].subtype, fs->subtype) &&
		    memcmp(w->fs[i].uuid, fs->uuid, sizeof(fs->uuid)) == 0)
			return;
	if (*n == ACCESSDIFF_VALUES)
		w->rough = true;
	else
		w->fs[(*n)++] = *fs;
}

static void add_fs(struct accessworld *w, const struct policy_rule *rule)
{
	static const enum policy_key keys[] = {POLICY_KEY_FSMAGIC, POLICY_KEY_FSNAME,
					       POLICY_KEY_FS_SUBTYPE, POLICY_KEY_FSUUID};
	struct accessdim_fs fs = fs_of(rule);

	for (size_t i = 0; i < array_size(keys); i++)
		if (policy_has(rule, keys[i])) {
			add_one_fs(w, &fs);
			return;
		}
}

static void add_label(struct accessworld *w, const struct policy_rule *rule,
		      enum policy_key key)
{
	size_t *n = &w->n[ACCESSDIM_LABEL];

	if (!policy_has(rule, key))
		return;
	for (size_t i = 0; i < *n; i++)
		if (w->label[i].key == key &&
		    span_equal(w->label[i].value, rule->values[key]))
			return;
	if (*n == ACCESSDIFF_VALUES)
		w->rough = true;
	else
		w->label[(*n)++] = (struct accessdim_label){key, rule->values[key]};
}

static void add_item(struct accessworld *w, struct span item)
{
	size_t *n = &w->n[ACCESSDIM_DATA];

	for (size_t i = 0; i < *n; i++)
		if (span_equal(w->item[i], item))
			return;
	if (*n == ACCESSDIFF_VALUES)
		w->rough = true;
	else
		w->item[(*n)++] = item;
}

static void add_items(struct accessworld *w, struct span list)
{
	struct bytes in = bytes_of(list.ptr, list.len);
	struct span one;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '|', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		add_item(w, one);
	}
}

static void add_rule(struct accessworld *w, const struct policy_rule *rule)
{
	if (rule->refused)
		return;
	if (w->data) {
		add_items(w, rule->values[POLICY_KEY_KEYRINGS]);
		add_items(w, rule->values[POLICY_KEY_LABEL]);
		return;
	}
	add_fs(w, rule);
	for (int k = POLICY_KEY_OBJ_USER; k <= POLICY_KEY_SUBJ_TYPE; k++)
		add_label(w, rule, k);
}

size_t accessworld_size(const struct accessworld *w)
{
	size_t size = 1;

	for (int d = 0; d < _ACCESSDIM_MAX; d++)
		size *= w->n[d];
	return size;
}

/* What is told apart most finely loses most. */
static void shrink(struct accessworld *w, size_t rules)
{
	size_t max = ASKED_MAX / (rules ? rules : 1);

	if (max > WORLD_MAX)
		max = WORLD_MAX;
	while (accessworld_size(w) > max) {
		int widest = ACCESSDIM_UID;

		for (int d = ACCESSDIM_UID; d < _ACCESSDIM_MAX; d++)
			if (w->n[d] > w->n[widest])
				widest = d;
		if (w->n[widest] == 1)
			return;
		w->n[widest]--;
		w->rough = true;
	}
}

void accessworld_init(struct accessworld *w, const struct policy *const policies[2],
		      const struct policy_kernel *kernel, bool data)
{
	static const enum policy_key ids[] = {
		[ACCESSDIM_UID] = POLICY_KEY_UID,
		[ACCESSDIM_EUID] = POLICY_KEY_EUID,
		[ACCESSDIM_GID] = POLICY_KEY_GID,
		[ACCESSDIM_EGID] = POLICY_KEY_EGID,
		[ACCESSDIM_OWNER] = POLICY_KEY_FOWNER,
		[ACCESSDIM_GROUP] = POLICY_KEY_FGROUP,
	};

	*w = (struct accessworld){.data = data};
	add_hooks(w, kernel);
	for (int d = 0; d < _ACCESSDIM_MAX; d++)
		w->n[d] = w->n[d] ? w->n[d] : 1;
	w->fs[0] = (struct accessdim_fs){.magic = NO_MAGIC};
	for (int d = ACCESSDIM_UID; d <= ACCESSDIM_GROUP; d++) {
		w->ids[d][0] = (struct accessdim_range){0, UINT32_MAX - 1};
		if (!data || d == ACCESSDIM_UID)
			add_ids(w, policies, d, ids[d]);
	}
	for (int p = 0; p < 2; p++)
		for (size_t i = 0; i < policies[p]->n_rules; i++)
			add_rule(w, &policies[p]->rules[i]);
	shrink(w, policies[0]->n_rules + policies[1]->n_rules);
}

void accessworld_access(const struct accessworld *w, const size_t at[_ACCESSDIM_MAX],
			struct policymatch_access *ret, struct span labels[6])
{
	const struct accessdim_fs *fs = &w->fs[at[ACCESSDIM_FS]];
	const struct accessdim_label *label = &w->label[at[ACCESSDIM_LABEL]];
	uint8_t hook = w->hooks[at[ACCESSDIM_HOOK]];
	uint32_t id[ACCESSDIM_GROUP + 1];

	for (int d = ACCESSDIM_UID; d <= ACCESSDIM_GROUP; d++)
		id[d] = w->ids[d][at[d]].low;
	memset(labels, 0, 6 * sizeof(*labels));
	if (label->key)
		labels[label->key - POLICY_KEY_OBJ_USER] = label->value;
	*ret = (struct policymatch_access){
		.func = hooks[hook].func,
		.mask = hooks[hook].mask,
		.uid = id[ACCESSDIM_UID],
		.euid = id[ACCESSDIM_EUID],
		.suid = id[ACCESSDIM_EUID],
		.gid = id[ACCESSDIM_GID],
		.egid = id[ACCESSDIM_EGID],
		.sgid = id[ACCESSDIM_EGID],
		.fowner = id[ACCESSDIM_OWNER],
		.fgroup = id[ACCESSDIM_GROUP],
		.fsmagic = fs->magic,
		.fsname = fs->name,
		.fs_subtype = fs->subtype,
		.data = w->item[at[ACCESSDIM_DATA]],
		.labels = labels,
	};
	memcpy(ret->fsuuid, fs->uuid, sizeof(fs->uuid));
}
