/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/list/mlog.h"

/* "hello\n" measured as /usr/bin/hello, computed outside this program. */
#define V1                                                                               \
	"0a000000c8acbfa06c0d5bf7696db445ba8489fa2393c0d506000000696d612d6e673f000000"   \
	"280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2" \
	"e846f6be030f0000002f7573722f62696e2f68656c6c6f00"
#define V2                                                                               \
	"0a00000073b10857ac51ebdcafd0e849f3b34594310d765107000000696d612d736967500000"   \
	"00280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286" \
	"a2e846f6be030f0000002f7573722f62696e2f68656c6c6f000d000000030204deadbeef0004aa" \
	"bbccdd"
#define V4                                                                               \
	"0a000000c46f9765364398f3cf1b6710d7229bf73b281f5a03000000696d61f572d396fae92066" \
	"28714fb2ce00f72e94f2258f0e0000002f7573722f62696e2f68656c6c6f"
#define V5                                                                                \
	"0a000000000000000000000000000000000000000000000006000000696d612d6e673b00000028"  \
	"0000007368613235363a00000000000000000000000000000000000000000000000000000000000" \
	"00000000b0000002f7661722f6c6f672f7800"

static const struct mlog_dialect binary = {.digest_size = 20};

struct list {
	uint8_t bytes[2048];
	size_t len;
	struct bytes cursor;
	struct strbuf scratch;
};

static void list_hex(struct list *l, const char *hex)
{
	assert_int_equal(hex_decode(l->bytes + l->len, span_of(hex)), 0);
	l->len += strlen(hex) / 2;
	l->cursor = bytes_of(l->bytes, l->len);
}

static void list_text(struct list *l, const char *text, size_t len)
{
	memcpy(l->bytes + l->len, text, len);
	l->len += len;
	l->cursor = bytes_of(l->bytes, l->len);
}

/* The template digest, as the kernel makes it for all templates but "ima". */
static void assert_digest(const struct mlog_entry *e, enum hash_alg alg, const char *want)
{
	struct hash_ctx *h = hash_new(alg, NULL);
	uint8_t out[HASH_MAX_SIZE];
	char text[2 * HASH_MAX_SIZE + 1] = "";

	assert_non_null(h);
	hash_once(h, e->data, (struct span){0}, out);
	hash_free(h);
	hex_encode(text, (struct span){out, hash_alg_size(alg)});
	assert_string_equal(text, want);
}

static void assert_span(struct span got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

static void test_next__vectors(void **state)
{
	struct list l = {0};
	struct mlog_entry e;
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct mlog_digest d;

	list_hex(&l, V1 V5 V2);
	assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 1);
	assert_int_equal(e.pcr, 10);
	assert_false(e.violation);
	assert_int_equal(e.size, strlen(V1) / 2);
	assert_span(e.name, "ima-ng");
	assert_span(mlog_path(&binary, &e), "/usr/bin/hello");
	assert_digest(&e, HASH_SHA1, "c8acbfa06c0d5bf7696db445ba8489fa2393c0d5");
	assert_digest(&e, HASH_SHA256,
		      "dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c");
	assert_true(mlog_file_digest(&binary, &e, &d));
	assert_int_equal(d.alg, HASH_SHA256);
	assert_int_equal(d.value.len, 32);

	assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 1);
	assert_true(e.violation);
	assert_span(mlog_path(&binary, &e), "/var/log/x");

	assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 1);
	assert_digest(&e, HASH_SHA256,
		      "12a75770337891eb00489a4c1203faf28fd1467fcf1d5f7c36d7e8106e7bdfcb");
	assert_int_equal(mlog_fields(&binary, &e, f, NULL), 3);
	assert_int_equal(f[2].id, MLOG_SIG);
	assert_int_equal(f[2].value.len, 13);
	assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 0);
	assert_int_equal(bytes_left(&l.cursor), 0);
}

