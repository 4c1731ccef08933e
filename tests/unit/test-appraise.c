/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's decision, one row per way through it. Which line of the kernel decides is
 * said per group; functions are those of linux 6.12 security/integrity/ima/.
 */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/appraise/appraise.h"
#include "core/base/cleanup.h"
#include "core/base/hex.h"

#define D256  "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define D1    "f572d396fae9206628714fb2ce00f72e94f2258f"
#define WRONG "0000000000000000000000000000000000000000000000000000000000000000"

#define SIG_V1	 "0301010203040000112233445566778801000faabb"
#define SIG_V2	 "030204deadbeef0002aabb"
#define SIG_V3	 "030304deadbeef0002aabb"
#define VERITY	 "060304deadbeef0002aabb"
#define PORTABLE "050204deadbeef0002aabb"

#define K(...)	   .kernel = {.ima_hash = HASH_SHA256, __VA_ARGS__}
#define R(...)	   .rule = {__VA_ARGS__}
#define A(...)	   .access = {__VA_ARGS__}
#define F(...)	   .file = {__VA_ARGS__}
#define FIX	   .mode = APPRAISE_MODE_FIX
#define LABEL(hex) .xattr = hex

/* In: a value in hex (NULL: none), sha256 of "hello\n" as digest unless another one is
 * named; out: status, why, records, whether the label is written. */
struct row {
	const char *xattr;
	const char *digest;
	struct appraise_kernel kernel;
	struct appraise_rule rule;
	struct appraise_access access;
	struct appraise_file file;
	enum evm_status status;
	enum appraise_cause why;
	enum appraise_cause record[2];
	bool writes;
};

#define PASSES	     .status = EVM_PASS
#define FAILS(s, c)  .status = EVM_##s, .why = APPRAISE_##c, .record = {APPRAISE_##c}
#define SILENT(s, c) .status = EVM_##s, .why = APPRAISE_##c

