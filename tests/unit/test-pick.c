/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/pick.h"

static void type(struct pick *p, const char *text)
{
	int id;

	for (; *text; text++)
		assert_int_equal(pick_key(p, *text, &id), PICK_MORE);
}

static struct pick *make(void)
{
	static struct pick p;

	pick_start(&p, "Test");
	pick_add(&p, 10, "F1", "explain the keys");
	pick_add(&p, 20, NULL, "sort by the next column");
	pick_add(&p, 30, "x", "write to a file");
	pick_add(&p, 40, "q", "resort to leaving");
	return &p;
}

static void test_pick_key__chooses(void **state)
{
	struct pick *p = make();
	int id = 0;

	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 10);
	(void)pick_key(p, K_DOWN, &id);
	(void)pick_key(p, K_DOWN, &id);
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 30);
	assert_int_equal(pick_key(p, K_ESC, &id), PICK_CANCEL);
}

/* A word's start goes before its middle, both before scattered letters. */
static void test_pick_key__ranks(void **state)
{
	struct pick *p = make();
	int id = 0;

	type(p, "sort");
	assert_int_equal(p->list.count, 2);
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 20);
	p = make();
	type(p, "wtfl");
	assert_int_equal(p->list.count, 1);
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 30);
}

/* What stands in the column of keys goes before all. */
static void test_pick_key__names(void **state)
{
	struct pick *p = make();
	int id = 0;

	pick_add(p, 50, "mmap", "files mapped for execution");
	pick_add(p, 60, "exec", "programs run");
	type(p, "exec");
	assert_int_equal(p->list.count, 2);
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 60);
	p = make();
	type(p, "f1");
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 10);
	p = make();
	type(p, "x"); /* one letter is the beginning of a word */
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_DONE);
	assert_int_equal(id, 10);
}

static void test_pick_key__nothing_matches(void **state)
{
	struct pick *p = make();
	int id = 77;

	type(p, "zzz");
	assert_int_equal(pick_key(p, K_ENTER, &id), PICK_MORE);
	assert_int_equal(id, 77);
}

static void test_pick_add__bounded(void **state)
{
	struct pick *p = make();

	for (int i = 0; i < 2 * PICK_MAX; i++)
		pick_add(p, i, NULL, "one more");
	assert_int_equal(p->n, PICK_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pick_key__chooses),
		cmocka_unit_test(test_pick_key__ranks),
		cmocka_unit_test(test_pick_key__names),
		cmocka_unit_test(test_pick_key__nothing_matches),
		cmocka_unit_test(test_pick_add__bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
