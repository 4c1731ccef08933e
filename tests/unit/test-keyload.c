/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys for a boot, in keyrings of the running kernel that are nobody else's. */
#include "tests/unit/test.h"

#include "core/base/keysys.h"
#include "core/base/spki.h"
#include "recovery/keyload.h"
#include "tests/unit/tree.h"
#include "tests/unit/userns.h"

#define FOLDER "etc/keys/ima/"

static struct strbuf rsa, ec;

static struct span der(const struct strbuf *b)
{
	return strbuf_span(b);
}

static bool possible(void)
{
	int32_t ring = keysys_add("keyring", "probe", (struct span){0}, KEYSYS_PROCESS);
	int32_t key = ring < 0 ? ring : keysys_add("asymmetric", NULL, der(&rsa), ring);

	if (ring > 0)
		(void)keysys_unlink(ring, KEYSYS_PROCESS);
	return key > 0;
}

static int teardown(void **state)
{
	int32_t ring = keysys_search(KEYSYS_USER, "keyring", "_ima");

	if (ring > 0)
		assert_int_equal(keysys_unlink(ring, KEYSYS_USER), 0);
	return tree_teardown(state);
}

static int in_ring(void)
{
	int32_t ring = keysys_search(KEYSYS_USER, "keyring", "_ima");
	_cleanup_free_ int32_t *members = NULL;

	return ring > 0 ? keysys_read(ring, &members) : -1;
}

static void put(struct tree *t, const char *path, struct span content)
{
	int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, content.ptr, content.len), 0);
	assert_int_equal(close(fd), 0);
}

static void begin(struct tree *t, struct keyload *k)
{
	static struct root here;

	if (!here.target_path)
		assert_int_equal(root_open_live(&here, NULL, NULL), 0);
	keyload_begin(k, &here, &t->root);
}

static void test_disk__no_folder(void **state)
{
	_cleanup_keyload_ struct keyload k;

	begin(*state, &k);
	keyload_disk(&k);
	assert_int_equal(k.n, 0);
	assert_int_equal(k.failed.id, DIAG_NONE);
	assert_int_equal(in_ring(), -1); /* none is made for nothing */
}

static void test_disk__damaged_and_other_files(void **state)
{
	_cleanup_keyload_ struct keyload k;

	begin(*state, &k);
	tree_folder(*state, FOLDER);
	put(*state, FOLDER "bad.der", span_of("garbage"));
	put(*state, FOLDER "rsa.pem", der(&rsa));
	keyload_disk(&k);
	assert_int_equal(k.n, 0);
	assert_int_equal(k.failed.id, DIAG_KEY_REFUSED);
	assert_non_null(strstr(k.failed.text, "bad.der is not loaded"));
}

static void test_disk__never_what_was_revoked(void **state)
{
	_cleanup_keyload_ struct keyload k;
	char hash[GEN_KEY_HASH + 1], path[120];
	struct tree *t = *state;

	begin(t, &k);
	tree_folder(t, FOLDER);
	tree_folder(t, GEN_FOLDER "/revoked");
	put(t, FOLDER "rsa.der", der(&rsa));
	put(t, FOLDER "ec.der", der(&ec));
	assert_int_equal(spki_hash(der(&rsa), hash), 0);
	(void)snprintf(path, sizeof(path), GEN_FOLDER "/revoked/%s", hash);
	assert_int_equal(symlinkat("revoked", t->fd, path), 0);
	keyload_disk(&k);
	assert_int_equal(k.n, 1);
	assert_int_equal(in_ring(), 1);
	assert_false(keyload_has(&k, span_of(hash)));
	assert_non_null(strstr(k.failed.text, "rsa.der is not loaded: it was revoked"));
}

/* The kernel keeps the first _ima that it finds: there is one, whoever asks and how often. */
static void test_disk__one_keyring_for_all(void **state)
{
	struct tree *t = *state;
	int32_t first = 0;

	tree_folder(t, FOLDER);
	put(t, FOLDER "rsa.der", der(&rsa));
	for (int i = 0; i < 3; i++) {
		_cleanup_keyload_ struct keyload k;

		begin(t, &k);
		keyload_disk(&k);
		assert_int_equal(k.n, 1);
		first = first ? first : k.ring;
		assert_int_equal(k.ring, first);
	}
	assert_int_equal(in_ring(), 1);
}

static void test_keep_only__nothing(void **state)
{
	_cleanup_keyload_ struct keyload k;

	begin(*state, &k);
	tree_folder(*state, FOLDER);
	put(*state, FOLDER "rsa.der", der(&rsa));
	put(*state, FOLDER "ec.der", der(&ec));
	keyload_disk(&k);
	assert_int_equal(in_ring(), 2);
	keyload_keep_only(&k, 0);
	assert_int_equal(k.n, 0);
	assert_int_equal(in_ring(), 0);
}

static int read_seed(const char *name, struct strbuf *ret)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/cert/%s",
		       getenv("IMACTL_SOURCE"), name);
	return fs_read_at(AT_FDCWD, path, 65535, ret, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_disk__no_folder),
		TEST(test_disk__damaged_and_other_files),
		TEST(test_disk__never_what_was_revoked),
		TEST(test_disk__one_keyring_for_all),
		TEST(test_keep_only__nothing),
	};
	int r;

	if (read_seed("rsa", &rsa) < 0 || read_seed("leaf", &ec) < 0)
		return 1;
	if (!userns_enter() || !possible()) {
		(void)puts("skipped: no user namespace, or a kernel without asymmetric "
			   "keys");
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	strbuf_done(&rsa);
	strbuf_done(&ec);
	return r;
}
