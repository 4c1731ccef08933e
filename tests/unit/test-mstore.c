/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/list/mstore.h"
#include "tests/unit/listgen.h"

static struct mstore *open_list(const struct strbuf *b, int *ret_fd)
{
	struct mstore *s = NULL;

	*ret_fd = listgen_file(b);
	assert_true(*ret_fd >= 0);
	assert_int_equal(mstore_open(*ret_fd, 20, &s, NULL), 0);
	return s;
}

static void assert_path(const struct mstore *s, mref ref, unsigned number)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct mlog_entry e;
	struct span path;
	char want[64];

	snprintf(want, sizeof(want), "/usr/bin/tool-%06u", number);
	assert_true(mstore_entry(s, ref, &scratch, &e));
	path = mlog_path(mstore_dialect(s), &e);
	assert_int_equal(path.len, strlen(want));
	assert_memory_equal(path.ptr, want, path.len);
}

static void test_load__every_entry_in_place(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	struct mstore_progress p;
	uint64_t n;

	listgen_many(&b, 1, 30000); /* 4 MB: several chunks */
	s = open_list(&b, &fd);
	assert_true(mstore_head(s) > 400); /* the first screen is there at once */
	assert_int_equal(mstore_load(s, NULL), 0);
	mstore_progress(s, &p);
	assert_int_equal(p.state, MSTORE_COMPLETE);
	assert_int_equal(p.count, 30000);
	assert_true(p.exact);
	assert_true(p.index_bytes < 30000 * 8);
	for (mref r = 0; r < 30000; r += 7)
		assert_path(s, r, r + 1);
	assert_path(s, 29999, 30000);
	assert_int_equal(mstore_next(s, 29999), MSTORE_NONE);
	assert_true(mstore_number(s, 29999, &n) && n == 30000);
	assert_int_equal(mstore_find(s, 1), 0);
	assert_int_equal(mstore_find(s, 30001), MSTORE_NONE);
}

static void test_run__streams_the_same_bytes(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	size_t at = 0;
	mref r = 0;

	listgen_many(&b, 1, 20000);
	s = open_list(&b, &fd);
	assert_int_equal(mstore_load(s, NULL), 0);
	while (r < 20000) {
		struct span run;
		uint32_t n = mstore_run(s, r, &run);

		assert_true(n > 0);
		assert_int_equal(mstore_offset(s, r), at);
		assert_memory_equal(run.ptr, b.ptr + at, run.len);
		assert_int_equal(mstore_at(s, r, run.ptr + run.len - 1), r + n - 1);
		at += run.len;
		r += n;
	}
	assert_int_equal(at, b.len);
	assert_int_equal(mstore_run(s, r, &(struct span){0}), 0);
}

static void test_jump_tail__joined_later(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	mref last, before;
	uint64_t n;

	listgen_many(&b, 1, 30000);
	s = open_list(&b, &fd);
	assert_int_equal(mstore_jump_tail(s, NULL), 0);
	assert_true(mstore_tail(s) > 400);
	last = mstore_last(s);
	assert_true(last >= MSTORE_TAIL && last != MSTORE_NONE);
	assert_path(s, last, 30000);
	before = mstore_prev(s, last);
	assert_path(s, before, 29999);
	assert_false(mstore_number(s, last, &n)); /* an estimate, but a close one */
	assert_in_range(n, 29000, 31000);
	assert_int_equal(mstore_load(s, NULL), 0);
	assert_int_equal(mstore_tail(s), 0);
	assert_int_equal(mstore_head(s), 30000);
	assert_int_equal(mstore_resolve(s, last), 29999);
	assert_path(s, last, 30000); /* the old name still works */
	assert_path(s, before, 29999);
	for (mref r = 28000; r < 30000; r++)
		assert_path(s, r, r + 1);
}

/* A tail whose start is inside a record must vanish, not corrupt the head. */
static void test_start_tail__wrong_start_is_dropped(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0}, tail = {0};
	size_t size;

	listgen_many(&b, 1, 1000);
	size = b.len / 1000;
	listgen_many(&tail, 1, 5);
	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL),
			 0);
	mstore_start_tail(s, 500 * size + 3);
	assert_int_equal(mstore_append(s, true,
				       (struct span){(uint8_t *)tail.ptr, tail.len},
				       NULL),
			 0);
	assert_int_equal(mstore_tail(s), 5);
	assert_int_equal(mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
	assert_int_equal(mstore_tail(s), 0);
	assert_int_equal(mstore_head(s), 1000);
	assert_int_equal(mstore_resolve(s, MSTORE_TAIL), MSTORE_NONE);
	assert_path(s, 999, 1000);
}

