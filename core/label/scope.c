/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/scope.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/host/mounts.h"
#include "core/policy/rulescope.h"

enum { MEMO = 4096 };

static const struct {
	uint32_t magic;
	const char *name;
} file_systems[] = {
#define FS_MAGIC(magic, name) {magic, name},
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
};

static const struct {
	const char *word, *words;
} scopes[] = {
	[SCOPE_APPRAISE_TCB] = {"appraise_tcb", "what ima_policy=appraise_tcb appraises"},
	[SCOPE_NAMED] = {"named", "every regular file below the paths named"},
	[SCOPE_POLICY] = {"policy", "what the policy appraises"},
	[SCOPE_CANDIDATE] = {"candidate", "what the staged policy appraises"},
};

/* What the answer rests on: files are asked about by the hundred thousand and are of few
 * kinds. */
struct kind {
	uint64_t dev;
	uint32_t uid, gid, fs_magic, uses;
	bool known, covered, signature;
};

struct scope_rules {
	enum scope scope;
	const char *words;
	struct ruleset set;
	struct rulescope rules;
	struct mounts mounts;
	struct kind memo[MEMO];
};

bool scope_enters(enum scope scope, uint32_t fs_magic, bool named)
{
	return (named && scope == SCOPE_NAMED) || !scope_fs_name(fs_magic);
}

/* ima_policy.c: {.action = APPRAISE, .fowner = GLOBAL_ROOT_UID, .flags = IMA_FOWNER} */
bool scope_wants(enum scope scope, const struct walk_file *facts)
{
	return scope != SCOPE_APPRAISE_TCB || facts->uid == 0;
}

/* Takes @set over; false, and it is gone: it appraises nothing, or no kernel takes it. */
static bool settle(struct scope_rules *s, struct ruleset *set, const char *words)
{
	s->set = *set;
	rulescope_init(&s->rules, &s->set);
	s->words = words;
	if (!policy_count(&s->set.policy, POLICY_ERROR) && rulescope_any(&s->rules))
		return true;
	ruleset_done(&s->set);
	return false;
}

static int boot_policy(const struct root *root, const struct probe *probe,
		       struct scope_rules *s, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct ruleset set;
	int r = root_read(root, ROOT_BOOT_POLICY, &text, NULL);

	if (text.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (r < 0)
		return 0;
	r = ruleset_with(root, probe, strbuf_span(&text), &set, reterr);
	if (r < 0)
		return r;
	return settle(s, &set, "what /etc/ima/ima-policy appraises");
}

/* 1: there are rules. */
static int find_rules(const struct root *root, struct scope_rules *s, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *probe = NULL;
	struct ruleset set;
	struct diag d = {0};
	int r = probe_run(root, (struct span){0}, &probe, reterr);

	if (r < 0)
		return r;
	if (root_owns_place(root, ROOT_PROC) && !probe_is(probe, PROBE_IMA, PROBE_NO)) {
		r = ruleset_in_force(root, probe, &set, &d);
		if (r == 0 && settle(s, &set, "what the policy in force appraises"))
			return 1;
		if (r == -ENOMEM)
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "%s", d.text);
	}
	return boot_policy(root, probe, s, reterr);
}

/* What is staged counts whatever it is: that it appraises nothing is an answer. */
static int staged_rules(const struct root *root, struct scope_rules *s,
			struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *probe = NULL;
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = gen_list_load(root, NULL, &list, reterr);

	if (r == 0 && !list.candidate)
		r = diag_set(reterr, DIAG_TRIAL_NO_CANDIDATE, ENOENT,
			     "No policy was staged that files could be labelled for.");
	if (r == 0)
		r = gen_read(root, list.candidate, GEN_POLICY, &text, NULL, reterr);
	if (r >= 0)
		r = probe_run(root, (struct span){0}, &probe, reterr);
	if (r >= 0)
		r = ruleset_with(root, probe, strbuf_span(&text), &s->set, reterr);
	if (r >= 0)
		rulescope_init(&s->rules, &s->set);
	return r;
}

