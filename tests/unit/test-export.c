/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/list/export.h"
#include "tests/unit/listgen.h"

static void fixture_path(char *out, size_t size, const char *host, const char *name)
{
	snprintf(out, size, "%s/tests/fixtures/lists/%s/%s", getenv("IMACTL_SOURCE"),
		 host, name);
}

static struct mstore *load(const char *host, const char *name)
{
	struct mstore *s = NULL;
	char path[512];
	int fd;

	fixture_path(path, sizeof(path), host, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mstore_open(fd, 0, &s, NULL), 0);
	assert_int_equal(mstore_load(s, NULL), 0);
	close(fd);
	return s;
}

struct walk {
	const struct mstore *store;
	mref ref;
};

static mref walk_next(void *user)
{
	struct walk *w = user;
	mref now = w->ref;

	if (now != MSTORE_NONE)
		w->ref = mstore_next(w->store, now);
	return now;
}

static void export_all(const struct mstore *s, enum export_format format,
		       struct strbuf *out)
{
	struct walk w = {s, mstore_first(s)};
	struct export *e = NULL;
	FILE *f = tmpfile();
	int r;

	assert_non_null(f);
	assert_int_equal(export_new(format, s, NULL, fileno(f), &e, NULL), 0);
	do
		r = export_step(e, walk_next, &w, 0, NULL);
	while (r > 0);
	assert_int_equal(r, 0);
	assert_int_equal(export_finish(e, NULL), 0);
	assert_int_equal(export_count(e), mstore_head(s));
	export_free(e);
	rewind(f);
	assert_int_equal(fs_read_fd(fileno(f), 16 << 20, "export", out, NULL), 0);
	fclose(f);
}

static void same_as_file(const struct mstore *s, enum export_format format,
			 const char *host, const char *name)
{
	_cleanup_strbuf_ struct strbuf got = {0}, want = {0};
	char path[512];

	fixture_path(path, sizeof(path), host, name);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 16 << 20, &want, NULL), 0);
	export_all(s, format, &got);
	if (got.len != want.len || memcmp(got.ptr, want.ptr, got.len) != 0)
		fail_msg("%s/%s: not the kernel's bytes", host, name);
}

/* What the kernel itself wrote as text and as binary, whatever was read. */
static void test_finish__byte_for_byte_the_kernels(void **state)
{
	static const char *hosts[] = {"61-custom", "61-modsig",	   "61-sig",
				      "612-ima",   "612-plain-ng", "612-sig"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		_cleanup_(mstore_freep) struct mstore *b =
			load(hosts[i], "binary_runtime_measurements");
		_cleanup_(mstore_freep) struct mstore *a =
			load(hosts[i], "ascii_runtime_measurements");

		same_as_file(b, EXPORT_ASCII, hosts[i], "ascii_runtime_measurements");
		same_as_file(a, EXPORT_ASCII, hosts[i], "ascii_runtime_measurements");
		same_as_file(b, EXPORT_BINARY, hosts[i], "binary_runtime_measurements");
		same_as_file(a, EXPORT_BINARY, hosts[i], "binary_runtime_measurements");
	}
}

static struct mstore *made(const struct made *m, size_t n)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct mstore *s = NULL;

	for (size_t i = 0; i < n; i++)
		listgen_record(&b, &m[i]);
	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL),
			 0);
	assert_int_equal(mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
	return s;
}

static void contains(const struct strbuf *b, const char *want)
{
	if (!strstr(strbuf_str(b), want))
		fail_msg("no '%s' in: %s", want, strbuf_str(b));
}

