/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys loaded and retired by the change engine, in keyrings of the running kernel. */
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>

#include "core/base/act-key.h"
#include "core/base/change.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/keysys.h"
#include "tests/unit/userns.h"

/* The name of seeds/cert/rsa, made with "openssl req -x509 -subj /CN=r". */
static char name[80];
static struct strbuf der;

struct machine {
	char dir[32];
	struct root root;
};

static bool possible(void)
{
	int32_t ring = keysys_add("keyring", "probe", (struct span){0}, KEYSYS_PROCESS);
	struct span bytes = {(uint8_t *)der.ptr, der.len};
	_cleanup_strbuf_ struct strbuf text = {0};
	int32_t key = ring < 0 ? ring : keysys_add("asymmetric", NULL, bytes, ring);

	if (key > 0 && keysys_describe(key, &text) == 0)
		(void)snprintf(name, sizeof(name), "%s", strrchr(text.ptr, ';') + 1);
	if (ring > 0)
		(void)keysys_unlink(ring, KEYSYS_PROCESS);
	return key > 0;
}

static int setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	*state = m;
	(void)snprintf(m->dir, sizeof(m->dir), "/tmp/imactl-key.XXXXXX");
	if (!mkdtemp(m->dir) || root_open_live(&m->root, NULL, NULL) < 0)
		return -1;
	/* Keyrings are this machine's, and so must be the root; only the journals are not. */
	cleanup_closep(&m->root.dir[ROOT_STATE]);
	m->root.dir[ROOT_STATE] = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return m->root.dir[ROOT_STATE] < 0 ? -1 : 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct machine *m = *state;
	int32_t ring = keysys_search(KEYSYS_USER, "keyring", "_ima");

	if (ring > 0)
		assert_int_equal(keysys_unlink(ring, KEYSYS_USER), 0);
	root_done(&m->root);
	(void)nftw(m->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(m);
	return 0;
}

static struct span whole(void)
{
	return (struct span){(uint8_t *)der.ptr, der.len};
}

static struct change_ctx context(struct machine *m)
{
	return (struct change_ctx){.root = &m->root,
				   .place = ROOT_STATE,
				   .actions = action_base_set(),
				   .command = "test"};
}

static int run(struct machine *m, const struct plan *plan, struct change_result *ret)
{
	struct change_ctx ctx = context(m);
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d = {0};
	int r;

	plan_hash(plan, hash);
	r = change_run(&ctx, plan, hash, ret, &d);
	if (r < 0)
		print_message("%s\n", d.text);
	return r;
}

/* Is the key in _ima? */
static bool loaded(void)
{
	int32_t ring = keysys_search(KEYSYS_USER, "keyring", "_ima");

	return ring > 0 && keysys_search(ring, "asymmetric", name) > 0;
}

static void load(struct machine *m, struct change_result *ret)
{
	static const struct plan_spec at = {.danger = PLAN_REVERSIBLE};
	_cleanup_plan_ struct plan plan = {0};

	assert_int_equal(plan_init(&plan, "load", NULL), 0);
	assert_int_equal(act_key_add(&plan, &m->root, &at, KEYRING_IMA_USER, name,
				     whole(), NULL),
			 1);
	assert_int_equal(run(m, &plan, ret), 0);
	assert_int_equal(ret->outcome, CHANGE_DONE);
}

static void test_add__loaded_read_back_and_undone(void **state)
{
	struct machine *m = *state;
	struct change_ctx ctx = context(m);
	struct change_result r;

	load(m, &r);
	assert_true(loaded());
	assert_int_equal(change_undo(&ctx, r.id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_false(loaded());
	/* the keyring stays: the kernel may have found it */
	assert_true(keysys_search(KEYSYS_USER, "keyring", "_ima") > 0);
}

static void test_add__what_is_there_is_no_step(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_REVERSIBLE};
	struct machine *m = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	load(m, &r);
	assert_int_equal(plan_init(&plan, "again", NULL), 0);
	assert_int_equal(act_key_add(&plan, &m->root, &at, KEYRING_IMA_USER, name,
				     whole(), NULL),
			 0);
}

static void test_add__what_the_kernel_refuses_changes_nothing(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_REVERSIBLE};
	struct machine *m = *state;
	_cleanup_plan_ struct plan plan = {0};
	struct span cut = {(uint8_t *)der.ptr, der.len - 1};
	struct change_result r;

	assert_int_equal(plan_init(&plan, "cut", NULL), 0);
	assert_int_equal(act_key_add(&plan, &m->root, &at, KEYRING_IMA_USER, name, cut,
				     NULL),
			 1);
	assert_int_equal(run(m, &plan, &r), 0);
	assert_int_equal(r.outcome, CHANGE_ROLLED_BACK);
	assert_int_equal(r.failure.id, DIAG_KEY_REFUSED);
	assert_int_equal(r.failure.err, EBADMSG);
	assert_false(loaded());
}

