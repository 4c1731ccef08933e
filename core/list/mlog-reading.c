/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else a record could be called: no digest covers the template's name. */
#include "core/base/imaxattr.h"
#include "core/list/mlog.h"

/* ima_template_lib.c ima_eventsig_init(): security.ima, or security.evm in its place. What
 * is whole is no buffer of the kernel's by chance. */
static bool is_signature(struct span value)
{
	struct imaxattr x;

	for (int attr = IMAXATTR_IMA; attr <= IMAXATTR_EVM; attr++) {
		imaxattr_decode((enum imaxattr_attr)attr, value, &x);
		if (imaxattr_is_sig(&x) && imaxattr_usable(&x))
			return true;
	}
	return false;
}

/* The last of three fields, all of the data. */
static bool third_field(const struct mlog_dialect *dialect, struct span data,
			struct span *ret)
{
	struct bytes b = bytes_of(data.ptr, data.len);
	uint32_t len;

	b.big_endian = dialect->big_endian;
	for (int i = 0; i < 3; i++)
		if (!bytes_u32(&b, &len) || !bytes_take(&b, len, ret))
			return false;
	return !bytes_left(&b);
}

/* Digests of d-ng and d-ngv2 are told apart by what they begin with, the others by how
 * many fields there are: of the built-in templates only these two are left. Nothing in the
 * third field is nothing in both. */
const char *mlog_other_reading(const struct mlog_dialect *dialect,
			       const struct mlog_entry *entry)
{
	bool sig =
		span_is(entry->name, "ima-sig") || span_is(entry->name, "d-ng|n-ng|sig");
	bool buf = !sig && (span_is(entry->name, "ima-buf") ||
			    span_is(entry->name, "d-ng|n-ng|buf"));
	struct span third;

	if (!(sig || buf) || entry->violation ||
	    !third_field(dialect, entry->data, &third) || !third.len)
		return NULL;
	if (is_signature(third))
		return buf ? "ima-sig" : NULL;
	return sig ? "ima-buf" : NULL;
}
