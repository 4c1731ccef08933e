/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against evmctl and openssl, in both directions: what they sign we verify, what we sign
 * they verify, for every hash and kind of key both know; what evmctl signs and no kernel
 * takes is said to be that. evmctl 1.4 has no version 3; openssl signs and verifies what
 * our message of version 3 is, which has vectors of its own (test-sig.c).
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/probe/evm.h"
#include "core/host/hashalg.h"
#include "core/cert/sig.h"

extern char **environ;

static const struct {
	const char *name;	  /* of the files */
	const char *newkey, *opt; /* for openssl req */
} makes[] = {
	{"rsa2048", "rsa:2048", NULL},
	{"rsa3072", "rsa:3072", NULL},
	{"p256", "ec", "ec_paramgen_curve:P-256"},
	{"p384", "ec", "ec_paramgen_curve:P-384"},
	{"p192", "ec", "ec_paramgen_curve:prime192v1"},
	{"p521", "ec", "ec_paramgen_curve:P-521"},
	{"sm2", "ec", "ec_paramgen_curve:SM2"},
};
enum { KEYS = 7 };

static const enum hash_alg algs[] = {HASH_MD5,	  HASH_SHA1,   HASH_RMD160, HASH_SHA224,
				     HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_SM3};

static char dir[] = "/tmp/imactl-sig.XXXXXX";
static struct sig_ctx *ctx;
static struct sig_key *privs[KEYS], *certs[KEYS];

/* The exit status; -1 when there is no such program. */
static int run(const char *const argv[])
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status, r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	r = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv,
			 environ);
	posix_spawn_file_actions_destroy(&files);
	if (r != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* NAME.SUFFIX in one of a few buffers. */
static const char *file(size_t key, const char *suffix)
{
	static char names[8][32];
	static unsigned turn;
	char *name = names[turn++ % array_size(names)];

	(void)snprintf(name, sizeof(names[0]), "%s.%s", makes[key].name, suffix);
	return name;
}

static void put(const char *name, struct span bytes)
{
	_cleanup_close_ int fd =
		open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, bytes.ptr, bytes.len), 0);
}

static void get(const char *name, struct strbuf *out)
{
	strbuf_clear(out);
	assert_int_equal(fs_read_at(AT_FDCWD, name, 1 << 20, out, NULL), 0);
}

static void make_key(size_t k)
{
	_cleanup_strbuf_ struct strbuf cert = {0};
	_cleanup_close_ int fd = -1;
	const char *argv[24] = {"openssl",	 "req",		 "-x509",    "-newkey",
				makes[k].newkey, "-nodes",	 "-subj",    "/CN=key",
				"-keyout",	 file(k, "key"), "-outform", "DER",
				"-out",		 file(k, "der")};

	if (makes[k].opt) {
		argv[14] = "-pkeyopt";
		argv[15] = makes[k].opt;
	}
	assert_int_equal(run(argv), 0);
	fd = open(file(k, "key"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(sig_key_private(fd, "key", NULL, &privs[k], NULL), 0);
	get(file(k, "der"), &cert);
	assert_int_equal(sig_key_public(strbuf_span(&cert), &certs[k], NULL), 0);
	assert_int_equal(sig_key_certify(privs[k], certs[k], NULL), 0);
	assert_int_equal(RUN("openssl", "pkey", "-in", file(k, "key"), "-pubout", "-out",
			     file(k, "pub")),
			 0);
}

static void hash(enum hash_alg alg, struct span bytes, struct digest *ret)
{
	assert_int_equal(hash_of(alg, bytes, ret, NULL), 0);
}

static enum sig_verdict verdict(struct span value, const struct digest *d)
{
	struct imaxattr x;

	imaxattr_decode(value.ptr[0] == IMAXATTR_PORTABLE ? IMAXATTR_EVM : IMAXATTR_IMA,
			value, &x);
	assert_int_equal(x.verdict, IMAXATTR_V_OK);
	return sig_check_any(ctx, certs, KEYS, &x, d, NULL);
}

/* Returns whether evmctl knows this combination. */
static bool theirs(size_t k, enum hash_alg alg)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest d, other;

	if (RUN("evmctl", "ima_sign", "-n", "--sigfile", "-a", hash_alg_name(alg), "-k",
		file(k, "key"), "data") != 0)
		return false;
	get("data.sig", &value);
	hash(alg, span_of("contents\n"), &d);
	hash(alg, span_of("Contents\n"), &other);
	if (!sig_key_takes(certs[k], alg)) {
		assert_int_equal(verdict(strbuf_span(&value), &d), SIG_HASH);
		return true;
	}
	assert_int_equal(verdict(strbuf_span(&value), &d), SIG_GOOD);
	assert_int_equal(verdict(strbuf_span(&value), &other), SIG_BAD);
	return true;
}

static void ours(size_t k, enum hash_alg alg)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	const char *const check[] = {"evmctl",	     "ima_verify", "--sigfile", "-k",
				     file(k, "der"), "data",	   NULL};
	struct digest d;

	hash(alg, span_of("contents\n"), &d);
	assert_int_equal(sig_make(ctx, privs[k], IMAXATTR_SIG, 2, &d, &value, NULL), 0);
	put("data.sig", strbuf_span(&value));
	assert_int_equal(run(check), 0);
	value.ptr[value.len - 1] ^= 1;
	put("data.sig", strbuf_span(&value));
	assert_int_equal(run(check), 1);
}

