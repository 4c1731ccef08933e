/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks beside the Files screen, on a tree of real files. */
#include "tests/unit/test.h"

#include "tests/unit/tree.h"
#include "tui/filetext.h"
#include "tui/filework.h"

struct box {
	struct tree tree;
	struct tui_config config;
	struct filework work;
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	tree_make(&b->tree);
	tree_folder(&b->tree, "srv/deep");
	b->config.root = &b->tree.root;
	filework_init(&b->work, &b->config, b->tree.pool);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	b->tree.pool = pool_free(b->tree.pool);
	filework_done(&b->work);
	tree_done(&b->tree);
	free(b);
	return 0;
}

static void finish(struct box *b, struct filework_result *ret)
{
	pool_drain(b->tree.pool);
	assert_false(filework_busy(&b->work));
	assert_true(filework_take(&b->work, ret));
	assert_false(filework_take(&b->work, ret));
}

static void test_begin__one_at_a_time(void **state)
{
	_cleanup_(filework_result_done) struct filework_result r = {0};
	struct box *b = *state;
	struct diag d = {0};

	assert_int_equal(filework_scan(&b->work, "srv", &d), 0);
	assert_true(filework_busy(&b->work));
	assert_int_equal(filework_scan(&b->work, "srv", &d), -EBUSY);
	assert_int_equal(d.id, DIAG_BUSY);
	assert_true(filework_wait_ms(&b->work, 0) > 0);
	finish(b, &r);
	assert_int_equal(r.what, FILEWORK_SCAN);
	assert_int_equal(filework_wait_ms(&b->work, 0), -1);
}

static void test_begin__recorded(void **state)
{
	struct filework w;
	struct root host;
	struct tui_config config = {.root = &host};
	struct box *b = *state;
	struct diag d = {0};

	assert_int_equal(root_open_host(&host, b->tree.dir, NULL), 0);
	filework_init(&w, &config, b->tree.pool);
	assert_int_equal(filework_scan(&w, NULL, &d), -EROFS);
	assert_int_equal(d.id, DIAG_LIVE_ONLY);
	assert_false(filework_refresh(&w));
	filework_done(&w);
	root_done(&host);
}

static void test_scan__result(void **state)
{
	_cleanup_(filework_result_done) struct filework_result r = {0}, again = {0};
	struct box *b = *state;

	tree_put(&b->tree, "srv/a", "1");
	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	finish(b, &r);
	assert_int_equal(r.error.id, DIAG_NONE);
	assert_true(b->work.scanned);
	assert_string_equal(b->work.scope, "srv");
	assert_int_equal(b->work.scan.group[SCAN_NO_LABEL].files, 1);
	/* one that fails leaves the last one as it was */
	assert_int_equal(filework_scan(&b->work, "none", NULL), 0);
	finish(b, &again);
	assert_int_equal(again.error.id, DIAG_OPEN);
	assert_string_equal(b->work.scope, "srv");
	assert_int_equal(b->work.scan.group[SCAN_NO_LABEL].files, 1);
}

/* The screen's pool ends in the middle: what the task has is given back all the same. */
static void test_done__while_running(void **state)
{
	struct box *b = *state;

	tree_put(&b->tree, "srv/a", "1");
	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
}

static void test_look(void **state)
{
	_cleanup_(filework_result_done) struct filework_result r = {0}, gone = {0};
	_cleanup_strbuf_ struct strbuf all = {0};
	struct box *b = *state;

	tree_put(&b->tree, "srv/\x1b[31mred", "1");
	assert_int_equal(filework_look(&b->work, "srv/\x1b[31mred", false, NULL), 0);
	finish(b, &r);
	for (size_t i = 0; i < r.doc.n; i++)
		doc_line_text(&r.doc, i, &all);
	assert_non_null(strstr(strbuf_str(&all), "/srv/\\x1b[31mred"));
	assert_non_null(strstr(strbuf_str(&all), "op=appraise_data cause=missing-hash"));
	assert_null(strchr(strbuf_str(&all), '\x1b'));
	assert_int_equal(filework_look(&b->work, "srv/none", false, NULL), 0);
	finish(b, &gone);
	assert_int_equal(gone.error.id, DIAG_OPEN);
}

static void test_plan__nothing_to_do(void **state)
{
	_cleanup_(filework_result_done) struct filework_result s = {0}, r = {0};
	struct box *b = *state;

	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	finish(b, &s);
	assert_int_equal(filework_plan(&b->work, false, NULL), 0);
	finish(b, &r);
	assert_int_equal(r.what, FILEWORK_PLAN);
	assert_int_equal(r.error.id, DIAG_NONE);
	assert_int_equal(r.job, 0);
}

