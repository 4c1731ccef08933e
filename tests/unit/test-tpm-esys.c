/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TPM through ESAPI, against a software TPM that each test starts and ends. PCRs are
 * extended with hand-made commands on a connection of their own, so that what is read is
 * not what the same library wrote. Skipped (77) where swtpm is not installed.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/verify/tpm.h"
#include "tests/unit/swtpm.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

static struct pcrs pcrs;

static size_t be(uint8_t *out, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(n - 1 - i < sizeof(v) ? v >> 8 * (n - 1 - i) : 0);
	return n;
}

/* TPM2_PCR_Extend of one bank with a digest of @byte (TPM 2.0 part 3, 22.2). */
static void extend(const struct swtpm *s, unsigned pcr, enum hash_alg alg, uint8_t byte)
{
	uint8_t cmd[256], answer[256];
	_cleanup_close_ int fd = -1;
	size_t n = 0;

	n += be(cmd + n, 0x8002, 2);
	n += be(cmd + n, 0, 4); /* size, below */
	n += be(cmd + n, 0x182, 4);
	n += be(cmd + n, pcr, 4);
	n += be(cmd + n, 9, 4);
	n += be(cmd + n, 0x40000009, 4);
	n += be(cmd + n, 0, 5);
	n += be(cmd + n, 1, 4);
	n += be(cmd + n, hash_alg_tpm(alg), 2);
	memset(cmd + n, byte, hash_alg_size(alg));
	n += hash_alg_size(alg);
	(void)be(cmd + 2, (uint32_t)n, 4);
	fd = swtpm_connect(s);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, cmd, n), n);
	assert_true(read(fd, answer, sizeof(answer)) >= 10);
	assert_int_equal(bytes_load32(answer + 6, true), 0);
}

/* What @pcr must be after being extended with digests of the bytes of @fed. */
static void is_extended(enum hash_alg alg, unsigned pcr, const char *fed)
{
	_cleanup_(hash_freep) struct hash_ctx *h = hash_new(alg, NULL);
	uint8_t want[HASH_MAX_SIZE] = {0}, by[HASH_MAX_SIZE];
	struct span got, a = {want, hash_alg_size(alg)}, b = {by, hash_alg_size(alg)};

	for (; *fed; fed++) {
		memset(by, *fed, sizeof(by));
		hash_once(h, a, b, want);
	}
	assert_true(pcrs_value(&pcrs, alg, pcr, &got));
	assert_true(span_equal(got, a));
}

static struct tpm *opened(const struct swtpm *s)
{
	struct tpm *t = NULL;
	struct diag d = {0};

	if (tpm_open(&s->root, s->tcti, &t, &d) < 0)
		fail_msg("%s", d.text);
	return t;
}

static void must_start(struct swtpm *s)
{
	assert_true(swtpm_start(s, "not-need-init,startup-clear"));
}

static void test_read__four_banks(void **state)
{
	struct swtpm *s = *state;
	enum hash_alg algs[PCRS_BANKS_MAX];
	struct diag d;

	must_start(s);
	extend(s, 10, HASH_SHA1, 'a');
	extend(s, 10, HASH_SHA256, 'b');
	extend(s, 10, HASH_SHA256, 'c');
	extend(s, 10, HASH_SHA512, 'd');
	struct tpm *t = opened(s);

	assert_non_null(strstr(tpm_describe(t), "TPM 2.0 (swtpm:path="));
	assert_int_equal(tpm_banks(t, algs, &d), 4);
	assert_int_equal(tpm_read(t, 1 << 10, &pcrs, &d), 0);
	assert_int_equal(pcrs.n_banks, 4);
	is_extended(HASH_SHA1, 10, "a");
	is_extended(HASH_SHA256, 10, "bc");
	is_extended(HASH_SHA384, 10, "");
	is_extended(HASH_SHA512, 10, "d");
	tpm_free(t);
}