static void test_json__fields_others_rely_on(void **state)
{
	static const struct made m[] = {{"ima-sig", "/usr/bin/l\xff\x1b", 1, false,
					 "030204deadbeef0004aabbccdd"},
					{"ima-sig", "/var/log/x", 0, true, ""}};
	_cleanup_(mstore_freep) struct mstore *s = made(m, 2);
	_cleanup_strbuf_ struct strbuf out = {0};

	export_all(s, EXPORT_JSON, &out);
	contains(&out, "\"schema\":\"imactl/log/1\",\"n\":1,\"pcr\":10,"
		       "\"template\":\"ima-sig\",\"template_digest\":\"");
	contains(&out, "\"violation\":false,\"digest\":\"sha256:01020304");
	contains(&out, "\"path\":\"/usr/bin/l\\\\xff\\\\x1b\",\"path_hex\":\"2f7573");
	contains(&out, "\"sig\":{\"type\":3,\"version\":2,\"keyid\":\"deadbeef\","
		       "\"hash\":\"sha256\",\"hex\":\"030204deadbeef0004aabbccdd\"}");
	contains(&out, "\"d-ng\":\"sha256:0102");
	contains(&out, "\"n\":2,");
	contains(&out, "\"violation\":true,");
	contains(&out, "\"sig\":null}\n");
	assert_null(memchr(out.ptr, 0x1b, out.len));
}

static void test_csv__quotes_and_formulas(void **state)
{
	static const struct made m[] = {{NULL, "/a,b\"c\n", 1, false, NULL},
					{NULL, "=cmd()", 2, false, NULL}};
	_cleanup_(mstore_freep) struct mstore *s = made(m, 2);
	_cleanup_strbuf_ struct strbuf out = {0};

	export_all(s, EXPORT_CSV, &out);
	contains(&out, "n,pcr,template,");
	contains(&out, ",\"/a,b\"\"c\\x0a\"\r\n");
	contains(&out, ",\\x3dcmd()\r\n");
}

static void test_cel__array_of_records(void **state)
{
	static const struct made m[] = {{NULL, "/a", 1, false, NULL},
					{NULL, "/b", 2, false, NULL}};
	_cleanup_(mstore_freep) struct mstore *s = made(m, 2), *none = made(m, 0);
	_cleanup_strbuf_ struct strbuf out = {0}, empty = {0};

	export_all(s, EXPORT_CEL, &out);
	contains(&out, "[\n{\"recnum\":0,\"pcr\":10,\"digests\":[{\"hashAlg\":\"sha1\","
		       "\"digest\":\"");
	contains(&out, "\"content_type\":\"ima_template\",\"content\":{\"template_name\":"
		       "\"ima-ng\",\"template_value\":\"280000007368613235363a00");
	contains(&out, "},\n{\"recnum\":1,");
	contains(&out, "}\n]\n");
	export_all(none, EXPORT_CEL, &empty);
	assert_string_equal(strbuf_str(&empty), "[]\n");
}

static void test_flush__reader_gone(void **state)
{
	static const struct made m[] = {{NULL, "/a", 1, false, NULL}};
	_cleanup_(mstore_freep) struct mstore *s = made(m, 1);
	struct export *e = NULL;
	struct diag d = {0};
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(export_new(EXPORT_JSON, s, NULL, fd, &e, NULL), 0);
	assert_int_equal(export_entry(e, 0, NULL), 0);
	assert_int_equal(export_finish(e, &d), -ENOSPC);
	assert_int_equal(d.id, DIAG_WRITE);
	export_free(e);
	close(fd);
}

static void test_format__names_round_trip(void **state)
{
	for (int i = 0; i < _EXPORT_FORMAT_MAX; i++)
		assert_int_equal(export_format_from_name(
					 export_format_name((enum export_format)i)),
				 i);
	assert_int_equal(export_format_from_name("xml"), _EXPORT_FORMAT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finish__byte_for_byte_the_kernels),
		cmocka_unit_test(test_json__fields_others_rely_on),
		cmocka_unit_test(test_csv__quotes_and_formulas),
		cmocka_unit_test(test_cel__array_of_records),
		cmocka_unit_test(test_flush__reader_gone),
		cmocka_unit_test(test_format__names_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
