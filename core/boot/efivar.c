/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/efivar.h"

#include "core/base/pack.h"

enum {
	/* non-volatile, for boot services, at run time (UEFI 2.10, 8.2) */
	ATTRIBUTES = 1 | 2 | 4,
};

static void add_utf8(struct strbuf *out, uint16_t c)
{
	if (c < 0x80) {
		strbuf_addc(out, (char)c);
	} else if (c < 0x800) {
		strbuf_addc(out, (char)(0xc0 | c >> 6));
		strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_addc(out, (char)(0xe0 | c >> 12));
		strbuf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

bool efivar_text(struct span file, struct strbuf *out)
{
	struct bytes in = bytes_of(file.ptr, file.len);
	uint32_t attributes;
	uint16_t c;

	if (!bytes_u32(&in, &attributes) || bytes_left(&in) % 2)
		return false;
	while (bytes_u16(&in, &c) && c)
		add_utf8(out, c);
	return true;
}

void efivar_pack_text(struct strbuf *out, const char *ascii)
{
	pack_u32(out, ATTRIBUTES);
	do {
		pack_u8(out, (uint8_t)*ascii);
		pack_u8(out, 0);
	} while (*ascii++);
}
