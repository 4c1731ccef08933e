/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed files on a real file system; the keyrings are a recorded host's. */
#include "tests/unit/test.h"

#include "core/base/hex.h"
#include "core/label/keyloss.h"
#include "tests/unit/testkeys.h"
#include "tests/unit/tree.h"

/* Two keys whose ids end with the same 4 bytes, and one of its own. */
#define SKID_P "00112233445566778899aabbccddeeff0badcafe"
#define SKID_Q                                                                           \
	"ffeeddccbbaa99887766554433221100"                                               \
	"0badcafe"
#define SKID_R "00112233445566778899aabbccddeeff77777777"

enum { P, Q, R, KEYS };

static EVP_PKEY *keys[KEYS];
static const char *const skids[KEYS] = {SKID_P, SKID_Q, SKID_R};

struct scene {
	struct tree tree;
	struct keyhost host;
};

static void record(const char *dir, const char *name, const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf path = {0};

	strbuf_addf(&path, "%s/%s", dir, name);
	assert_int_equal(fs_replace_at(AT_FDCWD, strbuf_str(&path), text, len, 0600,
				       NULL),
			 0);
}

static void record_certs(const char *dir)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	for (int i = 0; i < KEYS; i++) {
		X509 *c = cert_of(keys[i], skids[i]);

		assert_int_equal(PEM_write_bio_X509(bio, c), 1);
		X509_free(c);
	}
	len = BIO_get_mem_data(bio, &pem);
	record(dir, "certs.pem", pem, (size_t)len);
	BIO_free(bio);
}

#define KEY(serial, flags, id)                                                           \
	serial " " flags "     1 perm 39010000     0     0 asymmetri subject: "          \
	       "issuer: " id ": X509.ecdsa-nist-p256 0badcafe []\n"

