/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/host/known.h"
#include "tests/unit/tree.h"

static const struct stamp stamp = {17, 4096, {1000000000, 5}, {1000000001, 6}};

static struct known *load(struct tree *t)
{
	struct known *k = NULL;

	assert_int_equal(known_load(&t->root, &k, NULL), 0);
	return k;
}

static void save(struct tree *t, struct known *k, bool all)
{
	assert_int_equal(known_save(k, &t->root, all, NULL), 0);
	known_free(k);
}

static bool has(struct known *k, const char *value)
{
	return known_has(k, 1, &stamp, span_of(value));
}

static void cache_name(struct tree *t, char path[128])
{
	(void)snprintf(path, 128, "%s/var/cache/imactl/labels", t->dir);
}

/* Every part of the mark counts. */
static void test_has__only_what_was_added(void **state)
{
	struct known *k = load(*state);
	struct stamp s[6];

	assert_false(has(k, "value"));
	known_add(k, 1, &stamp, span_of("value"));
	assert_true(has(k, "value"));
	assert_false(has(k, "valu"));
	assert_false(has(k, ""));
	assert_false(known_has(k, 2, &stamp, span_of("value")));
	for (size_t i = 0; i < array_size(s); i++)
		s[i] = stamp;
	s[0].ino++;
	s[1].size++;
	s[2].mtime.sec++;
	s[3].mtime.nsec++;
	s[4].ctime.sec++;
	s[5].ctime.nsec++;
	for (size_t i = 0; i < array_size(s); i++)
		assert_false(known_has(k, 1, &s[i], span_of("value")));
	known_free(k);
}

static bool has_unseen(struct known *k, const char *what)
{
	return known_has_unseen(k, 1, &stamp, span_of(what));
}

/* A kind of label is not a label, and what was added counts only once nobody else asks. */
static void test_has_unseen__only_what_was_added_before(void **state)
{
	struct known *k = load(*state);

	known_add(k, 1, &stamp, span_of("a"));
	known_settle(k);
	assert_true(has(k, "a"));
	assert_false(has_unseen(k, "a"));
	known_add_unseen(k, 1, &stamp, span_of("b"));
	assert_false(has_unseen(k, "b"));
	assert_false(has(k, "b"));
	known_settle(k);
	assert_true(has_unseen(k, "b"));
	assert_false(has_unseen(k, "c"));
	save(*state, k, false);
	k = load(*state);
	assert_true(has_unseen(k, "b"));
	known_free(k);
}

static void test_freeze__nothing_is_added(void **state)
{
	struct known *k = load(*state);

	known_add(k, 1, &stamp, span_of("a"));
	known_freeze(k);
	known_add(k, 1, &stamp, span_of("b"));
	known_add_unseen(k, 1, &stamp, span_of("c"));
	known_settle(k);
	assert_true(has(k, "a"));
	assert_false(has(k, "b"));
	assert_false(has_unseen(k, "c"));
	known_free(k);
}

static void test_save__is_there_the_next_time(void **state)
{
	struct tree *t = *state;
	struct known *k = load(t);
	struct stamp s = stamp;

	for (s.ino = 1; s.ino <= 10000; s.ino++)
		known_add(k, 1, &s, span_of("v"));
	save(t, k, false);
	k = load(t);
	for (s.ino = 1; s.ino <= 10000; s.ino++)
		assert_true(known_has(k, 1, &s, span_of("v")));
	assert_false(known_has(k, 1, &s, span_of("v")));
	known_free(k);
}

/* After a look at everything, what was not there any more is forgotten; after a look at a
 * part it is kept. */
static void test_save__forgets_what_is_gone(void **state)
{
	struct tree *t = *state;
	struct known *k = load(t);

	known_add(k, 1, &stamp, span_of("a"));
	known_add(k, 1, &stamp, span_of("b"));
	save(t, k, true);
	k = load(t);
	assert_true(has(k, "a"));
	save(t, k, false);
	k = load(t);
	assert_true(has(k, "b"));
	save(t, k, true);
	k = load(t);
	assert_false(has(k, "a"));
	assert_true(has(k, "b"));
	known_free(k);
}

static void test_load__damaged_is_empty(void **state)
{
	struct tree *t = *state;
	struct known *k = load(t);
	_cleanup_strbuf_ struct strbuf file = {0};
	char path[128];
	int fd;

	known_add(k, 1, &stamp, span_of("a"));
	save(t, k, true);
	cache_name(t, path);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 4096, &file, NULL), 0);
	for (size_t i = 0; i < file.len; i++) {
		fd = open(path, O_WRONLY | O_TRUNC);
		file.ptr[i] ^= 1;
		assert_int_equal(fs_write_all(fd, file.ptr, file.len), 0);
		file.ptr[i] ^= 1;
		assert_int_equal(close(fd), 0);
		k = load(t);
		assert_false(has(k, "a"));
		known_free(k);
		assert_int_equal(truncate(path, (off_t)i), 0);
		k = load(t);
		assert_false(has(k, "a"));
		known_free(k);
	}
}

/* Nobody can know which marks would be taken for each other. */
static void test_save__each_cache_has_its_own_key(void **state)
{
	struct tree *t = *state;
	struct strbuf file[2] = {{0}, {0}};
	char path[128];

	cache_name(t, path);
	for (int i = 0; i < 2; i++) {
		struct known *k = load(t);

		known_add(k, 1, &stamp, span_of("a"));
		save(t, k, true);
		assert_int_equal(fs_read_at(AT_FDCWD, path, 4096, &file[i], NULL), 0);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(file[0].len, file[1].len);
	assert_memory_not_equal(file[0].ptr + 16, file[1].ptr + 16, 16);
	assert_memory_not_equal(file[0].ptr + 32, file[1].ptr + 32, 16);
	strbuf_done(&file[0]);
	strbuf_done(&file[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_has__only_what_was_added),
		TEST(test_has_unseen__only_what_was_added_before),
		TEST(test_freeze__nothing_is_added),
		TEST(test_save__is_there_the_next_time),
		TEST(test_save__forgets_what_is_gone),
		TEST(test_load__damaged_is_empty),
		TEST(test_save__each_cache_has_its_own_key),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
