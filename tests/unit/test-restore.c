/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/gen-internal.h"
#include "core/base/trial.h"
#include "recovery/restore.h"

#define RELEASE "6.1.0-test"
#define KEY_A	"keys/" A8 A8 A8 A8 A8 A8 A8 A8 ".der"
#define A8	"aaaaaaaa"
#define GOOD	"measure func=BPRM_CHECK\n"
#define BAD	"bogus=1\n"

struct world {
	char dir[64];
	struct root root;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/imactl-restore-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(root_open_live(&w->root, w->dir, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	root_done(&w->root);
	assert_int_equal(nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

static int at(struct world *w)
{
	return w->root.dir[ROOT_TARGET];
}

static void put(struct world *w, const char *path, const char *text)
{
	char folder[256];

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path),
		       path);
	assert_int_equal(fs_mkdirs_at(at(w), folder, 0755, NULL), 0);
	assert_int_equal(fs_replace_at(at(w), path, text, strlen(text), 0600, NULL), 0);
}

static void is(struct world *w, const char *path, const char *text)
{
	_cleanup_strbuf_ struct strbuf found = {0};

	if (fs_read_at(at(w), path, 4096, &found, NULL) < 0)
		fail_msg("%s is not there", path);
	assert_string_equal(strbuf_str(&found), text);
}

static void is_gone(struct world *w, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(at(w), path, &st, AT_SYMLINK_NOFOLLOW), -1);
}

static void name(struct world *w, const char *folder, const char *leaf)
{
	char path[320];

	assert_int_equal(fs_mkdirs_at(at(w), folder, 0700, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, leaf);
	assert_int_equal(symlinkat("yes", at(w), path), 0);
}

/* A generation as imactl-generation(5) has it, blessed for RELEASE. */
static void add(struct world *w, unsigned number, const char *origin, const char *policy,
		const char *key)
{
	_cleanup_strbuf_ struct strbuf manifest = {0};
	struct gen_file file[2] = {0};
	struct gen_spec spec = {.number = number, .origin = origin, .file = file};
	char path[256], leaf[64];

	for (int i = 0; i < 2; i++) {
		const char *text = i ? key : policy;

		if (!text)
			continue;
		(void)snprintf(file[spec.n].name, GEN_NAME_SIZE, "%s",
			       i ? KEY_A : GEN_POLICY);
		file[spec.n].content = span_of(text);
		(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u/%s", number,
			       file[spec.n++].name);
		put(w, path, text);
	}
	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u", number);
	if (!policy)
		name(w, path, GEN_NO_POLICY);
	gen_manifest_write(&manifest, &spec);
	(void)snprintf(path, sizeof(path), GEN_FOLDER "/gen/%u/" GEN_MANIFEST, number);
	put(w, path, strbuf_str(&manifest));
	(void)snprintf(leaf, sizeof(leaf), "%u@" RELEASE, number);
	name(w, GEN_FOLDER "/blessed", leaf);
}

static int pick(struct world *w, unsigned number, const char * not, struct restore *ret,
		enum diag_id *id)
{
	struct restore_wish wish = {.release = RELEASE,
				    .number = number,
				    .policy = span_of(not )};
	struct diag d = {0};
	int r = restore_pick(&w->root, &wish, ret, &d);

	*id = d.id;
	return r;
}

static void refuses(struct world *w, unsigned number, enum diag_id id)
{
	struct restore r = {0};
	enum diag_id is;

	assert_true(pick(w, number, "", &r, &is) < 0);
	assert_string_equal(diag_code(is), diag_code(id));
	assert_int_equal(r.number, 0);
}

static unsigned picks(struct world *w, const char * not )
{
	_cleanup_restore_ struct restore r = {0};
	enum diag_id id;

	return pick(w, 0, not, &r, &id) < 0 ? 0 : r.number;
}

static void test_pick__refuses(void **state)
{
	struct world *w = *state;

	refuses(w, 0, DIAG_NO_GEN);
	add(w, 1, "found", NULL, NULL);
	add(w, 2, "installed", GOOD, "key");
	add(w, 3, "installed", GOOD, NULL);
	add(w, 4, "installed", GOOD, NULL);
	refuses(w, 9, DIAG_NO_GEN);
	refuses(w, 1, DIAG_GEN_UNFIT); /* no policy, and not what was found at first */
	put(w, GEN_FOLDER "/gen/4/ima-policy", BAD);
	refuses(w, 4, DIAG_GEN_DAMAGED);
	assert_int_equal(picks(w, ""), 3);
	name(w, GEN_FOLDER "/revoked", A8 A8 A8 A8 A8 A8 A8 A8);
	refuses(w, 2, DIAG_GEN_BARRED);
	name(w, GEN_FOLDER "/minimum", "4");
	refuses(w, 3, DIAG_GEN_BARRED);
	refuses(w, 0, DIAG_NO_GEN);
}

static void test_pick__other_kernel(void **state)
{
	struct world *w = *state;
	struct restore_wish wish = {.release = "6.12", .number = 1};
	_cleanup_restore_ struct restore r = {0};
	struct diag d = {0};

	add(w, 1, "installed", GOOD, NULL);
	assert_true(restore_pick(&w->root, &wish, &r, &d) < 0);
	assert_int_equal(d.id, DIAG_GEN_UNFIT);
}

static void test_pick__without_policy(void **state)
{
	struct world *w = *state;

	add(w, 1, "found", NULL, NULL);
	assert_int_equal(picks(w, ""), 0);
	name(w, GEN_FOLDER, TRIAL_UNPROTECTED);
	assert_int_equal(picks(w, ""), 1);
}

/* Whose text just stopped the machine does not bring it back. */
static void test_pick__another_text(void **state)
{
	struct world *w = *state;

	add(w, 1, "as-found", NULL, NULL);
	add(w, 2, "installed", GOOD, NULL);
	assert_int_equal(picks(w, BAD), 2);
	assert_int_equal(picks(w, GOOD), 1);
}

static void apply(struct world *w, unsigned number, struct restore_report *report)
{
	_cleanup_restore_ struct restore r = {0};
	enum diag_id id;

	assert_int_equal(pick(w, number, "", &r, &id), 0);
	assert_int_equal(restore_apply(&w->root, &r, report, NULL), 0);
}

static void test_apply__policy_and_keys(void **state)
{
	struct restore_report report;
	struct world *w = *state;

	add(w, 1, "installed", GOOD, "the key");
	put(w, "etc/ima/ima-policy", BAD);
	put(w, "etc/keys/ima/other.der", "another key");
	put(w, "etc/keys/ima/README", "no key");
	apply(w, 1, &report);
	is(w, "etc/ima/ima-policy", GOOD);
	is(w, "etc/imactl/evidence/1/ima-policy", BAD);
	is(w, "etc/imactl/evidence/1/other.der", "another key");
	is(w, "etc/keys/ima/README", "no key");
	is(w, "etc/keys/ima/" A8 A8 A8 A8 A8 A8 A8 A8 ".der", "the key");
	is_gone(w, "etc/keys/ima/other.der");
	is_gone(w, "etc/ima/.imactl-restored");
	assert_int_equal(report.evidence, 1);
	assert_int_equal(report.keys_put, 1);
	assert_int_equal(report.keys_taken, 1);
	assert_false(report.linked);
	apply(w, 1, &report); /* again: nothing is left to be done */
	assert_int_equal(report.keys_put + report.keys_taken, 0);
	is(w, "etc/ima/ima-policy", GOOD);
}

static void test_apply__key_of_another_name(void **state)
{
	struct restore_report report;
	struct world *w = *state;

	add(w, 1, "installed", GOOD, "the key");
	put(w, "etc/keys/ima/d3320449.der", "the key");
	apply(w, 1, &report);
	is(w, "etc/keys/ima/d3320449.der", "the key");
	assert_int_equal(report.keys_put + report.keys_taken, 0);
}

static void test_apply__no_policy(void **state)
{
	struct restore_report report;
	struct world *w = *state;

	add(w, 1, "as-found", NULL, NULL);
	put(w, "etc/ima/ima-policy", BAD);
	apply(w, 1, &report);
	is_gone(w, "etc/ima/ima-policy");
	is(w, "etc/imactl/evidence/1/ima-policy", BAD);
}

/* What cannot be read is linked: the same file under both names. */
static void test_apply__links(void **state)
{
	struct restore r = {.number = 1, .linked = true, .n = 1};
	struct restore_file policy = {.name = GEN_POLICY};
	struct restore_report report;
	struct world *w = *state;
	struct stat a, b;

	add(w, 1, "installed", GOOD, NULL);
	put(w, "etc/ima/ima-policy", BAD);
	r.file = &policy;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(restore_apply(&w->root, &r, &report, NULL), 0);
		assert_true(report.linked);
		assert_int_equal(fstatat(at(w), "etc/ima/ima-policy", &a, 0), 0);
		assert_int_equal(fstatat(at(w), GEN_FOLDER "/gen/1/ima-policy", &b, 0),
				 0);
		assert_int_equal(a.st_ino, b.st_ino);
		is_gone(w, "etc/ima/.imactl-restored");
	}
	is(w, "etc/imactl/evidence/1/ima-policy", BAD);
}

/* Nobody leads the policy elsewhere. */
static void test_apply__link_on_the_way(void **state)
{
	_cleanup_restore_ struct restore r = {0};
	struct restore_report report;
	struct world *w = *state;
	struct diag d = {0};
	enum diag_id id;

	add(w, 1, "installed", GOOD, NULL);
	assert_int_equal(symlinkat("/tmp", at(w), "etc/ima"), 0);
	assert_int_equal(pick(w, 1, "", &r, &id), 0);
	assert_true(restore_apply(&w->root, &r, &report, &d) < 0);
	assert_int_equal(d.id, DIAG_ROLLBACK_FAILED);
	assert_int_equal(unlinkat(at(w), "etc/ima", 0), 0);
}

static void test_text(void **state)
{
	struct restore_report report = {.evidence = 3, .keys_put = 1, .linked = true};
	struct restore r = {.number = 6};
	_cleanup_strbuf_ struct strbuf out = {0};

	restore_text(&r, &report, &out);
	assert_string_equal(
		strbuf_str(&out),
		"In /etc/ima is the policy of generation 6, from the next boot "
		"on.\n"
		"In /etc/keys/ima: 1 put back, 0 taken away.\n"
		"What was there is kept in /etc/imactl/evidence/3.\n"
		"It is a link to the file of the generation, because reading or "
		"writing files is denied here.\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pick__refuses),	   TEST(test_pick__other_kernel),
		TEST(test_pick__without_policy),   TEST(test_pick__another_text),
		TEST(test_apply__policy_and_keys), TEST(test_apply__key_of_another_name),
		TEST(test_apply__no_policy),	   TEST(test_apply__links),
		TEST(test_apply__link_on_the_way), TEST(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
