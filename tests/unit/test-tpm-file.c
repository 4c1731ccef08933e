/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/tpm.h"

#define BB20 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[] = "/tmp/imactl-tpm-XXXXXX";
static struct pcrs pcrs;

static int setup(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	return rmdir(dir);
}

static void put(const char *name, const char *text)
{
	_cleanup_close_ int at = open(dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(fs_replace_at(at, name, text, strlen(text), 0600, NULL), 0);
}

static void take_away(const char *name)
{
	_cleanup_close_ int at = open(dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(unlinkat(at, name, 0), 0);
}

static void test_open__no_values_is_no_tpm(void **state)
{
	struct root root;
	struct tpm *t = NULL;
	struct diag d;

	assert_int_equal(root_open_host(&root, dir, &d), 0);
	assert_int_equal(tpm_open(&root, NULL, &t, &d), -ENODEV);
	assert_int_equal(d.id, DIAG_NO_TPM);
	put("pcrs-sha1.txt", "");
	assert_int_equal(tpm_open(&root, NULL, &t, &d), -ENODEV);
	assert_null(t);
	take_away("pcrs-sha1.txt");
	root_done(&root);
}

static void test_open__damage_names_file_and_line(void **state)
{
	struct root root;
	struct tpm *t = NULL;
	struct diag d;

	put("pcrs-sha256.txt", "PCR-00: " BB20 "\n");
	assert_int_equal(root_open_host(&root, dir, &d), 0);
	assert_int_equal(tpm_open(&root, NULL, &t, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_PCR_SYNTAX);
	assert_int_equal(d.line, 1);
	assert_int_equal(d.column, 9);
	assert_non_null(strstr(d.text, "pcrs.txt of bank sha256"));
	assert_null(t);
	take_away("pcrs-sha256.txt");
	root_done(&root);
}

static void test_read__recorded_host(void **state)
{
	enum hash_alg algs[PCRS_BANKS_MAX];
	char path[512];
	struct root root;
	struct tpm *t;
	struct span v;
	struct diag d;

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/61-sig",
		       getenv("IMACTL_SOURCE"));
	assert_int_equal(root_open_host(&root, path, &d), 0);
	assert_int_equal(tpm_open(&root, NULL, &t, &d), 0);
	assert_string_equal(tpm_describe(t), "recorded PCR files (4 banks)");
	assert_int_equal(tpm_banks(t, algs, &d), 4);
	assert_int_equal(tpm_read(t, 1 << 10 | 1 << 23, &pcrs, &d), 0);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 10, &v));
	assert_int_equal(v.ptr[0], 0x20);
	assert_false(pcrs_value(&pcrs, HASH_SHA1, 9, &v));
	assert_false(pcrs_value(&pcrs, HASH_SHA1, 23, &v));
	tpm_free(t);
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open__no_values_is_no_tpm),
		cmocka_unit_test(test_open__damage_names_file_and_line),
		cmocka_unit_test(test_read__recorded_host),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
