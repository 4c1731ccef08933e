/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/hex.h"
#include "core/base/imaxattr.h"

#define F "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" /* sha256 */
#define S "f572d396fae9206628714fb2ce00f72e94f2258f"			     /* sha1 */
#define M "b1946ac92492d2347c6235b4d2611184"				     /* md5 */

/* Version 1: its header with key algorithm and hash; a number of bits follows. */
#define V1(kind, hash) "030101020304" kind hash "112233445566778801"

static uint8_t bytes[256];

static struct span unhex(const char *hex)
{
	assert_true(strlen(hex) / 2 <= sizeof(bytes));
	assert_int_equal(hex_decode(bytes, span_of(hex)), 0);
	return (struct span){bytes, strlen(hex) / 2};
}

static struct imaxattr decode(enum imaxattr_attr attr, const char *hex)
{
	struct imaxattr x;

	imaxattr_decode(attr, unhex(hex), &x);
	return x;
}

/* One row per way in which a value can be damaged, and per form that is whole. */
static const struct {
	enum imaxattr_attr attr;
	const char *hex;
	const char *word;
	const char *text;
} rows[] = {
	{IMAXATTR_IMA, "", "empty",
	 "empty value: it is empty, which the kernel takes as if there were none"},
	{IMAXATTR_IMA, "00", "type",
	 "value of unknown type 0x00: it begins with a type that no kernel knows"},
	{IMAXATTR_IMA, "07" S, "type", NULL},
	{IMAXATTR_IMA, "ff", "type", NULL},

	{IMAXATTR_IMA, "01", "length", NULL},
	{IMAXATTR_IMA, "01" F, "length", NULL},
	{IMAXATTR_IMA, "0101020304", "length",
	 "hash of the contents, unknown 01020304: it has a length that no value of its "
	 "type has"},
	{IMAXATTR_IMA, "01" S, "ok", "hash of the contents, sha1 " S},
	{IMAXATTR_IMA, "01" M, "ok", "hash of the contents, md5 " M},
	{IMAXATTR_IMA, "01" M "00000000", "ok", "hash of the contents, md5 " M},
	{IMAXATTR_IMA, "01" M "00000001", "ok",
	 "hash of the contents, sha1 " M "00000001"},
	{IMAXATTR_EVM, "01" S, "attribute", NULL},

	{IMAXATTR_IMA, "04", "header", NULL},
	{IMAXATTR_IMA, "0417" F, "hash", NULL},
	{IMAXATTR_IMA, "0404", "short", NULL},
	{IMAXATTR_IMA, "0404" S, "short", NULL},
	{IMAXATTR_IMA, "0404" F "00", "trailing",
	 "hash of the contents, sha256 " F
	 ": it has bytes behind its end, which the kernel does not look at"},
	{IMAXATTR_IMA, "0404" F, "ok", "hash of the contents, sha256 " F},
	{IMAXATTR_IMA, "0402" S, "ok", "hash of the contents, sha1 " S},
	{IMAXATTR_EVM, "0404" F, "attribute", NULL},

	{IMAXATTR_EVM, "02", "length", NULL},
	{IMAXATTR_EVM, "02" F, "length", NULL},
	{IMAXATTR_EVM, "02" S, "ok", "EVM HMAC, sha1 " S},
	{IMAXATTR_IMA, "02" S, "attribute", NULL},

	{IMAXATTR_IMA, "03", "header", NULL},
	{IMAXATTR_IMA, "0302", "header",
	 "signature version 2: it ends inside its header"},
	{IMAXATTR_IMA, "030204deadbeef00", "header", NULL},
	{IMAXATTR_IMA, "030004deadbeef0002aabb", "version", NULL},
	{IMAXATTR_IMA, "030404deadbeef0002aabb", "version",
	 "signature version 4: it has a version that signatures of its type do not have"},
	{IMAXATTR_IMA, "030204deadbeef0002", "sig-none", NULL},
	{IMAXATTR_IMA, "030204deadbeef0003aabb", "sig-short",
	 "signature version 2, sha256, key id deadbeef, 2 bytes: it holds less of the "
	 "signature than its header promises"},
	{IMAXATTR_IMA, "030204deadbeef0001aabb", "sig-long", NULL},
	{IMAXATTR_IMA, "030204deadbeef0000aabb", "sig-long", NULL},
	{IMAXATTR_IMA, "030217deadbeef0002aabb", "hash", NULL},
	{IMAXATTR_IMA, "030204deadbeef0002aabb", "ok",
	 "signature version 2, sha256, key id deadbeef, 2 bytes"},
	{IMAXATTR_IMA, "030306deadbeef0002aabb", "ok",
	 "signature version 3, sha512, key id deadbeef, 2 bytes"},
	{IMAXATTR_EVM, "030202deadbeef0002aabb", "ok", NULL},

	{IMAXATTR_IMA, "060204deadbeef0002aabb", "version", NULL},
	{IMAXATTR_IMA, "060304deadbeef0002aabb", "ok",
	 "fs-verity signature version 3, sha256, key id deadbeef, 2 bytes"},
	{IMAXATTR_EVM, "060304deadbeef0002aabb", "attribute", NULL},

	{IMAXATTR_IMA, "050204deadbeef0002aabb", "attribute", NULL},
	{IMAXATTR_EVM, "050104deadbeef0002aabb", "version", NULL},
	{IMAXATTR_EVM, "050204deadbeef0002aabb", "ok",
	 "EVM portable signature version 2, sha256, key id deadbeef, 2 bytes"},
	{IMAXATTR_EVM, "050304deadbeef0002aabb", "ok", NULL},

	{IMAXATTR_IMA, V1("00", "00"), "sig-none", NULL},
	{IMAXATTR_IMA, V1("00", "00") "00", "sig-none", NULL},
	{IMAXATTR_IMA, V1("00", "00") "0000", "sig-none", NULL},
	{IMAXATTR_IMA, V1("00", "00") "0010aa", "sig-short", NULL},
	{IMAXATTR_IMA, V1("00", "02") "0010aabb", "hash", NULL},
	{IMAXATTR_IMA, V1("01", "00") "0010aabb", "key-kind", NULL},
	{IMAXATTR_IMA, "03010102030400001122334455667788", "header", NULL},
	{IMAXATTR_IMA, V1("00", "00") "000faabb", "ok",
	 "signature version 1, sha1, key id 1122334455667788, 2 bytes"},
	{IMAXATTR_IMA, V1("00", "01") "0010aabbcc", "trailing",
	 "signature version 1, sha256, key id 1122334455667788, 2 bytes: it has bytes "
	 "behind its end, which the kernel does not look at"},
};

