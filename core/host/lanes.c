/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/lanes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sha256.h"

enum { WORDS = HASH_MAX_SIZE / 4 };

struct lanes {
	size_t size;
	struct hash_ctx *hash;
	void (*extend)(struct lanes *l, const uint8_t *digest);
	uint32_t word[WORDS][LANES]; /* of the values, as numbers */
};

#if defined(__x86_64__)

/* One word of every lane. FIPS 180-4 speaks of words; each is sixteen here. */
typedef uint32_t vec __attribute__((vector_size(LANES * sizeof(uint32_t))));

#define INLINE	  __attribute__((always_inline)) static inline
#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define ROR(x, n) ROL(x, 32 - (n))
#define ALL(x)	  ((vec){0} + (uint32_t)(x))

/* value || digest: the values differ, the digest is the same for every lane. */
INLINE void load(const struct lanes *l, const uint8_t *digest, size_t words, vec *w)
{
	memcpy(w, l->word, words * sizeof(*w));
	for (size_t i = 0; i < words; i++)
		w[words + i] = ALL(bytes_load32(digest + 4 * i, true));
}

struct sha1 {
	vec a, b, c, d, e;
};

/* FIPS 180-4 6.1.2, the schedule in a ring of 16 words. @i is known when it is compiled. */
INLINE void sha1_round(struct sha1 *s, unsigned i, vec w[16])
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	vec a, f;

	if (i >= 16)
		w[i & 15] = ROL(w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^
					w[i & 15],
				1);
	if (i < 20)
		f = s->d ^ (s->b & (s->c ^ s->d));
	else if (i < 40 || i >= 60)
		f = s->b ^ s->c ^ s->d;
	else
		f = (s->b & s->c) | (s->d & (s->b | s->c));
	a = ROL(s->a, 5) + f + s->e + ALL(k[i / 20]) + w[i & 15];
	s->e = s->d;
	s->d = s->c;
	s->c = ROL(s->b, 30);
	s->b = s->a;
	s->a = a;
}

/* 40 bytes and their padding are one block. */
INLINE void sha1_extend(struct lanes *l, const uint8_t *digest)
{
	const struct sha1 start = {ALL(0x67452301), ALL(0xefcdab89), ALL(0x98badcfe),
				   ALL(0x10325476), ALL(0xc3d2e1f0)};
	struct sha1 s = start;
	vec w[16] = {[10] = ALL(0x80000000), [15] = ALL(2 * 20 * 8)};

	load(l, digest, 5, w);
#pragma GCC unroll 80
	for (unsigned i = 0; i < 80; i++)
		sha1_round(&s, i, w);
	w[0] = s.a + start.a;
	w[1] = s.b + start.b;
	w[2] = s.c + start.c;
	w[3] = s.d + start.d;
	w[4] = s.e + start.e;
	memcpy(l->word, w, 5 * sizeof(*w));
}

#define SIGMA(x, a, b, c) (ROR(x, a) ^ ROR(x, b) ^ ROR(x, c))
#define GAMMA(x, a, b, c) (ROR(x, a) ^ ROR(x, b) ^ (x) >> (c))

