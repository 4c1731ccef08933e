/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/grubenv.h"

#include <errno.h>
#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"

bool grubenv_is(struct span b)
{
	return b.len == GRUBENV_SIZE && memcmp(b.ptr, SIGNATURE, strlen(SIGNATURE)) == 0;
}

/* "NAME=" at the beginning of @line; the rest is the value. */
static bool names(struct span line, const char *name, struct span *ret)
{
	size_t n = strlen(name);

	if (line.len <= n || memcmp(line.ptr, name, n) != 0 || line.ptr[n] != '=')
		return false;
	*ret = (struct span){line.ptr + n + 1, line.len - n - 1};
	return true;
}

bool grubenv_get(struct span block, const char *name, struct span *ret)
{
	struct bytes in = bytes_of(block.ptr, block.len);
	struct span line;

	if (!grubenv_is(block))
		return false;
	while (bytes_until(&in, '\n', &line))
		if (names(line, name, ret))
			return ret->len > 0;
	return false;
}

/* The other lines in their order, ours where it was or behind them. */
static void put_lines(struct span block, const char *name, struct span value,
		      struct strbuf *out)
{
	struct bytes in = bytes_of(block.ptr, block.len);
	struct span line, old;
	bool done = !value.len;

	while (bytes_until(&in, '\n', &line)) {
		bool ours = names(line, name, &old);

		if (ours && !done) {
			strbuf_addf(out, "%s=", name);
			strbuf_add(out, value.ptr, value.len);
			done = true;
		} else if (!ours)
			strbuf_add(out, line.ptr, line.len);
		else
			continue;
		strbuf_addc(out, '\n');
	}
	if (!done) {
		strbuf_addf(out, "%s=", name);
		strbuf_add(out, value.ptr, value.len);
		strbuf_addc(out, '\n');
	}
}

int grubenv_set(struct span block, const char *name, struct span value,
		struct strbuf *out)
{
	size_t begin = out->len;

	if (block.len && !grubenv_is(block))
		return -EBADMSG;
	if (value.len && memchr(value.ptr, '\n', value.len))
		return -EINVAL;
	if (!block.len)
		block = span_of(SIGNATURE);
	put_lines(block, name, value, out);
	if (out->len - begin > GRUBENV_SIZE)
		return -ENOSPC;
	while (!out->failed && out->len - begin < GRUBENV_SIZE)
		strbuf_addc(out, '#');
	return out->failed ? -ENOMEM : 0;
}
