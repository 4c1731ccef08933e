/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/hashalg.h"

static const struct {
	const char *name;
	uint16_t tpm;
	uint8_t size;
} algs[_HASH_ALG_MAX] = {
#define HASH_ALG(id, number, name, size, openssl, tpm) [HASH_##id] = {name, tpm, size},
#include "core/base/hash-algs.inc"
#undef HASH_ALG
};

static int valid(enum hash_alg alg)
{
	return alg >= 0 && alg < _HASH_ALG_MAX;
}

enum hash_alg hash_alg_from_name(struct span name)
{
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		if (span_is(name, algs[i].name))
			return (enum hash_alg)i;
	return _HASH_ALG_INVALID;
}

enum hash_alg hash_alg_from_id(uint8_t id)
{
	return id < _HASH_ALG_MAX ? (enum hash_alg)id : _HASH_ALG_INVALID;
}

enum hash_alg hash_alg_from_tpm(uint16_t tpm_id)
{
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		if (tpm_id && algs[i].tpm == tpm_id)
			return (enum hash_alg)i;
	return _HASH_ALG_INVALID;
}

const char *hash_alg_name(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].name : "unknown";
}

size_t hash_alg_size(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].size : 0;
}

uint16_t hash_alg_tpm(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].tpm : 0;
}

/* hash-algs.inc lists the long ones last. */
enum hash_alg hash_alg_best(uint32_t algos)
{
	static const enum hash_alg wanted[] = {HASH_SHA256, HASH_SHA512, HASH_SHA384};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (algos >> wanted[i] & 1)
			return wanted[i];
	for (int a = _HASH_ALG_MAX - 1; a >= 0; a--)
		if (algos >> a & 1)
			return (enum hash_alg)a;
	return HASH_SHA256;
}
