/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every recorded list there is, of our own kernels and of other projects, against what an
 * independent reader found in it (../shared/fixtures/lists/EXPECTED.json).
 *
 * That reader splits text at newlines and does not rebuild custom templates from text.
 * Where it therefore says "unparsed" about a text list of a kernel, the binary list of
 * the same boot is the truth, for it says the same entries.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <json.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/verify/replay.h"

static char folder[512];
static struct json_object *expected;

struct count {
	char name[80];
	int64_t n;
};

/* What we find in a list. */
struct found {
	int error; /* of the sniffer or decoder, or a cut record */
	int64_t entries, violations, bad, good;
	size_t n_templates, n_sigs, n_bootaggs;
	struct count template[32], sig[32];
	struct {
		int64_t entry;
		char text[200];
	} bootagg[16];
	struct replay *replay;
};

static const enum hash_alg banks[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

static void count(struct count *table, size_t *n, const char *name)
{
	size_t i = 0;

	while (i < *n && strcmp(table[i].name, name) != 0)
		i++;
	assert_true(i < 32);
	if (i == *n) {
		(void)snprintf(table[i].name, sizeof(table[i].name), "%s", name);
		++*n;
	}
	table[i].n++;
}

/* struct signature_v2_hdr: type, version, algorithm, keyid, size (big-endian). */
static void add_sig(struct found *f, struct span s)
{
	char name[80], keyid[9] = "";

	if (s.len < 9 || s.ptr[0] != 3)
		return;
	hex_encode(keyid, (struct span){s.ptr + 3, 4});
	(void)snprintf(name, sizeof(name), "03 v%u alg%u keyid %s len%u", s.ptr[1],
		       s.ptr[2], keyid, (unsigned)s.ptr[7] << 8 | s.ptr[8]);
	assert_int_equal(s.len - 9, (size_t)s.ptr[7] << 8 | s.ptr[8]);
	count(f->sig, &f->n_sigs, name);
}

static void add_bootagg(struct found *f, const struct mlog_field *fields, int n)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	for (int i = 0; i < n; i++)
		if (fields[i].id == MLOG_D || fields[i].id == MLOG_D_NG ||
		    fields[i].id == MLOG_D_NGV2)
			mlog_field_text(&fields[i], &text);
	assert_true(f->n_bootaggs < 16);
	f->bootagg[f->n_bootaggs].entry = f->entries;
	(void)snprintf(f->bootagg[f->n_bootaggs++].text, sizeof(f->bootagg[0].text), "%s",
		       strbuf_str(&text));
}

static void add_entry(struct found *f, const struct mlog_dialect *d,
		      const struct mlog_entry *e)
{
	struct mlog_field fields[MLOG_FIELDS_MAX];
	char name[80];
	int check = replay_add(f->replay, d, e), n;
	struct span sig;

	f->entries++;
	f->violations += check == REPLAY_VIOLATION;
	f->bad += check == REPLAY_BAD;
	f->good += check == REPLAY_GOOD;
	(void)snprintf(name, sizeof(name), "%.*s", (int)e->name.len,
		       (const char *)e->name.ptr);
	count(f->template, &f->n_templates, name);
	n = mlog_fields(d, e, fields, NULL);
	assert_true(n > 0);
	assert_int_equal(mlog_check(d, e), 0);
	if (mlog_field(d, e, MLOG_SIG, &sig))
		add_sig(f, sig);
	if (mlog_is_boot_aggregate(d, e))
		add_bootagg(f, fields, n);
}

static void read_list(const char *name, struct found *f)
{
	_cleanup_strbuf_ struct strbuf bytes = {0}, scratch = {0};
	struct replay_config config = {.n_banks = 4,
				       .modes = REPLAY_MODES_ALL,
				       .column = _HASH_ALG_INVALID};
	struct mlog_dialect d;
	struct mlog_entry e;
	struct bytes c;
	char path[1024];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fs_read_fd(fd, 16 << 20, name, &bytes, NULL), 0);
	close(fd);
	memset(f, 0, sizeof(*f));
	c = bytes_of(bytes.ptr, bytes.len);
	f->error = mlog_sniff((struct span){c.ptr, c.len}, 0, &d, NULL);
	if (f->error < 0)
		return;
	memcpy(config.bank, banks, sizeof(banks));
	config.column = replay_column(d.digest_size);
	assert_int_equal(replay_new(&config, &f->replay, NULL), 0);
	while ((f->error = mlog_next(&d, &c, &scratch, &e, NULL)) > 0)
		add_entry(f, &d, &e);
	if (f->error == 0 && bytes_left(&c))
		f->error = -EBADMSG;
}

static int64_t number(struct json_object *o, const char *key)
{
	return json_object_get_int64(json_object_object_get(o, key));
}