static const struct row rows[] = {
	/* ima_appraise_measurement(): no value */
	{K(), R(), F(), FAILS(NOLABEL, MISSING_HASH)},
	{K(), R(.sig = true), F(), FAILS(NOLABEL, SIG_REQUIRED)},
	{K(), R(.sig = true, .verity = true), F(), FAILS(NOLABEL, VERITY_REQUIRED)},
	{LABEL(""), K(), R(), F(), FAILS(NOLABEL, MISSING_HASH)},
	{K(), R(), F(.xattr_err = EOPNOTSUPP), FAILS(NOLABEL, MISSING_HASH)},
	{K(), R(), F(.xattr_err = EIO), FAILS(UNKNOWN, UNKNOWN)},
	{K(), R(), F(.no_xattrs = true), SILENT(UNKNOWN, NO_XATTRS)},
	{K(), R(), F(.new_file = true), PASSES},
	{K(), R(.sig = true), F(.new_file = true), FAILS(NOLABEL, SIG_REQUIRED)},
	{K(), R(.sig = true), F(.new_file = true, .empty = true), PASSES},
	{K(), R(), F(.empty = true), FAILS(NOLABEL, MISSING_HASH)},
	/* EVM's verdict comes before what the value says */
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_NOLABEL),
	 FAILS(NOLABEL, MISSING_HMAC)},
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_NOXATTRS),
	 FAILS(NOXATTRS, MISSING_HMAC)},
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_FAIL), FAILS(FAIL, INVALID_HMAC)},
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_FAIL_IMMUTABLE),
	 FAILS(FAIL_IMMUTABLE, FAIL_IMMUTABLE)},
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_PASS), PASSES},
	{LABEL("0404" D256), K(), R(), F(.evm = EVM_UNKNOWN), PASSES},
	{LABEL("0404" WRONG), K(), R(), F(.evm = EVM_PASS), FAILS(FAIL, INVALID_HASH)},
	{K(), R(), F(.evm = EVM_FAIL), FAILS(NOLABEL, MISSING_HASH)},
	/* xattr_verify(): IMA_XATTR_DIGEST, IMA_XATTR_DIGEST_NG */
	{LABEL("0404" D256), K(), R(), F(), PASSES},
	{LABEL("0404" D256 "ff"), K(), R(), F(), PASSES},
	{LABEL("0404" D1), K(), R(), F(), FAILS(FAIL, INVALID_HASH)},
	{LABEL("0404"), K(), R(), F(), FAILS(FAIL, INVALID_HASH)},
	{LABEL("04"), K(), R(), F(), FAILS(FAIL, INVALID_HASH)},
	{LABEL("04ff" D256), K(), R(), F(), PASSES}, /* unknown: taken for ima_hash */
	{LABEL("01" D256), K(), R(), F(), PASSES},   /* the same */
	{LABEL("01" D1), .digest = D1, K(), R(), F(), PASSES},
	{LABEL("0404" D256), K(), R(.sig = true), F(), FAILS(FAIL, SIG_REQUIRED)},
	{LABEL("0404" D256), K(), R(.sig = true, .verity = true), F(),
	 FAILS(FAIL, VERITY_REQUIRED)},
	{LABEL("0404" D256), K(), R(.sig = true), F(.evm = EVM_PASS_IMMUTABLE), PASSES},
	{LABEL("0404" WRONG), K(), R(.sig = true), F(.evm = EVM_PASS_IMMUTABLE),
	 FAILS(FAIL, INVALID_HASH)},
	/* xattr_verify(): EVM_IMA_XATTR_DIGSIG */
	{LABEL(SIG_V2), K(), R(), F(), PASSES},
	{LABEL(SIG_V2), K(), R(.sig = true), F(), PASSES},
	{LABEL(SIG_V1), K(), R(.sig = true), F(), PASSES},
	{LABEL(SIG_V2), K(), R(.sig = true), F(.sig = -ENOKEY), FAILS(FAIL, INVALID_SIG)},
	{LABEL(SIG_V2), K(), R(), F(.sig = -EKEYREJECTED), FAILS(FAIL, INVALID_SIG)},
	{LABEL(SIG_V2), K(), R(), F(.sig = -EOPNOTSUPP), FAILS(UNKNOWN, UNKNOWN)},
	{LABEL(SIG_V2), K(), R(.sig = true, .verity = true), F(),
	 FAILS(FAIL, VERITY_REQUIRED)},
	{LABEL(SIG_V2), K(), R(.verity = true), F(), PASSES},
	{LABEL(SIG_V3), K(), R(), F(), FAILS(FAIL, SIG_VERSION)},
	{LABEL(SIG_V3), K(.sigv3 = true), R(), F(), PASSES},
	{LABEL("030404deadbeef0002aabb"), K(.sigv3 = true), R(), F(),
	 FAILS(FAIL, SIG_VERSION)},
	{LABEL("030004deadbeef0002aabb"), K(), R(), F(), FAILS(UNKNOWN, UNKNOWN)},
	{LABEL(SIG_V2), K(.sigv3 = true), R(.sig = true, .sigv3 = true), F(),
	 FAILS(FAIL, SIGV3_REQUIRED)},
	{LABEL(SIG_V3), K(.sigv3 = true), R(.sig = true, .sigv3 = true), F(), PASSES},
	{LABEL("03"), K(), R(), F(), FAILS(FAIL, INVALID_SIG)},
	{LABEL("030204deadbeef0003aabb"), K(), R(), F(), FAILS(FAIL, INVALID_SIG)},
	{LABEL("030204deadbeef0001aabb"), K(), R(), F(), FAILS(FAIL, INVALID_SIG)},
	{LABEL(SIG_V2), K(.platform_keyring = true), R(.sig = true),
	 A(.kexec_kernel = true), F(.sig = -ENOKEY), PASSES},
	{LABEL(SIG_V2), K(.platform_keyring = true), R(.sig = true),
	 A(.kexec_kernel = true), F(.sig = -ENOKEY, .sig_platform = -ENOKEY),
	 FAILS(FAIL, INVALID_SIG)},
	{LABEL(SIG_V2), K(), R(.sig = true), A(.kexec_kernel = true), F(.sig = -ENOKEY),
	 FAILS(FAIL, INVALID_SIG)},
	/* xattr_verify(): IMA_VERITY_DIGSIG */
	{LABEL(VERITY), K(), R(.sig = true, .verity = true), F(), PASSES},
	{LABEL(VERITY), K(), R(), F(), PASSES},
	{LABEL(VERITY), K(), R(.sig = true), F(), FAILS(FAIL, SIG_REQUIRED)},
	{LABEL(VERITY), K(), R(.sig = true, .verity = true), F(.sig = -ENOKEY),
	 FAILS(FAIL, INVALID_VERITY_SIG)},
	{LABEL("060204deadbeef0002aabb"), K(), R(.sig = true, .verity = true), F(),
	 FAILS(FAIL, SIG_VERSION)},
	{LABEL("06"), K(), R(), F(), FAILS(FAIL, SIG_VERSION)},
	{LABEL(VERITY), K(), R(), F(.no_hash = true), FAILS(FAIL, SIGV3_HASHING)},
	{LABEL(VERITY), K(.sigv3 = true), R(), F(.no_hash = true),
	 FAILS(FAIL, INVALID_VERITY_SIG)},
	/* xattr_verify(): default */
	{LABEL(PORTABLE), K(), R(), F(), FAILS(UNKNOWN, UNKNOWN_DATA)},
	{LABEL("02" D1), K(), R(), F(), FAILS(UNKNOWN, UNKNOWN_DATA)},
	{LABEL("00"), K(), R(.sig = true), F(), FAILS(UNKNOWN, UNKNOWN_DATA)},
	/* modsig_verify() */
	{K(), R(.sig = true, .modsig = true), F(.has_modsig = true), PASSES},
	{K(), R(.sig = true, .modsig = true), F(.has_modsig = true, .modsig = -ENOKEY),
	 FAILS(FAIL, INVALID_SIG)},
	{K(), R(.sig = true, .modsig = true), F(), FAILS(NOLABEL, SIG_REQUIRED)},
	{K(), R(.sig = true), F(.has_modsig = true), FAILS(NOLABEL, SIG_REQUIRED)},
	{K(), R(.modsig = true), F(.has_modsig = true, .no_xattrs = true), PASSES},
	{K(), R(.modsig = true), F(.has_modsig = true, .evm = EVM_NOXATTRS), PASSES},
	{K(), R(.modsig = true), F(.has_modsig = true, .evm = EVM_NOLABEL),
	 FAILS(NOLABEL, MISSING_HMAC)},
	{LABEL("0404" D256), K(), R(.sig = true, .modsig = true), F(.has_modsig = true),
	 PASSES},
	{LABEL("01" D1), .digest = D1, K(), R(.sig = true, .modsig = true),
	 F(.has_modsig = true), FAILS(FAIL, SIG_REQUIRED)},
	{LABEL(SIG_V2), K(), R(.sig = true, .modsig = true),
	 F(.has_modsig = true, .sig = -ENOKEY), PASSES},
	{LABEL(SIG_V2), K(), R(.sig = true, .modsig = true),
	 F(.has_modsig = true, .sig = -EKEYREJECTED), FAILS(FAIL, INVALID_SIG)},
	{LABEL(""), K(), R(.modsig = true), F(.has_modsig = true),
	 FAILS(UNKNOWN, UNKNOWN_DATA)},
	/* file systems that may lie */
	{LABEL(SIG_V2), K(), R(), F(.unverifiable = true), PASSES},
	{LABEL(SIG_V2), K(), R(), F(.unverifiable = true, .untrusted_mount = true),
	 FAILS(FAIL, UNVERIFIABLE)},
	{LABEL("0404" D256), K(FIX), R(.fail_securely = true), F(.unverifiable = true),
	 FAILS(FAIL, UNVERIFIABLE)},
	/* ima_fix_xattr() and its conditions */
	{K(FIX), R(), F(), PASSES, .record = {APPRAISE_MISSING_HASH}, .writes = true},
	{K(FIX), R(.sig = true), F(), PASSES, .record = {APPRAISE_SIG_REQUIRED},
	 .writes = true},
	{LABEL("0404" WRONG), K(FIX), R(), F(), PASSES, .record = {APPRAISE_INVALID_HASH},
	 .writes = true},
	{LABEL(SIG_V2), K(FIX), R(), F(.sig = -EKEYREJECTED), FAILS(FAIL, INVALID_SIG)},
	{LABEL(VERITY), K(FIX), R(), F(.sig = -EKEYREJECTED), PASSES,
	 .record = {APPRAISE_INVALID_VERITY_SIG}, .writes = true},
	{LABEL("0404" D256), K(FIX), R(), F(.evm = EVM_FAIL), PASSES,
	 .record = {APPRAISE_INVALID_HMAC}, .writes = true},
	{K(FIX), R(), F(.read_only = true), FAILS(NOLABEL, MISSING_HASH)},
	{K(FIX), R(), F(.immutable = true), FAILS(NOLABEL, MISSING_HASH)},
	{K(FIX), R(), F(.fix_err = ENOSPC), FAILS(NOLABEL, MISSING_HASH)},
	{K(FIX), R(), F(.no_xattrs = true), SILENT(UNKNOWN, NO_XATTRS)},
	{K(FIX), R(.modsig = true), F(.has_modsig = true, .modsig = -ENOKEY),
	 FAILS(FAIL, INVALID_SIG)},
	{LABEL("0404" D256), K(FIX), R(), F(), PASSES},
	/* a new file that has its signature before its contents */
	{LABEL(SIG_V2), K(), R(.sig = true),
	 F(.new_file = true, .empty = true, .sig = -EKEYREJECTED), PASSES,
	 .record = {APPRAISE_INVALID_SIG}},
	{LABEL(SIG_V2), K(), R(.sig = true), F(.new_file = true, .sig = -EKEYREJECTED),
	 FAILS(FAIL, INVALID_SIG)},
	{LABEL("0404" D256), K(), R(),
	 F(.new_file = true, .empty = true, .evm = EVM_FAIL_IMMUTABLE), PASSES,
	 .record = {APPRAISE_FAIL_IMMUTABLE}},
	{LABEL("0404" WRONG), K(), R(), F(.new_file = true, .empty = true),
	 FAILS(FAIL, INVALID_HASH)},
	/* ima_collect_measurement() */
	{K(), R(), F(.digest_err = EIO), FAILS(UNKNOWN, FAILED)},
	{K(), R(), A(.direct_io = true), F(.digest_err = EINVAL),
	 FAILS(UNKNOWN, FAILED_DIRECTIO)},
	{K(), R(.permit_directio = true), A(.direct_io = true), F(.digest_err = EINVAL),
	 .status = EVM_UNKNOWN, .record = {APPRAISE_FAILED_DIRECTIO}},
	{K(), R(.permit_directio = true), A(.direct_io = true), F(.digest_err = EIO),
	 FAILS(UNKNOWN, FAILED_DIRECTIO)},
	{LABEL(VERITY), K(), R(.sig = true, .verity = true), F(.digest_err = ENODATA),
	 FAILS(UNKNOWN, NO_VERITY)},
	{LABEL(VERITY), K(), R(.sig = true, .verity = true), F(.digest_err = EINVAL),
	 FAILS(UNKNOWN, NO_VERITY)},
	{LABEL(VERITY), K(.verity_errors = true), R(.sig = true, .verity = true),
	 F(.digest_err = EINVAL), FAILS(UNKNOWN, INVALID_VERITY)},
	{K(.verity_errors = true), R(.verity = true), F(.digest_err = ENODATA),
	 FAILS(UNKNOWN, NO_VERITY)},
	/* ima_check_blacklist() */
	{LABEL(SIG_V2), K(), R(.sig = true, .blacklist = true), F(.blacklisted = true),
	 SILENT(UNKNOWN, BLACKLISTED)},
	{LABEL(SIG_V2), K(), R(.sig = true), F(.blacklisted = true), PASSES},
	/* mmap_violation_check() */
	{LABEL(SIG_V2), K(), R(), A(.mmap = true, .mapped_writable = true), F(),
	 .status = EVM_PASS, .why = APPRAISE_MMAPPED_WRITERS,
	 .record = {APPRAISE_MMAPPED_WRITERS}},
	{LABEL(SIG_V2), K(), R(), A(.mapped_writable = true), F(), PASSES},
	{K(), R(), A(.mmap = true, .mapped_writable = true), F(),
	 FAILS(NOLABEL, MISSING_HASH)},
	{K(FIX), R(), A(.mmap = true, .mapped_writable = true), F(), .status = EVM_PASS,
	 .why = APPRAISE_MMAPPED_WRITERS,
	 .record = {APPRAISE_MISSING_HASH, APPRAISE_MMAPPED_WRITERS}, .writes = true},
	/* process_measurement(): appraise_algos= */
	{LABEL("0404" D256), K(), R(.algos = 1u << HASH_SHA256), F(), PASSES},
	{LABEL("0404" D256), K(), R(.algos = 1u << HASH_SHA512), F(), .status = EVM_PASS,
	 .why = APPRAISE_DENIED_HASH, .record = {APPRAISE_DENIED_HASH}},
	{LABEL(SIG_V2), K(), R(.algos = 1u << HASH_SHA512), F(), .status = EVM_PASS,
	 .why = APPRAISE_DENIED_HASH, .record = {APPRAISE_DENIED_HASH}},
	{LABEL("0404" WRONG), K(), R(.algos = 1u << HASH_SHA512), F(),
	 FAILS(FAIL, INVALID_HASH)},
	{K(), R(.algos = 1u << HASH_SHA512), F(.new_file = true), .status = EVM_PASS,
	 .why = APPRAISE_DENIED_HASH, .record = {APPRAISE_DENIED_HASH}},
	/* process_measurement(): a signed file opened for writing */
	{LABEL(SIG_V2), K(), R(), A(.write = true), F(),
	 SILENT(PASS, SIGNED_FOR_WRITING)},
	{LABEL(VERITY), K(), R(), A(.write = true), F(),
	 SILENT(PASS, SIGNED_FOR_WRITING)},
	{LABEL("0404" D256), K(), R(), A(.write = true), F(.evm = EVM_PASS_IMMUTABLE),
	 SILENT(PASS, SIGNED_FOR_WRITING)},
	{LABEL("0404" D256), K(), R(), A(.write = true), F(), PASSES},
	{LABEL(SIG_V2), K(), R(), A(.write = true), F(.new_file = true), PASSES},
	{LABEL(SIG_V2), K(), R(), A(.write = true), F(.sig = -ENOKEY),
	 FAILS(FAIL, INVALID_SIG)},
};

