/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies of any bytes, for a kernel of which all is known and one of which nothing is.
 * A rule that is taken is taken again, and unchanged, as it was printed; what is proposed
 * instead of one that is refused is taken.
 */
#include <stdlib.h>

#include "core/base/policymatch.h"
#include "tests/fuzz/fuzz.h"

static void must(bool ok)
{
	if (!ok && !fuzz_starved)
		abort();
}

static void same_again(const struct policy_rule *rule, const struct policy_kernel *kernel)
{
	_cleanup_strbuf_ struct strbuf first = {0}, again = {0};
	_cleanup_policy_ struct policy p = {0};

	policy_print(&first, rule);
	strbuf_addc(&first, '\n');
	if (policy_parse(strbuf_span(&first), kernel, &p, NULL) < 0)
		return;
	must(p.n_rules == 1 && !p.rules[0].refused);
	if (fuzz_starved)
		return;
	policy_print(&again, &p.rules[0]);
	strbuf_addc(&again, '\n');
	must(first.failed || again.failed ||
	     span_equal(strbuf_span(&first), strbuf_span(&again)));
}

static void repaired(const struct policy_rule *rule, const struct policy_kernel *kernel)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	_cleanup_policy_ struct policy p = {0};

	if (rule->text.len > 256 || !policy_repair(rule->text, kernel, &line))
		return;
	strbuf_addc(&line, '\n');
	if (policy_parse(strbuf_span(&line), kernel, &p, NULL) == 0)
		must(policy_count(&p, POLICY_ERROR) == 0);
}

static void look(struct span text, const struct policy_kernel *kernel)
{
	struct policymatch_access access = {.func = POLICY_FUNC_FILE_CHECK,
					    .mask = POLICY_MAY_READ};
	struct policymatch_result result;
	_cleanup_policy_ struct policy p = {0};

	if (policy_parse(text, kernel, &p, NULL) < 0)
		return;
	for (size_t i = 0; i < p.n_findings; i++)
		must(p.findings[i].d.text[0] && p.findings[i].d.id != DIAG_NONE);
	for (size_t i = 0; i < p.n_rules; i++)
		if (!p.rules[i].refused)
			same_again(&p.rules[i], kernel);
		else
			repaired(&p.rules[i], kernel);
	policymatch_decide(&p, &access, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_kernel nothing = {0}, all = {0};

	policy_kernel_of_version(POLICY_VERSION(7, 2), &all);
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		all.cap[c] = POLICY_YES;
	all.hashes = ~0u;
	all.labels_defined = POLICY_YES;
	look((struct span){data, size}, &nothing);
	look((struct span){data, size}, &all);
	return 0;
}