static size_t length(struct json_object *o, const char *key)
{
	struct json_object *a = json_object_object_get(o, key);

	return json_object_is_type(a, json_type_array) ? json_object_array_length(a)
	       : json_object_is_type(a, json_type_object)
		       ? (size_t)json_object_object_length(a)
		       : 0;
}

static void check_counts(struct json_object *want, const char *key,
			 const struct count *have, size_t n)
{
	struct json_object *table = json_object_object_get(want, key);

	assert_int_equal(length(want, key), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(number(table, have[i].name), have[i].n);
}

static void check_bootaggs(struct json_object *want, const struct found *f)
{
	struct json_object *rows = json_object_object_get(want, "boot_aggregate");

	assert_int_equal(length(want, "boot_aggregate"), f->n_bootaggs);
	for (size_t i = 0; i < f->n_bootaggs; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		assert_int_equal(json_object_get_int64(json_object_array_get_idx(row, 0)),
				 f->bootagg[i].entry);
		assert_string_equal(json_object_get_string(
					    json_object_array_get_idx(row, 1)),
				    f->bootagg[i].text);
	}
}

static void check_pcr(struct json_object *want, const char *key, const struct found *f,
		      size_t bank, enum replay_mode mode)
{
	const char *hex = json_object_get_string(
		json_object_object_get(json_object_object_get(want, "pcr10"), key));
	char text[2 * HASH_MAX_SIZE + 1] = "";
	struct span v;

	if (!hex)
		return;
	assert_true(replay_value(f->replay, bank, 10, mode, &v));
	hex_encode(text, v);
	assert_string_equal(text, hex);
}

/* The other reader makes padded digests of the column, which must be SHA-1 for that:
 * where it is not, the list with SHA-1 column of the same boot has the value. */
static void check_pcrs(struct json_object *want, struct json_object *sha1,
		       const struct found *f)
{
	assert_int_equal(length(want, "other_pcrs"), 0);
	for (size_t b = 0; b < 4; b++) {
		char key[40];

		check_pcr(want, hash_alg_name(banks[b]), f, b, REPLAY_NATIVE);
		(void)snprintf(key, sizeof(key), "%s/sha1padded",
			       hash_alg_name(banks[b]));
		check_pcr(sha1, key, f, b, REPLAY_PADDED);
	}
}

static void check_found(struct json_object *want, struct json_object *sha1,
			const struct found *f)
{
	assert_int_equal(number(want, "entries"), f->entries);
	assert_int_equal(number(want, "violations"), f->violations);
	assert_int_equal(length(want, "template_hash_bad"), f->bad);
	assert_int_equal(number(want, "template_hash_ok"), f->good);
	check_counts(want, "templates", f->template, f->n_templates);
	check_counts(want, "sigs", f->sig, f->n_sigs);
	check_bootaggs(want, f);
	if (f->bad == 0) /* else it depends on whom one believes, data or column */
		check_pcrs(want, sha1, f);
}

/* The list of the same boot with SHA-1 column. */
static struct json_object *twin(const char *name)
{
	char path[512];
	const char *slash = strrchr(name, '/');

	(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - name), name,
		       strncmp(name, "third-party/", 12) == 0
			       ? "sha1.log"
			       : "binary_runtime_measurements");
	return json_object_object_get(expected, path);
}

static void check_list(const char *name, struct json_object *want)
{
	static struct found f;
	struct json_object *alg = json_object_object_get(want, "template_hash_alg");
	bool sha1 = alg && strcmp(json_object_get_string(alg), "sha1") == 0;

	read_list(name, &f);
	if (json_object_object_get(want, "error") ||
	    (length(want, "unparsed") && number(want, "template_hash_ok") == 0 &&
	     strncmp(name, "third-party/", 12) == 0)) {
		assert_int_equal(f.error, -EBADMSG);
	} else {
		assert_int_equal(f.error, 0);
		check_found(length(want, "unparsed") ? twin(name) : want,
			    sha1 && !length(want, "unparsed") ? want : twin(name), &f);
	}
	replay_free(f.replay);
}

static void test_lists__as_expected(void **state)
{
	int n = 0;

	json_object_object_foreach(expected, name, want)
	{
		print_message("%s\n", name);
		check_list(name, want);
		n++;
	}
	assert_true(n >= 98);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists__as_expected),
	};
	const char *shared = getenv("IMACTL_SHARED");
	char path[600];
	int r;

	(void)snprintf(folder, sizeof(folder), "%s%s/fixtures/lists",
		       shared ? "" : getenv("IMACTL_SOURCE"),
		       shared ? shared : "/../shared");
	(void)snprintf(path, sizeof(path), "%s/EXPECTED.json", folder);
	expected = json_object_from_file(path);
	if (!expected) {
		printf("skipped: no recorded lists in %s\n", folder);
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	json_object_put(expected);
	return r;
}
