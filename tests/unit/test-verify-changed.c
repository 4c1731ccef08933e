/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of real kernels, changed at random in every way a forger, a disk or a copying person
 * changes them. None of them may match: unless what was changed is provably not what the
 * PCR covers, and then that must be said. And whatever is named must be what was changed.
 *
 * 200 changes; 4,000 with IMACTL_LONG=1 (scripts/test --long). IMACTL_SEED=N takes others;
 * a failure says which one it was. More lists are read from $IMACTL_SHARED.
 */
#include "tests/unit/bootgen.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/list/mlog.h"

enum { BOOTS_MAX = 48, RECORDS_MAX = 64, PCR = 10 };

struct record {
	size_t at, len;
};

/* A list that is true, and the values its TPM had. */
struct boot {
	char name[120];
	struct strbuf list;
	struct pcrs pcrs;
	struct mlog_dialect dialect;
	size_t n;
	struct record record[RECORDS_MAX];
};

static struct boot *boots[BOOTS_MAX];
static size_t n_boots;
static uint64_t state;

/* xorshift64*: the same everywhere. */
static size_t below(size_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)(state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % limit;
}

static void add_boot(const char *folder, const char *variant, const char *file)
{
	_cleanup_strbuf_ struct strbuf text = {0}, scratch = {0};
	struct boot *b = calloc(1, sizeof(*b));
	struct mlog_entry e;
	struct bytes c;
	char path[1024];

	assert_non_null(b);
	(void)snprintf(b->name, sizeof(b->name), "%s/%s", variant, file);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, variant, file);
	if (fs_read_at(AT_FDCWD, path, 1 << 20, &b->list, NULL) < 0) {
		free(b);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/%s/pcrs.json", folder, variant);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_int_equal(pcrs_parse(&b->pcrs, strbuf_span(&text), _HASH_ALG_INVALID,
				    NULL),
			 0);
	assert_int_equal(mlog_sniff(strbuf_span(&b->list), 0, &b->dialect, NULL), 0);
	c = bytes_of(b->list.ptr, b->list.len);
	while (mlog_next(&b->dialect, &c, &scratch, &e, NULL) > 0) {
		assert_true(b->n < RECORDS_MAX);
		b->record[b->n++] = (struct record){c.pos - e.size, e.size};
	}
	assert_int_equal(bytes_left(&c), 0);
	assert_true(n_boots < BOOTS_MAX);
	boots[n_boots++] = b;
}

static int setup(void **unused)
{
	static const char *const ours[] = {"61-custom", "61-modsig",	"61-sig",
					   "612-ima",	"612-plain-ng", "612-sig"};
	static const char *const more[] = {"61-log",	   "61-ng",	    "61-ngv2",
					   "61-plain-sig", "612-fix",	    "612-modsig",
					   "612-ng",	   "612-plain-sig", "612-tcb"};
	static const char *const files[] = {"binary_runtime_measurements",
					    "ascii_runtime_measurements",
					    "binary_runtime_measurements_sha256"};
	const char *shared = getenv("IMACTL_SHARED");
	char folder[900];

	for (size_t f = 0; f < array_size(files); f++) {
		(void)snprintf(folder, sizeof(folder), "%s/tests/fixtures/lists",
			       getenv("IMACTL_SOURCE"));
		for (size_t i = 0; i < array_size(ours); i++)
			add_boot(folder, ours[i], files[f]);
		(void)snprintf(folder, sizeof(folder),
			       "%s%s/fixtures/lists/kernel-generated",
			       shared ? "" : getenv("IMACTL_SOURCE"),
			       shared ? shared : "/../shared");
		for (size_t i = 0; i < array_size(more); i++)
			add_boot(folder, more[i], files[f]);
	}
	print_message("%zu lists\n", n_boots);
	return n_boots >= 12 ? 0 : -1;
}

static int teardown(void **unused)
{
	for (size_t i = 0; i < n_boots; i++) {
		strbuf_done(&boots[i]->list);
		free(boots[i]);
	}
	return 0;
}

/* What was done, and to which entries (from 1; 0: to none of them). */
struct done {
	const char *what;
	size_t first, last;
};

