/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cmdline.h"
#include "core/base/policy.h"
#include "core/probe/evm.h"
#include "core/probe/probe-internal.h"

/* The securityfs folder is there when IMA was built and its initialisation succeeded. */
static void ima(struct look *l)
{
	_cleanup_close_ int fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	_cleanup_close_ int sec =
		root_openat(l->root, ROOT_SECURITYFS, "integrity/ima", O_PATH, NULL);
	_cleanup_close_ int ascii = root_open(l->root, ROOT_LIST_ASCII, NULL);

	if (fd >= 0 || probe_is_denied(fd) || sec >= 0 || ascii >= 0 ||
	    probe_mode(l, ROOT_LIST_BINARY) >= 0)
		probe_set(l, PROBE_IMA, PROBE_YES, "active", "%s",
			  l->p->recorded ? "a measurement list was recorded"
					 : "its files are in securityfs");
	else if (probe_config_off(l, "IMA"))
		probe_set(l, PROBE_IMA, PROBE_NO, "not built in",
			  "CONFIG_IMA is not set (%s)", l->config.source);
	else if (!probe_absent(l, ROOT_LIST_BINARY, fd))
		probe_set_missing(l, PROBE_IMA, ROOT_LIST_BINARY, fd);
	else if (probe_mode(l, ROOT_LSM) < 0)
		probe_set(l, PROBE_IMA, PROBE_UNKNOWN, "securityfs not mounted",
			  "there is nothing in securityfs");
	else
		probe_set_file(l, PROBE_IMA, PROBE_NO, "not active", ROOT_LIST_BINARY);
}

/* What the kernel log says of Secure Boot: one started by its EFI stub, which looks itself
 * (drivers/firmware/efi/secureboot.c, or arch/x86/kernel/setup.c), and one that asked the
 * firmware (ima_efi.c get_sb_mode()). NULL: nothing. */
static const char *secure_boot_log(const struct look *l)
{
	static const char *const words[][2] = {
		{"Secure boot enabled", "on"},
		{"secureboot mode enabled", "on"},
		{"Secure boot disabled", "off"},
		{"secureboot mode disabled", "off"},
	};

	for (size_t i = 0; i < array_size(words); i++)
		if (probe_dmesg_says(l, words[i][0]))
			return words[i][1];
	return NULL;
}

static void secure_boot(struct look *l)
{
	_cleanup_strbuf_ struct strbuf on = {0}, setup = {0};
	_cleanup_close_ int efi = root_open(l->root, ROOT_EFI, NULL);
	const char *log = secure_boot_log(l);
	int r = root_read(l->root, ROOT_SECURE_BOOT, &on, NULL);
	bool in_setup = root_read(l->root, ROOT_SETUP_MODE, &setup, NULL) == 0 &&
			setup.len == 5 && setup.ptr[4] != 0;

	/* Four bytes of attributes, one of value (UEFI 2.10, 3.3; linux efivarfs). */
	if (r == 0 && on.len == 5)
		probe_set(l, PROBE_SECURE_BOOT,
			  on.ptr[4] == 1 && !in_setup ? PROBE_YES : PROBE_NO,
			  on.ptr[4] == 1 && !in_setup ? "on" : "off",
			  "EFI variable SecureBoot is %d%s", on.ptr[4],
			  in_setup ? ", SetupMode is on" : "");
	else if (log)
		probe_set(l, PROBE_SECURE_BOOT,
			  strcmp(log, "on") == 0 ? PROBE_YES : PROBE_NO, log,
			  "the kernel log says so");
	else if (probe_absent(l, ROOT_EFI, efi))
		probe_set(l, PROBE_SECURE_BOOT, PROBE_NO, "off",
			  "not started by EFI firmware");
	else
		probe_set_missing(l, PROBE_SECURE_BOOT, ROOT_SECURE_BOOT, r);
}

/* As ima_appraise.c default_appraise_setup() reads it: by prefix, the last word that it
 * knows counts. */
const char *probe_mode_argument(struct span line)
{
	static const char *const modes[] = {"off", "log", "fix", "enforce"};
	struct bytes in = bytes_of(line.ptr, line.len);
	const char *found = NULL;
	struct cmdline_word w;

	while (cmdline_next(&in, &w)) {
		if (!cmdline_is(&w, "ima_appraise"))
			continue;
		for (size_t i = 0; i < array_size(modes); i++)
			if (w.value.len >= strlen(modes[i]) &&
			    memcmp(w.value.ptr, modes[i], strlen(modes[i])) == 0)
				found = modes[i];
	}
	return found;
}

