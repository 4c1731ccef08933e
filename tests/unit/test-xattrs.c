/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of security.ima and security.evm that evmctl 1.4 and 1.6.2 made, and values from
 * other people's documents (../shared/fixtures/xattrs).
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/imaxattr.h"
#include "core/probe/evm.h"
#include "core/host/hashalg.h"
#include "core/cert/sig.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)
DEFINE_CLEANUP(struct sig_ctx *, sig_ctx_free)

enum { COLUMNS = 10, VALUE_MAX = 1024 };

static char folder[512];

/* A line of a table: what evmctl was told, the value it made, its verdicts. */
struct row {
	const char *version, *file, *attr, *made, *key, *cert, *verdicts;
	uint8_t bytes[VALUE_MAX];
	struct span value;
};

static void split(char *line, struct row *ret)
{
	const char *column[COLUMNS] = {0};
	struct span hex;
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *c; n < COLUMNS && (c = strsep(&line, "\t")); n++)
		column[n] = c;
	assert_int_equal(n, COLUMNS);
	*ret = (struct row){column[1], column[2], column[3], column[4], column[5],
			    column[7], column[9], {0},	     {0}};
	hex = span_of(column[8]);
	assert_in_range(hex.len, 2, 2 * VALUE_MAX);
	assert_int_equal(hex_decode(ret->bytes, hex), 0);
	ret->value = (struct span){ret->bytes, hex.len / 2};
}

/* Calls @check for every row of a table; returns how many there were. */
static int each_row(const char *name, void (*check)(const struct row *row))
{
	_cleanup_free_ char *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	static struct row row;
	char path[600];
	size_t cap = 0;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	assert_non_null(f);
	for (; getline(&line, &cap, f) > 0; n++) {
		split(line, &row);
		check(&row);
	}
	return n;
}

/* The hash evmctl was told to use, by the kernel's name. */
static enum hash_alg row_hash(const struct row *row)
{
	static const char *const others[][2] = {{"md_gost12_256", "streebog256"},
						{"md_gost12_512", "streebog512"}};
	const char *at = strstr(row->made, "--hashalgo ");
	struct span name;

	assert_non_null(at);
	at += strlen("--hashalgo ");
	name = (struct span){(const uint8_t *)at, strcspn(at, " ")};
	for (size_t i = 0; i < array_size(others); i++)
		if (span_is(name, others[i][0]))
			name = span_of(others[i][1]);
	return hash_alg_from_name(name);
}

static void check_decode(const struct row *row)
{
	bool evm = strcmp(row->attr, "evm") == 0, v1 = strstr(row->made, "--rsa");
	struct imaxattr x;

	imaxattr_decode(evm ? IMAXATTR_EVM : IMAXATTR_IMA, row->value, &x);
	assert_int_equal(x.verdict, IMAXATTR_V_OK);
	assert_int_equal(x.type, strstr(row->made, "--portable") ? IMAXATTR_PORTABLE
								 : IMAXATTR_SIG);
	assert_int_equal(x.version, v1 ? 1 : strstr(row->made, " -i ") ? 3 : 2);
	assert_int_equal(x.hash, row_hash(row));
	assert_int_equal(x.keyid.len, v1 ? 8 : 4);
	if (strstr(row->key, "rsa2048"))
		assert_int_equal(x.sig.len, 256);
	if (strstr(row->made, "--keyid=deadbeef"))
		assert_memory_equal(x.keyid.ptr, "\xde\xad\xbe\xef", 4);
}

static void test_decode__what_evmctl_made(void **state)
{
	assert_int_equal(each_row("matrix.tsv", check_decode), 100);
	assert_int_equal(each_row("evm.tsv", check_decode), 72);
	assert_int_equal(each_row("gost-sm2.tsv", check_decode), 12);
}

static const char *string(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

/* What the table says about it in words of its own. */
static void check_documented(struct json_object *o)
{
	const char *hex = string(o, "hex"), *expect = string(o, "expect");
	uint8_t bytes[VALUE_MAX];
	struct imaxattr x;
	char keyid[9] = "";

	if (!hex) { /* not even hexadecimal */
		const char *value = string(o, "value") + 2;

		assert_int_equal(hex_decode(bytes, span_of(value)), -EINVAL);
		return;
	}
	assert_int_equal(hex_decode(bytes, span_of(hex)), 0);
	imaxattr_decode(strcmp(string(o, "attr"), "security.evm") == 0 ? IMAXATTR_EVM
								       : IMAXATTR_IMA,
			(struct span){bytes, strlen(hex) / 2}, &x);
	print_message("%s\n", expect);
	if (strstr(expect, "TRUNCATED"))
		assert_int_equal(x.verdict, IMAXATTR_V_SIG_SHORT);
	else if (strstr(expect, "malformed"))
		assert_int_equal(x.verdict, IMAXATTR_V_SHORT);
	else
		assert_int_equal(x.verdict, IMAXATTR_V_OK);
	if (json_object_object_get(o, "declared_len"))
		assert_int_equal(x.promised,
				 json_object_get_int(
					 json_object_object_get(o, "declared_len")));
	if (imaxattr_is_sig(&x)) {
		hex_encode(keyid, x.keyid);
		assert_non_null(strstr(expect, keyid));
		assert_non_null(strstr(expect, hash_alg_name(x.hash)));
	}
}

static void test_decode__what_documents_show(void **state)
{
	struct json_object *all;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/documented.json", folder);
	all = json_object_from_file(path);
	assert_int_equal(json_object_array_length(all), 11);
	for (size_t i = 0; i < json_object_array_length(all); i++)
		check_documented(json_object_array_get_idx(all, i));
	json_object_put(all);
}

static void read_file(const char *below, const char *name, struct strbuf *out)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, below, name);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, out, NULL), 0);
}

