/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/bootagg.h"

#include <errno.h>

#include "core/base/cleanup.h"

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

unsigned bootagg_last(enum hash_alg alg)
{
	return alg == HASH_SHA1 ? 7 : 9;
}

int bootagg_compute(const struct pcrs *p, enum hash_alg alg, unsigned last,
		    struct digest *ret, struct diag *reterr)
{
	struct digest d = {.alg = alg, .size = (uint8_t)hash_alg_size(alg)};
	_cleanup_(hash_freep) struct hash_ctx *h = NULL;
	struct span value;

	for (unsigned i = 0; i <= last; i++)
		if (!pcrs_value(p, alg, i, &value))
			return diag_set(
				reterr, DIAG_NO_PCR, ENODATA,
				"The boot aggregate needs PCR %u of bank %s, and there is no value.",
				i, hash_alg_name(alg));
	h = hash_new(alg, reterr);
	if (!h)
		return -EOPNOTSUPP;
	hash_start(h);
	for (unsigned i = 0; i <= last && pcrs_value(p, alg, i, &value); i++)
		hash_add(h, value.ptr, value.len);
	hash_finish(h, d.value);
	*ret = d;
	return 0;
}

static const char name[] = "boot_aggregate";

static void put_u32(const struct mlog_dialect *d, size_t v, struct strbuf *out)
{
	for (unsigned i = 0; i < 4; i++)
		strbuf_addc(out, (char)(v >> (8 * (d->big_endian ? 3 - i : i))));
}

static void put_field(const struct mlog_dialect *d, struct span id,
		      const struct digest *digest, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	bool v2 = span_is(id, "d-ngv2");

	if (v2 || span_is(id, "d-ng")) {
		strbuf_addf(&value, "%s%s:", v2 ? "ima:" : "",
			    hash_alg_name(digest->alg));
		strbuf_addc(&value, '\0');
		strbuf_add(&value, digest->value, digest->size);
	} else if (span_is(id, "d")) {
		strbuf_add(&value, digest->value, digest->size);
	} else if (span_is(id, "n-ng")) {
		strbuf_add(&value, name, sizeof(name));
	} else if (span_is(id, "n")) {
		strbuf_add(&value, name, sizeof(name) - 1);
	}
	put_u32(d, value.len, out);
	strbuf_add(out, value.ptr, value.len);
	out->failed |= value.failed;
}

int bootagg_data(const struct mlog_dialect *dialect, struct span template,
		 const struct digest *digest, struct strbuf *out)
{
	struct span format = mlog_template_format(template), id;
	struct bytes b = bytes_of(format.ptr, format.len);

	if (span_is(template, "ima")) { /* without lengths but for the name's */
		if (digest->size != 20)
			return -ENOENT;
		strbuf_add(out, digest->value, digest->size);
		put_u32(dialect, sizeof(name) - 1, out);
		strbuf_adds(out, name);
		return 0;
	}
	if (!memchr(format.ptr, '|', format.len))
		return -ENOENT;
	while (bytes_until(&b, '|', &id))
		put_field(dialect, id, digest, out);
	if (bytes_take(&b, bytes_left(&b), &id))
		put_field(dialect, id, digest, out);
	return 0;
}
