/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "core/base/lock.h"
#include "tests/fault/scenario.h"

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct scenario));
	scenario_new(*state);
	return 0;
}

static int teardown(void **state)
{
	scenario_done(*state);
	free(*state);
	return 0;
}

static struct plan_spec at(const char *path)
{
	return (struct plan_spec){.path = path, .danger = PLAN_REVERSIBLE};
}

static char *look(struct scenario *s, bool times)
{
	struct strbuf b = {0};

	scenario_look(s, &b, times);
	return strbuf_take(&b);
}

static void scribble(struct scenario *s, const char *name, const char *text)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void test_run__everything_and_back(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_free_ char *before = look(s, true), *after = NULL, *undone = NULL;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct diag d = {0};

	scenario_plan(s, &plan);
	if (scenario_run(s, &plan, &r, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, plan.n);
	after = look(s, false);
	assert_string_equal(after, "etc/gen 040750 0\n"
				   "etc/gen/more 100644 0 [m]\n"
				   "etc/gen/policy 100644 0 [q]\n"
				   "etc/good 120777 0 -> gen/7\n"
				   "etc/ima 040755 0\n"
				   "etc/ima/ima-policy 100640 0 user.kept=old "
				   "[appraise func=BPRM_CHECK\n]\n"
				   "etc/ima/new 100644 0 user.later=1 [new\n]\n"
				   "etc/ima/to 100600 0 [renamed]\n"
				   "etc/labelled 100600 0 user.label=sig [x]\n"
				   "etc/unchanged 100600 0 [left alone]\n");
	assert_int_equal(change_undo(&ctx, r.id, false, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	undone = look(s, true);
	assert_string_equal(undone, before);
	assert_int_equal(change_undo(&ctx, r.id, false, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_NOTHING);
	assert_int_equal(change_resume(&ctx, r.id, &r, &d), -EINVAL);
	assert_int_equal(change_undo(&ctx, 99, false, &r, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_CHANGE);
}

static void test_run__only_the_plan_that_was_confirmed(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_free_ char *before = look(s, true), *now = NULL;
	_cleanup_plan_ struct plan plan = {0};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d;

	scenario_plan(s, &plan);
	assert_int_equal(change_run(&ctx, &plan, NULL, &r, &d), -ECANCELED);
	assert_int_equal(d.id, DIAG_NOT_CONFIRMED);
	plan_hash(&plan, hash);
	hash[31] ^= 1;
	assert_int_equal(change_run(&ctx, &plan, hash, &r, &d), -ECANCELED);
	now = look(s, true);
	assert_string_equal(now, before);
	assert_int_equal(s->root.dir[ROOT_STATE], -1); /* not even a journal */
}

static void test_run__refused_when_the_world_changed(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct journal_entry *list = NULL;
	struct change_result r;
	struct diag d;

	scenario_plan(s, &plan);
	scribble(s, "etc/old.conf", "somebody else");
	assert_int_equal(scenario_run(s, &plan, &r, &d), -ESTALE);
	assert_int_equal(d.id, DIAG_PLAN_STALE);
	assert_non_null(strstr(d.text, "/etc/old.conf"));
	assert_int_equal(journal_list(&s->root, ROOT_STATE, &list, &d), 0);
	free(list);
}

static void test_run__nothing_to_do(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("etc/good"), b = at("etc/missing"), c = at("etc/ima");
	struct change_result r;

	assert_int_equal(plan_init(&plan, "nothing", NULL), 0);
	assert_int_equal(act_file_symlink(&plan, &s->root, &a, "gen/6", NULL), 0);
	assert_int_equal(act_file_remove(&plan, &s->root, &b, NULL), 0);
	assert_int_equal(act_folder_make(&plan, &s->root, &c, 0700, NULL), 0);
	assert_int_equal(scenario_run(s, &plan, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_NOTHING);
	assert_int_equal(r.id, 0);
}

/* The last step cannot be taken: a folder that is not empty. All others come back. */
static void test_run__a_failing_step_takes_all_back(void **state)
{
	struct scenario *s = *state;
	_cleanup_free_ char *before = look(s, true), *now = NULL;
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("etc/ima");
	struct change_result r;
	struct diag d;

	scenario_plan(s, &plan);
	assert_int_equal(act_folder_remove(&plan, &s->root, &a, &d), 1);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_ROLLED_BACK);
	assert_int_equal(r.failure.id, DIAG_WRITE);
	now = look(s, true);
	assert_string_equal(now, before);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0); /* nothing is left open */
	assert_int_equal(r.id, 2);
}

static void test_run__keep_going_counts(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_free_ char *before = look(s, true), *now = NULL;
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("etc/ima"), b = at("etc/labelled");
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;

	assert_int_equal(plan_init(&plan, "some", NULL), 0);
	assert_int_equal(act_folder_remove(&plan, &s->root, &a, NULL), 1);
	assert_int_equal(act_xattr_set(&plan, &s->root, &b, "user.label", span_of("v"),
				       NULL),
			 1);
	ctx.keep_going = true;
	plan_hash(&plan, hash);
	assert_int_equal(change_run(&ctx, &plan, hash, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.taken, 1);
	assert_int_equal(r.failed, 1);
	assert_int_equal(change_undo(&ctx, r.id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	now = look(s, true);
	assert_string_equal(now, before);
}

static bool stop_at_second(void *user)
{
	return ++*(int *)user == 2;
}

static void test_run__stopped_is_resumed_or_undone(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_free_ char *before = look(s, true), *now = NULL;
	_cleanup_plan_ struct plan plan = {0};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d;
	int asked = 0;

	scenario_plan(s, &plan);
	plan_hash(&plan, hash);
	ctx.stop = stop_at_second;
	ctx.user = &asked;
	assert_int_equal(change_run(&ctx, &plan, hash, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_STOPPED);
	assert_true(r.taken > 0 && r.taken < plan.n);
	assert_int_equal(scenario_run(s, &plan, &r, &d), -EBUSY); /* one at a time */
	assert_int_equal(d.id, DIAG_CHANGE_OPEN);
	ctx.stop = NULL;
	assert_int_equal(change_resume(&ctx, 1, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, plan.n);
	assert_int_equal(change_undo(&ctx, 1, false, &r, &d), 0);
	now = look(s, true);
	assert_string_equal(now, before);
}

static void test_undo__leaves_alone_what_changed_since(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_free_ char *before = look(s, true), *now = NULL;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct diag d;

	scenario_plan(s, &plan);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0);
	scribble(s, "etc/ima/ima-policy", "edited by hand\n");
	assert_int_equal(change_undo(&ctx, r.id, false, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.conflicts, 1);
	assert_int_equal(r.failure.id, DIAG_UNDO_CONFLICT);
	now = look(s, false);
	assert_non_null(strstr(now, "[edited by hand\n]"));
	assert_non_null(strstr(now, "-> gen/6"));
	assert_int_equal(change_undo(&ctx, r.id, true, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	free(now);
	now = look(s, true);
	assert_string_equal(now, before);
}

static void test_undo__says_what_has_no_undo(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf said = {0};
	struct plan_spec a = at("etc/labelled");
	struct change_result r;
	struct diag d;

	a.irreversible = "the kernel takes one policy per boot";
	assert_int_equal(plan_init(&plan, "one way", NULL), 0);
	assert_int_equal(act_xattr_set(&plan, &s->root, &a, "user.label", span_of("v"),
				       &d),
			 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0);
	change_result_format(&said, &r);
	assert_string_equal(strbuf_str(&said),
			    "Done: change 1, 1 step. It cannot be taken back.\n");
	assert_int_equal(change_undo(&ctx, r.id, true, &r, &d), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.failure.id, DIAG_NO_UNDO);
	assert_non_null(strstr(r.failure.text, "one policy per boot"));
}

/* A program that does not obey: the attribute is another one when it is read back. */
static int lie(const struct action_env *env, const struct plan_step *step,
	       struct span state, struct diag *reterr)
{
	return 0;
}

static void test_run__what_does_not_read_back_failed(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	struct action_ops ops = act_xattr_ops;
	struct action liar = {"liar", "lie about", ACTION_SYNC_LATER, &ops};
	const struct action *rows[] = {&liar};
	struct action_set set = {rows, 1, NULL};
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("etc/labelled");
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;

	ops.apply = lie;
	assert_int_equal(plan_init(&plan, "lie", NULL), 0);
	assert_int_equal(act_xattr_set(&plan, &s->root, &a, "user.label", span_of("v"),
				       NULL),
			 1);
	plan.steps[0].action = &liar;
	plan_hash(&plan, hash);
	ctx.actions = &set;
	assert_int_equal(change_run(&ctx, &plan, hash, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_ROLLED_BACK);
	assert_int_equal(r.failure.id, DIAG_NOT_TAKEN);
}

/* Attributes whose values are known only when their turn comes. */
struct late {
	struct action_ops ops;
	struct action row;
	const struct action *rows[1];
	struct action_set set;
	/* last letters of the names, in order */
	char announced[32], resolved[32], begun[32];
	size_t most;	   /* announced and not resolved */
	const char *stale; /* does not fit any more */
};

static void note(char *list, const struct plan_step *step)
{
	size_t n = strlen(list);

	assert_true(n < 31);
	list[n] = step->arg[strlen(step->arg) - 1];
}

static void late_ahead(const struct action_env *env, const struct plan_step *step)
{
	note(((struct late *)env->data)->announced, step);
}

static void late_begin(const struct action_env *env, const struct plan_step *step,
		       struct span state)
{
	assert_true(span_equal(state, step->after));
	note(((struct late *)env->data)->begun, step);
}

static int late_resolve(const struct action_env *env, const struct plan_step *step,
			struct span now, struct strbuf *out, struct diag *reterr)
{
	struct late *late = env->data;
	uint8_t found[PLAN_HASH_SIZE];

	note(late->resolved, step);
	if (strlen(late->announced) - strlen(late->resolved) > late->most)
		late->most = strlen(late->announced) - strlen(late->resolved);
	action_fingerprint(step->action, now, found);
	if (memcmp(found, step->before, sizeof(found)) != 0 ||
	    (late->stale && strcmp(late->stale, step->arg) == 0))
		return diag_set(reterr, DIAG_PLAN_STALE, ESTALE, "%s no longer fits.",
				step->arg);
	strbuf_add(out, step->after.ptr, step->after.len);
	return 0;
}

static void late_new(struct late *late)
{
	*late = (struct late){.ops = act_xattr_ops};
	late->ops.resolve = late_resolve;
	late->ops.ahead = late_ahead;
	late->ops.begin = late_begin;
	late->row = (struct action){"late", "set", ACTION_SYNC_LATER | ACTION_BULK,
				    &late->ops};
	late->rows[0] = &late->row;
	late->set = (struct action_set){late->rows, 1, NULL};
}

static void late_set(struct late *late, struct change_ctx *ctx)
{
	ctx->actions = &late->set;
	ctx->data = late;
	ctx->ahead = 2;
	ctx->keep_going = true;
}

/* user.a to user.f, of etc/labelled. */
static void late_plan(struct scenario *s, struct late *late, struct plan *plan)
{
	struct plan_spec a = at("etc/labelled");
	char name[] = "user.a";

	late_new(late);
	assert_int_equal(plan_init(plan, "late", NULL), 0);
	for (; name[5] <= 'f'; name[5]++) {
		assert_int_equal(act_xattr_set(plan, &s->root, &a, name, span_of("v"),
					       NULL),
				 1);
		plan->steps[plan->n - 1].action = &late->row;
		free(take_ptr(plan->steps[plan->n - 1].line));
	}
}

static void label(struct scenario *s, const char *name, const char *value)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/etc/labelled", s->dir);
	assert_int_equal(setxattr(path, name, value, strlen(value), 0), 0);
}

static bool labelled(struct scenario *s, const char *name, const char *value)
{
	char path[128], now[16];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/etc/labelled", s->dir);
	n = getxattr(path, name, now, sizeof(now));
	return n == (ssize_t)strlen(value) && memcmp(now, value, (size_t)n) == 0;
}

static struct change_result late_run(struct scenario *s, struct late *late,
				     struct plan *plan)
{
	struct change_ctx ctx = scenario_ctx(s);
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;

	late_set(late, &ctx);
	plan_hash(plan, hash);
	assert_int_equal(change_run(&ctx, plan, hash, &r, NULL), 0);
	return r;
}

static void late_undo(struct scenario *s, struct late *late, unsigned id)
{
	struct change_ctx ctx = scenario_ctx(s);
	struct change_result r;

	late_set(late, &ctx);
	assert_int_equal(change_undo(&ctx, id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
}

/* Announced at most two ahead and in order, resolved once, each batch as a whole. */
static void test_run__resolves_when_the_turn_comes(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct late late;

	late_plan(s, &late, &plan);
	r = late_run(s, &late, &plan);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, 6);
	assert_string_equal(late.announced, "abcdef");
	assert_string_equal(late.resolved, "abcdef");
	assert_string_equal(late.begun, "abcdef");
	assert_int_equal(late.most, 1);
	assert_true(labelled(s, "user.f", "v"));
	late_undo(s, &late, r.id);
	assert_false(labelled(s, "user.f", "v"));
}

/* One is changed by somebody else after the plan was made, one while the change runs;
 * both are left alone and counted, neither is a reason to stop. */
static void test_run__keep_going_leaves_alone_what_changed(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct late late;

	late_plan(s, &late, &plan);
	label(s, "user.b", "other");
	late.stale = "user.e";
	r = late_run(s, &late, &plan);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.taken, 4);
	assert_int_equal(r.conflicts, 2);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.failure.id, DIAG_PLAN_STALE);
	assert_string_equal(late.begun, "acdf"); /* what is taken, and nothing else */
	assert_true(labelled(s, "user.b", "other"));
	assert_false(labelled(s, "user.e", "v"));
	late_undo(s, &late, r.id);
	assert_true(labelled(s, "user.b", "other"));
}

/* What turns out to be as wanted is not written, and is not taken back either. */
static void test_run__keeps_what_is_as_wanted(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct late late;
	struct journal j;

	late_plan(s, &late, &plan);
	label(s, "user.c", "v");
	action_fingerprint(&late.row, plan.steps[2].after, plan.steps[2].before);
	r = late_run(s, &late, &plan);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(r.taken, 5);
	assert_int_equal(r.kept, 1);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, r.id, &late.set, NULL),
			 0);
	assert_true(j.steps[2].done && !j.steps[2].intent);
	assert_true(span_equal(j.steps[1].wanted, plan.steps[1].after));
	journal_done(&j);
	late_undo(s, &late, r.id);
	assert_true(labelled(s, "user.c", "v"));
}

static void test_plan_format__shows_some_of_very_many(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf b = {0};
	struct plan_spec a = at("etc/labelled");
	struct late late;
	size_t lines = 0;
	char name[16];

	late_new(&late);
	assert_int_equal(plan_init(&plan, "many", NULL), 0);
	for (int i = 1; i <= PLAN_LINES + 1; i++) {
		(void)snprintf(name, sizeof(name), "user.%03d", i);
		assert_int_equal(act_xattr_set(&plan, &s->root, &a, name, span_of("v"),
					       NULL),
				 1);
		plan.steps[plan.n - 1].action = &late.row;
		free(take_ptr(plan.steps[plan.n - 1].line));
	}
	plan_format_steps(&b, &plan, true);
	assert_non_null(
		strstr(strbuf_str(&b), "  1. set /etc/labelled user.001 (1 byte)\n"));
	assert_non_null(strstr(strbuf_str(&b), "  201. set /etc/labelled user.201"));
	assert_non_null(strstr(strbuf_str(&b), "  201 steps, of which 20 are shown\n"));
	for (const char *p = strbuf_str(&b); *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, PLAN_SAMPLE + 1);
}

static void test_plan__never_through_a_link(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("link/new"), b = at("etc/../x"), c = at("etc/good");
	char path[128];
	struct diag d;

	(void)snprintf(path, sizeof(path), "%s/link", s->dir);
	assert_int_equal(symlink("etc", path), 0);
	assert_int_equal(plan_init(&plan, "links", NULL), 0);
	assert_int_equal(act_file_replace(&plan, &s->root, &a, span_of("x"), NULL, &d),
			 -ELOOP);
	assert_int_equal(d.id, DIAG_LINK_ON_WAY);
	assert_int_equal(act_file_replace(&plan, &s->root, &b, span_of("x"), NULL, &d),
			 -EINVAL);
	assert_int_equal(act_xattr_set(&plan, &s->root, &c, "user.x", span_of("x"), &d),
			 -EOPNOTSUPP);
	assert_int_equal(plan.n, 0);
}

static void test_plan__special_files_are_left_alone(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec a = at("etc/pipe");
	char path[128];
	struct diag d;

	(void)snprintf(path, sizeof(path), "%s/etc/pipe", s->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(plan_init(&plan, "pipe", NULL), 0);
	assert_true(act_file_remove(&plan, &s->root, &a, &d) < 0);
	assert_int_equal(d.id, DIAG_NOT_A_FILE);
	assert_true(act_file_replace(&plan, &s->root, &a, span_of("x"), NULL, &d) < 0);
}

static void test_plan__hash_covers_what_is_done(void **state)
{
	struct scenario *s = *state;
	uint8_t hash[3][PLAN_HASH_SIZE];
	static const char *const text[3] = {"a", "a", "b"};

	for (size_t i = 0; i < 3; i++) {
		_cleanup_plan_ struct plan plan = {0};
		struct plan_spec a = at("etc/unchanged");

		a.why = i == 1 ? "other words" : "words";
		assert_int_equal(plan_init(&plan, "t", NULL), 0);
		assert_int_equal(act_file_replace(&plan, &s->root, &a, span_of(text[i]),
						  NULL, NULL),
				 1);
		plan_hash(&plan, hash[i]);
	}
	assert_memory_equal(hash[0], hash[1], PLAN_HASH_SIZE);
	assert_memory_not_equal(hash[0], hash[2], PLAN_HASH_SIZE);
}

/* A signature is made with random numbers: what was read and confirmed is what it says. */
static void test_plan__hash_covers_what_random_bytes_mean(void **state)
{
	struct scenario *s = *state;
	static const char *const text[3] = {"random", "others", "random"};
	static const char *const meaning[3] = {"by me", "by me", "by you"};
	uint8_t hash[3][PLAN_HASH_SIZE], kept[PLAN_HASH_SIZE];

	for (size_t i = 0; i < 3; i++) {
		_cleanup_plan_ struct plan plan = {0}, copy = {0};
		_cleanup_strbuf_ struct strbuf b = {0};
		struct plan_spec a = at("etc/labelled");

		a.meaning = span_of(meaning[i]);
		assert_int_equal(plan_init(&plan, "t", NULL), 0);
		assert_int_equal(act_xattr_set(&plan, &s->root, &a, "user.label",
					       span_of(text[i]), NULL),
				 1);
		plan_hash(&plan, hash[i]);
		plan_pack(&b, &plan);
		assert_int_equal(plan_unpack(strbuf_span(&b), action_base_set(), &copy,
					     NULL),
				 0);
		plan_hash(&copy, kept);
		assert_memory_equal(kept, hash[i], PLAN_HASH_SIZE);
	}
	assert_memory_equal(hash[0], hash[1], PLAN_HASH_SIZE);
	assert_memory_not_equal(hash[0], hash[2], PLAN_HASH_SIZE);
}

static void test_plan_unpack__gives_the_same_plan(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0}, copy = {0};
	_cleanup_strbuf_ struct strbuf b = {0}, text = {0}, again = {0};
	uint8_t hash[2][PLAN_HASH_SIZE];
	struct json j = json_to(&text), k = json_to(&again);
	struct diag d;

	scenario_plan(s, &plan);
	plan_pack(&b, &plan);
	assert_int_equal(plan_unpack((struct span){(uint8_t *)b.ptr, b.len},
				     action_base_set(), &copy, &d),
			 0);
	plan_hash(&plan, hash[0]);
	plan_hash(&copy, hash[1]);
	assert_memory_equal(hash[0], hash[1], PLAN_HASH_SIZE);
	plan_format(&text, &plan, true);
	plan_format(&again, &copy, true);
	plan_json(&j, &plan);
	plan_json(&k, &copy);
	assert_string_equal(strbuf_str(&text), strbuf_str(&again));
	for (size_t len = 0; len < b.len;
	     len++) { /* cut anywhere: refused, nothing leaks */
		struct plan none = {0};

		assert_int_equal(plan_unpack((struct span){(uint8_t *)b.ptr, len},
					     action_base_set(), &none, &d),
				 -EBADMSG);
	}
}

/* A journal on a disk that somebody else wrote. */
static void test_plan_unpack__no_raw_text(void **state)
{
	static const char *const lines[] = {"\033[2Jcleared", "two\nlines", "\xff",
					    "\u202e"};
	struct scenario *s = *state;
	struct diag d;

	for (size_t i = 0; i < array_size(lines); i++) {
		_cleanup_plan_ struct plan plan = {0};
		_cleanup_strbuf_ struct strbuf b = {0};
		struct plan none = {0};
		struct plan_spec a = at("etc/unchanged");

		assert_int_equal(plan_init(&plan, "t", NULL), 0);
		assert_int_equal(act_file_remove(&plan, &s->root, &a, NULL), 1);
		free(plan.steps[0].line);
		plan.steps[0].line = strdup(lines[i]);
		plan_pack(&b, &plan);
		assert_int_equal(plan_unpack((struct span){(uint8_t *)b.ptr, b.len},
					     action_base_set(), &none, &d),
				 -EBADMSG);
	}
}

static void test_plan_format__shows_foreign_names_harmless(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf b = {0};
	struct plan_spec a = at("etc/\033[2J\n\xff");
	struct json j = json_to(&b);

	assert_int_equal(plan_init(&plan, "names", NULL), 0);
	assert_int_equal(act_file_replace(&plan, &s->root, &a, span_of("x"), NULL, NULL),
			 1);
	plan_format(&b, &plan, false);
	assert_non_null(strstr(strbuf_str(&b),
			       "write /etc/\\x1b[2J\\x0a\\xff (nothing -> "
			       "1 B, mode 0644)\n"));
	strbuf_clear(&b);
	plan_json(&j, &plan);
	assert_non_null(
		strstr(strbuf_str(&b), "\"path_hex\":\"2f6574632f1b5b324a0aff\""));
}

/* A damaged part before the last: refused. A damaged last part: counts as never written.
 */
static void test_journal__damage(void **state)
{
	struct scenario *s = *state;
	struct change_ctx ctx = scenario_ctx(s);
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct journal j;
	struct diag d;

	scenario_plan(s, &plan);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, 1, action_base_set(), &d),
			 0);
	assert_int_equal(j.state, JOURNAL_DONE);
	assert_false(j.torn);
	assert_string_equal(j.head.command, "test");
	assert_true(j.next > 2);
	(void)renameat(j.dir, "000002", j.dir, "kept");
	journal_done(&j);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, 1, action_base_set(), &d),
			 -EBADMSG);
	assert_int_equal(d.id, DIAG_JOURNAL_BAD);
	assert_int_equal(change_undo(&ctx, 1, false, &r, &d), -EBADMSG);
}

/* What a forger writes into the plan of a journal. */
static void forged(struct scenario *s, const char *text, enum root_place place,
		   struct journal *ret, int expect, struct diag *ret_diag)
{
	int was = s->root.dir[place];
	_cleanup_plan_ struct plan plan = {0};
	struct plan_spec spec = at("etc/new");
	struct journal j;

	spec.place = place;
	s->root.dir[place] = s->root.dir[ROOT_TARGET];
	assert_int_equal(plan_init(&plan, "forged", NULL), 0);
	assert_int_equal(act_file_replace(&plan, &s->root, &spec, span_of("x"), NULL,
					  NULL),
			 1);
	if (text) {
		free(plan.steps[0].line);
		plan.steps[0].line = strdup(text);
	}
	assert_int_equal(journal_create(&j, &s->root, ROOT_STATE, &plan, "test", NULL),
			 0);
	journal_done(&j);
	s->root.dir[place] = was;
	assert_int_equal(journal_load(ret, &s->root, ROOT_STATE, 1, action_base_set(),
				      ret_diag),
			 expect);
}

static void test_journal__line_of_another_step(void **state)
{
	struct journal j;
	struct diag d;

	forged(*state, "write /etc/newer (nothing -> 1 B)", ROOT_TARGET, &j, 0, &d);
	assert_string_equal(j.plan.steps[0].line, "write /etc/new");
	journal_done(&j);
}

/* The kernel's places are this machine's whatever root was named. */
static void test_journal__leads_out_of_the_root(void **state)
{
	struct journal j;
	struct diag d;

	forged(*state, NULL, ROOT_DEV, &j, -EBADMSG, &d);
	assert_int_equal(d.id, DIAG_JOURNAL_BAD);
}

static void test_journal__of_somebody_else(void **state)
{
	struct scenario *s = *state;
	struct journal j;
	struct diag d;

	forged(s, NULL, ROOT_TARGET, &j, 0, &d);
	assert_int_equal(fchmod(j.dir, 0770), 0);
	journal_done(&j);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, 1, action_base_set(), &d),
			 -EBADMSG);
	assert_int_equal(d.id, DIAG_JOURNAL_BAD);
}

static void test_journal__torn_tail(void **state)
{
	struct scenario *s = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct journal j;
	char name[16];
	unsigned last;
	struct diag d;

	scenario_plan(s, &plan);
	assert_int_equal(scenario_run(s, &plan, &r, &d), 0);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, 1, action_base_set(), &d),
			 0);
	last = j.next - 1;
	(void)snprintf(name, sizeof(name), "%06u", last);
	_cleanup_close_ int fd = openat(j.dir, name, O_WRONLY);
	assert_int_equal(ftruncate(fd, 30), 0);
	journal_done(&j);
	assert_int_equal(journal_load(&j, &s->root, ROOT_STATE, 1, action_base_set(), &d),
			 0);
	assert_true(j.torn);
	assert_int_equal(j.next, last);
	journal_done(&j);
}

