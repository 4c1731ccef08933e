/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rescue tells the TPM, before a shell: against a software TPM with some banks. */
#include "core/base/sha256.h"
#include "recovery/pcrcap.h"
#include "tests/unit/swtpm.h"

enum { SHA1 = 0x04, SHA256 = 0x0b };

static struct span value_of(const uint8_t *bytes, size_t size)
{
	return (struct span){bytes, size};
}

/* TPM2_PCR_Read of one PCR (TPM 2.0 part 3, 22.4); the length of its value, 0: no bank. */
static size_t read_pcr(const struct swtpm *s, unsigned pcr, uint16_t alg, uint8_t *ret)
{
	uint8_t cmd[] = {0x80, 0x01, 0, 0, 0, 20, 0, 0, 0x01, 0x7e,
			 0,    0,    0, 1, 0, 0,  3, 0, 0,    0};
	uint8_t answer[256];
	_cleanup_close_ int fd = swtpm_connect(s);
	ssize_t n;

	cmd[14] = (uint8_t)(alg >> 8);
	cmd[15] = (uint8_t)alg;
	cmd[17 + pcr / 8] = (uint8_t)(1 << pcr % 8);
	assert_int_equal(write(fd, cmd, sizeof(cmd)), sizeof(cmd));
	n = read(fd, answer, sizeof(answer));
	/* header, counter, the selection that was read, digests */
	if (n < 10 + 4 + 4 + 6 + 4 + 2 || !answer[10 + 4 + 4 + 6 + 3])
		return 0;
	memcpy(ret, answer + 30, answer[29]);
	return answer[29];
}

static void cap(const struct swtpm *s)
{
	_cleanup_close_ int fd = swtpm_connect(s);

	assert_int_equal(pcrcap_extend(fd), 0);
}

static void test_pcrcap_command__bytes(void **state)
{
	static const uint8_t head[] = {0x80, 0x02, 0, 0, 0, 65, 0, 0,	 1, 0x82, 0,
				       0,    0,	   7, 0, 0, 0,	9, 0x40, 0, 0,	  9,
				       0,    0,	   0, 0, 0, 0,	0, 0,	 1, 0,	  0x0b};
	uint8_t cmd[PCRCAP_COMMAND];

	assert_int_equal(pcrcap_command(7, SHA256, 32, cmd), 65);
	assert_memory_equal(cmd, head, sizeof(head));
	assert_int_equal(pcrcap_command(7, 0x0d, 64, cmd), 97);
}

static void test_pcrcap_extend__banks(void **state)
{
	uint8_t before[64], after[64], both[64], hash[32];
	struct swtpm *s = *state;

	assert_true(swtpm_allocate(s, (char[]){"sha1,sha256"}));
	assert_true(swtpm_start(s, "not-need-init,startup-clear"));
	assert_int_equal(read_pcr(s, 7, SHA1, before), 20);
	assert_int_equal(read_pcr(s, 7, SHA256, before), 32);
	cap(s);
	sha256_of(span_of("imactl rescue shell"), hash);
	memcpy(both, before, 32);
	memcpy(both + 32, hash, 32);
	sha256_of(value_of(both, 64), hash);
	for (size_t i = 0; i < 2; i++) { /* both were zero */
		assert_int_equal(read_pcr(s, i ? 11 : 7, SHA256, after), 32);
		assert_memory_equal(after, hash, 32);
		assert_int_equal(read_pcr(s, i ? 11 : 7, SHA1, after), 20);
		assert_false(span_all(value_of(after, 20), 0));
	}
	assert_int_equal(read_pcr(s, 10, SHA256, after), 32);
	assert_true(span_all(value_of(after, 32), 0));
}

static void test_pcrcap_extend__refused(void **state)
{
	struct swtpm *s = *state;
	_cleanup_close_ int fd = -1;

	assert_true(swtpm_allocate(s, (char[]){"sha256"}));
	assert_true(swtpm_start(s, "not-need-init")); /* nobody has started it up */
	fd = swtpm_connect(s);
	assert_int_equal(pcrcap_extend(fd), -EIO);
}

static void test_pcrcap_extend__hung_up(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	(void)close(pair[1]);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_true(pcrcap_extend(pair[0]) < 0);
	(void)close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcrcap_command__bytes),
		cmocka_unit_test(test_pcrcap_extend__hung_up),
		cmocka_unit_test_setup_teardown(test_pcrcap_extend__banks, swtpm_setup,
						swtpm_teardown),
		cmocka_unit_test_setup_teardown(test_pcrcap_extend__refused, swtpm_setup,
						swtpm_teardown),
	};

	if (!swtpm_installed()) {
		print_message("swtpm is not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
