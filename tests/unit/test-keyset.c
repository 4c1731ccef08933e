/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/cert/keyset.h"
#include "tests/unit/testkeys.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

static char dir[] = "/tmp/imactl-keyset.XXXXXX";
static int at = -1;
static struct sig_ctx *ctx;
static EVP_PKEY *keys[2];

#define SAME_ID "00112233445566778899aabbccddeeff00112233"

static void put(const char *name, const void *bytes, size_t len)
{
	assert_int_equal(fs_replace_at(at, name, bytes, len, 0600, NULL), 0);
}

static void put_cert(const char *name, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	X509 *cert = cert_of(key, SAME_ID);
	int len = i2d_X509(cert, &der);

	put(name, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(cert);
}

/* Two certificates with one key id, and files that are none. */
static int make(void **state)
{
	if (!mkdtemp(dir) || (at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	ctx = sig_ctx_new();
	for (int i = 0; i < 2; i++)
		keys[i] = EVP_EC_gen("P-256");
	put_cert("a.der", keys[0]);
	put_cert("b.der", keys[1]);
	put("c.txt", "text", 4);
	put(".hidden", "text", 4);
	return mkfifoat(at, "fifo", 0600) || symlinkat("a.der", at, "link");
}

static int clear(void **state)
{
	static const char *const names[] = {"a.der",   "b.der", "c.txt",
					    ".hidden", "fifo",	"link"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(at, names[i], 0);
	close(at);
	sig_ctx_free(ctx);
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(keys[i]);
	return rmdir(dir);
}

static void test_add__what_is_no_key(void **state)
{
	_cleanup_keyset_ struct keyset set = {0};
	struct diag d;

	assert_int_equal(keyset_add_file(&set, at, "none", &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
	assert_int_equal(keyset_add_file(&set, at, "c.txt", &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_KEY_FORMAT);
	assert_non_null(strstr(d.text, "c.txt"));
	assert_int_equal(keyset_add_file(&set, at, "fifo", &d), -EBADMSG);
	assert_int_equal(keyset_add_folder(&set, at, "a.der", &d), -ENOTDIR);
	assert_int_equal(set.n, 0);
}

static void test_add_folder__keys_by_name(void **state)
{
	_cleanup_keyset_ struct keyset set = {0}, here = {0};
	char path[64];

	assert_int_equal(keyset_add_folder(&set, at, "/", NULL), 3);
	assert_string_equal(set.keys[0].from, "/a.der");
	assert_string_equal(set.keys[1].from, "/b.der");
	assert_string_equal(set.keys[2].from, "/link");
	assert_string_equal(sig_key_name(set.keys[0].key), "issuer");
	assert_int_equal(keyset_add_folder(&here, AT_FDCWD, dir, NULL), 3);
	(void)snprintf(path, sizeof(path), "%s/a.der", dir);
	assert_string_equal(here.keys[0].from, path);
}

static struct digest digest(uint8_t fill)
{
	struct digest d = {.alg = HASH_SHA256, .size = 32};

	memset(d.value, fill, d.size);
	return d;
}

/* Signed by the second key; both have the id. */
static void sign(struct strbuf *value)
{
	_cleanup_(sig_key_freep) struct sig_key *key = private_of(keys[1]), *cert = NULL;
	struct digest d = digest(1);
	X509 *c = cert_of(keys[1], SAME_ID);

	cert = public_of(c);
	X509_free(c);
	assert_int_equal(sig_key_certify(key, cert, NULL), 0);
	assert_string_equal(sig_key_name(key), "issuer");
	assert_int_equal(sig_make(ctx, key, IMAXATTR_SIG, 2, &d, value, NULL), 0);
}

static void test_check__every_key_of_that_id(void **state)
{
	_cleanup_keyset_ struct keyset set = {0}, none = {0};
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest right = digest(1), wrong = digest(2);
	const struct keyset_key *k;
	struct imaxattr x;

	sign(&value);
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&value), &x);
	assert_int_equal(keyset_check(&none, ctx, &x, &right, &k), SIG_NO_KEY);
	assert_null(k);
	assert_null(keyset_find(&none, &x));
	assert_int_equal(keyset_add_file(&set, at, "a.der", NULL), 0);
	assert_int_equal(keyset_check(&set, ctx, &x, &right, &k), SIG_BAD);
	assert_string_equal(k->from, "a.der");
	assert_int_equal(keyset_add_file(&set, at, "b.der", NULL), 0);
	assert_ptr_equal(keyset_find(&set, &x), &set.keys[0]);
	assert_int_equal(keyset_check(&set, ctx, &x, &right, &k), SIG_GOOD);
	assert_string_equal(k->from, "b.der");
	assert_int_equal(keyset_check(&set, ctx, &x, &wrong, &k), SIG_BAD);
	imaxattr_decode(IMAXATTR_IMA, (struct span){(uint8_t *)value.ptr, 12}, &x);
	assert_int_equal(keyset_check(&set, ctx, &x, &right, NULL), SIG_DAMAGED);
}

/* Whichever of them is the key's lends its id. */
static void test_certify(void **state)
{
	_cleanup_(sig_key_freep) struct sig_key *key = private_of(keys[1]);
	_cleanup_keyset_ struct keyset none = {0}, set = {0};
	struct span own = sig_key_id(key);
	uint8_t before[IMAXATTR_KEYID];
	struct diag d = {0};

	memcpy(before, own.ptr, sizeof(before));
	assert_int_equal(keyset_certify(&none, key, &d), 0);
	assert_int_equal(keyset_add_file(&set, at, "a.der", NULL), 0);
	assert_int_equal(keyset_certify(&set, key, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_KEY_OTHER);
	assert_memory_equal(sig_key_id(key).ptr, before, sizeof(before));
	assert_int_equal(keyset_add_file(&set, at, "b.der", NULL), 0);
	assert_int_equal(keyset_certify(&set, key, NULL), 0);
	assert_memory_equal(sig_key_id(key).ptr, "\x00\x11\x22\x33", sizeof(before));
	assert_int_equal(sig_key_hash(key), HASH_SHA256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__what_is_no_key),
		cmocka_unit_test(test_add_folder__keys_by_name),
		cmocka_unit_test(test_check__every_key_of_that_id),
		cmocka_unit_test(test_certify),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
