/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel takes, by its version, its configuration and what it has loaded. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/cert/keycap.h"
#include "core/policy/ruleset.h"

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
static void hashes(const struct keycap_set *caps, struct policy_kernel *k)
{
	for (int alg = 0; alg < _HASH_ALG_MAX; alg++) {
		enum keycap_answer a = keycap_hash(caps, alg);

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
	struct keycap_set caps;
	struct cmdline_word w;

	(void)root_read(root, ROOT_OSRELEASE, &release, NULL);
	policy_kernel_of_version(policy_version_of(strbuf_span(&release)), ret);
	if (kconfig_load(root, &config, NULL) == 0)
		by_config(&config, ret);
	kconfig_done(&config);
	keycap_load(root, &caps);
	hashes(&caps, ret);
	labels(root, ret);
	if (root_read(root, ROOT_CMDLINE, keep, NULL) == 0 &&
	    cmdline_last(strbuf_span(keep), "ima_template_fmt", &w))
		ret->template_format = w.value;
	return keep->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory") : 0;
}

/* "# Linux/x86 6.12.9 Kernel Configuration" at its head, scripts/kconfig/confdata.c
 * conf_write_heading(); 0: it does not say. */
static unsigned version_of_config(const struct kconfig *config)
{
	enum { HEAD = 4 };
	struct bytes in = bytes_of(strbuf_str(&config->text), config->text.len);
	struct span line, front, back, release;

	for (int i = 0; i < HEAD && bytes_until(&in, '\n', &line); i++)
		if (span_cut_last(line, " Kernel Configuration", &front, &back) &&
		    span_cut_last(front, " ", &back, &release))
			return policy_version_of(release);
	return 0;
}

static void described(const struct kconfig *config, struct policy_kernel *k)
{
	struct keycap_set caps;

	by_config(config, k);
	keycap_describe(config, &caps);
	hashes(&caps, k);
}

static int of_config(const char *path, struct policy_kernel *ret, struct diag *reterr)
{
	struct kconfig config;
	unsigned version;
	int r = kconfig_load_file(AT_FDCWD, path, &config, reterr);

	if (r < 0)
		return r;
	version = version_of_config(&config);
	policy_kernel_of_version(version, ret);
	if (version)
		described(&config, ret);
	kconfig_done(&config);
	return version ? 0
		       : diag_set(
				 reterr, DIAG_NO_KERNEL, EINVAL,
				 "This configuration does not say which kernel it is of.");
}

/* With the configuration that its package put into /boot, if it is installed. */
static void of_release(const struct root *root, const char *release,
		       struct policy_kernel *ret)
{
	struct kconfig config;
	char path[160];

	policy_kernel_of_version(policy_version_of(span_of(release)), ret);
	if (strchr(release, '/') ||
	    snprintf(path, sizeof(path), "boot/config-%s", release) >=
		    (int)sizeof(path) ||
	    kconfig_load_file(root->dir[ROOT_TARGET], path, &config, NULL) < 0)
		return;
	described(&config, ret);
	kconfig_done(&config);
}

int ruleset_kernel_named(const struct root *root, const char *name, struct strbuf *keep,
			 struct policy_kernel *ret, struct diag *reterr)
{
	if (strcmp(name, "auto") == 0)
		return ruleset_kernel(root, keep, ret, reterr);
	if (!policy_version_of(span_of(name)))
		return of_config(name, ret, reterr);
	of_release(root, name, ret);
	return 0;
}
