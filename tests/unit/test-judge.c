/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What accesses come to, one after the other. Held against kernels in
 * tests/lab/accesses.scenario.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/simulate/judge.h"

static char path[] = "/tmp/imactl-judge.XXXXXX";
static const struct keyset nobody;

static int setup(void **state)
{
	return close(mkstemp(path));
}

static int teardown(void **state)
{
	return unlink(path);
}

struct asked {
	struct ruleset rules;
	struct judge judge;
	struct judge_file file;
	struct policymatch_access who;
	struct judge_result r[JUDGE_STEPS];
};

/* @label: security.ima in bytes; NULL: none */
static void begin(struct asked *a, const char *text, const char *label, size_t len)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	*a = (struct asked){0};
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, &a->rules.policy, NULL), 0);
	assert_int_equal(policy_count(&a->rules.policy, POLICY_ERROR), 0);
	a->judge.inspect = (struct inspect){.kernel = {.ima_hash = HASH_SHA256},
					    .keys = {&nobody, &nobody},
					    .reading = INSPECT_NEEDED};
	a->judge.rules = &a->rules;
	a->judge.asks_reqprot = true;
	a->judge.pcr = 10;
	a->file.subject = (struct inspect_subject){
		.fd = label_open(AT_FDCWD, path, NULL),
		.path = path,
		.has_ima = true,
		.ima_err = label ? 0 : ENODATA,
		.ima = {(const uint8_t *)label, len},
		.fs_magic = 0xef53,
	};
	a->file.place.fsmagic = 0xef53;
	assert_int_equal(judge_begin(&a->judge, &a->file, NULL), 0);
}

static int op(struct asked *a, const char *word)
{
	return judge_op(&a->judge, &a->file, word, &a->who, a->r, NULL);
}

static void end(struct asked *a)
{
	int fd = a->file.subject.fd;

	judge_done(&a->judge);
	(void)close(fd);
	ruleset_done(&a->rules);
}

/* Of no contents. */
static const char right[] =
	"\1\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07"
	"\x09";
static const char wrong[] = "\1aaaaaaaaaaaaaaaaaaaa";

static void test_op__measured_once(void **state)
{
	struct asked a;

	begin(&a, "measure func=BPRM_CHECK pcr=11\nmeasure mask=MAY_EXEC\naudit\n", NULL,
	      0);
	assert_int_equal(op(&a, "exec"), 5);
	assert_true(a.r[0].measured && a.r[0].audited && a.r[0].pcr == 10);
	assert_true(a.r[1].measured && !a.r[1].audited && a.r[1].pcr == 11);
	for (int i = 2; i < 5; i++)
		assert_false(a.r[i].measured || a.r[i].audited);
	assert_int_equal(a.r[1].match.by[POLICY_CLASS_MEASURE].rule, 0);
	end(&a);
}

static void test_op__denied_at_the_first(void **state)
{
	struct asked a;

	begin(&a, "appraise\n", NULL, 0);
	assert_int_equal(op(&a, "exec"), 1);
	assert_true(a.r[0].appraised && a.r[0].verdict.denied);
	assert_int_equal(a.r[0].verdict.why, APPRAISE_MISSING_HASH);
	end(&a);
}

/* A rule without func= keeps one result for all hooks, others keep their own; what failed
 * is looked at and said again. */
static void test_op__results_are_kept_by_hook(void **state)
{
	struct asked a;

	begin(&a, "appraise\n", right, sizeof(right) - 1);
	assert_int_equal(op(&a, "exec"), 5);
	assert_true(a.r[0].asked.collected);
	assert_false(a.r[1].asked.collected || a.r[1].verdict.fails);
	end(&a);
	begin(&a, "appraise func=BPRM_CHECK\nappraise func=CREDS_CHECK\n", wrong, 21);
	a.judge.inspect.kernel.mode = APPRAISE_MODE_LOG;
	assert_int_equal(op(&a, "exec"), 5);
	assert_false(a.r[0].appraised || a.r[3].appraised);
	assert_true(a.r[1].verdict.n_records == 1 && a.r[2].verdict.n_records == 1);
	assert_int_equal(a.r[2].verdict.why, APPRAISE_INVALID_HASH);
	end(&a);
}

static void test_op__options_stay(void **state)
{
	struct asked a;

	begin(&a,
	      "appraise func=FILE_CHECK mask=MAY_READ appraise_type=imasig\n"
	      "appraise func=MMAP_CHECK\n",
	      right, sizeof(right) - 1);
	a.judge.inspect.kernel.mode = APPRAISE_MODE_LOG;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_int_equal(a.r[0].verdict.why, APPRAISE_SIG_REQUIRED);
	assert_int_equal(a.r[2].verdict.why, APPRAISE_SIG_REQUIRED);
	end(&a);
}

