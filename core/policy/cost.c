/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/cost.h"

#include <errno.h>
#include <string.h>

#include "core/host/hashalg.h"
#include "core/probe/probe.h"

enum {
	QUEUE_ENTRY = 40,    /* struct ima_queue_entry */
	TEMPLATE_ENTRY = 32, /* struct ima_template_entry without its fields */
	TEMPLATE_FIELD = 16, /* struct ima_field_data */
	TPM_DIGEST = 66,     /* struct tpm_digest */
	SLOTS_ASSUMED = 2,   /* sha1 and sha256: the usual */
	NAMES_MAX = 4096,
	TEMPLATES_MAX = 64,
	DIR_DEPTH = 6,
};

/* mm/slab_common.c kmalloc_info[]: powers of two, and 96 and 192; above 8 KiB whole pages
 * of an order (6.1, SLUB). */
uint64_t cost_kmalloc(uint64_t size)
{
	uint64_t n = 8;

	if (size == 0)
		return 0;
	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (n < size)
		n *= 2;
	return n;
}

static bool has_word(const char *text, const char *word)
{
	struct bytes in = bytes_of(text, strlen(text));
	struct span s;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, ' ', &s))
			(void)bytes_take(&in, bytes_left(&in), &s);
		if (span_is(s, word))
			return true;
	}
	return false;
}

struct cost_model cost_model_of(const struct probe *p)
{
	struct cost_model m = {.slots = SLOTS_ASSUMED, .assumed = true};
	const char *banks, *hash;

	if (!p || !probe_is(p, PROBE_TPM_USED, PROBE_YES)) {
		/* no bank: sha1, and ima_hash where that is another */
		m.assumed = !p || probe_is(p, PROBE_TPM_USED, PROBE_UNKNOWN);
		if (p && !strcmp(p->fact[PROBE_HASH].value, "sha1") && !m.assumed)
			m.slots = 1;
		return m;
	}
	if (!probe_is(p, PROBE_BANKS, PROBE_YES))
		return m;
	banks = p->fact[PROBE_BANKS].value;
	hash = p->fact[PROBE_HASH].value;
	m = (struct cost_model){.slots = 1};
	for (const char *c = banks; *c; c++)
		m.slots += *c == ' ';
	m.slots += !has_word(banks, "sha1");
	m.slots += *hash && strcmp(hash, "sha1") != 0 && !has_word(banks, hash);
	return m;
}

static uint64_t field_bytes(const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry, unsigned *ret_fields,
			    uint64_t *ret_sigs)
{
	struct mlog_field field[MLOG_FIELDS_MAX];
	int n = mlog_fields(dialect, entry, field, NULL);
	uint64_t sum = 0, bytes;

	*ret_sigs = 0;
	*ret_fields = n > 0 ? (unsigned)n : 2;
	if (n < 0)
		return cost_kmalloc(entry->data.len);
	for (int i = 0; i < n; i++) {
		bytes = cost_kmalloc(field[i].value.len);
		sum += bytes;
		if (field[i].id == MLOG_SIG || field[i].id == MLOG_EVMSIG ||
		    field[i].id == MLOG_MODSIG)
			*ret_sigs += bytes;
	}
	return sum;
}

/* All but the data of its fields. */
static uint64_t frame_bytes(const struct cost_model *model, unsigned fields)
{
	return cost_kmalloc(QUEUE_ENTRY) +
	       cost_kmalloc(TEMPLATE_ENTRY + (uint64_t)TEMPLATE_FIELD * fields) +
	       cost_kmalloc((uint64_t)TPM_DIGEST * model->slots);
}

static uint64_t entry_bytes(const struct cost_model *model,
			    const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry, uint64_t *ret_sigs)
{
	unsigned fields;
	uint64_t data = field_bytes(dialect, entry, &fields, ret_sigs);

	return frame_bytes(model, fields) + data;
}

uint64_t cost_entry(const struct cost_model *model, const struct mlog_dialect *dialect,
		    const struct mlog_entry *entry)
{
	uint64_t sigs;

	return entry_bytes(model, dialect, entry, &sigs);
}

/* ima_template_lib.c: "sha256:" and its NUL before a digest, "ima:" before that in version 2;
 * names with their NUL. What a plain file has none of is empty. */
