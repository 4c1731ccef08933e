/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/filter.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"
#include "core/list/filter-internal.h"
#include "core/host/loop.h"
#include "core/list/msig.h"
#include "core/host/pkgdb.h"

/* What the tests ask of one entry, looked up when first needed. */
struct look {
	const struct filter_context *ctx;
	const struct mlog_dialect *dialect;
	const struct mlog_entry *entry;
	uint64_t number;
	mref ref;
	struct span path;
	struct mlog_digest digest;
	bool have_path, have_digest, digest_ok;
};

const char *filter_text(const struct filter *f)
{
	return f->text;
}

bool filter_is_empty(const struct filter *f)
{
	return f->n == 0;
}

bool filter_uses(const struct filter *f, enum filter_field field)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->test[i].field == field)
			return true;
	return false;
}

bool filter_is_timed(const struct filter *f)
{
	return filter_uses(f, FILTER_SINCE) || filter_uses(f, FILTER_PKG);
}

static struct span look_path(struct look *l)
{
	if (!l->have_path) {
		l->path = mlog_path(l->dialect, l->entry);
		l->have_path = true;
	}
	return l->path;
}

static bool look_digest(struct look *l)
{
	if (!l->have_digest) {
		l->digest_ok = mlog_file_digest(l->dialect, l->entry, &l->digest);
		l->have_digest = true;
	}
	return l->digest_ok;
}

static bool compare(enum filter_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case FILTER_OP_EQUAL:
		return a == b;
	case FILTER_OP_NOT_EQUAL:
		return a != b;
	case FILTER_OP_LESS:
		return a < b;
	case FILTER_OP_MORE:
		return a > b;
	case FILTER_OP_LESS_EQUAL:
		return a <= b;
	case FILTER_OP_MORE_EQUAL:
		return a >= b;
	case FILTER_OP_HAS:
	case FILTER_OP_NOT_HAS:
	case _FILTER_OP_MAX:
		break;
	}
	return false;
}

static bool negated(enum filter_op op)
{
	return op == FILTER_OP_NOT_EQUAL || op == FILTER_OP_NOT_HAS;
}

static bool contains(struct span hay, const char *needle, size_t len)
{
	return len <= hay.len && memmem(hay.ptr, hay.len, needle, len);
}

static bool regex_hits(const struct filter_test *t, struct span s)
{
	regmatch_t m = {.rm_so = 0, .rm_eo = (regoff_t)s.len};

	return regexec(&t->re, s.len ? (const char *)s.ptr : "", 1, &m, REG_STARTEND) ==
	       0;
}

/* The positive sense of a text test; the operator may turn it round. */
static bool text_hits(const struct filter_test *t, struct span value)
{
	if (t->none)
		return value.len == 0;
	if (t->regex)
		return regex_hits(t, value);
	if (t->op == FILTER_OP_HAS || t->op == FILTER_OP_NOT_HAS)
		return contains(value, t->text, t->len);
	return value.len == t->len && memcmp(value.ptr, t->text, t->len) == 0;
}

static bool text_test(const struct filter_test *t, struct span value)
{
	return text_hits(t, value) != negated(t->op);
}

static bool hex_test(const struct filter_test *t, struct span value)
{
	char text[2 * HASH_MAX_SIZE];
	struct span hex = {(uint8_t *)text, 2 * value.len};

	if (value.len > HASH_MAX_SIZE)
		return negated(t->op);
	hex_encode(text, value);
	return text_test(t, hex);
}

/* Where the last part of the path begins. */
static size_t name_start(struct span path)
{
	const uint8_t *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;

	return slash ? (size_t)(slash - path.ptr) + 1 : 0;
}

static struct span dir_of(struct span path)
{
	size_t n = name_start(path);

	return (struct span){path.ptr, n > 1 ? n - 1 : n};
}

static struct span name_of(struct span path)
{
	size_t n = name_start(path);

	return (struct span){path.ptr + n, path.len - n};
}

static bool word_test(const struct filter_test *t, struct look *l)
{
	if (text_hits(t, look_path(l)))
		return true;
	if (!t->hex_word)
		return false;
	return hex_test(t, l->entry->digest) ||
	       (look_digest(l) && hex_test(t, l->digest.value));
}

static bool package_test(const struct filter_test *t, struct look *l)
{
	int owner;

	if (!l->ctx->pkgs || !pkgdb_is_loaded(l->ctx->pkgs))
		return false; /* not known: neither one nor the other */
	owner = pkgdb_owner(l->ctx->pkgs, look_path(l));
	return text_test(t, span_of(pkgdb_name(l->ctx->pkgs, owner)));
}

static bool id_test(const struct filter_test *t, struct look *l, enum mlog_field_id id)
{
	struct span v;
	uint64_t n;

	if (!mlog_field(l->dialect, l->entry, id, &v) || v.len == 0 || v.len > 8)
		return false;
	n = bytes_load(v.ptr, v.len, l->dialect->big_endian);
	if (id == MLOG_IMODE && t->number <= 07777)
		n &= 07777;
	return compare(t->op, n, t->number);
}

static bool flag_test(const struct filter_test *t, bool flag)
{
	bool want = t->none ? false : t->number;

	return (flag == want) != negated(t->op);
}

static struct span algorithm(struct look *l)
{
	if (!look_digest(l))
		return (struct span){0};
	return l->digest.alg_name.len ? l->digest.alg_name
				      : span_of(hash_alg_name(l->digest.alg));
}

static bool keyid_test(const struct filter_test *t, struct look *l)
{
	struct msig sig = {0};

	(void)msig_of(l->dialect, l->entry, &sig);
	return hex_test(t, sig.keyid);
}

static bool has_buffer(struct look *l)
{
	struct span v;

	return mlog_field(l->dialect, l->entry, MLOG_BUF, &v);
}

