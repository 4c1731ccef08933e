/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/rulescope.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/policymatch.h"

static const struct {
	enum policy_func func;
	uint8_t mask;
	enum rulescope_use use;
} accesses[] = {
#define POLICY_OP(word, func, mask, use, words)                                          \
	{POLICY_FUNC_##func, mask, RULESCOPE_##use},
#define POLICY_OP_ALSO(word, func, mask)
#include "core/policy/policy-ops.inc"
#undef POLICY_OP
#undef POLICY_OP_ALSO
};

static bool below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strncmp(path, "usr/", 4) == 0)
		path += 4;
	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static bool used_as(const struct rulescope_file *f, enum rulescope_use use)
{
	const char *name = strrchr(f->path, '/');

	name = name ? name + 1 : f->path;
	switch (use) {
	case RULESCOPE_PROGRAM:
		return f->mode & 0111;
	case RULESCOPE_MAPPED:
		return f->mode & 0111 || strstr(name, ".so");
	case RULESCOPE_MODULE:
		return strstr(name, ".ko") != NULL;
	case RULESCOPE_FIRMWARE:
		return below(f->path, "lib/firmware");
	case RULESCOPE_KERNEL:
		return below(f->path, "boot") || strncmp(name, "vmlinuz", 7) == 0;
	case RULESCOPE_POLICY:
		return strncmp(f->path, "etc/ima/", 8) == 0;
	default:
		return true;
	}
}

unsigned rulescope_uses(const struct rulescope_file *file)
{
	unsigned uses = 0;

	for (int use = 0; use < _RULESCOPE_USE_MAX; use++)
		uses |= (unsigned)used_as(file, (enum rulescope_use)use) << use;
	return uses;
}

static void add_id(uint32_t *ids, size_t *n, uint32_t id, bool *rough)
{
	for (size_t i = 0; i < *n; i++)
		if (ids[i] == id)
			return;
	if (*n == RULESCOPE_IDS)
		*rough = true;
	else
		ids[(*n)++] = id;
}

/* A condition changes its answer at its value and beside it. */
static void add_edges(uint32_t *ids, size_t *n, const struct policy_rule *rule,
		      enum policy_key key, bool *rough)
{
	uint32_t v = rule->ids[key].value;

	if (!policy_has(rule, key))
		return;
	add_id(ids, n, v, rough);
	if (rule->ids[key].op == '>')
		add_id(ids, n, v + 1, rough);
	if (rule->ids[key].op == '<' && v)
		add_id(ids, n, v - 1, rough);
}

static void init(struct rulescope *s, const struct ruleset *rules, bool any)
{
	*s = (struct rulescope){.rules = rules};
	add_id(s->uids, &s->n_uids, 0, &s->rough);
	add_id(s->gids, &s->n_gids, 0, &s->rough);
	for (size_t i = 0; i < rules->policy.n_rules; i++) {
		const struct policy_rule *r = &rules->policy.rules[i];

		if (r->refused ||
		    (!any && policy_action_class(r->action) != POLICY_CLASS_APPRAISE))
			continue;
		add_edges(s->uids, &s->n_uids, r, POLICY_KEY_UID, &s->rough);
		add_edges(s->uids, &s->n_uids, r, POLICY_KEY_EUID, &s->rough);
		add_edges(s->gids, &s->n_gids, r, POLICY_KEY_GID, &s->rough);
		add_edges(s->gids, &s->n_gids, r, POLICY_KEY_EGID, &s->rough);
	}
	/* somebody whom no rule names */
	add_id(s->uids, &s->n_uids, UINT32_MAX - 2, &s->rough);
	add_id(s->gids, &s->n_gids, UINT32_MAX - 2, &s->rough);
}

void rulescope_init(struct rulescope *s, const struct ruleset *rules)
{
	init(s, rules, false);
}

void rulescope_init_any(struct rulescope *s, const struct ruleset *rules)
{
	init(s, rules, true);
}

bool rulescope_any(const struct rulescope *s)
{
	const struct policy *p = &s->rules->policy;

	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rules[i].refused && p->rules[i].action == POLICY_APPRAISE &&
		    p->rules[i].func != POLICY_FUNC_SETXATTR_CHECK)
			return true;
	return false;
}

/* Every user that is tried, with every group. */
static void by_everybody(const struct rulescope *s, struct policymatch_access *a,
			 rulescope_fn fn, void *user)
{
	for (size_t u = 0; u < s->n_uids; u++) {
		for (size_t g = 0; g < s->n_gids; g++) {
			struct policymatch_result r;

			a->uid = a->euid = a->suid = s->uids[u];
			a->gid = a->egid = a->sgid = s->gids[g];
			policymatch_decide(&s->rules->policy, a, &r);
			fn(user, a, &r);
		}
	}
}

void rulescope_each(const struct rulescope *s, const struct rulescope_file *file,
		    rulescope_fn fn, void *user)
{
	struct policymatch_access a = {
		.fowner = file->uid,
		.fgroup = file->gid,
		.fsmagic = file->fsmagic,
		.fsname = file->fsname,
		.fs_subtype = file->fs_subtype,
		.no_fsname = !file->fsname.len,
		.no_fsuuid = !file->uuid,
	};

	if (file->uuid)
		memcpy(a.fsuuid, file->uuid, sizeof(a.fsuuid));
	for (size_t i = 0; i < array_size(accesses); i++) {
		if (!used_as(file, accesses[i].use))
			continue;
		a.func = accesses[i].func;
		a.mask = accesses[i].mask;
		by_everybody(s, &a, fn, user);
	}
}

static void add_need(void *user, const struct policymatch_access *a,
		     const struct policymatch_result *r)
{
	const struct policymatch_class *by = &r->by[POLICY_CLASS_APPRAISE];
	struct rulescope_need *need = user;

	if (by->unsure != SIZE_MAX)
		need->unsure = true;
	if (!by->does)
		return;
	need->reading |= a->func == POLICY_FUNC_FILE_CHECK &&
			 a->mask == POLICY_MAY_READ && a->uid == 0 && a->gid == 0;
	need->signature |= r->signature;
	need->modsig |= r->modsig;
	need->sigv3 |= r->sigv3;
	need->verity |= r->verity;
	if (r->algos)
		need->algos = need->appraised && need->algos ? need->algos & r->algos
							     : r->algos;
	need->appraised = true;
}

void rulescope_of(const struct rulescope *s, const struct rulescope_file *file,
		  struct rulescope_need *ret)
{
	*ret = (struct rulescope_need){.unsure = s->rough};
	rulescope_each(s, file, add_need, ret);
}
