/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policyhost-internal.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/fs.h"
#include "core/appraise/keyhost.h"
#include "core/appraise/label.h"

#define BOOT_POLICY "etc/ima/ima-policy"

void policyhost_say(struct policyhost *h, enum policy_severity severity, size_t rule,
		    enum diag_id id, const char *fmt, ...)
{
	struct diag d = {0};
	va_list ap;

	va_start(ap, fmt);
	diag_setv(&d, id, 0, fmt, ap);
	va_end(ap);
	if (rule != SIZE_MAX) {
		d.line = h->rules->policy.rules[rule].line;
		d.column = 1;
	}
	if (h->err == 0)
		h->err = policy_note(&h->rules->policy, severity, rule, &d);
}

static bool by_label(const struct policy_rule *r, bool subj_role)
{
	for (int k = POLICY_KEY_OBJ_USER; k <= POLICY_KEY_SUBJ_TYPE; k++)
		if (policy_has(r, k) && (k == POLICY_KEY_SUBJ_ROLE) == subj_role)
			return true;
	return false;
}

static bool has_lsm(const struct policyhost *h, const char *name)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bytes in;
	struct span one;

	if (root_read(h->root, ROOT_LSM, &text, NULL) < 0)
		return false;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_left(&in)) {
		if (!bytes_until(&in, ',', &one))
			(void)bytes_take(&in, bytes_left(&in), &one);
		while (one.len && one.ptr[one.len - 1] == '\n')
			one.len--;
		if (span_is(one, name))
			return true;
	}
	return false;
}

/* Will PID 1 load SELinux's policy, which it does before IMA's (systemd src/core/main.c
 * initialize_security())? It does not where the configuration says so or is missing. */
static bool selinux_loads(const struct policyhost *h)
{
	_cleanup_close_ int fd = root_openat(h->root, ROOT_TARGET, "etc/selinux/config",
					     O_RDONLY | O_CLOEXEC, NULL);
	_cleanup_strbuf_ struct strbuf text = {0};

	if (fd < 0 || fs_read_fd(fd, 65536, "config", &text, NULL) < 0)
		return false;
	return !strstr(strbuf_str(&text), "\nSELINUX=disabled") &&
	       strncmp(strbuf_str(&text), "SELINUX=disabled", 16) != 0;
}

/* What each LSM makes of a label: linux 6.12 security/apparmor/audit.c
 * aa_audit_rule_init() (profiles, as subj_role= alone), security/smack/smack_lsm.c
 * smack_audit_rule_init() (any label), security/selinux/ss/services.c
 * selinux_audit_rule_init() (of the policy that is loaded). */
static void labels(struct policyhost *h, size_t rule)
{
	const struct policy_rule *r = &h->rules->policy.rules[rule];
	bool selinux, smack;

	if (!by_label(r, true) && !by_label(r, false))
		return;
	selinux = has_lsm(h, "selinux");
	smack = has_lsm(h, "smack");
	if (selinux && !root_is_recorded(h->root) && !selinux_loads(h))
		policyhost_say(
			h, POLICY_WARNING, rule, DIAG_POLICY_LSM,
			"SELinux will have no policy when PID 1 loads this one: the "
			"label means nothing, and the boot freezes");
	else if (!selinux && !smack && has_lsm(h, "apparmor"))
		policyhost_say(h, POLICY_WARNING, rule, DIAG_POLICY_LSM,
			       by_label(r, false)
				       ? "AppArmor knows subj_role= only: the kernel "
					 "refuses other labels, and the boot freezes"
				       : "AppArmor's profiles are loaded after PID 1 has "
					 "loaded this policy: only \"unconfined\" is "
					 "known then");
}

/* 1: there are keys; 0: there are none; -1: that is not known. */
static int has_keys(const struct policyhost *h)
{
	_cleanup_keyhost_ struct keyhost keys = {0};
	enum keyring_id ring;

	if (keyhost_load(&keys, h->root, NULL) < 0 ||
	    !keyhost_sees(&keys, IMAXATTR_IMA, &ring))
		return -1;
	return keys.rings.ring[ring].members > 0;
}

/* Does a policy file have to be signed? By a rule in force when it is read. */
static bool wants_signed(const struct ruleset *rules, size_t *ret_rule)
{
	struct policymatch_access a = {.func = POLICY_FUNC_POLICY_CHECK,
				       .mask = POLICY_MAY_READ,
				       .may_setuid = true,
				       .may_setgid = true,
				       .fsmagic = 0xef53,
				       .fsname = span_of("ext4"),
				       .no_fsuuid = true};
	struct policymatch_result r;

	policymatch_decide(&rules->policy, &a, &r);
	*ret_rule = r.by[POLICY_CLASS_APPRAISE].rule;
	return r.by[POLICY_CLASS_APPRAISE].does && r.signature;
}