static void put(struct strbuf *out, const struct boot *b, size_t record)
{
	strbuf_add(out, b->list.ptr + b->record[record].at, b->record[record].len);
}

static void put_range(struct strbuf *out, const struct boot *b, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		put(out, b, i);
}

static size_t record_at(const struct boot *b, size_t byte)
{
	size_t i = 0;

	while (i + 1 < b->n && b->record[i + 1].at <= byte)
		i++;
	return i;
}

static struct done change_byte(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t at = below(b->list.len);

	put_range(out, b, 0, b->n);
	out->ptr[at] ^= (char)(1 + below(255));
	return (struct done){"a changed byte", record_at(b, at) + 1,
			     record_at(b, at) + 1};
}

static struct done change_bit(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t at = below(b->list.len);

	put_range(out, b, 0, b->n);
	out->ptr[at] ^= (char)(1 << below(8));
	return (struct done){"a changed bit", record_at(b, at) + 1, record_at(b, at) + 1};
}

static struct done change_many(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	put_range(out, b, 0, b->n);
	for (size_t n = 2 + below(30); n > 0; n--)
		out->ptr[below(out->len)] = (char)below(256);
	return (struct done){"many changed bytes", 0, 0};
}

static struct done drop(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t i = below(b->n);

	put_range(out, b, 0, i);
	put_range(out, b, i + 1, b->n);
	return (struct done){"a dropped entry", i, i + 1};
}

static struct done swap(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t i = below(b->n), j = below(b->n), t;

	if (below(2))
		j = i + 1 < b->n ? i + 1 : 0;
	if (i > j) {
		t = i;
		i = j;
		j = t;
	}
	put_range(out, b, 0, i);
	if (i < j) {
		put(out, b, j);
		put_range(out, b, i + 1, j);
		put(out, b, i);
	} else {
		put(out, b, i);
	}
	put_range(out, b, j + 1, b->n);
	return (struct done){"swapped entries", i + 1, j + 1};
}

static struct done duplicate(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t i = below(b->n), to = i + below(b->n + 1 - i);

	put_range(out, b, 0, to);
	put(out, b, i);
	put_range(out, b, to, b->n);
	return (struct done){"a duplicated entry", i + 1, to + 2};
}

static struct done append(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t n = 1 + below(3);

	put_range(out, b, 0, b->n);
	for (size_t i = 0; i < n; i++)
		put(out, b, below(b->n));
	return (struct done){"appended entries", b->n + 1, b->n + n};
}

static struct done truncate_list(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t len = below(b->list.len);

	strbuf_add(out, b->list.ptr, len);
	return (struct done){"a truncated list", record_at(b, len), b->n};
}

static struct done cut_out(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	size_t from = below(b->list.len), len = 1 + below(40);

	len = len < b->list.len - from ? len : b->list.len - from;
	strbuf_add(out, b->list.ptr, from);
	strbuf_add(out, b->list.ptr + from + len, b->list.len - from - len);
	return (struct done){"bytes cut out", record_at(b, from), b->n};
}

static struct done wrong_value(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	struct pcr_bank *bank = &p->bank[below(p->n_banks)];

	put_range(out, b, 0, b->n);
	bank->value[PCR][below(hash_alg_size(bank->alg))] ^= (uint8_t)(1 << below(8));
	return (struct done){"a wrong PCR value", 0, 0};
}

static struct done no_value(const struct boot *b, struct strbuf *out, struct pcrs *p)
{
	put_range(out, b, 0, b->n);
	p->bank[below(p->n_banks)].present &= ~(1U << PCR);
	return (struct done){"a bank without a value", 0, 0};
}

static struct done (*const ways[])(const struct boot *b, struct strbuf *out,
				   struct pcrs *p) = {
	change_byte, change_bit,    change_many, drop,	      swap,	duplicate,
	append,	     truncate_list, cut_out,	 wrong_value, no_value,
};

/* Does the changed list say what the true one said, but for the contents of violations?
 * *ret_violations: those differ. */