static void test_decode__every_form(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		struct imaxattr x = decode(rows[i].attr, rows[i].hex);

		print_message("%s\n", rows[i].hex);
		assert_string_equal(imaxattr_verdict_word(x.verdict), rows[i].word);
		imaxattr_text(&text, &x);
		if (rows[i].text)
			assert_string_equal(strbuf_str(&text), rows[i].text);
	}
}

static void test_decode__every_verdict(void **state)
{
	for (int v = 0; v < _IMAXATTR_V_MAX; v++) {
		bool seen = false;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			seen |= (int)decode(rows[i].attr, rows[i].hex).verdict == v;
		assert_true(seen);
	}
}

/* What the header says is there even when the signature behind it is not. */
static void test_decode__damaged_keeps_what_it_read(void **state)
{
	struct imaxattr x = decode(IMAXATTR_IMA, "030204d5234f520100a653c7");

	assert_int_equal(x.verdict, IMAXATTR_V_SIG_SHORT);
	assert_false(imaxattr_usable(&x));
	assert_int_equal(x.hash, HASH_SHA256);
	assert_int_equal(x.promised, 256);
	assert_true(span_equal(x.sig, (struct span){bytes + 9, 3}));
	assert_true(span_equal(x.keyid, (struct span){bytes + 3, 4}));

	x = decode(IMAXATTR_IMA, "030204d5234f520002a653c7");
	assert_int_equal(x.trailing, 1);
	assert_int_equal(x.sig.len, 2);

	x = decode(IMAXATTR_IMA, "0404" F "0001");
	assert_true(imaxattr_usable(&x));
	assert_int_equal(x.trailing, 2);
	assert_int_equal(x.digest.len, 32);
}

