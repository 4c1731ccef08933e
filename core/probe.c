/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cmdline.h"
#include "core/dmesg.h"
#include "core/kconfig.h"
#include "core/mlog.h"
#include "core/mreader.h"
#include "core/tpm.h"

enum { HEAD = 65536 };

static const struct {
	const char *key, *words, *option;
	enum probe_group group;
} facts[_PROBE_MAX] = {
#define PROBE_STATE_ROW	 PROBE_STATE
#define PROBE_LIST_ROW	 PROBE_LIST_GROUP
#define PROBE_TPM_ROW	 PROBE_TPM_GROUP
#define PROBE_KERNEL_ROW PROBE_KERNEL_GROUP
#define PROBE_FACT(id, key, words, group, option)                                        \
	[PROBE_##id] = {key, words, option, PROBE_##group##_ROW},
#include "core/probe-facts.inc"
#undef PROBE_FACT
};

/* What several facts are read from. */
struct look {
	const struct root *root;
	struct probe *p;
	struct strbuf cmdline, dmesg, modes;
	struct kconfig config;
	int has_cmdline, has_dmesg, has_modes, has_config; /* 0 or -errno */
};

const char *probe_key(enum probe_id id)
{
	return facts[id].key;
}

const char *probe_words(enum probe_id id)
{
	return facts[id].words;
}

enum probe_group probe_group_of(enum probe_id id)
{
	return facts[id].group;
}

const char *probe_option(enum probe_id id)
{
	return facts[id].option;
}

const char *probe_answer_name(enum probe_answer a)
{
	return a == PROBE_YES ? "yes" : a == PROBE_NO ? "no" : "unknown";
}

/* Sets a fact; @value is ours or escaped by the caller. */
static void set(struct look *l, enum probe_id id, enum probe_answer answer,
		const char *value, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void set(struct look *l, enum probe_id id, enum probe_answer answer,
		const char *value, const char *fmt, ...)
{
	struct probe_fact *f = &l->p->fact[id];
	va_list ap;

	f->answer = answer;
	(void)snprintf(f->value, sizeof(f->value), "%s", value);
	va_start(ap, fmt);
	(void)vsnprintf(f->evidence, sizeof(f->evidence), fmt, ap);
	va_end(ap);
}

static void set_foreign(struct look *l, enum probe_id id, struct span value,
			const char *evidence)
{
	char q[sizeof(l->p->fact[0].value)];

	while (value.len &&
	       (value.ptr[value.len - 1] == '\n' || !value.ptr[value.len - 1]))
		value.len--;
	set(l, id, PROBE_YES, str_quote(q, sizeof(q), value), "%s", evidence);
}

/* Unknown because a file is not readable or not there. */
static void set_missing(struct look *l, enum probe_id id, enum root_file file, int err)
{
	char path[160];

	(void)root_live_path(file, path, sizeof(path));
	if (err == -EACCES || err == -EPERM)
		l->p->denied = true;
	if (l->p->recorded)
		set(l, id, PROBE_UNKNOWN, "", "the recorded host has no %s",
		    root_recorded_name(file));
	else
		set(l, id, PROBE_UNKNOWN, "", "%s: %s", path, diag_errno(err));
}

/* "PATH" or "PATH is not there", in the words of a live machine. */
static void set_file(struct look *l, enum probe_id id, enum probe_answer answer,
		     const char *value, enum root_file file)
{
	char path[160];

	(void)root_live_path(file, path, sizeof(path));
	set(l, id, answer, value, "%s%s", path,
	    answer == PROBE_NO ? " is not there" : "");
}

static bool denied(int r)
{
	return r == -EACCES || r == -EPERM;
}

static struct span text_of(const struct strbuf *b)
{
	return (struct span){(const uint8_t *)strbuf_str(b), b->len};
}

static struct span line_of(const struct strbuf *b)
{
	struct span s = text_of(b);
	const uint8_t *end = s.len ? memchr(s.ptr, '\n', s.len) : NULL;

	return end ? (struct span){s.ptr, (size_t)(end - s.ptr)} : s;
}

/* What a recorded host says of a file: its permission bits, -ENOENT: it was not there,
 * -ENODATA: that was not recorded. */
static int recorded_mode(const struct look *l, const char *want)
{
	struct bytes in = bytes_of(strbuf_str(&l->modes), l->modes.len);
	struct span name, mode;
	int bits = 0;

	if (l->has_modes < 0)
		return -ENODATA;
	while (bytes_until(&in, ' ', &name) && bytes_until(&in, '\n', &mode)) {
		if (!span_is(name, want))
			continue;
		if (span_is(mode, "-"))
			return -EACCES;
		for (size_t i = 0; i < mode.len && i < 5; i++)
			bits = bits << 3 | (mode.ptr[i] & 7);
		return bits;
	}
	return -ENOENT;
}

static int mode_of(const struct look *l, enum root_file file)
{
	struct stat st;
	int r;

	if (l->p->recorded)
		return recorded_mode(l, root_recorded_name(file));
	r = root_stat(l->root, file, &st);
	return r < 0 ? r : (int)(st.st_mode & 07777);
}

/* Known not to be there (a recorded host may just not hold it). */
static bool absent(const struct look *l, enum root_file file, int r)
{
	return r == -ENOENT && mode_of(l, file) == -ENOENT;
}

static bool dmesg_says(const struct look *l, const char *text)
{
	struct span line;

	return l->has_dmesg == 0 && dmesg_find(&l->dmesg, text, &line);
}

static enum kconfig_value option(const struct look *l, const char *name)
{
	return l->has_config == 0 ? kconfig_get(&l->config, name) : KCONFIG_NO;
}

static bool option_off(const struct look *l, const char *name)
{
	return l->has_config == 0 && kconfig_get(&l->config, name) == KCONFIG_NO;
}

static void gather(struct look *l)
{
	l->p->recorded = root_is_recorded(l->root);
	l->has_cmdline = root_read(l->root, ROOT_CMDLINE, &l->cmdline, NULL);
	l->has_modes = root_read(l->root, ROOT_MODES, &l->modes, NULL);
	l->has_dmesg = dmesg_read(l->root, &l->dmesg, NULL);
	l->has_config = kconfig_load(l->root, &l->config, NULL);
}

static void copy_line(const struct root *root, enum root_file file, char *buf,
		      size_t size)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (root_read(root, file, &b, NULL) == 0)
		(void)str_quote(buf, size, line_of(&b));
}

static void identity(struct look *l)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct bytes in;
	struct span line;

	copy_line(l->root, ROOT_HOSTNAME, l->p->host, sizeof(l->p->host));
	copy_line(l->root, ROOT_OSRELEASE, l->p->release, sizeof(l->p->release));
	if (root_read(l->root, ROOT_OS_RELEASE, &b, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&b), b.len);
	while (bytes_until(&in, '\n', &line)) {
		struct bytes pair = bytes_of(line.ptr, line.len);
		struct span key, value;

		if (!bytes_until(&pair, '=', &key) || !span_is(key, "PRETTY_NAME") ||
		    !bytes_take(&pair, bytes_left(&pair), &value))
			continue;
		if (value.len >= 2 && value.ptr[0] == '"')
			value = (struct span){value.ptr + 1, value.len - 2};
		(void)str_quote(l->p->os, sizeof(l->p->os), value);
	}
}

