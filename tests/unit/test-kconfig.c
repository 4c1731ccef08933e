/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "core/base/fs.h"
#include "core/host/dmesg.h"
#include "core/host/kconfig.h"

#define TEXT                                                                             \
	"# CONFIG_A is not set\n# not CONFIG_B=m\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_CC=y\nCONFIG_S=\"sha256\"\nCONFIG_N=10"

#define LOG "<6>[    1.5] ima: one\n[    1.6] ima: two\nbare three"

static char dir[] = "/tmp/imactl-kconfig-XXXXXX";
static int at;

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	at = open(dir, O_RDONLY | O_DIRECTORY);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"config", "config.gz", "dmesg.txt"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(at, names[i], 0);
	(void)close(at);
	return rmdir(dir);
}

static int load(struct kconfig *k, struct diag *d)
{
	struct root root;
	int r;

	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	r = kconfig_load(&root, k, d);
	root_done(&root);
	return r;
}

static void check(const struct kconfig *k)
{
	struct span v;

	assert_int_equal(kconfig_get(k, "A"), KCONFIG_NO);
	assert_int_equal(kconfig_get(k, "B"), KCONFIG_YES);
	assert_int_equal(kconfig_get(k, "C"), KCONFIG_MODULE);
	assert_int_equal(kconfig_get(k, "NOT_THERE"), KCONFIG_NO);
	assert_true(kconfig_text(k, "S", &v));
	assert_true(span_is(v, "sha256"));
	assert_true(kconfig_text(k, "N", &v));
	assert_true(span_is(v, "10"));
	assert_false(kconfig_text(k, "A", &v));
}

static void put(const char *name, const void *data, size_t len)
{
	assert_int_equal(fs_replace_at(at, name, data, len, 0600, NULL), 0);
}

static void test_load__none(void **state)
{
	struct kconfig k;
	struct diag d;

	assert_int_equal(load(&k, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_CONFIG);
}

static void test_load__gzip(void **state)
{
	uint8_t packed[1024];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)TEXT,
		      .avail_in = sizeof(TEXT) - 1,
		      .next_out = packed,
		      .avail_out = sizeof(packed)};
	struct kconfig k;
	struct diag d;
	size_t len;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	len = sizeof(packed) - z.avail_out;
	(void)deflateEnd(&z);
	for (size_t n = 0; n < len; n++) {
		put("config.gz", packed, n);
		assert_int_equal(load(&k, &d), -EBADMSG);
		assert_int_equal(d.id, DIAG_NO_CONFIG);
	}
	put("config.gz", packed, len);
	assert_int_equal(load(&k, &d), 0);
	check(&k);
	kconfig_done(&k);
}

static void test_load__plain_wins(void **state)
{
	struct kconfig k;

	put("config.gz", "junk", 4);
	put("config", TEXT, sizeof(TEXT) - 1);
	assert_int_equal(load(&k, NULL), 0);
	check(&k);
	kconfig_done(&k);
}

static void test_dmesg__recorded(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct root root;
	struct span line;

	put("dmesg.txt", LOG, sizeof(LOG) - 1);
	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	assert_int_equal(dmesg_read(&root, &b, NULL), 0);
	root_done(&root);
	assert_true(dmesg_find(&b, "one", &line));
	assert_true(span_is(line, "ima: one"));
	assert_true(dmesg_find(&b, "two", &line));
	assert_true(span_is(line, "ima: two"));
	assert_true(dmesg_find(&b, "thre", &line));
	assert_false(dmesg_find(&b, "four", &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load__none),
		cmocka_unit_test(test_load__gzip),
		cmocka_unit_test(test_load__plain_wins),
		cmocka_unit_test(test_dmesg__recorded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
