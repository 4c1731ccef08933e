/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EVM's part in the decision about a file. What there is without EVM stands in
 * tests/cli/file-verify.test; all of it is held against kernels in
 * tests/lab/appraise-matrix.scenario.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/fs.h"
#include "core/appraise/inspect.h"
#include "tests/unit/testkeys.h"

static char path[] = "/tmp/imactl-inspect.XXXXXX";
static struct sig_key *key;
static struct keyset keys, nobody;
static struct evmstate evm = {.source = EVMSTATE_LISTED,
			      .kernel = {.enabled = 1u << EVM_NAME_IMA}};

static bool set(const char *name, struct span value)
{
	return setxattr(path, name, value.ptr, value.len, 0) == 0;
}

/* user.ima: the hash of no contents; user.evm: a portable signature by @key. */
static void label(void)
{
	_cleanup_close_ int fd = label_open(AT_FDCWD, path, NULL);
	_cleanup_strbuf_ struct strbuf ima = {0}, data = {0}, value = {0};
	_cleanup_evmfile_ struct evmfile f = {0};
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest d;

	assert_int_equal(hash_of(HASH_SHA256, span_of(""), &d, NULL), 0);
	assert_int_equal(imaxattr_put_digest(&ima, d.alg, digest_span(&d)), 0);
	assert_true(set("user.ima", strbuf_span(&ima)));
	assert_int_equal(evmfile_read(&evm.kernel, fd, LABEL_USER, NULL, &f, NULL), 0);
	assert_int_equal(evm_data(&evm.kernel, &f.file, IMAXATTR_PORTABLE, &data, NULL),
			 0);
	assert_int_equal(hash_of(HASH_SHA256, strbuf_span(&data), &d, NULL), 0);
	assert_int_equal(sig_make(ctx, key, IMAXATTR_PORTABLE, 2, &d, &value, NULL), 0);
	assert_true(set("user.evm", strbuf_span(&value)));
	sig_ctx_free(ctx);
}

static int setup(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *cert = cert_of(pkey, "hash");
	int fd = mkstemp(path);

	key = private_of(pkey);
	keys.keys = calloc(1, sizeof(*keys.keys));
	keys.keys[0] =
		(struct keyset_key){.from = strdup("cert"), .key = public_of(cert)};
	keys.n = 1;
	X509_free(cert);
	EVP_PKEY_free(pkey);
	return close(fd);
}

static int teardown(void **state)
{
	sig_key_free(key);
	keyset_done(&keys);
	return unlink(path);
}

static bool can_label(void)
{
	if (set("user.ima", span_of("\1")))
		return true;
	print_message("skipped: user.ima cannot be set in /tmp\n");
	return false;
}

static void ask(uint32_t bits, const struct keyset *with, bool sig,
		struct inspect_result *ret)
{
	_cleanup_close_ int fd = label_open(AT_FDCWD, path, NULL);
	_cleanup_inspect_ struct inspect i = {.kernel = {.ima_hash = HASH_SHA256},
					      .rule = {.sig = sig},
					      .evm = &evm,
					      .keys = {with, with},
					      .space = LABEL_USER};

	evm.bits = bits;
	assert_int_equal(inspect_file(&i, fd, path, ret, NULL), 0);
}

static void test_evm__portable_signature(void **state)
{
	struct inspect_result r;

	if (!can_label())
		skip();
	label();
	ask(0, &keys, false, &r);
	assert_int_equal(r.evm_status, EVM_UNKNOWN);
	assert_int_equal(r.evm.verdict, SIG_GOOD);
	assert_false(r.verdict.fails);
	ask(EVM_BIT_SIGNATURES, &keys, true, &r); /* stands for one of the contents */
	assert_int_equal(r.evm_status, EVM_PASS_IMMUTABLE);
	assert_false(r.verdict.fails);
	ask(0, &keys, true, &r);
	assert_int_equal(r.verdict.why, APPRAISE_SIG_REQUIRED);
	ask(EVM_BIT_SIGNATURES, &nobody, false, &r);
	assert_int_equal(r.evm.verdict, SIG_NO_KEY);
	assert_int_equal(r.verdict.why, APPRAISE_FAIL_IMMUTABLE);
	assert_int_equal(chmod(path, 0755), 0);
	ask(EVM_BIT_SIGNATURES, &keys, false, &r);
	assert_int_equal(r.evm.verdict, SIG_BAD);
	assert_int_equal(r.evm_status, EVM_FAIL_IMMUTABLE);
	assert_int_equal(r.verdict.why, APPRAISE_FAIL_IMMUTABLE);
	assert_false(r.unsure);
	assert_int_equal(chmod(path, 0600), 0);
}

