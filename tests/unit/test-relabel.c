/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/label/act-label.h"
#include "core/host/hashalg.h"
#include "core/label/relabel-internal.h"
#include "core/label/relabel.h"
#include "tests/unit/testkeys.h"
#include "tests/unit/tree.h"

enum { UNSETTLED_S = 4 }; /* until a stamp is trusted: walk-read.c */

struct box {
	struct tree tree;
	struct sig_key *key, *other;
	struct pkgdb *pkgs;
	uint64_t read; /* of the last plan */
	bool stop;
};

/* /usr/bin/ls and /etc/conf belong to a package. */
static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	tree_make(&b->tree);
	tree_folder(&b->tree, "usr/bin");
	tree_folder(&b->tree, "etc");
	tree_folder(&b->tree, "var/lib/dpkg/info");
	tree_put(&b->tree, "var/lib/dpkg/info/core.list",
		 "/.\n/usr/bin\n/usr/bin/ls\n/etc/conf\n");
	b->key = tree_key();
	b->other = tree_key();
	assert_int_equal(pkgdb_new(&b->pkgs, NULL), 0);
	assert_true(pkgdb_load(b->pkgs, &b->tree.root, NULL) > 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	pkgdb_free(b->pkgs);
	sig_key_free(b->key);
	sig_key_free(b->other);
	tree_done(&b->tree);
	free(b);
	return 0;
}

/* Values for security.ima. */
#define HASH_VALUE                                                                       \
	"\x04\x04"                                                                       \
	"0123456789abcdef0123456789abcdef"
#define SHA512_VALUE                                                                     \
	"\x04\x06"                                                                       \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define VERITY_VALUE "\x06\x03\x04KEYI\x00\x04sign"
#define SHORT_SIG    "\x03\x02\x04KEYI\x01\x00sign"
#define FOREIGN_SIG  "\x03\x02\x04KEYI\x00\x04sign"
#define BYTES(text)  ((struct span){(const uint8_t *)(text), sizeof(text) - 1})

static void test_judge__each_case(void **state)
{
	static const struct {
		int err;
		struct span value;
		const char *path;
		bool key, alg_given, check;
		enum relabel_reason reason, fits;
	} cases[] = {
#define LS   "usr/bin/ls"
#define CONF "etc/conf"
#define MINE "usr/local/bin/mine"
		/* no key: hashes for all, signatures are left alone */
		{ENODATA, {0}, LS, false, false, false, RELABEL_NEW_HASH, 0},
		{ENODATA, {0}, MINE, false, false, false, RELABEL_NEW_HASH, 0},
		{0, {0}, LS, false, false, false, RELABEL_NEW_HASH, 0},
		{0, BYTES(HASH_VALUE), LS, false, false, true, RELABEL_WRONG_HASH,
		 RELABEL_RIGHT_HASH},
		{0, BYTES(SHA512_VALUE), LS, false, false, true, RELABEL_WRONG_HASH,
		 RELABEL_RIGHT_HASH},
		{0, BYTES(SHA512_VALUE), LS, false, true, false, RELABEL_OTHER_HASH, 0},
		{0, BYTES(HASH_VALUE), LS, false, true, true, RELABEL_WRONG_HASH,
		 RELABEL_RIGHT_HASH},
		{0, BYTES("\x04\x04short"), LS, false, false, false, RELABEL_BAD_VALUE,
		 0},
		{0, BYTES("\x55junk"), LS, false, false, false, RELABEL_BAD_VALUE, 0},
		{0, BYTES(FOREIGN_SIG), LS, false, false, false, RELABEL_OTHER_SIGNATURE,
		 0},
		{0, BYTES(SHORT_SIG), LS, false, false, false, RELABEL_WRONG_SIGNATURE,
		 0},
		{0, BYTES(VERITY_VALUE), LS, false, false, false, RELABEL_VERITY, 0},
		/* a key: what packages bring is signed, unless it is there to be changed */
		{ENODATA, {0}, LS, true, false, false, RELABEL_NEW_SIGNATURE, 0},
		{ENODATA, {0}, CONF, true, false, false, RELABEL_NEW_HASH, 0},
		{ENODATA, {0}, MINE, true, false, false, RELABEL_NEW_HASH, 0},
		{0, BYTES(HASH_VALUE), LS, true, false, false, RELABEL_HASH_SIGNED, 0},
		{0, BYTES(HASH_VALUE), CONF, true, false, true, RELABEL_WRONG_HASH,
		 RELABEL_RIGHT_HASH},
		{0, BYTES("\x55junk"), LS, true, false, false, RELABEL_HASH_SIGNED, 0},
		{0, BYTES(FOREIGN_SIG), LS, true, false, false, RELABEL_OTHER_SIGNATURE,
		 0},
		{0, BYTES(SHORT_SIG), LS, true, false, false, RELABEL_SIGNED_ANEW, 0},
		{0, BYTES(SHORT_SIG), MINE, true, false, false, RELABEL_SIGNED_ANEW, 0},
		{0, BYTES(VERITY_VALUE), LS, true, false, false, RELABEL_VERITY, 0},
		/* nothing to write to, or to read from */
		{EOPNOTSUPP, {0}, LS, true, false, false, RELABEL_NO_XATTRS, 0},
		{EIO, {0}, LS, true, false, false, RELABEL_UNREADABLE, 0},
		{ENODATA,
		 {0},
		 "var/lib/imactl/jobs/000001/state",
		 false,
		 false,
		 false,
		 RELABEL_OWN,
		 0},
	};
	struct box *b = *state;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct relabel_opts opts = {.alg = HASH_SHA256,
					    .alg_given = cases[i].alg_given,
					    .key = cases[i].key ? b->key : NULL};
		struct walk_file f = {.path = cases[i].path,
				      .err = cases[i].err,
				      .value = cases[i].value};
		struct relabel_verdict v = relabel_judge(&opts, b->pkgs, &f);

		if (v.reason != cases[i].reason || v.check != cases[i].check ||
		    v.fits != cases[i].fits)
			fail_msg("case %zu: %s", i, relabel_reason_word(v.reason));
	}
}