static void test_remove__and_put_back(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_BOOT};
	struct machine *m = *state;
	struct change_ctx ctx = context(m);
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	load(m, &r);
	assert_int_equal(plan_init(&plan, "retire", NULL), 0);
	assert_int_equal(act_key_remove(&plan, &m->root, &at, KEYRING_IMA_USER, name,
					whole(), NULL),
			 1);
	assert_null(plan.steps[0].irreversible);
	assert_int_equal(run(m, &plan, &r), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_false(loaded());
	assert_int_equal(change_undo(&ctx, r.id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_true(loaded());
}

static void test_remove__without_its_certificate_there_is_no_way_back(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_BOOT};
	struct machine *m = *state;
	struct change_ctx ctx = context(m);
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	load(m, &r);
	assert_int_equal(plan_init(&plan, "retire", NULL), 0);
	assert_int_equal(act_key_remove(&plan, &m->root, &at, KEYRING_IMA_USER, name,
					(struct span){0}, NULL),
			 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	assert_non_null(strstr(plan.steps[0].irreversible, "does not give"));
	assert_int_equal(run(m, &plan, &r), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_int_equal(change_undo(&ctx, r.id, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_PARTLY);
	assert_int_equal(r.failure.id, DIAG_NO_UNDO);
	assert_false(loaded());
}

static void test_add__keyrings_that_keep_their_keys(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_REVERSIBLE};
	struct machine *m = *state;
	_cleanup_plan_ struct plan plan = {0};

	assert_int_equal(plan_init(&plan, "keep", NULL), 0);
	assert_int_equal(act_key_add(&plan, &m->root, &at, KEYRING_IMA_BLACKLIST, name,
				     whole(), NULL),
			 1);
	assert_non_null(strstr(plan.steps[0].irreversible, "restarted"));
}

/* The plan names a keyring, not a file; and it is bound to the certificate. */
static void test_plan__text_and_hash(void **state)
{
	static const struct plan_spec at = {.danger = PLAN_REVERSIBLE};
	struct machine *m = *state;
	uint8_t hash[2][PLAN_HASH_SIZE];

	for (size_t i = 0; i < 2; i++) {
		_cleanup_plan_ struct plan plan = {0}, copy = {0};
		_cleanup_strbuf_ struct strbuf text = {0}, packed = {0};
		struct span bytes = {(uint8_t *)der.ptr, der.len - i};

		assert_int_equal(plan_init(&plan, "load", NULL), 0);
		assert_int_equal(act_key_add(&plan, &m->root, &at, KEYRING_IMA_USER,
					     "a: \033[2J", bytes, NULL),
				 1);
		plan_format_steps(&text, &plan, true);
		assert_string_equal(strbuf_str(&text),
				    "  1. load into _ima a: \\x1b[2J (not in it -> in "
				    "it)\n");
		plan_hash(&plan, hash[i]);
		plan_pack(&packed, &plan);
		assert_int_equal(plan_unpack(strbuf_span(&packed), action_base_set(),
					     &copy, NULL),
				 0);
	}
	assert_memory_not_equal(hash[0], hash[1], PLAN_HASH_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add__loaded_read_back_and_undone,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_add__what_is_there_is_no_step, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_add__what_the_kernel_refuses_changes_nothing, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_remove__and_put_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_remove__without_its_certificate_there_is_no_way_back, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_add__keyrings_that_keep_their_keys,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan__text_and_hash, setup,
						teardown),
	};
	char path[512];
	int r;

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/cert/rsa",
		       getenv("IMACTL_SOURCE"));
	if (fs_read_at(AT_FDCWD, path, 65535, &der, NULL) < 0)
		return 1;
	if (!userns_enter() || !possible()) {
		(void)puts(
			"skipped: no user namespace, or a kernel without asymmetric keys");
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	strbuf_done(&der);
	return r;
}
