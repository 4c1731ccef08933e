/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers made by hand; those of a real rpm are test-pkgdb-rpm.c's. */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/str.h"
#include "core/host/pkgdb-internal.h"

enum { CHAR = 1, INT16 = 3, INT32 = 4, STRING = 6, STRINGS = 8 };
enum { NAME = 1000, OLD = 1027, STATES = 1029, MODES = 1030, DIRS = 1116, BASE = 1117 };
enum { DIR_NAMES = 1118 };

struct maker {
	struct strbuf index, data;
	uint32_t tags;
};

static void be32(struct strbuf *b, uint32_t v)
{
	uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			  (uint8_t)v};

	strbuf_add(b, raw, sizeof(raw));
}

static void entry(struct maker *m, uint32_t tag, uint32_t type, uint32_t offset,
		  uint32_t count)
{
	be32(&m->index, tag);
	be32(&m->index, type);
	be32(&m->index, offset);
	be32(&m->index, count);
	m->tags++;
}

static void tag(struct maker *m, uint32_t number, uint32_t type, uint32_t count,
		const void *data, size_t len)
{
	entry(m, number, type, (uint32_t)m->data.len, count);
	strbuf_add(&m->data, data, len);
}

#define TAG(m, number, type, count, text) tag(m, number, type, count, text, sizeof(text))

static struct maker named(const char *name)
{
	struct maker m = {0};

	tag(&m, NAME, STRING, 1, name, strlen(name) + 1);
	return m;
}

/* /bin/a, /opt/b of folders 0 and 1. */
static struct maker two_files(void)
{
	struct maker m = named("two");

	tag(&m, DIRS, INT32, 2, "\0\0\0\0\0\0\0\1", 8);
	TAG(&m, BASE, STRINGS, 2, "a\0b");
	TAG(&m, DIR_NAMES, STRINGS, 2, "/bin/\0/opt/");
	return m;
}

static void finish(struct maker *m, struct strbuf *out)
{
	be32(out, m->tags);
	be32(out, (uint32_t)m->data.len);
	strbuf_add(out, m->index.ptr, m->index.len);
	strbuf_add(out, m->data.ptr, m->data.len);
	assert_false(out->failed);
	strbuf_done(&m->index);
	strbuf_done(&m->data);
}

static int add(struct pkgdb *db, const char *data, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1); /* a sanitizer sees a read behind it */
	int r;

	assert_non_null(exact);
	memcpy(exact, data, len);
	r = pkgdb_add_rpm_header(db, (struct span){exact, len});
	free(exact);
	return r;
}

/* What becomes of @m, which is used up; the number of files into *files. */
static int result(struct maker m, size_t *files)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	int r;

	assert_int_equal(pkgdb_new(&db, NULL), 0);
	finish(&m, &b);
	r = add(db, b.ptr, b.len);
	*files = pkgdb_files(db);
	if (r <= 0)
		assert_string_equal(pkgdb_name(db, 0), "");
	return r;
}

static void refused(struct maker m)
{
	size_t files;

	assert_int_equal(result(m, &files), -EBADMSG);
	assert_int_equal(files, 0);
}

static void test_add__cut_anywhere(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	struct maker m = two_files();

	assert_int_equal(pkgdb_new(&db, NULL), 0);
	finish(&m, &b);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(add(db, b.ptr, len), -EBADMSG);
	strbuf_addc(&b, '\0');
	assert_int_equal(add(db, b.ptr, b.len), -EBADMSG);
	assert_int_equal(pkgdb_files(db), 0);
	assert_int_equal(add(db, b.ptr, b.len - 1), 1);
	assert_int_equal(pkgdb_files(db), 2);
}

