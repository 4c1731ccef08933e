/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/appraise/evmstate.h"

static char dir[] = "/tmp/imactl-evmstate.XXXXXX";
static struct root root;

static void put(const char *name, const char *text)
{
	assert_int_equal(fs_replace_at(root.host, name, text, strlen(text), 0600, NULL),
			 0);
}

static int setup(void **state)
{
	return mkdtemp(dir) ? root_open_host(&root, dir, NULL) : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"evm", "evm_xattrs", "config", "cmdline"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(root.host, names[i], 0);
	root_done(&root);
	return rmdir(dir);
}

static void test_read__nothing_known(void **state)
{
	_cleanup_evmstate_ struct evmstate s;

	assert_int_equal(evmstate_read(&root, &s, NULL), 0);
	assert_int_equal(s.err, ENOENT);
	assert_int_equal(s.bits, 0);
	assert_int_equal(s.source, EVMSTATE_UNKNOWN);
	assert_true(!s.fsuuid_known && s.kernel.fsuuid);
}

static void test_read__what_the_control_file_says(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint32_t bits;
	} rows[] = {
		{"0", 0, 0},	  {"3", 0, 3},	     {"6\n", 0, 6},
		{"", EBADMSG, 0}, {"x", EBADMSG, 0}, {"4294967296", EBADMSG, 0},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_evmstate_ struct evmstate s;

		put("evm", rows[i].text);
		assert_int_equal(evmstate_read(&root, &s, NULL), 0);
		assert_int_equal(s.err, rows[i].err);
		assert_int_equal(s.bits, rows[i].bits);
	}
}

#define ENABLED(s, name) (((s).kernel.enabled >> EVM_NAME_##name & 1) == 1)

static void test_read__names_the_kernel_lists(void **state)
{
	_cleanup_evmstate_ struct evmstate s;

	put("evm_xattrs", "security.selinux\nsecurity.ima\nsecurity.capability\n"
			  "security.mine\nsecurity.yours\nsecurity.cut");
	assert_int_equal(evmstate_read(&root, &s, NULL), 0);
	assert_int_equal(s.source, EVMSTATE_LISTED);
	assert_true(ENABLED(s, SELINUX) && ENABLED(s, IMA) && ENABLED(s, CAPS));
	assert_false(ENABLED(s, SMACK) || ENABLED(s, APPARMOR));
	assert_int_equal(s.kernel.n_extra, 2);
	assert_string_equal(s.kernel.extra[0], "security.mine");
	assert_string_equal(s.kernel.extra[1], "security.yours");
}

static void test_read__names_of_the_configuration(void **state)
{
	_cleanup_evmstate_ struct evmstate s;

	(void)unlinkat(root.host, "evm_xattrs", 0);
	put("config", "CONFIG_EVM=y\nCONFIG_64BIT=y\nCONFIG_SECURITY_APPARMOR=y\n"
		      "CONFIG_IMA_APPRAISE=y\nCONFIG_EVM_ATTR_FSUUID=y\n"
		      "# CONFIG_SECURITY_SELINUX is not set\n");
	put("cmdline", "quiet evm=fixed\n");
	assert_int_equal(evmstate_read(&root, &s, NULL), 0);
	assert_int_equal(s.source, EVMSTATE_CONFIGURED);
	assert_true(ENABLED(s, APPARMOR) && ENABLED(s, IMA) && ENABLED(s, CAPS));
	assert_false(ENABLED(s, SELINUX) || ENABLED(s, SMACKEXEC));
	assert_true(s.fsuuid_known && s.kernel.fsuuid && !s.kernel.bits32);
	assert_true(s.fix);
	assert_int_equal(s.kernel.n_extra, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read__nothing_known),
		cmocka_unit_test(test_read__what_the_control_file_says),
		cmocka_unit_test(test_read__names_the_kernel_lists),
		cmocka_unit_test(test_read__names_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
