/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans of labels as jobs keep them, and what their steps wish. What is accepted packs to
 * the bytes it came from, and says what it does in printable text.
 */
#include <stdlib.h>

#include "core/label/act-label.h"
#include "tests/fuzz/fuzz.h"

static void must(bool ok)
{
	if (!ok && !fuzz_starved)
		abort();
}

static bool printable(const struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->ptr[i] < 0x20 || text->ptr[i] == 0x7f)
			return false;
	return true;
}

static void wish(struct span bytes)
{
	const struct action_ops *ops = act_label_action()->ops;
	_cleanup_strbuf_ struct strbuf text = {0}, again = {0};
	struct act_label_wish w, same;

	(void)ops->same(bytes, bytes); /* a state, or none */
	ops->describe(&text, bytes);
	must(printable(&text));
	if (!act_label_unpack(bytes, &w))
		return;
	must(text.len > 0 && !ops->same(bytes, bytes));
	act_label_pack(&again, &w);
	must(again.len == bytes.len && act_label_unpack(strbuf_span(&again), &same));
}

static void look(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		_cleanup_strbuf_ struct strbuf line = {0};

		plan_step_line(&line, &plan->steps[i], true);
		must(printable(&line) && line.len > 0);
		wish(plan->steps[i].after);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = {data, size};
	struct plan plan;

	wish(bytes);
	if (plan_unpack(bytes, act_label_set(), &plan, NULL) == 0) {
		look(&plan);
		plan_done(&plan);
	}
	return 0;
}
