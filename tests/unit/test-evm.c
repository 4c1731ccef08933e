/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/probe/evm.h"
#include "core/host/hashalg.h"

#define IMA  "04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define CAPS "0100000200040000000000000000000000000000"
#define UUID "8bcbe3944f134144be8e5aa9ea2ce2f6"

static uint8_t ima_value[34], caps_value[20], label[] = "unconfined", custom[] = "mine";

/* The file of the vectors: ino 123456, generation 42, root's, mode 0100755. It also has
 * attributes that no kernel here enables, and one EVM never looks at. */
static const struct evm_attr attrs[] = {
	{"security.capability", {caps_value, sizeof(caps_value)}},
	{"security.apparmor", {label, 10}},
	{"user.note", {custom, 4}},
	{"security.ima", {ima_value, sizeof(ima_value)}},
	{"security.custom", {custom, 4}},
};

static struct evm_file file_with(size_t n_attrs)
{
	struct evm_file f = {.attrs = attrs,
			     .n_attrs = n_attrs,
			     .ino = 123456,
			     .generation = 42,
			     .mode = 0100755};

	assert_int_equal(hex_decode(ima_value, span_of(IMA)), 0);
	assert_int_equal(hex_decode(caps_value, span_of(CAPS)), 0);
	assert_int_equal(hex_decode(f.uuid, span_of(UUID)), 0);
	return f;
}

static const struct evm_kernel plain = {.enabled =
						1u << EVM_NAME_IMA | 1u << EVM_NAME_CAPS,
					.fsuuid = true};

static void assert_hex(struct span bytes, const char *want)
{
	char text[257] = "";

	assert_in_range(bytes.len, 1, 128);
	hex_encode(text, bytes);
	assert_string_equal(text, want);
}

/* The HMAC of the file with key 32 x 0x11, by the kernel of the vector. */
static void assert_hmac(const struct evm_kernel *kernel, const char *want)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct evm_file f = file_with(4);
	uint8_t key[32], mac[IMAXATTR_HMAC_SIZE];

	memset(key, 0x11, sizeof(key));
	assert_int_equal(evm_data(kernel, &f, IMAXATTR_HMAC, &data, NULL), 0);
	assert_int_equal(evm_hmac((struct span){key, sizeof(key)}, strbuf_span(&data),
				  mac),
			 0);
	assert_hex((struct span){mac, sizeof(mac)}, want);
}

/* Computed independently (hashlib, hmac) from the description of the layout. */
static void test_hmac__vectors(void **state)
{
	struct evm_kernel k = plain;

	assert_hmac(&plain, "d8fe303b28a86084d1165e8806a4a3701af0f930");
	k.bits32 = true;
	assert_hmac(&k, "98ed3995234b569fb905d77c63a0c6a1bdb6e0ea");
	k.bits32 = false;
	k.big_endian = true;
	assert_hmac(&k, "949cfd9040a9d82a5860dbbec0f8494fd6052bb2");
}

static void test_hmac__key_sizes(void **state)
{
	uint8_t mac[IMAXATTR_HMAC_SIZE], key[129] = {1};

	assert_int_equal(evm_hmac((struct span){key, 0}, span_of("x"), mac), -EINVAL);
	assert_int_equal(evm_hmac((struct span){key, 129}, span_of("x"), mac), -EINVAL);
	assert_int_equal(evm_hmac((struct span){key, 128}, span_of("x"), mac), 0);
}

static void portable(const struct evm_kernel *kernel, const struct evm_file *f,
		     const char *want)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct digest digest;

	assert_int_equal(evm_data(kernel, f, IMAXATTR_PORTABLE, &data, NULL), 0);
	assert_int_equal(hash_of(HASH_SHA256, strbuf_span(&data), &digest, NULL), 0);
	assert_hex(digest_span(&digest), want);
}

/* Neither the inode nor the file system counts, nor what is enabled. */
static void test_portable__vector(void **state)
{
	static const struct evm_attr two[] = {
		{"security.ima", {ima_value, sizeof(ima_value)}},
		{"security.capability", {caps_value, sizeof(caps_value)}},
	};
	struct evm_kernel none = {.fsuuid = true};
	struct evm_file f = file_with(0);

	f.attrs = two;
	f.n_attrs = 2;
	portable(&none, &f,
		 "be7380ca244f69ffdd6d3f4e1071b277d8675afd296aaa7a2285e93a83cdc449");
	f.ino++;
	f.generation++;
	f.uuid[0]++;
	portable(&plain, &f,
		 "be7380ca244f69ffdd6d3f4e1071b277d8675afd296aaa7a2285e93a83cdc449");
}