static bool says_the_same(const struct boot *b, struct span list, bool *ret_violations)
{
	_cleanup_strbuf_ struct strbuf s1 = {0}, s2 = {0};
	struct bytes c1 = bytes_of(b->list.ptr, b->list.len),
		     c2 = bytes_of(list.ptr, list.len);
	struct mlog_entry e1, e2;

	*ret_violations = false;
	while (mlog_next(&b->dialect, &c1, &s1, &e1, NULL) > 0) {
		if (mlog_next(&b->dialect, &c2, &s2, &e2, NULL) <= 0 ||
		    e1.pcr != e2.pcr || e1.violation != e2.violation ||
		    !span_equal(e1.digest, e2.digest) || !span_equal(e1.name, e2.name))
			return false;
		if (span_equal(e1.data, e2.data))
			continue;
		if (!e1.violation)
			return false;
		*ret_violations = true;
	}
	return bytes_left(&c2) == 0;
}

static void fail_with(const struct verify *v, const struct boot *b, const struct done *d,
		      uint64_t seed, const char *what)
{
	bg_print(v);
	fail_msg("IMACTL_SEED=%llu: %s, %s at entries %zu to %zu: %s",
		 (unsigned long long)seed, b->name, d->what, d->first, d->last, what);
}

/* A cause that names entries must name those that were changed. Where the changed records no
 * longer fit their frame, what comes behind is another list. A line of text that no longer
 * begins as one belongs to the file name of the line before. */
static void check_names(const struct verify *v, const struct boot *b,
			const struct done *d, uint64_t seed)
{
	const struct verify_result *r = verify_result(v);

	if (d->first == 0 || r->damage.id != DIAG_NONE)
		return;
	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct verify_reason *w = &r->reason[i];

		if (w->kind == VERIFY_CAUSE && w->first &&
		    (w->last + b->dialect.ascii < d->first || w->first > d->last))
			fail_with(v, b, d, seed, "something else is named");
	}
}

static bool check(const struct boot *b, struct span list, const struct pcrs *pcrs,
		  const struct done *d, uint64_t seed)
{
	_bg_ bg = bg_new(0, REPLAY_NATIVE);
	struct verify_options o = bg_options(bg);
	_cleanup_(verify_freep) struct verify *v = NULL;
	bool violations, same = says_the_same(b, list, &violations);

	strbuf_add(&bg->list, list.ptr, list.len);
	o.pcrs = pcrs;
	for (size_t i = 0; i < pcrs->n_banks; i++)
		o.bank[o.n_banks++] = pcrs->bank[i].alg;
	assert_int_equal(verify_new(&o, &v, NULL), 0);
	if (verify_run(v, NULL) < 0) {
		if (verify_result(v)->verdict == VERIFY_MATCH)
			fail_with(v, b, d, seed, "no list, and a match");
		return false;
	}
	if (verify_result(v)->verdict != VERIFY_MATCH) {
		if (verify_result(v)->n_reasons == 0)
			fail_with(v, b, d, seed, "nothing is said");
		check_names(v, b, d, seed);
		return false;
	}
	if (!same)
		fail_with(v, b, d, seed, "matches");
	if (violations && !bg_reason(v, WHY_UNPROTECTED))
		fail_with(v, b, d, seed, "that this is not covered is not said");
	return true;
}

static void test_changed__never_matches(void **unused)
{
	const char *chosen = getenv("IMACTL_SEED"), *more = getenv("IMACTL_LONG");
	uint64_t first = chosen ? strtoull(chosen, NULL, 10) : 1;
	uint64_t n = more && *more && *more != '0' ? 4000 : 200;
	size_t matched = 0;

	for (uint64_t seed = first; seed < first + n; seed++) {
		_cleanup_strbuf_ struct strbuf list = {0};
		_cleanup_free_ struct pcrs *pcrs = malloc(sizeof(*pcrs));
		const struct boot *b;
		struct done d;

		state = seed * UINT64_C(0x9e3779b97f4a7c15);
		b = boots[below(n_boots)];
		assert_non_null(pcrs);
		*pcrs = b->pcrs;
		d = ways[seed % array_size(ways)](b, &list, pcrs);
		matched += check(b, strbuf_span(&list), pcrs, &d, seed);
	}
	print_message("%llu changes, %zu of what the PCR does not cover\n",
		      (unsigned long long)n, matched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed__never_matches),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
