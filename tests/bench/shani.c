/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <immintrin.h>
#include <string.h>

#include "tests/bench/shani.h"

#define SHANI __attribute__((target("sha,sse4.1,ssse3")))

/* FIPS 180-4, 4.2.2 */
static const uint32_t k256[64] = {
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

/* The order in which the instructions want the eight words of a SHA-256 state. */
struct state256 {
	__m128i abef, cdgh;
};

bool shani_available(void)
{
	/* CPUID 7, EBX bit 29; gcc 12 has no name for it in __builtin_cpu_supports() */
	unsigned a = 7, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b & (1U << 29) && __builtin_cpu_supports("sse4.1");
}

SHANI static inline __m128i load_big_endian(const void *p)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128(p), swap);
}

SHANI static inline void four_rounds256(struct state256 *s, __m128i wk)
{
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

SHANI static inline __m128i schedule256(const __m128i w[4], int i)
{
	__m128i x = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);

	x = _mm_add_epi32(x, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
	return _mm_sha256msg2_epu32(x, w[(i + 3) & 3]);
}

SHANI static inline struct state256 compress256(struct state256 s, __m128i w[4])
{
	struct state256 start = s;

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		const __m128i k =
			_mm_loadu_si128((const __m128i *)(k256 + (size_t)i * 4));

		four_rounds256(&s, _mm_add_epi32(w[i & 3], k));
		if (i < 12)
			w[i & 3] = schedule256(w, i);
	}
	s.abef = _mm_add_epi32(s.abef, start.abef);
	s.cdgh = _mm_add_epi32(s.cdgh, start.cdgh);
	return s;
}

/* The second block of a 64 byte message is always the same: its schedule is made once. */
SHANI static void padding256(__m128i wk[16])
{
	__m128i w[4] = {_mm_set_epi32(0, 0, 0, (int)0x80000000), _mm_setzero_si128(),
			_mm_setzero_si128(), _mm_set_epi32(512, 0, 0, 0)};

	for (int i = 0; i < 16; i++) {
		const __m128i k =
			_mm_loadu_si128((const __m128i *)(k256 + (size_t)i * 4));

		wk[i] = _mm_add_epi32(w[i & 3], k);
		w[i & 3] = schedule256(w, i);
	}
}

SHANI static inline struct state256 compress256_padding(struct state256 s,
							const __m128i wk[16])
{
	struct state256 start = s;

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
		four_rounds256(&s, wk[i]);
	s.abef = _mm_add_epi32(s.abef, start.abef);
	s.cdgh = _mm_add_epi32(s.cdgh, start.cdgh);
	return s;
}

/* From (f e b a), (h g d c), lowest first, to (a b c d), (e f g h). */
SHANI static inline void words256(struct state256 s, __m128i *abcd, __m128i *efgh)
{
	__m128i feba = _mm_shuffle_epi32(s.abef, 0x1b),
		dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);

	*abcd = _mm_blend_epi16(feba, dchg, 0xf0);
	*efgh = _mm_alignr_epi8(dchg, feba, 8);
}

SHANI void shani_extend_sha256(uint8_t pcr[32], const uint8_t *digests, size_t count)
{
	const struct state256 initial = {
		_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
		_mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
	};
	__m128i abcd = load_big_endian(pcr), efgh = load_big_endian(pcr + 16),
		padding[16];

	padding256(padding);
	for (size_t i = 0; i < count; i++, digests += 32) {
		__m128i w[4] = {abcd, efgh, load_big_endian(digests),
				load_big_endian(digests + 16)};

		words256(compress256_padding(compress256(initial, w), padding), &abcd,
			 &efgh);
	}
	_mm_storeu_si128((__m128i *)pcr, abcd);
	_mm_storeu_si128((__m128i *)(pcr + 16), efgh);
	for (int i = 0; i < 32; i += 4) {
		uint32_t word;

		memcpy(&word, pcr + i, 4);
		word = __builtin_bswap32(word);
		memcpy(pcr + i, &word, 4);
	}
}

/* Rounds 4i to 4i+3; the kind of round is part of the instruction, so it is a constant.
 */
#define ROUNDS1(i, kind)                                                                 \
	do {                                                                             \
		const __m128i word = w[(i)&3];                                           \
		const __m128i e1 =                                                       \
			(i) ? _mm_sha1nexte_epu32(e, word) : _mm_add_epi32(e, word);     \
		e = abcd;                                                                \
		abcd = _mm_sha1rnds4_epu32(abcd, e1, kind);                              \
		w[(i)&3] = _mm_sha1msg2_epu32(                                           \
			_mm_xor_si128(_mm_sha1msg1_epu32(word, w[((i) + 1) & 3]),        \
				      w[((i) + 2) & 3]),                                 \
			w[((i) + 3) & 3]);                                               \
	} while (0)

#define ROUNDS1_5(i, kind)                                                               \
	do {                                                                             \
		ROUNDS1(i, kind);                                                        \
		ROUNDS1((i) + 1, kind);                                                  \
		ROUNDS1((i) + 2, kind);                                                  \
		ROUNDS1((i) + 3, kind);                                                  \
		ROUNDS1((i) + 4, kind);                                                  \
	} while (0)

/* The words of a state and of a block are held with the first one highest. */
SHANI static inline void compress1(__m128i *state, __m128i *state_e, __m128i w[4])
{
	const __m128i initial =
		_mm_set_epi32(0x67452301, (int)0xefcdab89, (int)0x98badcfe, 0x10325476);
	const __m128i initial_e = _mm_set_epi32((int)0xc3d2e1f0, 0, 0, 0);
	__m128i abcd = initial, e = initial_e;

	ROUNDS1_5(0, 0);
	ROUNDS1_5(5, 1);
	ROUNDS1_5(10, 2);
	ROUNDS1_5(15, 3);
	*state = _mm_add_epi32(abcd, initial);
	*state_e = _mm_sha1nexte_epu32(e, initial_e);
}

SHANI static inline __m128i load_reversed(const void *p)
{
	const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);

	return _mm_shuffle_epi8(_mm_loadu_si128(p), reverse);
}

/* The 40 bytes are one block: pcr in words 0 to 4, digest in 5 to 9, then the padding. */
SHANI void shani_extend_sha1(uint8_t pcr[20], const uint8_t *digests, size_t count)
{
	const __m128i length = _mm_set_epi32(0, 0, 0, 320);
	__m128i abcd = load_reversed(pcr), e;
	uint32_t last;

	memcpy(&last, pcr + 16, 4);
	e = _mm_set_epi32((int)__builtin_bswap32(last), 0, 0, 0);
	for (size_t i = 0; i < count; i++, digests += 20) {
		uint8_t tail[16] = {[8] = 0x80};
		__m128i w[4] = {abcd,
				_mm_or_si128(e,
					     _mm_srli_si128(load_reversed(digests), 4)),
				_mm_setzero_si128(), length};

		memcpy(tail, digests + 12, 8);
		w[2] = load_reversed(tail);
		compress1(&abcd, &e, w);
	}
	_mm_storeu_si128((__m128i *)pcr, load_reversed(&abcd));
	last = __builtin_bswap32((uint32_t)_mm_extract_epi32(e, 3));
	memcpy(pcr + 16, &last, 4);
}
