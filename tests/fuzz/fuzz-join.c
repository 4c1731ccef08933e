/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of any kind, joined and counted: every record comes out as one denial at most, in
 * bounded memory, with its counts right. */
#include <stdlib.h>

#include "core/triage/denials.h"
#include "core/triage/join.h"
#include "tests/fuzz/fuzz.h"

static int count(void *user, const struct denial *d)
{
	if (d->kind >= _DENIAL_KIND_MAX || d->denied >= _DENIAL_DENIED_MAX ||
	    (d->name == DENIAL_NAME_NONE) != (d->path.len == 0))
		abort();
	return denials_add(user, d) < 0 ? -ENOMEM : 0;
}

static void check(const struct denials *s, const struct join *j)
{
	uint64_t sum = 0;
	struct denials_totals t;

	denials_totals(s, &t);
	for (size_t i = 0; i < denials_rows(s); i++)
		sum += denials_row(s, i)->count;
	if (sum != t.events || (!fuzz_starved && t.events != join_counts(j)->denials))
		abort();
}

static int feed(struct join *j, const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct span line;
	int r = 0;

	while (r >= 0 && bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		r = join_line(j, line, (enum denial_source)(line.len % 4));
	}
	return r < 0 ? r : join_expire(j, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(denials_freep) struct denials *s = NULL;
	_cleanup_(join_freep) struct join *j = NULL;
	struct denials_group *groups = NULL;
	int r = denials_new(&s, NULL);

	if (r >= 0)
		r = join_new(count, s, &j, NULL);
	if (r >= 0)
		r = feed(j, data, size);
	if (r < 0 && !fuzz_starved)
		abort();
	if (!j)
		return 0;
	check(s, j);
	for (int key = 0; key < _DENIALS_KEY_MAX; key++) {
		r = denials_group(s, (enum denials_key)key, NULL, 0, NULL, NULL, &groups);
		if (r >= 0)
			free(groups);
		else if (!fuzz_starved)
			abort();
	}
	return 0;
}
