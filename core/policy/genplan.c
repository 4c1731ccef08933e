/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/genplan.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int genplan_none(unsigned number, struct diag *reterr)
{
	return diag_set(reterr, DIAG_NO_GEN, ENOENT, "There is no generation %u.",
			number);
}

int genplan_barred(const struct gen_list *list, unsigned number, struct diag *reterr)
{
	return diag_set(reterr, DIAG_GEN_BARRED, EPERM, "Generation %u was barred: %s.",
			number,
			number < list->minimum ? "it is below the minimum"
					       : "it has a key that was revoked");
}

static int find(const struct gen_list *list, unsigned number,
		const struct gen_entry **ret, struct diag *reterr)
{
	*ret = gen_find(list, number);
	return *ret ? 0 : genplan_none(number, reterr);
}

bool genplan_needs_labels(const struct root *root, const struct genfound *f)
{
	_cleanup_ruleset_ struct ruleset rules = {0};
	struct probe *probe = NULL;
	bool needs = false;

	if (f->there && probe_run(root, (struct span){0}, &probe, NULL) == 0 &&
	    ruleset_with(root, probe, strbuf_span(&f->text), &rules, NULL) == 0)
		needs = genfound_needs_labels(root, &rules, GEN_FOLDER);
	(void)probe_free(probe);
	return needs;
}

/* One that is there already, and that this machine was started with. */
static int bless_found(const struct root *root, const struct genfound *f,
		       const struct gen_list *list, const char *release,
		       struct plan *plan, struct genfound_kept *said, struct diag *reterr)
{
	const struct gen_entry *e = gen_find(list, said->number);

	if (!e || e->candidate || !e->allowed || !genfound_is_good(root, f, release))
		return 0;
	said->good = true;
	return gen_bless(plan, root, said->number, release, reterr);
}

static int record(const struct root *root, const char *release, const struct genfound *f,
		  struct plan *plan, struct genfound_kept *said, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	bool label = genplan_needs_labels(root, f);
	unsigned next;
	int r = gen_list_load(root, release, &list, reterr);

	if (r == 0)
		r = gen_next(root, &next, reterr);
	if (r == 0)
		r = gen_begin(plan, root, reterr);
	if (r == 0)
		r = genfound_keep(plan, root, f, &list, release, label, &next, said,
				  reterr);
	if (r == 0 && !said->made)
		r = bless_found(root, f, &list, release, plan, said, reterr);
	return r;
}

int genplan_record(const struct root *root, const char *release, struct plan *ret,
		   struct genfound_kept *ret_said, struct diag *reterr)
{
	_cleanup_genfound_ struct genfound f = {0};
	int r = plan_init(ret, "record what the machine starts with", reterr);

	if (r == 0)
		r = genfound_load(root, &f, reterr);
	if (r == 0)
		r = record(root, release, &f, ret, ret_said, reterr);
	return r < 0 ? r : 0;
}

int genplan_check_whole(const struct root *root, unsigned number, struct diag *reterr)
{
	enum gen_state state;
	struct diag why = {0};
	int r = gen_verify(root, number, &state, &why);

	if (r == 0 && state == GEN_GOOD)
		return 0;
	if (reterr)
		*reterr = why;
	return r < 0 ? r : -why.err;
}

static int judge(const struct root *root, unsigned number, struct policyplan *p,
		 struct strbuf *text, struct diag *reterr)
{
	int r = gen_read(root, number, GEN_POLICY, text, NULL, reterr);

	if (r < 0)
		return r == -ENOENT ? 0
				    : r; /* without a policy there is nothing to ask */
	p->root = root;
	p->text = strbuf_span(text);
	return policyplan_look(p, reterr);
}

int genplan_bless(const struct root *root, unsigned number, const char *release,
		  struct policyplan *judged, struct strbuf *ret_text, struct plan *ret,
		  struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	const struct gen_entry *e;
	int r = plan_init(ret, "call a generation good", reterr);

	if (r == 0)
		r = gen_list_load(root, release, &list, reterr);
	if (r == 0)
		r = find(&list, number, &e, reterr);
	if (r == 0 && !e->allowed)
		r = genplan_barred(&list, number, reterr);
	if (r == 0)
		r = genplan_check_whole(root, number, reterr);
	if (r == 0 && judged)
		r = judge(root, number, judged, ret_text, reterr);
	if (r == 0)
		r = gen_begin(ret, root, reterr);
	if (r == 0)
		r = gen_bless(ret, root, number, release, reterr);
	return r < 0 ? r : 0;
}

