/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/verify/replay.h"

/* Vectors computed outside this program: V1 ima-ng, V5 violation, V2 ima-sig, V4 "ima".
 */
#define V1                                                                               \
	"0a000000c8acbfa06c0d5bf7696db445ba8489fa2393c0d506000000696d612d6e673f000000"   \
	"280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2" \
	"e846f6be030f0000002f7573722f62696e2f68656c6c6f00"
#define V2                                                                               \
	"0a00000073b10857ac51ebdcafd0e849f3b34594310d765107000000696d612d736967500000"   \
	"00280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286" \
	"a2e846f6be030f0000002f7573722f62696e2f68656c6c6f000d000000030204deadbeef0004aa" \
	"bbccdd"
#define V4                                                                               \
	"0a000000c46f9765364398f3cf1b6710d7229bf73b281f5a03000000696d61f572d396fae92066" \
	"28714fb2ce00f72e94f2258f0e0000002f7573722f62696e2f68656c6c6f"
#define V5                                                                                \
	"0a000000000000000000000000000000000000000000000006000000696d612d6e673b00000028"  \
	"0000007368613235363a00000000000000000000000000000000000000000000000000000000000" \
	"00000000b0000002f7661722f6c6f672f7800"
#define V6_SHA256 "4ef843990b085ef41c0a38743243944f7e9df2147668868dded9a84c102fac71"
#define V6_SHA1	  "8e4b21adc079f17008944bd4c30ff482cbeadb27"
#define V7	  "b43079bc2f921856873dc200bfc9bef8f2e357a65d98db864bcf8199ad8de263"

static const struct mlog_dialect binary = {.digest_size = 20};

static struct replay *make(unsigned modes, enum hash_alg column)
{
	struct replay_config config = {
		.n_banks = 4,
		.bank = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512},
		.modes = modes,
		.column = column,
	};
	struct replay *r = NULL;

	assert_int_equal(replay_new(&config, &r, NULL), 0);
	return r;
}

/* Adds records given in hex; the check of the last one. */
static int add(struct replay *r, const char *hex)
{
	uint8_t bytes[1024];
	struct bytes c = bytes_of(bytes, strlen(hex) / 2);
	struct mlog_entry e;
	int r2 = -1;

	assert_true(c.len <= sizeof(bytes));
	assert_int_equal(hex_decode(bytes, span_of(hex)), 0);
	while (mlog_next(&binary, &c, NULL, &e, NULL) > 0)
		r2 = replay_add(r, &binary, &e);
	assert_int_equal(bytes_left(&c), 0);
	return r2;
}

static void assert_value(const struct replay *r, size_t bank, enum replay_mode mode,
			 const char *want)
{
	char text[2 * HASH_MAX_SIZE + 1] = "";
	struct span v;

	assert_true(replay_value(r, bank, 10, mode, &v));
	hex_encode(text, v);
	assert_string_equal(text, want);
}

static void test_add__vectors(void **state)
{
	_cleanup_(replay_freep) struct replay *r = make(REPLAY_MODES_ALL, HASH_SHA1);

	assert_int_equal(add(r, V1), REPLAY_GOOD);
	assert_value(r, 1, REPLAY_PADDED_SHORT, V7);
	assert_value(r, 1, REPLAY_PADDED, V7);
	assert_int_equal(add(r, V5), REPLAY_VIOLATION);
	assert_int_equal(add(r, V2), REPLAY_GOOD);
	assert_value(r, 1, REPLAY_NATIVE, V6_SHA256);
	assert_value(r, 0, REPLAY_NATIVE, V6_SHA1);
	assert_value(r, 0, REPLAY_PADDED_SHORT, V6_SHA1);
	assert_int_equal(add(r, V4), REPLAY_GOOD);
	assert_int_equal(replay_entries(r), 4);
	assert_int_equal(replay_violations(r), 1);
	assert_int_equal(replay_pcrs(r), 1 << 10);
}

static void test_add__bad_column(void **state)
{
	_cleanup_(replay_freep) struct replay *r = make(REPLAY_MODES_NATIVE, HASH_SHA1);
	_cleanup_(replay_freep) struct replay *blind =
		make(REPLAY_MODES_NATIVE, _HASH_ALG_INVALID);
	char text[] = V1;
	struct span v;

	text[8] ^= 1; /* a digit of the digest column */
	assert_int_equal(add(r, text), REPLAY_BAD);
	assert_int_equal(add(blind, text), REPLAY_UNCHECKED);
	assert_false(replay_value(r, 1, 10, REPLAY_PADDED, &v)); /* not asked for */
}

