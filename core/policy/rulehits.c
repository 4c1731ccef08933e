/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/rulehits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/appraise/evmfile.h"
#include "core/host/mounts.h"
#include "core/policy/rulescope.h"

enum { BUCKETS = 256, LOOK_EVERY = 256 };

/* Files that the rules cannot tell from each other. */
struct kind {
	uint64_t dev, fsmagic;
	uint32_t uid, gid;
	unsigned uses;
	uint64_t files;
	uint32_t *rules, *unsure; /* that decide on some access; that may */
	size_t n_rules, n_unsure;
	uint32_t next; /* in the bucket, plus 1 */
};

struct work {
	const struct ruleset *rules;
	const struct root *root;
	const struct rulehits_watch *watch;
	struct rulescope scope;
	struct mounts mounts;
	struct rulehits *hits;
	struct kind *kinds;
	size_t n_kinds;
	uint32_t bucket[BUCKETS]; /* the first of each, plus 1 */
	uint64_t *seen;		  /* hashes of names; 0: free */
	size_t n_seen, cap_seen;
	uint8_t *mark; /* of each rule, while one kind is looked at */
	struct strbuf path;
};

enum { MARK_DECIDES = 1, MARK_MAY = 2 };

static void work_done(struct work *w)
{
	for (size_t i = 0; i < w->n_kinds; i++) {
		free(w->kinds[i].rules);
		free(w->kinds[i].unsure);
	}
	free(w->kinds);
	free(w->seen);
	free(w->mark);
	strbuf_done(&w->path);
	mounts_done(&w->mounts);
}

static uint64_t hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.ptr[i]) * 0x100000001b3u;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return h ? h : 1;
}

static size_t seen_slot(const struct work *w, uint64_t h)
{
	size_t i = h & (w->cap_seen - 1);

	while (w->seen[i] && w->seen[i] != h)
		i = (i + 1) & (w->cap_seen - 1);
	return i;
}

static int seen_grow(struct work *w)
{
	size_t old = w->cap_seen;
	_cleanup_free_ uint64_t *before = w->seen;

	w->cap_seen = old ? 2 * old : 4096;
	w->seen = calloc(w->cap_seen, sizeof(*w->seen));
	if (!w->seen)
		return -ENOMEM;
	for (size_t i = 0; i < old; i++)
		if (before[i])
			w->seen[seen_slot(w, before[i])] = before[i];
	return 0;
}

/* 1: it is new. Names are told apart by 64 bits, which is enough to count them. */
static int seen_add(struct work *w, struct span name)
{
	uint64_t h = hash(name);
	size_t at;

	if (2 * w->n_seen >= w->cap_seen && seen_grow(w) < 0)
		return -ENOMEM;
	at = seen_slot(w, h);
	if (w->seen[at])
		return 0;
	w->seen[at] = h;
	w->n_seen++;
	return 1;
}

/* Marks who decides, and who may instead. */
static void mark(void *user, const struct policymatch_access *access,
		 const struct policymatch_result *result)
{
	struct work *w = user;

	for (int c = 0; c < _POLICY_CLASS_MAX; c++) {
		if (result->by[c].rule != SIZE_MAX)
			w->mark[result->by[c].rule] |= MARK_DECIDES;
		if (result->by[c].unsure != SIZE_MAX)
			w->mark[result->by[c].unsure] |= MARK_MAY;
	}
}

/* The rules with that mark, taken off them. */
static int take_marks(struct work *w, uint8_t which, uint32_t **ret, size_t *ret_n)
{
	uint32_t *at;
	size_t n = 0;

	for (size_t i = 0; i < w->hits->n_rules; i++)
		n += (w->mark[i] & which) != 0;
	at = calloc(n + 1, sizeof(*at));
	if (!at)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < w->hits->n_rules; i++) {
		if (w->mark[i] & which)
			at[n++] = (uint32_t)i;
		w->mark[i] &= (uint8_t)~which;
	}
	*ret = at;
	*ret_n = n;
	return 0;
}