static void test_evm__hmac(void **state)
{
	struct inspect_result r;

	if (!can_label())
		skip(); /* said above */
	label();
	assert_true(set("user.evm", span_of("\2hhhhhhhhhhhhhhhhhhhh")));
	ask(EVM_BIT_SIGNATURES, &keys, false, &r); /* no key to compare with */
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_HMAC);
	assert_false(r.unsure);
	ask(EVM_BIT_HMAC, &keys, false, &r);
	assert_false(r.verdict.fails);
	assert_true(r.unsure);
	ask(0, &keys, false, &r);
	assert_false(r.verdict.fails || r.unsure);
}

static void test_evm__missing(void **state)
{
	struct inspect_result r;

	if (!can_label())
		skip(); /* said above */
	label();
	assert_int_equal(removexattr(path, "user.evm"), 0);
	ask(EVM_BIT_SIGNATURES, &keys, false, &r);
	assert_int_equal(r.evm_status, EVM_NOLABEL);
	assert_int_equal(r.verdict.why, APPRAISE_MISSING_HMAC);
	ask(0, &keys, false, &r);
	assert_false(r.verdict.fails);
}

/* Before 7.1 EVM takes a 3 in the header for a 2: seen on 6.1. */
static void test_evm__version_3_of_old_kernels(void **state)
{
	_cleanup_close_ int fd = label_open(AT_FDCWD, path, NULL);
	_cleanup_strbuf_ struct strbuf value = {0};
	struct inspect i = {.kernel = {.ima_hash = HASH_SHA256},
			    .evm = &evm,
			    .keys = {&keys, &keys},
			    .space = LABEL_USER};
	struct inspect_result r;

	if (!can_label())
		skip(); /* said above */
	label();
	assert_int_equal(fs_get_xattr(fd, "user.evm", &value), 0);
	value.ptr[1] = 3;
	assert_true(set("user.evm", strbuf_span(&value)));
	evm.bits = EVM_BIT_SIGNATURES;
	assert_int_equal(inspect_evm(&i, fd, &r, NULL), 0);
	assert_int_equal(r.evm_status, EVM_PASS_IMMUTABLE);
	i.kernel.sigv3 = true;
	assert_int_equal(inspect_evm(&i, fd, &r, NULL), 0);
	assert_int_equal(r.evm_status, EVM_FAIL_IMMUTABLE);
	inspect_done(&i);
}

static void kernel_of(const char *lsm, struct appraise_kernel *ret)
{
	char dir[] = "/tmp/imactl-inspect-host.XXXXXX";
	struct inspect i = {0};
	struct root root;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	assert_int_equal(fs_replace_at(root.host, "lsm", lsm, strlen(lsm), 0600, NULL),
			 0);
	assert_int_equal(inspect_kernel(&i, &root, NULL), 0);
	assert_int_equal(unlinkat(root.host, "lsm", 0), 0);
	root_done(&root);
	assert_int_equal(rmdir(dir), 0);
	*ret = i.kernel;
}

static void test_kernel__age(void **state)
{
	struct appraise_kernel k;

	kernel_of("lockdown,capability,yama,integrity", &k);
	assert_int_equal(k.hash_algs, 20);
	assert_true(k.verity_errors);
	kernel_of("lockdown,capability,ima,evm", &k);
	assert_int_equal(k.hash_algs, 0);
	assert_false(k.verity_errors || k.sigv3);
}

static void test_kernel__of_this_machine(void **state)
{
	_cleanup_inspect_ struct inspect i = {0};
	struct root root;

	assert_int_equal(root_open_host(&root, "/", NULL), 0); /* nothing is known */
	assert_int_equal(inspect_kernel(&i, &root, NULL), 0);
	assert_int_equal(i.kernel.mode, APPRAISE_MODE_ENFORCE);
	assert_int_equal(i.kernel.ima_hash, HASH_SHA256);
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evm__portable_signature),
		cmocka_unit_test(test_evm__hmac),
		cmocka_unit_test(test_evm__missing),
		cmocka_unit_test(test_evm__version_3_of_old_kernels),
		cmocka_unit_test(test_kernel__age),
		cmocka_unit_test(test_kernel__of_this_machine),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
