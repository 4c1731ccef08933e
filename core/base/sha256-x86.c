/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/sha256-internal.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

/* The words of a state as the instructions want them, and four words of the schedule. */
struct halves {
	__m128i abef, cdgh;
};

WITH_SHA static inline __m128i load4(const uint8_t *p)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), big_endian);
}

/* FIPS 180-4 6.2.2 step 1, four words at a time, in a ring of sixteen. */
WITH_SHA static inline __m128i schedule4(const __m128i w[4], unsigned i)
{
	__m128i x = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);

	x = _mm_add_epi32(x, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
	return _mm_sha256msg2_epu32(x, w[(i + 3) & 3]);
}

WITH_SHA static inline void block(struct halves *s, const uint8_t *p)
{
	__m128i w[4] = {load4(p), load4(p + 16), load4(p + 32), load4(p + 48)};
	const struct halves before = *s;

#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		const __m128i *k = (const __m128i *)(const void *)(sha256_k + 4 * i);
		__m128i wk = _mm_add_epi32(w[i & 3], _mm_loadu_si128(k));

		s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
		s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh,
						_mm_shuffle_epi32(wk, 0x0e));
		if (i < 12)
			w[i & 3] = schedule4(w, i);
	}
	s->abef = _mm_add_epi32(s->abef, before.abef);
	s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

WITH_SHA static void blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
	struct halves s = {_mm_set_epi32((int)state[0], (int)state[1], (int)state[4],
					 (int)state[5]),
			   _mm_set_epi32((int)state[2], (int)state[3], (int)state[6],
					 (int)state[7])};
	uint32_t abef[4], cdgh[4];

	for (; n; n--, p += 64)
		block(&s, p);
	_mm_storeu_si128((__m128i *)(void *)abef, s.abef);
	_mm_storeu_si128((__m128i *)(void *)cdgh, s.cdgh);
	for (size_t i = 0; i < 2; i++) {
		state[i] = abef[3 - i];
		state[2 + i] = cdgh[3 - i];
		state[4 + i] = abef[1 - i];
		state[6 + i] = cdgh[1 - i];
	}
}

/* Runs as an ifunc's resolver, too: before anything else is ready, so that no function may
 * be called that a sanitizer has a hand in, those of cpuid.h included. */
__attribute__((no_sanitize("address", "undefined"))) sha256_blocks_fn *sha256_x86(void)
{
	unsigned a, b, c, d;

	__cpuid(0, a, b, c, d);
	if (a < 7)
		return NULL;
	__cpuid(1, a, b, c, d);
	if (!(c & bit_SSE4_1))
		return NULL;
	__cpuid_count(7, 0, a, b, c, d);
	return b & bit_SHA ? blocks : NULL;
}

#else

sha256_blocks_fn *sha256_x86(void)
{
	return NULL;
}

#endif
