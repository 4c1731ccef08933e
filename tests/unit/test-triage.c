/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a kernel that denies: tests/lab/remedies.scenario. */
#include "tests/unit/test.h"

#include "core/base/change.h"
#include "core/label/act-label.h"
#include "core/triage/exempt.h"
#include "core/triage/remedyplan.h"
#include "core/triage/triage.h"
#include "tests/unit/tree.h"

struct box {
	struct tree tree;
	struct triage t;
	struct triage_found found;
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	tree_make(&b->tree);
	tree_folder(&b->tree, "usr/bin");
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	triage_found_done(&b->found);
	triage_close(&b->t);
	tree_done(&b->tree);
	free(b);
	return 0;
}

static void put(struct box *b, const char *path, const char *text, const char *labelled)
{
	uint8_t label[34];

	tree_put(&b->tree, path, text);
	assert_int_equal(fchmodat(b->tree.fd, path, 0755, 0), 0);
	if (!labelled)
		return;
	tree_hash_label(labelled, label);
	tree_set(&b->tree, path, TREE_IMA, (struct span){label, sizeof(label)});
}

static void look(struct box *b, const char *policy, const char *path,
		 const struct denial *denial)
{
	struct span text = span_of(policy);
	struct triage_subject s = {.path = path, .denial = denial};

	triage_found_done(&b->found);
	triage_close(&b->t);
	assert_int_equal(triage_open(&b->t, &b->tree.root, &text, NULL), 0);
	assert_int_equal(triage_look(&b->t, &s, &b->found, NULL), 0);
}

static const struct triage_remedy *remedy(struct box *b, const char *word)
{
	const struct triage_remedy *r = triage_remedy(&b->found, span_of(word));

	if (!r)
		fail_msg("%s is no remedy", word);
	return r;
}

static void test_look__no_file(void **state)
{
	struct denial d = {.type = AUDITREC_DATA,
			   .op = span_of("appraise_data"),
			   .cause = span_of("invalid-hash")};
	struct box *b = *state;

	look(b, "appraise\n", "usr/bin/none", &d);
	assert_false(b->found.is_file);
	assert_int_equal(b->found.err, ENOENT);
	assert_int_equal(b->found.again, TRIAGE_UNKNOWN);
	assert_int_equal(b->found.cause->appraise, APPRAISE_INVALID_HASH);
	assert_false(remedy(b, "label")->possible);
	look(b, "appraise\n", NULL, NULL);
	assert_null(b->found.cause);
	assert_int_equal(b->found.n_remedies, 0);
	look(b, "appraise\n", "usr/bin", NULL);
	assert_false(b->found.is_file);
}

static void test_look__missing_hash(void **state)
{
	struct box *b = *state;

	put(b, "usr/bin/x", "x", NULL);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.again, TRIAGE_YES);
	assert_string_equal(b->found.op[b->found.first].word, "exec");
	assert_int_equal(b->found.cause->appraise, APPRAISE_MISSING_HASH);
	assert_false(b->found.of_record);
	assert_int_equal(b->found.shipped, TRIAGE_UNOWNED);
	assert_int_equal(b->found.remedy[0].id, REMEDY_LABEL);
	assert_true(b->found.remedy[0].possible);
	assert_false(remedy(b, "sign")->possible);
	assert_false(remedy(b, "reinstall")->possible);
	assert_false(remedy(b, "exempt")->possible);
	look(b, "appraise func=MODULE_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.again, TRIAGE_NO);
	assert_null(b->found.cause);
}

