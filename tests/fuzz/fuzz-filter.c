/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language: any text either compiles or is refused with a column; what compiles
 * prints as text that compiles to the same filter, and both answer alike for every entry.
 */
#include <stdlib.h>
#include <string.h>

#include "core/list/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/listgen.h"

static void must(bool ok)
{
	if (!ok && !fuzz_starved)
		abort();
}

static const struct made entries[] = {
	{NULL, "boot_aggregate", 1, false, NULL},
	{"ima-sig", "/usr/bin/ls", 0x10, false, "030204deadbeef0004aabbccdd"},
	{"ima-sig", "/var/log/w\ntmp\xff", 0, true, ""},
	{NULL, "/opt/app (deleted)", 0xab, false, NULL},
};

static struct mstore *sample(void)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct mstore *s = NULL;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		listgen_record(&b, &entries[i]);
	if (b.failed ||
	    mstore_new(&(struct mlog_dialect){.digest_size = 20}, &s, NULL) < 0)
		return NULL;
	if (mstore_append(s, false, (struct span){(uint8_t *)b.ptr, b.len}, NULL) < 0)
		return mstore_free(s);
	return s;
}

static void same_answers(const struct filter *a, const struct filter *b)
{
	_cleanup_(mstore_freep) struct mstore *s = sample();
	struct filter_context ctx = {0};
	mref found[8], from = 0;
	size_t n = s ? filter_scan(a, &ctx, s, &from, 1000000, found, 8) : 0, hits = 0;

	for (mref r = 0; s && r < mstore_head(s); r++) {
		struct mlog_entry e;
		bool yes;

		if (!mstore_entry(s, r, NULL, &e)) {
			must(false);
			continue;
		}
		yes = filter_match(a, &ctx, mstore_dialect(s), &e, r + 1, r);
		must(yes == filter_match(b, &ctx, mstore_dialect(s), &e, r + 1, r));
		must(!yes || (hits < n && found[hits] == r));
		hits += yes;
	}
	must(hits == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(filter_freep) struct filter *f = NULL, *again = NULL;
	_cleanup_free_ char *text =
		size < 2048 ? strndup((const char *)data, size) : NULL;
	struct diag d = {0};

	if (!text)
		return 0;
	if (filter_new(text, &f, &d) < 0) {
		must(!f && (d.id == DIAG_MEMORY || d.column <= strlen(text) + 1));
		return 0;
	}
	if (filter_new(filter_text(f), &again, &d) < 0) {
		must(d.id == DIAG_MEMORY);
		return 0;
	}
	must(strcmp(filter_text(f), filter_text(again)) == 0);
	same_answers(f, again);
	return 0;
}
