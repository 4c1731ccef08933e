/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/simulate/bootset-internal.h"
#include "core/simulate/simulate.h"
#include "tests/unit/testkeys.h"
#include "tests/unit/tree.h"

struct box {
	struct tree tree;
	struct bootset *set;
	struct pkgdb *packages;
	struct ruleset rules;
	struct simulate result;
	unsigned asked; /* how often stop() was */
	bool stop;
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	tree_make(&b->tree);
	tree_folder(&b->tree, "usr/bin");
	tree_folder(&b->tree, "usr/lib");
	tree_folder(&b->tree, "sbin");
	assert_int_equal(bootset_new(&b->tree.root, &b->set, NULL), 0);
	assert_int_equal(pkgdb_new(&b->packages, NULL), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	bootset_free(b->set);
	pkgdb_free(b->packages);
	ruleset_done(&b->rules);
	simulate_done(&b->result);
	tree_done(&b->tree);
	free(b);
	return 0;
}

/* @labelled: the text whose hash is in the label; NULL: none. */
static void put(struct box *b, const char *path, const char *text, const char *labelled)
{
	uint8_t label[34];

	tree_put(&b->tree, path, text);
	if (!labelled)
		return;
	tree_hash_label(labelled, label);
	tree_set(&b->tree, path, TREE_IMA, (struct span){label, sizeof(label)});
}

static void use(struct box *b, const char *path, uint16_t ops, uint32_t uid,
		enum bootset_source source, bool early)
{
	struct bootset_met how = {source, uid, ops, 0, early};

	assert_true(bootset_met(b->set, span_of(path), &how) >= 0);
}

static void used(struct box *b, const char *path, enum bootset_op op)
{
	use(b, path, (uint16_t)(1 << op), 0, BOOTSET_FROM_LIST, false);
}

static bool stop(void *user)
{
	struct box *b = user;

	b->asked++;
	return b->stop;
}

static void run(struct box *b, const char *policy, bool labels_only)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};
	_cleanup_(probe_freep) struct probe *probe = NULL;
	struct simulate_opts opts = {
		.rules = &b->rules,
		.set = b->set,
		.packages = b->packages,
		.labels_only = labels_only,
		.threads = 2,
	};
	struct simulate_watch watch = {.stop = stop, .user = b};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	simulate_done(&b->result);
	ruleset_done(&b->rules);
	b->rules = (struct ruleset){.sure = true};
	assert_int_equal(policy_parse(span_of(policy), &any, &b->rules.policy, NULL), 0);
	assert_int_equal(policy_count(&b->rules.policy, POLICY_ERROR), 0);
	bootset_sort(b->set);
	assert_int_equal(probe_run(&b->tree.root, (struct span){0}, &probe, NULL), 0);
	opts.probe = probe;
	assert_int_equal(simulate_run(&b->tree.root, &opts, &watch, &b->result, NULL), 0);
}

/* The row of a file; fails where there is none. */
static const struct simulate_row *row(const struct box *b, const char *path)
{
	for (size_t i = 0; i < b->result.n_rows; i++)
		if (strcmp(simulate_name(&b->result, &b->result.row[i]), path) == 0)
			return &b->result.row[i];
	fail_msg("nothing about %s", path);
	return NULL;
}

static void test_run__causes(void **state)
{
	static const uint8_t signature[] = {3, 2, 4, 0xde, 0xad, 0xbe, 0xef, 0, 2, 1, 2};
	struct box *b = *state;

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "usr/bin/right", "1", "1");
	put(b, "usr/bin/stale", "2", "3");
	put(b, "usr/bin/none", "4", NULL);
	put(b, "usr/bin/signed", "5", NULL);
	tree_set(&b->tree, "usr/bin/signed", TREE_IMA,
		 (struct span){signature, sizeof(signature)});
	used(b, "usr/bin/right", BOOTSET_EXEC);
	used(b, "usr/bin/stale", BOOTSET_EXEC);
	used(b, "usr/bin/none", BOOTSET_READ);
	used(b, "usr/bin/signed", BOOTSET_READ);
	used(b, "usr/bin/gone", BOOTSET_READ);
	run(b, "appraise\n", false);
	assert_int_equal(b->result.n_rows, 3);
	assert_int_equal(row(b, "usr/bin/stale")->cause, APPRAISE_INVALID_HASH);
	assert_int_equal(row(b, "usr/bin/stale")->ops, 1 << BOOTSET_EXEC);
	assert_int_equal(row(b, "usr/bin/none")->cause, APPRAISE_MISSING_HASH);
	assert_int_equal(row(b, "usr/bin/signed")->fix, SIMULATE_LOAD_KEY);
	assert_memory_equal(row(b, "usr/bin/signed")->keyid, "\xde\xad\xbe\xef", 4);
	assert_int_equal(b->result.files, 4);
	assert_int_equal(b->result.appraised, 4);
	assert_int_equal(b->result.denied, 3);
	assert_int_equal(b->result.gone, 1);
	assert_int_equal(b->result.read, 2); /* not what fails by its label */
	assert_false(simulate_ready(&b->result));
}