/* Its own signature is the one that can be checked. */
static void test_judge__a_signature_by_the_key(void **state)
{
	struct box *b = *state;
	struct sig_ctx *ctx = sig_ctx_new();
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	struct relabel_opts opts = {.alg = HASH_SHA256, .key = b->key};
	struct walk_file f = {.path = MINE};
	struct relabel_verdict v;

	assert_int_equal(sig_make(ctx, b->key, IMAXATTR_SIG, 2, &d, &value, NULL), 0);
	f.value = strbuf_span(&value);
	v = relabel_judge(&opts, b->pkgs, &f);
	assert_true(v.check);
	assert_int_equal(v.fits, RELABEL_RIGHT_SIGNATURE);
	assert_int_equal(v.reason, RELABEL_SIGNED_ANEW);
	opts.key = b->other;
	v = relabel_judge(&opts, b->pkgs, &f);
	assert_false(v.check);
	assert_int_equal(v.reason, RELABEL_OTHER_SIGNATURE);
	sig_ctx_free(ctx);
}

static void test_permit__what_cannot_be_written_is_left(void **state)
{
	assert_int_equal(relabel_permit(RELABEL_NEW_HASH, true, false),
			 RELABEL_READ_ONLY);
	assert_int_equal(relabel_permit(RELABEL_SIGNED_ANEW, false, true),
			 RELABEL_IMMUTABLE);
	assert_int_equal(relabel_permit(RELABEL_RIGHT_HASH, true, true),
			 RELABEL_RIGHT_HASH);
	assert_int_equal(relabel_permit(RELABEL_NEW_HASH, false, false),
			 RELABEL_NEW_HASH);
}

/* A bare key of which we have no private half, as a keyring's. */
static void trust(const struct sig_key *key, EVP_PKEY *pkey, struct keyset *ret)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	assert_int_equal(keyset_add(ret, "other", NULL, (struct span){der, (size_t)len},
				    NULL),
			 0);
	assert_true(span_equal(sig_key_id(ret->keys[0].key), sig_key_id(key)));
	OPENSSL_free(der);
}

static void sign_text(const struct sig_key *key, const char *text, struct strbuf *out)
{
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest d;

	assert_int_equal(hash_of(HASH_SHA256, span_of(text), &d, NULL), 0);
	assert_int_equal(sig_make(ctx, key, IMAXATTR_SIG, 2, &d, out, NULL), 0);
	sig_ctx_free(ctx);
}