static void appraise_mode(struct look *l)
{
	const char *asked =
		l->has_cmdline == 0 ? probe_mode_argument(probe_text(&l->cmdline)) : NULL;

	if (probe_is(l->p, PROBE_IMA, PROBE_NO))
		probe_set(l, PROBE_APPRAISE_MODE, PROBE_NO, "", "IMA is not active");
	else if (probe_config_off(l, "IMA_APPRAISE"))
		probe_set(l, PROBE_APPRAISE_MODE, PROBE_NO, "not built in",
			  "CONFIG_IMA_APPRAISE is not set");
	else if (l->has_cmdline < 0)
		probe_set_missing(l, PROBE_APPRAISE_MODE, ROOT_CMDLINE, l->has_cmdline);
	else if (!asked || strcmp(asked, "enforce") == 0)
		probe_set(l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce", "%s",
			  asked ? "ima_appraise=enforce on the command line"
				: "the default");
	else if (probe_is(l->p, PROBE_SECURE_BOOT, PROBE_YES) ||
		 probe_dmesg_says(l, "ignoring ima_appraise"))
		probe_set(l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce",
			  "ima_appraise=%s is ignored under Secure Boot", asked);
	else if (probe_config_off(l, "IMA_APPRAISE_BOOTPARAM"))
		probe_set(
			l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce",
			"ima_appraise=%s is ignored: CONFIG_IMA_APPRAISE_BOOTPARAM is not set",
			asked);
	else
		probe_set(l, PROBE_APPRAISE_MODE, PROBE_YES, asked, "ima_appraise=%s%s",
			  asked,
			  l->has_config < 0 ? ", if this kernel takes it"
					    : " on the command line");
}

/* The built-in policies the command line asks for (ima_policy.c policy_setup()). */
static void builtin_policy(const struct look *l, char *buf, size_t size)
{
	static const struct {
		const char *word, *shown;
	} old[] = {{"ima_tcb", "ima_tcb"}, {"ima_appraise_tcb", "appraise_tcb"}};
	struct bytes in = bytes_of(strbuf_str(&l->cmdline), l->cmdline.len);
	struct cmdline_word w;
	size_t n = 0;
	char q[80];

	buf[0] = '\0';
	while (n < size && cmdline_next(&in, &w)) {
		if (cmdline_is(&w, "ima_policy"))
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
					      str_quote(q, sizeof(q), w.value));
		for (size_t i = 0; i < array_size(old) && n < size; i++)
			if (cmdline_is(&w, old[i].word))
				n += (size_t)snprintf(buf + n, size - n, "%s%s",
						      n ? ", " : "", old[i].shown);
	}
}

static void policy_not_loaded(struct look *l, const char *evidence)
{
	char words[100], value[120];

	builtin_policy(l, words, sizeof(words));
	if (l->has_cmdline < 0)
		probe_set_missing(l, PROBE_POLICY, ROOT_CMDLINE, l->has_cmdline);
	else if (words[0]) {
		(void)snprintf(value, sizeof(value), "built-in: %s", words);
		probe_set(l, PROBE_POLICY, PROBE_YES, value, "%s", evidence);
	} else if (probe_is(l->p, PROBE_SECURE_BOOT, PROBE_YES) &&
		   probe_config(l, "IMA_ARCH_POLICY") == KCONFIG_YES)
		probe_set(l, PROBE_POLICY, PROBE_YES, "built-in: Secure Boot rules", "%s",
			  evidence);
	else
		probe_set(l, PROBE_POLICY, PROBE_NO, "no rules",
			  "%s, no ima_policy= at boot", evidence);
}

/*
 * After a load the policy file is removed, or loses its write bit where it can be read,
 * unless more rules may follow (linux 6.1 ima_fs.c ima_release_policy()): then only the
 * kernel log tells.
 */