/* Of the file that is looked for; cut short, it is no digest. */
static void test_add__digest(void **state)
{
	static const char md5[] = "d41d8cd98f00b204e9800998ecf8427e";
	static const struct {
		const char *path;
		bool found;
	} sought[] = {{"/bin/a", false}, {"/opt/b", true}, {"/opt/c", false}};

	for (size_t i = 0; i < 3; i++) {
		_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
		_cleanup_strbuf_ struct strbuf b = {0}, digests = {0};
		struct maker m = two_files();

		strbuf_add(&digests, "d41d\0", 5);
		strbuf_add(&digests, md5, sizeof(md5));
		tag(&m, 1035, STRINGS, 2, digests.ptr, digests.len);
		tag(&m, 5011, INT32, 1, "\0\0\0\1", 4);
		finish(&m, &b);
		assert_int_equal(pkgdb_new(&db, NULL), 0);
		pkgdb_seek(db, sought[i].path);
		assert_int_equal(add(db, b.ptr, b.len), 1);
		assert_int_equal(pkgdb_digest(db) != NULL, sought[i].found);
		if (sought[i].found)
			assert_int_equal(pkgdb_digest(db)->value[0], 0xd4);
	}
}

static void test_add__huge_counts(void **state)
{
	_cleanup_(pkgdb_freep) struct pkgdb *db = NULL;
	struct maker m;

	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_int_equal(add(db, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), -EBADMSG);
	assert_int_equal(add(db, "\0\0\0\0\xff\xff\xff\xff", 8), -EBADMSG);
	assert_int_equal(add(db, "\0\1\0\0\0\0\0\0", 8), -EBADMSG);
	m = two_files();
	entry(&m, DIR_NAMES, STRINGS, 0, UINT32_MAX);
	refused(m);
	m = two_files();
	entry(&m, MODES, INT16, 0, UINT32_MAX / 2 + 2); /* * 2 is 2 in 32 bits */
	refused(m);
	m = two_files();
	entry(&m, BASE, STRINGS, 0, UINT32_MAX);
	refused(m);
}

static void test_add__wrong_entries(void **state)
{
	struct maker m = two_files();

	entry(&m, NAME, STRINGS, 0, 1);
	refused(m);
	m = two_files();
	entry(&m, STATES, CHAR, 0, 0);
	refused(m);
	m = two_files();
	entry(&m, STATES, CHAR, UINT32_MAX, 2);
	refused(m);
	m = two_files();
	TAG(&m, STATES, CHAR, 1, "\0"); /* for two files */
	refused(m);
	m = two_files();
	TAG(&m, MODES, INT16, 1, "\0");
	refused(m);
	m = two_files();
	TAG(&m, DIRS, INT32, 1, "\0\0\0");
	refused(m);
	m = two_files();
	tag(&m, DIRS, INT32, 2, "\0\0\0\0\0\0\0\2", 8); /* there is no folder 2 */
	refused(m);
}

static void test_add__names(void **state)
{
	char name[257];
	struct maker m = {0};
	size_t files;

	refused(m);
	refused(named(""));
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	refused(named(name));
	name[255] = '\0';
	assert_int_equal(result(named(name), &files), 0); /* no files */
	tag(&m, NAME, STRING, 1, "open", 4);		  /* no end */
	refused(m);
}

/* A path is a folder's number and a name: what they stand for together is bounded too. */
static void test_add__long_paths(void **state)
{
	enum { PATH = 4000, COUNT = 20000 };
	_cleanup_strbuf_ struct strbuf dir = {0}, base = {0}, index = {0};
	struct maker m;
	size_t files;

	strbuf_addc(&dir, '/');
	for (int i = 0; i < PATH; i++)
		strbuf_addc(&dir, 'd');
	for (uint32_t i = 0; i < COUNT; i++) {
		be32(&index, 0);
		strbuf_add(&base, "b", 2);
	}
	for (uint32_t n = 10; n <= COUNT; n += COUNT - 10) {
		m = named("long");
		tag(&m, DIRS, INT32, n, index.ptr, n * 4);
		tag(&m, BASE, STRINGS, n, base.ptr, n * 2);
		tag(&m, DIR_NAMES, STRINGS, 1, dir.ptr, dir.len + 1);
		assert_int_equal(result(m, &files), n == COUNT ? -EBADMSG : 1);
		assert_int_equal(files, n == COUNT ? 0 : 1);
	}
	for (int i = 0; i < 95; i++)
		strbuf_addc(&dir, 'd');
	m = named("long"); /* with its name 4097 bytes */
	tag(&m, DIRS, INT32, 1, index.ptr, 4);
	tag(&m, BASE, STRINGS, 1, "b", 2);
	tag(&m, DIR_NAMES, STRINGS, 1, dir.ptr, dir.len + 1);
	refused(m);
}