static void test_next__legacy(void **state)
{
	struct list l = {0};
	struct mlog_entry e;
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct mlog_digest d;

	list_hex(&l, V4);
	/* ima_hash=md5: 16 bytes of digest, then length and name. */
	list_hex(&l, "0a000000"
		     "c46f9765364398f3cf1b6710d7229bf73b281f5a"
		     "03000000696d61"
		     "00112233445566778899aabbccddeeff"
		     "0e0000002f7573722f62696e2f68656c6c6f");
	list_hex(&l, V4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 1);
		assert_true(e.legacy);
		assert_span(mlog_path(&binary, &e), "/usr/bin/hello");
		assert_int_equal(mlog_fields(&binary, &e, f, NULL), 2);
		assert_int_equal(f[0].value.len, i == 1 ? 16 : 20);
		assert_true(mlog_file_digest(&binary, &e, &d));
		assert_int_equal(d.alg, i == 1 ? HASH_MD5 : HASH_SHA1);
	}
	assert_int_equal(bytes_left(&l.cursor), 0);
}

static void test_next__cut_anywhere(void **state)
{
	struct list l = {0};
	struct mlog_entry e;

	list_hex(&l, V2);
	for (size_t len = 0; len < l.len; len++) {
		struct bytes c = bytes_of(l.bytes, len);

		assert_int_equal(mlog_next(&binary, &c, NULL, &e, NULL), 0);
		assert_int_equal(c.pos, 0);
	}
}

static void test_next__damage(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {{1, 1}, {0, 64}, {24, 0}, {25, 1}, {28, ' '}, {28, 0x1b}, {37, 0x7f}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct list l = {0};
		struct mlog_entry e;
		struct diag err = {0};

		list_hex(&l, V1);
		l.bytes[rows[i].at] = rows[i].value;
		assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, &err), -EBADMSG);
		assert_int_equal(err.id, DIAG_LIST_DAMAGED);
		assert_int_equal(l.cursor.pos, 0);
	}
}

static void test_fields__lengths_must_fit(void **state)
{
	struct list l = {0};
	struct mlog_entry e;
	struct mlog_field f[MLOG_FIELDS_MAX];
	struct diag err = {0};

	list_hex(&l, V1);
	l.bytes[38]++; /* the first field claims one byte more */
	assert_int_equal(mlog_next(&binary, &l.cursor, NULL, &e, NULL), 1);
	assert_int_equal(mlog_fields(&binary, &e, f, &err), -EBADMSG);
	assert_int_equal(err.id, DIAG_LIST_FIELDS);
}

static void test_fields__custom_and_unknown(void **state)
{
	static const struct {
		const char *name;
		int n;
		enum mlog_field_id second;
	} rows[] = {{"n-ng|d-ng", 2, MLOG_D_NG},
		    {"buf|iuid", 2, MLOG_IUID},
		    {"ima-new", 2, _MLOG_FIELD_INVALID},
		    {"sig|zzz", 2, _MLOG_FIELD_INVALID}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mlog_entry e = {
			.name = span_of(rows[i].name),
			.data = {(const uint8_t *)"\x02\0\0\0ab\x04\0\0\0\1\0\0\0", 14}};
		struct mlog_field f[MLOG_FIELDS_MAX];

		assert_int_equal(mlog_fields(&binary, &e, f, NULL), rows[i].n);
		assert_int_equal(f[1].id, rows[i].second);
		assert_int_equal(f[1].value.len, 4);
	}
}

