/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real files with labels of their own. */
#include "tests/unit/test.h"

#include "core/base/hex.h"
#include "core/label/keyuse.h"
#include "tests/unit/tree.h"

#define EVM "security.evm"

/* A signature that names the key "aabbccdd", "11223344"; version 1 of 8 bytes. */
#define SIG_A	 "030204aabbccdd000473696721"
#define SIG_B	 "03020411223344000473696721"
#define PORTABLE "050204aabbccdd000473696721"
#define SIG_V1	 "03016655443300000102030405060708000008ff"

static void label(struct tree *t, const char *path, const char *attr, const char *hex)
{
	uint8_t value[64];

	assert_int_equal(hex_decode(value, span_of(hex)), 0);
	tree_set(t, path, attr, (struct span){value, strlen(hex) / 2});
}

static uint64_t files(const struct keyuse *u, enum imaxattr_attr attr, const char *hex)
{
	uint8_t id[8];

	assert_int_equal(hex_decode(id, span_of(hex)), 0);
	return keyuse_files(u, attr, (struct span){id, strlen(hex) / 2});
}

static int scan(struct tree *t, const struct keyuse_opts *opts,
		const struct keyuse_watch *watch, struct keyuse *u)
{
	return keyuse_scan(t->pool, &t->root, opts, watch, u, NULL);
}

static void fill(struct tree *t)
{
	tree_folder(t, "a");
	tree_folder(t, "b");
	for (int i = 0; i < 3; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "a/%d", i);
		tree_put(t, path, "x");
		label(t, path, TREE_IMA, SIG_A);
	}
	tree_put(t, "b/both", "x");
	label(t, "b/both", TREE_IMA, SIG_B);
	label(t, "b/both", EVM, PORTABLE);
	tree_put(t, "b/old", "x");
	label(t, "b/old", TREE_IMA, SIG_V1);
	tree_put(t, "b/hash", "x");
	label(t, "b/hash", TREE_IMA, "04040000");
	tree_put(t, "b/damaged", "x");
	label(t, "b/damaged", TREE_IMA, "0302");
	tree_put(t, "b/none", "x");
}

static bool stop_now(void *user)
{
	return true;
}

static int break_off(void *user, const char *path, enum imaxattr_attr attr,
		     struct span keyid)
{
	return -EPIPE;
}

static void test_scan__ends_early(void **state)
{
	_cleanup_keyuse_ struct keyuse u = {0};
	const struct keyuse_watch watch = {.stop = stop_now};
	const char *const nowhere[] = {"no/such"};
	struct keyuse_opts opts = {.scope = SCOPE_NAMED, .paths = nowhere, .n_paths = 1};
	struct tree *t = *state;

	assert_int_equal(scan(t, &opts, NULL, &u), -ENOENT);
	assert_null(u.ids[0]);
	opts = (struct keyuse_opts){.scope = SCOPE_APPRAISE_TCB};
	assert_int_equal(scan(t, &opts, &watch, &u), -ECANCELED);
	assert_null(u.ids[0]);
	if (!tree_can_label(t))
		return;
	fill(t);
	opts.found = break_off;
	assert_int_equal(scan(t, &opts, NULL, &u), -EPIPE);
	assert_null(u.ids[0]);
}

static void test_scan__each_attribute(void **state)
{
	_cleanup_keyuse_ struct keyuse u = {0};
	struct keyuse_opts opts = {.scope = SCOPE_APPRAISE_TCB};
	struct tree *t = *state;

	if (!tree_can_label(t))
		skip();
	fill(t);
	assert_int_equal(scan(t, &opts, NULL, &u), 0);
	assert_int_equal(u.named[IMAXATTR_IMA], 5);
	assert_int_equal(u.named[IMAXATTR_EVM], 1);
	assert_int_equal(files(&u, IMAXATTR_IMA, "aabbccdd"), 3);
	assert_int_equal(files(&u, IMAXATTR_IMA, "11223344"), 1);
	assert_int_equal(files(&u, IMAXATTR_IMA, "0102030405060708"), 1);
	assert_int_equal(files(&u, IMAXATTR_EVM, "aabbccdd"), 1);
	assert_int_equal(files(&u, IMAXATTR_EVM, "11223344"), 0);
	assert_int_equal(u.counts.wanted, 8);
}

/* One file, whatever it is called; and only what is wanted. */
static void test_scan__names_and_scope(void **state)
{
	const char *const b[] = {"b", "a/0"};
	struct keyuse_opts all = {.scope = SCOPE_APPRAISE_TCB},
			   some = {.scope = SCOPE_NAMED, .paths = b, .n_paths = 2};
	_cleanup_keyuse_ struct keyuse u = {0}, v = {0};
	struct tree *t = *state;

	if (!tree_can_label(t))
		skip();
	fill(t);
	tree_link(t, "a/0", "b/0");
	tree_link(t, "a/0", "again");
	assert_int_equal(fchownat(t->fd, "a/1", 1000, 1000, 0), 0);
	assert_int_equal(scan(t, &all, NULL, &u), 0);
	assert_int_equal(files(&u, IMAXATTR_IMA, "aabbccdd"), 2);
	assert_int_equal(scan(t, &some, NULL, &v), 0);
	assert_int_equal(files(&v, IMAXATTR_IMA, "aabbccdd"), 1);
	assert_int_equal(files(&v, IMAXATTR_IMA, "11223344"), 1);
}

static int note(void *user, const char *path, enum imaxattr_attr attr, struct span keyid)
{
	if (attr == IMAXATTR_EVM) {
		strbuf_adds(user, path);
		strbuf_addhex(user, keyid);
	}
	return 0;
}

static void test_scan__found(void **state)
{
	_cleanup_strbuf_ struct strbuf log = {0};
	_cleanup_keyuse_ struct keyuse u = {0};
	struct keyuse_opts opts = {.found = note, .user = &log};
	struct tree *t = *state;

	if (!tree_can_label(t))
		skip();
	fill(t);
	assert_int_equal(scan(t, &opts, NULL, &u), 0);
	assert_string_equal(strbuf_str(&log), "b/bothaabbccdd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scan__ends_early, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_scan__each_attribute, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_scan__names_and_scope, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_scan__found, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
