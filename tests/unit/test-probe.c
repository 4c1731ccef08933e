/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/probe/probe.h"

struct host {
	char path[64];
	int fd;
	struct probe *p;
};

static int setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	strcpy(h->path, "/tmp/imactl-probe-XXXXXX");
	if (!mkdtemp(h->path))
		return -1;
	h->fd = open(h->path, O_RDONLY | O_DIRECTORY);
	*state = h;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct host *h = *state;

	(void)close(h->fd);
	(void)nftw(h->path, drop, 8, FTW_DEPTH | FTW_PHYS);
	probe_free(h->p);
	free(h);
	return 0;
}

static void put_bytes(struct host *h, const char *name, const void *data, size_t len)
{
	assert_int_equal(fs_replace_at(h->fd, name, data, len, 0600, NULL), 0);
}

static void put(struct host *h, const char *name, const char *text)
{
	put_bytes(h, name, text, strlen(text));
}

static const struct probe *probe_dir(struct host *h, const char *path)
{
	struct root root;

	assert_int_equal(root_open_host(&root, path, NULL), 0);
	probe_free(h->p);
	h->p = NULL;
	assert_int_equal(probe_run(&root, (struct span){0}, &h->p, NULL), 0);
	root_done(&root);
	return h->p;
}

static void is(struct host *h, enum probe_id id, enum probe_answer answer,
	       const char *value)
{
	const struct probe_fact *f;

	(void)probe_dir(h, h->path);
	f = &h->p->fact[id];
	if (f->answer != answer || strcmp(f->value, value) != 0)
		fail_msg("%s: %s '%s' (%s), not %s '%s'", probe_key(id),
			 probe_answer_name(f->answer), f->value, f->evidence,
			 probe_answer_name(answer), value);
	assert_true(f->evidence[0]); /* every answer has its reason */
}

#define LIST	  "binary_runtime_measurements 0440\n"
#define CONFIG(s) "CONFIG_IMA=y\nCONFIG_IMA_APPRAISE=y\n" s
#define BOOTPARAM CONFIG("CONFIG_IMA_APPRAISE_BOOTPARAM=y\nCONFIG_IMA_ARCH_POLICY=y\n")

static void test_run__appraise_mode(void **state)
{
	struct host *h = *state;

	is(h, PROBE_APPRAISE_MODE, PROBE_UNKNOWN, "");
	put(h, "config", BOOTPARAM);
	put(h, "cmdline", "root=/dev/vda quiet\n");
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "enforce");
	put(h, "cmdline",
	    "ima_appraise=fix ima_appraise=logging ima_appraise=nonsense\n");
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "log");
	put(h, "cmdline", "ima_appraise=off\n");
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "off");
	put_bytes(h, "efi-SecureBoot", "\6\0\0\0\1", 5);
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "enforce");
	is(h, PROBE_SECURE_BOOT, PROBE_YES, "on");
	put_bytes(h, "efi-SetupMode", "\6\0\0\0\1", 5);
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "off");
	put(h, "dmesg.txt",
	    "<6>[    0.9] ima: Secure boot enabled: ignoring ima_appraise=off option\n");
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "enforce");
	put(h, "dmesg.txt", "");
	put(h, "config", CONFIG("# CONFIG_IMA_APPRAISE_BOOTPARAM is not set\n"));
	is(h, PROBE_APPRAISE_MODE, PROBE_YES, "enforce");
	put(h, "config", "CONFIG_IMA=y\n");
	is(h, PROBE_APPRAISE_MODE, PROBE_NO, "not built in");
}

/* Where the variables are not mounted; each as a kernel wrote it. */
static void test_run__secure_boot_by_the_log(void **state)
{
	static const struct {
		const char *line, *value;
	} said[] = {
		{"<6>[    0.0] secureboot: Secure boot enabled\n", "on"},
		{"<6>[    0.0] secureboot: Secure boot disabled\n", "off"},
		{"<6>[    0.9] ima: secureboot mode enabled\n", "on"},
		{"<6>[    0.9] ima: secureboot mode disabled\n", "off"},
	};
	struct host *h = *state;

	put(h, "dmesg.txt", "<6>[    0.0] secureboot: Secure boot could not be\n");
	is(h, PROBE_SECURE_BOOT, PROBE_UNKNOWN, "");
	for (size_t i = 0; i < array_size(said); i++) {
		put(h, "dmesg.txt", said[i].line);
		is(h, PROBE_SECURE_BOOT, i % 2 ? PROBE_NO : PROBE_YES, said[i].value);
	}
	put_bytes(h, "efi-SecureBoot", "\6\0\0\0\1", 5); /* the firmware's own word */
	is(h, PROBE_SECURE_BOOT, PROBE_YES, "on");
}

