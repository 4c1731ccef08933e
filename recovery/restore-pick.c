/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/trial.h"
#include "recovery/restore.h"

void restore_done(struct restore *r)
{
	for (size_t i = 0; i < r->n; i++) {
		strbuf_done(&r->file[i].text);
		strbuf_done(&r->file[i].xattrs);
	}
	free(r->file);
	*r = (struct restore){0};
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int add_file(const struct root *root, struct restore *r, struct span name,
		    struct diag *reterr)
{
	struct restore_file *more = reallocarray(r->file, r->n + 1, sizeof(*more)), *f;

	if (!more)
		return no_memory(reterr);
	r->file = more;
	f = &r->file[r->n++];
	*f = (struct restore_file){0};
	(void)snprintf(f->name, sizeof(f->name), "%.*s", (int)name.len,
		       (const char *)name.ptr);
	if (r->linked)
		return 0;
	return gen_read(root, r->number, f->name, &f->text, &f->xattrs, reterr);
}

/* Only what has a place on the disk: settings and words for the kernel are not put back by
 * writing a file. */
static bool has_place(struct span name)
{
	return span_is(name, GEN_POLICY) ||
	       (name.len > 5 && memcmp(name.ptr, "keys/", 5) == 0);
}

static int read_files(const struct root *root, struct restore *r, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	int err = gen_files(root, r->number, &names, reterr);
	struct bytes in = bytes_of(strbuf_str(&names), names.len);
	struct span name;

	while (err == 0 && bytes_until(&in, '\n', &name))
		if (has_place(name))
			err = add_file(root, r, name, reterr);
	return err;
}

/* Its manifest may not be read: of its files the policy is the one that matters. */
static int take_names(const struct root *root, struct restore *r, struct diag *reterr)
{
	r->linked = true;
	return r->no_policy ? 0 : add_file(root, r, span_of(GEN_POLICY), reterr);
}

/* Whether it is whole is asked of all of it: what lies in it beside, too. */
static int load(const struct root *root, const struct gen_entry *e, struct restore *ret,
		struct diag *reterr)
{
	struct restore r = {.number = e->number, .no_policy = e->no_policy};
	enum gen_state state;
	int err = gen_verify(root, e->number, &state, reterr);

	if (err == 0 && state == GEN_UNKNOWN)
		err = take_names(root, &r, reterr);
	else if (err == 0 && state == GEN_GOOD)
		err = read_files(root, &r, reterr);
	else if (err == 0)
		err = -EBADMSG; /* gen_verify() said why */
	if (err < 0) {
		restore_done(&r);
		return err;
	}
	*ret = r;
	return 0;
}

static int unfit(enum diag_id id, unsigned number, const char *why, struct diag *reterr)
{
	return diag_set(reterr, id, EPERM, "Generation %u is not to be gone back to: %s.",
			number, why);
}

/* "No policy" is gone back to only where that is what was found, or where it is allowed. */
static bool may_be_without(const struct root *root, unsigned number)
{
	_cleanup_strbuf_ struct strbuf origin = {0};

	return trial_unprotected(root) || (gen_origin(root, number, &origin, NULL) == 0 &&
					   span_is(strbuf_span(&origin), "as-found"));
}

static int check(const struct root *root, const struct gen_list *list,
		 const struct gen_entry *e, struct diag *reterr)
{
	if (e->number < list->minimum)
		return unfit(DIAG_GEN_BARRED, e->number,
			     "it is below the minimum that was set", reterr);
	if (!e->allowed)
		return unfit(DIAG_GEN_BARRED, e->number, "it has a key that was revoked",
			     reterr);
	if (!e->blessed)
		return unfit(DIAG_GEN_UNFIT, e->number,
			     "it is not blessed for this kernel", reterr);
	if (e->no_policy && !may_be_without(root, e->number))
		return unfit(DIAG_GEN_UNFIT, e->number, "it has no policy", reterr);
	return 0;
}

static bool is_the_same(const struct restore *r, struct span policy)
{
	for (size_t i = 0; i < r->n && policy.len && !r->linked; i++)
		if (strcmp(r->file[i].name, GEN_POLICY) == 0 &&
		    span_equal(strbuf_span(&r->file[i].text), policy))
			return true;
	return false;
}

static int pick_newest(const struct root *root, const struct gen_list *list,
		       const struct restore_wish *wish, struct restore *ret,
		       struct diag *reterr)
{
	unsigned number = 0;

	while ((number = gen_newest_blessed(list, number))) {
		const struct gen_entry *e = gen_find(list, number);
		int r;

		if (number == wish->not || check(root, list, e, NULL) < 0)
			continue;
		r = load(root, e, ret, reterr);
		if (r == -ENOMEM)
			return r;
		if (r == 0 && !is_the_same(ret, wish->policy))
			return 0;
		if (r == 0)
			restore_done(ret);
	}
	return diag_set(reterr, DIAG_NO_GEN, ENOENT,
			"There is no generation to go back to.");
}

static int pick_one(const struct root *root, const struct gen_list *list, unsigned number,
		    struct restore *ret, struct diag *reterr)
{
	const struct gen_entry *e = gen_find(list, number);
	int r = e ? check(root, list, e, reterr)
		  : diag_set(reterr, DIAG_NO_GEN, ENOENT, "There is no generation %u.",
			     number);

	return r < 0 ? r : load(root, e, ret, reterr);
}

int restore_pick(const struct root *root, const struct restore_wish *wish,
		 struct restore *ret, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct restore picked = {0};
	int r = gen_list_load(root, wish->release, &list, reterr);

	if (r < 0)
		return r;
	r = wish->number ? pick_one(root, &list, wish->number, &picked, reterr)
			 : pick_newest(root, &list, wish, &picked, reterr);
	if (r == 0)
		*ret = picked;
	return r;
}