static void kernel_options(struct look *l)
{
	static const struct {
		enum kconfig_value v;
		enum probe_answer a;
		const char *text;
	} shown[] = {
		{KCONFIG_NO, PROBE_NO, "not set"},
		{KCONFIG_MODULE, PROBE_NO, "module"},
		{KCONFIG_YES, PROBE_YES, "y"},
	};
	char why[120];

	if (l->has_config == 0)
		set(l, PROBE_CONFIG, PROBE_YES, "", "%s", l->config.source);
	else
		set(l, PROBE_CONFIG, PROBE_NO, "",
		    "not in /proc/config.gz, /boot or /lib/modules");
	(void)snprintf(why, sizeof(why), "%s",
		       l->p->recorded ? "the recorded host has no kernel configuration"
				      : "the kernel's configuration is not to be found");
	for (int i = 0; i < _PROBE_MAX; i++) {
		enum kconfig_value v = facts[i].option ? option(l, facts[i].option) : 0;

		if (!facts[i].option)
			continue;
		if (l->has_config < 0)
			set(l, (enum probe_id)i, PROBE_UNKNOWN, "", "%s", why);
		else
			set(l, (enum probe_id)i, shown[v].a, "", "CONFIG_%s: %s",
			    facts[i].option, shown[v].text);
	}
}

