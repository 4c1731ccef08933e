/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/triage/event.h"

static void test_id_parse__none(void **state)
{
	static const char *const texts[] = {"",	   "/41",    "41x", "1.23:4",
					    "1:4", "1.234:", ":4",  "1.2345:4",
					    "-1",  "usr/x"};
	struct event_id id;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(event_id_parse(span_of(texts[i]), &id));
}

static void test_id_parse__both(void **state)
{
	struct event_id id;

	assert_true(event_id_parse(span_of("41"), &id));
	assert_false(id.has_time);
	assert_int_equal(id.serial, 41);
	assert_true(event_id_parse(span_of("1700000000.012:41"), &id));
	assert_true(id.has_time);
	assert_int_equal(id.time_ms, 1700000000012);
}

static int log_of(const char *text)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int find(const char *text, const char *name, struct event *ret, struct diag *d)
{
	struct event_id id;
	struct root root;
	int r;

	assert_int_equal(root_open_live(&root, "/", NULL), 0);
	assert_true(event_id_parse(span_of(name), &id));
	r = event_find(&root, log_of(text), &id, ret, d);
	root_done(&root);
	return r;
}

static int find_file(const char *text, const char *name, struct event *ret,
		     struct pathset *files, struct diag *d)
{
	struct root root;
	int r;

	pathset_init(files);
	assert_int_equal(root_open_live(&root, "/", NULL), 0);
	r = event_find_file(&root, log_of(text), span_of(name), ret, files, d);
	root_done(&root);
	return r;
}

#define RECORD(time, serial, file)                                                       \
	"type=INTEGRITY_DATA msg=audit(" time ":" serial                                 \
	"): pid=7 uid=1000 auid=1000 ses=1 op=appraise_data cause=missing-hash "         \
	"comm=\"sh\" name=\"" file "\" dev=\"sda1\" ino=5 res=0 errno=0\n"

static const char text[] = "nothing\n" RECORD("1700000000.001", "41", "/first")
	RECORD("1700000001.002", "42", "/other") RECORD("1700000002.003", "41", "/last");

static void test_find__none(void **state)
{
	_cleanup_event_ struct event e = {0};
	struct diag d;

	assert_int_equal(find(text, "43", &e, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_EVENT);
	assert_int_equal(find(text, "1700000000.002:41", &e, &d), -ENOENT);
}

static void test_find__last(void **state)
{
	_cleanup_event_ struct event e = {0};

	assert_int_equal(find(text, "41", &e, NULL), 0);
	assert_true(span_is(e.denial.path, "/last"));
	assert_true(span_is(e.denial.cause, "missing-hash"));
	assert_true(span_is(e.denial.comm, "sh"));
	assert_int_equal(e.denial.uid, 1000);
	assert_int_equal(find(text, "1700000000.001:41", &e, NULL), 0);
	assert_true(span_is(e.denial.path, "/first"));
}

#define FILES                                                                            \
	RECORD("1700000000.001", "1", "/a/tool")                                         \
	RECORD("1700000001.001", "2", "/b/tool") RECORD("1700000002.001", "3", "/a/tool")

static void test_find_file__none(void **state)
{
	static const char *const names[] = {"ool", "/tool", "tool/", "", "c/tool"};
	_cleanup_event_ struct event e = {0};
	struct diag d;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_pathset_ struct pathset files;

		assert_int_equal(find_file(FILES, names[i], &e, &files, &d), -ENOENT);
		assert_int_equal(d.id, DIAG_NO_EVENT);
	}
}

static void test_find_file__many(void **state)
{
	_cleanup_pathset_ struct pathset files;
	_cleanup_event_ struct event e = {0};
	struct diag d;

	assert_int_equal(find_file(FILES, "tool", &e, &files, &d), -ENOTUNIQ);
	assert_int_equal(d.id, DIAG_MANY_FILES);
	assert_int_equal(files.n, 2);
	assert_string_equal(pathset_at(&files, 0), "/a/tool");
}

static void test_find_file__latest(void **state)
{
	_cleanup_pathset_ struct pathset files;
	_cleanup_event_ struct event e = {0};

	assert_int_equal(find_file(FILES, "a/tool", &e, &files, NULL), 0);
	assert_int_equal(e.denial.serial, 3);
	assert_true(span_is(e.denial.path, "/a/tool"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_parse__none),
		cmocka_unit_test(test_id_parse__both),
		cmocka_unit_test(test_find__none),
		cmocka_unit_test(test_find__last),
		cmocka_unit_test(test_find_file__none),
		cmocka_unit_test(test_find_file__many),
		cmocka_unit_test(test_find_file__latest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