/* A signature is never made a hash, whatever it is like. */
static void test_reasons__no_signature_becomes_a_hash(void **state)
{
	static const struct span sigs[] = {BYTES(FOREIGN_SIG),	BYTES(SHORT_SIG),
					   BYTES(VERITY_VALUE), BYTES("\x03"),
					   BYTES("\x06\x09"),	BYTES("\x03\x01junk")};
	struct box *b = *state;

	for (size_t i = 0; i < 4 * array_size(sigs); i++) {
		struct relabel_opts opts = {.alg = HASH_SHA256,
					    .alg_given = i % 2,
					    .key = i / 2 % 2 ? b->key : NULL};
		struct walk_file f = {.path = i % 3 ? LS : MINE, .value = sigs[i / 4]};
		struct relabel_verdict v = relabel_judge(&opts, b->pkgs, &f);

		assert_int_not_equal(relabel_kind_of(v.reason), RELABEL_HASH);
		assert_false(v.check && relabel_kind_of(v.fits) == RELABEL_HASH);
	}
}

static void progress(void *user, const struct relabel_progress *p)
{
	struct box *b = user;

	if (p->bytes > b->read)
		b->read = p->bytes;
}

static bool stop(void *user)
{
	return ((struct box *)user)->stop;
}

static struct relabel_opts everything(void)
{
	static const char *const paths[] = {""};

	return (struct relabel_opts){.scope = SCOPE_NAMED,
				     .paths = paths,
				     .n_paths = 1,
				     .alg = HASH_SHA256};
}

static int make(struct box *b, struct known *known, const struct relabel_opts *opts,
		struct relabel *ret)
{
	struct relabel_watch watch = {progress, stop, b};
	struct diag d = {0};
	int r;

	b->read = 0;
	r = relabel_plan(b->tree.pool, &b->tree.root, known, opts, &watch, ret, &d);
	if (r < 0 && d.id)
		fail_msg("%s", d.text);
	return r;
}

static void label_right(struct tree *t, const char *path, const char *text)
{
	uint8_t value[34];

	tree_put(t, path, text);
	tree_hash_label(text, value);
	tree_set(t, path, TREE_IMA, (struct span){value, sizeof(value)});
}

/* Deterministic whatever the order in which files are found. */
static void test_plan__says_what_would_be_done(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = everything();
	uint8_t hash[2][PLAN_HASH_SIZE];
	struct relabel r;
	char name[32];

	if (!tree_can_label(t))
		skip();
	for (int i = 0; i < 700; i++) {
		(void)snprintf(name, sizeof(name), "usr/f%03d", i);
		tree_put(t, name, "0123456789");
	}
	label_right(t, "etc/right", "right");
	label_right(t, "etc/wrong", "wrong");
	tree_put(t, "etc/wrong", "changed since");
	tree_set(t, "etc/right", "user.other", span_of("x"));
	opts.key = b->key;
	tree_put(t, LS, "elf");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(make(b, NULL, &opts, &r), 0);
		plan_hash(&r.plan, hash[i]);
		assert_int_equal(r.reasons[RELABEL_NEW_HASH].files, 701);
		assert_int_equal(r.reasons[RELABEL_NEW_SIGNATURE].files, 1);
		assert_int_equal(r.reasons[RELABEL_RIGHT_HASH].files, 1);
		assert_int_equal(r.reasons[RELABEL_WRONG_HASH].files, 1);
		assert_int_equal(r.plan.n, 703);
		assert_string_equal(r.reasons[RELABEL_NEW_HASH].sample[0], "usr/f000");
		assert_string_equal(r.reasons[RELABEL_NEW_HASH].sample[2], "usr/f002");
		assert_string_equal(r.reasons[RELABEL_WRONG_HASH].sample[0], "etc/wrong");
		assert_null(r.reasons[RELABEL_WRONG_HASH].sample[1]);
		assert_int_equal(plan_danger(&r.plan), PLAN_REVERSIBLE);
		relabel_done(&r);
	}
	assert_memory_equal(hash[0], hash[1], PLAN_HASH_SIZE);
	/* what is to be signed is these contents and no others */
	tree_put(t, LS, "fle");
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	plan_hash(&r.plan, hash[1]);
	relabel_done(&r);
	assert_memory_not_equal(hash[0], hash[1], PLAN_HASH_SIZE);
}

static void test_plan__very_many_are_as_dangerous_as_a_boot(void **state)
{
	struct box *b = *state;
	struct relabel_opts opts = everything();
	struct relabel r;
	char name[32];

	for (int i = 0; i <= RELABEL_MANY; i++) {
		(void)snprintf(name, sizeof(name), "usr/%d", i);
		tree_put(&b->tree, name, "");
	}
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(plan_danger(&r.plan), PLAN_BOOT);
	relabel_done(&r);
}