static size_t field_size(struct span id, const struct cost_file *f)
{
	size_t digest = strlen(hash_alg_name(f->hash)) + 2 + hash_alg_size(f->hash);

	if (span_is(id, "d-ng"))
		return digest;
	if (span_is(id, "d-ngv2"))
		return digest + strlen("ima:");
	if (span_is(id, "d"))
		return hash_alg_size(HASH_SHA1);
	if (span_is(id, "n") || span_is(id, "n-ng"))
		return f->path + 1;
	return span_is(id, "sig") ? f->sig : 0;
}

uint64_t cost_file(const struct cost_model *model, struct span name,
		   const struct cost_file *file)
{
	struct span format = mlog_template_format(name), id;
	struct bytes in = bytes_of(format.ptr, format.len);
	unsigned fields = 0;
	uint64_t data = 0;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '|', &id))
			(void)bytes_take(&in, bytes_left(&in), &id);
		data += cost_kmalloc(field_size(id, file));
		fields++;
	}
	return frame_bytes(model, fields) + data;
}

int cost_init(struct cost *c, const struct cost_model *model, struct diag *reterr)
{
	*c = (struct cost){
		.model = *model,
		.templates = tally_new(TEMPLATES_MAX),
		.dirs = tally_new(NAMES_MAX),
		.paths = tally_new(NAMES_MAX),
		.violators = tally_new(NAMES_MAX),
	};
	if (c->templates && c->dirs && c->paths && c->violators)
		return 0;
	cost_done(c);
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

void cost_done(struct cost *c)
{
	c->templates = tally_free(c->templates);
	c->dirs = tally_free(c->dirs);
	c->paths = tally_free(c->paths);
	c->violators = tally_free(c->violators);
	free(c->seen);
	c->seen = NULL;
}

static uint64_t content_hash(const struct mlog_digest *d)
{
	uint64_t h = 0;
	size_t n = d->value.len < sizeof(h) ? d->value.len : sizeof(h);

	memcpy(&h, d->value.ptr, n); /* a digest is as good as a hash of itself */
	return h ? h : 1;
}

/* True when it was there; else it is there now. A free slot exists. */
static bool seen_put(uint64_t *seen, size_t cap, uint64_t h)
{
	size_t i = (size_t)(h * 0x9e3779b97f4a7c15u >> 20) & (cap - 1);

	while (seen[i] && seen[i] != h)
		i = (i + 1) & (cap - 1);
	if (seen[i])
		return true;
	seen[i] = h;
	return false;
}

static int seen_grow(struct cost *c)
{
	size_t cap = c->cap_seen ? c->cap_seen * 2 : 4096;
	uint64_t *bigger = calloc(cap, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i < c->cap_seen; i++)
		if (c->seen[i])
			(void)seen_put(bigger, cap, c->seen[i]);
	free(c->seen);
	c->seen = bigger;
	c->cap_seen = cap;
	return 0;
}

static int add_content(struct cost *c, const struct mlog_dialect *dialect,
		       const struct mlog_entry *entry)
{
	struct mlog_digest d;

	if (entry->violation || !mlog_file_digest(dialect, entry, &d) || d.value.len == 0)
		return 0;
	if (c->n_seen >= COST_CONTENTS_MAX) {
		c->contents_full = true;
		return 0;
	}
	if (2 * (c->n_seen + 1) > c->cap_seen && seen_grow(c) < 0)
		return -ENOMEM;
	if (seen_put(c->seen, c->cap_seen, content_hash(&d))) {
		c->repeated++;
	} else {
		c->n_seen++;
		c->contents++;
	}
	return 0;
}

/* Every folder above the path, the root left out: /usr, /usr/bin, ... */
static int add_dirs(struct cost *c, struct span path, uint64_t bytes)
{
	unsigned depth = 0;
	int r = 0;

	for (size_t i = 1; i < path.len && depth < DIR_DEPTH && r >= 0; i++) {
		if (path.ptr[0] != '/' || path.ptr[i] != '/')
			continue;
		depth++;
		r = tally_add(c->dirs, (struct span){path.ptr, i}, bytes);
	}
	return r;
}

int cost_add(struct cost *c, const struct mlog_dialect *dialect,
	     const struct mlog_entry *entry, struct diag *reterr)
{
	struct span path = mlog_path(dialect, entry);
	uint64_t sigs = 0, bytes = entry_bytes(&c->model, dialect, entry, &sigs);
	int r;

	c->entries++;
	c->violations += entry->violation;
	c->list_bytes += entry->size;
	c->kernel_bytes += bytes;
	c->sig_bytes += sigs;
	r = tally_add(c->templates, entry->name, bytes);
	if (r == 0)
		r = tally_add(c->paths, path, bytes);
	if (r == 0 && entry->violation)
		r = tally_add(c->violators, path, bytes);
	if (r == 0)
		r = add_dirs(c, path, bytes);
	if (r == 0)
		r = add_content(c, dialect, entry);
	return r < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

static bool below(struct span path, struct span dir)
{
	return path.len > dir.len && path.ptr[dir.len] == '/' &&
	       memcmp(path.ptr, dir.ptr, dir.len) == 0;
}

/* Is one folder below it nearly all of it? */
static bool explained(const struct tally_row *rows, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (below(rows[k].name, rows[i].name) &&
		    rows[k].weight > rows[i].weight / 8 * 7)
			return true;
	return false;
}

size_t cost_top_dirs(struct cost *c, struct tally_row ret[COST_TOP])
{
	struct tally_row rows[8 * COST_TOP];
	size_t n = tally_top(c->dirs, rows, array_size(rows)), found = 0;

	for (size_t i = 0; i < n && found < COST_TOP; i++)
		if (!explained(rows, n, i))
			ret[found++] = rows[i];
	return found;
}

size_t cost_top_paths(struct cost *c, struct tally_row ret[COST_TOP])
{
	struct tally_row rows[8 * COST_TOP];
	size_t n = tally_top(c->paths, rows, array_size(rows)), found = 0;

	for (size_t i = 0; i < n && found < COST_TOP; i++)
		if (rows[i].count > 1)
			ret[found++] = rows[i];
	return found;
}

static bool next_word(struct bytes *in, struct span *ret)
{
	size_t start;

	while (bytes_left(in) && (in->ptr[in->pos] == ' ' || in->ptr[in->pos] == '\t'))
		in->pos++;
	start = in->pos;
	while (bytes_left(in) && in->ptr[in->pos] != ' ' && in->ptr[in->pos] != '\t')
		in->pos++;
	*ret = (struct span){in->ptr + start, in->pos - start};
	return ret->len > 0;
}

/* "name active_objs num_objs objsize ...": memory is taken by all objects, used or not. */
static void slab_row(struct span line, struct cost_system *s)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span name, w[3];
	uint64_t v[3];

	if (!next_word(&in, &name))
		return;
	for (size_t i = 0; i < 3; i++)
		if (!next_word(&in, &w[i]) || str_to_u64(w[i], &v[i]) < 0)
			return;
	if (span_is(name, "iint_cache") || span_is(name, "ima_iint_cache")) {
		s->has_slab = true;
		s->inodes = v[0];
		s->inode_bytes = v[1] > UINT64_MAX / (v[2] + 1) ? 0 : v[1] * v[2];
	} else if (span_is(name, "evm_iint_cache")) {
		s->has_slab = true;
		s->evm_inodes = v[0];
		s->evm_bytes = v[1] > UINT64_MAX / (v[2] + 1) ? 0 : v[1] * v[2];
	}
}

/* "MemTotal:  8039156 kB" */
static void meminfo_row(struct span line, struct cost_system *s)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span name, number;
	uint64_t kib;

	if (!next_word(&in, &name) || !next_word(&in, &number) ||
	    str_to_u64(number, &kib) < 0 || kib > UINT64_MAX / 1024)
		return;
	if (span_is(name, "MemTotal:"))
		s->mem_total = kib * 1024;
	if (span_is(name, "SUnreclaim:")) {
		s->slab_unreclaim = kib * 1024;
		s->has_slab_total = true;
	}
}

static void each_line(const struct root *root, enum root_file file, struct cost_system *s,
		      void (*row)(struct span line, struct cost_system *s))
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span line;
	struct bytes in;

	if (root_read(root, file, &text, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line))
		row(line, s);
}

/* "12345.67 23456.78" */
static void uptime_row(struct span line, struct cost_system *s)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span whole;
	uint64_t seconds;

	if (bytes_until(&in, '.', &whole) && str_to_u64(whole, &seconds) == 0) {
		s->has_uptime = true;
		s->uptime = (double)seconds;
	}
}

void cost_system_read(const struct root *root, struct cost_system *ret)
{
	*ret = (struct cost_system){0};
	each_line(root, ROOT_SLABINFO, ret, slab_row);
	each_line(root, ROOT_MEMINFO, ret, meminfo_row);
	each_line(root, ROOT_UPTIME, ret, uptime_row);
}
