/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows gathered under headings: by folder, package, template, PCR or key id. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/loop.h"
#include "core/list/msig.h"
#include "core/host/pkgdb.h"
#include "core/list/view-internal.h"

enum { ORDER_ALWAYS = 4096 }; /* so few groups are put in order after every slice */

struct group {
	size_t label; /* offset */
	uint32_t label_len;
	uint32_t count, violations;
	mref last;
	bool open;
	struct view_vec entries; /* kept while open */
};

struct grouper {
	struct group *group;
	size_t n, cap;
	struct strbuf labels;
	uint32_t *table; /* hash -> group + 1 */
	size_t n_table;
	struct view_vec order;	 /* groups, largest first */
	struct view_vec start;	 /* row of each, in that order; one more for the end */
	struct view_vec ref, of; /* every entry looked at and its group */
	size_t n_head, n_tail;
	bool dirty;
};

struct grouper *view_grouper_new(void)
{
	return calloc(1, sizeof(struct grouper));
}

struct grouper *view_grouper_free(struct grouper *g)
{
	if (!g)
		return NULL;
	for (size_t i = 0; i < g->n; i++)
		view_vec_done(&g->group[i].entries);
	free(g->group);
	free(g->table);
	strbuf_done(&g->labels);
	view_vec_done(&g->order);
	view_vec_done(&g->start);
	view_vec_done(&g->ref);
	view_vec_done(&g->of);
	free(g);
	return NULL;
}

static struct span label_of(const struct grouper *g, const struct group *p)
{
	return (struct span){(const uint8_t *)g->labels.ptr + p->label, p->label_len};
}

static uint64_t hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.ptr[i]) * 0x100000001b3u;
	return h ^ (h >> 31);
}

static bool grow_table(struct grouper *g)
{
	size_t n = g->n_table ? g->n_table * 2 : 256;
	uint32_t *t = calloc(n, sizeof(*t));

	if (!t)
		return false;
	for (size_t i = 0; i < g->n; i++) {
		size_t at = hash(label_of(g, &g->group[i])) & (n - 1);

		while (t[at])
			at = (at + 1) & (n - 1);
		t[at] = (uint32_t)i + 1;
	}
	free(g->table);
	g->table = t;
	g->n_table = n;
	return true;
}

static bool add_group(struct grouper *g, struct span label)
{
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 64;
		struct group *p = reallocarray(g->group, cap, sizeof(*p));

		if (!p)
			return false;
		g->group = p;
		g->cap = cap;
	}
	g->group[g->n] =
		(struct group){.label = g->labels.len, .label_len = (uint32_t)label.len};
	strbuf_add(&g->labels, label.ptr, label.len);
	strbuf_addc(&g->labels, '\0');
	if (g->labels.failed || !view_vec_add(&g->order, (uint32_t)g->n))
		return false;
	g->n++;
	return true;
}

/* The group of that label, made when new; UINT32_MAX when memory ran out. */
static uint32_t group_named(struct grouper *g, struct span label)
{
	size_t at;

	if (g->n * 2 >= g->n_table && !grow_table(g))
		return UINT32_MAX;
	at = hash(label) & (g->n_table - 1);
	while (g->table[at]) {
		if (span_equal(label_of(g, &g->group[g->table[at] - 1]), label))
			return g->table[at] - 1;
		at = (at + 1) & (g->n_table - 1);
	}
	if (!add_group(g, label))
		return UINT32_MAX;
	g->table[at] = (uint32_t)g->n;
	return (uint32_t)g->n - 1;
}

static struct span folder(struct span path)
{
	const uint8_t *slash =
		path.ptr && path.len ? memrchr(path.ptr, '/', path.len) : NULL;

	if (!slash)
		return span_of("(no path)");
	return (struct span){path.ptr,
			     slash == path.ptr ? 1 : (size_t)(slash - path.ptr)};
}

static struct span package(const struct view *v, struct span path)
{
	int owner = v->ctx->pkgs ? pkgdb_owner(v->ctx->pkgs, path) : PKGDB_NONE;

	return span_of(owner >= 0 ? pkgdb_name(v->ctx->pkgs, owner) : "(unowned)");
}

static void label_for(const struct view *v, const struct mlog_entry *e,
		      struct strbuf *out)
{
	const struct mlog_dialect *d = mstore_dialect(v->store);
	struct span s = {0};
	struct msig sig;

	strbuf_clear(out);
	switch (v->group) {
	case VIEW_GROUP_DIR:
		s = folder(mlog_path(d, e));
		break;
	case VIEW_GROUP_PKG:
		s = package(v, mlog_path(d, e));
		break;
	case VIEW_GROUP_TEMPLATE:
		s = e->name;
		break;
	case VIEW_GROUP_PCR:
		strbuf_addf(out, "PCR %u", e->pcr);
		break;
	case VIEW_GROUP_SIGNER:
		if (msig_of(d, e, &sig))
			strbuf_addhex(out, sig.keyid);
		else
			s = span_of(msig_any(d, e) ? "(signed, no key id)"
						   : "(unsigned)");
		break;
	case VIEW_GROUP_NONE:
	case _VIEW_GROUP_MAX:
	case _VIEW_GROUP_INVALID:
		break;
	}
	strbuf_add(out, s.ptr, s.len);
}

static bool add_entry(const struct view *v, struct grouper *g, mref ref,
		      struct strbuf *scratch, struct strbuf *label)
{
	struct mlog_entry e;
	struct group *p;
	uint32_t id;

