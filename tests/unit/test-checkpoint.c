/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/list/checkpoint.h"
#include "tests/unit/machine.h"

static const char boot[] = "11111111-2222-3333-4444-555555555555";

static struct span text(const char *s)
{
	return span_of(s);
}

static void write_one(struct machine *m, const char *bytes, uint64_t count)
{
	_cleanup_(checkpoint_freep) struct checkpoint *c = NULL;
	struct checkpoint_state st = {.boot_id = "",
				      .count = count,
				      .trimmed = 1,
				      .dialect = {.digest_size = 20}};

	memcpy(st.boot_id, boot, sizeof(boot));
	assert_int_equal(checkpoint_open(&m->root, boot, &c, NULL), 0);
	assert_true(checkpoint_writable(c));
	checkpoint_reset(c);
	assert_int_equal(checkpoint_set_blob(c, "replay", text("state\nend\n")), 0);
	assert_int_equal(checkpoint_append(c, text(bytes)), 0);
	assert_int_equal(checkpoint_commit(c, &st, NULL), 0);
	assert_int_equal(checkpoint_append(c, text("never committed")), 0);
}

static void test_open__nothing_yet(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;

	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_null(checkpoint_state(c));
	checkpoint_free(c);
	machine_drop(&m);
}

static void test_commit__read_back(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;
	char buf[32];

	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_non_null(checkpoint_state(c));
	assert_int_equal(checkpoint_state(c)->bytes, 10);
	assert_int_equal(checkpoint_state(c)->count, 3);
	assert_int_equal(checkpoint_state(c)->trimmed, 1);
	assert_int_equal(checkpoint_state(c)->dialect.digest_size, 20);
	assert_true(checkpoint_state(c)->checksum ==
		    checkpoint_sum(CHECKPOINT_SUM, text("hello list")));
	assert_int_equal(checkpoint_read(c, 6, buf, 4), 0);
	assert_memory_equal(buf, "list", 4);
	assert_int_equal(checkpoint_read(c, 6, buf, 5), -ENODATA);
	assert_true(span_is(checkpoint_blob(c, "replay"), "state\nend\n"));
	assert_int_equal(checkpoint_blob(c, "other").len, 0);
	checkpoint_free(c);
	machine_drop(&m);
}

static void test_open__another_boot(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;

	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, "99999999-0000-0000-0000-000000000000",
					 &c, NULL),
			 0);
	assert_null(checkpoint_state(c));
	assert_int_equal(checkpoint_blob(c, "replay").len, 0);
	checkpoint_free(c);
	assert_false(machine_has(&m, "var/cache/imactl/list-11111111-2222-3333-4444-"
				     "555555555555"));
	machine_drop(&m);
}

static void test_open__second_reads_only(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *a = NULL, *b = NULL;

	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, boot, &a, NULL), 0);
	assert_int_equal(checkpoint_open(&m.root, boot, &b, NULL), 0);
	assert_true(checkpoint_writable(a));
	assert_false(checkpoint_writable(b));
	assert_non_null(checkpoint_state(b));
	assert_true(checkpoint_append(b, text("x")) < 0);
	checkpoint_free(a);
	checkpoint_free(b);
	machine_drop(&m);
}

/* Every way to cut or change the state file gives no checkpoint, never a wrong one. */
static void test_open__damaged_state(void **state)
{
	struct machine m = machine_make();
	_cleanup_strbuf_ struct strbuf good = {0};

	write_one(&m, "hello list", 3);
	machine_read(&m, "run/imactl/list.state", &good);
	assert_true(good.len > 100);
	for (size_t cut = 0; cut < good.len; cut++) {
		struct checkpoint *c = NULL;

		machine_put(&m, "run/imactl/list.state", good.ptr, cut, 0600);
		assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
		assert_null(checkpoint_state(c));
		checkpoint_free(c);
	}
	machine_put(&m, "run/imactl/list.state", good.ptr, good.len, 0600);
	machine_put(&m, "var/cache/imactl/list-11111111-2222-3333-4444-555555555555",
		    "hello", 5, 0600); /* the bytes are shorter than the state says */
	{
		struct checkpoint *c = NULL;

		assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
		assert_null(checkpoint_state(c));
		checkpoint_free(c);
	}
	machine_drop(&m);
}

