/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power cuts. The system calls of a change are recorded; then, for a cut after each of
 * them, a disk is made on which everything that was synced is there, and of the rest
 * nothing, all, or some: names without content, content without names, later renames
 * without earlier ones. From that disk the change is finished or taken back.
 *
 * The model is harsher than a journalling file system: what is not synced may be lost or
 * kept in any combination, whatever its order was.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/act-rename.h"
#include "core/base/cleanup.h"
#include "tests/fault/scenario.h"
#include "tests/fault/shim.h"

enum luck {
	ALL_LOST,
	ALL_KEPT,
	MIXED,
};

enum way {
	FINISH,
	TAKE_BACK,
};

static struct scenario recorded;
static size_t run_ends; /* calls of the run; those of the undo follow */
static char *state_before, *state_after;

/* The disks made here are copies, with other inode numbers; a rename remembers its file
 * by that number. So the tests' rename does not: type u8 u32, inode u64, for both names.
 */
static int probe_copy(const struct action_env *env, const struct plan_step *step,
		      struct strbuf *out, struct diag *reterr)
{
	size_t at = out->len;
	int r = act_rename_ops.probe(env, step, out, reterr);

	if (r == 0) {
		assert_int_equal(out->len - at, 26);
		memset(out->ptr + at + 5, 0, 8);
		memset(out->ptr + at + 18, 0, 8);
	}
	return r;
}

static struct action_ops rename_ops;
static struct action rename_row;
static const struct action *rows[_ACTION_MAX];
static const struct action_set set = {rows, _ACTION_MAX};

static void make_set(void)
{
	rename_ops = act_rename_ops;
	rename_ops.probe = probe_copy;
	rename_row = *action_base(ACTION_RENAME);
	rename_row.ops = &rename_ops;
	for (size_t i = 0; i < _ACTION_MAX; i++)
		rows[i] =
			i == ACTION_RENAME ? &rename_row : action_base((enum action_id)i);
}

static void plan_for_copies(struct scenario *s, struct plan *plan)
{
	struct action_env env = {.root = &s->root};

	scenario_plan(s, plan);
	for (size_t i = 0; i < plan->n; i++) {
		_cleanup_strbuf_ struct strbuf now = {0};
		struct plan_step *step = &plan->steps[i];

		if (step->action != action_base(ACTION_RENAME))
			continue;
		step->action = &rename_row;
		if (step->follows)
			continue;
		assert_int_equal(rename_ops.probe(&env, step, &now, NULL), 0);
		action_fingerprint(&rename_row,
				   (struct span){(uint8_t *)now.ptr, now.len},
				   step->before);
	}
}

static struct change_ctx ctx_of(struct scenario *s)
{
	struct change_ctx ctx = scenario_ctx(s);

	ctx.actions = &set;
	return ctx;
}

static char *look(const struct scenario *s, bool times)
{
	struct strbuf b = {0};

	scenario_look(s, &b, times);
	return strbuf_take(&b);
}

static bool in_folder(const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	return strlen(folder) == len && memcmp(path, folder, len) == 0;
}

/* Did a sync after call @i, before the cut, bring it to disk? Names are brought there by
 * a sync of their folder (a rename needs both), contents by one of their file. */
static bool synced(const struct shim_op *ops, size_t i, size_t cut, bool name)
{
	bool from = false, to = !ops[i].other || ops[i].type != SHIM_RENAME;

	for (size_t k = i + 1; k < cut; k++) {
		if (ops[k].type == SHIM_SYNCFS)
			return true;
		if (ops[k].type != SHIM_FSYNC)
			continue;
		if (!name && strcmp(ops[k].path, ops[i].path) == 0)
			return true;
		from |= name && in_folder(ops[i].path, ops[k].path);
		to |= name && ops[i].other && in_folder(ops[i].other, ops[k].path);
	}
	return name && from && to;
}

static bool lucky(enum luck luck, unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return luck == ALL_KEPT || (luck == MIXED && *seed >> 30 & 1);
}

/* The recorded path on the disk that is made. */
static const char *there(const struct scenario *s, const char *path, char buf[512])
{
	size_t len = strlen(recorded.dir);

	assert_memory_equal(path, recorded.dir, len);
	(void)snprintf(buf, 512, "%s%s", s->dir, path + len);
	return buf;
}

/* Where in its file a write began: all writes are appends to a new file. */
static off_t offset_of(const struct shim_op *ops, size_t i)
{
	off_t at = 0;

	for (size_t k = 0; k < i; k++) {
		if (!ops[k].path || strcmp(ops[k].path, ops[i].path) != 0)
			continue;
		if (ops[k].type == SHIM_CREATE)
			at = 0;
		else if (ops[k].type == SHIM_WRITE)
			at += (off_t)ops[k].len;
	}
	return at;
}

static void put_write(const char *path, const struct shim_op *op, off_t at)
{
	_cleanup_close_ int fd = open(path, O_WRONLY);

	if (fd >= 0)
		assert_int_equal(pwrite(fd, op->data, op->len, at), op->len);
}

static void put_attribute(const char *path, const struct shim_op *op)
{
	if (op->data)
		(void)setxattr(path, op->other, op->data, op->len, 0);
	else
		(void)removexattr(path, op->other);
}

