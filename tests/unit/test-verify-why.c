/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way in which list and PCR are known to disagree, on TPMs with a SHA-1 bank, a
 * SHA-256 bank and both, in lists with violations: what is said, and that nothing else is.
 */
#include "tests/unit/bootgen.h"

enum { N = 40, KEXEC = 20, OTHER = 100 };

struct want {
	enum verify_verdict verdict;
	enum verify_why why; /* the only cause, or what is said where there is none */
	enum verify_kind kind;
	uint64_t first, last; /* 0: any */
};

static void both(struct bg *b, const struct bg_entry *e)
{
	bg_list(b, e);
	bg_extend(b, e);
}

static void list_one(struct bg *b, const struct bg_entry *e)
{
	bg_list(b, e);
}

static struct want healthy(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MATCH, WHY_UNPROTECTED, VERIFY_NOTE, 0, 0};
}

static struct want forged_tail(struct bg *b)
{
	bg_list_range(b, 0, N + 2);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_PENDING, WHY_TAIL, VERIFY_CAUSE, N + 1, N + 2};
}

static struct want bootagg_0_7(struct bg *b)
{
	struct bg_entry e = bg_bootagg(b, 7);

	both(b, &e);
	bg_list_range(b, 1, N);
	bg_extend_range(b, 1, N);
	if (!pcrs_find(&b->pcrs, HASH_SHA256)) /* as it should be */
		return (struct want){VERIFY_MATCH, WHY_UNPROTECTED, VERIFY_NOTE, 0, 0};
	return (struct want){VERIFY_MATCH, WHY_BOOT_AGGREGATE_0_7, VERIFY_NOTE, 0, 0};
}

static struct want bootagg_of_another_boot(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		b->pcrs.bank[i].value[4][3] ^= 1;
	return (struct want){VERIFY_MISMATCH, WHY_BOOT_AGGREGATE, VERIFY_CAUSE, 0, 0};
}

/* The second kernel was given the first one's list. */
static struct want kexec_carried(struct bg *b)
{
	struct bg_entry e = bg_nth(b, 0);

	bg_list_range(b, 0, KEXEC);
	bg_extend_range(b, 0, KEXEC);
	both(b, &e);
	bg_list_range(b, KEXEC, N);
	bg_extend_range(b, KEXEC, N);
	return (struct want){VERIFY_MATCH, WHY_SEVERAL_KERNELS, VERIFY_NOTE, 0, 0};
}

/* Two lists glued together, the machine was reset in between. */
static struct want two_boots(struct bg *b)
{
	bg_list_range(b, 0, KEXEC);
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_TWO_BOOTS, VERIFY_CAUSE, KEXEC + 1,
			     KEXEC + N};
}

/* The second kernel began a list of its own. */
static struct want kexec_not_carried(struct bg *b)
{
	bg_extend_range(b, 0, KEXEC);
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0};
}

/* Two entries were measured between loading and starting the second kernel. */
static struct want kexec_gap(struct bg *b)
{
	struct bg_entry e = bg_nth(b, 0);

	bg_list_range(b, 0, KEXEC);
	bg_extend_range(b, 0, KEXEC);
	bg_extend_range(b, OTHER + 1, OTHER + 3);
	both(b, &e);
	bg_list_range(b, KEXEC, N);
	bg_extend_range(b, KEXEC, N);
	return (struct want){VERIFY_MISMATCH, WHY_KEXEC, VERIFY_POSSIBLE, 0, 0};
}

/* A rule says pcr=11, and all is as it should be. */
static struct want other_pcrs(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i);

		e.pcr = i % 5 == 2 && !e.violation ? 11 : 10;
		both(b, &e);
	}
	return (struct want){VERIFY_MATCH, WHY_UNPROTECTED, VERIFY_NOTE, 0, 0};
}

static struct want pcr_column_changed(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_extend(b, &e);
		e.pcr = i == 7 ? 11 : 10;
		bg_list(b, &e);
	}
	return (struct want){VERIFY_MISMATCH, WHY_OTHER_PCR, VERIFY_CAUSE, 8, 8};
}