/* A hash is no help where a signature is wanted, and takes no signature's place. */
static void test_look__signature(void **state)
{
	static const uint8_t signature[] = {3, 2, 4, 0xde, 0xad, 0xbe, 0xef, 0, 2, 1, 2};
	struct box *b = *state;

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "usr/bin/x", "x", "x");
	look(b, "appraise func=BPRM_CHECK appraise_type=imasig\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.cause->appraise, APPRAISE_SIG_REQUIRED);
	assert_false(remedy(b, "sign")->possible);
	tree_set(&b->tree, "usr/bin/x", TREE_IMA,
		 (struct span){signature, sizeof(signature)});
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.cause->appraise, APPRAISE_INVALID_SIG);
	assert_int_equal(b->found.seen.ima.verdict, SIG_NO_KEY);
	assert_false(remedy(b, "load-key")->possible);
	look(b, "appraise func=FILE_CHECK mask=MAY_WRITE\n", "usr/bin/x", NULL);
	assert_string_equal(b->found.op[b->found.first].word, "write");
}

static void test_look__package(void **state)
{
	struct box *b = *state;

	tree_folder(&b->tree, "var/lib/dpkg/info");
	tree_put(&b->tree, "var/lib/dpkg/info/tools.list", "/usr/bin/x\n/usr/bin/y\n");
	tree_put(&b->tree, "var/lib/dpkg/info/tools.md5sums",
		 "9dd4e461268c8034f5c8564e155c67a6  usr/bin/x\n");
	put(b, "usr/bin/x", "x", NULL);
	put(b, "usr/bin/y", "y", NULL);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_string_equal(b->found.package, "tools");
	assert_int_equal(b->found.shipped, TRIAGE_AS_SHIPPED);
	assert_string_equal(strbuf_str(&remedy(b, "reinstall")->command),
			    "apt-get install --reinstall tools");
	put(b, "usr/bin/x", "z", NULL);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.shipped, TRIAGE_CHANGED);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/y", NULL);
	assert_int_equal(b->found.shipped, TRIAGE_UNTOLD);
}

/* The record is of another file than the one that lies there now. */
static void test_look__other_inode(void **state)
{
	struct denial d = {.type = AUDITREC_DATA,
			   .op = span_of("appraise_data"),
			   .cause = span_of("missing-hash"),
			   .ino = 1};
	struct box *b = *state;

	put(b, "usr/bin/x", "x", NULL);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", &d);
	assert_int_equal(b->found.same, TRIAGE_NO);
	assert_true(b->found.of_record);
	d.ino = b->found.facts.stamp.ino;
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", &d);
	assert_int_equal(b->found.same, TRIAGE_YES);
}

static int make(struct box *b, const char *word, struct remedyplan *p, struct diag *d)
{
	return remedyplan_make(&b->t, &b->found, remedy_from_word(span_of(word)), p, d);
}

static void test_plan__refused(void **state)
{
	_cleanup_remedyplan_ struct remedyplan p = {0};
	struct box *b = *state;
	struct diag d;

	put(b, "usr/bin/x", "x", NULL);
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(make(b, "look", &p, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_NO_REMEDY);
	assert_int_equal(make(b, "load-key", &p, &d), -EINVAL);
	assert_int_equal(make(b, "sign", &p, &d), -EOPNOTSUPP);
	assert_int_equal(d.id, DIAG_REMEDY_CANNOT);
}

static void run(struct box *b, const struct plan *plan, unsigned *ret_id)
{
	struct change_ctx ctx = {.root = &b->tree.root,
				 .place = ROOT_STATE,
				 .actions = act_label_set(),
				 .command = "test"};
	struct change_result result;
	uint8_t hash[PLAN_HASH_SIZE];

	plan_hash(plan, hash);
	assert_int_equal(change_run(&ctx, plan, hash, &result, NULL), 0);
	assert_int_equal(result.outcome, CHANGE_DONE);
	*ret_id = result.id;
}

/* Put right, and taken back. */
static void test_plan__label(void **state)
{
	_cleanup_remedyplan_ struct remedyplan p = {0};
	struct change_ctx ctx = {.place = ROOT_STATE, .actions = act_label_set()};
	struct change_result result;
	struct box *b = *state;
	unsigned id;

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "usr/bin/x", "x", "other");
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.cause->appraise, APPRAISE_INVALID_HASH);
	assert_int_equal(make(b, "label", &p, NULL), 0);
	assert_int_equal(p.plan.n, 1);
	run(b, &p.plan, &id);
	assert_true(tree_has_hash(&b->tree, "usr/bin/x", "x"));
	look(b, "appraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.again, TRIAGE_NO);
	ctx.root = &b->tree.root;
	assert_int_equal(change_undo(&ctx, id, false, &result, NULL), 0);
	assert_true(tree_has_hash(&b->tree, "usr/bin/x", "other"));
}