	if (!mstore_entry(v->store, ref, scratch, &e))
		return true;
	label_for(v, &e, label);
	id = label->failed
		     ? UINT32_MAX
		     : group_named(g, (struct span){(const uint8_t *)strbuf_str(label),
						    label->len});
	if (id == UINT32_MAX || !view_vec_add(&g->ref, ref) || !view_vec_add(&g->of, id))
		return false;
	p = &g->group[id];
	p->count++;
	p->violations += e.violation;
	p->last = ref;
	g->dirty = true;
	return !p->open || view_vec_add(&p->entries, ref);
}

static int larger(const void *a, const void *b, void *arg)
{
	const struct grouper *g = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (g->group[i].count != g->group[j].count)
		return g->group[i].count > g->group[j].count ? -1 : 1;
	return i < j ? -1 : i > j;
}

static int lay_out(struct grouper *g)
{
	uint32_t row = 0;

	g->start.n = 0;
	if (!view_vec_room(&g->start, g->n + 1))
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		const struct group *p = &g->group[g->order.at[i]];

		g->start.at[g->start.n++] = row;
		row += 1 + (p->open ? (uint32_t)p->entries.n : 0);
	}
	g->start.at[g->start.n++] = row;
	return 0;
}

static int put_in_order(struct grouper *g)
{
	qsort_r(g->order.at, g->n, sizeof(uint32_t), larger, g);
	g->dirty = false;
	return lay_out(g);
}

static bool next_passed(const struct view *v, struct grouper *g, mref *ret)
{
	if (g->n_head < view_n_head(v)) {
		*ret = view_head_at(v, g->n_head++);
		return true;
	}
	if (g->n_tail < view_n_tail(v)) {
		*ret = view_tail_at(v, g->n_tail++);
		return true;
	}
	return false;
}

int view_grouper_step(struct view *v, uint64_t deadline)
{
	_cleanup_strbuf_ struct strbuf scratch = {0}, label = {0};
	struct grouper *g = v->grouper ? v->grouper : (v->grouper = view_grouper_new());
	unsigned done = 0;
	mref ref;

	if (!g)
		return -ENOMEM;
	while (next_passed(v, g, &ref)) {
		if (!add_entry(v, g, ref, &scratch, &label))
			return -ENOMEM;
		if (++done % 256 == 0 && loop_now_us() >= deadline) {
			if (g->n <= ORDER_ALWAYS)
				return put_in_order(g) < 0 ? -ENOMEM : 1;
			return 1;
		}
	}
	return g->dirty || !g->start.n ? put_in_order(g) : 0;
}

size_t view_grouper_count(const struct grouper *g)
{
	return g->start.n ? g->start.at[g->start.n - 1] : 0;
}

bool view_grouper_at(const struct grouper *g, size_t row, struct view_row *ret)
{
	size_t low = 0, high = g->start.n ? g->start.n - 1 : 0;
	const struct group *p;

	if (row >= view_grouper_count(g))
		return false;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (g->start.at[mid] <= row)
			low = mid;
		else
			high = mid;
	}
	p = &g->group[g->order.at[low]];
	*ret = (struct view_row){
		.kind = VIEW_ROW_GROUP,
		.ref = p->last,
		.group = g->order.at[low],
		.count = p->count,
		.violations = p->violations,
		.open = p->open,
		.label = label_of(g, p),
	};
	if (row > g->start.at[low]) {
		ret->kind = VIEW_ROW_ENTRY;
		ret->ref = p->entries.at[row - g->start.at[low] - 1];
	}
	return true;
}

static bool set_open(struct grouper *g, uint32_t id, bool open)
{
	struct group *p = &g->group[id];

	p->open = open;
	p->entries.n = 0;
	if (!open) {
		view_vec_done(&p->entries);
		return true;
	}
	for (size_t i = 0; i < g->of.n; i++)
		if (g->of.at[i] == id && !view_vec_add(&p->entries, g->ref.at[i]))
			return false;
	return true;
}

static bool open_all(struct grouper *g)
{
	for (size_t i = 0; i < g->n; i++) {
		g->group[i].open = true;
		g->group[i].entries.n = 0;
	}
	for (size_t i = 0; i < g->of.n; i++)
		if (!view_vec_add(&g->group[g->of.at[i]].entries, g->ref.at[i]))
			return false;
	return true;
}

int view_grouper_toggle(struct grouper *g, uint32_t group)
{
	bool fine = true, any = false;

	if (group < g->n) {
		fine = set_open(g, group, !g->group[group].open);
	} else if (group == UINT32_MAX) {
		for (size_t i = 0; i < g->n; i++)
			any |= g->group[i].open;
		for (size_t i = 0; any && i < g->n; i++)
			(void)set_open(g, (uint32_t)i, false);
		fine = any || open_all(g);
	}
	return fine ? lay_out(g) : -ENOMEM;
}

/* The entry's own row, or its group's heading. */
bool view_grouper_find(const struct grouper *g, mref ref, size_t *ret_row)
{
	uint32_t id = UINT32_MAX;

	for (size_t i = 0; i < g->ref.n && id == UINT32_MAX; i++)
		if (g->ref.at[i] == ref)
			id = g->of.at[i];
	for (size_t i = 0; id != UINT32_MAX && i < g->start.n - 1; i++) {
		const struct group *p = &g->group[g->order.at[i]];

		if (g->order.at[i] != id)
			continue;
		*ret_row = g->start.at[i];
		for (size_t k = 0; p->open && k < p->entries.n; k++)
			if (p->entries.at[k] == ref) {
				*ret_row += k + 1;
				return true;
			}
		return false;
	}
	*ret_row = 0;
	return false;
}
