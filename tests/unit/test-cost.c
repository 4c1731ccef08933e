/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/policy/cost.h"
#include "core/probe/probe.h"
#include "tests/unit/listgen.h"

static const struct mlog_dialect le = {.digest_size = 20};
static const struct cost_model two = {.slots = 2};

static void test_kmalloc__sizes(void **state)
{
	assert_int_equal(cost_kmalloc(0), 0);
	assert_int_equal(cost_kmalloc(1), 8);
	assert_int_equal(cost_kmalloc(40), 64);
	assert_int_equal(cost_kmalloc(65), 96);
	assert_int_equal(cost_kmalloc(97), 128);
	assert_int_equal(cost_kmalloc(132), 192);
	assert_int_equal(cost_kmalloc(198), 256);
	assert_int_equal(cost_kmalloc(5000), 8192);
}

static uint64_t cost_of(const struct made *m)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct mlog_entry e;
	struct bytes in;

	listgen_record(&list, m);
	in = bytes_of(list.ptr, list.len);
	assert_int_equal(mlog_next(&le, &in, NULL, &e, NULL), 1);
	return cost_entry(&two, &le, &e);
}

/* A path of 40 bytes, NUL included: 64 + 64 + 192 + 64 + 64, and 992 with a signature of
 * RSA-2048 (265 bytes). */
static void test_entry__sums_allocations(void **state)
{
	struct made m = {.path = "/usr/lib/x86_64-linux-gnu/libabcdef.so.1"};
	char sig[2 * 265 + 1];

	memset(sig, 'a', sizeof(sig) - 1);
	sig[sizeof(sig) - 1] = '\0';
	assert_int_equal(strlen(m.path), 40);
	assert_int_equal(cost_of(&m), 448);
	m.template = "ima-sig";
	m.sig_hex = sig;
	assert_int_equal(cost_of(&m), 992);
	m.sig_hex = NULL;
	assert_int_equal(cost_of(&m), 480);
}

/* Before there is an entry: what it will be. */
static void test_file__as_the_entry(void **state)
{
	struct made m = {.path = "/usr/lib/x86_64-linux-gnu/libabcdef.so.1"};
	struct cost_file f = {.hash = HASH_SHA256, .path = strlen(m.path)};

	assert_int_equal(cost_file(&two, span_of("ima-ng"), &f), cost_of(&m));
	m.template = "ima-sig";
	assert_int_equal(cost_file(&two, span_of("ima-sig"), &f), cost_of(&m));
	f.sig = 265;
	assert_int_equal(cost_file(&two, span_of("d-ng|n-ng|sig"), &f), 992);
	assert_int_equal(cost_file(&two, span_of("ima-ngv2"), &f), 448);
}

static void set(struct probe *p, enum probe_id id, enum probe_answer a, const char *value)
{
	p->fact[id].answer = a;
	(void)snprintf(p->fact[id].value, sizeof(p->fact[id].value), "%s", value);
}

static void test_model__slots(void **state)
{
	static const struct {
		const char *banks, *hash;
		unsigned slots;
	} rows[] = {
		{"sha1 sha256", "sha256", 2}, {"sha256", "sha256", 2},
		{"sha256", "sha512", 3},      {"sha1 sha256 sha384", "sha256", 3},
		{"sha1", "sha256", 2},	      {"sha384", "sha1", 2},
	};
	_cleanup_free_ struct probe *p = calloc(1, sizeof(*p));
	struct cost_model m = cost_model_of(p);

	assert_true(m.assumed);
	assert_int_equal(m.slots, 2);
	for (size_t i = 0; i < array_size(rows); i++) {
		set(p, PROBE_TPM_USED, PROBE_YES, "");
		set(p, PROBE_BANKS, PROBE_YES, rows[i].banks);
		set(p, PROBE_HASH, PROBE_YES, rows[i].hash);
		m = cost_model_of(p);
		assert_false(m.assumed);
		assert_int_equal(m.slots, rows[i].slots);
	}
	set(p, PROBE_TPM_USED, PROBE_NO, "bypass");
	set(p, PROBE_HASH, PROBE_YES, "sha1");
	assert_int_equal(cost_model_of(p).slots, 1);
	set(p, PROBE_HASH, PROBE_YES, "sha256");
	assert_int_equal(cost_model_of(p).slots, 2);
}

static void add_all(struct cost *c, const struct strbuf *list)
{
	struct bytes in = bytes_of(list->ptr, list->len);
	struct mlog_entry e;

	while (mlog_next(&le, &in, NULL, &e, NULL) > 0)
		assert_int_equal(cost_add(c, &le, &e, NULL), 0);
	assert_int_equal(bytes_left(&in), 0);
}

