/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/keyring.h"
#include "core/base/keysys.h"

#define HEAD "05c28a93 I------     1 perm 1f0f0000     0     0 "

/* As a 6.1 kernel with the lab's CA prints it. */
static const char host[] =
	"0d68ee5c I------     1 perm 1f0b0000     0     0 keyring   "
	".builtin_trusted_keys: 1\n"
	"13e4b1d0 I------     1 perm 1f030000     0     0 asymmetri "
	"Lab IMA CA: bb48346952d6e8d311f0230b9032c1dc9da09876: X509.rsa 9da09876 []\n"
	"22b2a1f5 I--Q---     1 expd 39010000     0     0 asymmetri "
	"Lab: odd: key: 0102: X509.ecdsa-nist-p256 []\n"
	"2e0d3f44 I------     1 perm 1f0f0000     0     0 keyring   .ima: empty\n"
	"30000000 I--Q--- 12345   3w 3f010000  1000 65534 user      my key: x [1]: y\n"
	"3817fff1 I------     1 perm 0f0b0000     0     0 keyring   .blacklist: 1\n"
	"3a000001 I------     1 perm 0c030000     0     0 blacklist tbs:00aabb\n";

static void write_host(const char *dir, const char *keys, const char *rings)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fs_replace_at(fd, "keys", keys, strlen(keys), 0600, NULL), 0);
	if (rings)
		assert_int_equal(fs_replace_at(fd, "keyrings.txt", rings, strlen(rings),
					       0600, NULL),
				 0);
	assert_int_equal(close(fd), 0);
}

static void load_host(const char *keys, const char *rings, struct keyring_set *ret)
{
	char dir[] = "/tmp/imactl-keyring.XXXXXX", path[64];
	struct root root;

	assert_non_null(mkdtemp(dir));
	write_host(dir, keys, rings);
	assert_int_equal(root_open_host(&root, dir, NULL), 0);
	assert_int_equal(keyring_load(&root, ret, NULL), 0);
	root_done(&root);
	(void)snprintf(path, sizeof(path), "%s/keys", dir);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/keyrings.txt", dir);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

static void assert_span(struct span got, const char *want)
{
	if (!span_is(got, want))
		fail_msg("\"%.*s\", not \"%s\"", (int)got.len, (const char *)got.ptr,
			 want);
}

static void test_parse__what_is_no_line_is_passed_over(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"05c28a93",
		"5c28a93 I------     1 perm 1f0f0000     0     0 keyring   x\n",
		"00000000 I------     1 perm 1f0f0000     0     0 keyring   x\n",
		"f5c28a93 I------     1 perm 1f0f0000     0     0 keyring   x\n",
		"05C28A93 I------     1 perm 1f0f0000     0     0 keyring   x\n",
		"05c28a93 I-----      1 perm 1f0f0000     0     0 keyring   x\n",
		"05c28a93 I------     x perm 1f0f0000     0     0 keyring   x\n",
		"05c28a93 I------     1 perm 1f0f0000f    0     0 keyring   x\n",
		"05c28a93 I------     1 perm 1f0f0000     0     0 keyr\n",
		"05c28a93 I------     1 perm 1f0f0000     0     0 key ring  x\n",
		"05c28a93 I------     1 perm 1f0f0000     0     0 keyring   no newline",
	};

	for (size_t i = 0; i < array_size(lines); i++) {
		struct keyring_key *keys = NULL;
		int n = keyring_parse(span_of(lines[i]), &keys);

		if (n != 0)
			fail_msg("line %zu: %d keys", i, n);
		free(keys);
	}
}

