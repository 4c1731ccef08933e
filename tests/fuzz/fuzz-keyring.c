/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/keyring.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static void inside(struct span text, struct span s)
{
	if (s.len && (s.ptr < text.ptr || s.ptr + s.len > text.ptr + text.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {data, size};
	struct keyring_key *keys = NULL;
	int n = keyring_parse(text, &keys);

	if (n < 0 && !fuzz_starved)
		abort();
	for (int i = 0; i < n; i++) {
		const struct keyring_key *k = &keys[i];

		inside(text, k->type);
		inside(text, k->description);
		inside(text, k->name);
		inside(text, k->id);
		inside(text, k->algorithm);
		inside(text, k->keyid);
		if (k->serial <= 0 || (i > 0 && k->serial < keys[i - 1].serial))
			abort();
		if (i > 0 && k->serial == keys[i - 1].serial && !k->twice)
			abort();
	}
	free(keys);
	return 0;
}