/* Of several names the first counts; a file that was asked for twice is no other name;
 * where one name is of a package, the file is. */
static void test_plan__one_name_of_each_file(void **state)
{
	static const char *const paths[] = {"usr", "usr/bin/ls", "usr/bin"};
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = everything();
	struct relabel r;

	tree_put(t, LS, "elf");
	tree_link(t, LS, "usr/bin/dir");
	tree_link(t, LS, "usr/bin/vdir");
	opts.paths = paths;
	opts.n_paths = array_size(paths);
	opts.key = b->key;
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.plan.n, 1);
	assert_string_equal(r.plan.steps[0].path, "usr/bin/dir");
	assert_int_equal(r.reasons[RELABEL_NEW_SIGNATURE].files, 1);
	assert_int_equal(r.reasons[RELABEL_OTHER_NAME].files, 2);
	relabel_done(&r);
}

/* Root's files only, and nothing of file systems that hold no files of their own. */
static void test_plan__scope_of_appraise_tcb(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = {.scope = SCOPE_APPRAISE_TCB, .alg = HASH_SHA256};
	struct relabel r;

	tree_put(t, "etc/of-root", "x");
	tree_put(t, "etc/of-somebody", "x");
	if (fchownat(t->fd, "etc/of-somebody", 12345, 0, 0) < 0)
		skip(); /* not root */
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.plan.n, 2); /* and the package's list */
	assert_string_equal(r.plan.steps[0].path, "etc/of-root");
	assert_string_equal(r.plan.title, "label what ima_policy=appraise_tcb appraises");
	relabel_done(&r);
	assert_true(scope_enters(SCOPE_APPRAISE_TCB, 0xef53, false));	  /* ext4 */
	assert_false(scope_enters(SCOPE_APPRAISE_TCB, 0x01021994, true)); /* tmpfs */
	assert_false(scope_enters(SCOPE_NAMED, 0x9fa0, false));		  /* proc */
	assert_true(scope_enters(SCOPE_NAMED, 0x01021994, true));
}

/* What the policy for the boot appraises, when there is one that kernels take. */
static void test_plan__scope_of_the_policy(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = {.scope = SCOPE_POLICY, .alg = HASH_SHA256};
	struct relabel r;

	tree_folder(t, "srv");
	tree_put(t, "srv/program", "x");
	tree_put(t, "srv/data", "x");
	tree_put(t, "srv/of-root", "x");
	if (fchownat(t->fd, "srv/program", 12345, 0, 0) < 0 ||
	    fchownat(t->fd, "srv/data", 12345, 0, 0) < 0)
		skip(); /* not root */
	assert_int_equal(fchmodat(t->fd, "srv/program", 0755, 0), 0);
	assert_int_equal(fchmodat(t->fd, "srv/of-root", 0755, 0), 0);
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_string_equal(r.plan.title, "label what ima_policy=appraise_tcb appraises");
	relabel_done(&r);

	tree_folder(t, "etc/ima");
	tree_put(t, "etc/ima/ima-policy",
		 "appraise func=BPRM_CHECK fowner=12345 appraise_type=imasig\n");
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_string_equal(r.plan.title, "label what /etc/ima/ima-policy appraises");
	assert_int_equal(r.plan.n, 1);
	assert_string_equal(r.plan.steps[0].path, "srv/program");
	assert_int_equal(r.needs_signature, 1);
	assert_int_equal(r.counts.wanted, 1);
	relabel_done(&r);

	tree_put(t, "etc/ima/ima-policy", "appraise func=BPRM_CHECK fowners=12345\n");
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_string_equal(r.plan.title, "label what ima_policy=appraise_tcb appraises");
	relabel_done(&r);
}

/* One plan: how much it reads, and how many files are right and wrong. */
static void expect(struct box *b, struct known *known, const struct relabel_opts *opts,
		   uint64_t read, uint64_t right, uint64_t wrong)
{
	struct relabel r;

	assert_int_equal(make(b, known, opts, &r), 0);
	assert_int_equal(b->read, read);
	assert_int_equal(r.reasons[RELABEL_RIGHT_HASH].files, right);
	assert_int_equal(r.reasons[RELABEL_WRONG_HASH].files, wrong);
	relabel_done(&r);
}

