/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy would do to files of this machine. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/policy/deadly.h"
#include "core/policy/explain.h"
#include "core/appraise/label.h"
#include "core/list/mreader.h"
#include "core/policy/policyhost-internal.h"
#include "core/list/tally.h"

enum {
	NAMED = 3, /* files that are named; of more the number */
	NAMES_MAX = 4096,
	LOOKED_AT = 200,    /* of the names, the most frequent */
	AGAIN_MIN = 100,    /* entries of files measured again that are worth a word, */
	AGAIN_PERCENT = 10, /* and a part of the list as large as this */
};

/* What is wrong with files that one rule appraises. */
struct deadly_rule {
	size_t rule;
	size_t unlabelled, unsigned_; /* files */
	struct strbuf names;
};

struct deadly_scan {
	struct deadly_rule *at;
	size_t n;
};

static struct deadly_rule *rule_of(struct deadly_scan *s, size_t rule)
{
	struct deadly_rule *more;

	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].rule == rule)
			return &s->at[i];
	more = reallocarray(s->at, s->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	s->at = more;
	s->at[s->n] = (struct deadly_rule){.rule = rule};
	return &s->at[s->n++];
}

/* The rule because of which root may not read, run or map it any more, where its label is
 * not right; SIZE_MAX: none. */
static size_t appraised_by(const struct policyhost *h, const struct explain *e,
			   bool *ret_signature)
{
	static const char *const ops[] = {"exec", "mmap", "read"};
	struct policymatch_access a = e->access;
	struct policy_kernel any = {0};
	struct policymatch_result r;

	a.may_setuid = a.may_setgid = true;
	for (size_t op = 0; op < array_size(ops); op++)
		for (size_t i = 0; explain_op(ops[op], i, &any, &a); i++) {
			policymatch_decide(&h->rules->policy, &a, &r);
			if (!r.by[POLICY_CLASS_APPRAISE].does)
				continue;
			*ret_signature = r.signature;
			return r.by[POLICY_CLASS_APPRAISE].rule;
		}
	return SIZE_MAX;
}

static void note_file(struct deadly_rule *d, const struct deadly *file, bool unlabelled)
{
	size_t n = d->unlabelled + d->unsigned_;

	*(unlabelled ? &d->unlabelled : &d->unsigned_) += 1;
	if (n < NAMED)
		strbuf_addf(&d->names, "%s/%s (%s)", n ? ", " : "", file->path,
			    file->role);
}

static void look_at(struct policyhost *h, struct deadly_scan *s,
		    const struct deadly *file)
{
	int at = h->root->dir[ROOT_TARGET];
	_cleanup_close_ int fd = label_open(at, file->path, NULL);
	_cleanup_explain_ struct explain e = {0};
	_cleanup_label_ struct label l = {0};
	bool signature, unlabelled;
	struct deadly_rule *d;
	size_t rule;

	if (fd < 0 || explain_file(h->root, file->path, &e, NULL) < 0 ||
	    label_read(fd, LABEL_SECURITY, &l) < 0)
		return;
	rule = appraised_by(h, &e, &signature);
	unlabelled = l.err[IMAXATTR_IMA] == ENODATA || l.err[IMAXATTR_IMA] == EOPNOTSUPP;
	if (rule == SIZE_MAX || h->rules->origins[rule] != RULESET_CUSTOM ||
	    (!unlabelled &&
	     (l.err[IMAXATTR_IMA] || !signature || imaxattr_is_sig(&l.x[IMAXATTR_IMA]))))
		return;
	d = rule_of(s, rule);
	if (d)
		note_file(d, file, unlabelled);
	else
		h->err = -ENOMEM;
}

static void say_deadly(struct policyhost *h, const struct deadly_rule *d)
{
	size_t n = d->unlabelled + d->unsigned_;
	char more[40] = "";

	if (n > NAMED)
		(void)snprintf(more, sizeof(more), " and %zu more", n - NAMED);
	policyhost_say(h, POLICY_WARNING, d->rule, DIAG_POLICY_DEADLY,
		       "without %s: %s%s; enforced, it leaves no boot or no login",
		       d->unlabelled ? "a label" : "a signature", strbuf_str(&d->names),
		       more);
}

void policyhost_deadly(struct policyhost *h)
{
	struct deadly_scan s = {0};
	const struct deadly *file;

	if (root_is_recorded(h->root))
		return;
	for (size_t i = 0; (file = deadly_at(i)); i++)
		look_at(h, &s, file);
	for (size_t i = 0; i < s.n; i++) {
		say_deadly(h, &s.at[i]);
		strbuf_done(&s.at[i].names);
	}
	free(s.at);
}