/* The securityfs folder is there when IMA was built and its initialisation succeeded. */
static void ima(struct look *l)
{
	_cleanup_close_ int fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	_cleanup_close_ int sec =
		root_openat(l->root, ROOT_SECURITYFS, "integrity/ima", O_PATH, NULL);
	_cleanup_close_ int ascii = root_open(l->root, ROOT_LIST_ASCII, NULL);

	if (fd >= 0 || denied(fd) || sec >= 0 || ascii >= 0 ||
	    mode_of(l, ROOT_LIST_BINARY) >= 0)
		set(l, PROBE_IMA, PROBE_YES, "active", "%s",
		    l->p->recorded ? "a measurement list was recorded"
				   : "its files are in securityfs");
	else if (option_off(l, "IMA"))
		set(l, PROBE_IMA, PROBE_NO, "not built in", "CONFIG_IMA is not set (%s)",
		    l->config.source);
	else if (!absent(l, ROOT_LIST_BINARY, fd))
		set_missing(l, PROBE_IMA, ROOT_LIST_BINARY, fd);
	else if (mode_of(l, ROOT_LSM) < 0)
		set(l, PROBE_IMA, PROBE_UNKNOWN, "securityfs not mounted",
		    "there is nothing in securityfs");
	else
		set_file(l, PROBE_IMA, PROBE_NO, "not active", ROOT_LIST_BINARY);
}

static void secure_boot(struct look *l)
{
	_cleanup_strbuf_ struct strbuf on = {0}, setup = {0};
	_cleanup_close_ int efi = root_open(l->root, ROOT_EFI, NULL);
	int r = root_read(l->root, ROOT_SECURE_BOOT, &on, NULL);
	bool in_setup = root_read(l->root, ROOT_SETUP_MODE, &setup, NULL) == 0 &&
			setup.len == 5 && setup.ptr[4] != 0;

	/* Four bytes of attributes, one of value (UEFI 2.10, 3.3; linux efivarfs). */
	if (r == 0 && on.len == 5)
		set(l, PROBE_SECURE_BOOT,
		    on.ptr[4] == 1 && !in_setup ? PROBE_YES : PROBE_NO,
		    on.ptr[4] == 1 && !in_setup ? "on" : "off",
		    "EFI variable SecureBoot is %d%s", on.ptr[4],
		    in_setup ? ", SetupMode is on" : "");
	else if (dmesg_says(l, "secureboot mode enabled"))
		set(l, PROBE_SECURE_BOOT, PROBE_YES, "on", "the kernel log says so");
	else if (dmesg_says(l, "secureboot mode disabled"))
		set(l, PROBE_SECURE_BOOT, PROBE_NO, "off", "the kernel log says so");
	else if (absent(l, ROOT_EFI, efi))
		set(l, PROBE_SECURE_BOOT, PROBE_NO, "off", "not started by EFI firmware");
	else
		set_missing(l, PROBE_SECURE_BOOT, ROOT_SECURE_BOOT, r);
}

/* ima_appraise= as ima_appraise.c default_appraise_setup() reads it: by prefix, the last
 * word that it knows counts. NULL: there is none. */