/* FIPS 180-4 6.2.2: the block in @w, which is used up, into @s. */
INLINE void sha256_block(vec s[8], vec w[16])
{
	vec v[8];

	memcpy(v, s, sizeof(v));
#pragma GCC unroll 16
	for (unsigned i = 0; i < 64; i++) {
		vec *x = &w[i & 15], t1, t2;

		if (i >= 16)
			*x += GAMMA(w[(i + 1) & 15], 7, 18, 3) + w[(i + 9) & 15] +
			      GAMMA(w[(i + 14) & 15], 17, 19, 10);
		t1 = v[7] + SIGMA(v[4], 6, 11, 25) + (v[6] ^ (v[4] & (v[5] ^ v[6]))) +
		     ALL(sha256_k[i]) + *x;
		t2 = SIGMA(v[0], 2, 13, 22) + ((v[0] & v[1]) | (v[2] & (v[0] | v[1])));
#pragma GCC unroll 7
		for (unsigned k = 7; k > 0; k--)
			v[k] = v[k - 1];
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		s[i] += v[i];
}

/* 64 bytes are one block, their padding another. */
INLINE void sha256_extend(struct lanes *l, const uint8_t *digest)
{
	vec s[8] = {ALL(0x6a09e667), ALL(0xbb67ae85), ALL(0x3c6ef372), ALL(0xa54ff53a),
		    ALL(0x510e527f), ALL(0x9b05688c), ALL(0x1f83d9ab), ALL(0x5be0cd19)};
	vec w[16], padding[16] = {[0] = ALL(0x80000000), [15] = ALL(2 * 32 * 8)};

	load(l, digest, 8, w);
	sha256_block(s, w);
	sha256_block(s, padding);
	memcpy(l->word, s, sizeof(s));
}

__attribute__((target("avx2"))) static void sha1_avx2(struct lanes *l,
						      const uint8_t *digest)
{
	sha1_extend(l, digest);
}

__attribute__((target("avx512f"))) static void sha1_avx512(struct lanes *l,
							   const uint8_t *digest)
{
	sha1_extend(l, digest);
}

/* Sixteen lanes in registers half as wide are slower than OpenSSL. */
__attribute__((target("avx512f"))) static void sha256_avx512(struct lanes *l,
							     const uint8_t *digest)
{
	sha256_extend(l, digest);
}

static bool avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

#endif

static void extend_each(struct lanes *l, const uint8_t *digest)
{
	for (unsigned i = 0; i < LANES; i++)
		lanes_extend_one(l, i, digest);
}

static bool always(void)
{
	return true;
}

/* The quickest first. */
static const struct way {
	enum hash_alg alg; /* _HASH_ALG_INVALID: any */
	bool (*possible)(void);
	void (*extend)(struct lanes *l, const uint8_t *digest);
} ways[] = {
#if defined(__x86_64__)
	{HASH_SHA1, avx512, sha1_avx512},
	{HASH_SHA256, avx512, sha256_avx512},
	{HASH_SHA1, avx2, sha1_avx2},
#endif
	{_HASH_ALG_INVALID, always, extend_each},
};

static const struct way *choose(enum hash_alg alg, unsigned nth)
{
	for (size_t i = 0; i < array_size(ways); i++)
		if ((ways[i].alg == alg || ways[i].alg == _HASH_ALG_INVALID) &&
		    ways[i].possible() && nth-- == 0)
			return &ways[i];
	return NULL;
}

int lanes_new(enum hash_alg alg, unsigned nth, struct lanes **ret)
{
	const struct way *way = choose(alg, nth);
	struct lanes *l;

	if (!way)
		return -ENOENT;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->size = hash_alg_size(alg);
	l->extend = way->extend;
	l->hash = hash_new(alg, NULL);
	if (!l->hash) {
		free(l);
		return -EOPNOTSUPP;
	}
	*ret = l;
	return 0;
}

struct lanes *lanes_free(struct lanes *l)
{
	if (l)
		hash_free(l->hash);
	free(l);
	return NULL;
}

void lanes_set(struct lanes *l, unsigned lane, const uint8_t *value)
{
	for (size_t i = 0; i < l->size / 4; i++)
		l->word[i][lane] = bytes_load32(value + 4 * i, true);
}

void lanes_get(const struct lanes *l, unsigned lane, uint8_t *ret)
{
	for (size_t i = 0; i < l->size; i++)
		ret[i] = (uint8_t)(l->word[i / 4][lane] >> (24 - 8 * (i % 4)));
}

void lanes_fill(struct lanes *l, const uint8_t *value)
{
	for (unsigned i = 0; i < LANES; i++)
		lanes_set(l, i, value);
}

void lanes_extend(struct lanes *l, const uint8_t *digest)
{
	l->extend(l, digest);
}

void lanes_extend_one(struct lanes *l, unsigned lane, const uint8_t *digest)
{
	uint8_t value[HASH_MAX_SIZE];

	lanes_get(l, lane, value);
	hash_once(l->hash, (struct span){value, l->size}, (struct span){digest, l->size},
		  value);
	lanes_set(l, lane, value);
}
