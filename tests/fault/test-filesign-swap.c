/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signature is of the contents that were read: what becomes of it when others are there by
 * the time it is set. setxattr() is intercepted, for the moments right before and after it. */
#include "tests/unit/test.h"

#include "core/appraise/filesign.h"
#include "core/base/change.h"
#include "tests/unit/tree.h"

#define ATTR "user.ima"

/* Called instead of setxattr() the next time. */
static int (*hook)(const char *path, const char *name, const void *value, size_t size);
static struct tree tree;
static struct sig_key *key;

int __real_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags);
int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags);
int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags)
{
	int (*now)(const char *, const char *, const void *, size_t) = hook;

	hook = NULL;
	return now ? now(path, name, value, size)
		   : __real_setxattr(path, name, value, size, flags);
}

static int setup(void **state)
{
	hook = NULL;
	tree_make(&tree);
	key = tree_key();
	tree_put(&tree, "a", "first\n");
	tree_put(&tree, "b", "good\n");
	return 0;
}

static int teardown(void **state)
{
	sig_key_free(key);
	tree_done(&tree);
	return 0;
}

static bool has(const char *path)
{
	char value[600];

	return tree_get(&tree, path, ATTR, value, sizeof(value)) >= 0;
}

static void add(struct filesign *s, struct plan *plan, const char *path)
{
	_cleanup_close_ int fd = label_open(tree.root.dir[ROOT_TARGET], path, NULL);
	struct diag d;

	if (filesign_add(s, plan, fd, path, &d) != 1)
		fail_msg("%s", d.text);
}

/* Both files signed, as of now. */
static void make_plan(struct plan *ret)
{
	_cleanup_filesign_ struct filesign s = {.root = &tree.root,
						.key = key,
						.alg = HASH_SHA256,
						.version = 2,
						.space = LABEL_USER};

	assert_int_equal(plan_init(ret, "sign", NULL), 0);
	add(&s, ret, "a");
	add(&s, ret, "b");
}

static void run(const struct plan *plan,
		void (*progress)(void *, const struct change_progress *),
		struct change_result *ret)
{
	struct change_ctx ctx = {.root = &tree.root,
				 .place = ROOT_STATE,
				 .actions = action_base_set(),
				 .command = "file sign",
				 .progress = progress};
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d;

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, ret, &d) < 0)
		fail_msg("%s", d.text);
}

/* Nothing is signed, not even the file before it. */
static void assert_refused(const struct change_result *r)
{
	assert_int_equal(r->outcome, CHANGE_ROLLED_BACK);
	assert_int_equal(r->failure.id, DIAG_PLAN_STALE);
	assert_non_null(
		strstr(r->failure.text, "/b has changed since the plan was made"));
	assert_false(has("a"));
	assert_false(has("b"));
}

/* Of the same name and length, and as old. */
static void swap_in(const char *text)
{
	struct timespec t[2];
	struct stat st;

	assert_int_equal(fstatat(tree.fd, "b", &st, 0), 0);
	t[0] = st.st_atim;
	t[1] = st.st_mtim;
	tree_put(&tree, "new", text);
	assert_int_equal(utimensat(tree.fd, "new", t, 0), 0);
	assert_int_equal(renameat(tree.fd, "new", tree.fd, "b"), 0);
}

static void test_apply__another_file_since_the_plan(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	make_plan(&plan);
	swap_in("evil\n");
	run(&plan, NULL, &r);
	assert_refused(&r);
}

static void test_apply__other_contents_since_the_plan(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	make_plan(&plan);
	tree_put(&tree, "b", "evil\n");
	run(&plan, NULL, &r);
	assert_refused(&r);
}

static void swap_after_first(void *user, const struct change_progress *p)
{
	if (p->event == CHANGE_STEP && p->step == 0 && !p->back)
		swap_in("evil\n");
}

static void test_apply__another_file_while_it_runs(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	make_plan(&plan);
	run(&plan, swap_after_first, &r);
	assert_refused(&r);
}

static int write_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return -1;
	assert_int_equal(fs_write_all(fd, "more", 4), 0);
	return close(fd);
}

static int write_first(const char *path, const char *name, const void *value, size_t size)
{
	assert_int_equal(write_to(path), 0);
	return __real_setxattr(path, name, value, size, 0);
}

static int write_then(const char *path, const char *name, const void *value, size_t size)
{
	int r = __real_setxattr(path, name, value, size, 0);

	assert_int_equal(write_to(path), 0);
	return r;
}

static void arm_before_last(void *user, const struct change_progress *p)
{
	if (p->event == CHANGE_STEP && p->step == 0 && !p->back)
		hook = write_first;
}

static void arm_after_last(void *user, const struct change_progress *p)
{
	if (p->event == CHANGE_STEP && p->step == 0 && !p->back)
		hook = write_then;
}

static void test_apply__written_while_it_is_set(void **state)
{
	_cleanup_plan_ struct plan plan = {0}, again = {0};
	struct change_result r;

	make_plan(&plan);
	run(&plan, arm_before_last, &r);
	assert_refused(&r);
	make_plan(&again);
	run(&again, arm_after_last, &r);
	assert_refused(&r);
}

/* What was there comes back, not nothing. */
static void test_apply__the_label_before_stays(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	char value[8];

	tree_set(&tree, "b", ATTR, span_of("\4old"));
	make_plan(&plan);
	run(&plan, arm_before_last, &r);
	assert_int_equal(r.failure.id, DIAG_PLAN_STALE);
	assert_int_equal(tree_get(&tree, "b", ATTR, value, sizeof(value)), 4);
	assert_memory_equal(value, "\4old", 4);
}

/* The file that was read has it; the one that took its name has not. */
static int swap_then_set(const char *path, const char *name, const void *value,
			 size_t size)
{
	swap_in("evil\n");
	return __real_setxattr(path, name, value, size, 0);
}

static void arm_swap(void *user, const struct change_progress *p)
{
	if (p->event == CHANGE_STEP && p->step == 0 && !p->back)
		hook = swap_then_set;
}

static void test_apply__another_file_while_it_is_set(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	make_plan(&plan);
	run(&plan, arm_swap, &r);
	assert_int_equal(r.outcome, CHANGE_ROLLED_BACK);
	assert_false(has("a"));
	assert_false(has("b"));
}

static void test_apply__what_stood_still(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	make_plan(&plan);
	run(&plan, NULL, &r);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_true(has("a") && has("b"));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_apply__another_file_since_the_plan),
		EACH(test_apply__other_contents_since_the_plan),
		EACH(test_apply__another_file_while_it_runs),
		EACH(test_apply__written_while_it_is_set),
		EACH(test_apply__the_label_before_stays),
		EACH(test_apply__another_file_while_it_is_set),
		EACH(test_apply__what_stood_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