static const char *mode_argument(struct span line)
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
		l->has_cmdline == 0 ? mode_argument(text_of(&l->cmdline)) : NULL;

	if (probe_is(l->p, PROBE_IMA, PROBE_NO))
		set(l, PROBE_APPRAISE_MODE, PROBE_NO, "", "IMA is not active");
	else if (option_off(l, "IMA_APPRAISE"))
		set(l, PROBE_APPRAISE_MODE, PROBE_NO, "not built in",
		    "CONFIG_IMA_APPRAISE is not set");
	else if (l->has_cmdline < 0)
		set_missing(l, PROBE_APPRAISE_MODE, ROOT_CMDLINE, l->has_cmdline);
	else if (!asked || strcmp(asked, "enforce") == 0)
		set(l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce", "%s",
		    asked ? "ima_appraise=enforce on the command line" : "the default");
	else if (probe_is(l->p, PROBE_SECURE_BOOT, PROBE_YES) ||
		 dmesg_says(l, "ignoring ima_appraise"))
		set(l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce",
		    "ima_appraise=%s is ignored under Secure Boot", asked);
	else if (option_off(l, "IMA_APPRAISE_BOOTPARAM"))
		set(l, PROBE_APPRAISE_MODE, PROBE_YES, "enforce",
		    "ima_appraise=%s is ignored: CONFIG_IMA_APPRAISE_BOOTPARAM is not set",
		    asked);
	else
		set(l, PROBE_APPRAISE_MODE, PROBE_YES, asked, "ima_appraise=%s%s", asked,
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
		set_missing(l, PROBE_POLICY, ROOT_CMDLINE, l->has_cmdline);
	else if (words[0]) {
		(void)snprintf(value, sizeof(value), "built-in: %s", words);
		set(l, PROBE_POLICY, PROBE_YES, value, "%s", evidence);
	} else if (probe_is(l->p, PROBE_SECURE_BOOT, PROBE_YES) &&
		   option(l, "IMA_ARCH_POLICY") == KCONFIG_YES)
		set(l, PROBE_POLICY, PROBE_YES, "built-in: Secure Boot rules", "%s",
		    evidence);
	else
		set(l, PROBE_POLICY, PROBE_NO, "no rules", "%s, no ima_policy= at boot",
		    evidence);
}

/*
 * After a load the policy file is removed, or loses its write bit where it can be read,
 * unless more rules may follow (linux 6.1 ima_fs.c ima_release_policy()): then only the
 * kernel log tells.
 */
static void policy(struct look *l)
{
	int mode = mode_of(l, ROOT_POLICY);

	if (probe_is(l->p, PROBE_IMA, PROBE_NO))
		set(l, PROBE_POLICY, PROBE_NO, "", "IMA is not active");
	else if (dmesg_says(l, "policy update completed"))
		set(l, PROBE_POLICY, PROBE_YES, "custom",
		    "the kernel log: policy update completed");
	else if (mode == -ENOENT)
		set(l, PROBE_POLICY, PROBE_YES, "custom",
		    "the kernel removed its policy file");
	else if (mode >= 0 && !(mode & S_IWUSR))
		set(l, PROBE_POLICY, PROBE_YES, "custom",
		    "the policy file cannot be written any more");
	else if (mode < 0)
		set_missing(l, PROBE_POLICY, l->p->recorded ? ROOT_MODES : ROOT_POLICY,
			    mode);
	else if (option(l, "IMA_WRITE_POLICY") == KCONFIG_YES)
		set(l, PROBE_POLICY, PROBE_UNKNOWN, "",
		    "this kernel takes rules at any time and the kernel log does not say");
	else
		policy_not_loaded(l, "no policy was loaded");
	if (mode >= 0)
		set(l, PROBE_POLICY_READ, mode & S_IRUSR ? PROBE_YES : PROBE_NO, "",
		    "the policy file has mode %04o", (unsigned)mode);
}

