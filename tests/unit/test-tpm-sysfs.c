/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's PCR files, as a tree of the same shape. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/tpm.h"

#define AA20 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BB20 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static struct pcrs pcrs;

struct tree {
	char path[64];
	int fd;
	struct root root; /* this machine's, with another /sys */
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->path, "/tmp/imactl-sysfs-XXXXXX");
	if (!mkdtemp(t->path) || root_open_live(&t->root, NULL, NULL) < 0)
		return -1;
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY);
	(void)close(t->root.dir[ROOT_SYS]);
	cleanup_closep(&t->root.dir[ROOT_DEV]);
	t->root.dir[ROOT_DEV] = -1;
	t->root.dir[ROOT_SYS] = dup(t->fd);
	*state = t;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct tree *t = *state;

	(void)close(t->fd);
	root_done(&t->root);
	(void)nftw(t->path, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static void put(struct tree *t, const char *dir, const char *name, const char *text)
{
	char path[128];

	assert_int_equal(fs_mkdirs_at(t->fd, dir, 0700, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fs_replace_at(t->fd, path, text, strlen(text), 0600, NULL), 0);
}

static void test_open__no_tpm(void **state)
{
	struct tree *t = *state;
	struct tpm *tpm = NULL;
	struct diag d;

	assert_int_equal(tpm_open(&t->root, NULL, &tpm, &d), -ENODEV);
	assert_int_equal(d.id, DIAG_NO_TPM);
	put(t, "class/tpm/tpm0", "tpm_version_major", "2\n");
	assert_int_equal(tpm_open(&t->root, NULL, &tpm, &d), -ENODEV);
	assert_null(tpm);
}

static void test_read__banks(void **state)
{
	struct tree *t = *state;
	enum hash_alg algs[PCRS_BANKS_MAX];
	struct tpm *tpm;
	struct span v;
	struct diag d;

	put(t, "class/tpm/tpm0/pcr-sha1", "0", AA20 "\n");
	put(t, "class/tpm/tpm0/pcr-sha1", "10", BB20 "\n");
	put(t, "class/tpm/tpm0/pcr-sha256", "0", AA20 "AAAAAAAAAAAAAAAAAAAAAAAA\n");
	put(t, "class/tpm/tpm0/pcr-sha256", "10", BB20 "BBBBBBBBBBBBBBBBBBBBBBBB\n");
	assert_int_equal(tpm_open(&t->root, NULL, &tpm, &d), 0);
	assert_string_equal(tpm_describe(tpm), "TPM 2.0 (/sys/class/tpm/tpm0)");
	assert_int_equal(tpm_banks(tpm, algs, &d), 2);
	assert_int_equal(tpm_read(tpm, 1 | 1 << 10, &pcrs, &d), 0);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 10, &v));
	assert_true(span_all(v, 0xbb));
	assert_true(pcrs_value(&pcrs, HASH_SHA256, 0, &v));
	assert_true(span_all(v, 0xaa));
	assert_int_equal(tpm_read(tpm, 1 << 3, &pcrs, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_TPM_IO);
	put(t, "class/tpm/tpm0/pcr-sha1", "0", "nonsense\n");
	assert_true(tpm_read(tpm, 1, &pcrs, &d) < 0);
	tpm_free(tpm);
}

static void test_read__tpm12(void **state)
{
	struct tree *t = *state;
	struct tpm *tpm;
	struct span v;
	struct diag d;

	put(t, "class/tpm/tpm0", "pcrs",
	    "PCR-00: AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA AA \n"
	    "PCR-10: BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB BB \n");
	assert_int_equal(tpm_open(&t->root, NULL, &tpm, &d), 0);
	assert_string_equal(tpm_describe(tpm), "TPM 1.2 (/sys/class/tpm/tpm0)");
	assert_int_equal(tpm_read(tpm, 1 << 10, &pcrs, &d), 0);
	assert_true(pcrs_value(&pcrs, HASH_SHA1, 10, &v));
	assert_true(span_all(v, 0xbb));
	tpm_free(tpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open__no_tpm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read__banks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read__tpm12, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
