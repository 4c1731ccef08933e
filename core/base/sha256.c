/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/sha256-internal.h"

#include <string.h>

/* FIPS 180-4 section 4.2.2 */
const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t ror(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static void schedule(uint32_t w[64], const uint8_t *block)
{
	for (size_t i = 0; i < 16; i++)
		w[i] = bytes_load32(block + 4 * i, true);
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) +
		       (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
}

/* The eight words stay where they are: what moves is which of them is a. Unrolled, all of
 * them are registers. */
static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], s[8];

	schedule(w, block);
	memcpy(s, state, sizeof(s));
	for (size_t i = 0; i < 64; i += 8) {
#pragma GCC unroll 8
		for (size_t j = 0; j < 8; j++) {
			uint32_t a = s[-j & 7], b = s[(1 - j) & 7], c = s[(2 - j) & 7];
			uint32_t e = s[(4 - j) & 7], f = s[(5 - j) & 7],
				 g = s[(6 - j) & 7];
			uint32_t t = s[(7 - j) & 7] +
				     (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) +
				     ((e & f) ^ (~e & g)) + sha256_k[i + j] + w[i + j];

			s[(3 - j) & 7] += t;
			s[(7 - j) & 7] = t + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) +
					 ((a & b) ^ (a & c) ^ (b & c));
		}
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256_blocks_c(uint32_t state[8], const uint8_t *blocks, size_t n)
{
	for (; n; n--, blocks += 64)
		compress(state, blocks);
}

#if defined(__x86_64__) && defined(__GLIBC__)

/* Chosen by the loader, once. */
__attribute__((no_sanitize("address", "undefined"), used)) static sha256_blocks_fn *
choose(void)
{
	sha256_blocks_fn *quick = sha256_x86();

	return quick ? quick : sha256_blocks_c;
}

static sha256_blocks_fn add_blocks __attribute__((ifunc("choose")));

#else

static void add_blocks(uint32_t state[8], const uint8_t *blocks, size_t n)
{
	sha256_blocks_c(state, blocks, n);
}

#endif

void sha256_init(struct sha256 *h)
{
	*h = (struct sha256){
		.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
			  0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
	};
}

void sha256_add(struct sha256 *h, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = h->len % 64, take;

	h->len += len;
	while (len) {
		if (have == 0 && len >= 64) {
			take = len / 64 * 64;
			add_blocks(h->state, p, take / 64);
			p += take;
			len -= take;
			continue;
		}
		take = 64 - have < len ? 64 - have : len;
		memcpy(h->block + have, p, take);
		p += take;
		len -= take;
		have = (have + take) % 64;
		if (have == 0)
			add_blocks(h->state, h->block, 1);
	}
}

void sha256_end(struct sha256 *h, uint8_t ret[SHA256_SIZE])
{
	static const uint8_t pad[64] = {0x80};
	uint64_t bits = h->len * 8;
	uint8_t len[8];

	sha256_add(h, pad, 1 + (119 - h->len % 64) % 64);
	for (size_t i = 0; i < 8; i++)
		len[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(h, len, 8);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		ret[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_of(struct span bytes, uint8_t ret[SHA256_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, bytes.ptr, bytes.len);
	sha256_end(&h, ret);
}