/* The fast way overlooks contents that changed, and reads none. */
static void test_run__labels_only(void **state)
{
	struct box *b = *state;

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "usr/bin/stale", "2", "3");
	used(b, "usr/bin/stale", BOOTSET_READ);
	run(b, "appraise\n", true);
	assert_int_equal(b->result.n_rows, 0);
	assert_int_equal(b->result.read, 0);
	assert_true(simulate_ready(&b->result));
	run(b, "appraise\n", false);
	assert_int_equal(b->result.n_rows, 1);
}

/* Only what the rules appraise, by who does what. */
static void test_run__rules_decide(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/a", "1", NULL);
	use(b, "usr/bin/a", 1 << BOOTSET_READ, 0, BOOTSET_FROM_AUDIT, false);
	use(b, "usr/bin/a", 1 << BOOTSET_READ, 1000, BOOTSET_FROM_AUDIT, false);
	run(b, "appraise func=FILE_CHECK uid=1000\nmeasure func=BPRM_CHECK\n", false);
	assert_int_equal(b->result.n_rows, 1);
	assert_int_equal(b->result.row[0].uid, 1000);
	assert_int_equal(b->result.row[0].rule, 0);
	assert_int_equal(b->result.measured, 0);
	assert_int_equal(b->result.rank[SIMULATE_USED].uses, 2);
	assert_int_equal(b->result.rank[SIMULATE_USED].denied, 1);
	run(b, "dont_appraise uid=1000\nappraise func=BPRM_CHECK\n", false);
	assert_int_equal(b->result.appraised, 0);
	assert_true(simulate_ready(&b->result));
}

/* What is denied is counted as measured all the same: so it will be, once it is right. */
static void test_run__cost(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/a", "1", NULL);
	used(b, "usr/bin/a", BOOTSET_EXEC);
	use(b, "usr/bin/a", 1 << BOOTSET_EXEC, 7, BOOTSET_FROM_LIST, false);
	run(b, "appraise\nmeasure func=BPRM_CHECK template=ima-ng\n", false);
	assert_int_equal(b->result.measured, 1);
	/* 64 + 64 + 192 (two digests) + 64 + 16, of "/usr/bin/a" */
	assert_in_range(b->result.entries_bytes, 300, 500);
}

static void test_run__ranks(void **state)
{
	struct box *b = *state;

	put(b, "usr/lib/systemd", "1", NULL);
	put(b, "usr/bin/login", "1", NULL);
	put(b, "usr/bin/used", "1", NULL);
	put(b, "usr/bin/could", "1", NULL);
	assert_int_equal(symlinkat("/usr/lib/systemd", b->tree.fd, "sbin/init"), 0);
	use(b, "usr/bin/could", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_PACKAGE, false);
	use(b, "usr/bin/used", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_PACKAGE, false);
	use(b, "usr/bin/used", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_MAPPING, false);
	use(b, "usr/bin/login", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_INIT, true);
	run(b, "appraise\n", false);
	assert_int_equal(row(b, "usr/bin/could")->rank, SIMULATE_COULD);
	assert_int_equal(row(b, "usr/bin/used")->rank, SIMULATE_USED);
	assert_int_equal(row(b, "usr/bin/login")->rank, SIMULATE_EARLY);
	assert_int_equal(b->result.row[b->result.group[0].first].rank, SIMULATE_EARLY);
	assert_false(b->result.pid1);
	use(b, "usr/lib/systemd", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_INIT, true);
	run(b, "appraise\n", false);
	assert_true(b->result.pid1);
	assert_true(row(b, "usr/lib/systemd")->pid1);
	assert_int_equal(b->result.n_fixes, 1);
	assert_int_equal(b->result.fix[0].files, 4);
	assert_int_equal(b->result.fix[0].worst, SIMULATE_EARLY);
}

