/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of both forms of the list. What it hands out lies within what it was given,
 * sizes add up, and a record written as the kernel writes text decodes to the same bytes.
 */
#include "core/list/mlog.h"

#include <stdlib.h>

#include "core/base/hex.h"
#include "tests/fuzz/fuzz.h"

static void must(bool ok)
{
	if (!ok && !fuzz_starved)
		abort();
}

static bool within(struct span in, struct span outer)
{
	return in.len == 0 ||
	       (in.ptr >= outer.ptr && in.ptr + in.len <= outer.ptr + outer.len);
}

/* A value of which the kernel's text form says everything. */
static bool plain_value(const struct mlog_field *f)
{
	struct span v = f->value;
	struct mlog_digest d;

	switch (f->id) {
	case MLOG_N:
	case MLOG_N_NG:
	case MLOG_XATTRNAMES:
		if (v.len == 0 || v.ptr[v.len - 1] != '\0')
			return v.len == 0 && f->id == MLOG_XATTRNAMES;
		v.len--;
		return v.len && !memchr(v.ptr, ' ', v.len) && !memchr(v.ptr, '\n', v.len);
	case MLOG_D_NG:
	case MLOG_D_NGV2:
	case MLOG_D_MODSIG:
		return mlog_digest_parse(f->id, v, &d) == 0 && d.alg >= 0 &&
		       (d.type.len == 0 || span_is(d.type, "ima") ||
			span_is(d.type, "verity"));
	case MLOG_IUID:
	case MLOG_IGID:
		return v.len == 4 || v.len == 0;
	case MLOG_IMODE:
		return v.len == 2 || v.len == 0;
	default:
		return f->id >= 0;
	}
}

static bool plain(const struct mlog_field *f, int n)
{
	for (int i = 0; i < n; i++)
		if (!plain_value(&f[i]))
			return false;
	return n > 0;
}

/* As ima_ascii_measurements_show() does, but for the escapes of mlog_field_text(), which
 * names without special characters do not need. */
static bool write_text(const struct mlog_entry *e, const struct mlog_field *f, int n,
		       struct strbuf *out)
{
	strbuf_addf(out, "%2u ", e->pcr);
	strbuf_addhex(out, e->digest);
	strbuf_addc(out, ' ');
	strbuf_add(out, e->name.ptr, e->name.len);
	for (int i = 0; i < n; i++) {
		struct span v = f[i].value;

		strbuf_addc(out, ' ');
		if (f[i].id == MLOG_N || f[i].id == MLOG_N_NG ||
		    f[i].id == MLOG_XATTRNAMES)
			strbuf_add(out, v.ptr, v.len ? v.len - 1 : 0);
		else
			mlog_field_text(&f[i], out);
	}
	strbuf_addc(out, '\n');
	return !out->failed;
}

static void round_trip(const struct mlog_dialect *d, const struct mlog_entry *e,
		       const struct mlog_field *f, int n)
{
	_cleanup_strbuf_ struct strbuf text = {0}, scratch = {0};
	struct mlog_dialect ascii = {.ascii = true,
				     .big_endian = d->big_endian,
				     .digest_size = d->digest_size};
	struct mlog_entry again;
	struct bytes c;

	if (e->legacy || !plain(f, n) || !write_text(e, f, n, &text))
		return;
	c = bytes_of(text.ptr, text.len);
	if (mlog_next(&ascii, &c, &scratch, &again, NULL) != 1) {
		must(false);
		return;
	}
	must(bytes_left(&c) == 0 && again.pcr == e->pcr);
	must(span_equal(again.digest, e->digest) && span_equal(again.data, e->data));
}

static void look(const struct mlog_dialect *d, const struct mlog_entry *e)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mlog_field f[MLOG_FIELDS_MAX];
	int n = mlog_fields(d, e, f, NULL), check = mlog_check(d, e);
	struct mlog_digest digest;
	size_t sum = 0;

	must(e->digest.len == d->digest_size && e->pcr < MLOG_PCR_MAX);
	must(e->violation == span_all(e->digest, 0));
	must(within(mlog_path(d, e), e->data));
	(void)mlog_file_digest(d, e, &digest);
	if (check == 0)
		must(n > 0);
	must(!mlog_other_reading(d, e) || (check == 0 && n == 3));
	for (int i = 0; i < n; i++) {
		must(within(f[i].value, e->data));
		mlog_field_text(&f[i], &text);
		sum += 4 + f[i].value.len;
	}
	if (n >= 0)
		must(e->legacy ? sum == e->data.len + 4 : sum == e->data.len);
	round_trip(d, e, f, n);
}

static void walk(const struct mlog_dialect *d, const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct bytes c = bytes_of(data, size);
	struct diag err = {0};
	struct mlog_entry e;
	size_t before = 0;
	int r;

	while ((r = mlog_next(d, &c, &scratch, &e, &err)) > 0) {
		must(c.pos == before + e.size && e.size > 0 && c.pos <= size);
		before = c.pos;
		look(d, &e);
	}
	must(c.pos == before); /* it stays at what cannot be read */
	must(r == 0 || err.id != DIAG_NONE);
	if (size) {
		c.pos = data[0] % size;
		before = c.pos;
		r = mlog_resync(d, &c);
		must(c.pos <= size && (r == 0 ? c.pos >= before : c.pos == before));
		must(r < 0 || mlog_next(d, &c, &scratch, &e, NULL) == 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mlog_dialect all[] = {
		{.digest_size = 20},
		{.digest_size = 32, .big_endian = true},
		{.digest_size = 20, .ascii = true},
		{.digest_size = 20, .ascii = true, .more = true},
	};
	struct mlog_dialect d;

	if (mlog_sniff((struct span){data, size}, 0, &d, NULL) == 0)
		walk(&d, data, size);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		walk(&all[i], data, size);
	return 0;
}
