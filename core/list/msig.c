/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/msig.h"

#include "core/base/imaxattr.h"

/* A log keeps what was on the file, damaged or not: the header alone decides. */
bool msig_parse(struct span value, struct msig *ret)
{
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, value, &x);
	if (!imaxattr_is_sig(&x) || !x.keyid.len)
		return false;
	*ret = (struct msig){
		.type = x.type,
		.version = x.version,
		.hash = x.hash,
		.keyid = x.keyid,
		.size = x.promised,
	};
	return true;
}

bool msig_of(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
	     struct msig *ret)
{
	struct span v;

	if (mlog_field(dialect, entry, MLOG_SIG, &v) && v.len)
		return msig_parse(v, ret);
	return mlog_field(dialect, entry, MLOG_EVMSIG, &v) && v.len && msig_parse(v, ret);
}

bool msig_any(const struct mlog_dialect *dialect, const struct mlog_entry *entry)
{
	static const enum mlog_field_id ids[] = {MLOG_SIG, MLOG_EVMSIG, MLOG_MODSIG};
	struct span v;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (mlog_field(dialect, entry, ids[i], &v) && v.len)
			return true;
	return false;
}
