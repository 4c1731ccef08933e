/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From recorded hosts; running kernels are asked in tests/lab/label.scenario. */
#include "tests/unit/test.h"

#include "core/base/fs.h"
#include "core/label/relabel.h"

static char dir[] = "/tmp/imactl-relabel-root.XXXXXX";
static struct root root;

static void put(const char *name, const char *bytes, size_t n)
{
	assert_int_equal(fs_replace_at(root.host, name, bytes, n, 0600, NULL), 0);
}

static int setup(void **state)
{
	static const char cmdline[] = "quiet ima_appraise=fix ima_policy=appraise_tcb\n";

	if (!mkdtemp(dir) || root_open_host(&root, dir, NULL) < 0)
		return -1;
	put("cmdline", cmdline, strlen(cmdline));
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"cmdline", "efi-SecureBoot"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(root.host, names[i], 0);
	root_done(&root);
	return rmdir(dir);
}

static void test_kernel__ignores_modes_under_secure_boot(void **state)
{
	struct relabel_kernel k;

	relabel_kernel(&root, &k);
	assert_true(k.fixes);
	assert_false(k.secure_boot);
	assert_null(relabel_kernel_words(&k));
	put("efi-SecureBoot", "\6\0\0\0\1", 5);
	relabel_kernel(&root, &k);
	assert_false(k.fixes);
	assert_true(k.secure_boot);
	assert_non_null(strstr(relabel_kernel_words(&k), "ignores ima_appraise=fix"));
	put("efi-SecureBoot", "\6\0\0\0\0", 5);
	relabel_kernel(&root, &k);
	assert_true(k.fixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel__ignores_modes_under_secure_boot),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