/* Something else in place of the file, as a file system made by others may have it. */
static void test_open__no_plain_file(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;
	static const char name[] =
		"var/cache/imactl/list-11111111-2222-3333-4444-555555555555";

	write_one(&m, "hello list", 3);
	assert_int_equal(unlinkat(m.fd, name, 0), 0);
	assert_int_equal(mkfifoat(m.fd, name, 0600), 0);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_null(checkpoint_state(c));
	assert_false(checkpoint_writable(c));
	assert_true(checkpoint_append(c, text("x")) < 0);
	checkpoint_free(c);
	machine_drop(&m);
}

static void test_reset__forgets(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;

	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	checkpoint_reset(c);
	assert_null(checkpoint_state(c));
	c = checkpoint_free(c);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_null(checkpoint_state(c));
	checkpoint_free(c);
	machine_drop(&m);
}

static void aside_is(struct checkpoint *c, const char *want)
{
	int fd = checkpoint_aside(c);
	char buf[64];
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, buf, sizeof(buf));
	close(fd);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, strlen(want));
}

static void test_set_aside__keeps_the_first(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *c = NULL;
	struct checkpoint_state st = {.count = 2, .dialect = {.digest_size = 20}};

	memcpy(st.boot_id, boot, sizeof(boot));
	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_int_equal(checkpoint_aside(c), -ENOENT);
	checkpoint_set_aside(c);
	assert_null(checkpoint_state(c));
	aside_is(c, "hello list"); /* and nothing that was not committed */
	assert_true(span_is(checkpoint_blob(c, "replay"), "state\nend\n"));
	assert_true(checkpoint_writable(c));
	assert_int_equal(checkpoint_append(c, text("another")), 0);
	assert_int_equal(checkpoint_commit(c, &st, NULL), 0);
	c = checkpoint_free(c);
	assert_int_equal(checkpoint_open(&m.root, boot, &c, NULL), 0);
	assert_int_equal(checkpoint_state(c)->bytes, 7);
	aside_is(c, "hello list");
	checkpoint_set_aside(c); /* once more: what is older is nearer to the truth */
	aside_is(c, "hello list");
	c = checkpoint_free(c);
	assert_int_equal(checkpoint_open(&m.root, "99999999-0000-0000-0000-000000000000",
					 &c, NULL),
			 0);
	assert_int_equal(checkpoint_aside(c), -ENOENT);
	checkpoint_free(c);
	assert_false(machine_has(&m, "var/cache/imactl/aside-11111111-2222-3333-4444-"
				     "555555555555"));
	machine_drop(&m);
}

/* Who may only read can still compare. */
static void test_set_aside__second_reads_the_cache(void **state)
{
	struct machine m = machine_make();
	struct checkpoint *a = NULL, *b = NULL;

	write_one(&m, "hello list", 3);
	assert_int_equal(checkpoint_open(&m.root, boot, &a, NULL), 0);
	assert_int_equal(checkpoint_open(&m.root, boot, &b, NULL), 0);
	checkpoint_set_aside(b);
	{
		_cleanup_close_ int fd = checkpoint_aside(b);

		assert_true(fd >= 0);
	}
	assert_non_null(checkpoint_state(a));
	assert_int_equal(checkpoint_aside(a), -ENOENT);
	checkpoint_free(a);
	checkpoint_free(b);
	machine_drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open__nothing_yet),
		cmocka_unit_test(test_commit__read_back),
		cmocka_unit_test(test_open__another_boot),
		cmocka_unit_test(test_open__second_reads_only),
		cmocka_unit_test(test_open__damaged_state),
		cmocka_unit_test(test_open__no_plain_file),
		cmocka_unit_test(test_reset__forgets),
		cmocka_unit_test(test_set_aside__keeps_the_first),
		cmocka_unit_test(test_set_aside__second_reads_the_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