static struct want all_in_one_pcr(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_extend(b, &e);
		e.pcr = i % 5 == 2 && !e.violation ? 11 : 10;
		bg_list(b, &e);
	}
	return (struct want){VERIFY_MISMATCH, WHY_LUMPED, VERIFY_CAUSE, 3, 3};
}

static struct want tpm_bypass(struct bg *b)
{
	uint8_t zeros[32] = {0};
	struct bg_entry e = bg_entry("boot_aggregate", HASH_SHA256, zeros);

	bg_list(b, &e);
	bg_list_range(b, 1, N);
	return (struct want){VERIFY_MISMATCH, WHY_TPM_BYPASS, VERIFY_CAUSE, 0, 0};
}

static struct want tpm_reset(struct bg *b)
{
	bg_list_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_PCR_ZERO, VERIFY_CAUSE, 0, 0};
}

static struct want pcr_restarted(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 25, N);
	return (struct want){VERIFY_MISMATCH, WHY_LATE_START, VERIFY_CAUSE, 26, N};
}

/* The kernel that resumed the machine measured boot_aggregate and nothing else. */
static struct want hibernated(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, 1);
	bg_extend_range(b, 25, N);
	return (struct want){VERIFY_MISMATCH, WHY_HIBERNATED, VERIFY_CAUSE, 26, N};
}

/* Right after it nothing was measured yet. */
static struct want hibernated_at_the_end(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, 1);
	return (struct want){VERIFY_PENDING, WHY_TAIL, VERIFY_CAUSE, 2, N};
}

/* Another kernel command line at the second boot, in PCR 9. */
static struct want hibernated_elsewhere(struct bg *b)
{
	bg_list_range(b, 0, N);
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		b->pcrs.bank[i].value[3][1] ^= 1;
	bg_extend_range(b, 0, 1);
	bg_extend_range(b, 25, N);
	return (struct want){VERIFY_MISMATCH, WHY_HIBERNATED, VERIFY_CAUSE, 26, N};
}

/* The TPM refused one extend: audit cause TPM_error. */
static struct want not_extended(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, 11);
	bg_extend_range(b, 12, N);
	return (struct want){VERIFY_MISMATCH, WHY_INSERTED, VERIFY_CAUSE, 12, 12};
}

/* Neither a PCR that began anew after it, nor a machine that was resumed. */
static struct want first_not_extended(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 1, N);
	return (struct want){VERIFY_MISMATCH, WHY_INSERTED, VERIFY_CAUSE, 1, 1};
}

static struct want second_not_extended(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, 1);
	bg_extend_range(b, 2, N);
	return (struct want){VERIFY_MISMATCH, WHY_INSERTED, VERIFY_CAUSE, 2, 2};
}

static struct want inserted(struct bg *b)
{
	struct bg_entry e = bg_file(OTHER + 1);

	bg_list_range(b, 0, 17);
	list_one(b, &e);
	bg_list_range(b, 17, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_INSERTED, VERIFY_CAUSE, 18, 18};
}

static struct want duplicated(struct bg *b)
{
	struct bg_entry e = bg_file(3);

	bg_list_range(b, 0, 17);
	list_one(b, &e);
	bg_list_range(b, 17, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_DUPLICATED, VERIFY_CAUSE, 18, 18};
}

static struct want violation_added(struct bg *b)
{
	struct bg_entry e = bg_violation(99);

	bg_list_range(b, 0, 7);
	list_one(b, &e);
	bg_list_range(b, 7, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_INSERTED, VERIFY_CAUSE, 8, 8};
}

static struct want swapped(struct bg *b)
{
	bg_list_range(b, 0, 10);
	bg_list_range(b, 11, 12);
	bg_list_range(b, 10, 11);
	bg_list_range(b, 12, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_SWAPPED, VERIFY_CAUSE, 11, 12};
}

static struct want violation_dropped(struct bg *b)
{
	bg_list_range(b, 0, 13);
	bg_list_range(b, 14, N); /* 13 % 9 == 4 */
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, 14,
			     14};
}

static struct want violation_dropped_at_the_end(struct bg *b)
{
	struct bg_entry e = bg_violation(99);

	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	bg_extend(b, &e);
	return (struct want){VERIFY_MISMATCH, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, N, N};
}

