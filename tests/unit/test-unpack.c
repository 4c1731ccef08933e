/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/host/unpack.h"
#include "tests/unit/listgen.h"

/* "hello\n", by gzip -n */
static const char hello[] = "1f8b0800000000000003cb48cdc9c9e7020020303a3606000000";

static void test_unpack_program__by_magic(void **state)
{
	assert_null(unpack_program(span_of("")));
	assert_null(unpack_program(span_of("070701")));
	assert_null(unpack_program(span_of("\x1f")));
	assert_string_equal(unpack_program(span_of("\x1f\x8b")), "gzip");
	assert_string_equal(unpack_program(span_of("\x28\xb5\x2f\xfd...")), "zstd");
	assert_string_equal(unpack_program(
				    (struct span){(const uint8_t *)"\xfd\x37zXZ\0", 6}),
			    "xz");
}

static void test_unpack_start__none(void **state)
{
	_cleanup_(root_done) struct root root;
	struct unpack u;
	struct diag d;

	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	assert_int_equal(unpack_start(&root, 0, span_of("plain text"), &u, &d), -ENOTSUP);
	assert_int_equal(d.id, DIAG_INITRAMFS_KIND);
}

static void test_unpack_start__no_program(void **state)
{
	_cleanup_free_ char *path = strdup(getenv("PATH"));
	_cleanup_(root_done) struct root root;
	struct unpack u;
	struct diag d;

	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	(void)setenv("PATH", "/nonexistent", 1);
	assert_int_equal(unpack_start(&root, 0, span_of("\x1f\x8b"), &u, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_UNPACKER);
	assert_non_null(strstr(d.text, "gzip"));
	(void)setenv("PATH", path, 1);
}

/* From where the file is: what stands before is none of it, and zeros behind it neither. */
static void test_unpack_start__in_the_middle(void **state)
{
	_cleanup_strbuf_ struct strbuf file = {0}, out = {0};
	_cleanup_close_ int fd = -1;
	uint8_t packed[sizeof(hello) / 2];
	_cleanup_(root_done) struct root root;
	struct unpack u;

	assert_int_equal(hex_decode(packed, span_of(hello)), 0);
	assert_int_equal(root_open_live(&root, NULL, NULL), 0);
	strbuf_adds(&file, "before");
	strbuf_add(&file, packed, sizeof(packed));
	strbuf_add(&file, "\0\0\0\0", 4);
	fd = listgen_file(&file);
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	assert_int_equal(unpack_start(&root, fd, (struct span){packed, 8}, &u, NULL), 0);
	assert_int_equal(fs_read_fd(u.fd, 100, "out", &out, NULL), 0);
	assert_string_equal(strbuf_str(&out), "hello\n");
	unpack_end(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack_program__by_magic),
		cmocka_unit_test(test_unpack_start__none),
		cmocka_unit_test(test_unpack_start__no_program),
		cmocka_unit_test(test_unpack_start__in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