/* Asks the rules, once for each kind of file. */
static int ask(struct work *w, struct kind *k, struct rulescope_file *file, int fd)
{
	const struct mounts_type *fs = mounts_find(&w->mounts, k->dev);
	uint8_t uuid[16];
	int r;

	if (fs) {
		file->fsname = fs->type;
		file->fs_subtype = fs->subtype;
	}
	if (evmfile_fs_uuid(w->root, fd, uuid))
		file->uuid = uuid;
	rulescope_each(&w->scope, file, mark, w);
	r = take_marks(w, MARK_DECIDES, &k->rules, &k->n_rules);
	return r < 0 ? r : take_marks(w, MARK_MAY, &k->unsure, &k->n_unsure);
}

static size_t bucket_of(const struct kind *k)
{
	uint64_t h = (k->dev ^ k->fsmagic << 20) * 0x9e3779b97f4a7c15u;

	h = (h ^ k->uid) * 0x9e3779b97f4a7c15u;
	h = (h ^ k->gid) * 0x9e3779b97f4a7c15u;
	return (size_t)((h ^ k->uses) * 0x9e3779b97f4a7c15u >> 48) % BUCKETS;
}

static bool same_kind(const struct kind *a, const struct kind *b)
{
	return a->dev == b->dev && a->fsmagic == b->fsmagic && a->uid == b->uid &&
	       a->gid == b->gid && a->uses == b->uses;
}

static struct kind *find_kind(struct work *w, const struct kind *k)
{
	for (uint32_t i = w->bucket[bucket_of(k)]; i; i = w->kinds[i - 1].next)
		if (same_kind(&w->kinds[i - 1], k))
			return &w->kinds[i - 1];
	return NULL;
}

static int add_kind(struct work *w, struct kind *k, struct rulescope_file *file, int fd)
{
	struct kind *more = reallocarray(w->kinds, w->n_kinds + 1, sizeof(*more));
	uint32_t *bucket = &w->bucket[bucket_of(k)];

	if (!more)
		return -ENOMEM;
	w->kinds = more;
	k->next = *bucket;
	k->files = 1;
	*bucket = (uint32_t)w->n_kinds + 1;
	w->kinds[w->n_kinds++] = *k;
	return ask(w, &w->kinds[w->n_kinds - 1], file, fd);
}

/* A file as it is now. */
static int add_file(struct work *w, struct span name)
{
	_cleanup_close_ int fd = -1;
	struct rulescope_file file = {0};
	struct kind k, *known;
	struct statfs fs;
	struct stat st;

	strbuf_clear(&w->path);
	strbuf_add(&w->path, name.ptr + 1, name.len - 1);
	if (w->path.failed)
		return -ENOMEM;
	fd = fspath_open_in(w->root->dir[ROOT_TARGET], strbuf_str(&w->path), O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fstatfs(fd, &fs) < 0) {
		w->hits->gone++;
		return 0;
	}
	file = (struct rulescope_file){.path = strbuf_str(&w->path),
				       .mode = (uint16_t)st.st_mode,
				       .uid = st.st_uid,
				       .gid = st.st_gid,
				       .fsmagic = (uint32_t)fs.f_type};
	k = (struct kind){.dev = st.st_dev,
			  .fsmagic = file.fsmagic,
			  .uid = file.uid,
			  .gid = file.gid,
			  .uses = rulescope_uses(&file)};
	known = find_kind(w, &k);
	if (known)
		known->files++;
	return known ? 0 : add_kind(w, &k, &file, fd);
}

/* ima_main.c process_buffer_measurement() names keys by their keyring and command lines
 * "kexec-cmdline"; critical data by what happened, which is not what label= names. */
static enum policy_func data_func(struct span name)
{
	if (span_is(name, "kexec-cmdline"))
		return POLICY_FUNC_KEXEC_CMDLINE;
	if (name.len && (name.ptr[0] == '.' || name.ptr[0] == '_'))
		return POLICY_FUNC_KEY_CHECK;
	return POLICY_FUNC_CRITICAL_DATA;
}

static void add_data(struct work *w, struct span name)
{
	struct policymatch_access a = {.func = data_func(name),
				       .data = name,
				       .no_fsname = true,
				       .no_fsuuid = true};
	struct policymatch_class *by;
	struct policymatch_result r;

	w->hits->data++;
	if (a.func == POLICY_FUNC_CRITICAL_DATA)
		a.data = (struct span){0};
	policymatch_decide(&w->rules->policy, &a, &r);
	by = &r.by[POLICY_CLASS_MEASURE];
	if (by->rule != SIZE_MAX)
		w->hits->rules[by->rule].n++;
	if (by->unsure != SIZE_MAX)
		w->hits->rules[by->unsure].unsure = true;
	for (size_t i = 0; a.func == POLICY_FUNC_CRITICAL_DATA && i < w->hits->n_rules;
	     i++)
		if (w->rules->policy.rules[i].func == a.func &&
		    policy_has(&w->rules->policy.rules[i], POLICY_KEY_LABEL))
			w->hits->rules[i].unsure = true;
}