static void test_parse__asymmetric_keys(void **state)
{
	_cleanup_free_ struct keyring_key *k = NULL;

	assert_int_equal(keyring_parse(span_of(host), &k), 7);
	assert_int_equal(k[1].serial, 0x13e4b1d0);
	assert_span(k[1].name, "Lab IMA CA");
	assert_span(k[1].id, "bb48346952d6e8d311f0230b9032c1dc9da09876");
	assert_span(k[1].algorithm, "X509.rsa");
	assert_span(k[1].keyid, "9da09876");
	assert_span(k[1].description,
		    "Lab IMA CA: bb48346952d6e8d311f0230b9032c1dc9da09876");
	assert_false(k[1].dead);
	/* no SKID: the id is the serial number, and no keyid */
	assert_span(k[2].name, "Lab: odd: key");
	assert_span(k[2].id, "0102");
	assert_span(k[2].algorithm, "X509.ecdsa-nist-p256");
	assert_span(k[2].keyid, "");
	assert_true(k[2].dead); /* expd */
	assert_span(k[4].description, "my key: x [1]: y");
	assert_span(k[4].name, "");
	assert_int_equal(k[4].uid, 1000);
	assert_true(keyring_is(&k[6], "blacklist"));
	assert_span(k[6].description, "tbs:00aabb");
}

static void test_parse__flags(void **state)
{
	static const struct {
		const char *flags;
		bool dead;
	} rows[] = {{"I------", false}, {"IR-----", true}, {"I-D----", true},
		    {"I--Q---", false}, {"I----N-", true}, {"I-----i", true}};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_free_ struct keyring_key *k = NULL;
		char line[128];

		(void)snprintf(
			line, sizeof(line),
			"05c28a93 %s     1 perm 1f0f0000     0    -1 user      x\n",
			rows[i].flags);
		assert_int_equal(keyring_parse(span_of(line), &k), 1);
		assert_int_equal(k[0].dead, rows[i].dead);
	}
}

/* Somebody's description holds a newline and a line of its own. */
static void test_parse__two_lines_of_one_number(void **state)
{
	_cleanup_keyring_ struct keyring_set set = {0};

	load_host(HEAD "asymmetri good: aa: X509.rsa aa []\n" HEAD
		       "asymmetri forged: bb: X509.rsa bb []\n",
		  NULL, &set);
	assert_int_equal(set.n, 2);
	assert_null(keyring_find(&set, 0x05c28a93));
	assert_null(keyring_find(&set, 1));
}

static void test_load__recorded_without_members(void **state)
{
	_cleanup_keyring_ struct keyring_set set = {0};

	load_host(host, NULL, &set);
	assert_true(set.complete);
	assert_int_equal(set.ring[KEYRING_BUILTIN].serial, 0x0d68ee5c);
	assert_int_equal(set.ring[KEYRING_BUILTIN].members, -1);
	assert_int_equal(set.ring[KEYRING_IMA].serial, 0x2e0d3f44);
	assert_int_equal(set.ring[KEYRING_IMA_USER].serial, 0);
	assert_int_equal(keyring_for_files(&set), KEYRING_IMA);
}

static void test_load__recorded_members(void **state)
{
	_cleanup_keyring_ struct keyring_set set = {0};
	_cleanup_strbuf_ struct strbuf again = {0};
	static const char rings[] = "2e0d3f44 .ima:\n"
				    "0d68ee5c .builtin_trusted_keys: 13e4b1d0 11111111\n"
				    "0d68ee5c .builtin_trusted_keys: 22b2a1f5\n"
				    "00000000 .machine: 13e4b1d0\n"
				    "12345678 .nosuch: 13e4b1d0\n"
				    "damaged\n"
				    "3817fff1 .blacklist: 3a000001 zz\n";

	load_host(host, rings, &set);
	assert_int_equal(set.ring[KEYRING_IMA].members, 0);
	assert_int_equal(set.ring[KEYRING_BUILTIN].members, 2);
	assert_int_equal(set.ring[KEYRING_BLACKLIST].members, 1);
	assert_int_equal(set.ring[KEYRING_MACHINE].serial, 0);
	assert_span(keyring_member(&set, KEYRING_BUILTIN, 0)->name, "Lab IMA CA");
	assert_null(keyring_member(&set, KEYRING_BUILTIN, 1)); /* hidden */
	assert_null(keyring_member(&set, KEYRING_BUILTIN, 2));
	assert_int_equal(keyring_count(&set, KEYRING_BUILTIN).keys, 1);
	assert_int_equal(keyring_count(&set, KEYRING_BUILTIN).hidden, 1);
	assert_int_equal(keyring_count(&set, KEYRING_BLACKLIST).digests, 1);
	keyring_record(&set, &again);
	assert_string_equal(strbuf_str(&again),
			    "2e0d3f44 .ima:\n"
			    "0d68ee5c .builtin_trusted_keys: 13e4b1d0 11111111\n"
			    "3817fff1 .blacklist: 3a000001\n");
}