/* Of three in a row one is gone, and which one nobody can tell. */
static struct want violation_dropped_from_three(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = i >= 12 && i < 15 ? bg_violation(i) : bg_nth(b, i);

		bg_extend(b, &e);
		if (i != 13)
			bg_list(b, &e);
	}
	return (struct want){VERIFY_MISMATCH, WHY_VIOLATION_DROPPED, VERIFY_CAUSE, 13,
			     14};
}

static struct want violation_hidden(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i), fake = bg_file(i);

		bg_extend(b, &e);
		bg_list(b, i == 22 ? &fake : &e); /* 22 % 9 == 4 */
	}
	return (struct want){VERIFY_MISMATCH, WHY_VIOLATION_HIDDEN, VERIFY_CAUSE, 23, 23};
}

static struct want violation_faked(struct bg *b)
{
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_extend(b, &e);
		e.violation |= i == 9;
		bg_list(b, &e);
	}
	return (struct want){VERIFY_MISMATCH, WHY_VIOLATION_FAKED, VERIFY_CAUSE, 10, 10};
}

static struct want bootagg_dropped(struct bg *b)
{
	bg_list_range(b, 1, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_BOOTAGG_DROPPED, VERIFY_CAUSE, 1, 1};
}

static struct want trimmed(struct bg *b)
{
	bg_list_range(b, 3, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_TRIMMED, VERIFY_POSSIBLE, 0, 0};
}

static struct want violations_as_zeros(struct bg *b)
{
	static const uint8_t zeros[HASH_MAX_SIZE];

	bg_list_range(b, 0, N);
	for (unsigned i = 0; i < N; i++) {
		struct bg_entry e = bg_nth(b, i);

		if (!e.violation) {
			bg_extend(b, &e);
			continue;
		}
		for (size_t k = 0; k < b->pcrs.n_banks; k++) {
			struct pcr_bank *bank = &b->pcrs.bank[k];
			size_t size = hash_alg_size(bank->alg);

			bg_hash(bank->alg, (struct span){bank->value[10], size},
				(struct span){zeros, size}, bank->value[10]);
		}
	}
	return (struct want){VERIFY_MISMATCH, WHY_ZERO_VIOLATION, VERIFY_CAUSE, 0, 0};
}