/* Lines that are neither empty nor remarks. */
static unsigned rules_in(const struct strbuf *text)
{
	struct bytes in = bytes_of(strbuf_str(text), text->len);
	struct span line;
	unsigned n = 0;

	while (bytes_left(&in)) {
		size_t i = 0;

		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'))
			i++;
		n += i < line.len && line.ptr[i] != '#';
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
		set_file(l, PROBE_BOOT_POLICY, PROBE_YES, value, ROOT_BOOT_POLICY);
	} else if (absent(l, ROOT_BOOT_POLICY, r)) {
		set_file(l, PROBE_BOOT_POLICY, PROBE_NO, "none", ROOT_BOOT_POLICY);
	} else {
		set_missing(l, PROBE_BOOT_POLICY, ROOT_BOOT_POLICY, r);
	}
}

/* The bits of linux 6.1 security/integrity/evm/evm.h EVM_INIT_*, bit 3 since 7.1. */
static void evm(struct look *l)
{
	static const char *const bits[] = {"HMAC", "signatures",
					   "metadata writes allowed",
					   "v3 signatures only"};
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, ROOT_EVM, &text, NULL);
	uint64_t v = 0;
	char value[100];
	size_t n = 0;

	if (absent(l, ROOT_EVM, r)) {
		set_file(l, PROBE_EVM, PROBE_NO, "not there", ROOT_EVM);
		return;
	}
	if (r < 0 || str_to_u64(line_of(&text), &v) < 0) {
		set_missing(l, PROBE_EVM, ROOT_EVM, r < 0 ? r : -EBADMSG);
		return;
	}
	value[0] = '\0';
	for (size_t i = 0; i < array_size(bits) && n < sizeof(value); i++)
		if (v & UINT64_C(1) << i)
			n += (size_t)snprintf(value + n, sizeof(value) - n, "%s%s",
					      n ? ", " : "", bits[i]);
	set(l, PROBE_EVM, v ? PROBE_YES : PROBE_NO, v ? value : "off", "evm reads %llu",
	    (unsigned long long)v);
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
		if (r == 0 && keyring_line(text_of(&keys), names[i], &count)) {
			(void)str_quote(q, sizeof(q), count);
			set(l, PROBE_KEYRING, PROBE_YES, names[i], "keys in it: %s", q);
			return;
		}
	if (r < 0)
		set_missing(l, PROBE_KEYRING, ROOT_KEYS, r);
	else if (!l->p->recorded && geteuid() != 0) {
		l->p->denied = true;
		set(l, PROBE_KEYRING, PROBE_UNKNOWN, "",
		    "only root sees the kernel's keyrings");
	} else
		set(l, PROBE_KEYRING, PROBE_NO, "none",
		    "neither .ima nor _ima is in /proc/keys");
}

static void lsm(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, ROOT_LSM, &text, NULL);

	if (r == 0)
		set_foreign(l, PROBE_LSM, line_of(&text), "securityfs: lsm");
	else
		set_missing(l, PROBE_LSM, ROOT_LSM, r);
}

/* Integrity records are sent unless audit=0 (or off) stands on the command line; nothing
 * else is needed, not even a daemon (kernel/audit.c audit_log_start()). */
