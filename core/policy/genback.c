/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/genback.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/trial.h"
#include "core/policy/bootfile.h"
#include "core/policy/genplan.h"

DEFINE_CLEANUP(struct cert *, cert_free)

/* One plan being made. */
struct work {
	const struct genback *in;
	struct plan *plan;
	struct genback_said *said;
	struct gen_list list;
	struct genfound found;
};

/* "No policy" only where that is how imactl found the machine, or somebody allowed it:
 * else whoever makes a boot fail takes the protection away (recovery.md, rule 6). */
static int check_unprotected(const struct root *root, const struct gen_entry *e,
			     struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf origin = {0};

	if (!e->no_policy || trial_unprotected(root))
		return 0;
	if (gen_origin(root, e->number, &origin, NULL) == 0 &&
	    span_is(strbuf_span(&origin), "as-found"))
		return 0;
	return diag_set(
		reterr, DIAG_GEN_UNFIT, EPERM,
		"Generation %u has no policy, and imactl did not find the machine "
		"so.",
		e->number);
}

static int check(const struct work *w, const struct gen_entry *e, struct diag *reterr)
{
	int r;

	if (!e->blessed && !w->in->passed)
		return diag_set(reterr, DIAG_GEN_UNFIT, EPERM,
				"Generation %u is not called good for the kernel %s.",
				e->number, w->in->release);
	if (!e->allowed)
		return genplan_barred(&w->list, e->number, reterr);
	r = genplan_check_whole(w->in->root, e->number, reterr);
	return r < 0 ? r : check_unprotected(w->in->root, e, reterr);
}

static int pick_named(struct work *w, struct diag *reterr)
{
	const struct gen_entry *e = gen_find(&w->list, w->in->number);

	if (!e)
		return genplan_none(w->in->number, reterr);
	w->said->number = e->number;
	w->said->no_policy = e->no_policy;
	return check(w, e, reterr);
}

/* Older ones are tried in turn; what is wrong with the newest is told when none is left. */
static int pick_newest(struct work *w, struct diag *reterr)
{
	unsigned there = genfound_same(w->in->root, &w->list, &w->found), n = 0;
	const struct gen_entry *e = gen_find(&w->list, there);
	struct diag first = {0}, d = {0};

	if (e && e->blessed && e->allowed)
		n = there;
	while ((n = gen_newest_blessed(&w->list, n))) {
		e = gen_find(&w->list, n);
		if (check(w, e, &d) == 0) {
			w->said->number = n;
			w->said->no_policy = e->no_policy;
			return 0;
		}
		if (!first.id)
			first = d;
	}
	if (!first.id)
		return diag_set(reterr, DIAG_GEN_UNFIT, ENOENT,
				"No generation %sis good for the kernel %s.",
				there ? "but the one that is there " : "",
				w->in->release);
	if (reterr)
		*reterr = first;
	return -first.err;
}

/* The certificate of a generation's file; a name that is not "keys/..." is 0. */
static int read_key(const struct work *w, struct span name, struct cert **ret,
		    struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	char text[GEN_NAME_SIZE];
	int r;

	if (name.len >= sizeof(text) || name.len < 5 || memcmp(name.ptr, "keys/", 5) != 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
	r = gen_read(w->in->root, w->said->number, text, &der, NULL, reterr);
	return r < 0 ? r : cert_read(strbuf_span(&der), ret, reterr) < 0 ? -EBADMSG : 1;
}

static int put_keys(struct work *w, const struct strbuf *names, struct diag *reterr)
{
	struct bytes in = bytes_of(strbuf_str(names), names->len);
	struct span name;
	int r = 0;

	while (r >= 0 && bytes_until(&in, '\n', &name)) {
		_cleanup_(cert_freep) struct cert *cert = NULL;

		r = read_key(w, name, &cert, reterr);
		if (r <= 0 || genfound_has_cert(&w->found, cert))
			continue;
		r = bootfile_put_key(w->plan, w->in->root, cert, reterr);
		w->said->keys_put += r > 0;
	}
	return r < 0 ? r : 0;
}

/* Certificates alone: what else lies there loads no key. */
static int take_keys(struct work *w, const struct strbuf *names, struct diag *reterr)
{
	const struct certstore *certs = &w->found.certs;
	char name[GEN_NAME_SIZE];
	int r = 0;

	for (size_t i = 0; i < certs->n && r >= 0; i++) {
		if (!certs->cert[i]->spki.len || !genfound_at_boot(&w->found, i))
			continue;
		gen_key_name(certs->cert[i]->spki, name);
		if (strstr(strbuf_str(names), name))
			continue;
		r = bootfile_take_key(w->plan, w->in->root, certs->from[i] + 1, reterr);
		w->said->keys_taken += r > 0;
	}
	return r < 0 ? r : 0;
}

static int put_policy(struct work *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0}, xattrs = {0};
	int r = gen_read(w->in->root, w->said->number, GEN_POLICY, &text, &xattrs,
			 reterr);

	if (r == -ENOENT)
		return bootfile_take_policy(w->plan, w->in->root, reterr);
	return r < 0 ? r
		     : bootfile_put_policy(w->plan, w->in->root, strbuf_span(&text),
					   strbuf_span(&xattrs), (struct span){0},
					   reterr);
}

static int keep(struct work *w, struct diag *reterr)
{
	bool label = genplan_needs_labels(w->in->root, &w->found);
	unsigned next;
	int r = gen_next(w->in->root, &next, reterr);

	if (r == 0)
		r = gen_begin(w->plan, w->in->root, reterr);
	/* not good for any kernel: it is what is gone back from */
	if (r == 0)
		r = genfound_keep(w->plan, w->in->root, &w->found, &w->list, "", label,
				  &next, &w->said->found, reterr);
	return r;
}

static int build(struct work *w, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	int r = w->in->number ? pick_named(w, reterr) : pick_newest(w, reterr);

	if (r == 0)
		r = gen_files(w->in->root, w->said->number, &names, reterr);
	if (r == 0)
		r = keep(w, reterr);
	if (r == 0)
		r = put_keys(w, &names, reterr);
	if (r == 0)
		r = put_policy(w, reterr);
	return r < 0 ? r : take_keys(w, &names, reterr);
}

int genback_add(const struct genback *in, struct plan *plan,
		struct genback_said *ret_said, struct diag *reterr)
{
	struct work w = {.in = in, .plan = plan, .said = ret_said};
	int r;

	*ret_said = (struct genback_said){0};
	r = gen_list_load(in->root, in->release, &w.list, reterr);
	if (r == 0)
		r = genfound_load(in->root, &w.found, reterr);
	if (r == 0)
		r = build(&w, reterr);
	gen_list_done(&w.list);
	genfound_done(&w.found);
	return r < 0 ? r : 0;
}

int genback_plan(const struct genback *in, struct plan *ret,
		 struct genback_said *ret_said, struct diag *reterr)
{
	int r = plan_init(ret, "go back to a generation", reterr);

	return r < 0 ? r : genback_add(in, ret, ret_said, reterr);
}
