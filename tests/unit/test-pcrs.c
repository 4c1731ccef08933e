/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/verify/pcrs.h"

#define ANY   _HASH_ALG_INVALID
#define AA20  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB20  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define AA32  AA20 "aaaaaaaaaaaaaaaaaaaaaaaa"
#define ROW20 "AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA"

static void is_all(const struct pcrs *p, enum hash_alg alg, unsigned index, uint8_t byte)
{
	struct span v;

	assert_true(pcrs_value(p, alg, index, &v));
	assert_int_equal(v.len, hash_alg_size(alg));
	assert_true(span_all(v, byte));
}

static void refused(const char *text, enum hash_alg alg, unsigned line, unsigned column)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	struct diag d = {0};

	assert_int_equal(pcrs_parse(p, span_of(text), alg, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_PCR_SYNTAX);
	if (d.line != line || d.column != column)
		fail_msg("%u:%u %s in: %s", d.line, d.column, d.text, text);
}

static void test_parse__refuses_with_position(void **state)
{
	refused("hello\n", ANY, 1, 1);
	refused("PCR-00: " AA20 "\nPCR-01: zz\n", ANY, 2, 9);
	refused("PCR-01: aaa\n", ANY, 1, 12);
	refused("PCR-01:\n", ANY, 1, 8);
	refused("PCR-24: " AA20 "\n", ANY, 1, 9);
	refused("PCR-99999999999999999999: " AA20 "\n", ANY, 1, 1);
	refused("PCR--1: " AA20 "\n", ANY, 1, 1);
	refused("PCR-00: aabb\n", ANY, 1, 9);
	refused("PCR-00: " AA20 "\n", HASH_SHA256, 1, 9);
	refused("PCR-00: " AA32 AA32 "aa\n", ANY, 1, 9 + 128);
	refused("sha257:\n", ANY, 1, 1);
	refused("  sha256:\n    0 : 0x" AA20 "\n", ANY, 2, 9);
	refused("PCR-00: " AA20 "\nPCR-00: " BB20 "\n", ANY, 2, 9);
	refused("PCR-00: a a\n", ANY, 1, 10);
	refused("\x1b[2J", ANY, 1, 1);
	refused("sha1:\n 10 : 0x" AA20 "\n", HASH_SHA256, 1, 1);
	refused("{\"sha1\":{\"10\":\"" AA20 "\"}}", HASH_SHA256, 1, 2);
}

static void test_parse__refuses_damaged_json(void **state)
{
	refused("{", ANY, 1, 2);
	refused("{\"sha1\"", ANY, 1, 8);
	refused("{\"sha1\": 3}", ANY, 1, 10);
	refused("{\"sha9\": {}}", ANY, 1, 2);
	refused("{\"sha1\": {\"0\": \"" AA20 "\"", ANY, 1, 58);
	refused("{\"sha1\":\n {\"24\": \"" AA20 "\"}}", ANY, 2, 3);
	refused("{\"sha1\": {\"0\": \"aa", ANY, 1, 19);
	refused("{\"sha1\": {\"0\": \"aa\"}}", ANY, 1, 17);
	refused("{\"sha1\": {\"0\": \"" AA20 "\",}}", ANY, 1, 59);
	refused("{\"sha1\": {\n\"\xff\": \"\"}}", ANY, 2, 1);
	refused("{\n\"\": {}}", ANY, 2, 1);
	refused("{} x", ANY, 1, 4);
	refused("{\"sha1", ANY, 1, 3);
}

static void test_parse__evmctl_lines(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));

	assert_int_equal(pcrs_parse(p, span_of("PCR-00: " ROW20 "\r\nPCR-10: " AA20), ANY,
				    NULL),
			 0);
	assert_int_equal(p->n_banks, 1);
	assert_int_equal(p->bank[0].present, 1 | 1 << 10);
	is_all(p, HASH_SHA1, 0, 0xaa);
	is_all(p, HASH_SHA1, 10, 0xaa);
}

