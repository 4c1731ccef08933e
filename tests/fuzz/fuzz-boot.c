/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot loaders' files. What is edited has what was wished for, and editing it again changes
 * nothing; a block keeps its size. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/boot/bootentry.h"
#include "core/boot/efivar.h"
#include "core/boot/grubcfg.h"
#include "core/boot/grubdefault.h"
#include "core/boot/grubenv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bootwords wish = {
	{{"ima_appraise", "ima_appraise=log"}, {"panic", NULL}},
	2,
};

/* A quote without its end takes in all that is put behind it. */
static bool same(struct span in, const struct strbuf *a, const struct strbuf *b)
{
	return a->failed || b->failed || (in.len && memchr(in.ptr, '"', in.len)) ||
	       span_equal(strbuf_span(a), strbuf_span(b));
}

static void check_cfg(struct span in)
{
	_cleanup_strbuf_ struct strbuf once = {0}, twice = {0};
	_cleanup_grubcfg_ struct grubcfg g;
	const struct grubcfg_entry *e;
	size_t lines;

	if (grubcfg_parse(in, &g) == 0 && (e = grubcfg_default(&g, span_of("1>0"))) &&
	    (e->submenu || e->body.ptr < in.ptr || e->body.len > in.len))
		abort();
	(void)grubcfg_fit(in, &wish, &lines);
	grubcfg_edit(in, &wish, &once);
	grubcfg_edit(strbuf_span(&once), &wish, &twice);
	if (!same(in, &once, &twice))
		abort();
}

static void check_words(struct span in)
{
	_cleanup_strbuf_ struct strbuf line = {0}, entry = {0}, again = {0}, other = {0};

	bootwords_edit(in, &wish, &line);
	bootentry_edit(in, &wish, &entry);
	bootentry_edit(strbuf_span(&entry), &wish, &again);
	if (!same(in, &entry, &again))
		abort();
	bootentry_copy(in, "once", &wish, &other);
	(void)grubdefault_without(in, &wish, &other);
	grubdefault_own(in, &wish, &other);
	(void)efivar_text(in, &other);
}

static void check_env(struct span in)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	struct span value;

	if (grubenv_set(in, "next_entry", span_of("x"), &out) == 0 &&
	    (out.len != GRUBENV_SIZE ||
	     !grubenv_get(strbuf_span(&out), "next_entry", &value) ||
	     !span_is(value, "x")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = {data, size};

	check_cfg(in);
	check_words(in);
	check_env(in);
	return 0;
}