/* How often each name was measured; false: the list cannot be read, or is too long. */
static bool count_names(const struct policyhost *h, struct tally *names, uint64_t *ret_n)
{
	_cleanup_close_ int fd = root_open(h->root, ROOT_LIST_BINARY, NULL);
	_cleanup_(mreader_freep) struct mreader *in = NULL;
	struct mlog_entry e;

	*ret_n = 0;
	if (!root_is_recorded(h->root) &&
	    (!probe_is(h->probe, PROBE_ENTRIES, PROBE_YES) ||
	     h->probe->entries > POLICYHOST_ENTRIES))
		return false;
	if (fd < 0 || mreader_new(fd, 20, &in, NULL) < 0)
		return false;
	while (mreader_next(in, &e, NULL) > 0) {
		struct span name = mlog_path(mreader_dialect(in), &e);

		if (tally_add(names, name, 1) < 0)
			return false;
		(*ret_n)++;
	}
	return true;
}

/* The rule that measures what root reads under that name; a file that is not there any
 * more is taken for root's, on the disk of a system. */
static size_t measured_by(const struct policyhost *h, struct span name)
{
	_cleanup_explain_ struct explain e = {.access = {.fsmagic = 0xef53,
							 .fsname = span_of("ext4"),
							 .no_fsuuid = true}};
	_cleanup_strbuf_ struct strbuf path = {0};
	struct policymatch_access a;
	struct policymatch_result r;

	if (name.len < 2 || name.ptr[0] != '/')
		return SIZE_MAX;
	strbuf_add(&path, name.ptr + 1, name.len - 1);
	if (!root_is_recorded(h->root))
		(void)explain_file(h->root, strbuf_str(&path), &e, NULL);
	a = e.access;
	a.func = POLICY_FUNC_FILE_CHECK;
	a.mask = POLICY_MAY_READ;
	a.may_setuid = a.may_setgid = true;
	policymatch_decide(&h->rules->policy, &a, &r);
	return r.by[POLICY_CLASS_MEASURE].does ? r.by[POLICY_CLASS_MEASURE].rule
					       : SIZE_MAX;
}

/* Entries of one rule that were not the first of their name. */
struct again {
	uint64_t entries, most;
	struct span name;
};

static void say_again(struct policyhost *h, size_t rule, const struct again *a,
		      uint64_t n)
{
	char q[80], entries[40], all[40], most[40];

	if (a->entries < AGAIN_MIN || a->entries * 100 < n * AGAIN_PERCENT ||
	    h->rules->origins[rule] != RULESET_CUSTOM)
		return;
	policyhost_say(h, POLICY_WARNING, rule, DIAG_POLICY_AGAIN,
		       "%s of the %s in this machine's list are of files measured again, "
		       "most of them %s (%s)",
		       str_count(entries, sizeof(entries), a->entries),
		       str_counted(all, sizeof(all), n, "entry", "entries"),
		       str_quote(q, sizeof(q), a->name),
		       str_count(most, sizeof(most), a->most));
}

void policyhost_growth(struct policyhost *h)
{
	size_t n_rules = h->rules->policy.n_rules;
	_cleanup_(tally_freep) struct tally *names = tally_new(NAMES_MAX);
	_cleanup_free_ struct tally_row *top = calloc(LOOKED_AT, sizeof(*top));
	_cleanup_free_ struct again *again = calloc(n_rules + 1, sizeof(*again));
	uint64_t n;
	size_t found;

	if (!names || !top || !again) {
		h->err = -ENOMEM;
		return;
	}
	if (!(policymatch_done(&h->rules->policy) >> POLICY_CLASS_MEASURE & 1) ||
	    !count_names(h, names, &n))
		return;
	found = tally_top(names, top, LOOKED_AT);
	for (size_t i = 0; i < found && top[i].weight > 1; i++) {
		size_t rule = measured_by(h, top[i].name);

		if (rule == SIZE_MAX)
			continue;
		if (!again[rule].entries)
			again[rule].name = top[i].name;
		if (!again[rule].entries)
			again[rule].most = top[i].weight;
		again[rule].entries += top[i].weight - 1;
	}
	for (size_t i = 0; i < n_rules; i++)
		say_again(h, i, &again[i], n);
}
