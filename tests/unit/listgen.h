/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measurement lists made up for tests: the layout is the kernel's, digests are patterns. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/base/str.h"

struct made {
	const char *template; /* "ima-ng", "ima-sig", "ima-buf", or NULL for ima-ng */
	const char *path;
	uint8_t seed; /* of the file digest */
	bool violation;
	const char *sig_hex; /* or what is in the buffer; NULL: none */
};

static inline void listgen_u32(struct strbuf *out, size_t v)
{
	for (int i = 0; i < 4; i++)
		strbuf_addc(out, (char)(v >> (8 * i)));
}

static inline void listgen_record(struct strbuf *out, const struct made *m)
{
	const char *template = m->template ? m->template : "ima-ng";
	size_t sig = m->sig_hex ? strlen(m->sig_hex) / 2 : 0, path = strlen(m->path) + 1;
	bool has_sig =
		strcmp(template, "ima-sig") == 0 || strcmp(template, "ima-buf") == 0;
	uint8_t sig_bytes[600];

	listgen_u32(out, 10);
	for (size_t i = 0; i < 20; i++)
		strbuf_addc(out, m->violation ? '\0' : (char)(m->seed ^ i ^ path));
	listgen_u32(out, strlen(template));
	strbuf_adds(out, template);
	listgen_u32(out, 4 + 40 + 4 + path + (has_sig ? 4 + sig : 0));
	listgen_u32(out, 40);
	strbuf_add(out, "sha256:", 8);
	for (size_t i = 0; i < 32; i++)
		strbuf_addc(out, m->violation ? '\0' : (char)(m->seed + i));
	listgen_u32(out, path);
	strbuf_add(out, m->path, path);
	if (!has_sig)
		return;
	listgen_u32(out, sig);
	if (sig) {
		(void)hex_decode(sig_bytes, span_of(m->sig_hex));
		strbuf_add(out, sig_bytes, sig);
	}
}

/* @n records "/usr/bin/tool-%06u" from number @first on. */
static inline void listgen_many(struct strbuf *out, unsigned first, unsigned n)
{
	char path[64];

	for (unsigned i = first; i < first + n; i++) {
		snprintf(path, sizeof(path), "/usr/bin/tool-%06u", i);
		listgen_record(out, &(struct made){.path = path, .seed = (uint8_t)i});
	}
}

static inline int listgen_file(const struct strbuf *b)
{
	FILE *f = tmpfile();
	int fd;

	if (!f || fwrite(strbuf_str(b), 1, b->len, f) != b->len || fflush(f) != 0)
		return -1;
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}