static void test_append__any_pieces(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	listgen_many(&b, 1, 300);
	for (size_t piece = 1; piece < 400; piece = piece * 2 + 1) {
		_cleanup_(mstore_freep) struct mstore *s = NULL;

		assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s,
					    NULL),
				 0);
		for (size_t at = 0; at < b.len; at += piece) {
			size_t n = b.len - at < piece ? b.len - at : piece;

			assert_int_equal(
				mstore_append(s, false,
					      (struct span){(uint8_t *)b.ptr + at, n},
					      NULL),
				0);
		}
		assert_int_equal(mstore_head(s), 300);
		assert_int_equal(mstore_partial(s, false), 0);
		for (mref r = 0; r < 300; r++)
			assert_path(s, r, r + 1);
	}
}

/* One record larger than a chunk (a keyring dump in a buf field). */
static void test_append__record_larger_than_a_chunk(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	struct mlog_entry e;
	size_t big = 3 << 20;

	listgen_many(&b, 1, 3);
	listgen_u32(&b, 10);
	strbuf_add(&b, "aaaaaaaaaaaaaaaaaaaa", 20);
	listgen_u32(&b, 7);
	strbuf_adds(&b, "ima-buf");
	listgen_u32(&b, 4 + 4 + 4 + big);
	listgen_u32(&b, 0);
	listgen_u32(&b, 0);
	listgen_u32(&b, big);
	for (size_t i = 0; i < big; i++)
		strbuf_addc(&b, 'x');
	listgen_many(&b, 5, 3);
	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL),
			 0);
	assert_int_equal(mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
	assert_int_equal(mstore_head(s), 7);
	assert_true(mstore_entry(s, 3, NULL, &e));
	assert_int_equal(e.data.len, big + 12);
	assert_path(s, 2, 3);
	assert_path(s, 6, 7);
}

static void test_load__truncated_keeps_what_is_whole(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	struct mstore_progress p;

	listgen_many(&b, 1, 5000);
	b.len -= 10;
	s = open_list(&b, &fd);
	assert_int_equal(mstore_load(s, NULL), 0);
	mstore_progress(s, &p);
	assert_int_equal(p.state, MSTORE_TRUNCATED);
	assert_int_equal(p.head, 4999);
	assert_int_equal(mstore_damage(s)->id, DIAG_LIST_TRUNCATED);
	assert_non_null(strstr(mstore_damage(s)->text, "entry 5000"));
}

static void test_load__damaged_says_where(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	struct mstore_progress p;
	size_t size;
	char want[64];

	listgen_many(&b, 1, 5000);
	size = b.len / 5000;
	memset(b.ptr + 3000 * size, 0xff, 8);
	s = open_list(&b, &fd);
	assert_int_equal(mstore_jump_tail(s, NULL), 0);
	assert_int_equal(mstore_load(s, NULL), 0);
	mstore_progress(s, &p);
	assert_int_equal(p.state, MSTORE_DAMAGED);
	assert_int_equal(p.head, 3000);
	assert_true(p.tail > 0); /* what lies behind the damage stays usable too */
	snprintf(want, sizeof(want), "Entry 3001 at byte %zu", 3000 * size);
	assert_non_null(strstr(mstore_damage(s)->text, want));
	assert_path(s, mstore_last(s), 5000);
}

/* The file shrinks after it was opened: with a mapping this would be SIGBUS. */
static void test_load__file_shrinks(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	struct mstore_progress p;

	listgen_many(&b, 1, 20000);
	s = open_list(&b, &fd);
	assert_int_equal(mstore_jump_tail(s, NULL), 0);
	assert_int_equal(ftruncate(fd, (off_t)b.len / 2), 0);
	assert_int_equal(mstore_load(s, NULL), 0);
	mstore_progress(s, &p);
	assert_int_equal(p.state, MSTORE_TRUNCATED);
	assert_int_equal(mstore_damage(s)->id, DIAG_LIST_SHRANK);
	assert_int_equal(p.head, 10000);
	assert_path(s, 9999, 10000);
}