static void policy(struct look *l)
{
	int mode = probe_mode(l, ROOT_POLICY);

	if (probe_is(l->p, PROBE_IMA, PROBE_NO))
		probe_set(l, PROBE_POLICY, PROBE_NO, "", "IMA is not active");
	else if (probe_dmesg_says(l, "policy update completed"))
		probe_set(l, PROBE_POLICY, PROBE_YES, "custom",
			  "the kernel log: policy update completed");
	else if (mode == -ENOENT)
		probe_set(l, PROBE_POLICY, PROBE_YES, "custom",
			  "the kernel removed its policy file");
	else if (mode >= 0 && !(mode & S_IWUSR))
		probe_set(l, PROBE_POLICY, PROBE_YES, "custom",
			  "the policy file cannot be written any more");
	else if (mode < 0)
		probe_set_missing(l, PROBE_POLICY,
				  l->p->recorded ? ROOT_MODES : ROOT_POLICY, mode);
	else if (probe_config(l, "IMA_WRITE_POLICY") == KCONFIG_YES)
		probe_set(
			l, PROBE_POLICY, PROBE_UNKNOWN, "",
			"this kernel takes rules at any time and the kernel log does not say");
	else
		policy_not_loaded(l, "no policy was loaded");
	if (mode >= 0)
		probe_set(l, PROBE_POLICY_READ, mode & S_IRUSR ? PROBE_YES : PROBE_NO, "",
			  "the policy file has mode %04o", (unsigned)mode);
}

/* Lines that are neither empty nor remarks. */
static unsigned rules_in(const struct strbuf *text)
{
	struct bytes in = bytes_of(strbuf_str(text), text->len);
	struct span line;
	unsigned n = 0;

	while (bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		n += policy_line_is_rule(line);
	}
	return n;
}

static void boot_policy(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, ROOT_BOOT_POLICY, &text, NULL);
	char value[60];

	if (r == 0) {
		(void)snprintf(value, sizeof(value), "%u rules", rules_in(&text));
		probe_set_file(l, PROBE_BOOT_POLICY, PROBE_YES, value, ROOT_BOOT_POLICY);
	} else if (probe_absent(l, ROOT_BOOT_POLICY, r)) {
		probe_set_file(l, PROBE_BOOT_POLICY, PROBE_NO, "none", ROOT_BOOT_POLICY);
	} else {
		probe_set_missing(l, PROBE_BOOT_POLICY, ROOT_BOOT_POLICY, r);
	}
}

static void evm(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = {0}, value = {0};
	int r = root_read(l->root, ROOT_EVM, &text, NULL);
	uint64_t v = 0;

	if (probe_absent(l, ROOT_EVM, r)) {
		probe_set_file(l, PROBE_EVM, PROBE_NO, "not there", ROOT_EVM);
		return;
	}
	if (r < 0 || str_to_u64(probe_line(&text), &v) < 0) {
		probe_set_missing(l, PROBE_EVM, ROOT_EVM, r < 0 ? r : -EBADMSG);
		return;
	}
	evm_bits_text(&value, (uint32_t)v);
	probe_set(l, PROBE_EVM, v ? PROBE_YES : PROBE_NO, strbuf_str(&value),
		  "evm reads %llu", (unsigned long long)v);
}

/* A keyring of that name in /proc/keys: "... keyring   NAME: 3" or "NAME: empty". */
static bool keyring_line(struct span keys, const char *name, struct span *ret_count)
{
	struct bytes in = bytes_of(keys.ptr, keys.len);
	struct span line;
	char want[40];

	(void)snprintf(want, sizeof(want), " %s: ", name);
	while (bytes_until(&in, '\n', &line)) {
		const uint8_t *hit = memmem(line.ptr, line.len, want, strlen(want));

		if (!hit || !memmem(line.ptr, line.len, " keyring ", 9))
			continue;
		hit += strlen(want);
		*ret_count = (struct span){hit, (size_t)(line.ptr + line.len - hit)};
		return true;
	}
	return false;
}

/* digsig.c: ".ima" with CONFIG_INTEGRITY_TRUSTED_KEYRING, made by the kernel; else "_ima",
 * made by user space and only then there. /proc/keys hides what the caller may not view. */
static void keyring(struct look *l)
{
	static const char *const names[] = {".ima", "_ima"};
	_cleanup_strbuf_ struct strbuf keys = {0};
	int r = root_read(l->root, ROOT_KEYS, &keys, NULL);
	struct span count;
	char q[60];

	for (size_t i = 0; i < array_size(names); i++)
		if (r == 0 && keyring_line(probe_text(&keys), names[i], &count)) {
			(void)str_quote(q, sizeof(q), count);
			probe_set(l, PROBE_KEYRING, PROBE_YES, names[i], "keys in it: %s",
				  q);
			return;
		}
	if (r < 0)
		probe_set_missing(l, PROBE_KEYRING, ROOT_KEYS, r);
	else if (!l->p->recorded && geteuid() != 0) {
		l->p->denied = true;
		probe_set(l, PROBE_KEYRING, PROBE_UNKNOWN, "",
			  "only root sees the kernel's keyrings");
	} else
		probe_set(l, PROBE_KEYRING, PROBE_NO, "none",
			  "neither .ima nor _ima is in /proc/keys");
}

