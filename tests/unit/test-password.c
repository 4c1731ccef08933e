/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom the rescue lets in; the hashes are of "correct horse", by crypt(3). */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "recovery/password.h"

#define RIGHT "correct horse"
#define SHA512                                                                           \
	"$6$saltysalt$MBKRieRS9MsDjiJXk44MZ3c9IYPXTEdG44eMlXoU5iFUg.2Ccg7cODUHY5Zl2Oerc1iEpm74LEizgaAlmBknq1"
#define YESCRYPT                                                                         \
	"$y$j75$k2XAnEHBqQ1Ct2aMXFKNa/$E9XAySfP6N2THWdzNKesSVmhpcmhNusa8y5TMfT668."
#define OTHERS "daemon:*:19000:0:99999:7:::\n"

struct world {
	char dir[64];
	struct root root;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/imactl-password-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(root_open_live(&w->root, w->dir, NULL), 0);
	assert_int_equal(fs_mkdirs_at(w->root.dir[ROOT_TARGET], "etc", 0755, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	root_done(&w->root);
	assert_int_equal(nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

static void put(struct world *w, const char *path, const char *text)
{
	assert_int_equal(fs_replace_at(w->root.dir[ROOT_TARGET], path, text, strlen(text),
				       0600, NULL),
			 0);
}

static void root_has(struct world *w, const char *hash)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%sroot:%s:19000:0:99999:7:::\n", OTHERS,
		       hash);
	put(w, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	put(w, "etc/shadow", text);
}

static enum password check(struct world *w, const char *typed)
{
	char buf[64];
	enum password p;

	(void)snprintf(buf, sizeof(buf), "%s", typed);
	p = password_check(&w->root, buf);
	assert_string_equal(buf, ""); /* nothing of it is left */
	return p;
}

static void test_password_kind__unknown(void **state)
{
	struct world *w = *state;

	assert_int_equal(password_kind(&w->root), PASSWORD_UNKNOWN);
	assert_int_equal(check(w, RIGHT), PASSWORD_UNKNOWN);
	put(w, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	assert_int_equal(password_kind(&w->root), PASSWORD_UNKNOWN);
	put(w, "etc/shadow", OTHERS);
	assert_int_equal(password_kind(&w->root), PASSWORD_UNKNOWN);
	put(w, "etc/shadow", "root"); /* cut off */
	assert_int_equal(password_kind(&w->root), PASSWORD_UNKNOWN);
}

static void test_password_kind__locked(void **state)
{
	static const char *const hashes[] = {"!", "*", "!*", "!" SHA512};
	struct world *w = *state;

	for (size_t i = 0; i < array_size(hashes); i++) {
		root_has(w, hashes[i]);
		assert_int_equal(password_kind(&w->root), PASSWORD_LOCKED);
		assert_int_equal(check(w, RIGHT), PASSWORD_LOCKED);
		assert_int_equal(check(w, ""), PASSWORD_LOCKED);
	}
}

static void test_password_kind__none(void **state)
{
	struct world *w = *state;

	root_has(w, "");
	assert_int_equal(password_kind(&w->root), PASSWORD_NONE);
}

static void test_password_check__hashes(void **state)
{
	static const char *const hashes[] = {SHA512, YESCRYPT};
	struct world *w = *state;

	for (size_t i = 0; i < array_size(hashes); i++) {
		root_has(w, hashes[i]);
		assert_int_equal(password_kind(&w->root), PASSWORD_WRONG);
		assert_int_equal(check(w, "correct hors"), PASSWORD_WRONG);
		assert_int_equal(check(w, ""), PASSWORD_WRONG);
		assert_int_equal(check(w, RIGHT), PASSWORD_RIGHT);
	}
	root_has(w, "$9$nobody$knows");
	assert_int_equal(check(w, RIGHT), PASSWORD_WRONG);
	root_has(w, "*0"); /* what crypt(3) returns when it fails */
	assert_int_equal(check(w, RIGHT), PASSWORD_LOCKED);
}

/* Old systems have it in the other file. */
static void test_password_check__passwd(void **state)
{
	struct world *w = *state;

	put(w, "etc/passwd", "root:" SHA512 ":0:0:root:/root:/bin/sh\n");
	assert_int_equal(check(w, RIGHT), PASSWORD_RIGHT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_password_kind__unknown, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_password_kind__locked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_password_kind__none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_password_check__hashes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_password_check__passwd, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
