/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/appraise/inspect.h"
#include "core/label/relabel.h"
#include "core/label/scan.h"
#include "tests/unit/testkeys.h"
#include "tests/unit/tree.h"

/* A tree with a key whose certificate lies where the keys of IMA lie. */
struct box {
	struct tree tree;
	struct sig_key *key, *other;
	uint64_t to_read;
	bool stop;
};

static struct sig_key *key_with_cert(struct tree *t, const char *path)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *cert = cert_of(pkey, "hash");
	_cleanup_close_ int pem = pem_of(pkey, NULL, cert);
	struct sig_key *key = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der), fd;

	assert_int_equal(sig_key_private(pem, "key", NULL, &key, NULL), 0);
	if (path) {
		fd = tree_open(t, path, "");
		assert_int_equal(fs_write_all(fd, der, (size_t)len), 0);
		close(fd);
	}
	OPENSSL_free(der);
	X509_free(cert);
	EVP_PKEY_free(pkey);
	return key;
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	tree_make(&b->tree);
	tree_folder(&b->tree, "etc/keys/ima");
	tree_folder(&b->tree, "bin");
	b->key = key_with_cert(&b->tree, "etc/keys/ima/ours.der");
	b->other = key_with_cert(&b->tree, NULL);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	sig_key_free(b->key);
	sig_key_free(b->other);
	tree_done(&b->tree);
	free(b);
	return 0;
}

static void put(struct box *b, const char *path, const char *text, const char *labelled)
{
	uint8_t label[34];

	tree_put(&b->tree, path, text);
	if (!labelled)
		return;
	tree_hash_label(labelled, label);
	tree_set(&b->tree, path, TREE_IMA, (struct span){label, sizeof(label)});
}

static void sign(struct box *b, const char *path, const char *text,
		 const struct sig_key *key)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	uint8_t label[34];

	tree_hash_label(text, label);
	memcpy(d.value, label + 2, 32);
	assert_int_equal(sig_make(ctx, key, IMAXATTR_SIG, 2, &d, &value, NULL), 0);
	tree_set(&b->tree, path, TREE_IMA, strbuf_span(&value));
	sig_ctx_free(ctx);
}

static void progress(void *user, const struct scan_progress *p)
{
	((struct box *)user)->to_read = p->to_read;
}

static bool stop(void *user)
{
	return ((struct box *)user)->stop;
}

static void scan(struct box *b, const char *path, struct scan *ret)
{
	struct scan_opts opts = {.scope = path ? SCOPE_NAMED : SCOPE_APPRAISE_TCB,
				 .path = path};
	struct scan_watch watch = {progress, stop, b};

	b->to_read = 0;
	assert_int_equal(scan_run(&b->tree.root, &opts, &watch, ret, NULL), 0);
}

/* The names of a kind with a blank behind each. */
static const char *names(const struct scan *s, enum scan_kind kind, struct strbuf *out)
{
	strbuf_clear(out);
	assert_int_equal(s->group[kind].files, s->group[kind].n);
	for (size_t i = 0; i < s->group[kind].n; i++)
		strbuf_addf(out, "%s ", scan_name(s, &s->group[kind].found[i]));
	return strbuf_str(out);
}

static void test_run__kinds(void **state)
{
	static const uint8_t cut[] = {3, 2, 4, 1, 2, 3, 4, 1, 0, 9}, odd[] = {0x77, 1};
	struct box *b = *state;
	_cleanup_(scan_done) struct scan s = {0};
	_cleanup_strbuf_ struct strbuf n = {0};

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "bin/none", "1", NULL);
	put(b, "bin/also-none", "2", NULL);
	put(b, "bin/right", "3", "3");
	put(b, "bin/changed", "4", "5");
	put(b, "bin/signed", "6", NULL);
	sign(b, "bin/signed", "6", b->key);
	put(b, "bin/signed-changed", "7", NULL);
	sign(b, "bin/signed-changed", "8", b->key);
	put(b, "bin/signed-other", "9", NULL);
	sign(b, "bin/signed-other", "9", b->other);
	put(b, "bin/cut", "a", NULL);
	tree_set(&b->tree, "bin/cut", TREE_IMA, (struct span){cut, sizeof(cut)});
	put(b, "bin/odd", "b", NULL);
	tree_set(&b->tree, "bin/odd", TREE_IMA, (struct span){odd, sizeof(odd)});
	tree_folder(&b->tree, "var/lib/imactl/jobs");
	put(b, "var/lib/imactl/jobs/own", "c", NULL);
	put(b, "bin/of-somebody", "d", NULL);
	assert_int_equal(fchownat(b->tree.fd, "bin/of-somebody", 1000, 1000, 0), 0);

	scan(b, NULL, &s);
	assert_string_equal(names(&s, SCAN_NO_LABEL, &n),
			    "bin/also-none bin/none etc/keys/ima/ours.der ");
	assert_string_equal(names(&s, SCAN_RIGHT_HASH, &n), "bin/right ");
	assert_string_equal(names(&s, SCAN_HASH_DIFFERS, &n), "bin/changed ");
	assert_string_equal(names(&s, SCAN_RIGHT_SIG, &n), "bin/signed ");
	assert_string_equal(names(&s, SCAN_SIG_DIFFERS, &n), "bin/signed-changed ");
	assert_string_equal(names(&s, SCAN_NO_KEY, &n), "bin/signed-other ");
	assert_string_equal(names(&s, SCAN_DAMAGED, &n), "bin/cut bin/odd ");
	assert_string_equal(names(&s, SCAN_OWN, &n), "var/lib/imactl/jobs/own ");
	assert_int_equal(s.group[SCAN_OUT_OF_SCOPE].files, 1);
	assert_int_equal(s.failing, 8);
	assert_int_equal(s.unsure, 0);
	assert_int_equal(b->to_read, 7);
	assert_int_equal(s.group[SCAN_HASH_DIFFERS].found[0].cause,
			 APPRAISE_INVALID_HASH);
	assert_false(s.stopped);
}