static void test_target__prefix_and_later(void **state)
{
	_cleanup_(replay_freep) struct replay *r = make(REPLAY_MODES_NATIVE, HASH_SHA1);
	uint8_t want[32], zeros[32] = {0};
	uint64_t pending = 99;

	assert_int_equal(hex_decode(want, span_of(V6_SHA256)), 0);
	assert_int_equal(replay_target(r, 1, 10, (struct span){want, 20}), -EINVAL);
	assert_int_equal(replay_target(r, 1, 10, (struct span){zeros, 32}), 0);
	assert_int_equal(replay_match(r, 1, 10, REPLAY_NATIVE, &pending), 0);
	assert_int_equal(pending, 0);
	assert_int_equal(replay_target(r, 1, 10, (struct span){want, 32}), 0);
	add(r, V1 V5);
	assert_true(replay_match(r, 1, 10, REPLAY_NATIVE, &pending) == REPLAY_NO_MATCH);
	add(r, V2);
	assert_int_equal(replay_match(r, 1, 10, REPLAY_NATIVE, &pending), 3);
	assert_int_equal(pending, 0);
	add(r, V4 V1);
	assert_int_equal(replay_match(r, 1, 10, REPLAY_NATIVE, &pending), 3);
	assert_int_equal(pending, 2);
	/* Set again after the PCR moved on: the old match is gone. */
	assert_int_equal(replay_target(r, 1, 10, (struct span){want, 32}), 0);
	assert_true(replay_match(r, 1, 10, REPLAY_NATIVE, &pending) == REPLAY_NO_MATCH);
}