static void audit(struct look *l)
{
	struct cmdline_word w = {0};
	bool off = l->has_cmdline == 0 &&
		   cmdline_last(text_of(&l->cmdline), "audit", &w) &&
		   (span_is(w.value, "0") || span_is(w.value, "off"));

	if (off)
		set(l, PROBE_AUDIT, PROBE_NO, "off", "audit=0 on the command line");
	else if (option_off(l, "AUDIT") || option_off(l, "INTEGRITY_AUDIT"))
		set(l, PROBE_AUDIT, PROBE_NO, "not built in",
		    "CONFIG_AUDIT or CONFIG_INTEGRITY_AUDIT is not set");
	else if (l->has_cmdline < 0)
		set_missing(l, PROBE_AUDIT, ROOT_CMDLINE, l->has_cmdline);
	else if (l->has_config < 0)
		set(l, PROBE_AUDIT, PROBE_UNKNOWN, "",
		    "the kernel's configuration is not known");
	else
		set(l, PROBE_AUDIT, PROBE_YES, "on", "built in, and no audit=0 at boot");
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

	if (r == 0 || (denied(r) && !l->p->recorded))
		set_file(l, PROBE_AUDITD, PROBE_YES, "installed", ROOT_AUDITD_CONF);
	else if (absent(l, ROOT_AUDITD_CONF, r))
		set_file(l, PROBE_AUDITD, PROBE_NO, "not installed", ROOT_AUDITD_CONF);
	else
		set_missing(l, PROBE_AUDITD, ROOT_AUDITD_CONF, r);
	r = root_read(l->root, ROOT_FAPOLICYD_CONF, &fapolicyd, NULL);
	if (r == 0) {
		integrity_of(&fapolicyd, value, sizeof(value));
		set_file(l, PROBE_FAPOLICYD, PROBE_YES, value, ROOT_FAPOLICYD_CONF);
	} else if (absent(l, ROOT_FAPOLICYD_CONF, r)) {
		set_file(l, PROBE_FAPOLICYD, PROBE_NO, "not installed",
			 ROOT_FAPOLICYD_CONF);
	} else {
		set_missing(l, PROBE_FAPOLICYD, ROOT_FAPOLICYD_CONF, r);
	}
}

static bool counter(struct look *l, enum probe_id id, enum root_file file, uint64_t *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(l->root, file, &text, NULL);
	char value[40], path[120];

	if (r == 0 && str_to_u64(line_of(&text), ret) == 0) {
		(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)*ret);
		set(l, id, PROBE_YES, value, "%s",
		    root_live_path(file, path, sizeof(path)));
		return true;
	}
	set_missing(l, id, file, r < 0 ? r : -EBADMSG);
	return false;
}

/* The first bytes of the list; -errno. */
static int list_head(const struct look *l, uint8_t *buf, size_t size, size_t *ret)
{
	int fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	ssize_t n;
	int err;

	if (fd == -ENOENT && l->p->recorded)
		fd = root_open(l->root, ROOT_LIST_ASCII, NULL);
	if (fd < 0)
		return fd;
	n = read(fd, buf, size);
	err = errno;
	(void)close(fd);
	if (n < 0)
		return -err;
	*ret = (size_t)n;
	return 0;
}

static void from_first_entry(struct look *l, const struct mlog_dialect *dialect,
			     const struct mlog_entry *e)
{
	struct mlog_digest d;
	char value[20];

	(void)snprintf(value, sizeof(value), "%u", e->pcr);
	l->p->pcr = e->pcr;
	set(l, PROBE_PCR, PROBE_YES, value, "the first entry");
	set_foreign(l, PROBE_TEMPLATE, e->name, "the first entry");
	if (!mlog_file_digest(dialect, e, &d)) {
		set(l, PROBE_HASH, PROBE_UNKNOWN, "",
		    "the first entry has no file digest");
		set(l, PROBE_TPM_USED, PROBE_UNKNOWN, "",
		    "the first entry has no file digest");
		return;
	}
	set(l, PROBE_HASH, PROBE_YES, hash_alg_name(d.alg), "the first entry");
	if (!mlog_is_boot_aggregate(dialect, e))
		set(l, PROBE_TPM_USED, PROBE_UNKNOWN, "",
		    "the list does not begin with a boot aggregate");
	else if (span_all(d.value, 0))
		set(l, PROBE_TPM_USED, PROBE_NO, "bypass",
		    "the boot aggregate is zero: IMA found no TPM");
	else
		set(l, PROBE_TPM_USED, PROBE_YES, "", "the boot aggregate is not zero");
}

static const enum probe_id of_first[] = {PROBE_TEMPLATE, PROBE_HASH, PROBE_PCR,
					 PROBE_TPM_USED};

static void no_first_entry(struct look *l, int r)
{
	for (size_t i = 0; i < array_size(of_first); i++) {
		if (r == -ENODATA)
			set(l, of_first[i], PROBE_UNKNOWN, "", "the list is empty");
		else if (r == -EBADMSG)
			set(l, of_first[i], PROBE_UNKNOWN, "", "the list is damaged");
		else
			set_missing(l, of_first[i], ROOT_LIST_BINARY, r);
	}
	if (dmesg_says(l, "activating TPM-bypass"))
		set(l, PROBE_TPM_USED, PROBE_NO, "bypass",
		    "the kernel log: activating TPM-bypass");
}

