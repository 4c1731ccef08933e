/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/cert/cert.h"
#include "core/cert/keymake.h"

DEFINE_CLEANUP(struct cert *, cert_free)

static char dir[] = "/tmp/imactl-keymake.XXXXXX";

static int setup(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return chdir("/") == 0 ? nftw(dir, drop, 4, FTW_DEPTH | FTW_PHYS) : -1;
}

/* A passphrase, or none when @user is NULL. */
static int tell(char *buf, size_t size, void *user)
{
	if (!user || strlen(user) > size)
		return -EACCES;
	memcpy(buf, user, strlen(user));
	return (int)strlen(user);
}

static struct keymake_spec ca_spec(void)
{
	return (struct keymake_spec){.ca = true,
				     .kind = KEYMAKE_P256,
				     .organisation = "Lab",
				     .name = "Lab CA",
				     .email = "root@lab",
				     .days = 3650};
}

static struct keymake_spec key_spec(const char *ca_cert, const char *ca_key)
{
	return (struct keymake_spec){.kind = KEYMAKE_P256,
				     .name = "key",
				     .days = 365,
				     .ca_cert = ca_cert,
				     .ca_key = ca_key};
}

static void make(const struct keymake_spec *spec, const char *cert, const char *key)
{
	struct diag d = {0};

	if (keymake_write(spec, cert, key, &d) < 0)
		fail_msg("%s", d.text);
}

static struct cert *read_cert(const char *path)
{
	struct cert *c = NULL;

	assert_int_equal(cert_read_at(AT_FDCWD, path, &c, NULL), 0);
	return c;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static EVP_PKEY *read_key(const char *path, const char *pass)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key;

	assert_non_null(f);
	key = PEM_read_PrivateKey(f, NULL, NULL, (void *)(uintptr_t)pass);
	assert_int_equal(fclose(f), 0);
	return key;
}

/* The extensions of RHEL 9, 26.3; and that the key fits the certificate. */
static void test_write__every_kind(void **state)
{
	struct keymake_spec ca = ca_spec();

	for (int i = 0; i < _KEYMAKE_KIND_MAX; i++) {
		struct keymake_spec key = key_spec("kind-ca.der", "kind-ca.key");
		_cleanup_(cert_freep) struct cert *a = NULL, *k = NULL;
		EVP_PKEY *private_key;
		char why[100];
		int err;

		ca.kind = key.kind = (enum keymake_kind)i;
		assert_int_equal(keymake_kind_from(keymake_kind_name(ca.kind)), i);
		make(&ca, "kind-ca.der", "kind-ca.key");
		make(&key, "kind.der", "kind.key");
		a = read_cert("kind-ca.der");
		k = read_cert("kind.der");
		assert_int_equal(a->flaw, _KEY_CLAUSE_MAX);
		assert_int_equal(k->flaw, _KEY_CLAUSE_MAX);
		assert_true(a->ca && a->key_cert_sign && !a->digital_signature);
		assert_true(!k->ca && !k->key_cert_sign && k->digital_signature);
		assert_true(span_equal(k->akid, a->skid));
		assert_int_equal(k->serial.len, 20);
		assert_int_equal(cert_signed_by(a, a, true, &err), 1);
		assert_int_equal(cert_signed_by(k, a, true, &err), 1);
		assert_true(cert_key_usable(k, true, why, sizeof(why)));
		private_key = read_key("kind.key", NULL);
		assert_int_equal(EVP_PKEY_eq(private_key, k->pkey), 1);
		EVP_PKEY_free(private_key);
		assert_int_equal(unlink("kind-ca.der") | unlink("kind-ca.key") |
					 unlink("kind.der") | unlink("kind.key"),
				 0);
	}
	assert_int_equal(keymake_kind_from("dsa"), _KEYMAKE_KIND_MAX);
}

static void test_write__names_and_dates(void **state)
{
	struct keymake_spec spec = ca_spec();
	_cleanup_(cert_freep) struct cert *c = NULL;
	int64_t now = time(NULL);

	spec.organisation = "Königlich";
	spec.days = 36500; /* past 2049: GeneralizedTime */
	make(&spec, "names.der", "names.key");
	c = read_cert("names.der");
	assert_string_equal(strbuf_str(&c->name), "Königlich: Lab CA");
	assert_true(c->not_before.seconds <= now + 2);
	assert_true(c->not_after.seconds >= now + INT64_C(36500) * 86400 - 2);
}

static void test_write__modes(void **state)
{
	struct keymake_spec spec = ca_spec();
	mode_t was = umask(022);

	make(&spec, "modes.der", "modes.key");
	(void)umask(was);
	assert_int_equal(mode_of("modes.der"), 0644);
	assert_int_equal(mode_of("modes.key"), 0600);
}