static void test_add__who_causes_it(void **state)
{
	static const struct made made[] = {
		{.path = "/var/tmp/build/a", .seed = 1},
		{.path = "/var/tmp/build/b", .seed = 1},
		{.path = "/var/tmp/build/c", .seed = 2},
		{.path = "/usr/bin/x", .seed = 3},
		{.path = "/usr/bin/x", .seed = 4},
		{.path = "/var/log/w", .violation = true},
		{.path = "not-a-path", .seed = 5},
	};
	_cleanup_strbuf_ struct strbuf list = {0};
	struct tally_row rows[COST_TOP];
	struct cost c;

	for (size_t i = 0; i < array_size(made); i++)
		listgen_record(&list, &made[i]);
	assert_int_equal(cost_init(&c, &two, NULL), 0);
	add_all(&c, &list);
	assert_int_equal(c.entries, 7);
	assert_int_equal(c.violations, 1);
	assert_int_equal(c.list_bytes, list.len);
	assert_int_equal(c.contents, 5);
	assert_int_equal(c.repeated, 1);
	/* /var has /var/log too, so it stays; /usr is all /usr/bin, /var/tmp all its child */
	assert_int_equal(cost_top_dirs(&c, rows), 4);
	assert_true(span_is(rows[0].name, "/var"));
	assert_true(span_is(rows[1].name, "/var/tmp/build"));
	assert_int_equal(rows[1].count, 3);
	assert_true(span_is(rows[2].name, "/usr/bin"));
	assert_int_equal(cost_top_paths(&c, rows), 1);
	assert_true(span_is(rows[0].name, "/usr/bin/x"));
	assert_int_equal(rows[0].count, 2);
	assert_int_equal(tally_top(c.violators, rows, COST_TOP), 1);
	cost_done(&c);
}

/* Sums stay exact and memory bounded when every name is new. */
static void test_add__many_names(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	struct tally_row rows[COST_TOP];
	uint64_t expected = 0;
	struct cost c;

	listgen_many(&list, 0, 50000);
	assert_int_equal(cost_init(&c, &two, NULL), 0);
	add_all(&c, &list);
	assert_int_equal(c.entries, 50000);
	for (unsigned i = 0; i < 50000; i++)
		expected += 64 + 64 + 192 + 64 + 32;
	assert_int_equal(c.kernel_bytes, expected);
	assert_true(tally_error(c.paths) > 0);
	assert_int_equal(cost_top_dirs(&c, rows), 1);
	assert_true(span_is(rows[0].name, "/usr/bin"));
	assert_int_equal(rows[0].weight, expected);
	cost_done(&c);
}

static void test_system__reads_slabinfo(void **state)
{
	char dir[] = "/tmp/imactl-cost-XXXXXX";
	struct cost_system s;
	struct root root;
	int at;

	assert_non_null(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	cost_system_read(&root, &s);
	assert_false(s.has_slab || s.has_uptime || s.has_slab_total);
#define PUT(name, text)                                                                  \
	assert_int_equal(fs_replace_at(at, name, text, strlen(text), 0600, NULL), 0)
	PUT("slabinfo", "slabinfo - version: 2.1\n# name <active_objs>\n"
			"iint_cache     5120   5200    128   32    1 : tunables\n"
			"evm_iint_cache x 1 2\nima_iint_cache\n");
	PUT("meminfo", "MemTotal:  1000 kB\nSUnreclaim:   200 kB\nJunk: x kB\n");
	PUT("uptime", "3600.50 1.00\n");
	cost_system_read(&root, &s);
	assert_true(s.has_slab && s.has_uptime && s.has_slab_total);
	assert_int_equal(s.inodes, 5120);
	assert_int_equal(s.inode_bytes, 5200 * 128);
	assert_int_equal(s.evm_inodes, 0);
	assert_int_equal(s.mem_total, 1000 * 1024);
	assert_int_equal((int)s.uptime, 3600);
	root_done(&root);
	(void)unlinkat(at, "slabinfo", 0);
	(void)unlinkat(at, "meminfo", 0);
	(void)unlinkat(at, "uptime", 0);
	(void)close(at);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kmalloc__sizes),
		cmocka_unit_test(test_entry__sums_allocations),
		cmocka_unit_test(test_file__as_the_entry),
		cmocka_unit_test(test_model__slots),
		cmocka_unit_test(test_add__who_causes_it),
		cmocka_unit_test(test_add__many_names),
		cmocka_unit_test(test_system__reads_slabinfo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
