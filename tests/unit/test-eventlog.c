/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/verify/bootagg.h"
#include "core/verify/eventlog.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

static struct pcrs pcrs, truth;

static int load(const char *dir, const char *name, struct strbuf *b)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	return fs_read_at(AT_FDCWD, path, 1 << 20, b, NULL);
}

static struct span view(const struct strbuf *b)
{
	return (struct span){(const uint8_t *)strbuf_str(b), b->len};
}

static void host(const char *name, struct strbuf *log)
{
	_cleanup_strbuf_ struct strbuf json = {0};
	char dir[512];

	(void)snprintf(dir, sizeof(dir), "%s/tests/fixtures/lists/%s",
		       getenv("IMACTL_SOURCE"), name);
	truth = (struct pcrs){0};
	assert_int_equal(load(dir, "binary_bios_measurements", log), 0);
	assert_int_equal(load(dir, "pcrs.json", &json), 0);
	assert_int_equal(pcrs_parse(&truth, view(&json), _HASH_ALG_INVALID, NULL), 0);
}

static void put(struct strbuf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addc(b, (char)(v >> 8 * i));
}

static void put_sha1(struct strbuf *b, uint32_t pcr, uint32_t type, uint8_t byte,
		     const char *data, size_t len)
{
	put(b, pcr, 4);
	put(b, type, 4);
	for (int i = 0; i < 20; i++)
		strbuf_addc(b, (char)byte);
	put(b, (uint32_t)len, 4);
	strbuf_add(b, data, len);
}

/* Every bank of a real boot, against what the TPM said. */
static void test_replay__gives_the_tpms_values(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	struct span got, want;

	host("61-sig", &log);
	assert_int_equal(eventlog_replay(view(&log), &pcrs, NULL), 0);
	assert_int_equal(pcrs.n_banks, 4);
	for (size_t i = 0; i < 4; i++)
		for (unsigned pcr = 0; pcr < EVENTLOG_PCRS; pcr++) {
			assert_true(pcrs_value(&pcrs, pcrs.bank[i].alg, pcr, &got));
			assert_true(pcrs_value(&truth, pcrs.bank[i].alg, pcr, &want));
			assert_true(span_equal(got, want));
		}
	assert_false(pcrs_value(&pcrs, HASH_SHA1, 10, &got));
}

/* A cut anywhere but between two events is an error that says where; never a crash. */
static void test_replay__cut_log(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	_cleanup_free_ uint8_t *copy = NULL;
	size_t whole = 0;
	struct diag d;

	host("61-sig", &log);
	for (size_t n = 1; n < log.len; n++) {
		/* an exact copy, so that a sanitizer sees any read behind the end */
		copy = realloc(copy, n);
		memcpy(copy, log.ptr, n);
		if (eventlog_replay((struct span){copy, n}, &pcrs, &d) == 0) {
			whole++;
		} else {
			assert_int_equal(d.id, DIAG_EVENT_LOG);
			assert_non_null(strstr(d.text, "at byte"));
		}
	}
	assert_in_range(whole, 5, 40);
}

static void test_replay__empty_is_no_data(void **state)
{
	struct diag d;

	assert_int_equal(eventlog_replay((struct span){0}, &pcrs, &d), -ENODATA);
	assert_int_equal(d.id, DIAG_EVENT_LOG);
}

static void test_replay__sha1_format(void **state)
{
	_cleanup_(hash_freep) struct hash_ctx *h = hash_new(HASH_SHA1, NULL);
	_cleanup_strbuf_ struct strbuf log = {0};
	uint8_t want[20] = {0}, by[20];
	struct span got;

	put_sha1(&log, 4, 8, 0x11, "abc", 3);
	put_sha1(&log, 0xffffffff, EVENTLOG_NO_ACTION, 0, "", 0);
	put_sha1(&log, 4, 8, 0x22, "", 0);
	put_sha1(&log, 14, 8, 0x22, "", 0);
	for (int i = 0x11; i <= 0x22; i += 0x11) {
		memset(by, i, 20);
		hash_once(h, (struct span){want, 20}, (struct span){by, 20}, want);
	}
	assert_int_equal(eventlog_replay(view(&log), &pcrs, NULL), 0);
	assert_int_equal(pcrs.n_banks, 1);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 4, &got));
	assert_memory_equal(got.ptr, want, 20);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 0, &got));
	assert_true(span_all(got, 0));
}