/* 24 PCRs of four banks are 96 digests: twelve commands, each value in its place. */
static void test_read__all_pcrs(void **state)
{
	struct swtpm *s = *state;
	struct diag d;

	must_start(s);
	for (unsigned i = 0; i < 16; i++)
		extend(s, i, i % 2 ? HASH_SHA256 : HASH_SHA384, (uint8_t)('a' + i));
	struct tpm *t = opened(s);

	assert_int_equal(tpm_read(t, 0xffffff, &pcrs, &d), 0);
	for (unsigned i = 0; i < 16; i++) {
		char fed[2] = {(char)('a' + i), 0};

		is_extended(HASH_SHA256, i, i % 2 ? fed : "");
		is_extended(HASH_SHA384, i, i % 2 ? "" : fed);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pcrs.bank[i].present, 0xffffff);
	tpm_free(t);
}

static void test_banks__only_allocated(void **state)
{
	struct swtpm *s = *state;
	enum hash_alg algs[PCRS_BANKS_MAX];
	char banks[] = "sha256";
	struct span v;
	struct diag d;

	assert_true(swtpm_allocate(s, banks));
	must_start(s);
	struct tpm *t = opened(s);

	assert_int_equal(tpm_banks(t, algs, &d), 1);
	assert_int_equal(algs[0], HASH_SHA256);
	assert_int_equal(tpm_read(t, 0xffffff, &pcrs, &d), 0);
	assert_false(pcrs_value(&pcrs, HASH_SHA1, 10, &v));
	is_extended(HASH_SHA256, 10, "");
	tpm_free(t);
}

/* Nothing may reach the terminal but what the caller prints. */
static int quiet_open(const struct swtpm *s, const char *tcti, struct diag *d)
{
	_cleanup_fclose_ FILE *f = tmpfile();
	struct tpm *t = NULL;
	int old = dup(2), r;

	assert_int_equal(dup2(fileno(f), 2), 2);
	r = tpm_open(&s->root, tcti, &t, d);
	assert_int_equal(dup2(old, 2), 2);
	(void)close(old);
	assert_int_equal(lseek(fileno(f), 0, SEEK_END), 0);
	assert_null(t);
	return r;
}

static void test_open__nobody_there(void **state)
{
	struct swtpm *s = *state;
	struct diag d;

	assert_int_equal(quiet_open(s, s->tcti, &d), -EIO);
	assert_int_equal(d.id, DIAG_TCTI);
	assert_true(quiet_open(s, "", &d) < 0);
	assert_true(quiet_open(s, "nonsense:\x1b[2J", &d) < 0);
	assert_null(strchr(d.text, '\x1b'));
}

static void test_open__not_started(void **state)
{
	struct swtpm *s = *state;
	struct diag d;

	assert_true(swtpm_start(s, "not-need-init"));
	assert_int_equal(quiet_open(s, s->tcti, &d), -EIO);
	assert_int_equal(d.id, DIAG_TPM_IO);
	assert_non_null(strstr(d.text, "TPM2_Startup"));
}

static void test_read__gone_meanwhile(void **state)
{
	struct swtpm *s = *state;
	struct diag d;

	must_start(s);
	struct tpm *t = opened(s);

	assert_int_equal(tpm_read(t, 1 << 10, &pcrs, &d), 0);
	pcrs.update_counter = 4711;
	swtpm_stop(s);
	assert_int_equal(tpm_read(t, 1 << 10, &pcrs, &d), -EIO);
	assert_int_equal(d.id, DIAG_TPM_IO);
	assert_int_equal(pcrs.update_counter, 4711);
	assert_int_equal(tpm_read(t, 1 << 10, &pcrs, &d), -EIO);
	tpm_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read__four_banks, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_read__all_pcrs, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_banks__only_allocated, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_open__nobody_there, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_open__not_started, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_read__gone_meanwhile, swtpm_setup,
						swtpm_teardown),
	};

	(void)signal(SIGPIPE,
		     SIG_IGN); /* as the program does: a TPM that is gone is an error */
	if (!swtpm_installed()) {
		puts("swtpm and swtpm-tools are not installed");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