static void test_evmctl__both_ways(void **state)
{
	unsigned both = 0;

	put("data", span_of("contents\n"));
	for (size_t k = 0; k < KEYS; k++)
		for (size_t a = 0; a < array_size(algs); a++) {
			bool take = sig_key_takes(certs[k], algs[a]);
			bool know = theirs(k, algs[a]);

			print_message("%s %s%s%s\n", makes[k].name,
				      hash_alg_name(algs[a]),
				      know ? "" : ": evmctl does not know it",
				      take ? "" : ": no kernel takes it");
			assert_true(know || !take);
			if (take)
				ours(k, algs[a]);
			both += take && know;
		}
	assert_int_equal(both, 2 * 7 + 4 * 5 + 1);
}

/* RSA signatures have one form only: the values are the same to the byte. */
static void test_evmctl__same_bytes(void **state)
{
	_cleanup_strbuf_ struct strbuf value = {0}, made = {0};
	struct digest d;

	put("data", span_of("contents\n"));
	assert_int_equal(RUN("evmctl", "ima_sign", "-n", "--sigfile", "-a", "sha256",
			     "-k", file(0, "key"), "data"),
			 0);
	get("data.sig", &value);
	hash(HASH_SHA256, span_of("contents\n"), &d);
	assert_int_equal(sig_make(ctx, privs[0], IMAXATTR_SIG, 2, &d, &made, NULL), 0);
	assert_true(span_equal(strbuf_span(&value), strbuf_span(&made)));
}

/* Version 3: openssl over the message; it is told the hash for RSA's DigestInfo. */
static void version_3(size_t k, enum hash_alg alg, enum imaxattr_type type)
{
	_cleanup_strbuf_ struct strbuf value = {0}, sig = {0}, put_together = {0};
	struct digest d, m;
	struct imaxattr x;
	char opt[32];

	(void)snprintf(opt, sizeof(opt), "digest:%s", hash_alg_name(alg));
	hash(alg, span_of("contents\n"), &d);
	assert_int_equal(sig_message(ctx, type, 3, &d, &m, NULL), 0);
	put("message", digest_span(&m));
	assert_int_equal(sig_make(ctx, privs[k], type, 3, &d, &value, NULL), 0);
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&value), &x);
	put("sig", x.sig);
	assert_int_equal(RUN("openssl", "pkeyutl", "-verify", "-pubin", "-inkey",
			     file(k, "pub"), "-in", "message", "-sigfile", "sig",
			     "-pkeyopt", opt),
			 0);
	assert_int_equal(RUN("openssl", "pkeyutl", "-sign", "-inkey", file(k, "key"),
			     "-in", "message", "-out", "sig", "-pkeyopt", opt),
			 0);
	get("sig", &sig);
	assert_int_equal(imaxattr_put_sig(&put_together, type, 3, alg,
					  sig_key_id(privs[k]), strbuf_span(&sig)),
			 0);
	assert_int_equal(verdict(strbuf_span(&put_together), &d), SIG_GOOD);
}

static void test_openssl__version_3_both_ways(void **state)
{
	for (size_t k = 0; k < KEYS; k++)
		for (size_t a = 0; a < array_size(algs); a++) {
			if (!sig_key_takes(certs[k], algs[a]))
				continue;
			version_3(k, algs[a], IMAXATTR_VERITY);
			version_3(k, algs[a], IMAXATTR_SIG);
		}
}

