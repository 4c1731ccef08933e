/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans and states of files as journals hold them. A plan that is accepted prints only
 * printable text, says what its steps do, and packs to the bytes it came from, but for
 * lines that said something else.
 */
#include "core/base/plan.h"

#include <stdlib.h>

#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "tests/fuzz/fuzz.h"

static void must(bool ok)
{
	if (!ok && !fuzz_starved)
		abort();
}

static void state(struct span s)
{
	_cleanup_strbuf_ struct strbuf again = {0}, next = {0};
	struct fstate f;
	uint8_t hash[32];

	fstate_fingerprint(s, hash);
	if (!fstate_unpack(s, &f))
		return;
	fstate_pack(&again, &f);
	must(f.kind == FSTATE_ABSENT || span_equal(strbuf_span(&again), s));
	must(fstate_same(s, s));
	(void)fstate_inherit_xattrs(f.xattrs, f.xattrs, &next);
}

static bool printable(const struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (((unsigned char)text->ptr[i] < 0x20 && text->ptr[i] != '\n') ||
		    text->ptr[i] == 0x7f)
			return false;
	return true;
}

/* Packed anew it stays as it is. */
static bool settles(const struct strbuf *packed)
{
	_cleanup_strbuf_ struct strbuf again = {0};
	struct plan plan;

	if (plan_unpack(strbuf_span(packed), action_base_set(), &plan, NULL) < 0)
		return false;
	plan_pack(&again, &plan);
	plan_done(&plan);
	return span_equal(strbuf_span(&again), strbuf_span(packed));
}

static void look(const struct plan *plan, struct span bytes)
{
	_cleanup_strbuf_ struct strbuf text = {0}, json = {0}, again = {0};
	struct json j = json_to(&json);

	plan_format(&text, plan, true);
	plan_json(&j, plan);
	must(printable(&text) && printable(&json));
	plan_pack(&again, plan);
	must(span_equal(strbuf_span(&again), bytes) || settles(&again));
	for (size_t i = 0; i < plan->n; i++) {
		must(fspath_valid(plan->steps[i].path) && plan->steps[i].follows <= i);
		must(strncmp(plan->steps[i].line, plan->steps[i].action->verb,
			     strlen(plan->steps[i].action->verb)) == 0);
		state(plan->steps[i].after);
		text.len = 0;
		if (plan->steps[i].action->ops->describe)
			plan->steps[i].action->ops->describe(&text, plan->steps[i].after);
		must(printable(&text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = {data, size};
	struct plan plan;

	state(bytes);
	if (plan_unpack(bytes, action_base_set(), &plan, NULL) == 0) {
		look(&plan, bytes);
		plan_done(&plan);
	}
	return 0;
}