static void test_plan__rehash(void **state)
{
	_cleanup_remedyplan_ struct remedyplan p = {0};
	struct box *b = *state;
	uint8_t value[80];
	unsigned id;

	if (!tree_can_label(&b->tree))
		skip();
	put(b, "usr/bin/x", "x", "x");
	look(b, "appraise func=BPRM_CHECK appraise_algos=sha512\n", "usr/bin/x", NULL);
	assert_int_equal(b->found.cause->appraise, APPRAISE_DENIED_HASH);
	assert_int_equal(make(b, "rehash", &p, NULL), 0);
	run(b, &p.plan, &id);
	assert_int_equal(tree_get(&b->tree, "usr/bin/x", TREE_IMA, value, sizeof(value)),
			 66);
	assert_int_equal(value[1], HASH_SHA512);
}

/* In front of the rule that appraises; narrow where rules can be. */
static void test_exempt__draft(void **state)
{
	_cleanup_strbuf_ struct strbuf diff = {0};
	_cleanup_exempt_ struct exempt e = {0};
	struct box *b = *state;

	if (geteuid() != 0)
		skip();
	put(b, "usr/bin/x", "x", NULL);
	assert_int_equal(fchownat(b->tree.fd, "usr/bin/x", 1000, 1000, 0), 0);
	look(b, "measure func=BPRM_CHECK\nappraise func=BPRM_CHECK\n", "usr/bin/x", NULL);
	assert_null(exempt_cannot(&b->t, &b->found));
	assert_int_equal(exempt_draft(&b->t, &b->found, &e, NULL), 0);
	assert_string_equal(strbuf_str(&e.rule),
			    "dont_appraise func=BPRM_CHECK fowner=1000");
	assert_string_equal(strbuf_str(&e.text),
			    "measure func=BPRM_CHECK\n"
			    "dont_appraise func=BPRM_CHECK fowner=1000\n"
			    "appraise func=BPRM_CHECK\n");
	assert_int_equal(e.line, 2);
	exempt_diff(&e, &diff);
	assert_string_equal(strbuf_str(&diff),
			    " measure func=BPRM_CHECK\n"
			    "+dont_appraise func=BPRM_CHECK fowner=1000\n"
			    " appraise func=BPRM_CHECK\n");
	look(b, strbuf_str(&e.text), "usr/bin/x", NULL);
	assert_int_equal(b->found.again, TRIAGE_NO);
}

/* The file for the boot keeps its comments. */
static void test_exempt__edits_the_file(void **state)
{
	static const char text[] = "# mine\nappraise fowner=1000\n";
	_cleanup_exempt_ struct exempt e = {0};
	struct box *b = *state;

	if (geteuid() != 0)
		skip();
	tree_folder(&b->tree, "etc/ima");
	tree_put(&b->tree, "etc/ima/ima-policy", text);
	put(b, "usr/bin/x", "x", NULL);
	assert_int_equal(fchownat(b->tree.fd, "usr/bin/x", 1000, 1000, 0), 0);
	look(b, text, "usr/bin/x", NULL);
	assert_int_equal(exempt_draft(&b->t, &b->found, &e, NULL), 0);
	assert_true(e.edited);
	assert_string_equal(strbuf_str(&e.text),
			    "# mine\ndont_appraise fowner=1000\nappraise fowner=1000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_look__no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look__missing_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look__signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look__package, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look__other_inode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan__refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan__label, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan__rehash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exempt__draft, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exempt__edits_the_file, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