static bool since_test(const struct filter_test *t, struct look *l)
{
	uint64_t seen = l->ctx->seen_ms ? l->ctx->seen_ms(l->ctx->seen_from, l->ref) : 0;

	return seen && seen + t->number >= l->ctx->now_ms;
}

static bool passes(const struct filter_test *t, struct look *l)
{
	switch (t->field) {
	case FILTER_WORD:
		return word_test(t, l);
	case FILTER_PATH:
		return text_test(t, look_path(l));
	case FILTER_DIR:
		return text_test(t, dir_of(look_path(l)));
	case FILTER_NAME:
		return text_test(t, name_of(look_path(l)));
	case FILTER_TEMPLATE:
		return text_test(t, l->entry->name);
	case FILTER_PCR:
		return compare(t->op, l->entry->pcr, t->number);
	case FILTER_NUMBER:
		return l->number && compare(t->op, l->number, t->number);
	case FILTER_ALG:
		return text_test(t, algorithm(l));
	case FILTER_DIGEST:
		return hex_test(t, look_digest(l) ? l->digest.value : (struct span){0});
	case FILTER_TDIGEST:
		return hex_test(t, l->entry->digest);
	case FILTER_SIG:
		return flag_test(t, msig_any(l->dialect, l->entry));
	case FILTER_KEYID:
		return keyid_test(t, l);
	case FILTER_VIO:
		return flag_test(t, l->entry->violation);
	case FILTER_PKG:
		return package_test(t, l);
	case FILTER_SIZE:
		return compare(t->op, l->entry->size, t->number);
	case FILTER_UID:
		return id_test(t, l, MLOG_IUID);
	case FILTER_GID:
		return id_test(t, l, MLOG_IGID);
	case FILTER_MODE:
		return id_test(t, l, MLOG_IMODE);
	case FILTER_BUF:
		return flag_test(t, has_buffer(l));
	case FILTER_SINCE:
		return since_test(t, l);
	case _FILTER_FIELD_INVALID:
		break;
	}
	return false;
}

bool filter_match(const struct filter *f, const struct filter_context *ctx,
		  const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		  uint64_t number, mref ref)
{
	struct look l = {.ctx = ctx,
			 .dialect = dialect,
			 .entry = entry,
			 .number = number,
			 .ref = ref};
	uint8_t at = f->start;

	while (at < f->n)
		at = passes(&f->test[at], &l) ? f->test[at].on_true
					      : f->test[at].on_false;
	return at == FILTER_ACCEPT;
}

/* One scan: what stays the same from run to run. */
struct scan {
	const struct filter *f;
	const struct filter_context *ctx;
	const struct mstore *store;
	struct mlog_dialect dialect;
	struct strbuf scratch;
	uint64_t deadline;
	mref *out;
	size_t n, max;
};

static void test_entry(struct scan *s, const struct mlog_entry *e, mref ref)
{
	uint64_t number = 0;

	if (filter_uses(s->f, FILTER_NUMBER) && !mstore_number(s->store, ref, &number))
		number = 0;
	if (filter_match(s->f, s->ctx, &s->dialect, e, number, ref))
		s->out[s->n++] = ref;
}

static bool scan_over(const struct scan *s)
{
	return s->n == s->max || loop_now_us() >= s->deadline;
}

/* Decodes entry after entry. Returns the entries done, less than @n when it is over. */
static uint32_t scan_entries(struct scan *s, mref ref, struct span run, uint32_t n)
{
	struct bytes b = bytes_of(run.ptr, run.len);
	struct mlog_entry e;

	for (uint32_t i = 0; i < n; i++) {
		if (s->n == s->max || (i % 256 == 255 && scan_over(s)))
			return i;
		if (mlog_next(&s->dialect, &b, &s->scratch, &e, NULL) <= 0)
			return n; /* cannot be: the store indexed it */
		test_entry(s, &e, ref + i);
	}
	return n;
}

/* Searches the raw bytes and decodes only the records that hold the needle. */
static uint32_t scan_needle(struct scan *s, mref ref, struct span run, uint32_t n)
{
	const struct filter_test *t = &s->f->test[s->f->needle];
	const uint8_t *at = run.ptr, *end = run.ptr + run.len, *hit;
	uint32_t decoded = 0, done = 0;

	while (done < n && (hit = memmem(at, (size_t)(end - at), t->text, t->len))) {
		mref r = mstore_at(s->store, ref, hit);
		struct span record = mstore_record(s->store, r);
		struct bytes b = bytes_of(record.ptr, record.len);
		struct mlog_entry e;

		done = r - ref;
		if (s->n == s->max || (++decoded % 256 == 0 && scan_over(s)))
			return done;
		if (mlog_next(&s->dialect, &b, &s->scratch, &e, NULL) > 0)
			test_entry(s, &e, r);
		at = record.ptr + record.len;
		done++;
	}
	return n;
}

size_t filter_scan(const struct filter *f, const struct filter_context *ctx,
		   const struct mstore *store, mref *ref, unsigned budget_us, mref *out,
		   size_t out_max)
{
	struct scan s = {
		.f = f,
		.ctx = ctx,
		.store = store,
		.dialect = *mstore_dialect(store),
		.deadline = loop_now_us() + budget_us,
		.out = out,
		.max = out_max,
	};
	mref r = mstore_resolve(store, *ref);

	for (;;) {
		struct span run;
		uint32_t n = mstore_run(store, r, &run), done;

		if (n == 0)
			break;
		done = f->needle >= 0 ? scan_needle(&s, r, run, n)
				      : scan_entries(&s, r, run, n);
		r += done;
		if (done < n || scan_over(&s))
			break;
	}
	strbuf_done(&s.scratch);
	*ref = r;
	return s.n;
}
