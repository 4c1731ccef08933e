/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels set on real files, and what happens in between. setxattr() is intercepted, for
 * the moments right before and after it. */
#include "tests/unit/test.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include "tests/fault/labels.h"

/* Called instead of setxattr() until it is taken away. */
static int (*hook)(const char *path, const char *name, const void *value, size_t size);

int __real_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags);
int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags);
int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size,
		    int flags)
{
	if (hook)
		return hook(path, name, value, size);
	return __real_setxattr(path, name, value, size, flags);
}

enum { FILES = 24 }; /* four of each sort */

static int setup(void **state)
{
	struct labels *l = calloc(1, sizeof(*l));

	hook = NULL;
	labels_make(l, "/tmp", FILES);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	hook = NULL;
	labels_done(*state);
	free(*state);
	return 0;
}

/* Where labels cannot be set at all there is nothing to test. */
#define NEED_LABELS(l)                                                                   \
	do {                                                                             \
		if (!tree_can_label(&(l)->tree))                                         \
			skip();                                                          \
	} while (0)

static void run(struct labels *l, struct change_ctx *ctx, struct relabel *plan,
		struct change_result *ret)
{
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d = {0};

	plan_hash(&plan->plan, hash);
	if (change_run(ctx, &plan->plan, hash, ret, &d) < 0)
		fail_msg("%s", d.text);
	relabel_done(plan);
	labels_end(l);
}

static void undo(struct labels *l, unsigned id, struct change_result *ret)
{
	struct change_ctx ctx = {.root = &l->tree.root,
				 .place = ROOT_STATE,
				 .command = "label undo"};
	struct diag d = {0};

	act_label_use(NULL, &ctx);
	if (change_undo(&ctx, id, false, ret, &d) < 0)
		fail_msg("%s", d.text);
}

static void test_apply__every_sort_and_back(void **state)
{
	struct labels *l = *state;
	struct change_result r;
	struct relabel plan;

	NEED_LABELS(l);
	_cleanup_free_ char *before = labels_look(l), *after = NULL;

	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, 16);
	assert_int_equal(l->act.counts.added, 8);
	assert_int_equal(l->act.counts.replaced, 8);
	labels_assert_right(l, "applied");
	labels_plan(l, &plan);
	assert_int_equal(plan.plan.n, 0); /* nothing is left to do */
	relabel_done(&plan);
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	after = labels_look(l);
	assert_string_equal(after, before);
}

/* Between the plan and its turn. srv/d0/0 is hashed as it is then; usr/d0/4 was to be
 * signed as it was; srv/d0/1 has another label; srv/d0/6 is gone; srv/d0/7 is a folder. */
static void test_apply__what_changed_since_the_plan(void **state)
{
	struct labels *l = *state;
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;

	NEED_LABELS(l);
	labels_plan(l, &plan);
	tree_put(&l->tree, "srv/d0/0", "grown since\n");
	tree_put(&l->tree, "usr/d0/4", "evil\n");
	tree_set(&l->tree, "srv/d0/1", TREE_IMA, span_of("\x01somebody's else's hash"));
	assert_int_equal(unlinkat(l->tree.fd, "srv/d0/6", 0), 0);
	assert_int_equal(unlinkat(l->tree.fd, "srv/d0/7", 0), 0);
	tree_folder(&l->tree, "srv/d0/7");
	ctx = labels_begin(l, 0);
	run(l, &ctx, &plan, &r);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.conflicts, 4);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.failure.id, DIAG_PLAN_STALE);
	assert_true(tree_has_hash(&l->tree, "srv/d0/0", "grown since\n"));
	assert_false(tree_has_label(&l->tree, "usr/d0/4"));
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_false(tree_has_label(&l->tree, "srv/d0/0"));
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return -1;
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	return close(fd);
}

/* Somebody writes when the label is about to be set, or at that very moment. */
static int write_first(const char *path, const char *name, const void *value, size_t size)
{
	hook = NULL; /* the first file only */
	assert_int_equal(write_to(path, "more"), 0);
	return __real_setxattr(path, name, value, size, 0);
}

static void test_apply__changed_while_it_was_set(void **state)
{
	struct labels *l = *state;
	struct change_result r;

	NEED_LABELS(l);
	hook = write_first;
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.conflicts, 1);
	assert_false(
		tree_has_label(&l->tree, "srv/d0/0")); /* none, rather than a wrong one */
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
}

/* Written to after it was read and before its batch is taken. */
static void change_one(void *user, const struct change_progress *p)
{
	struct labels *l = user;

	if (p->event == CHANGE_STEP &&
	    strcmp(p->plan->steps[p->step].path, "srv/d0/0") == 0)
		tree_put(&l->tree, "srv/d0/12", "written meanwhile");
}