/* Nobody's keyrings but a user's: what is not shown may be there. */
static void test_load__seen_by_a_user(void **state)
{
	_cleanup_keyring_ struct keyring_set set = {0};

	load_host("05c28a93 I------     1 perm 1f0f0000  1000  1000 keyring   _ima: 1\n",
		  NULL, &set);
	assert_false(set.complete);
	assert_int_equal(set.ring[KEYRING_IMA_USER].serial, 0); /* not root's */
}

static void test_names__round_trip(void **state)
{
	for (int i = 0; i < _KEYRING_MAX; i++)
		assert_int_equal(keyring_from_name(
					 span_of(keyring_name((enum keyring_id)i))),
				 i);
	assert_int_equal(keyring_from_name(span_of("ima")), _KEYRING_INVALID);
}

/* The running kernel: a keyring of ours is found, described and read. */
static void test_live__our_own_keyring(void **state)
{
	int32_t ring = keysys_add("keyring", "_ima", (struct span){0}, KEYSYS_PROCESS);
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_free_ int32_t *members = NULL;
	int32_t key;

	if (ring < 0) {
		print_message("the kernel lets us make no keyring: errno %d\n", -ring);
		skip();
	}
	key = keysys_add("user", "test", span_of("payload"), ring);
	assert_true(key > 0);
	assert_int_equal(keysys_describe(ring, &text), 0);
	assert_non_null(strstr(strbuf_str(&text), ";_ima"));
	assert_int_equal(text.len, strlen(text.ptr));
	assert_int_equal(keysys_read(ring, &members), 1);
	assert_int_equal(members[0], key);
	assert_int_equal(keysys_search(ring, "user", "test"), key);
	assert_int_equal(keysys_unlink(key, ring), 0);
	assert_int_equal(keysys_search(ring, "user", "test"), -ENOKEY);
	assert_int_equal(keysys_unlink(ring, KEYSYS_PROCESS), 0);
}

/* /proc/keys is believed about no keyring that the kernel describes differently. */
static void test_live__forged_lines_are_not_believed(void **state)
{
	char dir[] = "/tmp/imactl-keyring.XXXXXX", path[64];
	_cleanup_keyring_ struct keyring_set set = {0};
	struct root root;

	assert_non_null(mkdtemp(dir));
	write_host(dir, host, NULL);
	assert_int_equal(root_open_live(&root, "/", NULL), 0);
	assert_int_equal(close(root.dir[ROOT_PROC]), 0);
	root.dir[ROOT_PROC] = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(keyring_load(&root, &set, NULL), 0);
	assert_int_equal(set.n, 7);
	for (int i = 0; i < _KEYRING_MAX; i++)
		if (keyring_rule((enum keyring_id)i) != KEYRING_RULE_USER)
			assert_int_equal(set.ring[i].serial, 0);
	root_done(&root);
	(void)snprintf(path, sizeof(path), "%s/keys", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__what_is_no_line_is_passed_over),
		cmocka_unit_test(test_parse__asymmetric_keys),
		cmocka_unit_test(test_parse__flags),
		cmocka_unit_test(test_parse__two_lines_of_one_number),
		cmocka_unit_test(test_load__recorded_without_members),
		cmocka_unit_test(test_load__recorded_members),
		cmocka_unit_test(test_load__seen_by_a_user),
		cmocka_unit_test(test_names__round_trip),
		cmocka_unit_test(test_live__our_own_keyring),
		cmocka_unit_test(test_live__forged_lines_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