static void put(const char *name, const char *text)
{
	assert_int_equal(fs_create_at(AT_FDCWD, name, text, strlen(text), 0600, NULL), 0);
}

static void test_write__never_over_what_is_there(void **state)
{
	struct keymake_spec spec = ca_spec();
	_cleanup_strbuf_ struct strbuf text = {0};
	struct diag d;

	put("there.key", "precious");
	assert_int_equal(keymake_write(&spec, "there.der", "there.key", &d), -EEXIST);
	assert_int_equal(d.id, DIAG_EXISTS);
	assert_int_equal(access("there.der", F_OK), -1);
	put("there2.der", "precious");
	assert_int_equal(keymake_write(&spec, "there2.der", "there2.key", &d), -EEXIST);
	assert_int_equal(access("there2.key", F_OK), -1);
	assert_int_equal(symlink("nowhere", "there3.der"), 0);
	assert_int_equal(keymake_write(&spec, "there3.der", "there3.key", &d), -EEXIST);
	assert_int_equal(fs_read_at(AT_FDCWD, "there.key", 64, &text, NULL), 0);
	assert_string_equal(strbuf_str(&text), "precious");
}

/* Both or none: the certificate cannot be written, and the key goes again. */
static void test_write__both_or_none(void **state)
{
	struct keymake_spec spec = ca_spec();
	struct diag d;

	assert_true(keymake_write(&spec, "none/both.der", "both.key", &d) < 0);
	assert_int_equal(d.id, DIAG_WRITE);
	assert_int_equal(access("both.key", F_OK), -1);
	assert_int_equal(access("both.key.new", F_OK), -1);
}

static void test_write__encrypted(void **state)
{
	struct keymake_spec spec = ca_spec();
	_cleanup_strbuf_ struct strbuf text = {0};
	EVP_PKEY *key;
	struct diag d;

	spec.pass = (struct sig_pass){tell, (void *)(uintptr_t) "secret"};
	make(&spec, "enc.der", "enc.key");
	assert_int_equal(fs_read_at(AT_FDCWD, "enc.key", 1 << 16, &text, NULL), 0);
	assert_non_null(strstr(text.ptr, "BEGIN ENCRYPTED PRIVATE KEY"));
	assert_null(read_key("enc.key", "wrong"));
	key = read_key("enc.key", "secret");
	assert_non_null(key);
	EVP_PKEY_free(key);
	spec.pass.data = NULL;
	assert_int_equal(keymake_write(&spec, "enc2.der", "enc2.key", &d), -EACCES);
	assert_int_equal(d.id, DIAG_KEY_PASS);
	assert_int_equal(access("enc2.key", F_OK), -1);
}

static void assert_ca_fails(const struct keymake_spec *spec, enum diag_id id,
			    const char *words)
{
	struct diag d = {0};

	assert_true(keymake_write(spec, "fails.der", "fails.key", &d) < 0);
	if (d.id != id || !strstr(d.text, words))
		fail_msg("%s: %s", diag_code(d.id), d.text);
	assert_int_equal(access("fails.der", F_OK), -1);
	assert_int_equal(access("fails.key", F_OK), -1);
}

static void test_write__which_ca(void **state)
{
	struct keymake_spec ca = ca_spec(), spec = key_spec("ca.der", "ca.key");

	ca.pass = (struct sig_pass){tell, (void *)(uintptr_t) "secret"};
	make(&ca, "ca.der", "ca.key");
	ca.pass.ask = NULL;
	make(&ca, "ca2.der", "ca2.key");
	assert_ca_fails(&spec, DIAG_KEY_PASS, "no passphrase");
	spec.ca_pass = (struct sig_pass){tell, (void *)(uintptr_t) "wrong"};
	assert_ca_fails(&spec, DIAG_KEY_PASS, "another one");
	spec.ca_pass.data = (void *)(uintptr_t) "secret";
	make(&spec, "leaf.der", "leaf.key");
	spec.ca_key = "ca2.key";
	assert_ca_fails(&spec, DIAG_CA, "not that of its certificate");
	spec.ca_key = "ca.der";
	assert_ca_fails(&spec, DIAG_CA, "no private key");
	spec = key_spec("leaf.der", "leaf.key");
	assert_ca_fails(&spec, DIAG_CA, "not a CA's");
	spec = key_spec("missing.der", "ca.key");
	assert_ca_fails(&spec, DIAG_OPEN, "missing.der");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write__every_kind),
		cmocka_unit_test(test_write__names_and_dates),
		cmocka_unit_test(test_write__modes),
		cmocka_unit_test(test_write__never_over_what_is_there),
		cmocka_unit_test(test_write__both_or_none),
		cmocka_unit_test(test_write__encrypted),
		cmocka_unit_test(test_write__which_ca),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