static void lsm(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, ROOT_LSM, &text, NULL);

	if (r == 0)
		probe_set_foreign(l, PROBE_LSM, probe_line(&text), "securityfs: lsm");
	else
		probe_set_missing(l, PROBE_LSM, ROOT_LSM, r);
}

/* Integrity records are sent unless audit=0 (or off) stands on the command line; nothing
 * else is needed, not even a daemon (kernel/audit.c audit_log_start()). */
static void audit(struct look *l)
{
	struct cmdline_word w = {0};
	bool off = l->has_cmdline == 0 &&
		   cmdline_last(probe_text(&l->cmdline), "audit", &w) &&
		   (span_is(w.value, "0") || span_is(w.value, "off"));

	if (off)
		probe_set(l, PROBE_AUDIT, PROBE_NO, "off", "audit=0 on the command line");
	else if (probe_config_off(l, "AUDIT") || probe_config_off(l, "INTEGRITY_AUDIT"))
		probe_set(l, PROBE_AUDIT, PROBE_NO, "not built in",
			  "CONFIG_AUDIT or CONFIG_INTEGRITY_AUDIT is not set");
	else if (l->has_cmdline < 0)
		probe_set_missing(l, PROBE_AUDIT, ROOT_CMDLINE, l->has_cmdline);
	else if (l->has_config < 0)
		probe_set(l, PROBE_AUDIT, PROBE_UNKNOWN, "",
			  "the kernel's configuration is not known");
	else
		probe_set(l, PROBE_AUDIT, PROBE_YES, "on",
			  "built in, and no audit=0 at boot");
}

/* The value of "integrity = ..." in fapolicyd.conf; "none" is its default. */
static void integrity_of(const struct strbuf *conf, char *buf, size_t size)
{
	char q[60];
	struct bytes in = bytes_of(strbuf_str(conf), conf->len);
	struct span line;

	(void)snprintf(buf, size, "integrity = none");
	while (bytes_until(&in, '\n', &line)) {
		struct bytes pair = bytes_of(line.ptr, line.len);
		struct span key, v;

		if (!bytes_until(&pair, '=', &key) || key.len < 9 ||
		    memcmp(key.ptr, "integrity", 9) != 0)
			continue;
		while (bytes_left(&pair) && pair.ptr[pair.pos] == ' ')
			pair.pos++;
		(void)bytes_take(&pair, bytes_left(&pair), &v);
		while (v.len && (v.ptr[v.len - 1] == ' ' || v.ptr[v.len - 1] == '\r'))
			v.len--;
		(void)snprintf(buf, size, "integrity = %s", str_quote(q, sizeof(q), v));
	}
}

/* What runs beside IMA: their configuration is there when they are installed. */
static void neighbours(struct look *l)
{
	_cleanup_strbuf_ struct strbuf auditd = {0}, fapolicyd = {0};
	int r = root_read(l->root, ROOT_AUDITD_CONF, &auditd, NULL);
	char value[100];

	if (r == 0 || (probe_is_denied(r) && !l->p->recorded))
		probe_set_file(l, PROBE_AUDITD, PROBE_YES, "installed", ROOT_AUDITD_CONF);
	else if (probe_absent(l, ROOT_AUDITD_CONF, r))
		probe_set_file(l, PROBE_AUDITD, PROBE_NO, "not installed",
			       ROOT_AUDITD_CONF);
	else
		probe_set_missing(l, PROBE_AUDITD, ROOT_AUDITD_CONF, r);
	r = root_read(l->root, ROOT_FAPOLICYD_CONF, &fapolicyd, NULL);
	if (r == 0) {
		integrity_of(&fapolicyd, value, sizeof(value));
		probe_set_file(l, PROBE_FAPOLICYD, PROBE_YES, value, ROOT_FAPOLICYD_CONF);
	} else if (probe_absent(l, ROOT_FAPOLICYD_CONF, r)) {
		probe_set_file(l, PROBE_FAPOLICYD, PROBE_NO, "not installed",
			       ROOT_FAPOLICYD_CONF);
	} else {
		probe_set_missing(l, PROBE_FAPOLICYD, ROOT_FAPOLICYD_CONF, r);
	}
}

void probe_state(struct look *l)
{
	ima(l);
	secure_boot(l);
	appraise_mode(l);
	policy(l);
	boot_policy(l);
	evm(l);
	keyring(l);
	lsm(l);
	audit(l);
	neighbours(l);
}