/* The row's file with its bytes in place. */
static struct appraise_file file_of(const struct row *r, uint8_t value[80])
{
	struct appraise_file f = r->file;
	const char *digest = r->digest ? r->digest : D256;

	if (!r->xattr && !f.xattr_err)
		f.xattr_err = ENODATA;
	if (r->xattr) {
		assert_int_equal(hex_decode(value, span_of(r->xattr)), 0);
		f.xattr = (struct span){value, strlen(r->xattr) / 2};
	}
	f.digest.size = (uint8_t)(strlen(digest) / 2);
	f.digest.alg = r->digest ? HASH_SHA1 : HASH_SHA256;
	assert_int_equal(hex_decode(f.digest.value, span_of(digest)), 0);
	return f;
}

static struct appraise_verdict decide(const struct row *r, enum appraise_mode mode)
{
	struct appraise_kernel k = r->kernel;
	struct appraise_verdict v;
	uint8_t value[80];
	struct appraise_file f = file_of(r, value);

	k.mode = mode;
	appraise_decide(&k, &r->rule, &r->access, &f, &v);
	return v;
}

static void test_decide__every_way(void **state)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct row *r = &rows[i];
		struct appraise_verdict v = decide(r, r->kernel.mode);
		int n = 0;

		print_message("%zu: %s\n", i, r->xattr ? r->xattr : "no value");
		assert_int_equal(v.status, r->status);
		assert_int_equal(v.why, r->why);
		assert_int_equal(v.writes, r->writes);
		while (n < 2 && r->record[n])
			n++;
		assert_int_equal(v.n_records, n);
		for (int k = 0; k < n; k++)
			assert_int_equal(v.record[k], r->record[k]);
	}
}

