/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/rolloutobserve.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/boot/bootmode.h"
#include "core/boot/bootplan.h"
#include "core/rollout/rolloutmemo.h"

/* Without the word for it the policy would be enforced from the next start on, untried. */
static int no_words(const struct root *root, const struct bootloader *b,
		    const struct probe *p, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf line = {0};

	if (bootloader_next_words(root, b, &line, NULL) < 0) {
		strbuf_clear(&line);
		(void)root_read_line(root, ROOT_CMDLINE, &line, NULL);
	}
	if (bootmode_of(p, strbuf_span(&line)) == BOOTMODE_LOG)
		return 0;
	return diag_set(
		reterr, DIAG_ROLLOUT_NO_LOG, EOPNOTSUPP,
		"The next start is in the mode %s, and imactl cannot change that: %s.",
		bootmode_name(bootmode_of(p, strbuf_span(&line))), b->no_words);
}

static int add_words(struct plan *plan, const struct root *root, const struct probe *p,
		     struct diag *reterr)
{
	const char *ignored = bootmode_ignored(p, BOOTMODE_LOG);
	struct bootloader b;
	struct bootwords wish;
	int r;

	if (ignored)
		return diag_set(reterr, DIAG_ROLLOUT_NEVER_LOG, EOPNOTSUPP,
				"This kernel heeds no ima_appraise=log: %s.", ignored);
	r = bootloader_look(root, &b, reterr);
	if (r < 0)
		return r;
	if (*b.no_words)
		return no_words(root, &b, p, reterr);
	bootmode_words(BOOTMODE_LOG, false, &wish);
	return bootplan_words(plan, root, &b, &wish, reterr);
}

int rolloutobserve_plan(const struct rolloutobserve *in, struct plan *ret,
			struct genback_said *ret_said, struct diag *reterr)
{
	const struct genback put = {in->root, in->release, in->number, true};
	_cleanup_(probe_freep) struct probe *p = NULL;
	int r = plan_init(ret, "observe a policy in log mode", reterr);

	if (r == 0)
		r = probe_run(in->root, (struct span){0}, &p, reterr);
	if (r == 0) /* the mode first: cut short, nothing is enforced */
		r = add_words(ret, in->root, p, reterr);
	if (r >= 0)
		r = genback_add(&put, ret, ret_said, reterr);
	if (r >= 0)
		r = rolloutmemo_observe(ret, in->root, in->number, in->seconds, in->boots,
					reterr);
	return r < 0 ? r : 0;
}

bool rolloutobserve_on_disk(const struct root *root, unsigned number)
{
	_cleanup_strbuf_ struct strbuf disk = {0}, own = {0};

	return root_read(root, ROOT_BOOT_POLICY, &disk, NULL) >= 0 &&
	       gen_read(root, number, GEN_POLICY, &own, NULL, NULL) >= 0 &&
	       span_equal(strbuf_span(&disk), strbuf_span(&own));
}

bool rolloutobserve_is_on(const struct root *root, const struct probe *probe,
			  unsigned number)
{
	return strcmp(probe->fact[PROBE_APPRAISE_MODE].value, "log") == 0 &&
	       probe_is(probe, PROBE_POLICY, PROBE_YES) &&
	       rolloutobserve_on_disk(root, number);
}

int rolloutobserve_note(const struct root *root, uint64_t now, struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_(probe_freep) struct probe *p = NULL;
	struct rolloutmemo memo;

	if (gen_list_load(root, NULL, &list, NULL) < 0 || !list.candidate)
		return 0;
	rolloutmemo_load(root, list.candidate, &memo);
	if (!memo.observe || probe_run(root, (struct span){0}, &p, NULL) < 0 ||
	    !rolloutobserve_is_on(root, p, list.candidate))
		return 0;
	return rolloutmemo_seen(root, list.candidate, now, reterr);
}