static void test_run__policy(void **state)
{
	struct host *h = *state;

	put(h, "config", BOOTPARAM);
	put(h, "cmdline", "quiet\n");
	is(h, PROBE_POLICY, PROBE_UNKNOWN, "");
	put(h, "modes", LIST "policy 0200\n");
	is(h, PROBE_POLICY, PROBE_NO, "no rules");
	is(h, PROBE_POLICY_READ, PROBE_NO, "");
	is(h, PROBE_TRIM, PROBE_NO, "");
	put(h, "cmdline", "ima_policy=tcb|appraise_tcb ima_tcb\n");
	is(h, PROBE_POLICY, PROBE_YES, "built-in: tcb|appraise_tcb, ima_tcb");
	put(h, "modes", "binary_runtime_measurements 0660\n");
	is(h, PROBE_POLICY, PROBE_YES, "custom");
	is(h, PROBE_TRIM, PROBE_YES, "");
	put(h, "modes", LIST "policy 0400\n");
	is(h, PROBE_POLICY, PROBE_YES, "custom");
	is(h, PROBE_POLICY_READ, PROBE_YES, "");
	put(h, "modes", LIST "policy 0600\n");
	put(h, "config", BOOTPARAM "CONFIG_IMA_WRITE_POLICY=y\n");
	is(h, PROBE_POLICY, PROBE_UNKNOWN, "");
	put(h, "dmesg.txt", "<6>[ 1.0] ima: policy update completed\n");
	is(h, PROBE_POLICY, PROBE_YES, "custom");
	put(h, "modes", LIST "policy 0200\n");
	put(h, "dmesg.txt", "");
	put(h, "config", BOOTPARAM);
	put(h, "cmdline", "quiet\n");
	put_bytes(h, "efi-SecureBoot", "\6\0\0\0\1", 5);
	is(h, PROBE_POLICY, PROBE_YES, "built-in: Secure Boot rules");
}

static void test_run__keyring_and_evm(void **state)
{
	struct host *h = *state;

	put(h, "keys",
	    "009a2028 I--Q---     1 perm 3f010000  1000  1000 user      .ima: 3\n");
	is(h, PROBE_KEYRING, PROBE_NO, "none");
	put(h, "keys",
	    "0d1a 2028 I------     1 perm 1f0f0000     0     0 keyring   _ima: 1\n");
	is(h, PROBE_KEYRING, PROBE_YES, "_ima");
	put(h, "keys",
	    "0d1a 2028 I------     1 perm 1f0f0000     0     0 keyring   .ima: empty\n");
	is(h, PROBE_KEYRING, PROBE_YES, ".ima");
	assert_non_null(strstr(h->p->fact[PROBE_KEYRING].evidence, "empty"));
	is(h, PROBE_EVM, PROBE_UNKNOWN, "");
	put(h, "evm", "0");
	is(h, PROBE_EVM, PROBE_NO, "off");
	put(h, "evm", "3");
	is(h, PROBE_EVM, PROBE_YES, "HMAC, signatures");
	put(h, "evm", "junk");
	is(h, PROBE_EVM, PROBE_UNKNOWN, "");
}

static void test_run__audit(void **state)
{
	struct host *h = *state;

	put(h, "config", "CONFIG_AUDIT=y\nCONFIG_INTEGRITY_AUDIT=y\n");
	put(h, "cmdline", "audit=1");
	is(h, PROBE_AUDIT, PROBE_YES, "on");
	put(h, "cmdline", "audit=1 audit=0");
	is(h, PROBE_AUDIT, PROBE_NO, "off");
	put(h, "cmdline", "");
	put(h, "config", "CONFIG_AUDIT=y\n");
	is(h, PROBE_AUDIT, PROBE_NO, "not built in");
}

/* V5-like list whose boot aggregate is zero: the kernel found no TPM. */
static void test_run__tpm_bypass(void **state)
{
	static const uint8_t zero[20];
	struct host *h = *state;
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_add(&b, "\12\0\0\0", 4);
	strbuf_add(&b, "01234567890123456789", 20);
	strbuf_add(&b, "\6\0\0\0ima-ng", 10);
	strbuf_add(&b, "\60\0\0\0", 4); /* 4 + 26 + 4 + 14 */
	strbuf_add(&b, "\32\0\0\0sha1:\0", 10);
	strbuf_add(&b, zero, 20);
	strbuf_add(&b, "\17\0\0\0boot_aggregate\0", 19);
	b.ptr[34] = 4 + 26 + 4 + 15;
	put_bytes(h, "binary_runtime_measurements", b.ptr, b.len);
	is(h, PROBE_TPM_USED, PROBE_NO, "bypass");
	is(h, PROBE_HASH, PROBE_YES, "sha1");
	put_bytes(h, "binary_runtime_measurements", b.ptr, b.len - 1);
	is(h, PROBE_LIST, PROBE_YES, "damaged");
	is(h, PROBE_TPM_USED, PROBE_UNKNOWN, "");
	put(h, "dmesg.txt", "<6>[ 1] ima: No TPM chip found, activating TPM-bypass!\n");
	is(h, PROBE_TPM_USED, PROBE_NO, "bypass");
	put(h, "binary_runtime_measurements", "");
	is(h, PROBE_LIST, PROBE_YES, "readable");
	is(h, PROBE_TEMPLATE, PROBE_UNKNOWN, "");
}