static int open_rules(const struct root *root, struct scope_rules *s, struct diag *reterr)
{
	int r = s->scope == SCOPE_CANDIDATE ? staged_rules(root, s, reterr)
					    : find_rules(root, s, reterr);

	if (r < 0)
		return r;
	if (r == 0 && s->scope == SCOPE_POLICY) {
		s->scope = SCOPE_APPRAISE_TCB;
		s->words = scope_words(s->scope);
	}
	return mounts_load(root, &s->mounts) < 0
		       ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
		       : 0;
}

static bool has_rules(enum scope scope)
{
	return scope == SCOPE_POLICY || scope == SCOPE_CANDIDATE;
}

int scope_open(const struct root *root, enum scope scope, struct scope_rules **ret,
	       struct diag *reterr)
{
	_cleanup_(scope_freep) struct scope_rules *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	s->scope = scope;
	s->words = scope_words(scope);
	if (has_rules(scope))
		r = open_rules(root, s, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct scope_rules *scope_free(struct scope_rules *s)
{
	if (!s)
		return NULL;
	ruleset_done(&s->set);
	mounts_done(&s->mounts);
	free(s);
	return NULL;
}

static size_t slot(const struct kind *k)
{
	uint64_t h = k->dev * 0x9e3779b97f4a7c15u;

	h = (h ^ k->uid) * 0x9e3779b97f4a7c15u;
	h = (h ^ k->gid) * 0x9e3779b97f4a7c15u;
	return (size_t)((h ^ k->uses) * 0x9e3779b97f4a7c15u >> 52) % MEMO;
}

static bool same_kind(const struct kind *a, const struct kind *b)
{
	return a->dev == b->dev && a->uid == b->uid && a->gid == b->gid &&
	       a->fs_magic == b->fs_magic && a->uses == b->uses;
}

/* Asks the rules, once for each kind of file. */
static const struct kind *kind_of(struct scope_rules *s, const struct walk_file *f)
{
	const struct mounts_type *fs;
	struct rulescope_file file = {.path = f->path,
				      .mode = f->mode,
				      .uid = f->uid,
				      .gid = f->gid,
				      .fsmagic = f->fs_magic};
	struct kind k = {.dev = f->dev,
			 .uid = f->uid,
			 .gid = f->gid,
			 .fs_magic = f->fs_magic,
			 .uses = rulescope_uses(&file)};
	struct kind *at = &s->memo[slot(&k)];
	struct rulescope_need need;

	if (at->known && same_kind(at, &k))
		return at;
	fs = mounts_find(&s->mounts, f->dev);
	if (fs) {
		file.fsname = fs->type;
		file.fs_subtype = fs->subtype;
	}
	rulescope_of(&s->rules, &file, &need);
	k.known = true;
	k.covered = need.appraised || need.unsure;
	k.signature = need.signature;
	*at = k;
	return at;
}

bool scope_covers(struct scope_rules *s, const struct walk_file *file,
		  bool *ret_signature)
{
	const struct kind *k;

	if (ret_signature)
		*ret_signature = false;
	if (!has_rules(s->scope))
		return scope_wants(s->scope, file);
	k = kind_of(s, file);
	if (ret_signature)
		*ret_signature = k->signature;
	return k->covered;
}

enum scope scope_of(const struct scope_rules *s)
{
	return s->scope;
}

const char *scope_rules_words(const struct scope_rules *s)
{
	return s->words;
}

const char *scope_words(enum scope scope)
{
	return scopes[scope].words;
}

const char *scope_word(enum scope scope)
{
	return scopes[scope].word;
}

const char *scope_fs_name(uint32_t fs_magic)
{
	for (size_t i = 0; i < array_size(file_systems); i++)
		if (file_systems[i].magic == fs_magic)
			return file_systems[i].name;
	return NULL;
}
