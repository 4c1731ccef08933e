/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine made of files: its record must tell the same as the machine. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/verify/bundle.h"
#include "core/doctor.h"
#include "core/probe/probe.h"
#include "core/verify/tpm.h"

static struct pcrs live_pcrs, host_pcrs;

struct machine {
	char path[64], host[96];
	int fd;
	struct root root;
	struct bundle *b;
};

static void put(struct machine *m, const char *dir, const char *name, const void *data,
		size_t len, mode_t mode)
{
	char path[192];

	assert_int_equal(fs_mkdirs_at(m->fd, dir, 0700, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fs_replace_at(m->fd, path, data, len, mode, NULL), 0);
	assert_int_equal(fchmodat(m->fd, path, mode, 0), 0);
}

static void put_text(struct machine *m, const char *dir, const char *name,
		     const char *text)
{
	put(m, dir, name, text, strlen(text), 0444);
}

/* A file of a recorded boot as the live file @to. */
static void put_fixture(struct machine *m, const char *from, const char *dir,
			const char *to)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/612-sig/%s",
		       getenv("IMACTL_SOURCE"), from);
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &b, NULL), 0);
	put(m, dir, to, b.ptr, b.len, 0440);
}

/* class/tpm/tpm0/pcr-ALG/N out of the recorded values. */
static void put_pcrs(struct machine *m, enum hash_alg alg)
{
	_cleanup_strbuf_ struct strbuf b = {0}, hex = {0};
	char path[512], dir[96], name[8];
	struct span v;

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/612-sig/pcrs-%s.txt",
		       getenv("IMACTL_SOURCE"), hash_alg_name(alg));
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &b, NULL), 0);
	assert_int_equal(pcrs_parse(&live_pcrs, (struct span){(uint8_t *)b.ptr, b.len},
				    alg, NULL),
			 0);
	(void)snprintf(dir, sizeof(dir), "sys/class/tpm/tpm0/pcr-%s", hash_alg_name(alg));
	for (unsigned i = 0; i < PCRS_COUNT; i++) {
		strbuf_clear(&hex);
		if (pcrs_value(&live_pcrs, alg, i, &v))
			strbuf_addhex(&hex, v);
		else
			for (size_t k = 0; k < hash_alg_size(alg); k++)
				strbuf_adds(&hex, "00");
		(void)snprintf(name, sizeof(name), "%u", i);
		put_text(m, dir, name, strbuf_str(&hex));
	}
}

static void fill(struct machine *m)
{
	static const char *const same[] = {"binary_runtime_measurements_sha1",
					   "binary_runtime_measurements_sha256",
					   "ascii_runtime_measurements",
					   "binary_runtime_measurements"};

	live_pcrs = (struct pcrs){0};
	for (size_t i = 0; i < array_size(same); i++)
		put_fixture(m, same[i], "sec/integrity/ima", same[i]);
	put_fixture(m, "binary_bios_measurements", "sec/tpm0",
		    "binary_bios_measurements");
	put_text(m, "sec", "lsm", "lockdown,capability,ima");
	put_text(m, "sec/integrity/ima", "runtime_measurements_count", "14\n");
	put_text(m, "sec/integrity/ima", "violations", "3\n");
	put(m, "sec/integrity/ima", "policy", "", 0, 0200);
	put_text(m, "sec/integrity/evm", "evm", "0");
	put_pcrs(m, HASH_SHA1);
	put_pcrs(m, HASH_SHA256);
	put_text(m, "sys/class/tpm/tpm0", "tpm_version_major", "2\n");
	put_text(m, "proc/sys/kernel", "osrelease", "6.12.0-test\n");
	put_text(m, "proc/sys/kernel", "hostname", "web07\n");
	put_text(m, "proc/sys/kernel/random", "boot_id",
		 "11111111-2222-3333-4444-555555555555\n");
	put_text(m, "proc", "cmdline", "ima_policy=tcb ima_appraise=log\n");
	put_text(m, "proc", "uptime", "100.00 1.00\n");
	put_text(m, "proc", "keys", "1 I-- 1 perm 1f0f0000 0 0 keyring   .ima: 2\n");
	put_text(m, "target/boot", "config-6.12.0-test",
		 "CONFIG_IMA=y\nCONFIG_IMA_APPRAISE=y\nCONFIG_IMA_APPRAISE_BOOTPARAM=y\n"
		 "CONFIG_AUDIT=y\nCONFIG_INTEGRITY_AUDIT=y\n");
	put_text(m, "target/usr/lib", "os-release", "PRETTY_NAME=\"Debian 12\"\n");
	put_text(m, "target/etc/ima", "ima-policy", "measure func=BPRM_CHECK\n");
	put_text(m, "target/etc/fapolicyd", "fapolicyd.conf", "integrity = sha256\n");
	put_text(m, "target/var/log/audit", "audit.log", "type=1800 x\ntype=1801 y\n");
}

