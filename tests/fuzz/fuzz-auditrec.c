/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/host/auditrec.h"
#include "tests/fuzz/fuzz.h"

static bool lies_within(struct span part, struct span line)
{
	return !part.len ||
	       (part.ptr >= line.ptr && part.ptr + part.len <= line.ptr + line.len);
}

/* A field is a part of the line, and stands for as many bytes or half of them. */
static void check_field(const struct auditrec *r, enum auditrec_field f, struct span line)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	bool hex = r->hex >> f & 1;
	uint64_t n;

	if (!lies_within(r->at[f], line) ||
	    auditrec_text(r, f, &text) != auditrec_has(r, f))
		abort();
	if (text.failed && !fuzz_starved)
		abort();
	if (auditrec_has(r, f) && !text.failed &&
	    text.len != r->at[f].len / (hex ? 2 : 1))
		abort();
	if (auditrec_number(r, f, &n) && !auditrec_has(r, f))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = {data, size};
	struct auditrec r;
	int got = auditrec_parse(line, &r, NULL);

	if (got != 0 && got != 1 && got != -EBADMSG)
		abort();
	if (got < 0)
		return 0;
	if ((got == 0 && r.has) || !lies_within(r.body, line) ||
	    !lies_within(r.node, line) || r.hex & ~r.has)
		abort();
	for (int f = 0; f < _AUDITREC_FIELD_MAX; f++)
		check_field(&r, (enum auditrec_field)f, line);
	return 0;
}
