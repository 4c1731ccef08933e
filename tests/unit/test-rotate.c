/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which phase of a rotation comes next, and what its plan does, below another root. Keyrings,
 * boots and what is denied: tests/lab/key-rotate.scenario. */
#include "tests/unit/test.h"

#include "tests/unit/rotation.h"

static int setup(void **state)
{
	struct rotation *w = calloc(1, sizeof(*w));

	rotation_make(w, "/tmp", false);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	rotation_done(*state);
	free(*state);
	return 0;
}

static bool is_there(struct rotation *w, const char *path)
{
	return faccessat(w->tree.fd, path, F_OK, 0) == 0;
}

static void test_load__refused(void **state)
{
	struct rotation *w = *state;
	struct cert *new_cert = w->new_cert;
	struct diag d = {0};

	assert_int_equal(rotation_try(w, "123", &d), -EINVAL);
	assert_int_equal(d.id, DIAG_NO_KEY);
	assert_int_equal(rotation_try(w, "0badcafe", &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_KEY);
	w->new_cert = w->old_cert;
	assert_int_equal(rotation_try(w, "01234567", &d), -EINVAL);
	assert_int_equal(d.id, DIAG_ROTATE_SAME);
	w->new_cert = new_cert;
}

/* Two keys with one id: which is meant only a certificate says. */
static void test_load__an_id_of_two_keys(void **state)
{
	struct rotation *w = *state;
	struct cert *twin;
	struct sig_key *key;
	struct rotate_ask ask = {.root = &w->tree.root,
				 .new_cert = w->new_cert,
				 .release = ""};
	struct diag d = {0};

	rotation_key("ffffffffffffffffffffffffffffffff01234567", &twin, &key);
	rotation_put(w, "etc/keys/twin.der", twin);
	assert_int_equal(rotation_try(w, "01234567", &d), -EINVAL);
	assert_int_equal(d.id, DIAG_NO_KEY);
	ask.old_cert = w->old_cert;
	rotate_done(&w->now);
	assert_int_equal(rotate_load(&w->now, &ask, NULL), 0);
	assert_int_equal(w->now.next, ROTATE_TRUST);
	cert_free(twin);
	sig_key_free(key);
}

static void test_trust__both_lie_there(void **state)
{
	struct rotation *w = *state;
	_cleanup_strbuf_ struct strbuf names = {0};
	char name[GEN_NAME_SIZE];

	assert_int_equal(rotation_look(w), ROTATE_TRUST);
	rotation_step(w);
	assert_true(w->said.good);
	assert_true(is_there(w, "etc/keys/ima/old.der"));
	assert_true(is_there(w, "etc/keys/ima/89abcdef.der"));
	assert_int_equal(w->said.generation, 2);
	assert_int_equal(gen_files(&w->tree.root, 2, &names, NULL), 0);
	gen_key_name(w->old_cert->spki, name);
	assert_non_null(strstr(strbuf_str(&names), name));
	gen_key_name(w->new_cert->spki, name);
	assert_non_null(strstr(strbuf_str(&names), name));
	assert_int_equal(rotation_look(w), ROTATE_RETIRE);
	assert_int_equal(w->now.there, 2);
}

/* Taken back, it is as before; done again, it is the same. */
static void test_trust__undone(void **state)
{
	struct rotation *w = *state;
	struct change_ctx ctx = rotation_ctx(w);
	struct change_result r;
	unsigned id = 2; /* the first recorded what was there */

	(void)rotation_look(w);
	rotation_step(w);
	assert_int_equal(change_undo(&ctx, id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_false(is_there(w, "etc/keys/ima/89abcdef.der"));
	assert_int_equal(rotation_look(w), ROTATE_TRUST);
	rotation_step(w);
	assert_int_equal(rotation_look(w), ROTATE_RETIRE);
}

static void sign_file(struct rotation *w, const char *path, const char *text)
{
	_cleanup_strbuf_ struct strbuf value = {0}, meaning = {0};

	tree_put(&w->tree, path, text);
	assert_int_equal(policyinstall_sign(w->old_key, HASH_SHA256, span_of(text),
					    &value, &meaning, NULL),
			 0);
	tree_set(&w->tree, path, TREE_IMA, strbuf_span(&value));
}

/* Files are signed anew before the old key goes; copies in generations are not theirs. */
static void test_files__hold_it_up(void **state)
{
	struct rotation *w = *state;
	_cleanup_strbuf_ struct strbuf text = {0};

	if (!tree_can_label(&w->tree))
		skip();
	sign_file(w, "usr/bin/a", "a");
	sign_file(w, "usr/bin/b", "b");
	(void)rotation_look(w);
	rotation_step(w);
	assert_int_equal(rotation_look(w), ROTATE_FILES);
	assert_int_equal(w->now.files.named, 2);
	assert_string_equal(w->now.files.sample[0], "usr/bin/a");
	rotate_format(&w->now, &text, true);
	assert_non_null(strstr(strbuf_str(&text), "2 files are signed by the old key"));
	assert_int_equal(unlinkat(w->tree.fd, "usr/bin/a", 0), 0);
	assert_int_equal(unlinkat(w->tree.fd, "usr/bin/b", 0), 0);
	assert_int_equal(rotation_look(w), ROTATE_RETIRE);
}

static bool signed_by(struct rotation *w, const char *path, const struct sig_key *key)
{
	uint8_t value[1024];
	struct imaxattr x;
	ssize_t n = tree_get(&w->tree, path, TREE_IMA, value, sizeof(value));

	imaxattr_decode(IMAXATTR_IMA, (struct span){value, n < 0 ? 0 : (size_t)n}, &x);
	return imaxattr_is_sig(&x) && span_equal(x.keyid, sig_key_id(key));
}

static void test_policy__signed_anew(void **state)
{
	struct rotation w;

	rotation_make(&w, "/tmp", false);
	if (!tree_can_label(&w.tree)) {
		rotation_done(&w);
		skip();
	}
	rotation_done(&w);
	rotation_make(&w, "/tmp", true);
	(void)rotation_look(&w);
	rotation_step(&w);
	assert_int_equal(rotation_look(&w), ROTATE_POLICY);
	rotation_step(&w);
	assert_true(w.said.good);
	assert_true(signed_by(&w, "etc/ima/ima-policy", w.new_key));
	assert_true(signed_by(&w, "etc/imactl/gen/2/ima-policy", w.old_key));
	assert_true(signed_by(&w, "etc/imactl/gen/3/ima-policy", w.new_key));
	assert_int_equal(rotation_look(&w), ROTATE_RETIRE);
	assert_int_equal(w.now.there, 3);
	rotation_done(&w);
}

/* A policy that somebody has changed after it was signed does not become right. */
static void test_policy__changed_since(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct rotateplan_said said = {0};
	struct rotation *w = *state;
	struct diag d = {0};

	if (!tree_can_label(&w->tree))
		skip();
	sign_file(w, "etc/ima/ima-policy", ROTATION_POLICY);
	tree_put(&w->tree, "etc/ima/ima-policy", ROTATION_POLICY "dont_appraise uid=0\n");
	(void)rotation_look(w);
	rotation_step(w);
	assert_int_equal(rotation_look(w), ROTATE_POLICY);
	assert_true(rotateplan_make(&w->now, w->new_key, HASH_SHA256, &plan, &said, &d) <
		    0);
	assert_int_equal(d.id, DIAG_POLICY_UNSIGNED);
}

static void test_retire__the_old_one_is_gone(void **state)
{
	struct rotation *w = *state;
	_cleanup_gen_list_ struct gen_list list = {0};

	(void)rotation_look(w);
	rotation_step(w);
	(void)rotation_look(w);
	rotation_step(w);
	assert_false(is_there(w, "etc/keys/ima/old.der"));
	assert_true(is_there(w, "etc/keys/ima/89abcdef.der"));
	assert_false(w->said.good);
	assert_int_equal(gen_list_load(&w->tree.root, ROTATION_KERNEL, &list, NULL), 0);
	assert_int_equal(list.candidate, w->said.generation);
	assert_int_equal(gen_newest_blessed(&list, 0), 2);
	assert_int_equal(rotation_look(w), ROTATE_REVOKE);
	assert_non_null(w->now.old_cert); /* generations have it */
	assert_int_equal(w->now.wait.id, DIAG_LIVE_ONLY);
}

static void test_revoke__nobody_goes_back(void **state)
{
	struct rotation *w = *state;
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	struct json j = json_to(&text);

	for (int i = 0; i < 3; i++) {
		(void)rotation_look(w);
		rotation_step(w);
	}
	assert_string_equal(strbuf_str(&w->said.left.barred), "1, 2");
	assert_int_equal(w->said.left.newest, 3);
	assert_int_equal(gen_list_load(&w->tree.root, ROTATION_KERNEL, &list, NULL), 0);
	assert_int_equal(gen_newest_blessed(&list, 0), 3);
	assert_int_equal(gen_newest_blessed(&list, 3), 0);
	assert_int_equal(list.candidate, 0);
	assert_int_equal(list.minimum, 3);
	assert_int_equal(rotation_look(w), _ROTATE_PHASE_MAX);
	assert_int_equal(gen_revoked(&w->tree.root, span_of(w->now.old_hash)), 1);
	rotate_json(&w->now, &j);
	assert_non_null(strstr(strbuf_str(&text), "\"next\":\"done\""));
}

/* Somebody puts the old one back: it goes again. */
static void test_phases__start_over(void **state)
{
	struct rotation *w = *state;

	for (int i = 0; i < 3; i++) {
		(void)rotation_look(w);
		rotation_step(w);
	}
	rotation_put(w, "etc/keys/ima/back.der", w->old_cert);
	assert_int_equal(rotation_look(w), ROTATE_RETIRE);
	rotation_step(w);
	assert_int_equal(rotation_look(w), _ROTATE_PHASE_MAX);
	assert_int_equal(w->now.there, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_load__refused),
		TEST(test_load__an_id_of_two_keys),
		TEST(test_trust__both_lie_there),
		TEST(test_trust__undone),
		TEST(test_files__hold_it_up),
		cmocka_unit_test(test_policy__signed_anew),
		TEST(test_policy__changed_since),
		TEST(test_retire__the_old_one_is_gone),
		TEST(test_revoke__nobody_goes_back),
		TEST(test_phases__start_over),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
