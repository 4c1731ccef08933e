/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning labels on a machine: its kernel, what is known of its files, threads. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/probe/probe.h"
#include "core/label/relabel.h"

void relabel_kernel(const struct root *root, struct relabel_kernel *ret)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	enum hash_alg alg;

	*ret = (struct relabel_kernel){.alg = HASH_SHA256};
	if (probe_run(root, (struct span){0}, &p, NULL) < 0)
		return;
	ret->fixes = probe_is(p, PROBE_APPRAISE_MODE, PROBE_YES) &&
		     strcmp(p->fact[PROBE_APPRAISE_MODE].value, "fix") == 0;
	ret->secure_boot = probe_is(p, PROBE_SECURE_BOOT, PROBE_YES);
	alg = hash_alg_from_name(span_of(p->fact[PROBE_HASH].value));
	if (probe_is(p, PROBE_HASH, PROBE_YES) && alg >= 0)
		ret->alg = alg;
}

/* linux 6.1 ima_appraise.c default_appraise_setup() */
const char *relabel_kernel_words(const struct relabel_kernel *k)
{
	return k->secure_boot ? "Secure Boot is on: the kernel ignores ima_appraise=fix "
				"and ima_appraise=log, so no boot tries the labels out."
			      : NULL;
}

void relabel_needs(struct strbuf *out, const struct relabel *r)
{
	char files[48];

	if (!r->needs_signature)
		return;
	strbuf_addf(out,
		    "%s without a signature, which the policy wants: a hash will not do, "
		    "'imactl file sign' signs.\n",
		    str_counted(files, sizeof(files), r->needs_signature, "file is left",
				"files are left"));
}

int relabel_plan_root(struct root *root, const struct relabel_how *how,
		      const struct relabel_opts *opts, const struct relabel_watch *watch,
		      struct relabel *ret, struct diag *reterr)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(known_freep) struct known *known = NULL;
	bool whole = opts->scope != SCOPE_NAMED;
	int r = pool_new(how->threads, &pool, reterr);

	if (r == 0 && !how->recheck)
		r = known_load(root, &known, reterr);
	if (known && how->readonly)
		known_freeze(known);
	if (r == 0)
		r = relabel_plan(pool, root, known, opts, watch, ret, reterr);
	/* a cache that cannot be written costs a second look */
	if (r == 0 && known && !how->readonly)
		(void)known_save(known, root, whole, NULL);
	return r;
}