static void test_load__file_grows(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0}, more = {0};
	_cleanup_close_ int fd = -1;

	listgen_many(&b, 1, 5000);
	s = open_list(&b, &fd);
	listgen_many(&more, 5001, 100);
	assert_int_equal(pwrite(fd, more.ptr, more.len, (off_t)b.len), (ssize_t)more.len);
	assert_int_equal(mstore_load(s, NULL), 0);
	assert_int_equal(mstore_head(s), 5100);
}

static void test_resume__appended_later(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = -1;
	size_t half;

	listgen_many(&b, 1, 101);
	half = b.len - 30; /* within a record */
	b.len = half;
	s = open_list(&b, &fd);
	assert_int_equal(mstore_load(s, NULL), 0);
	assert_int_equal(mstore_head(s), 100);
	assert_int_equal(mstore_resume(s), 0);
	b.len += 30;
	assert_int_equal(pwrite(fd, b.ptr + half, 30, (off_t)half), 30);
	assert_int_equal(mstore_resume(s), 1);
	assert_int_equal(mstore_load(s, NULL), 0);
	assert_int_equal(mstore_head(s), 101);
	assert_int_equal(mstore_damage(s)->id, DIAG_NONE);
	assert_path(s, 100, 101);
}

static void test_open__empty_and_foreign(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf none = {0}, text = {0};
	_cleanup_close_ int a = listgen_file(&none), b = -1;
	struct mstore_progress p;
	struct mstore *t = NULL;

	assert_int_equal(mstore_open(a, 0, &s, NULL), 0);
	mstore_progress(s, &p);
	assert_int_equal(p.state, MSTORE_COMPLETE);
	assert_int_equal(p.count, 0);
	assert_int_equal(mstore_first(s), MSTORE_NONE);
	strbuf_adds(&text, "#!/bin/sh\necho this is not a measurement list\n");
	b = listgen_file(&text);
	assert_true(mstore_open(b, 0, &t, NULL) < 0);
	assert_null(t);
}

static void test_open__pipe(void **state)
{
	_cleanup_(mstore_freep) struct mstore *s = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	int p[2];

	listgen_many(&b, 1, 300);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], b.ptr, b.len), (ssize_t)b.len);
	close(p[1]);
	assert_int_equal(mstore_open(p[0], 0, &s, NULL), 0);
	assert_int_equal(mstore_load(s, NULL), 0);
	assert_int_equal(mstore_head(s), 300);
	assert_path(s, 299, 300);
	close(p[0]);
}

static void load_fixture(const char *host, const char *name, struct mstore **ret)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/tests/fixtures/lists/%s/%s",
		 getenv("IMACTL_SOURCE"), host, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mstore_open(fd, 0, ret, NULL), 0);
	assert_int_equal(mstore_load(*ret, NULL), 0);
	close(fd);
}

/* The same boot as text, names with newlines included, has the same entries. */
static void test_load__ascii_equals_binary(void **state)
{
	static const char *hosts[] = {"61-sig", "61-modsig", "612-plain-ng", "612-sig",
				      "612-ima"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		_cleanup_(mstore_freep) struct mstore *a = NULL, *b = NULL;
		_cleanup_strbuf_ struct strbuf scratch = {0};

		load_fixture(hosts[i], "binary_runtime_measurements", &b);
		load_fixture(hosts[i], "ascii_runtime_measurements", &a);
		assert_true(mstore_head(b) >= 12);
		assert_int_equal(mstore_head(a), mstore_head(b));
		for (mref r = 0; r < mstore_head(b); r++) {
			struct mlog_entry ea, eb;

			assert_true(mstore_entry(a, r, &scratch, &ea));
			assert_true(mstore_entry(b, r, NULL, &eb));
			assert_true(span_equal(ea.data, eb.data));
			assert_true(span_equal(ea.digest, eb.digest));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load__every_entry_in_place),
		cmocka_unit_test(test_run__streams_the_same_bytes),
		cmocka_unit_test(test_jump_tail__joined_later),
		cmocka_unit_test(test_start_tail__wrong_start_is_dropped),
		cmocka_unit_test(test_append__any_pieces),
		cmocka_unit_test(test_append__record_larger_than_a_chunk),
		cmocka_unit_test(test_load__truncated_keeps_what_is_whole),
		cmocka_unit_test(test_load__damaged_says_where),
		cmocka_unit_test(test_load__file_shrinks),
		cmocka_unit_test(test_load__file_grows),
		cmocka_unit_test(test_resume__appended_later),
		cmocka_unit_test(test_open__empty_and_foreign),
		cmocka_unit_test(test_open__pipe),
		cmocka_unit_test(test_load__ascii_equals_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