/* The digest a row compares is the one the kernel would have computed. */
static void test_decide__rows_use_the_kernels_hash(void **state)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		uint8_t value[80];
		struct appraise_file f = file_of(&rows[i], value);

		if (!f.digest_err && !rows[i].rule.verity)
			assert_int_equal(appraise_hash_alg(&rows[i].kernel, f.xattr),
					 f.digest.alg);
	}
}

/* What the modes have in common: enforce denies what fails and writes nothing, log says
 * the same and denies nothing, fix never denies, off does nothing. */
static void test_decide__modes(void **state)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		struct appraise_verdict enforce = decide(&rows[i], APPRAISE_MODE_ENFORCE);
		struct appraise_verdict log = decide(&rows[i], APPRAISE_MODE_LOG);
		struct appraise_verdict fix = decide(&rows[i], APPRAISE_MODE_FIX);
		struct appraise_verdict off = decide(&rows[i], APPRAISE_MODE_OFF);

		assert_int_equal(enforce.denied, enforce.fails);
		assert_int_equal(enforce.fails, enforce.why != APPRAISE_NONE);
		assert_false(enforce.writes || log.writes || off.writes);
		assert_false(log.denied || fix.denied || off.denied || off.fails);
		assert_int_equal(log.why, enforce.why);
		assert_int_equal(log.n_records, enforce.n_records);
		assert_memory_equal(log.record, enforce.record, sizeof(log.record));
		assert_int_equal(off.n_records, 0);
		if (fix.n_records && enforce.n_records)
			assert_int_equal(fix.record[0], enforce.record[0]);
	}
}