static int first_entry(struct look *l, uint8_t *head)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct mlog_dialect dialect;
	struct mlog_entry e;
	struct bytes in;
	size_t n = 0;
	int r = list_head(l, head, HEAD, &n);

	if (r < 0)
		return r;
	if (n == 0)
		return -ENODATA;
	in = bytes_of(head, n);
	r = mlog_sniff((struct span){head, n}, 0, &dialect, NULL);
	if (r < 0)
		return -EBADMSG;
	in.big_endian = dialect.big_endian;
	r = mlog_next(&dialect, &in, &scratch, &e, NULL);
	if (r <= 0)
		return -EBADMSG;
	from_first_entry(l, &dialect, &e);
	return 0;
}

/* A recorded list without counters is short enough to be counted. */
static void count_recorded(struct look *l)
{
	_cleanup_(mreader_freep) struct mreader *r = NULL;
	_cleanup_close_ int fd = root_open(l->root, ROOT_LIST_BINARY, NULL);
	uint64_t entries = 0, violations = 0;
	struct mlog_entry e;
	char value[40];

	if (fd < 0 || mreader_new(fd, 0, &r, NULL) < 0)
		return;
	while (mreader_next(r, &e, NULL) > 0) {
		entries++;
		violations += e.violation;
	}
	l->p->entries = entries;
	l->p->violations = violations;
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)entries);
	set(l, PROBE_ENTRIES, PROBE_YES, value, "counted in the recorded list");
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)violations);
	set(l, PROBE_VIOLATIONS, PROBE_YES, value, "counted in the recorded list");
}

static void list(struct look *l)
{
	_cleanup_free_ uint8_t *head = malloc(HEAD);
	int mode = mode_of(l, ROOT_LIST_BINARY);
	int r = head ? first_entry(l, head) : -ENOMEM;
	bool counted;

	if (r == 0 || r == -ENODATA || r == -EBADMSG)
		set(l, PROBE_LIST, PROBE_YES, r == -EBADMSG ? "damaged" : "readable",
		    "read");
	else if (r == -EBUSY)
		set(l, PROBE_LIST, PROBE_UNKNOWN, "",
		    "a program that trims the list holds it");
	else if (absent(l, ROOT_LIST_BINARY, r))
		set(l, PROBE_LIST, PROBE_NO, "none", "there is no list");
	else
		set_missing(l, PROBE_LIST, ROOT_LIST_BINARY, r);
	if (r < 0)
		no_first_entry(l, r);
	/* linux 7.2 ima_fs.c: lists that can be written are lists to trim. */
	if (mode >= 0)
		set(l, PROBE_TRIM, mode & S_IWUSR ? PROBE_YES : PROBE_NO, "",
		    "the list has mode %04o", (unsigned)mode);
	else
		set_missing(l, PROBE_TRIM, l->p->recorded ? ROOT_MODES : ROOT_LIST_BINARY,
			    mode);
	counted = counter(l, PROBE_ENTRIES, ROOT_LIST_COUNT, &l->p->entries);
	counted = counter(l, PROBE_VIOLATIONS, ROOT_VIOLATIONS, &l->p->violations) &&
		  counted;
	if (!counted && l->p->recorded)
		count_recorded(l);
}

static void add_name(char *buf, size_t size, const char *name)
{
	size_t n = strlen(buf);

	(void)snprintf(buf + n, size - n, "%s%s", n ? " " : "", name);
}

static void no_list(struct look *l)
{
	for (int i = 0; i < _PROBE_MAX; i++)
		if (facts[i].group == PROBE_LIST_GROUP || i == PROBE_TPM_USED)
			set(l, (enum probe_id)i, PROBE_NO, "", "IMA is not active");
}