/* A database that answers: loaded, from a root without packages. */
static struct pkgdb *added(struct maker m)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct pkgdb *db = NULL;
	struct root root;

	assert_int_equal(root_open_live(&root, "/proc", NULL), 0);
	assert_int_equal(pkgdb_new(&db, NULL), 0);
	assert_int_equal(pkgdb_load(db, &root, NULL), 0);
	root_done(&root);
	finish(&m, &b);
	assert_int_equal(add(db, b.ptr, b.len), 1);
	return db;
}

static void assert_owner(const struct pkgdb *db, const char *path, const char *want)
{
	const char *got = pkgdb_name(db, pkgdb_owner(db, span_of(path)));

	if (strcmp(got, want) != 0)
		fail_msg("%s: '%s', want '%s'", path, got, want);
}

static void test_add__files(void **state)
{
	struct maker m = two_files();
	struct pkgdb *db;

	/* What nobody asks for may say anything. */
	entry(&m, 63, 7, UINT32_MAX, UINT32_MAX);
	entry(&m, 5000, 99, 1 << 30, 0);
	db = added(m);
	assert_int_equal(pkgdb_files(db), 2);
	assert_owner(db, "/bin/a", "two");
	assert_owner(db, "/opt/b", "two");
	assert_owner(db, "/bin/b", "");
	pkgdb_free(db);
}

/* Before rpm 4.0. */
static void test_add__old_names(void **state)
{
	struct maker m = named("old");
	struct pkgdb *db;

	TAG(&m, OLD, STRINGS, 2, "/bin/a\0/opt/b");
	db = added(m);
	assert_int_equal(pkgdb_files(db), 2);
	assert_owner(db, "/opt/b", "old");
	pkgdb_free(db);
}

static struct maker six_files(void)
{
	struct maker m = named("six");

	tag(&m, DIRS, INT32, 6, (const uint8_t[24]){0}, 24);
	TAG(&m, BASE, STRINGS, 6, "0\0001\0002\0003\0004\0f");
	TAG(&m, DIR_NAMES, STRINGS, 1, "/");
	return m;
}

/* Replaced, not installed and of another colour; and a folder. */
static void test_add__states_and_modes(void **state)
{
	static const uint8_t modes[] = {0x81, 0xa4, 0x81, 0xa4, 0x81, 0xa4,
					0x81, 0xa4, 0xa1, 0xff, 0x41, 0xed};
	struct maker m = six_files();
	struct pkgdb *db;

	tag(&m, MODES, INT16, 6, modes, sizeof(modes));
	tag(&m, STATES, CHAR, 6, "\0\1\2\3\4", 6);
	db = added(m);
	assert_int_equal(pkgdb_files(db), 2);
	assert_owner(db, "/0", "six");
	assert_owner(db, "/4", "six");
	pkgdb_free(db);
}

/* What was added at installation stands for what the package came with. */
static void test_add__last_counts(void **state)
{
	struct maker m = six_files();
	struct pkgdb *db;

	tag(&m, STATES, CHAR, 6, "\1\1\1\1\1\1", 6);
	tag(&m, STATES, CHAR, 6, "\1\1\0\1\1\1", 6);
	db = added(m);
	assert_int_equal(pkgdb_files(db), 1);
	assert_owner(db, "/2", "six");
	pkgdb_free(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__cut_anywhere),
		cmocka_unit_test(test_add__digest),
		cmocka_unit_test(test_add__huge_counts),
		cmocka_unit_test(test_add__wrong_entries),
		cmocka_unit_test(test_add__names),
		cmocka_unit_test(test_add__long_paths),
		cmocka_unit_test(test_add__files),
		cmocka_unit_test(test_add__old_names),
		cmocka_unit_test(test_add__states_and_modes),
		cmocka_unit_test(test_add__last_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