/* Whatever stands in these files, nothing of it reaches a terminal as it is. */
static void test_run__foreign_bytes_are_escaped(void **state)
{
	struct host *h = *state;

	put(h, "hostname", "web\x1b[2J07\n");
	put(h, "lsm", "cap\x1b]0;x\a");
	put(h, "os-release", "NAME=x\nPRETTY_NAME=\"D\x1b[31m\"\n");
	put(h, "cmdline", "ima_policy=\x1b[31mtcb\n");
	put(h, "modes", LIST "policy 0200\n");
	put(h, "keys", "1 2 keyring   .ima: \x1b[31m\n");
	(void)probe_dir(h, h->path);
	assert_string_equal(h->p->host, "web\\x1b[2J07");
	assert_string_equal(h->p->os, "D\\x1b[31m");
	for (int i = 0; i < _PROBE_MAX; i++) {
		assert_null(strchr(h->p->fact[i].value, '\x1b'));
		assert_null(strchr(h->p->fact[i].evidence, '\x1b'));
	}
	is(h, PROBE_LSM, PROBE_YES, "cap\\x1b]0;x\\x07");
}

static void test_run__recorded_boot(void **state)
{
	struct host *h = *state;
	const struct probe *p;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/612-sig",
		       getenv("IMACTL_SOURCE"));
	p = probe_dir(h, path);
	assert_true(probe_is(p, PROBE_IMA, PROBE_YES));
	assert_true(probe_is(p, PROBE_TPM_USED, PROBE_YES));
	assert_string_equal(p->fact[PROBE_TEMPLATE].value, "ima-sig");
	assert_string_equal(p->fact[PROBE_HASH].value, "sha256");
	assert_string_equal(p->fact[PROBE_BANKS].value, "sha1 sha256 sha384 sha512");
	assert_string_equal(p->fact[PROBE_BANK_LISTS].value, "sha1 sha256 sha384 sha512");
	assert_string_equal(p->fact[PROBE_POLICY].value, "custom");
	assert_int_equal(p->pcr, 10);
}

/* Who has read the list's beginning hands it over: the list is not opened for it. */
static void test_run__head_is_not_read_again(void **state)
{
	struct host *h = *state;
	_cleanup_strbuf_ struct strbuf list = {0};
	struct root root;
	char path[512];

	(void)snprintf(path, sizeof(path),
		       "%s/tests/fixtures/lists/612-sig/binary_runtime_measurements",
		       getenv("IMACTL_SOURCE"));
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &list, NULL), 0);
	put(h, "binary_runtime_measurements", "");
	is(h, PROBE_TEMPLATE, PROBE_UNKNOWN, "");
	assert_int_equal(root_open_host(&root, h->path, NULL), 0);
	probe_free(h->p);
	assert_int_equal(probe_run(&root,
				   (struct span){(const uint8_t *)strbuf_str(&list),
						 list.len},
				   &h->p, NULL),
			 0);
	assert_string_equal(h->p->fact[PROBE_TEMPLATE].value, "ima-sig");
	assert_string_equal(h->p->fact[PROBE_HASH].value, "sha256");
	root_done(&root);
}

static void test_run__live_never_fails(void **state)
{
	struct probe *p = NULL;
	struct root root;

	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	assert_int_equal(probe_run(&root, (struct span){0}, &p, NULL), 0);
	for (int i = 0; i < _PROBE_MAX; i++)
		assert_true(p->fact[i].evidence[0]);
	assert_true(p->release[0]);
	assert_false(p->recorded);
	probe_free(p);
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run__appraise_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__secure_boot_by_the_log, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_run__policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__keyring_and_evm, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_run__audit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__tpm_bypass, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__foreign_bytes_are_escaped,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__recorded_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__head_is_not_read_again, setup,
						teardown),
		cmocka_unit_test(test_run__live_never_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