static void test_mprotect__denies_in_every_mode_but_off(void **state)
{
	struct appraise_kernel k = {.mode = APPRAISE_MODE_LOG};
	struct appraise_verdict v;

	appraise_mprotect(&k, false, false, &v);
	assert_int_equal(v.n_records, 0);
	appraise_mprotect(&k, true, false, &v);
	assert_int_equal(v.n_records, 1);
	assert_false(v.denied);
	appraise_mprotect(&k, false, true, &v);
	assert_true(v.denied);
	assert_int_equal(v.why, APPRAISE_FAILED_MPROTECT);
	k.mode = APPRAISE_MODE_OFF;
	appraise_mprotect(&k, true, true, &v);
	assert_false(v.denied || v.n_records);
}

/* ima_get_hash_algo(): what is not known is taken for ima_hash. */
static void test_hash_alg__of_every_value(void **state)
{
	static const struct {
		const char *xattr;
		bool sigv3;
		uint8_t algs;
		enum hash_alg alg;
	} cases[] = {
		{"", false, 0, HASH_SHA512},
		{"04", false, 0, HASH_SHA512},
		{"0404", false, 0, HASH_SHA256},
		{"0414" D256, false, 23, HASH_SHA3_256},
		{"0414" D256, false, 20, HASH_SHA512},
		{"04ff" D256, false, 0, HASH_SHA512},
		{"01" D1, false, 0, HASH_SHA1},
		{"01b1946ac92492d2347c6235b4d2611184", false, 0, HASH_MD5},
		{"01b1946ac92492d2347c6235b4d261118400000000", false, 0, HASH_MD5},
		{"01" D256, false, 0, HASH_SHA512},
		{SIG_V1, false, 0, HASH_SHA512},
		{SIG_V2, false, 0, HASH_SHA256},
		{"030204deadbeef0009aa", false, 0, HASH_SHA256},
		{"030204deadbeef0000", false, 0, HASH_SHA512},
		{SIG_V3, false, 0, HASH_SHA512},
		{SIG_V3, true, 0, HASH_SHA256},
		{VERITY, false, 0, HASH_SHA256},
		{"060204deadbeef0002aabb", false, 0, HASH_SHA512},
		{PORTABLE, false, 0, HASH_SHA512},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct appraise_kernel k = {.ima_hash = HASH_SHA512,
					    .sigv3 = cases[i].sigv3,
					    .hash_algs = cases[i].algs};
		uint8_t value[80];
		struct span x = {value, strlen(cases[i].xattr) / 2};

		assert_int_equal(hex_decode(value, span_of(cases[i].xattr)), 0);
		print_message("%s\n", cases[i].xattr);
		assert_int_equal(appraise_hash_alg(&k, x), cases[i].alg);
	}
}