static size_t length(const struct evm_kernel *kernel, enum imaxattr_type type)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct evm_file f = file_with(5);

	assert_int_equal(evm_data(kernel, &f, type, &data, NULL), 0);
	return data.len;
}

/* HMAC and SIG see enabled attributes, PORTABLE all; added ones come last. */
static void test_data__which_attributes(void **state)
{
	static const char *const extra[] = {"security.custom"};
	size_t both = sizeof(ima_value) + sizeof(caps_value), misc = 24, uuid = 16;
	struct evm_kernel k = plain;
	_cleanup_strbuf_ struct strbuf data = {0};
	struct evm_file f = file_with(5);

	assert_int_equal(length(&k, IMAXATTR_HMAC), both + misc + uuid);
	assert_int_equal(length(&k, IMAXATTR_SIG), both + misc + uuid);
	assert_int_equal(length(&k, IMAXATTR_PORTABLE), both + 10 + misc);
	k.fsuuid = false;
	k.enabled |= 1u << EVM_NAME_APPARMOR;
	assert_int_equal(length(&k, IMAXATTR_HMAC), both + 10 + misc);
	k.extra = extra;
	k.n_extra = 1;
	assert_int_equal(length(&k, IMAXATTR_HMAC), both + 10 + 4 + misc);
	assert_int_equal(length(&k, IMAXATTR_PORTABLE), both + 10 + 4 + misc);
	assert_int_equal(evm_data(&k, &f, IMAXATTR_PORTABLE, &data, NULL), 0);
	assert_memory_equal(data.ptr, "unconfined", 10);
	assert_memory_equal(data.ptr + 10, ima_value, sizeof(ima_value));
	assert_memory_equal(data.ptr + 10 + both, "mine", 4);
}

static void test_data__nothing_to_protect(void **state)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	struct evm_file f = file_with(3); /* no security.ima */
	struct evm_kernel k = {0};
	struct diag d;

	assert_int_equal(evm_data(&k, &f, IMAXATTR_HMAC, &data, &d), -ENODATA);
	assert_int_equal(d.id, DIAG_EVM_NOTHING);
	assert_int_equal(evm_data(&k, &f, IMAXATTR_PORTABLE, &data, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_EVM_NO_IMA);
	assert_int_equal(evm_data(&k, &f, IMAXATTR_VERITY, &data, &d), -EINVAL);
	assert_int_equal(data.len, 0);
}

#define HMAC_VALUE "02f572d396fae9206628714fb2ce00f72e94f2258f"
#define SIG_VALUE  "030204deadbeef0002aabb"
#define PORT_VALUE "050204deadbeef0002aabb"