static void test_lock__one_holder(void **state)
{
	struct scenario *s = *state;
	struct diag d;
	int first = lock_take(&s->root, ROOT_STATE, "label apply", &d), second;

	assert_true(first >= 0);
	second = lock_take(&s->root, ROOT_STATE, "other", &d);
	assert_int_equal(second, -EBUSY);
	assert_int_equal(d.id, DIAG_BUSY);
	assert_non_null(strstr(d.text, "label apply"));
	lock_drop(first);
	second = lock_take(&s->root, ROOT_STATE, "other", &d);
	assert_true(second >= 0);
	lock_drop(second);
}

/* The holder ends without a word; its name stays behind, the lock does not. */
static void test_lock__never_stale(void **state)
{
	struct scenario *s = *state;
	pid_t pid = fork();
	int status, fd;

	if (pid == 0)
		_exit(lock_take(&s->root, ROOT_STATE, "dies", NULL) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	scenario_reopen(s);
	fd = lock_take(&s->root, ROOT_STATE, "next", NULL);
	assert_true(fd >= 0);
	lock_drop(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_run__everything_and_back),
		TEST(test_run__only_the_plan_that_was_confirmed),
		TEST(test_run__refused_when_the_world_changed),
		TEST(test_run__nothing_to_do),
		TEST(test_run__a_failing_step_takes_all_back),
		TEST(test_run__keep_going_counts),
		TEST(test_run__stopped_is_resumed_or_undone),
		TEST(test_run__what_does_not_read_back_failed),
		TEST(test_run__resolves_when_the_turn_comes),
		TEST(test_run__keep_going_leaves_alone_what_changed),
		TEST(test_run__keeps_what_is_as_wanted),
		TEST(test_plan_format__shows_some_of_very_many),
		TEST(test_undo__leaves_alone_what_changed_since),
		TEST(test_undo__says_what_has_no_undo),
		TEST(test_plan__never_through_a_link),
		TEST(test_plan__special_files_are_left_alone),
		TEST(test_plan__hash_covers_what_is_done),
		TEST(test_plan__hash_covers_what_random_bytes_mean),
		TEST(test_plan_unpack__gives_the_same_plan),
		TEST(test_plan_unpack__no_raw_text),
		TEST(test_plan_format__shows_foreign_names_harmless),
		TEST(test_journal__damage),
		TEST(test_journal__line_of_another_step),
		TEST(test_journal__leads_out_of_the_root),
		TEST(test_journal__of_somebody_else),
		TEST(test_journal__torn_tail),
		TEST(test_lock__one_holder),
		TEST(test_lock__never_stale),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
