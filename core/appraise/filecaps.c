/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/filecaps.h"

#include <errno.h>
#include <linux/capability.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

static const struct {
	int number;
	const char *name;
} names[] = {
#define FILECAP(number, name) {number, name},
#include "core/appraise/filecaps.inc"
#undef FILECAP
};

struct sets {
	uint64_t permitted, inheritable;
	bool effective, not_effective;
};

static uint64_t bit_of(struct span name)
{
	for (size_t i = 0; i < array_size(names); i++)
		if (span_is(name, names[i].name))
			return 1ull << names[i].number;
	return 0;
}

static bool names_of(struct bytes *in, uint64_t *ret)
{
	struct span name;
	bool more = true;

	for (*ret = 0; more; *ret |= bit_of(name)) {
		more = bytes_until(in, ',', &name);
		if (!more && !bytes_take(in, bytes_left(in), &name))
			return false;
		if (!bit_of(name))
			return false;
	}
	return true;
}

static bool letters(struct span flags, uint64_t caps, struct sets *s)
{
	bool effective = false;

	for (size_t i = 0; i < flags.len; i++) {
		switch (flags.ptr[i]) {
		case 'e':
			effective = true;
			break;
		case 'i':
			s->inheritable |= caps;
			break;
		case 'p':
			s->permitted |= caps;
			break;
		default:
			return false;
		}
	}
	s->effective |= effective;
	s->not_effective |= !effective;
	return flags.len > 0;
}

/* One clause: names, "=" or "+", letters. */
static bool clause(struct span text, struct sets *s)
{
	size_t n = 0;
	struct bytes in;
	uint64_t caps;

	while (n < text.len && text.ptr[n] != '=' && text.ptr[n] != '+')
		n++;
	in = bytes_of(text.ptr, n);
	return n < text.len && names_of(&in, &caps) &&
	       letters((struct span){text.ptr + n + 1, text.len - n - 1}, caps, s);
}

static void put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

/* security/commoncap.c: little-endian, permitted and inheritable by 32 bits. */
static void put(const struct sets *s, uint8_t ret[FILECAPS_SIZE])
{
	put32(ret, VFS_CAP_REVISION_2 | (s->effective ? VFS_CAP_FLAGS_EFFECTIVE : 0));
	for (int i = 0; i < 2; i++) {
		put32(ret + 4 + 8 * i, (uint32_t)(s->permitted >> 32 * i));
		put32(ret + 8 + 8 * i, (uint32_t)(s->inheritable >> 32 * i));
	}
}

int filecaps_parse(const char *text, uint8_t ret[FILECAPS_SIZE], struct diag *reterr)
{
	struct sets s = {0};
	bool good = *text != '\0';
	const char *at = text;
	char q[80];
	size_t len;

	for (; good && *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		good = clause((struct span){(const uint8_t *)at, len}, &s);
	}
	if (!good || (s.effective && s.not_effective))
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"%s are no capabilities of a file.",
				str_quote(q, sizeof(q), span_of(text)));
	put(&s, ret);
	return 0;
}