static int add_entry(struct work *w, const struct mlog_dialect *d,
		     const struct mlog_entry *e)
{
	struct span name = mlog_path(d, e), buf;
	int r;

	if (mlog_field(d, e, MLOG_BUF, &buf)) {
		add_data(w, name);
		return 0;
	}
	if (name.len < 2 || name.ptr[0] != '/' || memchr(name.ptr, 0, name.len))
		return 0;
	r = seen_add(w, name);
	if (r <= 0)
		return r;
	w->hits->files++;
	return w->root ? add_file(w, name) : 0;
}

static int add_run(struct work *w, const struct mlog_dialect *d, struct span run,
		   uint64_t *entries)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct bytes in = bytes_of(run.ptr, run.len);
	struct mlog_entry e;

	in.big_endian = d->big_endian;
	while (mlog_next(d, &in, &scratch, &e, NULL) > 0) {
		if (add_entry(w, d, &e) < 0)
			return -ENOMEM;
		if (++*entries % LOOK_EVERY)
			continue;
		w->watch->progress(w->watch->user, *entries);
		if (w->watch->stop(w->watch->user))
			return -ECANCELED;
	}
	return 0;
}

/* Users and groups that were not tried for want of room. */
static bool untried(const struct work *w, const struct policy_rule *r)
{
	return w->scope.rough &&
	       (policy_has(r, POLICY_KEY_UID) || policy_has(r, POLICY_KEY_EUID) ||
		policy_has(r, POLICY_KEY_GID) || policy_has(r, POLICY_KEY_EGID));
}

static void sum(struct work *w)
{
	for (size_t i = 0; i < w->n_kinds; i++) {
		const struct kind *k = &w->kinds[i];

		for (size_t j = 0; j < k->n_rules; j++)
			w->hits->rules[k->rules[j]].n += k->files;
		for (size_t j = 0; j < k->n_unsure; j++)
			w->hits->rules[k->unsure[j]].unsure = true;
	}
	for (size_t i = 0; i < w->hits->n_rules; i++)
		if (untried(w, &w->rules->policy.rules[i]))
			w->hits->rules[i].unsure = true;
}

static int begin(struct work *w)
{
	size_t n = w->rules->policy.n_rules;

	w->hits->n_rules = n;
	w->hits->looked = w->root;
	w->hits->rules = calloc(n + 1, sizeof(*w->hits->rules));
	w->mark = calloc(n + 1, 1);
	if (!w->hits->rules || !w->mark)
		return -ENOMEM;
	rulescope_init_any(&w->scope, w->rules);
	return w->root ? mounts_load(w->root, &w->mounts) : 0;
}

int rulehits_run(const struct ruleset *rules, const struct root *root,
		 const struct rulehits_list *list, const struct rulehits_watch *watch,
		 struct rulehits *ret, struct diag *reterr)
{
	struct rulehits hits = {0};
	_cleanup_(work_done) struct work w = {.rules = rules,
					      .root = root,
					      .watch = watch,
					      .hits = &hits};
	uint64_t entries = 0;
	int r = begin(&w);

	for (size_t i = 0; r == 0 && i < list->n_runs; i++)
		r = add_run(&w, list->dialect, list->runs[i], &entries);
	if (r < 0) {
		rulehits_done(&hits);
		return r == -ECANCELED
			       ? r
			       : diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	sum(&w);
	*ret = hits;
	return 0;
}

void rulehits_done(struct rulehits *h)
{
	free(h->rules);
	*h = (struct rulehits){0};
}

bool rulehits_known(const struct rulehits *h, const struct policy_rule *rule)
{
	switch (rule->func) {
	case POLICY_FUNC_KEY_CHECK:
	case POLICY_FUNC_KEXEC_CMDLINE:
	case POLICY_FUNC_CRITICAL_DATA:
		return true;
	case POLICY_FUNC_SETXATTR_CHECK:
		return false;
	default:
		return h->looked;
	}
}
