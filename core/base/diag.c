/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

static const struct {
	const char *code;
	const char *hint;
} rows[_DIAG_MAX] = {
	[DIAG_NONE] = {"IMA-G000", ""},
#define DIAG(id, code, hint) [DIAG_##id] = {code, hint},
#include "core/base/diags.inc"
#undef DIAG
};

static const struct {
	int err;
	const char *text;
} errnos[] = {
	{ENOENT, "no such file"},
	{ENODATA, "no such attribute"},
	{ESTALE, "changed meanwhile"},
	{EACCES, "permission denied"},
	{EPERM, "not permitted"},
	{EBUSY, "in use by somebody else"},
	{EINTR, "interrupted"},
	{EIO, "input/output error"},
	{ENOSPC, "no space left"},
	{EROFS, "read-only file system"},
	{ENOMEM, "out of memory"},
	{ENOTDIR, "not a folder"},
	{EISDIR, "a folder, not a file"},
	{ELOOP, "a symbolic link where none is allowed, or links in a circle"},
	{EINVAL, "not valid"},
	{EBADMSG, "damaged"},
	{EFBIG, "too large"},
	{ENODEV, "no such device"},
	{EOPNOTSUPP, "not supported here"},
	{EEXIST, "exists already"},
	{ETIMEDOUT, "no answer in time"},
	{EPIPE, "the reader is gone"},
	{EBADF, "closed"},
	{ENOKEY, "no key that is trusted vouches for it"},
	{EKEYREJECTED, "the key was rejected"},
	{ENOPKG, "an algorithm that the kernel lacks"},
	{EDQUOT, "the quota is used up"},
};

int diag_setv(struct diag *reterr, enum diag_id id, int err, const char *fmt, va_list ap)
{
	if (err < 0)
		err = -err;
	if (reterr) {
		*reterr = (struct diag){.id = id, .err = err};
		(void)vsnprintf(reterr->text, sizeof(reterr->text), fmt, ap);
	}
	return err ? -err : -EINVAL;
}

int diag_set(struct diag *reterr, enum diag_id id, int err, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = diag_setv(reterr, id, err, fmt, ap);
	va_end(ap);
	return r;
}

int diag_at(struct diag *reterr, unsigned line, unsigned column)
{
	if (!reterr)
		return -EINVAL;
	reterr->line = line;
	reterr->column = column;
	return reterr->err ? -reterr->err : -EINVAL;
}

const char *diag_code(enum diag_id id)
{
	return id < _DIAG_MAX ? rows[id].code : rows[DIAG_NONE].code;
}

const char *diag_hint(enum diag_id id)
{
	return id < _DIAG_MAX ? rows[id].hint : "";
}

const char *diag_errno(int err)
{
	if (err < 0)
		err = -err;
	for (size_t i = 0; i < array_size(errnos); i++)
		if (errnos[i].err == err)
			return errnos[i].text;
	return strerrordesc_np(err) ?: "unknown error";
}

void diag_format(struct strbuf *out, const struct diag *d)
{
	strbuf_addf(out, "%s: ", diag_code(d->id));
	if (d->line)
		strbuf_addf(out, "line %u%s", d->line, d->column ? "" : ": ");
	if (d->line && d->column)
		strbuf_addf(out, ", column %u: ", d->column);
	strbuf_addf(out, "%s\n", d->text);
	if (*diag_hint(d->id))
		strbuf_addf(out, "  hint: %s\n", diag_hint(d->id));
}