static bool file_is_signed(const struct policyhost *h)
{
	_cleanup_close_ int fd = label_open(h->root->dir[ROOT_TARGET], BOOT_POLICY, NULL);
	_cleanup_label_ struct label l = {0};

	return fd < 0 || label_read(fd, LABEL_SECURITY, &l) < 0 ||
	       (l.err[IMAXATTR_IMA] == 0 && imaxattr_is_sig(&l.x[IMAXATTR_IMA]));
}

/* The rules that a kernel brings along are in force while the file for the boot is read;
 * those of the file when somebody adds to it. */
static void signatures(struct policyhost *h)
{
	const char *words;
	size_t rule;

	if (wants_signed(&h->boot, &rule)) {
		words = ruleset_origin_words(h->boot.origins[rule]);
		if (!root_is_recorded(h->root) && !file_is_signed(h))
			policyhost_say(
				h, POLICY_WARNING, SIZE_MAX, DIAG_POLICY_UNSIGNED,
				"%s wants a signed policy, and /etc/ima/ima-policy "
				"has no signature: the boot freezes",
				words);
		if (has_keys(h) == 0)
			policyhost_say(h, POLICY_WARNING, SIZE_MAX, DIAG_POLICY_NO_KEY,
				       "%s wants a signed policy, and the kernel has no "
				       "key to verify it with: the boot freezes",
				       words);
	}
	if (wants_signed(h->rules, &rule) && h->rules->origins[rule] == RULESET_CUSTOM &&
	    has_keys(h) == 0)
		policyhost_say(
			h, POLICY_WARNING, rule, DIAG_POLICY_NO_KEY,
			"no policy can be added after this one: it must be signed, "
			"and the kernel has no key to verify it with");
}

static bool appraises(const struct policyhost *h)
{
	return policymatch_done(&h->rules->policy) >> POLICY_CLASS_APPRAISE & 1;
}

/* ima_appraise.c ima_appraise_parse_cmdline(): only enforce is taken then. */
static void secure_boot(struct policyhost *h)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	struct cmdline_word w;
	char mode[40];

	if (!probe_is(h->probe, PROBE_SECURE_BOOT, PROBE_YES) || !appraises(h) ||
	    root_read(h->root, ROOT_CMDLINE, &line, NULL) < 0)
		return;
	if (cmdline_last(strbuf_span(&line), "ima_appraise", &w) &&
	    !span_is(w.value, "enforce"))
		policyhost_say(h, POLICY_WARNING, SIZE_MAX, DIAG_POLICY_SECURE_BOOT,
			       "ima_appraise=%s is ignored under Secure Boot: what this "
			       "policy appraises is denied at once",
			       str_quote(mode, sizeof(mode), w.value));
}

static void before_others(struct policyhost *h)
{
	size_t n = 0;
	char rules[40];

	while (n < h->rules->policy.n_rules && h->rules->origins[n] != RULESET_CUSTOM)
		n++;
	if (n)
		policyhost_say(h, POLICY_NOTE, SIZE_MAX, DIAG_POLICY_BEFORE,
			       "%s of %s before these",
			       str_counted(rules, sizeof(rules), n, "rule comes",
					   "rules come"),
			       ruleset_origin_words(h->rules->origins[0]));
}

/* kernel/module/signing.c looks at the end of the file, imasig at security.ima. */
static void modules(struct policyhost *h, size_t rule)
{
	const struct policy_rule *r = &h->rules->policy.rules[rule];

	if (r->action == POLICY_APPRAISE && r->func == POLICY_FUNC_MODULE_CHECK &&
	    r->signature && !r->modsig &&
	    kconfig_get(&h->config, "MODULE_SIG") == KCONFIG_YES)
		policyhost_say(h, POLICY_NOTE, rule, DIAG_POLICY_MODULES,
			       "the signature at the end of a module, which this kernel "
			       "checks already, does not count for appraise_type=imasig");
}

static void rules(struct policyhost *h)
{
	for (size_t i = 0; i < h->rules->policy.n_rules; i++) {
		if (h->rules->origins[i] != RULESET_CUSTOM ||
		    h->rules->policy.rules[i].refused)
			continue;
		labels(h, i);
		modules(h, i);
	}
}

int policyhost_run(const struct root *root, const struct probe *probe,
		   struct ruleset *given, struct diag *reterr)
{
	struct policyhost h = {.root = root, .probe = probe, .rules = given};
	int r = ruleset_at_boot(root, probe, &h.boot, reterr);

	if (r < 0)
		return r;
	(void)kconfig_load(root, &h.config, NULL);
	rules(&h);
	signatures(&h);
	secure_boot(&h);
	before_others(&h);
	policyhost_deadly(&h);
	policyhost_growth(&h);
	kconfig_done(&h.config);
	ruleset_done(&h.boot);
	policy_sort_findings(&given->policy);
	return h.err < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory for findings")
			 : 0;
}
