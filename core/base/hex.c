/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/hex.h"

#include <errno.h>

void hex_encode(char *out, struct span bytes)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digit[bytes.ptr[i] >> 4];
		out[2 * i + 1] = digit[bytes.ptr[i] & 15];
	}
}

static int value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(uint8_t *out, struct span text)
{
	if (text.len % 2)
		return -EINVAL;
	for (size_t i = 0; i < text.len / 2; i++) {
		int hi = value(text.ptr[2 * i]), lo = value(text.ptr[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}
