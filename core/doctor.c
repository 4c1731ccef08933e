/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/host/hashalg.h"
#include "core/host/mounts.h"
#include "core/policy/ruleset.h"

enum {
	ENTRIES_MANY = 100000, /* about 50 MB of kernel memory, 10 s to read anew */
	SIGNATURE = 0x03,      /* EVM_IMA_XATTR_DIGSIG */
};

struct patient {
	const struct root *root;
	const struct probe *p;
	struct strbuf cmdline;
	bool has_cmdline;
	struct doctor_finding *f; /* of the check that runs */
};

static const struct {
	const char *key, *title;
} checks[_DOCTOR_CHECK_MAX] = {
#define DOCTOR_CHECK(id, key, title) [DOCTOR_CHECK_##id] = {key, title},
#include "core/doctor-checks.inc"
#undef DOCTOR_CHECK
};

const char *doctor_key(enum doctor_id id)
{
	return checks[id].key;
}

const char *doctor_title(enum doctor_id id)
{
	return checks[id].title;
}

const char *doctor_state_name(enum doctor_state s)
{
	static const char *const names[] = {"ok", "note", "bad", "unknown"};

	return names[s];
}

static void say(struct patient *x, enum doctor_state state, const char *hint,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void say(struct patient *x, enum doctor_state state, const char *hint,
		const char *fmt, ...)
{
	va_list ap;

	x->f->state = state;
	(void)snprintf(x->f->hint, sizeof(x->f->hint), "%s", hint);
	va_start(ap, fmt);
	(void)vsnprintf(x->f->text, sizeof(x->f->text), fmt, ap);
	va_end(ap);
}

static bool yes(const struct patient *x, enum probe_id id)
{
	return probe_is(x->p, id, PROBE_YES);
}

static bool no(const struct patient *x, enum probe_id id)
{
	return probe_is(x->p, id, PROBE_NO);
}

static const char *value(const struct patient *x, enum probe_id id)
{
	return x->p->fact[id].value;
}

static void say_unknown(struct patient *x, enum probe_id id)
{
	say(x, DOCTOR_UNKNOWN, "", "%s", x->p->fact[id].evidence);
}

static void check_ima(struct patient *x)
{
	if (yes(x, PROBE_IMA))
		say(x, DOCTOR_OK, "", "%s", x->p->fact[PROBE_IMA].evidence);
	else if (probe_is(x->p, PROBE_IMA, PROBE_UNKNOWN) && value(x, PROBE_IMA)[0])
		say(x, DOCTOR_BAD, "mount -t securityfs securityfs /sys/kernel/security",
		    "securityfs is not mounted");
	else if (probe_is(x->p, PROBE_IMA, PROBE_UNKNOWN))
		say_unknown(x, PROBE_IMA);
	else if (no(x, PROBE_CAN_MEASURE))
		say(x, DOCTOR_BAD,
		    "Boot a kernel with CONFIG_IMA=y: the stock kernels of Debian, Fedora and RHEL have it.",
		    "this kernel was built without IMA");
	else
		say(x, DOCTOR_BAD,
		    "Look for 'ima:' in the kernel log, and for initcall_blacklist= and lsm= in the boot arguments.",
		    "%s", x->p->fact[PROBE_IMA].evidence);
}

static void check_rights(struct patient *x)
{
	if (x->p->denied)
		say(x, DOCTOR_NOTE, "Run it as root.",
		    "some facts are hidden from this user");
	else
		say(x, DOCTOR_OK, "", "nothing was hidden");
}

/* What a rollout of appraisal needs (blog 2 and RHEL 26 of the seeds agree on these). */
static void check_options(struct patient *x)
{
	static const enum probe_id needed[] = {PROBE_CAN_MEASURE, PROBE_CAN_APPRAISE,
					       PROBE_MODE_ARG, PROBE_CAN_AUDIT};
	size_t n = 0, len = sizeof(x->f->text);
	char missing[200] = "";

	if (!yes(x, PROBE_CONFIG)) {
		say(x, DOCTOR_UNKNOWN,
		    "Install the configuration of this kernel as /boot/config-RELEASE.",
		    "the kernel's configuration is not to be found");
		return;
	}
	for (size_t i = 0; i < array_size(needed) && n < len; i++)
		if (!yes(x, needed[i]))
			n += (size_t)snprintf(missing + n, sizeof(missing) - n,
					      "%sCONFIG_%s", n ? ", " : "",
					      probe_option(needed[i]));
	if (n)
		say(x, DOCTOR_BAD, "A stepwise rollout of appraisal needs them all.",
		    "not set: %s", missing);
	else
		say(x, DOCTOR_OK, "",
		    "measure, appraise, ima_appraise= and audit are built in");
}

static bool prefix_of_any(struct span v, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v.len >= strlen(words[i]) &&
		    memcmp(v.ptr, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* One word of the command line; true when it is said to be wrong. */
static bool bad_argument(struct patient *x, const struct cmdline_word *w)
{
	static const char *const modes[] = {"off", "log", "fix", "enforce"};
	char q[80];

	(void)str_quote(q, sizeof(q), w->value);
	if (cmdline_is(w, "ima_appraise") &&
	    !prefix_of_any(w->value, modes, array_size(modes)))
		say(x, DOCTOR_BAD, "Known are off, log, fix and enforce.",
		    "the kernel ignores ima_appraise=%s", q);
	else if (cmdline_is(w, "ima_hash") &&
		 hash_alg_from_name(w->value) == _HASH_ALG_INVALID)
		say(x, DOCTOR_BAD, "Use a name like sha256.",
		    "the kernel ignores ima_hash=%s", q);
	else if (cmdline_is(w, "ima_appraise") && yes(x, PROBE_SECURE_BOOT) &&
		 !span_is(w->value, "enforce"))
		say(x, DOCTOR_BAD,
		    "A trial in log or fix mode needs Secure Boot to be off.",
		    "ima_appraise=%s is ignored under Secure Boot", q);
	else
		return false;
	return true;
}

static bool bad_policy_items(struct patient *x, const struct cmdline_word *w)
{
	struct bytes in = bytes_of(w->value.ptr, w->value.len);
	struct span item;
	char q[80];

	if (!cmdline_is(w, "ima_policy"))
		return false;
	while (ruleset_word_next(&in, &item)) {
		if (ruleset_word_known(item))
			continue;
		say(x, DOCTOR_BAD,
		    "Known are tcb, appraise_tcb, secure_boot, fail_securely and critical_data.",
		    "the kernel ignores %s in ima_policy=",
		    str_quote(q, sizeof(q), item));
		return true;
	}
	return false;
}

static void check_arguments(struct patient *x)
{
	struct bytes in = bytes_of(strbuf_str(&x->cmdline), x->cmdline.len);
	struct cmdline_word w;
	unsigned n = 0;

	if (!x->has_cmdline) {
		say(x, DOCTOR_UNKNOWN, "", "the kernel's command line is not known");
		return;
	}
	while (cmdline_next(&in, &w)) {
		if (bad_argument(x, &w) || bad_policy_items(x, &w))
			return;
		n += w.key.len > 4 && memcmp(w.key.ptr, "ima_", 4) == 0;
	}
	say(x, DOCTOR_OK, "",
	    n ? "%u arguments for IMA, all understood" : "no arguments for IMA", n);
}

static void check_policy(struct patient *x)
{
	if (yes(x, PROBE_POLICY))
		say(x, DOCTOR_OK, "", "%s", value(x, PROBE_POLICY));
	else if (no(x, PROBE_IMA))
		say(x, DOCTOR_UNKNOWN, "", "IMA is not active");
	else if (no(x, PROBE_POLICY))
		say(x, DOCTOR_NOTE,
		    "Boot with ima_policy=tcb to measure, or load a policy of your own.",
		    "no rules: nothing is measured or appraised");
	else
		say_unknown(x, PROBE_POLICY);
}

/* 1: signed, 0: not, -errno: cannot say. */
static int policy_signed(const struct patient *x)
{
	_cleanup_close_ int fd = root_open(x->root, ROOT_BOOT_POLICY, NULL);
	uint8_t head[1024];
	ssize_t n;

	if (fd < 0 || x->p->recorded)
		return -ENODATA;
	n = fgetxattr(fd, "security.ima", head, sizeof(head));
	return n > 0 ? head[0] == SIGNATURE : n < 0 && errno == ENODATA ? 0 : -ENODATA;
}

static bool wants_signed_policy(const struct patient *x)
{
	return yes(x, PROBE_POLICY) && strstr(value(x, PROBE_POLICY), "secure_boot");
}

/* A file that does not end in a newline is refused whole (linux 6.1 ima_fs.c
 * ima_read_policy(): its size counter underflows), and systemd freezes on a refusal. */
static void check_boot_policy(struct patient *x)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(x->root, ROOT_BOOT_POLICY, &text, NULL);

	if (r < 0 && !no(x, PROBE_BOOT_POLICY))
		say_unknown(x, PROBE_BOOT_POLICY);
	else if (r < 0)
		say(x, DOCTOR_OK, "", "there is none: systemd loads nothing");
	else if (text.len == 0)
		say(x, DOCTOR_NOTE, "", "it is empty: systemd loads nothing");
	else if (text.ptr[text.len - 1] != '\n')
		say(x, DOCTOR_BAD,
		    "End the last line with a newline, before the next boot.",
		    "it does not end in a newline: the kernel refuses it and systemd freezes");
	else if (wants_signed_policy(x) && policy_signed(x) == 0)
		say(x, DOCTOR_BAD, "Sign it, or take secure_boot out of ima_policy=.",
		    "it is not signed, and ima_policy=secure_boot wants it to be: systemd will freeze");
	else
		say(x, DOCTOR_OK, "", "%s", value(x, PROBE_BOOT_POLICY));
}

static void check_tpm(struct patient *x)
{
	if (no(x, PROBE_IMA))
		say(x, DOCTOR_UNKNOWN, "", "IMA is not active");
	else if (yes(x, PROBE_TPM_USED))
		say(x, DOCTOR_OK, "", "%s", x->p->fact[PROBE_TPM_USED].evidence);
	else if (no(x, PROBE_TPM_USED) && yes(x, PROBE_TPM))
		say(x, DOCTOR_BAD,
		    "Its driver came too late: have it built in (CONFIG_TCG_TIS=y), or put the SPI or I2C driver into the kernel.",
		    "there is a TPM, but IMA started without it (bypass): the list proves nothing");
	else if (no(x, PROBE_TPM_USED))
		say(x, DOCTOR_NOTE, "Without a TPM the list can be read, not proven.",
		    "no TPM: %s", x->p->fact[PROBE_TPM_USED].evidence);
	else
		say_unknown(x, PROBE_TPM_USED);
}

static void check_banks(struct patient *x)
{
	const char *banks = value(x, PROBE_BANKS);

	if (no(x, PROBE_BANKS))
		say(x, DOCTOR_NOTE, "", "no TPM");
	else if (!yes(x, PROBE_BANKS))
		say_unknown(x, PROBE_BANKS);
	else if (strcmp(banks, "sha1") == 0)
		say(x, DOCTOR_NOTE,
		    "Allocate a SHA-256 bank in the firmware, or with tpm2_pcrallocate.",
		    "only sha1: collisions can be made");
	else
		say(x, DOCTOR_OK, "", "%s", banks);
}

static void check_hash(struct patient *x)
{
	const char *hash = value(x, PROBE_HASH);

	if (!yes(x, PROBE_HASH))
		say_unknown(x, PROBE_HASH);
	else if (!strcmp(hash, "sha1") || !strcmp(hash, "md5"))
		say(x, DOCTOR_NOTE,
		    "Boot with ima_hash=sha256 and a template other than ima.",
		    "%s: collisions can be made", hash);
	else
		say(x, DOCTOR_OK, "", "%s", hash);
}

static void check_list(struct patient *x)
{
	char n[48];

	if (!yes(x, PROBE_ENTRIES)) {
		say_unknown(x, PROBE_ENTRIES);
		return;
	}
	(void)str_counted(n, sizeof(n), x->p->entries, "entry", "entries");
	if (x->p->entries >= ENTRIES_MANY)
		say(x, DOCTOR_NOTE,
		    "'imactl cost' shows what fills it, and what memory it takes.",
		    "%s, and it only grows", n);
	else
		say(x, DOCTOR_OK, "", "%s", n);
}

static void check_violations(struct patient *x)
{
	char n[48];

	if (!yes(x, PROBE_VIOLATIONS))
		say_unknown(x, PROBE_VIOLATIONS);
	else if (x->p->violations)
		say(x, DOCTOR_NOTE,
		    "Files were written while they were measured; keep log files and databases out of the policy.",
		    "%s",
		    str_counted(n, sizeof(n), x->p->violations, "violation",
				"violations"));
	else
		say(x, DOCTOR_OK, "", "none");
}

static void check_audit(struct patient *x)
{
	struct cmdline_word w;
	bool backlog =
		cmdline_last((struct span){(const uint8_t *)strbuf_str(&x->cmdline),
					   x->cmdline.len},
			     "audit_backlog_limit", &w);

	if (no(x, PROBE_AUDIT))
		say(x, DOCTOR_BAD,
		    "Boot without audit=0, with a kernel that has CONFIG_INTEGRITY_AUDIT.",
		    "%s: denials leave no trace", x->p->fact[PROBE_AUDIT].evidence);
	else if (!yes(x, PROBE_AUDIT))
		say_unknown(x, PROBE_AUDIT);
	else if (no(x, PROBE_AUDITD))
		say(x, DOCTOR_NOTE, "Install auditd before a rollout.",
		    "no auditd: the kernel log keeps 10 records in 5 seconds, more are lost");
	else if (!backlog)
		say(x, DOCTOR_NOTE,
		    "Boot with audit_backlog_limit=8192 during a rollout.",
		    "the backlog is 64 records: a burst of denials at boot stalls or is lost");
	else
		say(x, DOCTOR_OK, "", "%s", x->p->fact[PROBE_AUDIT].evidence);
}

/* The last mount on "/": its file system's type. False: not found. */
static bool root_type(const struct strbuf *mounts, struct span *ret)
{
	struct bytes in = bytes_of(strbuf_str(mounts), mounts->len);
	struct mounts_line line;
	bool found = false;

	while (mounts_next(&in, &line)) {
		if (!span_is(line.point, "/"))
			continue;
		*ret = line.type;
		found = true;
	}
	return found;
}

/* Labels are extended attributes in the security namespace. */
static void check_filesystem(struct patient *x)
{
	static const char *const without[] = {"vfat", "exfat",	 "iso9660",
					      "nfs",  "nfs4",	 "9p",
					      "ntfs", "fuseblk", "squashfs"};
	_cleanup_strbuf_ struct strbuf mounts = {0};
	struct span type;
	char q[40];

	if (root_read(x->root, ROOT_MOUNTS, &mounts, NULL) < 0 ||
	    !root_type(&mounts, &type)) {
		say(x, DOCTOR_UNKNOWN, "", "the mounts are not known");
		return;
	}
	(void)str_quote(q, sizeof(q), type);
	for (size_t i = 0; i < array_size(without); i++)
		if (span_is(type, without[i])) {
			say(x, DOCTOR_NOTE,
			    "Files there cannot get reference values in place.",
			    "/ is %s: no labels can be written", q);
			return;
		}
	if (span_is(type, "overlay"))
		say(x, DOCTOR_NOTE,
		    "Label the layers below; EVM with an HMAC does not work here.",
		    "/ is overlay: copied up files lose or change their state");
	else
		say(x, DOCTOR_OK, "", "/ is %s", q);
}

static void check_keyring(struct patient *x)
{
	if (no(x, PROBE_IMA))
		say(x, DOCTOR_UNKNOWN, "", "IMA is not active");
	else if (yes(x, PROBE_KEYRING) && !strcmp(value(x, PROBE_KEYRING), ".ima"))
		say(x, DOCTOR_OK, "",
		    ".ima, %s: only keys signed by a trusted CA can be added",
		    x->p->fact[PROBE_KEYRING].evidence);
	else if (yes(x, PROBE_KEYRING))
		say(x, DOCTOR_NOTE,
		    "Load keys early and lock the keyring (keyctl restrict_keyring).",
		    "_ima, %s: root can add any key", x->p->fact[PROBE_KEYRING].evidence);
	else if (no(x, PROBE_KEYRING))
		say(x, DOCTOR_NOTE, "Signatures cannot be checked before there is one.",
		    "there is no .ima or _ima keyring");
	else
		say_unknown(x, PROBE_KEYRING);
}

static void check_evm(struct patient *x)
{
	if (yes(x, PROBE_EVM))
		say(x, DOCTOR_OK, "", "%s", value(x, PROBE_EVM));
	else if (no(x, PROBE_EVM))
		say(x, DOCTOR_NOTE, "",
		    "%s: owner, mode and labels are not protected offline",
		    value(x, PROBE_EVM));
	else
		say_unknown(x, PROBE_EVM);
}

static void check_fapolicyd(struct patient *x)
{
	bool by_ima = strcmp(value(x, PROBE_FAPOLICYD), "integrity = ima") == 0;

	if (no(x, PROBE_FAPOLICYD))
		say(x, DOCTOR_OK, "", "fapolicyd is not installed");
	else if (!yes(x, PROBE_FAPOLICYD))
		say_unknown(x, PROBE_FAPOLICYD);
	else if (by_ima && no(x, PROBE_IMA))
		say(x, DOCTOR_BAD,
		    "Set integrity = sha256, or boot a kernel with IMA and label the files.",
		    "it is set to integrity = ima, and IMA is not active here: it will deny");
	else if (by_ima)
		say(x, DOCTOR_NOTE,
		    "Every trusted file needs a sha256 hash or signature in security.ima.",
		    "it compares the hashes that IMA keeps (integrity = ima)");
	else
		say(x, DOCTOR_NOTE, "",
		    "%s: it decides who may run what, IMA whether a file is unchanged",
		    value(x, PROBE_FAPOLICYD));
}

static void check_kexec(struct patient *x)
{
	if (yes(x, PROBE_KEXEC))
		say(x, DOCTOR_OK, "", "CONFIG_IMA_KEXEC is set");
	else if (no(x, PROBE_KEXEC))
		say(x, DOCTOR_NOTE,
		    "Reboot through the firmware instead where the list must be proven.",
		    "the list does not survive kexec: after one, the PCR cannot match");
	else
		say_unknown(x, PROBE_KEXEC);
}

void doctor_run(const struct root *root, const struct probe *p,
		struct doctor_finding ret[_DOCTOR_CHECK_MAX])
{
	static void (*const run[_DOCTOR_CHECK_MAX])(struct patient * x) = {
#define DOCTOR_CHECK(id, key, title) [DOCTOR_CHECK_##id] = check_##id,
#include "core/doctor-checks.inc"
#undef DOCTOR_CHECK
	};
	struct patient x = {.root = root, .p = p};

	x.has_cmdline = root_read(root, ROOT_CMDLINE, &x.cmdline, NULL) == 0;
	for (size_t i = 0; i < _DOCTOR_CHECK_MAX; i++) {
		x.f = &ret[i];
		run[i](&x);
	}
	strbuf_done(&x.cmdline);
}
