/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/gen-internal.h"
#include "core/base/sha256.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static void inside(const struct gen_manifest *m, struct span s)
{
	struct span all = strbuf_span(&m->text);

	if (s.len && (s.ptr < all.ptr || s.len > all.len ||
		      (size_t)(s.ptr - all.ptr) > all.len - s.len))
		abort();
}

static void look(const struct gen_manifest *m)
{
	struct span name, hex;

	inside(m, m->origin);
	for (size_t i = 0; i < m->n; i++) {
		const struct gen_claim *c = &m->file[i];
		struct bytes in = bytes_of(c->xattrs.ptr, c->xattrs.len);

		inside(m, c->name);
		inside(m, c->xattrs);
		if (!gen_valid_name(c->name))
			abort();
		while (gen_claim_xattr(&in, &name, &hex)) {
			inside(m, name);
			inside(m, hex);
		}
	}
}

static void parse(struct gen_manifest *m)
{
	if (!m->text.failed && gen_manifest_parse(m))
		look(m);
	strbuf_done(&m->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gen_manifest m = {.n = 0};
	uint8_t hash[SHA256_SIZE];

	strbuf_add(&m.text, data, size);
	parse(&m);
	/* with an end that fits, whatever stands before it */
	m = (struct gen_manifest){.n = 0};
	strbuf_add(&m.text, data, size);
	sha256_of((struct span){data, size}, hash);
	strbuf_adds(&m.text, "end ");
	strbuf_addhex(&m.text, (struct span){hash, sizeof(hash)});
	strbuf_addc(&m.text, '\n');
	parse(&m);
	return 0;
}