static void test_op__fix_mode_labels(void **state)
{
	struct asked a;

	begin(&a, "appraise\n", NULL, 0);
	a.judge.inspect.kernel.mode = APPRAISE_MODE_FIX;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_true(a.r[0].verdict.writes && a.r[0].verdict.n_records == 1);
	assert_false(a.r[1].verdict.writes || a.r[1].verdict.n_records);
	end(&a);
}

/* Saved ids are those of the program that asked; behind it they are the effective ones. */
static void test_op__who_a_program_is_run_by(void **state)
{
	struct asked a;

	begin(&a, "audit func=BPRM_CHECK euid=7\nmeasure func=CREDS_CHECK euid=7\n", NULL,
	      0);
	a.who = (struct policymatch_access){.suid = 7, .may_setuid = true};
	assert_int_equal(op(&a, "exec"), 5);
	assert_true(a.r[1].audited);
	assert_false(a.r[2].measured);
	end(&a);
	begin(&a, "measure func=CREDS_CHECK uid=8\naudit func=MMAP_CHECK euid=7\n", NULL,
	      0);
	a.file.place.fowner = 7;
	a.file.mode = S_IFREG | 04755;
	a.who = (struct policymatch_access){.uid = 8, .euid = 8, .suid = 8};
	assert_int_equal(op(&a, "exec"), 5);
	assert_true(a.r[2].measured && a.r[4].audited);
	end(&a);
	begin(&a, "measure func=CREDS_CHECK euid=7\n", NULL, 0);
	a.file.place.fowner = 7;
	a.file.mode = S_IFREG | 04755;
	assert_int_equal(op(&a, "exec"), 5);
	assert_false(a.r[2].measured);
	a.file.memory = (struct judge_memory){0};
	a.judge.late_creds = true;
	assert_int_equal(op(&a, "exec"), 5);
	assert_true(a.r[2].measured);
	end(&a);
}

/* A file on an overlay is looked at by each hook; its entries are in the list already. */
static void test_op__overlay_is_forgotten(void **state)
{
	struct asked a;

	begin(&a, "audit\nmeasure\n", NULL, 0);
	a.file.place.fsmagic = 0x794c7630;
	a.judge.inspect.kernel.overlay_changes = true;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_true(a.r[0].measured && a.r[0].audited && a.r[2].audited);
	assert_false(a.r[1].measured || a.r[2].measured);
	end(&a);
	/* where fix mode takes a signature away, the next entry is another */
	begin(&a, "measure\nappraise\n", "\6\3\4aaaa\0\1b", 10);
	a.file.place.fsmagic = 0x794c7630;
	a.judge.template = span_of("ima-sig");
	a.judge.inspect.kernel.overlay_changes = true;
	a.judge.inspect.kernel.mode = APPRAISE_MODE_FIX;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_true(a.r[0].measured && a.r[0].verdict.writes && a.r[1].measured);
	assert_false(a.r[2].measured);
	end(&a);
	/* and that copies the file up, with which it is another one */
	begin(&a, "audit\nappraise\n", NULL, 0);
	a.file.place.fsmagic = 0x794c7630;
	a.judge.inspect.kernel.mode = APPRAISE_MODE_FIX;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_true(a.r[0].audited && a.r[1].audited);
	assert_false(a.r[2].audited);
	end(&a);
}

static void test_op__off(void **state)
{
	struct asked a;

	begin(&a, "appraise\nmeasure\n", NULL, 0);
	a.judge.no_appraise = true;
	assert_int_equal(op(&a, "read"), 1);
	assert_true(a.r[0].measured && !a.r[0].appraised);
	end(&a);
}

/* What neither rules nor label ask for is not read. */
static void test_op__reads_what_it_must(void **state)
{
	struct asked a;

	begin(&a, "appraise appraise_type=imasig\n", right, sizeof(right) - 1);
	assert_int_equal(op(&a, "read"), 1);
	assert_int_equal(a.r[0].verdict.why, APPRAISE_SIG_REQUIRED);
	assert_int_equal(a.r[0].asked.digest.size, 0);
	end(&a);
	begin(&a, "appraise\n", wrong, 21);
	a.judge.inspect.reading = INSPECT_LABELS;
	assert_int_equal(op(&a, "read"), 1);
	assert_true(a.r[0].unread && a.r[0].unsure && !a.r[0].verdict.fails);
	end(&a);
	begin(&a, "appraise\n", "\4\4short", 7);
	a.judge.inspect.reading = INSPECT_LABELS;
	assert_int_equal(op(&a, "read"), 1);
	assert_int_equal(a.r[0].verdict.why, APPRAISE_INVALID_HASH);
	end(&a);
}