/* What was right and is unchanged is not read again; one changed byte is found. A stamp too
 * young to show a change is not trusted. */
static void test_plan__reads_only_what_may_have_changed(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = everything();
	struct known *known = NULL;

	if (!tree_can_label(t))
		skip();
	label_right(t, "etc/a", "contents of a");
	label_right(t, "etc/b", "contents of b");
	assert_int_equal(known_load(&t->root, &known, NULL), 0);
	expect(b, known, &opts, 26, 2, 0);
	expect(b, known, &opts, 26, 2, 0);
	sleep(UNSETTLED_S);
	expect(b, known, &opts, 26, 2, 0);
	expect(b, known, &opts, 0, 2, 0);
	tree_put(t, "etc/b", "CONTENTS OF B");
	expect(b, known, &opts, 13, 1, 1);
	known_free(known);
}

/* Labels are not even looked at where all is as it was, and yet a change of one is seen, and
 * so is a wish for another kind. */
static void test_plan__labels_that_changed(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	struct relabel_opts opts = everything(), other = everything();
	struct known *known = NULL;
	struct relabel r;

	if (!tree_can_label(t))
		skip();
	label_right(t, "etc/a", "contents of a");
	label_right(t, "etc/b", "contents of b");
	sleep(UNSETTLED_S);
	assert_int_equal(known_load(&t->root, &known, NULL), 0);
	expect(b, known, &opts, 26, 2, 0);
	expect(b, known, &opts, 0, 2, 0);
	other.alg = HASH_SHA512;
	other.alg_given = true;
	assert_int_equal(make(b, known, &other, &r), 0);
	assert_int_equal(r.reasons[RELABEL_OTHER_HASH].files, 2);
	relabel_done(&r);
	other.key = b->key; /* signs what packages bring: not these */
	other.alg_given = false;
	expect(b, known, &other, 0, 2, 0);
	tree_set(t, "etc/a", TREE_IMA, BYTES(HASH_VALUE));
	tree_set(t, "etc/b", TREE_IMA, BYTES(FOREIGN_SIG));
	expect(b, known, &opts, 13, 0, 1);
	known_free(known);
}

/* What others have signed is checked as far as their key is at hand, and stays theirs
 * unless somebody wants it signed anew. */
static void test_plan__signed_by_others(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct sig_key *other = private_of(pkey);
	_cleanup_strbuf_ struct strbuf value = {0};
	_cleanup_keyset_ struct keyset trusted = {0};
	struct relabel_opts opts = everything();
	struct relabel r;

	if (!tree_can_label(t))
		skip();
	trust(other, pkey, &trusted);
	sign_text(other, "right", &value);
	tree_put(t, "usr/bin/right", "right");
	tree_put(t, "usr/bin/wrong", "wrong");
	tree_set(t, "usr/bin/right", TREE_IMA, strbuf_span(&value));
	tree_set(t, "usr/bin/wrong", TREE_IMA, strbuf_span(&value));
	opts.key = b->key;
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(b->read, 0);
	assert_int_equal(r.reasons[RELABEL_OTHER_SIGNATURE].files, 2);
	relabel_done(&r);
	opts.keys = &trusted;
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_SIGNATURE].files, 1);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_WRONG].files, 1);
	assert_string_equal(r.reasons[RELABEL_FOREIGN_WRONG].sample[0], "usr/bin/wrong");
	assert_int_equal(r.reasons[RELABEL_SIGNED_ANEW].files, 0);
	relabel_done(&r);
	opts.sign_anew = true;
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_SIGNATURE].files, 1);
	assert_int_equal(r.reasons[RELABEL_SIGNED_ANEW].files, 1);
	relabel_done(&r);
	opts.key = NULL; /* nobody to sign it */
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_WRONG].files, 1);
	relabel_done(&r);
	sig_key_free(other);
	EVP_PKEY_free(pkey);
}