static void test_parse__tpm2_pcrread(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	struct span v;

	assert_int_equal(pcrs_parse(p,
				    span_of("  sha1:\n    0 : 0x" BB20 "\n    10: 0x" AA20
					    "\n  sha256:\n    10: 0x" AA32
					    "\n  sm3_256:\n"),
				    ANY, NULL),
			 0);
	assert_int_equal(p->n_banks, 2);
	is_all(p, HASH_SHA1, 0, 0xbb);
	is_all(p, HASH_SHA1, 10, 0xaa);
	is_all(p, HASH_SHA256, 10, 0xaa);
	assert_false(pcrs_value(p, HASH_SHA256, 0, &v));
	assert_false(pcrs_value(p, HASH_SM3, 0, &v));
	assert_false(pcrs_value(p, HASH_SHA1, 32, &v));
}

static void test_parse__bare_values_count(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));

	assert_int_equal(pcrs_parse(p, span_of("# two\n\n" AA20 "\n0x" BB20 "\n"),
				    HASH_SHA1, NULL),
			 0);
	is_all(p, HASH_SHA1, 0, 0xaa);
	is_all(p, HASH_SHA1, 1, 0xbb);
}

static void test_parse__size_or_caller_names_the_bank(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));

	assert_int_equal(pcrs_parse(p, span_of("PCR-10: " AA32), ANY, NULL), 0);
	assert_int_equal(pcrs_parse(p, span_of("PCR-10: " AA32), HASH_SM3, NULL), 0);
	assert_non_null(pcrs_find(p, HASH_SHA256));
	assert_non_null(pcrs_find(p, HASH_SM3));
}

static void test_parse__keeps_what_came_before(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));

	assert_int_equal(pcrs_parse(p, span_of("PCR-00: " AA20 "\n???"), ANY, NULL),
			 -EBADMSG);
	is_all(p, HASH_SHA1, 0, 0xaa);
}

static void test_bank__bounded(void **state)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));

	for (int i = 0; i < PCRS_BANKS_MAX; i++)
		assert_non_null(pcrs_bank(p, (enum hash_alg)i));
	assert_null(pcrs_bank(p, HASH_SHA3_512));
	assert_ptr_equal(pcrs_bank(p, (enum hash_alg)3), &p->bank[3]);
}

static void load(struct pcrs *p, const char *name, enum hash_alg alg)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char path[512];
	struct diag d;

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/612-sig/%s",
		       getenv("IMACTL_SOURCE"), name);
	if (fs_read_at(AT_FDCWD, path, 1 << 16, &b, &d) < 0)
		fail_msg("%s", d.text);
	if (pcrs_parse(p, (struct span){(uint8_t *)b.ptr, b.len}, alg, &d) < 0)
		fail_msg("%s: %u:%u: %s", name, d.line, d.column, d.text);
}

/* The same boot, written per bank and as JSON. */
static void test_parse__recorded_host(void **state)
{
	static const char *const files[] = {"pcrs-sha1.txt", "pcrs-sha256.txt",
					    "pcrs-sha384.txt", "pcrs-sha512.txt"};
	_cleanup_free_ struct pcrs *lines = calloc(1, sizeof(*lines));
	_cleanup_free_ struct pcrs *json = calloc(1, sizeof(*json));
	struct span a, b;

	for (size_t i = 0; i < array_size(files); i++)
		load(lines, files[i], ANY);
	load(json, "pcrs.json", ANY);
	assert_int_equal(json->n_banks, 4);
	assert_int_equal(lines->n_banks, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(json->bank[i].present, 0x7ff);
		for (unsigned n = 0; n < 11; n++) {
			assert_true(pcrs_value(json, json->bank[i].alg, n, &a));
			assert_true(pcrs_value(lines, json->bank[i].alg, n, &b));
			assert_true(span_equal(a, b));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__refuses_with_position),
		cmocka_unit_test(test_parse__refuses_damaged_json),
		cmocka_unit_test(test_parse__evmctl_lines),
		cmocka_unit_test(test_parse__tpm2_pcrread),
		cmocka_unit_test(test_parse__bare_values_count),
		cmocka_unit_test(test_parse__size_or_caller_names_the_bank),
		cmocka_unit_test(test_parse__keeps_what_came_before),
		cmocka_unit_test(test_bank__bounded),
		cmocka_unit_test(test_parse__recorded_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
