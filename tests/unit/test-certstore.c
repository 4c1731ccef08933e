/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/cert/certstore.h"
#include "tests/certs/keyhost.h"

static struct certgen gen;
static char dir[] = "/tmp/imactl-certstore.XXXXXX";

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void put(const char *name, const struct strbuf *bytes)
{
	assert_int_equal(fs_create_at(AT_FDCWD, name, bytes->ptr, bytes->len, 0644, NULL),
			 0);
}

static void put_variant(const char *name, const char *variant)
{
	_cleanup_strbuf_ struct strbuf der = {0};

	certgen_make(&gen, certgen_find(variant), &der);
	put(name, &der);
}

static int setup(void **state)
{
	certgen_init(&gen, NULL, NULL);
	return mkdtemp(dir) && chdir(dir) == 0 &&
			       fs_mkdirs_at(AT_FDCWD, "root/etc/keys/ima", 0755, NULL) ==
				       0
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	certgen_done(&gen);
	return chdir("/") == 0 ? nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

static void test_add__folder_and_file(void **state)
{
	_cleanup_certstore_ struct certstore s = {0};
	struct diag d;

	assert_int_equal(mkdir("folder", 0700), 0);
	put_variant("folder/good.der", "good");
	put_variant("folder/ec.CRT", "ec-p256");
	put_variant("folder/month.der", "month-13"); /* a damaged one is none */
	put_variant("folder/good", "good");	     /* named like no certificate */
	assert_int_equal(mkfifo("folder/fifo.der", 0600), 0);
	assert_int_equal(symlink("good.der", "folder/link.der"), 0);
	assert_int_equal(certstore_add(&s, "folder", &d), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(certstore_add(&s, "folder/good", &d), 0); /* by its name */
	assert_int_equal(s.n, 3);
	assert_string_equal(s.from[2], "folder/good");
	assert_int_equal(certstore_add(&s, "folder/month.der", &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_CERT);
	assert_int_equal(certstore_add(&s, "folder/none", &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
}

/* Many in one file, as a recorded host has them; the text around them does not matter. */
static void test_add__pem_with_several(void **state)
{
	_cleanup_certstore_ struct certstore s = {0}, again = {0};
	_cleanup_strbuf_ struct strbuf pem = {0}, file = {0}, twice = {0};

	put_variant("a.der", "good");
	put_variant("b.der", "self-ec");
	assert_int_equal(certstore_add(&s, "a.der", NULL), 0);
	assert_int_equal(certstore_add(&s, "b.der", NULL), 0);
	certstore_pem(&s, &pem);
	strbuf_adds(&file, "# comment\n");
	strbuf_add(&file, pem.ptr, pem.len);
	strbuf_adds(&file, "-----BEGIN PRIVATE KEY-----\nMAA=\n"
			   "-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\ncut");
	put("several.pem", &file);
	assert_int_equal(certstore_add(&again, "several.pem", NULL), 0);
	assert_int_equal(again.n, 2);
	certstore_pem(&again, &twice);
	assert_string_equal(strbuf_str(&twice), strbuf_str(&pem));
}

static void test_load__usual_places_and_records(void **state)
{
	_cleanup_certstore_ struct certstore s = {0}, r = {0};
	_cleanup_strbuf_ struct strbuf pem = {0};
	struct root root;

	put_variant("root/etc/keys/ima/x509.der", "good");
	put_variant("root/etc/keys/c\\a.der", "a-ca");
	assert_int_equal(root_open_live(&root, "root", NULL), 0);
	assert_int_equal(certstore_load(&root, &s, NULL), 0);
	root_done(&root);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.from[0], "/etc/keys/c\\a.der"); /* as it is */
	assert_int_equal(mkdir("host", 0700), 0);
	certstore_pem(&s, &pem);
	put("host/certs.pem", &pem);
	assert_int_equal(root_open_host(&root, "host", NULL), 0);
	assert_int_equal(certstore_load(&root, &r, NULL), 0);
	root_done(&root);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.from[0], "certs.pem");
}

static void test_find__by_name_and_id(void **state)
{
	_cleanup_certstore_ struct certstore s = {0};
	_cleanup_keyring_ struct keyring_set set = {0};
	struct keyring_key other = {.description = span_of("Lab IMA CA: 00")};
	struct root root;
	char *host;

	put("ca.der", &gen.signer[BY_CA].der);
	assert_int_equal(certstore_add(&s, "ca.der", NULL), 0);
	host = keyhost_new(KEYHOST_IMA_61, &gen, &root);
	assert_int_equal(keyring_load(&root, &set, NULL), 0);
	assert_int_equal(certstore_find(&s, keyring_member(&set, KEYRING_BUILTIN, 0)), 0);
	assert_int_equal(certstore_find(&s, &other), -ENOENT);
	root_done(&root);
	keyhost_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__folder_and_file),
		cmocka_unit_test(test_add__pem_with_several),
		cmocka_unit_test(test_load__usual_places_and_records),
		cmocka_unit_test(test_find__by_name_and_id),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
