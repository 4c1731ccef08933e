/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/bootagg.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compute__sha256_takes_ten),
		cmocka_unit_test(test_compute__sha1_takes_eight),
		cmocka_unit_test(test_compute__missing_value_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