static void test_op__unsure_by_label_of_a_module(void **state)
{
	struct asked a;

	begin(&a, "dont_appraise obj_type=bin_t\nappraise\n", right, sizeof(right) - 1);
	assert_int_equal(op(&a, "read"), 1);
	assert_true(a.r[0].unsure && a.r[0].unsure_rule && a.r[0].appraised);
	assert_int_equal(a.r[0].match.by[POLICY_CLASS_APPRAISE].unsure, 0);
	end(&a);
}

/* Found right before, so appraised no more, but of a hash that the rule does not want. */
static void test_op__other_hash_when_measured(void **state)
{
	struct asked a;

	begin(&a,
	      "appraise appraise_algos=sha256\nmeasure func=MMAP_CHECK "
	      "template=ima-ng\naudit func=MMAP_CHECK_REQPROT\n",
	      right, sizeof(right) - 1);
	a.judge.inspect.kernel.mode = APPRAISE_MODE_LOG;
	assert_int_equal(op(&a, "mmap"), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(a.r[i].verdict.n_records, 1);
		assert_int_equal(a.r[i].verdict.why, APPRAISE_DENIED_HASH);
	}
	end(&a);
	begin(&a, "appraise appraise_algos=sha256\n", right, sizeof(right) - 1);
	a.judge.inspect.kernel.mode = APPRAISE_MODE_LOG;
	assert_int_equal(op(&a, "mmap"), 3);
	assert_false(a.r[2].verdict.fails);
	end(&a);
}

/* With template=ima the label is not looked at: the hash is made that files without one
 * have, and it stays. */
static void test_op__hash_that_stays(void **state)
{
	struct asked a;

	begin(&a, "measure func=FILE_CHECK template=ima\nappraise func=MMAP_CHECK\n",
	      right, sizeof(right) - 1);
	assert_int_equal(op(&a, "mmap"), 3);
	assert_true(a.r[0].measured);
	assert_int_equal(a.r[2].verdict.why, APPRAISE_INVALID_HASH);
	end(&a);
}

static void test_op__unsure_by_key(void **state)
{
	struct asked a;

	for (int guessed = 0; guessed < 2; guessed++) {
		begin(&a, "appraise\n", "\3\2\4aaaa\0\1b", 10);
		a.judge.keys_guessed = guessed;
		assert_int_equal(op(&a, "read"), 1);
		assert_int_equal(a.r[0].verdict.why, APPRAISE_INVALID_SIG);
		assert_int_equal(a.r[0].unsure_file, guessed);
		assert_int_equal(a.r[0].unsure, guessed);
		end(&a);
	}
}

/* An entry of template ima needs another hash, which O_DIRECT does not give. */
static void test_op__directio(void **state)
{
	struct asked a;

	begin(&a,
	      "measure template=ima\nappraise permit_directio appraise_algos=sha256\n",
	      right, sizeof(right) - 1);
	a.judge.direct_io = true;
	assert_int_equal(op(&a, "read"), 1);
	assert_false(a.r[0].measured);
	assert_int_equal(a.r[0].verdict.n_records, 3);
	assert_int_equal(a.r[0].verdict.record[0], APPRAISE_FAILED_DIRECTIO);
	assert_int_equal(a.r[0].verdict.record[1], APPRAISE_FAILED);
	assert_int_equal(a.r[0].verdict.record[2], APPRAISE_DENIED_HASH);
	end(&a);
	begin(&a, "measure template=ima-ng\n", NULL, 0);
	a.judge.direct_io = true;
	assert_int_equal(op(&a, "read"), 1);
	assert_true(a.r[0].measured && a.r[0].verdict.n_records == 1);
	end(&a);
}

/* Without fs-verity there is no digest to measure. */
static void test_op__nothing_to_measure(void **state)
{
	struct asked a;

	begin(&a, "measure digest_type=verity\n", NULL, 0);
	assert_int_equal(op(&a, "read"), 1);
	assert_false(a.r[0].measured || a.r[0].verdict.denied);
	assert_int_equal(a.r[0].verdict.record[0], APPRAISE_NO_VERITY);
	end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_op__measured_once),
		cmocka_unit_test(test_op__denied_at_the_first),
		cmocka_unit_test(test_op__results_are_kept_by_hook),
		cmocka_unit_test(test_op__options_stay),
		cmocka_unit_test(test_op__fix_mode_labels),
		cmocka_unit_test(test_op__who_a_program_is_run_by),
		cmocka_unit_test(test_op__overlay_is_forgotten),
		cmocka_unit_test(test_op__off),
		cmocka_unit_test(test_op__reads_what_it_must),
		cmocka_unit_test(test_op__unsure_by_label_of_a_module),
		cmocka_unit_test(test_op__other_hash_when_measured),
		cmocka_unit_test(test_op__hash_that_stays),
		cmocka_unit_test(test_op__unsure_by_key),
		cmocka_unit_test(test_op__directio),
		cmocka_unit_test(test_op__nothing_to_measure),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