static int setup(void **state)
{
	static const struct {
		enum root_place place;
		const char *dir;
	} places[] = {{ROOT_TARGET, "target"},
		      {ROOT_SECURITYFS, "sec"},
		      {ROOT_PROC, "proc"},
		      {ROOT_SYS, "sys"}};
	static const enum root_place without[] = {ROOT_DEV, ROOT_RUN, ROOT_CACHE,
						  ROOT_STATE};
	struct machine *m = calloc(1, sizeof(*m));

	m->b = calloc(1, sizeof(*m->b));
	(void)snprintf(m->path, sizeof(m->path), "/tmp/imactl-bundle-XXXXXX");
	if (!mkdtemp(m->path) || root_open_live(&m->root, NULL, NULL) < 0)
		return -1;
	m->fd = open(m->path, O_RDONLY | O_DIRECTORY);
	(void)snprintf(m->host, sizeof(m->host), "%s/host", m->path);
	fill(m);
	for (size_t i = 0; i < array_size(places); i++) {
		(void)close(m->root.dir[places[i].place]);
		m->root.dir[places[i].place] =
			openat(m->fd, places[i].dir, O_PATH | O_DIRECTORY);
	}
	for (size_t i = 0; i < array_size(without); i++) {
		cleanup_closep(&m->root.dir[without[i]]);
		m->root.dir[without[i]] = -1;
	}
	*state = m;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct machine *m = *state;

	(void)close(m->fd);
	root_done(&m->root);
	(void)nftw(m->path, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(m->b);
	free(m);
	return 0;
}

static const struct bundle_item *item(const struct bundle *b, const char *name)
{
	for (size_t i = 0; i < b->n_items; i++)
		if (strcmp(b->item[i].name, name) == 0)
			return &b->item[i];
	return NULL;
}

static void write_host(struct machine *m)
{
	struct diag d = {0};

	if (bundle_write(&m->root, m->host, &(struct bundle_options){0}, m->b, &d) < 0)
		fail_msg("%s", d.text);
}

/* Answers and values, not the words of the evidence: that names the source. */
static void same_facts(const struct root *a, const struct root *b)
{
	struct probe *x = NULL, *y = NULL;

	assert_int_equal(probe_run(a, (struct span){0}, &x, NULL), 0);
	assert_int_equal(probe_run(b, (struct span){0}, &y, NULL), 0);
	for (int i = 0; i < _PROBE_MAX; i++)
		if (x->fact[i].answer != y->fact[i].answer ||
		    strcmp(x->fact[i].value, y->fact[i].value) != 0)
			fail_msg("%s: '%s' (%s) live, '%s' (%s) recorded",
				 probe_key((enum probe_id)i), x->fact[i].value,
				 x->fact[i].evidence, y->fact[i].value,
				 y->fact[i].evidence);
	assert_string_equal(x->host, y->host);
	assert_string_equal(x->release, y->release);
	assert_string_equal(x->os, y->os);
	assert_int_equal(x->entries, y->entries);
	assert_true(probe_is(x, PROBE_IMA, PROBE_YES));
	assert_string_equal(x->fact[PROBE_BANKS].value, "sha1 sha256");
	probe_free(x);
	probe_free(y);
}

static void same_pcrs(const struct root *host)
{
	struct span a, b;
	struct tpm *t;

	assert_int_equal(tpm_open(host, NULL, &t, NULL), 0);
	assert_int_equal(tpm_read(t, 0xffffff, &host_pcrs, NULL), 0);
	tpm_free(t);
	assert_int_equal(host_pcrs.n_banks, 2);
	for (unsigned i = 0; i < 11; i++) {
		assert_true(pcrs_value(&live_pcrs, HASH_SHA256, i, &a));
		assert_true(pcrs_value(&host_pcrs, HASH_SHA256, i, &b));
		assert_true(span_equal(a, b));
	}
}

static void test_write__tells_the_same(void **state)
{
	struct machine *m = *state;
	struct root host;
	struct stat st;

	write_host(m);
	assert_int_equal(m->b->entries, 14);
	assert_false(m->b->unsettled);
	assert_int_equal(stat(m->host, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(item(m->b, "binary_runtime_measurements")->bytes == 2009);
	assert_true(item(m->b, "binary_runtime_measurements_sha256")->written);
	assert_true(item(m->b, "audit.log")->bytes == 24);
	assert_true(item(m->b, "config")->written);
	assert_int_equal(item(m->b, "evm_xattrs")->err, -ENOENT);
	assert_false(item(m->b, "policy")->written && geteuid() != 0);
	assert_int_equal(root_open_host(&host, m->host, NULL), 0);
	same_facts(&m->root, &host);
	same_pcrs(&host);
	root_done(&host);
}

static void test_write__never_replaces(void **state)
{
	struct machine *m = *state;
	struct diag d;

	assert_int_equal(mkdir(m->host, 0700), 0);
	assert_int_equal(bundle_write(&m->root, m->host, &(struct bundle_options){0},
				      m->b, &d),
			 -EEXIST);
	assert_int_equal(d.id, DIAG_EXISTS);
	assert_int_equal(rmdir(m->host), 0); /* still empty */
}

/* Nothing is left of a run that could not end. */
static void test_write__failure_leaves_nothing(void **state)
{
	struct machine *m = *state;
	char path[160];
	struct diag d;

	(void)snprintf(path, sizeof(path), "%s/none/host", m->path);
	assert_true(bundle_write(&m->root, path, &(struct bundle_options){0}, m->b, &d) <
		    0);
	assert_int_equal(d.id, DIAG_WRITE);
	assert_true(bundle_write(&m->root, "", &(struct bundle_options){0}, m->b, &d) <
		    0);
}

/* The bank's own list is cut to the entries of the main one. */
static void test_write__lists_belong_together(void **state)
{
	struct machine *m = *state;
	_cleanup_strbuf_ struct strbuf b = {0}, twice = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures/lists/612-sig/%s",
		       getenv("IMACTL_SOURCE"), "binary_runtime_measurements_sha256");
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &b, NULL), 0);
	for (int k = 0; k < 2; k++) /* twice as many by the time it is read */
		strbuf_add(&twice, b.ptr, b.len);
	put(m, "sec/integrity/ima", "binary_runtime_measurements_sha256", twice.ptr,
	    twice.len, 0440);
	write_host(m);
	assert_int_equal(item(m->b, "binary_runtime_measurements_sha256")->bytes, b.len);
}

