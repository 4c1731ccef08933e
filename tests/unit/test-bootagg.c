/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/verify/bootagg.h"

/* PCR i = byte i, as often as the bank is wide. */
static struct pcrs *counting(enum hash_alg alg, unsigned last)
{
	struct pcrs *p = calloc(1, sizeof(*p));
	struct pcr_bank *b = pcrs_bank(p, alg);

	for (unsigned i = 0; i <= last; i++) {
		memset(b->value[i], (int)i, hash_alg_size(alg));
		b->present |= 1u << i;
	}
	return p;
}

static void is_digest(const struct digest *d, const char *text)
{
	uint8_t want[HASH_MAX_SIZE];

	assert_int_equal(hex_decode(want, span_of(text)), 0);
	assert_int_equal(d->size, strlen(text) / 2);
	assert_memory_equal(d->value, want, d->size);
}

static void test_compute__sha256_takes_ten(void **state)
{
	_cleanup_free_ struct pcrs *p = counting(HASH_SHA256, 9);
	struct digest d, older;

	assert_int_equal(bootagg_compute(p, HASH_SHA256, bootagg_last(HASH_SHA256), &d,
					 NULL),
			 0);
	is_digest(&d, "a4cc7213a98bc92e113dad44ef63113826a16c3a6ca551d2b76244a49ae043dd");
	assert_int_equal(bootagg_compute(p, HASH_SHA256, 7, &older, NULL), 0);
	assert_memory_not_equal(d.value, older.value, 32);
}

static void test_compute__sha1_takes_eight(void **state)
{
	_cleanup_free_ struct pcrs *p = counting(HASH_SHA1, 7);
	struct digest d;

	assert_int_equal(bootagg_compute(p, HASH_SHA1, bootagg_last(HASH_SHA1), &d, NULL),
			 0);
	is_digest(&d, "59348202947a48bc93f8827c12eb3f1b24a072d2");
}

static void test_compute__missing_value_is_named(void **state)
{
	_cleanup_free_ struct pcrs *p = counting(HASH_SHA256, 8);
	struct digest d = {.size = 99};
	struct diag diag;

	assert_int_equal(bootagg_compute(p, HASH_SHA256, 9, &d, &diag), -ENODATA);
	assert_int_equal(diag.id, DIAG_NO_PCR);
	assert_non_null(strstr(diag.text, "PCR 9 of bank sha256"));
	assert_int_equal(bootagg_compute(p, HASH_SHA1, 7, &d, &diag), -ENODATA);
	assert_int_equal(d.size, 99);
}

/* The first record of a kernel's list, and what we make of its digest. */
static void check_record(const char *folder, const char *variant)
{
	_cleanup_strbuf_ struct strbuf list = {0}, made = {0};
	struct mlog_digest logged;
	struct mlog_dialect d;
	struct mlog_entry e;
	struct digest digest;
	struct bytes c;
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s/binary_runtime_measurements", folder,
		       variant);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &list, NULL), 0);
	assert_int_equal(mlog_sniff(strbuf_span(&list), 0, &d, NULL), 0);
	c = bytes_of(list.ptr, list.len);
	assert_int_equal(mlog_next(&d, &c, NULL, &e, NULL), 1);
	assert_true(mlog_is_boot_aggregate(&d, &e));
	assert_true(mlog_file_digest(&d, &e, &logged));
	digest = (struct digest){.alg = logged.alg, .size = (uint8_t)logged.value.len};
	memcpy(digest.value, logged.value.ptr, logged.value.len);
	assert_int_equal(bootagg_data(&d, e.name, &digest, &made), 0);
	assert_int_equal(made.len, e.data.len);
	assert_memory_equal(made.ptr, e.data.ptr, made.len);
}

static void test_data__as_kernels_write_it(void **state)
{
	static const char *const variants[] = {"61-custom", "61-modsig",    "61-sig",
					       "612-ima",   "612-plain-ng", "612-sig"};
	char folder[900];

	(void)snprintf(folder, sizeof(folder), "%s/tests/fixtures/lists",
		       getenv("IMACTL_SOURCE"));
	for (size_t i = 0; i < array_size(variants); i++)
		check_record(folder, variants[i]);
}

static void test_data__as_more_kernels_write_it(void **state)
{
	static const char *const variants[] = {"61-log", "61-ng", "61-ngv2", "612-fix",
					       "612-tcb"};
	const char *shared = getenv("IMACTL_SHARED");
	char folder[900];

	(void)snprintf(folder, sizeof(folder), "%s%s/fixtures/lists/kernel-generated",
		       shared ? "" : getenv("IMACTL_SOURCE"),
		       shared ? shared : "/../shared");
	if (faccessat(AT_FDCWD, folder, R_OK, 0) < 0) {
		print_message("%s is not there\n", folder);
		skip();
	}
	for (size_t i = 0; i < array_size(variants); i++)
		check_record(folder, variants[i]);
}

static void test_data__template_that_cannot(void **state)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	struct mlog_dialect d = {.digest_size = 20};
	struct digest sha256 = {.alg = HASH_SHA256, .size = 32};

	assert_int_equal(bootagg_data(&d, span_of("ima"), &sha256, &out), -ENOENT);
	assert_int_equal(bootagg_data(&d, span_of("unknown"), &sha256, &out), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compute__sha256_takes_ten),
		cmocka_unit_test(test_compute__sha1_takes_eight),
		cmocka_unit_test(test_compute__missing_value_is_named),
		cmocka_unit_test(test_data__as_kernels_write_it),
		cmocka_unit_test(test_data__as_more_kernels_write_it),
		cmocka_unit_test(test_data__template_that_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