static void test_apply__changed_after_it_was_read(void **state)
{
	struct labels *l = *state;
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;

	NEED_LABELS(l);
	labels_plan(l, &plan);
	ctx = labels_begin(l, 0);
	ctx.progress = change_one;
	ctx.user = l;
	run(l, &ctx, &plan, &r);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.conflicts, 1);
	assert_int_equal(r.taken, 15);
	assert_false(tree_has_label(&l->tree, "srv/d0/12"));
}

static int no_space(const char *path, const char *name, const void *value, size_t size)
{
	if (((const uint8_t *)value)[0] != 3)
		return __real_setxattr(path, name, value, size, 0);
	errno = ENOSPC;
	return -1;
}

/* Signatures find no room, hashes do: each for itself. */
static void test_apply__no_room_for_some(void **state)
{
	struct labels *l = *state;
	struct change_result r;

	NEED_LABELS(l);
	hook = no_space;
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.failed, 8);
	assert_int_equal(r.taken, 8);
	assert_int_equal(r.failure.err, ENOSPC);
	assert_false(tree_has_label(&l->tree, "usr/d0/4"));
	hook = NULL; /* when there is room again */
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, 8);
	labels_assert_right(l, "when there was room");
}

/* Made immutable after the plan was made. */
static void test_apply__immutable(void **state)
{
	struct labels *l = *state;
	int flags = FS_IMMUTABLE_FL, fd;
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;

	NEED_LABELS(l);
	labels_plan(l, &plan);
	fd = openat(l->tree.fd, "srv/d0/0", O_RDONLY | O_CLOEXEC);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0) {
		print_message("not tried: chattr +i is not possible here\n");
		close(fd);
		relabel_done(&plan);
		skip();
	}
	ctx = labels_begin(l, 0);
	run(l, &ctx, &plan, &r);
	assert_int_equal(r.failed, 1);
	assert_int_equal(r.taken, 15);
	assert_non_null(strstr(r.failure.text, "immutable"));
	labels_plan(l, &plan);
	assert_int_equal(plan.reasons[RELABEL_IMMUTABLE].files, 1);
	assert_int_equal(plan.plan.n, 0);
	relabel_done(&plan);
	flags = 0;
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	close(fd);
}

/* Open for writing: labelled as it is, and said. */
static void test_apply__open_for_writing(void **state)
{
	struct labels *l = *state;
	struct change_result r;
	int fd;

	NEED_LABELS(l);
	fd = openat(l->tree.fd, "srv/d0/0", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(l->act.counts.being_written, 1);
	labels_assert_right(l, "open for writing");
	close(fd);
}

static void test_apply__signs_with_the_key_only(void **state)
{
	struct labels *l = *state;
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;

	NEED_LABELS(l);
	labels_plan(l, &plan);
	ctx = labels_begin(l, 0);
	l->act.key = NULL;
	run(l, &ctx, &plan, &r);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.failed, 8);
	assert_int_equal(r.failure.id, DIAG_LABEL_KEY);
	assert_int_equal(r.taken, 8);
}

/* This machine's kernel does not label what is opened: after some tries that is plain, and
 * all is written here. */
static void test_apply__by_a_kernel_that_does_not(void **state)
{
	static const char *const paths[] = {"srv"};
	struct labels *l = *state;
	struct relabel_opts opts = {.scope = SCOPE_NAMED,
				    .paths = paths,
				    .n_paths = 1,
				    .alg = HASH_SHA256,
				    .by_kernel = true};
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;
	char name[32];

	NEED_LABELS(l);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "srv/more-%02d", i);
		tree_put(&l->tree, name, name);
	}
	assert_int_equal(relabel_plan(l->tree.pool, &l->tree.root, NULL, &opts, NULL,
				      &plan, NULL),
			 0);
	ctx = labels_begin(l, 4);
	run(l, &ctx, &plan, &r);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, 28);
	assert_int_equal(l->act.counts.by_kernel, 0);
	assert_in_range(l->act.counts.not_reached, 8, 11);
	assert_true(tree_has_hash(&l->tree, "srv/d0/0", "contents of file 0\n"));
	assert_true(tree_has_hash(&l->tree, "srv/d0/1", "contents of file 1\n"));
	assert_true(tree_has_hash(&l->tree, "srv/more-19", "srv/more-19"));
}

/* What somebody has labelled or replaced since is left alone; a file that is gone has no
 * label to take back. */
static void test_undo__leaves_alone_what_changed_since(void **state)
{
	struct labels *l = *state;
	struct change_result r;

	NEED_LABELS(l);
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	tree_set(&l->tree, "srv/d0/0", TREE_IMA, span_of("\x01somebody else's hash"));
	assert_int_equal(unlinkat(l->tree.fd, "srv/d0/1", 0), 0);
	tree_put(&l->tree, "srv/d0/6", "other contents, the same label");
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.conflicts, 1);
	assert_int_equal(r.taken, 14);
	assert_int_equal(r.kept, 1);
	assert_true(tree_has_label(&l->tree, "srv/d0/0"));
	assert_false(tree_has_label(&l->tree, "srv/d0/6"));
}