static void assert_holds(struct machine *m, const char *name, const char *text)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char path[64];

	(void)snprintf(path, sizeof(path), "host/%s", name);
	assert_int_equal(fs_read_at(m->fd, path, 1 << 20, &b, NULL), 0);
	assert_string_equal(strbuf_str(&b), text);
}

/* What judges certificates: the functions asked for, without the addresses that a kernel
 * hides; and the certificates of the known places, of whichever form, but nothing else
 * that lies there. */
static void test_write__what_keys_are_judged_by(void **state)
{
	struct machine *m = *state;
	_cleanup_strbuf_ struct strbuf pem = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/cert/pem",
		       getenv("IMACTL_SOURCE"));
	assert_int_equal(fs_read_at(AT_FDCWD, path, 1 << 20, &pem, NULL), 0);
	put_text(m, "target/etc/keys/ima", "ca.pem", strbuf_str(&pem));
	put_text(m, "target/etc/keys/ima", "damaged.der", "0 damaged");
	put_text(m, "target/etc/keys/ima", "key.pem",
		 "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
	put_text(m, "target/etc/keys/ima", "blob", strbuf_str(&pem));
	put_text(m, "proc", "kallsyms",
		 "ffffffff81000000 T _text\n"
		 "ffffffff81000010 T restrict_link_by_ca\n"
		 "ffffffffc0000020 t ecdsa_nist_p384_init_tfm\t[ecdsa_generic]\n"
		 "ffffffff81000030 T restrict_link_by_ca.cold\n");
	write_host(m);
	assert_holds(m, "certs.pem", strbuf_str(&pem));
	assert_holds(m, "kallsyms",
		     "0000000000000000 T restrict_link_by_ca\n"
		     "0000000000000000 T ecdsa_nist_p384_init_tfm\n");
	assert_holds(m, "keyrings.txt", ""); /* no line of /proc/keys was confirmed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write__tells_the_same, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_write__never_replaces, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_write__failure_leaves_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_write__lists_belong_together, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_write__what_keys_are_judged_by,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