void genplan_left_done(struct genplan_left *left)
{
	strbuf_done(&left->barred);
}

static void bar(struct genplan_left *left, struct gen_entry *e)
{
	if (e->allowed)
		strbuf_addf(&left->barred, "%s%u", left->barred.len ? ", " : "",
			    e->number);
	e->allowed = false;
}

static int leave(struct gen_list *list, struct genplan_left *left, struct diag *reterr)
{
	left->newest = gen_newest_blessed(list, 0);
	return left->barred.failed ? no_memory(reterr) : 0;
}

int genplan_unbless(const struct root *root, unsigned number, const char *release,
		    struct plan *ret, struct genplan_left *ret_left, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	const struct gen_entry *e;
	int r = plan_init(ret, "no longer call a generation good", reterr);

	if (r == 0)
		r = gen_list_load(root, release, &list, reterr);
	if (r == 0)
		r = find(&list, number, &e, reterr);
	if (r == 0)
		r = gen_unbless(ret, root, number, release, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (list.of[i].number == number)
			list.of[i].blessed = false;
	return leave(&list, ret_left, reterr);
}

static bool has_key(const struct root *root, unsigned number, const char *key_hash)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;

	strbuf_addf(&path, GEN_FOLDER "/gen/%u/keys/%s.der", number, key_hash);
	if (!path.failed)
		fd = fspath_open(root->dir[ROOT_TARGET], strbuf_str(&path),
				 O_PATH | O_CLOEXEC);
	return fd >= 0;
}

int genplan_revoke(const struct root *root, const char *key_hash, const char *release,
		   struct plan *ret, struct genplan_left *ret_left, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	int r = plan_init(ret, "revoke a key in every generation", reterr);

	if (r == 0)
		r = gen_list_load(root, release, &list, reterr);
	if (r == 0)
		r = gen_begin(ret, root, reterr);
	if (r == 0)
		r = gen_revoke(ret, root, key_hash, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (has_key(root, list.of[i].number, key_hash))
			bar(ret_left, &list.of[i]);
	return leave(&list, ret_left, reterr);
}

int genplan_minimum(const struct root *root, unsigned number, const char *release,
		    struct plan *ret, struct genplan_left *ret_left, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	int r = plan_init(ret, "bar the generations below a number", reterr);

	if (r == 0)
		r = gen_list_load(root, release, &list, reterr);
	if (r == 0)
		r = gen_begin(ret, root, reterr);
	if (r == 0)
		r = gen_set_minimum(ret, root, number, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (list.of[i].number < number)
			bar(ret_left, &list.of[i]);
	return leave(&list, ret_left, reterr);
}

static int succeed(const struct root *root, unsigned number, const char *key_hash,
		   const char *release, const struct gen_list *list, struct plan *plan,
		   struct diag *reterr)
{
	int r = gen_begin(plan, root, reterr);

	if (r == 0)
		r = gen_bless(plan, root, number, release, reterr);
	if (r >= 0 && list->candidate == number)
		r = gen_set_candidate(plan, root, 0, reterr);
	if (r >= 0)
		r = gen_revoke(plan, root, key_hash, reterr);
	if (r >= 0)
		r = gen_set_minimum(plan, root, number, reterr);
	return r;
}

int genplan_succeed(const struct root *root, unsigned number, const char *key_hash,
		    const char *release, struct plan *plan, struct genplan_left *ret_left,
		    struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	const struct gen_entry *e;
	int r = gen_list_load(root, release, &list, reterr);

	if (r == 0)
		r = find(&list, number, &e, reterr);
	if (r == 0 && !e->allowed)
		r = genplan_barred(&list, number, reterr);
	if (r == 0)
		r = genplan_check_whole(root, number, reterr);
	if (r == 0)
		r = succeed(root, number, key_hash, release, &list, plan, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		struct gen_entry *o = &list.of[i];

		o->blessed |= o->number == number;
		if (o->number < number || has_key(root, o->number, key_hash))
			bar(ret_left, o);
	}
	return leave(&list, ret_left, reterr);
}
