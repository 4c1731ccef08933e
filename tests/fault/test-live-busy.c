/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that holds the list to trim it: to everybody else opening the list fails with
 * EBUSY (linux 7.2 security/integrity/ima/ima_fs.c, many readers or one writer). */
#include "tests/unit/test.h"

#include <errno.h>
#include <time.h>

#include "core/list/live.h"
#include "core/host/loop.h"
#include "tests/unit/machine.h"

static uint64_t now_ms, held_until_ms;

int __real_root_open(const struct root *root, enum root_file file, struct diag *reterr);
int __wrap_root_open(const struct root *root, enum root_file file, struct diag *reterr);
uint64_t __wrap_loop_now_ms(void);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left);

int __wrap_root_open(const struct root *root, enum root_file file, struct diag *reterr)
{
	if (file == ROOT_LIST_BINARY && now_ms < held_until_ms)
		return -EBUSY;
	return __real_root_open(root, file, reterr);
}

uint64_t __wrap_loop_now_ms(void)
{
	return now_ms;
}

int __wrap_nanosleep(const struct timespec *t, struct timespec *left)
{
	now_ms += (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
	if (now_ms > 10000000)
		fail_msg("it waits for ever");
	return 0;
}

/* A list of 100 entries that is read, and ten more that come while it is held for @ms. */
static int catch_up_held(uint64_t ms, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l = NULL;
	int r;

	now_ms = 1000000;
	held_until_ms = 0;
	listgen_many(&b, 1, 100);
	machine_list(&m, &b, 100, 0640);
	assert_int_equal(live_open(&m.root, LIVE_NO_CHECKPOINT, NULL, &l, d), 0);
	assert_int_equal(live_catch_up(l, NULL, d), 0);
	listgen_many(&b, 101, 10);
	machine_list(&m, &b, 110, 0640);
	held_until_ms = now_ms + ms;
	assert_int_equal(live_poll(l, NULL), 1);
	r = live_catch_up(l, NULL, d);
	assert_int_equal(mstore_head(live_store(l)), r < 0 ? 100 : 110);
	live_free(l);
	machine_drop(&m);
	return r;
}

static void test_catch_up__held_for_ever(void **state)
{
	struct diag d = {0};

	assert_int_equal(catch_up_held(UINT32_MAX, &d), -EBUSY);
	assert_int_equal(d.id, DIAG_LIST_BUSY);
	assert_in_range(now_ms, 1030000, 1031000);
}

static void test_catch_up__held_for_a_while(void **state)
{
	struct diag d = {0};

	assert_int_equal(catch_up_held(20000, &d), 0);
	assert_int_equal(d.id, DIAG_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catch_up__held_for_ever),
		cmocka_unit_test(test_catch_up__held_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
