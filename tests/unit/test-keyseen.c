/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/label/keyseen.h"
#include "tests/unit/listgen.h"

#define SIG_A "030204aabbccdd000473696721"
#define SIG_B "03020411223344000473696721"

static struct mstore *store;
static int fd = -1;

static void add(struct strbuf *list, const char *path, const char *sig)
{
	struct made m = {.template = "ima-sig", .path = path, .sig_hex = sig};

	listgen_record(list, &m);
}

static void open_list(const struct strbuf *list)
{
	fd = memfd_create("list", MFD_CLOEXEC);
	assert_int_equal(fs_write_all(fd, strbuf_str(list), list->len), 0);
	assert_int_equal(mstore_open(fd, 0, &store, NULL), 0);
	assert_int_equal(mstore_load(store, NULL), 0);
}

static int teardown(void **state)
{
	store = mstore_free(store);
	close(fd);
	return 0;
}

static uint64_t files(const struct keyseen *s, const char *hex)
{
	uint8_t id[4];

	assert_int_equal(hex_decode(id, span_of(hex)), 0);
	return keyseen_files(s, IMAXATTR_IMA, (struct span){id, sizeof(id)});
}

static void test_step__empty(void **state)
{
	_cleanup_keyseen_ struct keyseen s = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	open_list(&list);
	assert_int_equal(keyseen_init(&s, store), 0);
	assert_int_equal(keyseen_step(&s, 10), 0);
	assert_int_equal(files(&s, "aabbccdd"), 0);
}

/* A file counts once for each key, however often it was measured. */
static void test_step__names(void **state)
{
	_cleanup_keyseen_ struct keyseen s = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	add(&list, "/a", SIG_A);
	add(&list, "/a", SIG_A);
	add(&list, "/a", SIG_B);
	add(&list, "/b", SIG_A);
	add(&list, "/c", NULL);
	add(&list, "/d", "0302");
	open_list(&list);
	assert_int_equal(keyseen_init(&s, store), 0);
	assert_int_equal(keyseen_step(&s, 2), 1);
	assert_int_equal(files(&s, "aabbccdd"), 1);
	assert_int_equal(keyseen_step(&s, 100), 0);
	assert_int_equal(files(&s, "aabbccdd"), 2);
	assert_int_equal(files(&s, "11223344"), 1);
	assert_int_equal(s.named[IMAXATTR_IMA], 3);
	assert_int_equal(s.named[IMAXATTR_EVM], 0);
}

/* More than the table begins with: each is found again after it grew. */
static void test_step__many(void **state)
{
	_cleanup_keyseen_ struct keyseen s = {0};
	_cleanup_strbuf_ struct strbuf list = {0};
	char path[32];

	for (int i = 0; i < 6000; i++) {
		(void)snprintf(path, sizeof(path), "/f%d", i % 3000);
		add(&list, path, i % 2 ? SIG_A : SIG_B);
	}
	open_list(&list);
	assert_int_equal(keyseen_init(&s, store), 0);
	while (keyseen_step(&s, 700) > 0)
		;
	assert_int_equal(files(&s, "aabbccdd"), 1500);
	assert_int_equal(files(&s, "11223344"), 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_step__empty, teardown),
		cmocka_unit_test_teardown(test_step__names, teardown),
		cmocka_unit_test_teardown(test_step__many, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