static void load_rings(struct scene *s)
{
	static const char text[] =
		"00000001 I------     1 perm 1f0b0000     0     0 keyring   .ima: 4\n"
		"00000003 I------     1 perm 1f0b0000     0     0 keyring   _ima: 1\n"
		"00000002 I------     1 perm 1f0b0000     0     0 keyring   "
		".secondary_trusted_keys: 1\n" KEY("00000011", "I------", SKID_P)
			KEY("00000012", "I------", SKID_Q)
				KEY("00000014", "I--R---", SKID_P);
	static const char last[] =
		"00000013 I------     1 perm 39010000     0     0 asymmetri subject: "
		"issuer: " SKID_R ": X509.ecdsa-nist-p256 77777777 []\n";
	static const char rings[] = "00000001 .ima: 00000011 00000012 00000013 00000014\n"
				    "00000003 _ima: 00000011\n"
				    "00000002 .secondary_trusted_keys: 00000011\n";
	_cleanup_strbuf_ struct strbuf all = {0};
	char dir[] = "/tmp/imactl-keyloss.XXXXXX";
	struct root recorded;

	assert_non_null(mkdtemp(dir));
	strbuf_adds(&all, text);
	strbuf_adds(&all, last);
	record(dir, "keys", strbuf_str(&all), all.len);
	record(dir, "keyrings.txt", rings, strlen(rings));
	record_certs(dir);
	assert_int_equal(root_open_host(&recorded, dir, NULL), 0);
	assert_int_equal(keyring_load(&recorded, &s->host.rings, NULL), 0);
	assert_int_equal(certstore_load(&recorded, &s->host.certs, NULL), 0);
	root_done(&recorded);
	assert_int_equal(nftw(dir, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	for (int i = 0; i < KEYS; i++)
		keys[i] = EVP_EC_gen("P-256");
	tree_make(&s->tree);
	load_rings(s);
	s->host.root = &s->tree.root;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	keyhost_done(&s->host);
	tree_done(&s->tree);
	for (int i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	free(s);
	return 0;
}

static void sign(struct tree *t, const char *path, const char *text, int key)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	struct sig_key *k = private_of(keys[key]);
	struct sig_ctx *ctx = sig_ctx_new();
	uint8_t id[4];

	tree_put(t, path, text);
	assert_int_equal(EVP_Digest(text, strlen(text), d.value, NULL, EVP_sha256(),
				    NULL),
			 1);
	assert_int_equal(hex_decode(id, span_of(key == R ? "77777777" : "0badcafe")), 0);
	sig_key_set_id(k, id);
	assert_int_equal(sig_make(ctx, k, IMAXATTR_SIG, 2, &d, &value, NULL), 0);
	tree_set(t, path, TREE_IMA, strbuf_span(&value));
	sig_ctx_free(ctx);
	sig_key_free(k);
}

static void count(struct scene *s, int32_t serial, struct keyloss *l)
{
	const struct keyuse_opts opts = {.scope = SCOPE_APPRAISE_TCB};
	const struct keyring_key *k = keyring_find(&s->host.rings, serial);

	assert_non_null(k);
	keyloss_of(&s->host, KEYRING_IMA, k, l);
	assert_int_equal(l->state, KEYLOSS_NOT_COUNTED);
	assert_int_equal(keyloss_count(l, &s->host, k, s->tree.pool, &opts, NULL, NULL),
			 0);
	assert_int_equal(l->state, KEYLOSS_COUNTED);
}

static void test_of__nothing_to_count(void **state)
{
	struct scene *s = *state;
	_cleanup_strbuf_ struct strbuf text = {0};
	struct keyloss l = {0};

	keyloss_of(&s->host, KEYRING_SECONDARY, keyring_find(&s->host.rings, 0x11), &l);
	assert_int_equal(l.state, KEYLOSS_NO_FILES);
	keyloss_phrase(&text, &l);
	assert_string_equal(strbuf_str(&text),
			    "certificates it has signed get in no more");
	l = (struct keyloss){0};
	keyloss_of(&s->host, KEYRING_IMA_USER, keyring_find(&s->host.rings, 0x11), &l);
	assert_int_equal(l.state, KEYLOSS_NO_FILES);
	assert_int_equal(l.instead, KEYRING_IMA);
	l = (struct keyloss){0};
	keyloss_of(&s->host, KEYRING_IMA, keyring_find(&s->host.rings, 0x14), &l);
	assert_int_equal(l.state, KEYLOSS_DEAD);
}

static void test_count__its_own_id(void **state)
{
	struct scene *s = *state;
	_cleanup_keyloss_ struct keyloss l = {0};

	if (!tree_can_label(&s->tree))
		skip();
	for (char c = 'z'; c >= 'a'; c--)
		sign(&s->tree, (char[]){c, '\0'}, "text", R);
	sign(&s->tree, "other", "text", P);
	count(s, 0x13, &l);
	assert_int_equal(l.named, 26);
	assert_int_equal(l.lost, 26);
	assert_int_equal(l.kept + l.unsure, 0);
	assert_string_equal(l.sample[0], "a");
	assert_string_equal(l.sample[KEYLOSS_SAMPLES - 1], "j");
}

/* The id says nothing: each file is tried with the other key. */
static void test_count__shared_id(void **state)
{
	struct scene *s = *state;
	_cleanup_keyloss_ struct keyloss p = {0}, q = {0};
	_cleanup_strbuf_ struct strbuf phrase = {0};

	if (!tree_can_label(&s->tree))
		skip();
	sign(&s->tree, "p1", "one", P);
	sign(&s->tree, "p2", "two", P);
	sign(&s->tree, "q1", "three", Q);
	sign(&s->tree, "r", "four", R);
	count(s, 0x11, &p);
	assert_int_equal(p.named, 3);
	assert_int_equal(p.lost, 2);
	assert_int_equal(p.kept, 1);
	assert_string_equal(p.sample[0], "p1");
	assert_string_equal(p.sample[1], "p2");
	assert_null(p.sample[2]);
	count(s, 0x12, &q);
	assert_int_equal(q.lost, 1);
	assert_int_equal(q.kept, 2);
	assert_string_equal(q.sample[0], "q1");
	keyloss_phrase(&phrase, &q);
	assert_string_equal(strbuf_str(&phrase), "1 file stops verifying");
}

/* Without the other's certificate only the kernel could say, and it is not asked about
 * keys of a recorded host. */
static void test_count__unsure(void **state)
{
	struct scene *s = *state;
	_cleanup_keyloss_ struct keyloss l = {0};
	_cleanup_strbuf_ struct strbuf phrase = {0};

	if (!tree_can_label(&s->tree))
		skip();
	sign(&s->tree, "p1", "one", P);
	certstore_done(&s->host.certs);
	count(s, 0x11, &l);
	assert_int_equal(l.unsure, 1);
	keyloss_phrase(&phrase, &l);
	assert_string_equal(strbuf_str(&phrase), "1 file may stop verifying");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_of__nothing_to_count, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_count__its_own_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_count__shared_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_count__unsure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