static void hash(enum hash_alg alg, struct span bytes, struct digest *ret)
{
	assert_int_equal(hash_of(alg, bytes, ret, NULL), 0);
}

/* What the row's file has as security.ima ("--imahash"), and its metadata. */
static void portable_digest(const struct row *row, struct span contents, uint16_t mode,
			    struct digest *ret)
{
	_cleanup_strbuf_ struct strbuf ima = {0}, data = {0};
	struct evm_attr attr = {.name = "security.ima"};
	struct evm_file file = {.attrs = &attr, .n_attrs = 1, .mode = mode};
	struct evm_kernel kernel = {0};
	enum hash_alg alg = row_hash(row);
	struct digest d;

	hash(alg, contents, &d);
	assert_int_equal(imaxattr_put_digest(&ima, alg, digest_span(&d)), 0);
	attr.value = strbuf_span(&ima);
	assert_int_equal(evm_data(&kernel, &file, IMAXATTR_PORTABLE, &data, NULL), 0);
	hash(alg, strbuf_span(&data), ret);
}

/* evmctl reads --mode as a decimal number, of which 16 bits are left. */
static void digest_of(const struct row *row, struct digest *ret)
{
	_cleanup_strbuf_ struct strbuf contents = {0};

	read_file("files", row->file, &contents);
	if (strstr(row->made, "--portable"))
		portable_digest(row, strbuf_span(&contents),
				strstr(row->made, "--mode 0100644") ? (uint16_t)100644
								    : 0100644,
				ret);
	else
		hash(row_hash(row), strbuf_span(&contents), ret);
}

static enum sig_verdict check(struct sig_ctx *ctx, struct sig_key *key, struct span value,
			      const struct digest *d)
{
	struct imaxattr x;

	imaxattr_decode(value.ptr[0] == IMAXATTR_PORTABLE ? IMAXATTR_EVM : IMAXATTR_IMA,
			value, &x);
	return sig_check_any(ctx, &key, 1, &x, d, NULL);
}

/* The value is right, and no other one is: the last byte flipped as the table has it. */
static void check_verdict(const struct row *row)
{
	_cleanup_(sig_ctx_freep) struct sig_ctx *ctx = sig_ctx_new();
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	_cleanup_strbuf_ struct strbuf cert = {0};
	uint8_t flipped[VALUE_MAX];
	struct digest d;

	if (strcmp(row->attr, "evm") == 0 && !strstr(row->made, "--portable"))
		return; /* the inode is not recorded */
	read_file("certs", row->cert, &cert);
	assert_int_equal(sig_key_public(strbuf_span(&cert), &key, NULL), 0);
	if (strstr(row->made, "gost")) {
		d = (struct digest){row_hash(row),
				    (uint8_t)hash_alg_size(row_hash(row)),
				    {0}};
		assert_int_equal(check(ctx, key, row->value, &d), SIG_IMPOSSIBLE);
		return;
	}
	digest_of(row, &d);
	print_message("%s %s\n", row->made, row->key);
	assert_int_equal(check(ctx, key, row->value, &d),
			 strstr(row->made, "--keyid=deadbeef") ? SIG_NO_KEY : SIG_GOOD);
	memcpy(flipped, row->bytes, row->value.len);
	flipped[row->value.len - 1] ^= 1;
	assert_int_not_equal(check(ctx, key, (struct span){flipped, row->value.len}, &d),
			     SIG_GOOD);
}

static void test_check__what_evmctl_made(void **state)
{
	(void)each_row("matrix.tsv", check_verdict);
	(void)each_row("evm.tsv", check_verdict);
	(void)each_row("gost-sm2.tsv", check_verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode__what_evmctl_made),
		cmocka_unit_test(test_decode__what_documents_show),
		cmocka_unit_test(test_check__what_evmctl_made),
	};
	const char *shared = getenv("IMACTL_SHARED");

	(void)snprintf(folder, sizeof(folder), "%s%s/fixtures/xattrs",
		       shared ? "" : getenv("IMACTL_SOURCE"),
		       shared ? shared : "/../shared");
	if (access(folder, R_OK) < 0) {
		printf("skipped: no recorded values in %s\n", folder);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