static bool has_bank_list(const struct look *l, const char *name)
{
	int fd = root_open_suffix(l->root, ROOT_LIST_BINARY, name, NULL);
	char full[80];

	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(full, sizeof(full), "%s_%s", root_recorded_name(ROOT_LIST_BINARY),
		       name);
	return fd >= 0 || denied(fd) || fd == -EBUSY ||
	       (l->p->recorded && recorded_mode(l, full) >= 0);
}

/* Since 6.10 there is a list per bank; the sha1 one also without such a bank. */
static void bank_lists(struct look *l)
{
	char names[100] = "";

	for (int i = 0; i < _HASH_ALG_MAX; i++)
		if (has_bank_list(l, hash_alg_name((enum hash_alg)i)))
			add_name(names, sizeof(names), hash_alg_name((enum hash_alg)i));
	if (names[0])
		set(l, PROBE_BANK_LISTS, PROBE_YES, names, "files of their own");
	else
		set(l, PROBE_BANK_LISTS, PROBE_NO, "", "one list for all banks");
}

static void tpm_banks_of(struct look *l, struct tpm *t)
{
	enum hash_alg algs[PCRS_BANKS_MAX];
	int n = tpm_banks(t, algs, NULL);
	char names[100] = "";

	for (int i = 0; i < n; i++)
		add_name(names, sizeof(names), hash_alg_name(algs[i]));
	if (n > 0)
		set(l, PROBE_BANKS, PROBE_YES, names, "%s", tpm_describe(t));
}

static void tpm(struct look *l)
{
	_cleanup_strbuf_ struct strbuf version = {0};
	struct tpm *t = NULL;
	struct diag d = {0};
	char value[40];
	int r = root_read(l->root, ROOT_TPM_VERSION, &version, NULL);

	if (r == 0) {
		(void)snprintf(value, sizeof(value), "%s",
			       span_is(line_of(&version), "1") ? "1.2" : "2.0");
		set_file(l, PROBE_TPM, PROBE_YES, value, ROOT_TPM_VERSION);
	} else if (absent(l, ROOT_TPM_VERSION, r)) {
		set_file(l, PROBE_TPM, PROBE_NO, "none", ROOT_TPM_VERSION);
	} else {
		set_missing(l, PROBE_TPM, ROOT_TPM_VERSION, r);
	}
	r = absent(l, ROOT_TPM_VERSION, r) ? -ENODEV : tpm_open(l->root, NULL, &t, &d);
	if (r == -ENODEV && probe_is(l->p, PROBE_TPM, PROBE_NO))
		set(l, PROBE_BANKS, PROBE_NO, "none", "no TPM");
	else if (r < 0)
		set(l, PROBE_BANKS, PROBE_UNKNOWN, "", "%.*s", 190, d.text);
	else
		tpm_banks_of(l, t);
	if (t && l->p->recorded && probe_is(l->p, PROBE_TPM, PROBE_UNKNOWN))
		set(l, PROBE_TPM, PROBE_YES, "", "PCR values were recorded");
	tpm_free(t);
}

int probe_run(const struct root *root, struct probe **ret, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = calloc(1, sizeof(*p));
	struct look l = {.root = root, .p = p};

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	gather(&l);
	identity(&l);
	kernel_options(&l);
	ima(&l);
	secure_boot(&l);
	appraise_mode(&l);
	policy(&l);
	boot_policy(&l);
	evm(&l);
	keyring(&l);
	lsm(&l);
	audit(&l);
	neighbours(&l);
	if (probe_is(p, PROBE_IMA, PROBE_NO)) {
		no_list(&l);
	} else {
		list(&l);
		bank_lists(&l);
	}
	tpm(&l);
	strbuf_done(&l.cmdline);
	strbuf_done(&l.dmesg);
	strbuf_done(&l.modes);
	kconfig_done(&l.config);
	*ret = take_ptr(p);
	return 0;
}

struct probe *probe_free(struct probe *p)
{
	free(p);
	return NULL;
}
