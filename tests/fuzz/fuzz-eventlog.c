/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/eventlog.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

/* What was replayed has the shape the callers rely on. */
static void check(const struct pcrs *p)
{
	if (p->n_banks > PCRS_BANKS_MAX)
		abort();
	for (size_t i = 0; i < p->n_banks; i++)
		if (hash_alg_size(p->bank[i].alg) == 0 ||
		    p->bank[i].present != (1u << EVENTLOG_PCRS) - 1)
			abort();
}

static void walk(struct span log)
{
	struct eventlog l = eventlog_of(log);
	struct eventlog_event e;
	size_t before = 0;

	while (eventlog_next(&l, &e, NULL) > 0) {
		if (l.in.pos <= before || l.in.pos > log.len ||
		    e.n_digests > EVENTLOG_ALGS_MAX)
			abort();
		before = l.in.pos;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span log = {data, size};
	struct pcrs *p = calloc(1, sizeof(*p));
	struct diag d = {0};

	walk(log);
	if (p && eventlog_replay(log, p, &d) == 0)
		check(p);
	else if (p && d.id == DIAG_NONE)
		abort(); /* every refusal is explained */
	free(p);
	return 0;
}
