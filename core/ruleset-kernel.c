/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel takes, by its version, its configuration and what it has loaded. */
#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/keycap.h"
#include "core/ruleset.h"

static void by_config(const struct kconfig *config, struct policy_kernel *k)
{
	for (int c = 0; c < _POLICY_CAP_MAX; c++) {
		const char *option = policy_cap_option(c);

		if (option)
			k->cap[c] = kconfig_get(config, option) == KCONFIG_YES
					    ? POLICY_YES
					    : POLICY_NO;
	}
}

/* A module can be loaded, or not: early in the boot it is not there. */
static void hashes(const struct root *root, struct policy_kernel *k)
{
	struct keycap_set caps;

	keycap_load(root, &caps);
	for (int alg = 0; alg < _HASH_ALG_MAX; alg++) {
		enum keycap_answer a = keycap_hash(&caps, alg);

		if (a == KEYCAP_YES)
			k->hashes |= 1u << alg;
		else if (a == KEYCAP_NO)
			k->not_hashes |= 1u << alg;
	}
}

/* Labels are SELinux's, Smack's and, for subj_role=, AppArmor's. */
static void labels(const struct root *root, struct policy_kernel *k)
{
	static const char *const lsms[] = {"selinux", "smack", "apparmor"};
	_cleanup_strbuf_ struct strbuf text = {0};

	if (root_read(root, ROOT_LSM, &text, NULL) < 0)
		return;
	k->labels_defined = POLICY_NO;
	for (size_t i = 0; i < array_size(lsms); i++)
		if (strstr(strbuf_str(&text), lsms[i]))
			k->labels_defined = POLICY_UNKNOWN;
}

int ruleset_kernel(const struct root *root, struct strbuf *keep,
		   struct policy_kernel *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf release = {0};
	struct kconfig config = {0};
	struct cmdline_word w;

	(void)root_read(root, ROOT_OSRELEASE, &release, NULL);
	policy_kernel_of_version(policy_version_of(strbuf_span(&release)), ret);
	if (kconfig_load(root, &config, NULL) == 0)
		by_config(&config, ret);
	kconfig_done(&config);
	hashes(root, ret);
	labels(root, ret);
	if (root_read(root, ROOT_CMDLINE, keep, NULL) == 0 &&
	    cmdline_last(strbuf_span(keep), "ima_template_fmt", &w))
		ret->template_format = w.value;
	return keep->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory") : 0;
}
