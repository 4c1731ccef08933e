/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TPM through ESAPI, against a software TPM that each test starts and ends. PCRs are
 * extended with hand-made commands on a connection of their own, so that what is read is
 * not what the same library wrote. Skipped (77) where swtpm is not installed.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/verify/tpm.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

static struct pcrs pcrs;

struct swtpm {
	char dir[64];
	char tcti[128];
	struct sockaddr_un address;
	pid_t pid;
	struct root root;
};

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The child dies with this program, also when a sanitizer ends it. */
static pid_t spawn(char *const argv[])
{
	pid_t parent = getpid(), pid = fork();
	int null;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static int swtpm_connect(const struct swtpm *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Until it listens: at most 10 s, which only a broken machine needs. */
static bool swtpm_ready(const struct swtpm *s)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < 2000; i++) {
		_cleanup_close_ int fd = swtpm_connect(s);

		if (fd >= 0)
			return true;
		(void)nanosleep(&nap, NULL);
	}
	return false;
}

static bool swtpm_allocate(const struct swtpm *s, char *banks)
{
	char dir[64];
	char *const argv[] = {(char[]){"swtpm_setup"},
			      (char[]){"--tpm2"},
			      (char[]){"--tpmstate"},
			      dir,
			      (char[]){"--overwrite"},
			      (char[]){"--pcr-banks"},
			      banks,
			      NULL};
	pid_t pid;

	(void)snprintf(dir, sizeof(dir), "%s", s->dir);
	pid = spawn(argv);
	return pid > 0 && wait_for(pid) == 0;
}

static bool swtpm_start(struct swtpm *s, const char *flags)
{
	char state[128], server[160], ctrl[160], flag[64];
	/* setpriv: gone with this test however it ends. */
	char *const argv[] = {(char[]){"setpriv"},
			      (char[]){"--pdeathsig"},
			      (char[]){"KILL"},
			      (char[]){"swtpm"},
			      (char[]){"socket"},
			      (char[]){"--tpm2"},
			      (char[]){"--tpmstate"},
			      state,
			      (char[]){"--server"},
			      server,
			      (char[]){"--ctrl"},
			      ctrl,
			      (char[]){"--flags"},
			      flag,
			      NULL};

	(void)snprintf(state, sizeof(state), "dir=%s", s->dir);
	(void)snprintf(server, sizeof(server), "type=unixio,path=%s/sock", s->dir);
	(void)snprintf(ctrl, sizeof(ctrl), "type=unixio,path=%s/sock.ctrl", s->dir);
	(void)snprintf(flag, sizeof(flag), "%s", flags);
	s->pid = spawn(argv);
	return s->pid > 0 && swtpm_ready(s);
}

static void swtpm_stop(struct swtpm *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)wait_for(s->pid);
	}
	s->pid = 0;
}

static int setup(void **state)
{
	struct swtpm *s = calloc(1, sizeof(*s));

	strcpy(s->dir, "/tmp/imactl-swtpm-XXXXXX");
	if (!mkdtemp(s->dir) || root_open_live(&s->root, NULL, NULL) < 0)
		return -1;
	s->address.sun_family = AF_UNIX;
	(void)snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s/sock",
		       s->dir);
	(void)snprintf(s->tcti, sizeof(s->tcti), "swtpm:path=%s/sock", s->dir);
	*state = s;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct swtpm *s = *state;

	swtpm_stop(s);
	(void)nftw(s->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	root_done(&s->root);
	free(s);
	return 0;
}

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

static bool installed(char *tool)
{
	char *const argv[] = {tool, (char[]){"--version"}, NULL};
	pid_t pid = spawn(argv);

	return pid > 0 && WEXITSTATUS(wait_for(pid)) != 127; /* swtpm_setup says 1 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read__four_banks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read__all_pcrs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_banks__only_allocated, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_open__nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open__not_started, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read__gone_meanwhile, setup,
						teardown),
	};

	(void)signal(SIGPIPE,
		     SIG_IGN); /* as the program does: a TPM that is gone is an error */
	if (!installed((char[]){"swtpm"}) || !installed((char[]){"swtpm_setup"})) {
		puts("swtpm and swtpm-tools are not installed");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
