/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of real kernels and what a forger could make of them, held against the values
 * their TPMs had.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/verify.h"

enum { RECORDS_MAX = 32 };

/* A list that can be taken apart, and the PCR values that belong to it. */
struct boot {
	struct strbuf list;
	struct pcrs pcrs;
	size_t at;    /* of the reader */
	size_t chunk; /* most bytes a read gives; 0: as asked */
	bool no_rewind;
	struct boot *next; /* what stands there from the second look on */
	struct mlog_dialect dialect;
	size_t n;
	struct span record[RECORDS_MAX];
	/* live: */
	size_t visible; /* bytes the "kernel" shows now */
	size_t grow;	/* records added at each read at the end */
	int lag;	/* so many PCR reads see one record less extended */
	unsigned pcr_reads;
};

static void read_fixture(const char *variant, const char *name, struct strbuf *out)
{
	char path[1024];
	int fd;

	assert_true(snprintf(path, sizeof(path), "%s/tests/fixtures/lists/%s/%s",
			     getenv("IMACTL_SOURCE"), variant, name) < (int)sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fs_read_fd(fd, 1 << 20, name, out, NULL), 0);
	close(fd);
}

static struct span bytes_in(const struct strbuf *s)
{
	return (struct span){(const uint8_t *)s->ptr, s->len};
}

static struct boot *boot(const char *variant, const char *list)
{
	_cleanup_strbuf_ struct strbuf text = {0}, scratch = {0};
	struct boot *b = calloc(1, sizeof(*b));
	struct mlog_entry e;
	struct bytes c;

	assert_non_null(b);
	read_fixture(variant, list, &b->list);
	read_fixture(variant, "pcrs.json", &text);
	assert_int_equal(pcrs_parse(&b->pcrs, bytes_in(&text), _HASH_ALG_INVALID, NULL),
			 0);
	assert_int_equal(mlog_sniff(bytes_in(&b->list), 0, &b->dialect, NULL), 0);
	c = bytes_of(b->list.ptr, b->list.len);
	while (mlog_next(&b->dialect, &c, &scratch, &e, NULL) > 0) {
		assert_true(b->n < RECORDS_MAX);
		b->record[b->n++] = (struct span){c.ptr + c.pos - e.size, e.size};
	}
	b->visible = b->list.len;
	return b;
}

static void boot_freep(struct boot **b)
{
	strbuf_done(&(*b)->list);
	free(*b);
}
#define _boot_ __attribute__((cleanup(boot_freep))) struct boot *

/* The list anew out of records in the order given, -1 at the end. */
static void arrange(struct boot *b, const int *order)
{
	struct strbuf list = {0};

	for (; *order >= 0; order++)
		strbuf_add(&list, b->record[*order].ptr, b->record[*order].len);
	strbuf_done(&b->list);
	b->list = list;
	b->visible = list.len;
}

/* All records in their order but for what is done with number @i. */
enum change { DROP, DOUBLE, SWAP, MOVE_TO_END };

static void change(struct boot *b, enum change what, int i)
{
	int order[RECORDS_MAX + 2], n = 0;

	for (int k = 0; k < (int)b->n; k++) {
		if (k == i && what == DROP)
			continue;
		order[n++] = k;
		if (k == i && what == DOUBLE)
			order[n++] = k;
	}
	if (what == SWAP) {
		order[i] = i + 1;
		order[i + 1] = i;
	}
	if (what == MOVE_TO_END)
		order[n++] = i;
	order[n] = -1;
	arrange(b, order);
}