static void test_field_text__kinds(void **state)
{
	static const struct {
		enum mlog_field_id id;
		const char *bytes;
		size_t len;
		const char *text;
	} rows[] = {
		{MLOG_D_NG, "sha256:\0\xab\xcd", 10, "sha256:abcd"},
		{MLOG_D_NGV2, "ima:sha1:\0\xab", 11, "ima:sha1:ab"},
		{MLOG_D_NG, "nocolon", 7, "6e6f636f6c6f6e"},
		{MLOG_D_MODSIG, "", 0, ""},
		{MLOG_N_NG, "/a\n\x1b[m\xff\0", 8, "/a\\x0a\\x1b[m\\xff"},
		{MLOG_IMODE, "\xa4\x81", 2, "33188"},
		{MLOG_IUID, "", 0, ""},
		{MLOG_SIG, "\3\2", 2, "0302"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mlog_field f = {.id = rows[i].id,
				       .value = {(const uint8_t *)rows[i].bytes,
						 rows[i].len}};
		_cleanup_strbuf_ struct strbuf out = {0};

		mlog_field_text(&f, &out);
		assert_string_equal(strbuf_str(&out), rows[i].text);
	}
}

#define A1                                                                               \
	"10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng "                            \
	"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 "       \
	"/usr/bin/hello\n"
#define A2                                                                               \
	"10 73b10857ac51ebdcafd0e849f3b34594310d7651 ima-sig "                           \
	"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 "       \
	"/usr/bin/hello 030204deadbeef0004aabbccdd\n"

static void test_ascii__vectors(void **state)
{
	struct list l = {0};
	struct mlog_dialect d;
	struct mlog_entry e;

	list_text(&l, A1 A2, strlen(A1 A2));
	assert_int_equal(mlog_sniff((struct span){l.bytes, l.len}, 0, &d, NULL), 0);
	assert_true(d.ascii);
	assert_int_equal(d.digest_size, 20);
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 1);
	assert_digest(&e, HASH_SHA1, "c8acbfa06c0d5bf7696db445ba8489fa2393c0d5");
	assert_int_equal(e.size, strlen(A1));
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 1);
	assert_digest(&e, HASH_SHA1, "73b10857ac51ebdcafd0e849f3b34594310d7651");
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 0);
	strbuf_done(&l.scratch);
}

static void test_ascii__newline_in_name(void **state)
{
	static const char text[] =
		" 9 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-sig sha1:00 /a\n10 b\n\n"
		"10_c8acbfa06c0d5bf7696db445ba8489fa2393c0d5_ima-ng_sha1:00_/b "
		"\n" A1;
	struct list l = {0};
	struct mlog_dialect d = {.ascii = true, .digest_size = 20, .more = true};
	struct mlog_entry e;
	struct span sig;

	/* The first record is over only when the next one begins. */
	l.cursor = bytes_of(text, strlen(text) - strlen(A1));
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 0);
	l.cursor = bytes_of(text, strlen(text));
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 1);
	assert_int_equal(e.pcr, 9);
	/* What would be a record if the kernel had left the name its spaces. */
	assert_span(mlog_path(&d, &e),
		    "/a\n10 b\n\n"
		    "10_c8acbfa06c0d5bf7696db445ba8489fa2393c0d5_ima-ng_"
		    "sha1:00_/b");
	assert_true(mlog_field(&d, &e, MLOG_SIG, &sig));
	assert_int_equal(sig.len, 1 - 1);
	d.more = false;
	assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, NULL), 1);
	assert_span(mlog_path(&d, &e), "/usr/bin/hello");
	strbuf_done(&l.scratch);
}

static void test_ascii__bad_lines(void **state)
{
	static const char *const rows[] = {
		"this is text\n",
		"10 I936eb315fb4e74b99e7d461bc5c96049e1ee092 ima-ng sha1:00 /x\n",
		"10 7936eb315fb4e74b99e7d461bc5c96049e1ee092 not-ima sha1:00 /x\n",
		"10 7936eb315fb4e74b99e7d461bc5c96049e1ee092 ima-ng sha1:0g /x\n",
		"10 7936eb315fb4e74b99e7d461bc5c96049e1ee092 ima-ng sha1 /x\n",
		"10 7936eb315fb4e74b99e7d461bc5c96049e1ee092 imode 65536\n",
		"99 7936eb315fb4e74b99e7d461bc5c96049e1ee092 ima-ng sha1:00 /x\n",
	};
	struct mlog_dialect d = {.ascii = true, .digest_size = 20};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct list l = {0};
		struct mlog_entry e;
		struct diag err = {0};

		list_text(&l, rows[i], strlen(rows[i]));
		assert_int_equal(mlog_next(&d, &l.cursor, &l.scratch, &e, &err),
				 -EBADMSG);
		assert_int_equal(err.id, DIAG_LIST_DAMAGED);
		assert_int_equal(l.cursor.pos, 0);
		strbuf_done(&l.scratch);
	}
}

