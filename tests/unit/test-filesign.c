/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `file sign` says and does stands in tests/cli/file-sign.test. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/change.h"
#include "core/base/fs.h"
#include "core/appraise/filesign.h"
#include "tests/unit/testkeys.h"

static char dir[] = "/tmp/imactl-filesign.XXXXXX";
static struct root root;
static struct sig_key *key;

static int make(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	if (!mkdtemp(dir) || root_open_live(&root, dir, NULL) < 0)
		return -1;
	key = private_of(pkey);
	EVP_PKEY_free(pkey);
	return fs_replace_at(root.dir[ROOT_TARGET], "f", "x", 1, 0600, NULL);
}

static int clear(void **state)
{
	int at = root.dir[ROOT_TARGET];

	(void)unlinkat(at, "f", 0);
	root_done(&root);
	sig_key_free(key);
	return rmdir(dir);
}

static bool set_label(const char *name, const char *value, size_t len)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/f", dir);
	if (!value)
		return removexattr(path, name) == 0;
	return setxattr(path, name, value, len, 0) == 0;
}

static struct filesign signer(void)
{
	return (struct filesign){.root = &root,
				 .key = key,
				 .alg = HASH_SHA256,
				 .version = 2,
				 .space = LABEL_USER};
}

static int add(struct filesign *s, struct plan *plan, struct diag *d)
{
	_cleanup_close_ int fd = label_open(root.dir[ROOT_TARGET], "f", NULL);

	assert_int_equal(plan_init(plan, "t", NULL), 0);
	return filesign_add(s, plan, fd, "f", d);
}

/* Set as the plan would. */
static void carry_out(const struct plan *plan)
{
	const struct plan_step *step = &plan->steps[0];
	struct action_env env = {.root = &root};

	assert_int_equal(step->action->ops->apply(&env, step, step->after, NULL), 0);
}

static void test_confirm__contents_that_changed_meanwhile(void **state)
{
	_cleanup_filesign_ struct filesign s = signer();
	_cleanup_plan_ struct plan plan = {0}, again = {0};
	_cleanup_close_ int fd = label_open(root.dir[ROOT_TARGET], "f", NULL), w = -1;
	struct diag d;

	if (!set_label("user.ima", "\4\4", 2)) {
		print_message("skipped: user.ima cannot be set in %s\n", dir);
		skip();
	}
	assert_int_equal(add(&s, &plan, &d), 1);
	assert_int_equal(filesign_confirm(&s, fd, "f", &d), -ESTALE);
	assert_int_equal(d.id, DIAG_SIGNED_OTHER);
	carry_out(&plan);
	assert_int_equal(filesign_confirm(&s, fd, "f", &d), 0);
	assert_int_equal(add(&s, &again, &d), 0);
	w = openat(root.dir[ROOT_TARGET], "f", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(w, "y", 1), 1);
	assert_int_equal(filesign_confirm(&s, fd, "f", &d), -ESTALE);
	assert_int_equal(d.id, DIAG_SIGNED_OTHER);
}

static int put_step(enum imaxattr_attr attr, const char *value, size_t len,
		    struct plan *plan, struct diag *d)
{
	_cleanup_close_ int fd = label_open(root.dir[ROOT_TARGET], "f", NULL);
	_cleanup_label_ struct label label = {0};
	struct labelstep at = {&root, LABEL_USER, "f", &label};

	assert_int_equal(label_read(fd, LABEL_USER, &label), 0);
	return labelstep_set(&at, plan, attr, (struct span){(const uint8_t *)value, len},
			     (struct span){0}, "words", d);
}

#define SIG  "\3\2\4\xde\xad\xbe\xef\0\1s"
#define HASH "\1hhhhhhhhhhhhhhhhhhhh"

static void test_set__never_less_than_a_signature(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d;

	if (!set_label("user.ima", SIG, sizeof(SIG) - 1))
		skip(); /* said above */
	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	assert_int_equal(put_step(IMAXATTR_IMA, HASH, 21, &plan, &d), -EPERM);
	assert_int_equal(d.id, DIAG_SIGNED);
	assert_int_equal(plan.n, 0);
	assert_int_equal(put_step(IMAXATTR_IMA, SIG "!", 11, &plan, &d), 1);
	assert_true(set_label("user.ima", NULL, 0));
	assert_int_equal(put_step(IMAXATTR_IMA, HASH, 21, &plan, &d), 1);
}

static void test_set__says_that_evm_will_not_fit(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d;

	if (!set_label("user.evm", "\5\2\4\xde\xad\xbe\xef\0\1s", 10))
		skip(); /* said above */
	(void)set_label("user.ima", NULL, 0);
	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	assert_int_equal(put_step(IMAXATTR_IMA, HASH, 21, &plan, &d), 1);
	assert_non_null(strstr(plan.steps[0].line, "security.evm fits no longer"));
	assert_true(set_label("user.evm", NULL, 0));
	assert_int_equal(put_step(IMAXATTR_EVM, "\2", 1, &plan, &d), 1);
	assert_null(strstr(plan.steps[1].line, "fits no longer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirm__contents_that_changed_meanwhile),
		cmocka_unit_test(test_set__never_less_than_a_signature),
		cmocka_unit_test(test_set__says_that_evm_will_not_fit),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