/* Planned here, carried out as the job's process does, taken back here. */
/* The path that was looked at before is none any more, and no other policy takes the place of
 * the one that was staged. */
static void test_for_candidate(void **state)
{
	_cleanup_(filework_result_done) struct filework_result r = {0}, plan = {0},
							       own = {0};
	struct box *b = *state;

	tree_put(&b->tree, "srv/a", "1");
	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	finish(b, &r);
	filework_for_candidate(&b->work);
	assert_false(b->work.scanned);
	assert_int_equal(filework_plan(&b->work, false, NULL), 0);
	finish(b, &plan);
	assert_int_equal(plan.error.id, DIAG_TRIAL_NO_CANDIDATE);
	assert_int_equal(plan.job, 0);
	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	finish(b, &own);
	assert_false(b->work.candidate);
}

static void test_offer(void **state)
{
	_cleanup_(filework_result_done) struct filework_result r = {0}, plan = {0};
	struct filework_result made = {.what = FILEWORK_PLAN, .job = 7};
	struct box *b = *state;
	struct diag d = {0};

	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	assert_int_equal(filework_offer(&b->work, &made, "k", "c", &d), -EBUSY);
	assert_int_equal(d.id, DIAG_BUSY);
	finish(b, &r);
	assert_int_equal(filework_offer(&b->work, &made, "k", "c", &d), 0);
	assert_true(filework_take(&b->work, &plan));
	assert_int_equal(plan.job, 7);
	assert_string_equal(b->work.key, "k");
}

static void test_undo(void **state)
{
	_cleanup_(filework_result_done) struct filework_result s = {0}, p = {0}, u = {0};
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct relabel_job_run how = {0};
	struct box *b = *state;
	struct diag d = {0};

	if (!tree_can_label(&b->tree))
		skip();
	tree_put(&b->tree, "srv/a", "1");
	tree_put(&b->tree, "srv/deep/b", "2");
	assert_int_equal(filework_scan(&b->work, "srv", NULL), 0);
	finish(b, &s);
	assert_int_equal(filework_plan(&b->work, false, NULL), 0);
	finish(b, &p);
	assert_int_equal(p.steps, 2);
	assert_false(b->work.has_job); /* nobody has begun it */
	assert_int_equal(root_make_place(&b->tree.root, ROOT_STATE, 0700, NULL), 0);
	assert_int_equal(relabel_job_load(&b->tree.root, p.job, &job, NULL), 0);
	if (relabel_job_run(&b->tree.root, &job, &how, &d) < 0)
		fail_msg("%s", d.text);
	assert_true(tree_has_hash(&b->tree, "srv/deep/b", "2"));
	assert_true(filework_refresh(&b->work));
	assert_true(b->work.has_job);
	assert_int_equal(b->work.job.state, RELABEL_JOB_ENDED);
	assert_true(b->work.stale);
	assert_int_equal(filework_stop(&b->work, &d), -ESRCH);
	assert_int_equal(filework_undo(&b->work, p.job, NULL), 0);
	finish(b, &u);
	assert_int_equal(u.steps, 2);
	assert_int_equal(u.left, 0);
	assert_true(b->work.job.undone);
	assert_false(tree_has_label(&b->tree, "srv/deep/b"));
}

static void test_path(void **state)
{
	struct box *b = *state;
	struct diag d = {0};
	char *path = NULL;

	assert_int_equal(filework_path(&b->work, "/srv//deep/", &path, NULL), 0);
	assert_string_equal(path, "srv/deep");
	free(path);
	assert_int_equal(filework_path(&b->work, "/", &path, NULL), 0);
	assert_string_equal(path, "");
	free(path);
	assert_int_equal(filework_path(&b->work, "../..", &path, NULL), 0);
	assert_string_equal(path, ""); /* as below any root */
	free(path);
	assert_int_equal(filework_path(&b->work, "none", &path, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
}

/* Notes of a job may be those of another machine's disk. */
static void test_noted(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	filetext_noted(&b, "/tmp/\\x1b[m is gone: \x1b[2J\xff");
	assert_string_equal(strbuf_str(&b), "/tmp/\\x1b[m is gone: \\x1b[2J\\xff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_begin__one_at_a_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_begin__recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scan__result, setup, teardown),
		cmocka_unit_test_setup_teardown(test_done__while_running, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan__nothing_to_do, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_for_candidate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test(test_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
