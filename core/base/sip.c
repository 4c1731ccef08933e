/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/sip.h"

#include <sys/random.h>

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void rounds(struct sip *s, unsigned n)
{
	uint64_t *v = s->v;

	for (; n; n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

void sip_new_key(uint64_t ret_key[2])
{
	/* so few bytes never fall short (getrandom(2)) */
	(void)!getrandom(ret_key, 2 * sizeof(*ret_key), 0);
}

void sip_start(struct sip *s, const uint64_t key[2])
{
	*s = (struct sip){{key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f83u,
			   key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u}};
}

void sip_add(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s, 2);
	s->v[0] ^= word;
}

void sip_add_span(struct sip *s, struct span bytes)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);
	struct span rest;
	uint64_t word;

	while (bytes_u64(&b, &word))
		sip_add(s, word);
	word = (uint64_t)bytes.len << 56;
	if (bytes_take(&b, bytes_left(&b), &rest) && rest.len)
		word |= bytes_load(rest.ptr, rest.len, false);
	sip_add(s, word);
}

void sip_end(struct sip *s, uint64_t ret[2])
{
	uint64_t *v = s->v;

	for (int i = 0; i < 2; i++) {
		v[i ? 1 : 2] ^= i ? 0xdd : 0xee;
		rounds(s, 4);
		ret[i] = v[0] ^ v[1] ^ v[2] ^ v[3];
	}
}