static ssize_t boot_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct boot *b = arg;
	size_t n = b->visible - b->at;

	if (n > len)
		n = len;
	if (b->chunk && n > b->chunk)
		n = b->chunk;
	if (n)
		memcpy(buf, b->list.ptr + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static int boot_rewind(void *arg, struct diag *reterr)
{
	struct boot *b = arg;

	b->at = 0;
	return b->no_rewind ? -ESPIPE : 0;
}

static struct verify *run_with(struct boot *b, struct verify_options *o)
{
	struct verify *v = NULL;
	struct diag err = {0};

	o->source.read = boot_read;
	o->source.rewind = boot_rewind;
	o->source.arg = b;
	if (!o->source.pcrs)
		o->pcrs = &b->pcrs;
	assert_int_equal(verify_new(o, &v, NULL), 0);
	assert_int_equal(verify_run(v, &err), 0);
	return v;
}

static struct verify *run(struct boot *b)
{
	struct verify_options o = {.column = _HASH_ALG_INVALID,
				   .search_ms = VERIFY_SEARCH_MS};

	return run_with(b, &o);
}

static const struct verify_reason *reason(const struct verify *v, enum verify_why why)
{
	const struct verify_result *r = verify_result(v);

	for (size_t i = 0; i < r->n_reasons; i++)
		if (r->reason[i].why == why)
			return &r->reason[i];
	return NULL;
}

static void assert_why(const struct verify *v, enum verify_why why, uint64_t first)
{
	const struct verify_reason *w = reason(v, why);

	if (!w)
		for (size_t i = 0; i < verify_result(v)->n_reasons; i++)
			print_message("%s: %s\n",
				      verify_why_name(verify_result(v)->reason[i].why),
				      verify_result(v)->reason[i].text);
	assert_non_null(w);
	if (first)
		assert_int_equal(w->first, first);
}

static const char *const variants[][2] = {
	{"61-sig", "binary_runtime_measurements"},
	{"61-sig", "ascii_runtime_measurements"},
	{"61-custom", "binary_runtime_measurements"},
	{"61-custom", "ascii_runtime_measurements"},
	{"61-modsig", "binary_runtime_measurements"},
	{"612-sig", "binary_runtime_measurements_sha512"},
	{"612-ima", "binary_runtime_measurements_sha384"},
	{"612-ima", "ascii_runtime_measurements_sha256"},
	{"612-plain-ng", "binary_runtime_measurements_sha1"},
};

static void test_run__true_lists_match(void **state)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		_boot_ b = boot(variants[i][0], variants[i][1]);
		_cleanup_(verify_freep) struct verify *v = run(b);
		const struct verify_result *r = verify_result(v);
		bool old = variants[i][0][1] == '1' && variants[i][0][2] == '-';

		old = strncmp(variants[i][0], "61-", 3) == 0;
		assert_int_equal(r->verdict, VERIFY_MATCH);
		assert_int_equal(r->entries, b->n);
		assert_int_equal(r->n_banks, 4);
		assert_int_equal(r->n_errors, 0);
		assert_int_equal(r->bootagg.verdict, VERIFY_MATCH);
		assert_int_equal(r->bytes, b->list.len);
		for (size_t k = 0; k < 4; k++) {
			bool padded = r->bank[k].mode != REPLAY_NATIVE;

			assert_int_equal(r->bank[k].verdict, VERIFY_MATCH);
			assert_int_equal(r->bank[k].matched, b->n);
			assert_int_equal(padded,
					 old && hash_alg_size(r->bank[k].alg) > 32);
		}
		assert_true(!!reason(v, WHY_PADDED) == old);
	}
}