/* Whoever owns it, what is named is looked at. */
static void test_run__named(void **state)
{
	struct box *b = *state;
	_cleanup_(scan_done) struct scan s = {0};
	_cleanup_strbuf_ struct strbuf n = {0};

	put(b, "bin/a", "1", NULL);
	put(b, "etc/b", "2", NULL);
	if (geteuid() == 0)
		assert_int_equal(fchownat(b->tree.fd, "bin/a", 1000, 1000, 0), 0);
	scan(b, "bin", &s);
	assert_string_equal(names(&s, SCAN_NO_LABEL, &n), "bin/a ");
	scan_done(&s);
	scan(b, "etc/b", &s);
	assert_string_equal(names(&s, SCAN_NO_LABEL, &n), "etc/b ");
}

static void test_run__not_there(void **state)
{
	struct box *b = *state;
	struct scan_opts opts = {.scope = SCOPE_NAMED, .path = "none"};
	struct scan s;
	struct diag d = {0};

	assert_int_equal(scan_run(&b->tree.root, &opts, NULL, &s, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
}

/* What was found until then is a result, and says that it is not all. */
static void test_run__stopped(void **state)
{
	struct box *b = *state;
	_cleanup_(scan_done) struct scan s = {0};

	put(b, "bin/a", "1", NULL);
	b->stop = true;
	scan(b, "bin", &s);
	assert_true(s.stopped);
}

/* What was right when labels were planned is not read once more; until it changes. */
static void test_run__known(void **state)
{
	struct box *b = *state;
	_cleanup_(scan_done) struct scan s = {0};
	_cleanup_relabel_ struct relabel r = {0};
	const char *const path = "bin";
	struct relabel_opts opts = {.scope = SCOPE_NAMED,
				    .paths = &path,
				    .n_paths = 1,
				    .alg = HASH_SHA256};
	struct relabel_how how = {.threads = 1};

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "bin/right", "3", "3");
	sleep(4); /* until a stamp is trusted: walk-read.c */
	assert_int_equal(relabel_plan_root(&b->tree.root, &how, &opts, NULL, &r, NULL),
			 0);
	scan(b, "bin", &s);
	assert_int_equal(s.group[SCAN_RIGHT_HASH].files, 1);
	assert_int_equal(b->to_read, 0);
	scan_done(&s);
	tree_put(&b->tree, "bin/right", "4");
	scan(b, "bin", &s);
	assert_int_equal(s.group[SCAN_HASH_DIFFERS].files, 1);
	assert_int_equal(b->to_read, 1);
}

/* The words of appraisal, sorted into kinds; the ones that a tree cannot show. */
static void test_kind_of(void **state)
{
	static const struct {
		enum appraise_cause why;
		enum scan_kind kind;
	} cases[] = {
		{APPRAISE_MISSING_HMAC, SCAN_EVM},
		{APPRAISE_INVALID_HMAC, SCAN_EVM},
		{APPRAISE_FAIL_IMMUTABLE, SCAN_EVM},
		{APPRAISE_NO_VERITY, SCAN_OTHER},
		{APPRAISE_UNVERIFIABLE, SCAN_OTHER},
		{APPRAISE_SIG_VERSION, SCAN_DAMAGED},
		{APPRAISE_NO_XATTRS, SCAN_NO_XATTRS},
		{APPRAISE_MISSING_HASH, SCAN_NO_LABEL},
		{APPRAISE_DENIED_HASH, SCAN_OTHER},
	};
	struct inspect_result r = {.verdict.fails = true};

	for (size_t i = 0; i < array_size(cases); i++) {
		r.verdict.why = cases[i].why;
		assert_int_equal(scan_kind_of(&r), cases[i].kind);
	}
	assert_int_equal(scan_kind_of_error(EACCES, true), SCAN_DENIED);
	assert_int_equal(scan_kind_of_error(EACCES, false), SCAN_UNREADABLE);
	assert_int_equal(scan_kind_of_error(EIO, true), SCAN_UNREADABLE);
	r = (struct inspect_result){.unsure = true};
	assert_int_equal(scan_kind_of(&r), SCAN_UNCHECKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run__kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run__known, setup, teardown),
		cmocka_unit_test(test_kind_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