/* Every way through evm_verifyxattr() and evm_verify_hmac() of linux 6.12 evm_main.c. */
static const struct {
	const char *value; /* NULL: err */
	struct evm_case c;
	enum evm_status status;
} cases[] = {
	{HMAC_VALUE, {.bits = 0}, EVM_UNKNOWN},
	{HMAC_VALUE, {.bits = EVM_BIT_METADATA}, EVM_UNKNOWN},
	{HMAC_VALUE, {.bits = EVM_BIT_HMAC, .ima_unprotected = true}, EVM_UNKNOWN},
	{HMAC_VALUE, {.bits = EVM_BIT_HMAC, .no_hmac_fs = true}, EVM_UNKNOWN},
	{PORT_VALUE,
	 {.bits = EVM_BIT_SIGNATURES, .no_hmac_fs = true},
	 EVM_PASS_IMMUTABLE},

	{NULL, {.bits = EVM_BIT_HMAC, .err = ENODATA, .n_protected = 1}, EVM_NOLABEL},
	{NULL, {.bits = EVM_BIT_HMAC, .err = ENODATA, .n_protected = 0}, EVM_NOXATTRS},
	{NULL, {.bits = EVM_BIT_HMAC, .err = ENODATA, .n_protected = -EIO}, EVM_FAIL},
	{NULL, {.bits = EVM_BIT_HMAC, .err = EOPNOTSUPP}, EVM_UNKNOWN},
	{NULL, {.bits = EVM_BIT_HMAC, .err = EIO, .n_protected = 1}, EVM_FAIL},
	{"", {.bits = EVM_BIT_HMAC, .n_protected = 1}, EVM_FAIL},

	{HMAC_VALUE, {.bits = EVM_BIT_HMAC}, EVM_PASS},
	{HMAC_VALUE, {.bits = EVM_BIT_HMAC, .check = -EINVAL}, EVM_FAIL},
	{HMAC_VALUE, {.bits = EVM_BIT_HMAC, .data = -ENODATA}, EVM_NOXATTRS},
	{HMAC_VALUE, {.bits = EVM_BIT_HMAC, .data = -EOPNOTSUPP}, EVM_FAIL},
	{HMAC_VALUE "00", {.bits = EVM_BIT_HMAC}, EVM_FAIL},
	{"02", {.bits = EVM_BIT_HMAC}, EVM_FAIL},

	{SIG_VALUE, {.bits = EVM_BIT_SIGNATURES}, EVM_PASS},
	{SIG_VALUE, {.bits = EVM_BIT_SIGNATURES, .check = -ENOKEY}, EVM_FAIL},
	{"030204deadbeef0002", {.bits = EVM_BIT_SIGNATURES}, EVM_FAIL},
	{PORT_VALUE, {.bits = EVM_BIT_SIGNATURES}, EVM_PASS_IMMUTABLE},
	{PORT_VALUE, {.bits = EVM_BIT_HMAC, .check = -ENOKEY}, EVM_FAIL_IMMUTABLE},
	{PORT_VALUE, {.bits = EVM_BIT_HMAC, .data = -ENOENT}, EVM_FAIL_IMMUTABLE},
	{"050204deadbeef0002", {.bits = EVM_BIT_SIGNATURES}, EVM_FAIL},
	{"01f572d396fae9206628714fb2ce00f72e94f2258f", {.bits = EVM_BIT_HMAC}, EVM_FAIL},
	{"ff", {.bits = EVM_BIT_HMAC}, EVM_FAIL},
};

static void test_judge__every_way(void **state)
{
	unsigned seen = 0;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct evm_case c = cases[i].c;
		uint8_t value[64];

		if (cases[i].value) {
			assert_int_equal(hex_decode(value, span_of(cases[i].value)), 0);
			c.value = (struct span){value, strlen(cases[i].value) / 2};
		}
		print_message("%zu: %s\n", i, evm_status_word(cases[i].status));
		assert_int_equal(evm_judge(&c), cases[i].status);
		seen |= 1u << cases[i].status;
	}
	assert_int_equal(seen, (1u << _EVM_STATUS_MAX) - 1);
}

static void test_tables__complete(void **state)
{
	uint32_t all = 0;

	for (size_t i = 0; evm_bit(i); i++) {
		const struct evm_bit *b = evm_bit(i);

		assert_int_equal(all & b->value, 0);
		assert_true(b->value > all); /* ascending */
		all |= b->value;
		assert_true(*b->name && *b->means && *b->writing && *b->undo);
	}
	for (int s = 0; s < _EVM_STATUS_MAX; s++)
		assert_true(*evm_status_word((enum evm_status)s) &&
			    *evm_status_means((enum evm_status)s));
	assert_string_equal(evm_name(EVM_NAME_IMA), "security.ima");
	assert_string_equal(evm_name_config(EVM_NAME_IMA), "CONFIG_IMA_APPRAISE");
	assert_null(evm_name_config(EVM_NAME_CAPS));
}

static void test_bits_text__names(void **state)
{
	static const struct {
		uint32_t bits;
		const char *text;
	} rows[] = {{0, "off"},
		    {1, "HMAC"},
		    {6, "signatures, metadata writes allowed"},
		    {0x8000000a, "signatures, v3 signatures only, locked"},
		    {0x11, "HMAC, 0x10"}};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		evm_bits_text(&b, rows[i].bits);
		assert_string_equal(strbuf_str(&b), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac__vectors),
		cmocka_unit_test(test_hmac__key_sizes),
		cmocka_unit_test(test_portable__vector),
		cmocka_unit_test(test_data__which_attributes),
		cmocka_unit_test(test_data__nothing_to_protect),
		cmocka_unit_test(test_judge__every_way),
		cmocka_unit_test(test_tables__complete),
		cmocka_unit_test(test_bits_text__names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