/* Whoever may rename a folder can put a link there: nothing is done where it leads, and it
 * holds up nothing. */
static void test_undo__a_folder_has_become_a_link(void **state)
{
	struct labels *l = *state;
	struct change_result r;

	NEED_LABELS(l);
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(renameat(l->tree.fd, "srv/d0", l->tree.fd, "moved"), 0);
	assert_int_equal(symlinkat("../moved", l->tree.fd, "srv/d0"), 0);
	assert_true(tree_has_label(&l->tree, "moved/0"));
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_true(r.kept > 0 && r.taken > 0);
	assert_true(tree_has_label(&l->tree, "moved/0"));
}

/* What is not mounted is there again one day, and so is the way back. */
static void test_undo__nothing_is_there(void **state)
{
	struct labels *l = *state;
	struct change_result r;

	NEED_LABELS(l);
	assert_int_equal(labels_apply(l, 0, &r, NULL), 0);
	assert_int_equal(renameat(l->tree.fd, "srv", l->tree.fd, "away"), 0);
	assert_int_equal(renameat(l->tree.fd, "usr", l->tree.fd, "away-too"), 0);
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.failure.id, DIAG_UNDO_CONFLICT);
	assert_int_equal(renameat(l->tree.fd, "away", l->tree.fd, "srv"), 0);
	assert_int_equal(renameat(l->tree.fd, "away-too", l->tree.fd, "usr"), 0);
	undo(l, r.id, &r);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_int_equal(r.kept, 0);
	assert_false(tree_has_label(&l->tree, "srv/d0/0"));
}

static void note_read(void *user, const struct relabel_progress *p)
{
	*(uint64_t *)user += p->bytes;
}

/* Labels everything, and gives the bytes that a plan reads then. */
static uint64_t read_afterwards(struct labels *l, struct grain grain)
{
	static const char *const paths[] = {"usr", "srv"};
	struct relabel_opts opts = {.scope = SCOPE_NAMED,
				    .paths = paths,
				    .n_paths = 2,
				    .alg = HASH_SHA256,
				    .key = l->key};
	uint64_t bytes = 0;
	struct relabel_watch watch = {.progress = note_read, .user = &bytes};
	struct known *known = NULL;
	struct change_ctx ctx;
	struct change_result r;
	struct relabel plan;

	assert_int_equal(known_load(&l->tree.root, &known, NULL), 0);
	assert_int_equal(relabel_plan(l->tree.pool, &l->tree.root, known, &opts, NULL,
				      &plan, NULL),
			 0);
	ctx = labels_begin(l, 0);
	l->act.known = known;
	l->act.grain = grain;
	run(l, &ctx, &plan, &r);
	assert_int_equal(relabel_plan(l->tree.pool, &l->tree.root, known, &opts, &watch,
				      &plan, NULL),
			 0);
	assert_int_equal(plan.plan.n, 0);
	assert_int_equal(plan.reasons[RELABEL_RIGHT_HASH].files, 12);
	assert_int_equal(plan.reasons[RELABEL_RIGHT_SIGNATURE].files, 8);
	relabel_done(&plan);
	known_free(known);
	return bytes;
}

/* What was set is known to be right the next time, without being read. */
static void test_apply__is_known_afterwards(void **state)
{
	struct labels *l = *state;
	struct grain grain = grain_try(l->tree.fd);

	NEED_LABELS(l);
	if (!grain.finer)
		skip();
	sleep(4); /* until those that were right from the start are old enough */
	assert_int_equal(read_afterwards(l, grain), 0);
}

/* But not where a change in the tick in which it was set would not show. */
static void test_apply__by_ticks_is_read_once_more(void **state)
{
	struct labels *l = *state;

	NEED_LABELS(l);
	assert_true(read_afterwards(l, (struct grain){0}) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_apply__every_sort_and_back),
		TEST(test_apply__what_changed_since_the_plan),
		TEST(test_apply__changed_while_it_was_set),
		TEST(test_apply__changed_after_it_was_read),
		TEST(test_apply__no_room_for_some),
		TEST(test_apply__immutable),
		TEST(test_apply__open_for_writing),
		TEST(test_apply__signs_with_the_key_only),
		TEST(test_apply__by_a_kernel_that_does_not),
		TEST(test_undo__leaves_alone_what_changed_since),
		TEST(test_undo__a_folder_has_become_a_link),
		TEST(test_undo__nothing_is_there),
		TEST(test_apply__is_known_afterwards),
		TEST(test_apply__by_ticks_is_read_once_more),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