static void test_run__small_reads_and_pool(void **state)
{
	static const size_t chunks[] = {1, 7, 100};
	struct pool *pool = NULL;

	assert_int_equal(pool_new(1, &pool, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		_boot_ b = boot("61-sig", "ascii_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;
		struct verify_options o = {.column = _HASH_ALG_INVALID, .pool = pool};

		b->chunk = chunks[i];
		v = run_with(b, &o);
		assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
		assert_int_equal(verify_result(v)->entries, b->n);
	}
	pool_free(pool);
}

/* Every byte of a list changed in turn: never a match, unless it lies in the data of a
 * violation, which nothing protects. */
static void test_run__any_changed_byte(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	struct mlog_entry e = {0};
	struct bytes c = bytes_of(b->list.ptr, b->list.len);
	size_t end = 0, changed = 0, unprotected = 0;

	for (size_t i = 0; i < b->list.len; i++) {
		_cleanup_(verify_freep) struct verify *v = NULL;
		struct verify_options o = {.column = _HASH_ALG_INVALID};
		const struct verify_result *r;

		if (i == end) {
			assert_int_equal(mlog_next(&b->dialect, &c, NULL, &e, NULL), 1);
			end = c.pos;
		}
		b->list.ptr[i] ^= 1;
		b->at = 0;
		o.source = (struct verify_source){boot_read, boot_rewind, NULL, b};
		o.pcrs = &b->pcrs;
		assert_int_equal(verify_new(&o, &v, NULL), 0);
		if (verify_run(v, NULL) == 0) {
			r = verify_result(v);
			if (e.violation && i >= end - e.data.len &&
			    r->verdict == VERIFY_MATCH) {
				assert_non_null(reason(v, WHY_UNPROTECTED));
				unprotected++;
			} else {
				assert_int_not_equal(r->verdict, VERIFY_MATCH);
				assert_true(r->n_reasons > 0);
			}
		} else {
			assert_int_not_equal(verify_result(v)->verdict, VERIFY_MATCH);
		}
		b->list.ptr[i] ^= 1;
		changed++;
	}
	assert_int_equal(changed, b->list.len);
	assert_true(unprotected > 0); /* else this would not test what it says */
}

/* The data are those that were measured, whatever the template is called. */
static void test_run__a_renamed_template(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = run(b), *renamed = NULL;
	uint8_t *end = (uint8_t *)b->list.ptr + b->list.len, *at = (uint8_t *)b->list.ptr;
	const struct verify_ambiguous *a;

	assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
	assert_null(reason(v, WHY_AMBIGUOUS));
	while ((at = memmem(at, (size_t)(end - at), "ima-sig", 7)))
		memcpy(at, "ima-buf", 7);
	b->at = 0;
	renamed = run(b);
	a = &verify_result(renamed)->ambiguous;
	assert_int_equal(verify_result(renamed)->verdict, VERIFY_MATCH);
	assert_non_null(reason(renamed, WHY_AMBIGUOUS));
	assert_int_equal(a->n, 1);
	assert_string_equal(a->name, "ima-buf");
	assert_string_equal(a->other, "ima-sig");
}

static void test_run__changed_data_names_the_entry(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;
	const struct verify_result *r;
	size_t offset = (size_t)(b->record[4].ptr - (const uint8_t *)b->list.ptr);

	b->list.ptr[offset + 60] ^= 1;
	v = run(b);
	r = verify_result(v);
	assert_int_equal(r->verdict, VERIFY_MISMATCH);
	assert_int_equal(r->n_errors, 1);
	assert_int_equal(r->error[0].entry, 5);
	assert_int_equal(r->error[0].offset, offset);
	assert_why(v, WHY_TEMPLATE, 5);
	assert_why(v, WHY_COLUMN, 5); /* the SHA-1 bank still has what the column says */
}

static void test_run__changed_column_names_the_entry(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->list.ptr[(size_t)(b->record[6].ptr - (const uint8_t *)b->list.ptr) + 10] ^=
		0x40;
	v = run(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	assert_int_equal(verify_result(v)->bank[0].verdict,
			 VERIFY_MATCH); /* the data is true */
	assert_why(v, WHY_TEMPLATE, 7);
}

static void test_run__changed_pcr_number(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->list.ptr[b->record[3].ptr - (const uint8_t *)b->list.ptr] = 11;
	v = run(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	assert_true(reason(v, WHY_OTHER_PCR) || reason(v, WHY_LUMPED));
}

static void test_run__dropped(void **state)
{
	for (int i = 0; i < 12; i++) {
		_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;

		change(b, DROP, i);
		v = run(b);
		if (i == 0) {
			assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
			assert_why(v, WHY_BOOTAGG_DROPPED, 1);
		} else if (b->record[i].ptr && reason(v, WHY_VIOLATION_DROPPED)) {
			assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
		} else {
			assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
			assert_why(v, WHY_NONE, 0);
		}
	}
}

static void test_run__dropped_between_checkpoints(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_strbuf_ struct strbuf saved = {0};
	struct verify_options o = {.column = _HASH_ALG_INVALID};
	static struct pcrs all;
	size_t whole = b->list.len;

	all = b->pcrs;
	/* Checks after 3, 6, and all records; the PCRs of the earlier ones are computed.
	 */
	for (size_t n = 3; n <= b->n; n += n == 3 ? 3 : b->n - n ? b->n - n : 1) {
		struct replay_config c = {.n_banks = 1,
					  .bank = {HASH_SHA256},
					  .modes = 1,
					  .column = _HASH_ALG_INVALID};
		_cleanup_(replay_freep) struct replay *r = NULL;
		_cleanup_(verify_freep) struct verify *v = NULL;
		struct bytes cur = bytes_of(b->list.ptr, whole);
		struct mlog_entry e;
		struct span value;

		assert_int_equal(replay_new(&c, &r, NULL), 0);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(mlog_next(&b->dialect, &cur, NULL, &e, NULL), 1);
			assert_true(replay_add(r, &b->dialect, &e) >= 0);
		}
		assert_true(replay_value(r, 0, 10, REPLAY_NATIVE, &value));
		b->pcrs = (struct pcrs){0};
		pcrs_bank(&b->pcrs, HASH_SHA256)->present = 1 << 10;
		memcpy(b->pcrs.bank[0].value[10], value.ptr, value.len);
		b->visible = cur.pos;
		b->at = 0;
		v = run(b);
		assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
		strbuf_clear(&saved);
		verify_save(v, &saved);
	}
	b->pcrs = all;
	b->at = 0;
	change(b, DROP, 4);
	o.checkpoints = bytes_in(&saved);
	{
		_cleanup_(verify_freep) struct verify *v = run_with(b, &o);

		assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
		assert_why(v, WHY_CHECKPOINT, 5);
		assert_int_equal(reason(v, WHY_CHECKPOINT)->last, 5);
	}
}

static void test_run__swapped(void **state)
{
	for (int i = 0; i < 8; i++) {
		_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;

		change(b, SWAP, i);
		v = run(b);
		assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
		assert_why(v, WHY_SWAPPED, (uint64_t)i + 1);
	}
}

static void test_run__duplicated(void **state)
{
	/* Not boot_aggregate: twice at the start it is a second boot. */
	for (int i = 1; i < 8; i++) {
		_boot_ b = boot("61-sig", "binary_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;

		change(b, DOUBLE, i);
		v = run(b);
		assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
		assert_why(v, WHY_DUPLICATED, (uint64_t)i + 2);
	}
}

static void test_run__forged_tail(void **state)
{
	for (size_t k = 0; k < 2; k++) {
		_boot_ b = boot(k ? "61-sig" : "612-sig", "binary_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;
		const struct verify_result *r;

		change(b, MOVE_TO_END, 2);
		v = run(b);
		r = verify_result(v);
		assert_int_equal(r->verdict, VERIFY_PENDING);
		for (size_t i = 0; i < r->n_banks; i++) {
			assert_int_equal(r->bank[i].verdict, VERIFY_PENDING);
			assert_int_equal(r->bank[i].matched, b->n);
			assert_int_equal(r->bank[i].pending, 1);
		}
		assert_why(v, WHY_TAIL, b->n + 1);
	}
}

static void test_run__truncated_anywhere(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	size_t whole = b->list.len;

	for (size_t len = 1; len < whole; len++) {
		_cleanup_(verify_freep) struct verify *v = NULL;
		struct verify_options o = {.column = _HASH_ALG_INVALID, .pcrs = &b->pcrs};
		const struct verify_result *r;

		b->visible = len;
		b->at = 0;
		o.source = (struct verify_source){boot_read, boot_rewind, NULL, b};
		assert_int_equal(verify_new(&o, &v, NULL), 0);
		if (verify_run(v, NULL) < 0)
			continue; /* too short to be a list */
		r = verify_result(v);
		assert_int_not_equal(r->verdict, VERIFY_MATCH);
		if (r->damage.id != DIAG_NONE) {
			assert_int_equal(r->damage.id, DIAG_LIST_TRUNCATED);
			assert_int_equal(r->damage_entry, r->entries + 1);
			assert_int_equal(r->damage_offset, r->bytes);
		}
	}
}

static void test_run__violation_hidden_dropped_faked(void **state)
{
	_boot_ b = boot("61-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *faked = NULL, *dropped = NULL;
	struct mlog_entry e;
	struct bytes c = bytes_of(b->list.ptr, b->list.len);
	int violation = -1;

	for (int i = 0; violation < 0 && mlog_next(&b->dialect, &c, NULL, &e, NULL) > 0;
	     i++)
		if (e.violation)
			violation = i;
	assert_true(violation > 0);
	memset(b->list.ptr + (b->record[1].ptr - (const uint8_t *)b->list.ptr) + 4, 0,
	       20);
	faked = run(b);
	assert_int_equal(verify_result(faked)->verdict, VERIFY_MISMATCH);
	assert_why(faked, WHY_VIOLATION_FAKED, 2);
	{
		_boot_ d = boot("61-sig", "binary_runtime_measurements");

		change(d, DROP, violation);
		dropped = run(d);
		assert_int_equal(verify_result(dropped)->verdict, VERIFY_MISMATCH);
		assert_why(dropped, WHY_VIOLATION_DROPPED, 0);
	}
}

static void test_run__wrong_value(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *one = NULL, *all = NULL, *agg = NULL;

	pcrs_bank(&b->pcrs, HASH_SHA256)->value[10][5] ^= 1;
	one = run(b);
	assert_int_equal(verify_result(one)->verdict, VERIFY_MISMATCH);
	assert_why(one, WHY_BANKS_DIFFER, 0);
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		b->pcrs.bank[i].value[10][1] ^= 1;
	b->at = 0;
	all = run(b);
	assert_int_equal(verify_result(all)->verdict, VERIFY_MISMATCH);
	assert_why(all, WHY_NONE, 0);
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		b->pcrs.bank[i].value[10][1] ^= 1;
	pcrs_bank(&b->pcrs, HASH_SHA256)->value[10][5] ^= 1;
	pcrs_bank(&b->pcrs, HASH_SHA256)->value[3][5] ^= 1;
	b->at = 0;
	agg = run(b);
	assert_int_equal(verify_result(agg)->verdict, VERIFY_MISMATCH);
	assert_why(agg, WHY_BOOT_AGGREGATE, 0);
}

static void test_run__no_value(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *sm3 = NULL, *none = NULL, *pcr = NULL;
	struct verify_options o = {.column = _HASH_ALG_INVALID,
				   .n_banks = 2,
				   .bank = {HASH_SHA256, HASH_SM3}};

	sm3 = run_with(b, &o);
	assert_int_equal(verify_result(sm3)->verdict, VERIFY_UNKNOWN);
	assert_int_equal(verify_result(sm3)->bank[0].verdict, VERIFY_MATCH);
	assert_why(sm3, WHY_NO_PCR_VALUE, 0);
	pcrs_bank(&b->pcrs, HASH_SHA256)->present &= ~(1U << 10);
	b->at = 0;
	pcr = run(b);
	assert_int_equal(verify_result(pcr)->verdict, VERIFY_UNKNOWN);
	b->pcrs.n_banks = 0;
	b->at = 0;
	none = run(b);
	assert_int_equal(verify_result(none)->verdict, VERIFY_UNKNOWN);
}

static void test_run__empty_list(void **state)
{
	_boot_ b = boot("612-sig", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->visible = 0;
	v = run(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_UNKNOWN);
	assert_why(v, WHY_EMPTY, 0);
}

/* Replays @order with its own rules and makes the result the PCR values. */
static void set_pcrs(struct boot *b, const int *order, bool reset_at_bootagg)
{
	struct replay_config c = {.n_banks = 2,
				  .bank = {HASH_SHA1, HASH_SHA256},
				  .modes = 1,
				  .column = _HASH_ALG_INVALID};
	_cleanup_(replay_freep) struct replay *r = NULL;

	for (; *order >= 0; order++) {
		struct bytes cur = bytes_of(b->record[*order].ptr, b->record[*order].len);
		struct mlog_entry e;

		if (!r || (reset_at_bootagg && *order == 0)) {
			replay_free(r);
			r = NULL;
			assert_int_equal(replay_new(&c, &r, NULL), 0);
		}
		assert_int_equal(mlog_next(&b->dialect, &cur, NULL, &e, NULL), 1);
		assert_true(replay_add(r, &b->dialect, &e) >= 0);
	}
	for (size_t i = 0; i < 2; i++) {
		struct pcr_bank *bank = pcrs_bank(&b->pcrs, c.bank[i]);

		for (unsigned p = 8; p < PCRS_COUNT; p++) {
			struct span v;

			if (p < 10)
				continue;
			assert_true(replay_value(r, i, p, REPLAY_NATIVE, &v));
			memcpy(bank->value[p], v.ptr, v.len);
			bank->present |= 1U << p;
		}
	}
	b->pcrs.n_banks = 2;
}

static void test_run__kexec(void **state)
{
	static const int two[] = {0, 1, 2, 3, 4, 0, 1, 5, 6, -1};
	static const int second[] = {0, 1, 5, 6, -1};
	_cleanup_(verify_freep) struct verify *carried = NULL, *glued = NULL,
					      *fresh = NULL;
	_boot_ a = boot("612-plain-ng", "binary_runtime_measurements");
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_boot_ c = boot("612-plain-ng", "binary_runtime_measurements");

	/* The second kernel got the first one's list: true. */
	set_pcrs(a, two, false);
	arrange(a, two);
	carried = run(a);
	assert_int_equal(verify_result(carried)->verdict, VERIFY_MATCH);
	assert_why(carried, WHY_SEVERAL_KERNELS, 0);
	/* Two boots in one file, the PCR from the second. */
	set_pcrs(b, two, true);
	arrange(b, two);
	glued = run(b);
	assert_int_equal(verify_result(glued)->verdict, VERIFY_MISMATCH);
	assert_why(glued, WHY_TWO_BOOTS, 6);
	/* The second kernel began a new list, the PCR went on. */
	set_pcrs(c, two, false);
	arrange(c, second);
	fresh = run(c);
	assert_int_equal(verify_result(fresh)->verdict, VERIFY_MISMATCH);
	assert_why(fresh, WHY_KEXEC, 0);
}

/* Rewrites the PCR column of a record in place (before its bytes are used). */
static void set_pcr_column(struct boot *b, size_t i, uint8_t pcr)
{
	b->list.ptr[b->record[i].ptr - (const uint8_t *)b->list.ptr] = (char)pcr;
}

static void test_run__other_pcrs(void **state)
{
	static const int all[] = {0, 1, 2, 3, 4, 5, 6, -1};
	_cleanup_(verify_freep) struct verify *good = NULL, *lumped = NULL;
	_boot_ a = boot("612-plain-ng", "binary_runtime_measurements");
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");

	set_pcr_column(a, 2, 11);
	set_pcr_column(a, 4, 11);
	set_pcrs(a, all, false);
	arrange(a, all);
	good = run(a);
	assert_int_equal(verify_result(good)->verdict, VERIFY_MATCH);
	assert_int_equal(verify_result(good)->bank[0].n_pcrs, 2);
	assert_int_equal(verify_result(good)->bank[0].pcr[1].pcr, 11);
	assert_int_equal(verify_result(good)->bank[0].pcr[1].entries, 2);
	/* The PCR value comes from somebody who put everything into PCR 10. */
	set_pcrs(b, all, false);
	set_pcr_column(b, 2, 11);
	set_pcr_column(b, 4, 11);
	arrange(b, all);
	lumped = run(b);
	assert_int_equal(verify_result(lumped)->verdict, VERIFY_MISMATCH);
	assert_why(lumped, WHY_LUMPED, 0);
}

/* A list made up of entries that somebody extended into a PCR of his own, held against
 * the values of a machine whose IMA measured into PCR 10. */
static void test_run__ima_pcr_left_out(void **state)
{
	static const int all[] = {0, 1, 2, 3, 4, 5, 6, -1};
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *other = NULL, *unused = NULL;
	const struct verify_result *r;

	for (size_t i = 0; i < 7; i++)
		set_pcr_column(b, i, 14);
	set_pcrs(b, all, false);
	arrange(b, all);
	unused = run(b); /* a kernel that is built for PCR 14: PCR 10 is all zeros */
	assert_int_equal(verify_result(unused)->verdict, VERIFY_MATCH);
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		b->pcrs.bank[i].value[10][0] = 1;
	b->at = 0;
	other = run(b);
	r = verify_result(other);
	assert_int_equal(r->verdict, VERIFY_MISMATCH);
	assert_int_equal(r->bank[0].n_pcrs, 2);
	assert_int_equal(r->bank[0].pcr[0].verdict, VERIFY_MATCH);
	assert_int_equal(r->bank[0].pcr[1].pcr, 10);
	assert_int_equal(r->bank[0].pcr[1].entries, 0);
	assert_int_equal(r->bank[0].pcr[1].verdict, VERIFY_MISMATCH);
}

/* Puts another list in the file's place. */
static int exchange_and_rewind(void *arg, struct diag *reterr)
{
	struct boot *b = arg, *next = b->next;

	strbuf_done(&b->list);
	b->list = next->list;
	next->list = (struct strbuf){0};
	b->visible = next->visible;
	return boot_rewind(arg, reterr);
}

/* A false list at the first look; at the second the true one, that and a part of a record,
 * or an even shorter one. */
static void test_run__list_changes_between_looks(void **state)
{
	static const int less[] = {0, 0, 8};

	for (size_t i = 0; i < 3; i++) {
		_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
		_boot_ next = boot("612-plain-ng", "binary_runtime_measurements");
		_cleanup_(verify_freep) struct verify *v = NULL;
		struct verify_options o = {.column = _HASH_ALG_INVALID, .pcrs = &b->pcrs};

		change(b, DOUBLE, 5);
		if (i == 1)
			strbuf_add(&next->list, "\n\0\0", 3);
		next->visible = next->list.len - (size_t)less[i];
		b->next = next;
		o.source =
			(struct verify_source){boot_read, exchange_and_rewind, NULL, b};
		assert_int_equal(verify_new(&o, &v, NULL), 0);
		assert_int_equal(verify_run(v, NULL), 0);
		assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
		assert_int_equal(verify_result(v)->damage.id, DIAG_LIST_SHRANK);
		assert_why(v, WHY_DAMAGED, 0);
	}
}

static void test_run__pcr_restarted(void **state)
{
	static const int all[] = {0, 1, 2, 3, 4, 5, 6, -1}, part[] = {3, 4, 5, 6, -1};
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	set_pcrs(b, part, false);
	arrange(b, all);
	v = run(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	assert_why(v, WHY_LATE_START, 4);
}

static void test_run__zero_pcr_and_bypass(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *zero = NULL, *bypass = NULL;

	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		memset(b->pcrs.bank[i].value[10], 0, HASH_MAX_SIZE);
	zero = run(b);
	assert_int_equal(verify_result(zero)->verdict, VERIFY_MISMATCH);
	assert_why(zero, WHY_PCR_ZERO, 0);
	/* boot_aggregate of zeros: pcr, digest, name "ima-ng", data length, then the
	 * field "sha256:" NUL and 32 bytes. */
	memset(b->list.ptr + 4 + 20 + 4 + 6 + 4 + 4 + 8, 0, 32);
	b->at = 0;
	bypass = run(b);
	assert_int_equal(verify_result(bypass)->verdict, VERIFY_MISMATCH);
	assert_why(bypass, WHY_TPM_BYPASS, 0);
}

static void test_run__no_rewind(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->no_rewind = true;
	change(b, SWAP, 2);
	v = run(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	assert_why(v, WHY_READ_ONCE, 0);
}

static void test_run__no_list(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;
	struct verify_options o = {.column = _HASH_ALG_INVALID, .pcrs = &b->pcrs};
	struct diag err = {0};

	memset(b->list.ptr, 'x', b->list.len);
	o.source = (struct verify_source){boot_read, boot_rewind, NULL, b};
	assert_int_equal(verify_new(&o, &v, NULL), 0);
	assert_int_equal(verify_run(v, &err), -EBADMSG);
	assert_int_equal(err.id, DIAG_LIST_FORMAT);
	assert_int_not_equal(verify_result(v)->verdict, VERIFY_MATCH);
}

/* A machine that measures while it is checked. The PCRs are those of the records that are
 * visible, one less while it lags. */
static ssize_t live_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct boot *b = arg;

	if (b->at == b->visible && b->grow) {
		size_t at = 0, i;

		b->grow--;
		for (i = 0; i < b->n && at < b->visible; i++)
			at += b->record[i].len;
		if (i < b->n)
			b->visible += b->record[i].len;
		return 0;
	}
	return boot_read(arg, buf, len, reterr);
}

static int live_pcrs(void *arg, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	struct boot *b = arg;
	int order[RECORDS_MAX + 1], n = 0;

	for (size_t at = 0; at < b->visible; n++) {
		order[n] = n;
		at += b->record[n].len;
	}
	b->pcr_reads++;
	if (b->lag) {
		n--;
		if (b->lag > 0)
			b->lag--;
	}
	order[n] = -1;
	set_pcrs(b, order, false);
	*ret = b->pcrs;
	return 0;
}

static struct verify *run_live(struct boot *b)
{
	struct verify_options o = {.column = _HASH_ALG_INVALID};
	struct verify *v = NULL;

	o.source = (struct verify_source){live_read, boot_rewind, live_pcrs, b};
	assert_int_equal(verify_new(&o, &v, NULL), 0);
	assert_int_equal(verify_run(v, NULL), 0);
	return v;
}

static void test_live__grows_while_read(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->visible = b->record[0].len + b->record[1].len;
	b->grow = 5;
	v = run_live(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
	assert_true(verify_result(v)->live);
	assert_true(verify_result(v)->bank[0].matched >= 2);
}

static void test_live__tpm_lags(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->lag = 3;
	v = run_live(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
	assert_int_equal(b->pcr_reads, 4);
}

static void test_live__lags_for_ever(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->lag = -1;
	v = run_live(b);
	assert_int_equal(verify_result(v)->verdict, VERIFY_PENDING);
	assert_why(v, WHY_TAIL, b->n);
}

static void test_live__continue(void **state)
{
	_boot_ b = boot("612-plain-ng", "binary_runtime_measurements");
	_cleanup_(verify_freep) struct verify *v = NULL;

	b->visible = b->record[0].len + b->record[1].len;
	v = run_live(b);
	assert_int_equal(verify_result(v)->entries, 2);
	b->visible = b->list.len;
	verify_continue(v);
	assert_int_equal(verify_run(v, NULL), 0);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
	assert_int_equal(verify_result(v)->entries, b->n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__true_lists_match),
		cmocka_unit_test(test_run__small_reads_and_pool),
		cmocka_unit_test(test_run__any_changed_byte),
		cmocka_unit_test(test_run__a_renamed_template),
		cmocka_unit_test(test_run__changed_data_names_the_entry),
		cmocka_unit_test(test_run__changed_column_names_the_entry),
		cmocka_unit_test(test_run__changed_pcr_number),
		cmocka_unit_test(test_run__dropped),
		cmocka_unit_test(test_run__dropped_between_checkpoints),
		cmocka_unit_test(test_run__swapped),
		cmocka_unit_test(test_run__duplicated),
		cmocka_unit_test(test_run__forged_tail),
		cmocka_unit_test(test_run__truncated_anywhere),
		cmocka_unit_test(test_run__violation_hidden_dropped_faked),
		cmocka_unit_test(test_run__wrong_value),
		cmocka_unit_test(test_run__no_value),
		cmocka_unit_test(test_run__empty_list),
		cmocka_unit_test(test_run__kexec),
		cmocka_unit_test(test_run__other_pcrs),
		cmocka_unit_test(test_run__ima_pcr_left_out),
		cmocka_unit_test(test_run__list_changes_between_looks),
		cmocka_unit_test(test_run__pcr_restarted),
		cmocka_unit_test(test_run__zero_pcr_and_bypass),
		cmocka_unit_test(test_run__no_rewind),
		cmocka_unit_test(test_run__no_list),
		cmocka_unit_test(test_live__grows_while_read),
		cmocka_unit_test(test_live__tpm_lags),
		cmocka_unit_test(test_live__lags_for_ever),
		cmocka_unit_test(test_live__continue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