static void test_sniff__binary_kinds(void **state)
{
	static const uint8_t sizes[] = {20, 32, 48, 64};

	for (size_t i = 0; i < sizeof(sizes); i++)
		for (int be = 0; be < 2; be++) {
			uint8_t rec[128] = {0};
			struct mlog_dialect d = {0};
			size_t at = 4 + sizes[i];

			rec[be ? 3 : 0] = 10;
			memset(rec + 4, 0x5a, sizes[i]);
			rec[at + (be ? 3 : 0)] = 6;
			memcpy(rec + at + 4, "n|d-ng", 6);
			rec[at + 10 + (be ? 3 : 0)] = 10;
			rec[at + 14 + (be ? 3 : 0)] = 2;
			assert_int_equal(mlog_sniff((struct span){rec, at + 24}, 0, &d,
						    NULL),
					 0);
			assert_false(d.ascii);
			assert_int_equal(d.big_endian, be);
			assert_int_equal(d.digest_size, sizes[i]);
		}
}

static void test_sniff__no_list(void **state)
{
	struct mlog_dialect d;
	struct diag err = {0};

	assert_int_equal(mlog_sniff(span_of("this-is-no-list\n"), 0, &d, &err), -EBADMSG);
	assert_int_equal(err.id, DIAG_LIST_FORMAT);
	assert_int_equal(mlog_sniff((struct span){0}, 0, &d, NULL), 0);
	assert_int_equal(d.digest_size, 20);
}

static void test_resync__every_offset(void **state)
{
	struct list l = {0};
	size_t starts[] = {0, strlen(V1) / 2, strlen(V1 V5) / 2, strlen(V1 V5 V2) / 2,
			   strlen(V1 V5 V2 V4) / 2};

	list_hex(&l, V1 V5 V2 V4 V1);
	for (size_t at = 0, next = 0; at <= starts[4]; at++) {
		struct bytes c = l.cursor;

		c.pos = at;
		if (at > starts[next])
			next++;
		assert_int_equal(mlog_resync(&binary, &c), 0);
		assert_int_equal(c.pos, starts[next]);
	}
	l.cursor.pos = starts[4] + 1;
	assert_int_equal(mlog_resync(&binary, &l.cursor), -ENODATA);
	assert_int_equal(l.cursor.pos, starts[4] + 1);
}

static void test_resync__ascii(void **state)
{
	struct list l = {0};
	struct mlog_dialect d = {.ascii = true, .digest_size = 20};

	list_text(&l, A1 A2 A1 A1, strlen(A1 A2 A1 A1));
	l.cursor.pos = 3;
	assert_int_equal(mlog_resync(&d, &l.cursor), 0);
	assert_int_equal(l.cursor.pos, strlen(A1));
}

/* Each named template: its ids are the ids of its format. */
static void test_template_format__agrees(void **state)
{
	static const struct {
		const char *name, *format;
		int n;
		int8_t id[MLOG_FIELDS_MAX];
	} rows[] = {
#define MLOG_TEMPLATE(id, name, format, ...)                                             \
	{name, format, sizeof((int8_t[]){__VA_ARGS__}), {__VA_ARGS__}},
#include "core/base/templates.inc"
#undef MLOG_TEMPLATE
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = bytes_of(rows[i].format, strlen(rows[i].format));
		struct span id;

		assert_span(mlog_template_format(span_of(rows[i].name)), rows[i].format);
		for (int f = 0; f < rows[i].n; f++) {
			if (!bytes_until(&b, '|', &id))
				assert_true(bytes_take(&b, bytes_left(&b), &id));
			assert_span(id,
				    mlog_field_name((enum mlog_field_id)rows[i].id[f]));
		}
		assert_int_equal(bytes_left(&b), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next__vectors),
		cmocka_unit_test(test_next__legacy),
		cmocka_unit_test(test_next__cut_anywhere),
		cmocka_unit_test(test_next__damage),
		cmocka_unit_test(test_fields__lengths_must_fit),
		cmocka_unit_test(test_fields__custom_and_unknown),
		cmocka_unit_test(test_field_text__kinds),
		cmocka_unit_test(test_ascii__vectors),
		cmocka_unit_test(test_ascii__newline_in_name),
		cmocka_unit_test(test_ascii__bad_lines),
		cmocka_unit_test(test_sniff__binary_kinds),
		cmocka_unit_test(test_sniff__no_list),
		cmocka_unit_test(test_resync__every_offset),
		cmocka_unit_test(test_resync__ascii),
		cmocka_unit_test(test_template_format__agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