static void put_meta(const char *path, const struct shim_op *op)
{
	struct timespec times[2];

	if (!op->data) {
		(void)chmod(path, op->arg);
		return;
	}
	memcpy(times, op->data, sizeof(times));
	(void)utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

/* Whatever fails here fails because something before it was lost. */
static void replay(const struct scenario *s, const struct shim_op *ops, size_t i)
{
	char path[512], other[512];
	const struct shim_op *op = &ops[i];
	int fd;

	if (op->path)
		(void)there(s, op->path, path);
	switch (op->type) {
	case SHIM_CREATE:
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd >= 0)
			(void)close(fd);
		break;
	case SHIM_WRITE:
		put_write(path, op, offset_of(ops, i));
		break;
	case SHIM_MKDIR:
		(void)mkdir(path, op->arg);
		break;
	case SHIM_SYMLINK:
		if (symlink(op->other, path) < 0 && errno != EEXIST)
			assert_int_equal(errno, ENOENT);
		break;
	case SHIM_RENAME:
		(void)rename(path, there(s, op->other, other));
		break;
	case SHIM_UNLINK:
		(void)unlinkat(AT_FDCWD, path, (int)op->arg);
		break;
	case SHIM_XATTR:
		put_attribute(path, op);
		break;
	case SHIM_META:
		put_meta(path, op);
		break;
	case SHIM_FSYNC:
	case SHIM_SYNCFS:
		break;
	}
}

static bool is_name(enum shim_type type)
{
	return type == SHIM_CREATE || type == SHIM_MKDIR || type == SHIM_SYMLINK ||
	       type == SHIM_RENAME || type == SHIM_UNLINK;
}

static void make_disk(struct scenario *s, size_t cut, enum luck luck, unsigned seed)
{
	size_t n;
	const struct shim_op *ops = shim_ops(&n);

	scenario_new(s);
	for (size_t i = 0; i < cut; i++)
		if (ops[i].path && synced(ops, i, cut, is_name(ops[i].type)))
			replay(s, ops, i);
		else if (ops[i].path && lucky(luck, &seed))
			replay(s, ops, i);
	scenario_reopen(s);
}

static void settle(struct scenario *s, enum way way, size_t cut, enum luck luck)
{
	_cleanup_free_ char *now = NULL, *exact = NULL;
	struct change_ctx ctx = ctx_of(s);
	struct change_result r;
	unsigned open = 0;
	struct diag d = {0};
	int ran = 0;

	assert_int_equal(change_find_open(&s->root, ROOT_STATE, &open, &d), 0);
	if (open)
		ran = way == FINISH ? change_resume(&ctx, open, &r, &d)
				    : change_undo(&ctx, open, false, &r, &d);
	if (ran < 0)
		fail_msg("cut %zu, luck %d: %s", cut, luck, d.text);
	if (open && r.outcome != (way == FINISH ? CHANGE_DONE : CHANGE_UNDONE))
		fail_msg("cut %zu, luck %d: %s: %s", cut, luck,
			 change_outcome_name(r.outcome), r.failure.text);
	now = look(s, false);
	exact = look(s, true);
	if (open && way == FINISH)
		assert_string_equal(now, state_after);
	else if (open || strcmp(now, state_after) != 0)
		assert_string_equal(exact, state_before);
}

static void test_cut__during_a_change(void **state)
{
	unsigned mixes = getenv("IMACTL_LONG") ? 40 : 2;
	struct scenario s;

	for (size_t cut = 0; cut <= run_ends; cut++) {
		for (unsigned luck = ALL_LOST; luck < MIXED + mixes; luck++) {
			enum luck l = luck < MIXED ? (enum luck)luck : MIXED;

			make_disk(&s, cut, l, (unsigned)cut * 977 + luck);
			settle(&s, (cut + luck) % 2 ? FINISH : TAKE_BACK, cut, l);
			scenario_done(&s);
		}
	}
}

static void test_cut__during_an_undo(void **state)
{
	unsigned mixes = getenv("IMACTL_LONG") ? 40 : 2;
	struct scenario s;
	size_t n;

	(void)shim_ops(&n);
	for (size_t cut = run_ends; cut <= n; cut++) {
		for (unsigned luck = ALL_LOST; luck < MIXED + mixes; luck++) {
			_cleanup_free_ char *exact = NULL;
			struct change_ctx ctx;
			struct change_result r;
			struct diag d = {0};

			make_disk(&s, cut, luck < MIXED ? (enum luck)luck : MIXED,
				  (unsigned)cut * 977 + luck);
			ctx = ctx_of(&s);
			if (change_undo(&ctx, 1, false, &r, &d) < 0)
				fail_msg("cut %zu, luck %u: %s", cut, luck, d.text);
			exact = look(&s, true);
			assert_string_equal(exact, state_before);
			scenario_done(&s);
		}
	}
}

/* The run and its undo, recorded in one go. */
static int setup(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_ctx ctx;

	make_set();
	scenario_new(&recorded);
	ctx = ctx_of(&recorded);
	state_before = look(&recorded, true);
	plan_for_copies(&recorded, &plan);
	plan_hash(&plan, hash);
	shim_set(SHIM_RECORD, 0, 0);
	assert_int_equal(change_run(&ctx, &plan, hash, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	shim_set(SHIM_OFF, 0, 0);
	(void)shim_ops(&run_ends);
	state_after = look(&recorded, false);
	shim_set(SHIM_RECORD, 0, 0);
	assert_int_equal(change_undo(&ctx, r.id, false, &r, NULL), 0);
	shim_set(SHIM_OFF, 0, 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	return 0;
}

static int teardown(void **state)
{
	scenario_done(&recorded);
	shim_forget();
	free(state_before);
	free(state_after);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut__during_a_change),
		cmocka_unit_test(test_cut__during_an_undo),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