static void test_replay__startup_locality(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	struct span got;

	put_sha1(&log, 0, EVENTLOG_NO_ACTION, 0, "StartupLocality\0\3", 17);
	assert_int_equal(eventlog_replay(view(&log), &pcrs, NULL), 0);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 0, &got));
	assert_int_equal(got.ptr[19], 3);
	assert_true(span_all((struct span){got.ptr, 19}, 0));
}

static void spec_id(struct strbuf *log, uint32_t count, uint16_t alg, uint16_t size)
{
	_cleanup_strbuf_ struct strbuf data = {0};

	strbuf_add(&data, "Spec ID Event03", 16);
	put(&data, 0, 8);
	put(&data, count, 4);
	put(&data, alg, 2);
	put(&data, size, 2);
	put(&data, 0, 1);
	put_sha1(log, 0, EVENTLOG_NO_ACTION, 0, data.ptr, data.len);
}

static void refused(struct strbuf *log)
{
	struct diag d = {0};

	assert_int_equal(eventlog_replay(view(log), &pcrs, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_EVENT_LOG);
	strbuf_clear(log);
}

static void test_next__hostile_counts(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};

	spec_id(&log, 0, 4, 20);
	refused(&log);
	spec_id(&log, 17, 4, 20);
	refused(&log);
	spec_id(&log, 0xffffffff, 4, 20);
	refused(&log);
	spec_id(&log, 1, 4, 20);
	put(&log, 0, 4); /* pcr, type, more digests than banks */
	put(&log, 1, 4);
	put(&log, 2, 4);
	refused(&log);
	spec_id(&log, 1, 4, 20);
	put(&log, 0, 4);
	put(&log, 1, 4);
	put(&log, 1, 4);
	put(&log, 0xb, 2); /* a bank the list does not have */
	refused(&log);
	put(&log, 0, 4);
	put(&log, 1, 4);
	strbuf_add(&log, (char[20]){0}, 20);
	put(&log, 0xffffffff, 4);
	refused(&log);
}

/* A bank nobody here can compute does not hide the others; a size that is not the
 * algorithm's makes it unknown. */
static void test_replay__unknown_bank_is_left_out(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};

	spec_id(&log, 1, 4, 32);
	put(&log, 0, 4);
	put(&log, 1, 4);
	put(&log, 1, 4);
	put(&log, 4, 2);
	strbuf_add(&log, (char[32]){1}, 32);
	put(&log, 0, 4);
	assert_int_equal(eventlog_replay(view(&log), &pcrs, NULL), 0);
	assert_int_equal(pcrs.n_banks, 0);
}

/* A real machine's log. The aggregate over PCR 0-7 was computed from what tpm2_eventlog 5.4
 * replays (the lists beside it are of other boots). */
static void test_replay__third_party(void **state)
{
	const char *shared = getenv("IMACTL_SHARED");
	_cleanup_strbuf_ struct strbuf log = {0};
	char dir[512];
	struct digest agg;
	uint8_t want[20];

	(void)snprintf(dir, sizeof(dir), "%s%s/fixtures/lists/third-party/kunpengsecl",
		       shared ? "" : getenv("IMACTL_SOURCE"),
		       shared ? shared : "/../shared");
	if (load(dir, "binary_bios_measurements", &log) < 0) {
		print_message("no recorded lists in %s\n", dir);
		skip();
	}
	assert_int_equal(eventlog_replay(view(&log), &pcrs, NULL), 0);
	assert_int_equal(pcrs.n_banks, 2);
	assert_int_equal(bootagg_compute(&pcrs, HASH_SHA1, 7, &agg, NULL), 0);
	assert_int_equal(hex_decode(want,
				    span_of("5e7bbf27b7dd568610cc1f1ea49ceaa420395690")),
			 0);
	assert_memory_equal(agg.value, want, 20);
	assert_int_equal(bootagg_compute(&pcrs, HASH_SHA256, 9, &agg, NULL), 0);
	assert_int_equal(agg.value[0], 0x16);
	assert_int_equal(agg.value[31], 0x7b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay__gives_the_tpms_values),
		cmocka_unit_test(test_replay__cut_log),
		cmocka_unit_test(test_replay__empty_is_no_data),
		cmocka_unit_test(test_replay__sha1_format),
		cmocka_unit_test(test_replay__startup_locality),
		cmocka_unit_test(test_next__hostile_counts),
		cmocka_unit_test(test_replay__unknown_bank_is_left_out),
		cmocka_unit_test(test_replay__third_party),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