static void test_decode__v1_header_is_what_was_signed(void **state)
{
	struct imaxattr x = decode(IMAXATTR_IMA, V1("00", "01") "0010aabb");

	assert_int_equal(x.version, 1);
	assert_true(span_equal(x.header, (struct span){bytes + 1, IMAXATTR_V1_HEADER}));
	assert_true(span_equal(x.sig, (struct span){bytes + 19, 2}));
}

static void test_put__refuses_what_no_kernel_reads(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct span id = {(const uint8_t *)"abcd", 4}, sig = {bytes, 3},
		    sha1 = {bytes, 20}, long_sig = {bytes, 65536};

	assert_int_equal(imaxattr_put_digest(&b, HASH_SHA256, sha1), -EINVAL);
	assert_int_equal(imaxattr_put_digest(&b, _HASH_ALG_INVALID, sha1), -EINVAL);
	assert_int_equal(imaxattr_put_digest(&b, HASH_MD4, (struct span){bytes, 16}),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 1, HASH_SHA1, id, sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 4, HASH_SHA1, id, sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_VERITY, 2, HASH_SHA1, id, sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_DIGEST_NG, 2, HASH_SHA1, id, sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 2, _HASH_ALG_INVALID, id,
					  sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 2, HASH_SHA1, sig, sig),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 2, HASH_SHA1, id,
					  (struct span){bytes, 0}),
			 -EINVAL);
	assert_int_equal(imaxattr_put_sig(&b, IMAXATTR_SIG, 2, HASH_SHA1, id, long_sig),
			 -EINVAL);
	assert_int_equal(b.len, 0);
}

static void test_put_digest__round_trip(void **state)
{
	for (int a = 0; a < _HASH_ALG_MAX; a++) {
		_cleanup_strbuf_ struct strbuf b = {0};
		struct span digest = {bytes, hash_alg_size((enum hash_alg)a)};
		struct imaxattr x;

		if (a == HASH_MD4)
			continue;
		memset(bytes, 0x5a, sizeof(bytes));
		assert_int_equal(imaxattr_put_digest(&b, (enum hash_alg)a, digest), 0);
		imaxattr_decode(IMAXATTR_IMA, strbuf_span(&b), &x);
		assert_int_equal(x.verdict, IMAXATTR_V_OK);
		assert_int_equal(x.hash, a);
		assert_true(span_equal(x.digest, digest));
		assert_int_equal(x.type,
				 a <= HASH_SHA1 ? IMAXATTR_DIGEST : IMAXATTR_DIGEST_NG);
	}
}

static void test_put_sig__round_trip(void **state)
{
	static const struct {
		enum imaxattr_type type;
		uint8_t version;
		enum imaxattr_attr attr;
	} forms[] = {{IMAXATTR_SIG, 2, IMAXATTR_IMA},
		     {IMAXATTR_SIG, 3, IMAXATTR_IMA},
		     {IMAXATTR_SIG, 2, IMAXATTR_EVM},
		     {IMAXATTR_VERITY, 3, IMAXATTR_IMA},
		     {IMAXATTR_PORTABLE, 2, IMAXATTR_EVM},
		     {IMAXATTR_PORTABLE, 3, IMAXATTR_EVM}};
	struct span id = {(const uint8_t *)"\x01\x02\x03\xff", 4}, sig = {bytes, 256};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		_cleanup_strbuf_ struct strbuf b = {0};
		struct imaxattr x;

		assert_int_equal(imaxattr_put_sig(&b, forms[i].type, forms[i].version,
						  HASH_SHA384, id, sig),
				 0);
		imaxattr_decode(forms[i].attr, strbuf_span(&b), &x);
		assert_int_equal(x.verdict, IMAXATTR_V_OK);
		assert_int_equal(x.type, forms[i].type);
		assert_int_equal(x.version, forms[i].version);
		assert_int_equal(x.hash, HASH_SHA384);
		assert_true(span_equal(x.keyid, id));
		assert_true(span_equal(x.sig, sig));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode__every_form),
		cmocka_unit_test(test_decode__every_verdict),
		cmocka_unit_test(test_decode__damaged_keeps_what_it_read),
		cmocka_unit_test(test_decode__v1_header_is_what_was_signed),
		cmocka_unit_test(test_put__refuses_what_no_kernel_reads),
		cmocka_unit_test(test_put_digest__round_trip),
		cmocka_unit_test(test_put_sig__round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