/* The digest EVM signs for the file "data", its security.ima read from there. */
static void evm_digest(enum imaxattr_type type, enum hash_alg alg, struct evm_file f,
		       struct digest *ret)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	uint8_t ima[100];
	struct evm_attr attr = {"security.ima", {ima, 0}};
	struct evm_kernel kernel = {.enabled = 1u << EVM_NAME_IMA, .fsuuid = true};
	ssize_t n = getxattr("data", attr.name, ima, sizeof(ima));

	assert_true(n > 0);
	attr.value.len = (size_t)n;
	f.attrs = &attr;
	f.n_attrs = 1;
	assert_int_equal(evm_data(&kernel, &f, type, &data, NULL), 0);
	hash(alg, strbuf_span(&data), ret);
}

static void their_evm(enum imaxattr_type type, enum hash_alg alg, struct evm_file f)
{
	uint8_t value[600];
	struct digest d;
	ssize_t n = getxattr("data", "security.evm", value, sizeof(value));

	assert_true(n > 0);
	assert_int_equal(value[0], type);
	evm_digest(type, alg, f, &d);
	assert_int_equal(verdict((struct span){value, (size_t)n}, &d), SIG_GOOD);
	f.mode ^= 1;
	evm_digest(type, alg, f, &d);
	assert_int_equal(verdict((struct span){value, (size_t)n}, &d), SIG_BAD);
}

static void our_evm(size_t k, enum hash_alg alg, struct evm_file f)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest d;

	evm_digest(IMAXATTR_PORTABLE, alg, f, &d);
	assert_int_equal(sig_make(ctx, privs[k], IMAXATTR_PORTABLE, 2, &d, &value, NULL),
			 0);
	assert_int_equal(setxattr("data", "security.evm", value.ptr, value.len, 0), 0);
	assert_int_equal(RUN("evmctl", "verify", "-k", file(k, "der"), "data"), 0);
	assert_int_equal(chmod("data", 0640), 0);
	assert_int_not_equal(RUN("evmctl", "verify", "-k", file(k, "der"), "data"), 0);
	assert_int_equal(chmod("data", 0644), 0);
}

static bool security_xattrs(void)
{
	put("data", span_of("contents\n"));
	return setxattr("data", "security.ima", "\1", 1, 0) == 0 &&
	       removexattr("data", "security.ima") == 0;
}

static void test_evmctl__portable_both_ways(void **state)
{
	struct evm_file f = {.mode = 0100644};

	if (!security_xattrs()) {
		print_message("skipped: security.ima cannot be set here (root, %s)\n",
			      dir);
		skip();
	}
	for (size_t k = 0; k < KEYS; k++)
		for (size_t a = 0; a < array_size(algs); a++) {
			if (!sig_key_takes(certs[k], algs[a]))
				continue;
			assert_int_equal(RUN("evmctl", "sign", "--portable", "--imahash",
					     "-a", hash_alg_name(algs[a]), "-k",
					     file(k, "key"), "data"),
					 0);
			their_evm(IMAXATTR_PORTABLE, algs[a], f);
			our_evm(k, algs[a], f);
		}
}

/* Bound to the inode and the file system. */
static void test_evmctl__signature_of_the_inode(void **state)
{
	static const uint8_t uuid[16] = {0x8b, 0xcb, 0xe3, 0x94, 0x4f, 0x13, 0x41, 0x44,
					 0xbe, 0x8e, 0x5a, 0xa9, 0xea, 0x2c, 0xe2, 0xf6};
	struct evm_file f = {.mode = 0100644, .ino = 123456, .generation = 42};

	if (!security_xattrs())
		skip(); /* said above */
	memcpy(f.uuid, uuid, sizeof(uuid));
	assert_int_equal(RUN("evmctl", "sign", "--imahash", "-a", "sha256", "--ino",
			     "123456", "--generation", "42",
			     "--uuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6", "-k",
			     file(2, "key"), "data"),
			 0);
	their_evm(IMAXATTR_SIG, HASH_SHA256, f);
}

static int make_all(void **state)
{
	ctx = sig_ctx_new();
	if (!ctx || !mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	for (size_t k = 0; k < KEYS; k++)
		make_key(k);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int remove_all(void **state)
{
	for (size_t k = 0; k < KEYS; k++) {
		sig_key_free(privs[k]);
		sig_key_free(certs[k]);
	}
	sig_ctx_free(ctx);
	return chdir("/") < 0 ? -1 : nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evmctl__both_ways),
		cmocka_unit_test(test_evmctl__same_bytes),
		cmocka_unit_test(test_openssl__version_3_both_ways),
		cmocka_unit_test(test_evmctl__portable_both_ways),
		cmocka_unit_test(test_evmctl__signature_of_the_inode),
	};
	const char *const have[] = {"evmctl", "--version", NULL};

	if (run(have) < 0) {
		printf("skipped: evmctl (ima-evm-utils) is not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, make_all, remove_all);
}