/* Nobody can name these from list and PCR alone, and nothing else must be named. */
static struct want dropped(struct bg *b)
{
	bg_list_range(b, 0, 21);
	bg_list_range(b, 22, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want changed_with_its_digest(struct bg *b)
{
	struct bg_entry e = bg_file(OTHER + 2);

	bg_list_range(b, 0, 21);
	list_one(b, &e);
	bg_list_range(b, 22, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want somebody_else_extended(struct bg *b)
{
	struct bg_entry e = bg_file(OTHER + 2);

	bg_list_range(b, 0, N);
	bg_extend_range(b, 0, N);
	bg_extend(b, &e);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want another_machine(struct bg *b)
{
	bg_list_range(b, 0, N);
	bg_extend_range(b, OTHER, OTHER + N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

/* Two changes, each of which would be found. */
static struct want two_swaps(struct bg *b)
{
	bg_list_range(b, 0, 10);
	bg_list_range(b, 11, 12);
	bg_list_range(b, 10, 11);
	bg_list_range(b, 12, 30);
	bg_list_range(b, 31, 32);
	bg_list_range(b, 30, 31);
	bg_list_range(b, 32, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want two_inserted(struct bg *b)
{
	struct bg_entry e = bg_file(OTHER + 1), f = bg_file(OTHER + 2);

	bg_list_range(b, 0, 10);
	list_one(b, &e);
	bg_list_range(b, 10, 20);
	list_one(b, &f);
	bg_list_range(b, 20, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want duplicated_and_dropped(struct bg *b)
{
	struct bg_entry e = bg_file(3);

	bg_list_range(b, 0, 17);
	list_one(b, &e);
	bg_list_range(b, 17, 25);
	bg_list_range(b, 26, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want two_violations_dropped(struct bg *b)
{
	bg_list_range(b, 0, 13);
	bg_list_range(b, 14, 22);
	bg_list_range(b, 23, N);
	bg_extend_range(b, 0, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want restarted_and_swapped(struct bg *b)
{
	bg_list_range(b, 0, 30);
	bg_list_range(b, 31, 32);
	bg_list_range(b, 30, 31);
	bg_list_range(b, 32, N);
	bg_extend_range(b, 25, N);
	return (struct want){VERIFY_MISMATCH, WHY_NONE, VERIFY_POSSIBLE, 0, 0};
}

static struct want (*const cases[])(struct bg *b) = {
	healthy,
	forged_tail,
	bootagg_0_7,
	bootagg_of_another_boot,
	kexec_carried,
	two_boots,
	kexec_not_carried,
	kexec_gap,
	other_pcrs,
	pcr_column_changed,
	all_in_one_pcr,
	tpm_bypass,
	tpm_reset,
	pcr_restarted,
	hibernated,
	hibernated_at_the_end,
	not_extended,
	first_not_extended,
	second_not_extended,
	inserted,
	duplicated,
	violation_added,
	swapped,
	violation_dropped,
	violation_dropped_at_the_end,
	violation_dropped_from_three,
	violation_hidden,
	violation_faked,
	bootagg_dropped,
	trimmed,
	violations_as_zeros,
	dropped,
	changed_with_its_digest,
	somebody_else_extended,
	another_machine,
	two_swaps,
	two_inserted,
	duplicated_and_dropped,
	two_violations_dropped,
	restarted_and_swapped,
};

/* The one cause, and no other; or no cause at all. */
static void check(const struct verify *v, const struct want *want, size_t nth)
{
	const struct verify_reason *w = bg_reason(v, want->why);
	bool good = verify_result(v)->verdict == want->verdict && w &&
		    w->kind == want->kind && (!want->first || w->first == want->first) &&
		    (!want->last || w->last == want->last) &&
		    bg_causes(v) == (want->kind == VERIFY_CAUSE);

	if (good)
		return;
	bg_print(v);
	fail_msg("case %zu: %s %s expected, from entry %d on", nth,
		 verify_kind_name(want->kind), verify_why_name(want->why),
		 (int)want->first);
}

static void run_all(unsigned banks, enum replay_mode mode)
{
	for (size_t i = 0; i < array_size(cases); i++) {
		_bg_ b = bg_new(banks, mode);
		struct want want = cases[i](b);
		struct verify_options o = bg_options(b);
		_cleanup_(verify_freep) struct verify *v = bg_verify(&o);

		check(v, &want, i);
		if (want.verdict == VERIFY_MATCH && mode != REPLAY_NATIVE)
			assert_non_null(bg_reason(v, WHY_PADDED));
	}
}

static void test_why__sha1_bank(void **state)
{
	run_all(BG_SHA1, REPLAY_NATIVE);
}

static void test_why__sha256_bank(void **state)
{
	run_all(BG_SHA256, REPLAY_NATIVE);
}

static void test_why__both_banks(void **state)
{
	run_all(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
}

/* A kernel before 5.8, and one that has no SHA-256: the same, with padded digests. */
static void test_why__padded_banks(void **state)
{
	run_all(BG_SHA1 | BG_SHA256, REPLAY_PADDED);
	run_all(BG_SHA1 | BG_SHA256, REPLAY_PADDED_SHORT);
	run_all(BG_SHA256, REPLAY_PADDED);
	run_all(BG_SHA256, REPLAY_PADDED_SHORT);
}

/* boot_aggregate of the boot that resumed the machine is not the list's. */
static void test_why__resumed_with_other_firmware(void **state)
{
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	(void)hibernated_elsewhere(b);
	struct verify_options o = bg_options(b);
	_cleanup_(verify_freep) struct verify *v = bg_verify(&o);
	const struct verify_reason *w = bg_reason(v, WHY_HIBERNATED);

	assert_non_null(w);
	assert_int_equal(w->first, 26);
	assert_non_null(bg_reason(v, WHY_BOOT_AGGREGATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why__sha1_bank),
		cmocka_unit_test(test_why__sha256_bank),
		cmocka_unit_test(test_why__both_banks),
		cmocka_unit_test(test_why__padded_banks),
		cmocka_unit_test(test_why__resumed_with_other_firmware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