/* Only what the old key has signed and fits is signed by the new one. */
static void test_plan__signed_instead(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct sig_key *old = private_of(pkey);
	_cleanup_strbuf_ struct strbuf value = {0};
	_cleanup_keyset_ struct keyset trusted = {0};
	struct relabel_opts opts = everything();
	struct relabel r;

	if (!tree_can_label(t))
		skip();
	trust(old, pkey, &trusted);
	sign_text(old, "right", &value);
	tree_folder(t, "etc/imactl/gen/1");
	tree_put(t, "usr/bin/right", "right");
	tree_put(t, "usr/bin/wrong", "wrong");
	tree_put(t, "usr/bin/portable", "right");
	tree_put(t, "etc/imactl/gen/1/ima-policy", "right");
	tree_set(t, "usr/bin/right", TREE_IMA, strbuf_span(&value));
	tree_set(t, "usr/bin/wrong", TREE_IMA, strbuf_span(&value));
	tree_set(t, "usr/bin/portable", TREE_IMA, strbuf_span(&value));
	tree_set(t, "usr/bin/portable", "security.evm",
		 BYTES("\x05\x02\x04KEYI\x00\x04sign"));
	tree_set(t, "etc/imactl/gen/1/ima-policy", TREE_IMA, strbuf_span(&value));
	tree_put(t, "usr/bin/ls", "of a package, without a label");
	tree_put(t, "usr/bin/other", "other");
	tree_set(t, "usr/bin/other", TREE_IMA, BYTES(FOREIGN_SIG));
	opts.key = b->key;
	opts.instead_of = sig_key_id(old);
	assert_int_equal(make(b, NULL, &opts, &r), 0); /* it cannot be checked */
	assert_int_equal(r.plan.n, 0);
	assert_int_equal(r.reasons[RELABEL_OTHER_SIGNATURE].files, 2);
	relabel_done(&r);
	opts.keys = &trusted;
	assert_int_equal(make(b, NULL, &opts, &r), 0);
	assert_int_equal(r.plan.n, 1);
	assert_string_equal(r.plan.steps[0].path, "usr/bin/right");
	assert_int_equal(r.reasons[RELABEL_SIGNED_INSTEAD].files, 1);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_WRONG].files, 1);
	assert_int_equal(r.reasons[RELABEL_EVM_COVERED].files, 1);
	assert_int_equal(r.reasons[RELABEL_OTHER_SIGNATURE].files, 0);
	relabel_done(&r);
	sig_key_free(old);
	EVP_PKEY_free(pkey);
}

/* What was right the last time is signed without being read for that. */
static void test_plan__signed_instead_is_known(void **state)
{
	struct box *b = *state;
	struct tree *t = &b->tree;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct sig_key *old = private_of(pkey);
	_cleanup_strbuf_ struct strbuf value = {0};
	_cleanup_keyset_ struct keyset trusted = {0};
	struct relabel_opts opts = everything();
	struct known *known = NULL;
	struct relabel r;

	if (!tree_can_label(t))
		skip();
	trust(old, pkey, &trusted);
	sign_text(old, "right", &value);
	tree_put(t, "usr/bin/right", "right");
	tree_set(t, "usr/bin/right", TREE_IMA, strbuf_span(&value));
	sleep(UNSETTLED_S);
	assert_int_equal(known_load(&t->root, &known, NULL), 0);
	opts.keys = &trusted;
	assert_int_equal(make(b, known, &opts, &r), 0);
	assert_int_equal(b->read, 5);
	assert_int_equal(r.reasons[RELABEL_FOREIGN_SIGNATURE].files, 1);
	relabel_done(&r);
	opts.key = b->key;
	opts.instead_of = sig_key_id(old);
	assert_int_equal(make(b, known, &opts, &r), 0);
	assert_int_equal(b->read, 0);
	assert_int_equal(r.plan.n, 1);
	relabel_done(&r);
	known_free(known);
	sig_key_free(old);
	EVP_PKEY_free(pkey);
}

static void test_plan__stopped(void **state)
{
	struct box *b = *state;
	struct relabel_opts opts = everything();
	struct relabel r;

	b->stop = true;
	assert_int_equal(make(b, NULL, &opts, &r), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_judge__each_case),
		TEST(test_judge__a_signature_by_the_key),
		TEST(test_permit__what_cannot_be_written_is_left),
		TEST(test_reasons__no_signature_becomes_a_hash),
		TEST(test_plan__says_what_would_be_done),
		TEST(test_plan__very_many_are_as_dangerous_as_a_boot),
		TEST(test_plan__one_name_of_each_file),
		TEST(test_plan__scope_of_appraise_tcb),
		TEST(test_plan__scope_of_the_policy),
		TEST(test_plan__reads_only_what_may_have_changed),
		TEST(test_plan__signed_by_others),
		TEST(test_plan__signed_instead),
		TEST(test_plan__signed_instead_is_known),
		TEST(test_plan__labels_that_changed),
		TEST(test_plan__stopped),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