static void test_state__round_trip(void **state)
{
	_cleanup_(replay_freep) struct replay *a = make(REPLAY_MODES_ALL, HASH_SHA1);
	_cleanup_(replay_freep) struct replay *b = make(REPLAY_MODES_ALL, HASH_SHA1);
	_cleanup_(replay_freep) struct replay *narrow =
		make(REPLAY_MODES_NATIVE, HASH_SHA1);
	_cleanup_strbuf_ struct strbuf s = {0};
	uint8_t value[HASH_MAX_SIZE];
	struct span bytes, v;
	uint64_t n;

	add(a, V1 V5);
	replay_export(a, &s);
	bytes = (struct span){(const uint8_t *)s.ptr, s.len};
	assert_int_equal(replay_same(a, bytes), 1);
	for (size_t cut = 0; cut < s.len; cut++)
		assert_true(replay_import(b, (struct span){bytes.ptr, cut}) < 0);
	assert_int_equal(replay_import(b, bytes), 0);
	assert_int_equal(replay_import(narrow, bytes), 0);
	add(b, V2);
	add(narrow, V2);
	assert_value(b, 1, REPLAY_NATIVE, V6_SHA256);
	assert_value(narrow, 1, REPLAY_NATIVE, V6_SHA256);
	assert_int_equal(replay_entries(b), 3);
	assert_int_equal(replay_violations(b), 1);
	assert_int_equal(replay_same(b, bytes), -ENODATA);
	assert_int_equal(replay_import(b, bytes), -EBADMSG); /* has records already */
	assert_int_equal(replay_state_entries(bytes, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(replay_state_value(bytes, HASH_SHA256, 10, REPLAY_NATIVE, value),
			 0);
	assert_true(replay_value(a, 1, 10, REPLAY_NATIVE, &v));
	assert_memory_equal(value, v.ptr, v.len);
	assert_int_equal(replay_state_value(bytes, HASH_SHA256, 11, REPLAY_NATIVE, value),
			 -ENODATA);
	assert_int_equal(replay_state_value(bytes, HASH_SM3, 10, REPLAY_NATIVE, value),
			 -ENODATA);
	s.ptr[s.len - 1] ^= 1;
	assert_int_equal(replay_same(a, bytes), 0);
}

static void test_import__needs_all_banks(void **state)
{
	struct replay_config one = {.n_banks = 1,
				    .bank = {HASH_SHA1},
				    .modes = 1,
				    .column = -1};
	_cleanup_(replay_freep) struct replay *a = NULL;
	_cleanup_(replay_freep) struct replay *b = make(REPLAY_MODES_NATIVE, HASH_SHA1);
	_cleanup_strbuf_ struct strbuf s = {0};

	assert_int_equal(replay_new(&one, &a, NULL), 0);
	add(a, V1);
	replay_export(a, &s);
	assert_int_equal(replay_import(b, (struct span){(const uint8_t *)s.ptr, s.len}),
			 -ENODATA);
}

static void test_new__uncomputable_bank(void **state)
{
	struct replay_config config = {.n_banks = 2,
				       .bank = {HASH_TGR160, HASH_SHA256},
				       .modes = 7,
				       .column = HASH_SHA1};
	_cleanup_(replay_freep) struct replay *r = NULL;
	struct span v;

	assert_int_equal(replay_new(&config, &r, NULL), 0);
	assert_false(replay_computable(r, 0));
	add(r, V1 V5 V2);
	assert_false(replay_value(r, 0, 10, REPLAY_NATIVE, &v));
	assert_value(r, 1, REPLAY_NATIVE, V6_SHA256);
}

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

/* A whole boot against the values the TPM had: all banks in batches. */
static void check_boot(const char *variant, const char *list, const char *pcrs_file,
		       unsigned padded_banks)
{
	_cleanup_(replay_freep) struct replay *r = NULL;
	_cleanup_(replay_hasher_freep) struct replay_hasher *h = NULL;
	_cleanup_strbuf_ struct strbuf bytes = {0}, text = {0}, scratch = {0};
	struct mlog_dialect d;
	static struct pcrs pcrs;
	struct replay_batch batch;
	struct bytes c;

	pcrs.n_banks = 0;
	read_fixture(variant, list, &bytes);
	read_fixture(variant, pcrs_file, &text);
	assert_int_equal(pcrs_parse(&pcrs, (struct span){(uint8_t *)text.ptr, text.len},
				    _HASH_ALG_INVALID, NULL),
			 0);
	c = bytes_of(bytes.ptr, bytes.len);
	assert_int_equal(mlog_sniff((struct span){c.ptr, c.len}, 0, &d, NULL), 0);
	r = make(REPLAY_MODES_ALL, replay_column(d.digest_size));
	assert_int_equal(replay_hasher_new(r, &h, NULL), 0);
	assert_int_equal(replay_batch_init(r, 1, &batch), 0);
	for (batch.n = 1; mlog_next(&d, &c, &scratch, &batch.entry[0], NULL) > 0;) {
		replay_digest(r, h, &d, &batch);
		assert_true(batch.check[0] == REPLAY_GOOD ||
			    batch.check[0] == REPLAY_VIOLATION);
		assert_int_equal(replay_extend(r, &batch, 0, 1), 0);
	}
	replay_batch_done(&batch);
	assert_int_equal(bytes_left(&c), 0);
	for (size_t b = 0; b < 4; b++) {
		static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384,
						     HASH_SHA512};
		bool padded = padded_banks >> b & 1;
		struct span want, got;

		assert_true(pcrs_value(&pcrs, algs[b], 10, &want));
		assert_true(replay_value(r, b, 10, padded ? REPLAY_PADDED : REPLAY_NATIVE,
					 &got));
		assert_true(span_equal(want, got));
	}
}

static void test_boot__debian_6_1(void **state)
{
	check_boot("61-sig", "binary_runtime_measurements", "pcrs.json", 1 << 2 | 1 << 3);
	check_boot("61-sig", "ascii_runtime_measurements", "pcrs.json", 1 << 2 | 1 << 3);
	check_boot("61-custom", "binary_runtime_measurements", "pcrs.json",
		   1 << 2 | 1 << 3);
	check_boot("61-custom", "ascii_runtime_measurements", "pcrs.json",
		   1 << 2 | 1 << 3);
	check_boot("61-modsig", "ascii_runtime_measurements", "pcrs.json",
		   1 << 2 | 1 << 3);
}

static void test_boot__debian_6_12(void **state)
{
	check_boot("612-ima", "binary_runtime_measurements_sha512", "pcrs.json", 0);
	check_boot("612-ima", "ascii_runtime_measurements_sha256", "pcrs.json", 0);
	check_boot("612-sig", "binary_runtime_measurements_sha384", "pcrs.json", 0);
	check_boot("612-plain-ng", "ascii_runtime_measurements", "pcrs.json", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__vectors),
		cmocka_unit_test(test_add__bad_column),
		cmocka_unit_test(test_target__prefix_and_later),
		cmocka_unit_test(test_state__round_trip),
		cmocka_unit_test(test_import__needs_all_banks),
		cmocka_unit_test(test_new__uncomputable_bank),
		cmocka_unit_test(test_boot__debian_6_1),
		cmocka_unit_test(test_boot__debian_6_12),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