/* What is opened needs a hash, what is executed a signature: that is enough for both. */
static void test_run__one_fix_for_all(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/a", "1", NULL);
	put(b, "usr/bin/b", "1", NULL);
	used(b, "usr/bin/a", BOOTSET_EXEC);
	used(b, "usr/bin/b", BOOTSET_READ);
	use(b, "usr/bin/b", 1 << BOOTSET_EXEC, 7, BOOTSET_FROM_LIST, false);
	run(b, "appraise func=BPRM_CHECK appraise_type=imasig\nappraise\n", false);
	assert_int_equal(row(b, "usr/bin/a")->cause, APPRAISE_SIG_REQUIRED);
	assert_int_equal(b->result.n_rows, 3);
	assert_int_equal(b->result.n_fixes, 1);
	assert_int_equal(b->result.fix[0].kind, SIMULATE_SIGN);
	assert_int_equal(b->result.fix[0].files, 2);
}

/* Its loader is as good as init itself, a shell is not. */
static void test_run__loader(void **state)
{
	struct box *b = *state;

	tree_folder(&b->tree, "lib64");
	put(b, "usr/bin/sh", "1", NULL);
	put(b, "lib64/ld-linux-x86-64.so.2", "1", NULL);
	use(b, "usr/bin/sh", 1 << BOOTSET_EXEC, 0, BOOTSET_FROM_INIT, true);
	use(b, "lib64/ld-linux-x86-64.so.2", 1 << BOOTSET_MMAP, 0, BOOTSET_FROM_LIST,
	    false);
	run(b, "appraise\n", false);
	assert_false(b->result.pid1);
	use(b, "lib64/ld-linux-x86-64.so.2", 1 << BOOTSET_MMAP, 0, BOOTSET_FROM_INIT,
	    true);
	run(b, "appraise\n", false);
	assert_true(row(b, "lib64/ld-linux-x86-64.so.2")->pid1);
	assert_false(row(b, "usr/bin/sh")->pid1);
}

/* A rule by label decides, and nobody knows the file's: it may be denied. */
static void test_run__unsure(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/a", "1", NULL);
	used(b, "usr/bin/a", BOOTSET_READ);
	run(b, "appraise obj_type=shadow_t\n", false);
	assert_int_equal(b->result.n_rows, 1);
	assert_true(b->result.row[0].unsure);
	assert_int_equal(b->result.unsure, 1);
	assert_int_equal(b->result.n_fixes, 0);
	assert_true(simulate_ready(&b->result)); /* but of what the boot needs: */
	use(b, "usr/bin/a", 1 << BOOTSET_READ, 0, BOOTSET_FROM_INIT, true);
	run(b, "appraise obj_type=shadow_t\n", false);
	assert_false(simulate_ready(&b->result));
}

static void test_run__stopped(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/a", "1", NULL);
	used(b, "usr/bin/a", BOOTSET_READ);
	b->stop = true;
	run(b, "appraise\n", false);
	assert_true(b->asked > 0);
	assert_true(b->result.stopped);
	assert_false(simulate_ready(&b->result));
}

/* More uses than are handed out at once, several of a file: none twice, none lost. */
static void test_run__many(void **state)
{
	struct box *b = *state;
	char path[64];

	for (unsigned i = 0; i < 600; i++) {
		(void)snprintf(path, sizeof(path), "usr/lib/file%03u", i);
		put(b, path, "x", NULL);
		for (uint32_t uid = 0; uid < 3; uid++)
			use(b, path, 1 << BOOTSET_READ, uid, BOOTSET_FROM_LIST, false);
	}
	run(b, "appraise\n", false);
	assert_int_equal(b->result.files, 600);
	assert_int_equal(b->result.denied, 600);
	assert_int_equal(b->result.n_rows, 1800);
	assert_int_equal(b->result.n_groups, 1);
	assert_int_equal(b->result.group[0].files, 600);
	assert_int_equal(b->result.fix[0].n_paths, 1);
	assert_string_equal(b->result.fix[0].paths.ptr, "usr/lib");
}

/* As many users of one file as an audit log can name: one signs for all, in less than a
 * glance of each at each. */
static void test_run__many_users(void **state)
{
	enum { USERS = 300000 };
	struct box *b = *state;

	put(b, "usr/bin/tool", "x", NULL);
	for (uint32_t uid = 0; uid < USERS; uid++)
		use(b, "usr/bin/tool", 1 << BOOTSET_READ, uid, BOOTSET_FROM_AUDIT, false);
	run(b, "appraise uid=299999 appraise_type=imasig\nappraise fowner=0\n", true);
	assert_int_equal(b->result.n_rows, USERS);
	assert_int_equal(b->result.files, 1);
	for (size_t i = 0; i < USERS; i++)
		if (b->result.row[i].fix != SIMULATE_SIGN)
			fail_msg("row %zu: %s", i,
				 simulate_fix_word(
					 (enum simulate_fix_kind)b->result.row[i].fix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run__causes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__labels_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__rules_decide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__cost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__ranks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__one_fix_for_all, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_run__loader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__unsure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__many_users, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