/* ima_inode_setxattr(), validate_hash_algo(). */
static const struct {
	const char *value;
	uint32_t allowed, built_in;
	int err;
	enum appraise_cause cause;
} sets[] = {
	{"", 0, 0, -EINVAL, APPRAISE_NONE},
	{"07" D1, 0, 0, -EINVAL, APPRAISE_NONE},
	{"0404" D256, 0, 0, 0, APPRAISE_NONE}, /* ima_hash is always there */
	{"0406" D256 D256, 0, 0, -EACCES, APPRAISE_SET_UNAVAILABLE},
	{"0406" D256 D256, 0, 1u << HASH_SHA512, 0, APPRAISE_NONE},
	{"0406" D256 D256, 1u << HASH_SHA512, 0, 0, APPRAISE_NONE},
	{"0404" D256, 1u << HASH_SHA512, ~0u, -EACCES, APPRAISE_SET_DENIED},
	{SIG_V2, 1u << HASH_SHA512, ~0u, -EACCES, APPRAISE_SET_DENIED},
	{PORTABLE, 0, 0, 0, APPRAISE_NONE},
};

static void test_setxattr__every_answer(void **state)
{
	struct appraise_kernel k = {.ima_hash = HASH_SHA256};

	for (size_t i = 0; i < array_size(sets); i++) {
		enum appraise_cause cause;
		uint8_t value[80];
		struct span x = {value, strlen(sets[i].value) / 2};

		assert_int_equal(hex_decode(value, span_of(sets[i].value)), 0);
		assert_int_equal(appraise_setxattr(&k, x, sets[i].allowed,
						   sets[i].built_in, &cause),
				 sets[i].err);
		assert_int_equal(cause, sets[i].cause);
	}
}

