/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit EXTENDS: nanoseconds of cpu time per PCR extend, one "NAME VALUE" a line, the
 * best of several runs. sha1 and sha256 are this processor's limit (shani.h); the
 * -openssl rows are OpenSSL's block function without any of its interfaces, for
 * processors that have no SHA instructions. The results are compared: a limit that
 * computes something else is none.
 *
 * limit verify SIGNATURES: nanoseconds of cpu time per signature of ECDSA P-256 that OpenSSL
 * verifies, key and context made once.
 *
 * limit sha1|sha256 BLOCKS: nothing but so many block functions, to count instructions.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA*_Transform is the only way to the bare block \
				      */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "core/base/cleanup.h"
#include "tests/bench/shani.h"

enum { RUNS = 7 };

typedef void (*extend_fn)(uint8_t *pcr, const uint8_t *digests, size_t count);

static void store(uint8_t *out, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t b = 0; b < 4; b++)
			out[i * 4 + b] = (uint8_t)(words[i] >> (24 - 8 * b));
	}
}

static void openssl_sha1(uint8_t *pcr, const uint8_t *digests, size_t count)
{
	uint8_t block[64] = {[40] = 0x80, [62] = 320 >> 8, [63] = 320 & 0xff};
	SHA_CTX ctx;

	for (size_t i = 0; i < count; i++) {
		SHA1_Init(&ctx);
		memcpy(block, pcr, 20);
		memcpy(block + 20, digests + i * 20, 20);
		SHA1_Transform(&ctx, block);
		store(pcr, (uint32_t[]){ctx.h0, ctx.h1, ctx.h2, ctx.h3, ctx.h4}, 5);
	}
}

static void openssl_sha256(uint8_t *pcr, const uint8_t *digests, size_t count)
{
	static const uint8_t padding[64] = {[0] = 0x80, [62] = 512 >> 8};
	uint8_t block[64];
	SHA256_CTX ctx;

	for (size_t i = 0; i < count; i++) {
		SHA256_Init(&ctx);
		memcpy(block, pcr, 32);
		memcpy(block + 32, digests + i * 32, 32);
		SHA256_Transform(&ctx, block);
		SHA256_Transform(&ctx, padding);
		store(pcr, ctx.h, 8);
	}
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What is left in @pcr is the value after one run. */
static void measure(const char *name, extend_fn extend, uint8_t pcr[32],
		    const uint8_t *digests, size_t count)
{
	double best = 0;

	for (int i = 0; i < RUNS; i++) {
		double start = cpu(), time;

		memset(pcr, 0, 32);
		extend(pcr, digests, count);
		time = cpu() - start;
		if (i == 0 || time < best)
			best = time;
	}
	printf("%s %.1f\n", name, best / (double)count);
}

static void same(const char *name, const uint8_t a[32], const uint8_t b[32])
{
	if (memcmp(a, b, 32) != 0)
		errx(1, "%s: the two ways disagree", name);
}

static void extends(size_t count)
{
	_cleanup_free_ uint8_t *digests = malloc(count * 32);
	uint8_t sha1[32], sha256[32], limit[32];

	if (!digests)
		err(1, "%zu digests", count);
	for (size_t i = 0; i < count * 32; i++)
		digests[i] = (uint8_t)(i * 167 >> 3);
	measure("sha1-openssl", openssl_sha1, sha1, digests, count);
	measure("sha256-openssl", openssl_sha256, sha256, digests, count);
	if (!shani_available())
		return;
	measure("sha1", shani_extend_sha1, limit, digests, count);
	same("sha1", sha1, limit);
	measure("sha256", shani_extend_sha256, limit, digests, count);
	same("sha256", sha256, limit);
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	if (!ctx || init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1)
		errx(1, "OpenSSL");
	return ctx;
}

static void verifies(size_t count)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *sign = context(key, EVP_PKEY_sign_init);
	EVP_PKEY_CTX *verify = context(key, EVP_PKEY_verify_init);
	uint8_t digest[32] = {1, 2, 3}, sig[128];
	size_t len = sizeof(sig);
	double best = 0;

	if (EVP_PKEY_sign(sign, sig, &len, digest, sizeof(digest)) != 1)
		errx(1, "OpenSSL cannot sign");
	for (int i = 0; i < RUNS; i++) {
		double start = cpu(), time;

		for (size_t n = 0; n < count; n++)
			if (EVP_PKEY_verify(verify, sig, len, digest, sizeof(digest)) !=
			    1)
				errx(1, "OpenSSL cannot verify");
		time = cpu() - start;
		if (i == 0 || time < best)
			best = time;
	}
	printf("verify %.1f\n", best / (double)count);
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_CTX_free(verify);
	EVP_PKEY_free(key);
}

static void blocks(const char *algorithm, size_t count)
{
	static const uint8_t block[64];
	SHA256_CTX sha256;
	SHA_CTX sha1;

	SHA1_Init(&sha1);
	SHA256_Init(&sha256);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(algorithm, "sha1") == 0)
			SHA1_Transform(&sha1, block);
		else
			SHA256_Transform(&sha256, block);
	}
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[argc - 1], NULL, 10) : 0;

	if (argc > 3 || !count)
		errx(2, "usage: limit EXTENDS | limit sha1|sha256 BLOCKS | limit verify "
			"SIGNATURES");
	if (argc == 2)
		extends(count);
	else if (strcmp(argv[1], "verify") == 0)
		verifies(count);
	else
		blocks(argv[1], count);
	return 0;
}
