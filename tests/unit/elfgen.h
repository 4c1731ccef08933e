/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files made up for tests: headers, an interpreter, a dynamic section; no code. */
#pragma once

#include <elf.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

struct elfgen {
	bool narrow, big_endian; /* else 64 bits, little-endian */
	uint16_t machine;	 /* 0: EM_X86_64 */
	const char *interp, *rpath, *runpath;
	const char *needed[6];
};

/* Where the file is mapped: an address is not an offset. */
enum { ELFGEN_BASE = 0x400000 };

static inline void elfgen_put(struct strbuf *out, const struct elfgen *g, uint64_t v,
			      size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addc(out, (char)(v >> 8 * (g->big_endian ? n - 1 - i : i)));
}

static inline void elfgen_segment(struct strbuf *out, const struct elfgen *g,
				  uint32_t type, size_t at, size_t size)
{
	size_t w = g->narrow ? 4 : 8;

	elfgen_put(out, g, type, 4);
	if (!g->narrow)
		elfgen_put(out, g, 4, 4);
	elfgen_put(out, g, at, w);
	elfgen_put(out, g, at + ELFGEN_BASE, w);
	elfgen_put(out, g, at + ELFGEN_BASE, w);
	elfgen_put(out, g, size, w);
	elfgen_put(out, g, size, w);
	if (g->narrow)
		elfgen_put(out, g, 4, 4);
	elfgen_put(out, g, 8, w);
}

static inline void elfgen_entry(struct strbuf *out, const struct elfgen *g, int tag,
				uint64_t value)
{
	elfgen_put(out, g, (uint64_t)tag, g->narrow ? 4 : 8);
	elfgen_put(out, g, value, g->narrow ? 4 : 8);
}

static inline void elfgen_name(struct strbuf *dynamic, struct strbuf *strings,
			       const struct elfgen *g, int tag, const char *name)
{
	if (!name)
		return;
	elfgen_entry(dynamic, g, tag, strings->len);
	strbuf_add(strings, name, strlen(name) + 1);
}

static inline void elfgen_header(struct strbuf *out, const struct elfgen *g, size_t n)
{
	const uint8_t ident[16] = {0x7f,
				   'E',
				   'L',
				   'F',
				   g->narrow ? ELFCLASS32 : ELFCLASS64,
				   g->big_endian ? ELFDATA2MSB : ELFDATA2LSB,
				   1};
	size_t w = g->narrow ? 4 : 8, head = g->narrow ? 52 : 64;

	strbuf_add(out, ident, sizeof(ident));
	elfgen_put(out, g, ET_DYN, 2);
	elfgen_put(out, g, g->machine ? g->machine : EM_X86_64, 2);
	elfgen_put(out, g, 1, 4);
	elfgen_put(out, g, 0, w);
	elfgen_put(out, g, head, w);
	elfgen_put(out, g, 0, w);
	elfgen_put(out, g, 0, 4);
	elfgen_put(out, g, head, 2);
	elfgen_put(out, g, g->narrow ? 32 : 56, 2);
	elfgen_put(out, g, n, 2);
	elfgen_put(out, g, 0, 6);
}

/* Behind each other: header, program headers, interpreter, strings, dynamic section. */
static inline void elfgen_make(struct strbuf *out, const struct elfgen *g)
{
	_cleanup_strbuf_ struct strbuf strings = {0}, dynamic = {0};
	size_t interp = g->interp ? strlen(g->interp) + 1 : 0, n = 2 + (interp > 0);
	size_t at = (g->narrow ? 52 : 64) + n * (g->narrow ? 32 : 56);

	strbuf_addc(&strings, '\0');
	elfgen_entry(&dynamic, g, DT_STRTAB, at + interp + ELFGEN_BASE);
	for (size_t i = 0; i < array_size(g->needed); i++)
		elfgen_name(&dynamic, &strings, g, DT_NEEDED, g->needed[i]);
	elfgen_name(&dynamic, &strings, g, DT_RPATH, g->rpath);
	elfgen_name(&dynamic, &strings, g, DT_RUNPATH, g->runpath);
	elfgen_entry(&dynamic, g, DT_STRSZ, strings.len);
	elfgen_entry(&dynamic, g, DT_NULL, 0);
	elfgen_header(out, g, n);
	elfgen_segment(out, g, PT_LOAD, 0, at + interp + strings.len + dynamic.len);
	elfgen_segment(out, g, PT_DYNAMIC, at + interp + strings.len, dynamic.len);
	if (interp)
		elfgen_segment(out, g, PT_INTERP, at, interp);
	strbuf_add(out, g->interp ? g->interp : "", interp);
	strbuf_add(out, strings.ptr, strings.len);
	strbuf_add(out, dynamic.ptr, dynamic.len);
}