/* No cause in the table that no row above ends in, and each is found by its words. */
static void test_words__every_cause_is_reached(void **state)
{
	uint64_t seen = UINT64_C(1) << APPRAISE_FAILED_MPROTECT;

	for (size_t i = 0; i < array_size(rows); i++)
		seen |= UINT64_C(1) << rows[i].why | UINT64_C(1) << rows[i].record[0];
	for (size_t i = 0; i < array_size(sets); i++)
		seen |= UINT64_C(1) << sets[i].cause;
	for (int c = APPRAISE_NONE + 1; c < _APPRAISE_CAUSE_MAX; c++) {
		const struct appraise_words *w = appraise_words((enum appraise_cause)c);

		print_message("%s\n", w->means);
		assert_true(seen & UINT64_C(1) << c);
		assert_true(*w->means && *w->helps);
		assert_int_equal(*w->op == '\0', *w->cause == '\0');
		assert_int_equal(appraise_cause_of(span_of(w->op), span_of(w->cause)),
				 *w->op ? c : APPRAISE_NONE);
	}
	assert_int_equal(appraise_cause_of(span_of("appraise_data"), span_of("failed")),
			 APPRAISE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide__every_way),
		cmocka_unit_test(test_decide__rows_use_the_kernels_hash),
		cmocka_unit_test(test_decide__modes),
		cmocka_unit_test(test_mprotect__denies_in_every_mode_but_off),
		cmocka_unit_test(test_hash_alg__of_every_value),
		cmocka_unit_test(test_setxattr__every_answer),
		cmocka_unit_test(test_words__every_cause_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
