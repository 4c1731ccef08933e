/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genlog: makes a recorded host with a measurement list of any length, always the same
 * one for the same options. Signatures have a true header and random bodies, which no key
 * has made, but with -k: a PEM file with a private key and its certificate.
 *
 *   genlog [-n ENTRIES] [-m ng|mixed] [-v PER_10000] [-H PER_10000] [-s BYTES] [-r SEED]
 *          [-k KEY] [-d SIGNATURES] DIR
 *
 * Of mixed lists three entries in ten are signed, by one of 20,000 different signatures in
 * no order, or with -d by so many one after the other.
 *
 * DIR gets binary_runtime_measurements, ascii_runtime_measurements, their count,
 * violations and pcrs-ALG.txt for sha1, sha256 and sha384 (PCR 10 as the list extends
 * it).
 *
 * Formats: linux 6.1 security/integrity/ima/ima_fs.c, ima_template_lib.c, ima_queue.c.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/cert/sig.h"

enum {
	PATH_SIZE = 256,
	DIGEST_SIZE = 32, /* files are hashed with sha256 */
	SIGNATURE_MAX = 1024,
	SIGNATURE_HEADER = 9, /* struct signature_v2_hdr with the type byte */
	SIGNATURES = 20000,   /* distinct signed files, as many as a large system has */
	BUFFER_MAX = 512,
	DATA_MAX = 1536,
	PCR = 10,
	PCRS = 24,
	AGGREGATED_PCRS = 10,
	RARE_NAMES = 4,
};

struct options {
	uint64_t entries;
	bool mixed;
	unsigned violations, hostile; /* per 10,000 entries */
	size_t signature;
	uint64_t seed;
	const char *key; /* NULL: none */
	size_t distinct; /* 0: SIGNATURES in no order */
	const char *dir;
};

/* xorshift128+: fast, and the same everywhere. */
struct random {
	uint64_t a, b;
};

struct signature {
	uint8_t digest[DIGEST_SIZE]; /* of the file that carries it */
	uint8_t bytes[SIGNATURE_MAX];
	size_t size;
};

struct bank {
	const char *name;
	size_t size;
	EVP_MD *md;
	uint8_t pcr[EVP_MAX_MD_SIZE];
};

/* One entry before it is encoded. */
struct record {
	const char *template;
	char path[PATH_SIZE];
	uint8_t digest[DIGEST_SIZE];
	const struct signature *signature; /* ima-sig only; NULL: unsigned */
	uint8_t buffer[BUFFER_MAX];	   /* ima-buf only */
	size_t buffer_size;
	bool violation;
};

struct data {
	uint8_t bytes[DATA_MAX];
	size_t len;
};

struct generator {
	struct options options;
	struct random random;
	struct signature *pool;
	size_t pool_n, pool_next;
	struct bank banks[3];
	EVP_MD_CTX *ctx;
	FILE *binary, *ascii;
	uint64_t violations;
};

static const char *const directories[] = {
	"/usr/bin",
	"/usr/sbin",
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib64",
	"/usr/libexec",
	"/usr/lib/python3.11/site-packages",
	"/usr/lib/modules/6.1.0-32-amd64/kernel/drivers/net",
	"/usr/lib/systemd",
	"/etc",
	"/usr/share/perl5",
	"/opt/app/releases/current/node_modules",
	"/usr/lib/jvm/java-17/lib",
	"/run/user/1000",
};

static const char *const stems[] = {
	"lib",	   "core",   "util",	"io",	  "net",    "dm",     "xfs",
	"ssl",	   "crypto", "agent",	"config", "glib",   "gtk",    "python",
	"module",  "proxy",  "systemd", "helper", "index",  "parser", "render",
	"service", "audit",  "codec",	"policy", "driver",
};

static const char *const endings[] = {
	"",    "",	".so", ".so.0", ".so.1.2.3", ".py",
	".ko", ".conf", ".pm", ".js",	".sh",	     ".service",
};

/* What a name may hold and a terminal, a parser or a person stumbles over. */
static const char *const hostile_names[] = {
	"new\nline",
	"10 0000000000000000000000000000000000000000 ima-ng sha256:00 /forged\n",
	"\033[2J\033[H\033]0;title\007clear",
	"\xff\xfe\xc3(invalid",
	"\xe2\x80\xae-override",
	"tab\tand\rreturn",
	"back\\slash\\x41",
	"\xc2\x9b-31mcontrol",
};

static uint64_t next(struct random *r)
{
	uint64_t a = r->a, b = r->b;

	r->a = b;
	a ^= a << 23;
	r->b = a ^ b ^ (a >> 17) ^ (b >> 26);
	return r->b + b;
}

static unsigned below(struct random *r, size_t limit)
{
	return (unsigned)(next(r) % limit);
}

static bool chance(struct random *r, unsigned per_10000)
{
	return below(r, 10000) < per_10000;
}

static void fill(struct random *r, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = next(r);

		memcpy(out + i, &word, len - i < sizeof(word) ? len - i : sizeof(word));
	}
}

#define pick(r, array) ((array)[below((r), array_size(array))])

/* type, version 2, hash_algo sha256 (4), keyid, big-endian size: integrity.h */
static void make_signature(struct random *r, size_t size, struct signature *s)
{
	static const uint8_t header[] = {0x03, 0x02, 0x04, 0xd3, 0x32, 0x04, 0x49};

	memcpy(s->bytes, header, sizeof(header));
	s->bytes[7] = (uint8_t)(size >> 8);
	s->bytes[8] = (uint8_t)size;
	fill(r, s->bytes + SIGNATURE_HEADER, size);
	fill(r, s->digest, sizeof(s->digest));
	s->size = SIGNATURE_HEADER + size;
}

/* In place of the random bodies. */
static void sign_pool(struct generator *g)
{
	int fd = open(g->options.key, O_RDONLY | O_CLOEXEC);
	struct sig_ctx *ctx = sig_ctx_new();
	struct sig_key *key = NULL;
	struct diag why = {0};

	if (fd < 0 || sig_key_private(fd, g->options.key, NULL, &key, &why) < 0)
		errx(1, "%s: %s", g->options.key, why.text);
	(void)close(fd);
	for (size_t i = 0; i < g->pool_n; i++) {
		_cleanup_strbuf_ struct strbuf value = {0};
		struct digest d = {HASH_SHA256, DIGEST_SIZE, {0}};

		memcpy(d.value, g->pool[i].digest, DIGEST_SIZE);
		if (sig_make(ctx, key, IMAXATTR_SIG, 2, &d, &value, &why) < 0 ||
		    value.len > SIGNATURE_MAX)
			errx(1, "%s: %s", g->options.key, why.text);
		memcpy(g->pool[i].bytes, value.ptr, value.len);
		g->pool[i].size = value.len;
	}
	sig_key_free(key);
	sig_ctx_free(ctx);
}

static void make_pool(struct generator *g)
{
	g->pool_n = g->options.distinct ? g->options.distinct : SIGNATURES;
	g->pool = calloc(g->pool_n, sizeof(*g->pool));
	if (!g->pool)
		err(1, "signatures");
	for (size_t i = 0; i < g->pool_n; i++)
		make_signature(&g->random, g->options.signature, &g->pool[i]);
	if (g->options.key)
		sign_pool(g);
}

static const struct signature *choose_signature(struct generator *g)
{
	if (!g->options.distinct)
		return &g->pool[below(&g->random, SIGNATURES)];
	return &g->pool[g->pool_next++ % g->pool_n];
}

static void hash(struct generator *g, const struct bank *bank, const void *first,
		 size_t first_len, const void *second, size_t second_len, uint8_t *out)
{
	if (EVP_DigestInit_ex2(g->ctx, bank->md, NULL) != 1 ||
	    EVP_DigestUpdate(g->ctx, first, first_len) != 1 ||
	    EVP_DigestUpdate(g->ctx, second, second_len) != 1 ||
	    EVP_DigestFinal_ex(g->ctx, out, NULL) != 1)
		errx(1, "%s cannot be computed", bank->name);
}

/* PCR 0 to 9 are all zero in what this writes. */
static void boot_aggregate(struct generator *g, struct record *record)
{
	static const uint8_t pcrs[AGGREGATED_PCRS * DIGEST_SIZE];

	strcpy(record->path, "boot_aggregate");
	hash(g, &g->banks[1], pcrs, sizeof(pcrs), NULL, 0, record->digest);
}

static bool is_rare(const struct generator *g, uint64_t n)
{
	uint64_t end = g->options.entries - n; /* 1: the last */

	return n && end <= 200UL * RARE_NAMES && end % 200 == 1;
}

static void make_path(struct generator *g, uint64_t n, char *path)
{
	struct random *r = &g->random;
	const char *directory = pick(r, directories), *a = pick(r, stems),
		   *b = pick(r, stems), *c = pick(r, stems), *ending = pick(r, endings);

	if (is_rare(g, n))
		snprintf(path, PATH_SIZE, "%s/needle-%" PRIx64, directory, n);
	else if (chance(r, g->options.hostile))
		snprintf(path, PATH_SIZE, "/tmp/%s-%" PRIx64, pick(r, hostile_names), n);
	else if (chance(r,
			1400)) /* containers and builds: long names that never repeat */
		snprintf(path, PATH_SIZE,
			 "/var/lib/containers/storage/overlay/%016" PRIx64
			 "/diff/usr/lib/%s%s-%" PRIx64 "%s",
			 next(r), a, b, n, ending);
	else
		snprintf(path, PATH_SIZE, "%s/%s/%s-%s%" PRIx64 "%s", directory, a, b, c,
			 n, ending);
}

/* Half ima-ng, half ima-sig of which three in five are signed, a few buffers. */
static void make_mixed(struct generator *g, uint64_t n, struct record *record)
{
	struct random *r = &g->random;
	unsigned draw = below(r, 10000);

	if (draw < 5 && !is_rare(g, n)) {
		record->template = "ima-buf";
		record->buffer_size = 128 + below(r, BUFFER_MAX - 128);
		fill(r, record->buffer, record->buffer_size);
		strcpy(record->path, "critical-data-example");
	} else if (draw < 5000) {
		record->template = "ima-sig";
		if (draw < 3000) {
			record->signature = choose_signature(g);
			memcpy(record->digest, record->signature->digest, DIGEST_SIZE);
		}
	}
}

static void make_record(struct generator *g, uint64_t n, struct record *record)
{
	record->template = "ima-ng";
	record->signature = NULL;
	record->buffer_size = 0;
	record->violation = false;
	if (n == 0) {
		boot_aggregate(g, record);
		return;
	}
	make_path(g, n, record->path);
	fill(&g->random, record->digest, sizeof(record->digest));
	if (g->options.mixed)
		make_mixed(g, n, record);
	if (!record->buffer_size && chance(&g->random, g->options.violations)) {
		record->violation = true;
		record->signature = NULL;
		memset(record->digest, 0, sizeof(record->digest));
	}
}

static void put(struct data *data, const void *bytes, size_t len)
{
	if (len > sizeof(data->bytes) - data->len)
		errx(1, "an entry is too large");
	memcpy(data->bytes + data->len, bytes, len);
	data->len += len;
}

static void put_u32(struct data *data, size_t value)
{
	uint32_t word =
		(uint32_t)value; /* the kernel writes them in its own byte order */

	put(data, &word, sizeof(word));
}

static void put_field(struct data *data, const void *bytes, size_t len)
{
	put_u32(data, len);
	put(data, bytes, len);
}

/* What the template digest covers: the fields, each with its length. */
static void encode(const struct record *record, struct data *data)
{
	static const char algorithm[] = "sha256:"; /* its NUL is part of the field */

	data->len = 0;
	put_u32(data, sizeof(algorithm) + DIGEST_SIZE);
	put(data, algorithm, sizeof(algorithm));
	put(data, record->digest, DIGEST_SIZE);
	put_field(data, record->path, strlen(record->path) + 1);
	if (strcmp(record->template, "ima-buf") == 0)
		put_field(data, record->buffer, record->buffer_size);
	else if (record->signature)
		put_field(data, record->signature->bytes, record->signature->size);
	else if (strcmp(record->template, "ima-sig") == 0)
		put_u32(data, 0);
}

/* A violation has no template digest: its PCR is extended with ones. ima_init_digests()
 */
static void extend(struct generator *g, const struct record *record,
		   const struct data *data, uint8_t *ret_sha1)
{
	for (size_t i = 0; i < array_size(g->banks); i++) {
		struct bank *bank = &g->banks[i];
		uint8_t digest[EVP_MAX_MD_SIZE];

		if (record->violation)
			memset(digest, 0xff, bank->size);
		else
			hash(g, bank, data->bytes, data->len, NULL, 0, digest);
		if (i == 0)
			memcpy(ret_sha1, digest, bank->size);
		hash(g, bank, bank->pcr, bank->size, digest, bank->size, bank->pcr);
	}
	if (record->violation)
		memset(ret_sha1, 0, g->banks[0].size);
}

static void write_u32(FILE *f, size_t value)
{
	uint32_t word = (uint32_t)value;

	fwrite(&word, sizeof(word), 1, f);
}

static void write_binary(FILE *f, const struct record *record, const struct data *data,
			 const uint8_t sha1[20])
{
	write_u32(f, PCR);
	fwrite(sha1, 1, 20, f);
	write_u32(f, strlen(record->template));
	fputs(record->template, f);
	write_u32(f, data->len);
	fwrite(data->bytes, 1, data->len, f);
}

static void write_hex(FILE *f, const uint8_t *bytes, size_t len)
{
	char text[2 * 128];

	while (len) {
		size_t n = len < 128 ? len : 128;

		hex_encode(text, (struct span){bytes, n});
		fwrite(text, 1, 2 * n, f);
		bytes += n;
		len -= n;
	}
}

static void write_ascii(FILE *f, const struct record *record, const uint8_t sha1[20])
{
	fprintf(f, "%2d ", PCR);
	write_hex(f, sha1, 20);
	fprintf(f, " %s sha256:", record->template);
	write_hex(f, record->digest, DIGEST_SIZE);
	fprintf(f, " %s", record->path);
	if (strcmp(record->template, "ima-ng") != 0)
		fputc(' ', f);
	if (record->signature)
		write_hex(f, record->signature->bytes, record->signature->size);
	else if (record->buffer_size)
		write_hex(f, record->buffer, record->buffer_size);
	fputc('\n', f);
}

static FILE *create(const struct options *options, const char *name)
{
	_cleanup_free_ char *path = NULL;
	FILE *f;

	if (asprintf(&path, "%s/%s", options->dir, name) < 0)
		err(1, "%s", name);
	f = fopen(path, "w");
	if (!f || setvbuf(f, NULL, _IOFBF, 1 << 20))
		err(1, "%s", path);
	return f;
}

static void finish(FILE *f)
{
	if (ferror(f) || fclose(f))
		err(1, "write");
}

static void write_entries(struct generator *g)
{
	struct record record;
	struct data data;
	uint8_t sha1[20];

	for (uint64_t n = 0; n < g->options.entries; n++) {
		make_record(g, n, &record);
		encode(&record, &data);
		extend(g, &record, &data, sha1);
		write_binary(g->binary, &record, &data, sha1);
		write_ascii(g->ascii, &record, sha1);
		g->violations += record.violation;
	}
}

static void write_number(const struct options *options, const char *name, uint64_t value)
{
	FILE *f = create(options, name);

	fprintf(f, "%" PRIu64 "\n", value);
	finish(f);
}

/* The form of /sys/class/tpm/tpm0/device/pcrs, which every tool reads. PCRs 17 to 22 are
 * all ones until a dynamic launch. */
static void write_pcrs(const struct options *options, const struct bank *bank)
{
	char name[32];
	FILE *f;

	snprintf(name, sizeof(name), "pcrs-%s.txt", bank->name);
	f = create(options, name);
	for (unsigned i = 0; i < PCRS; i++) {
		unsigned idle = i >= 17 && i <= 22 ? 0xff : 0;

		fprintf(f, "PCR-%02u:", i);
		for (size_t b = 0; b < bank->size; b++)
			fprintf(f, " %02x", i == PCR ? bank->pcr[b] : idle);
		fputc('\n', f);
	}
	finish(f);
}

static void init(struct generator *g)
{
	static const char *const names[] = {"sha1", "sha256", "sha384"};

	g->random.a = g->options.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	g->random.b = g->options.seed ^ UINT64_C(0xd1b54a32d192ed03);
	for (int i = 0; i < 16; i++)
		(void)next(&g->random); /* a few rounds until the seed is spread */
	g->ctx = EVP_MD_CTX_new();
	for (size_t i = 0; i < array_size(g->banks); i++) {
		struct bank *bank = &g->banks[i];

		bank->name = names[i];
		bank->md = EVP_MD_fetch(NULL, names[i], NULL);
		if (!g->ctx || !bank->md)
			errx(1, "%s is missing in OpenSSL", names[i]);
		bank->size = (size_t)EVP_MD_get_size(bank->md);
	}
	if (g->options.mixed)
		make_pool(g);
}

static void run(struct generator *g)
{
	if (mkdir(g->options.dir, 0755) && errno != EEXIST)
		err(1, "%s", g->options.dir);
	g->binary = create(&g->options, "binary_runtime_measurements");
	g->ascii = create(&g->options, "ascii_runtime_measurements");
	write_entries(g);
	finish(g->binary);
	finish(g->ascii);
	write_number(&g->options, "runtime_measurements_count", g->options.entries);
	write_number(&g->options, "violations", g->violations);
	for (size_t i = 0; i < array_size(g->banks); i++)
		write_pcrs(&g->options, &g->banks[i]);
}

static void done(struct generator *g)
{
	for (size_t i = 0; i < array_size(g->banks); i++)
		EVP_MD_free(g->banks[i].md);
	EVP_MD_CTX_free(g->ctx);
	free(g->pool);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end || value > max)
		errx(2, "not a number up to %" PRIu64 ": %s", max, text);
	return value;
}

static void parse(int argc, char **argv, struct options *options)
{
	int c;

	while ((c = getopt(argc, argv, "n:m:v:H:s:r:k:d:")) != -1) {
		switch (c) {
		case 'n':
			options->entries = number(optarg, UINT32_MAX);
			break;
		case 'm':
			options->mixed = strcmp(optarg, "mixed") == 0;
			break;
		case 'v':
			options->violations = (unsigned)number(optarg, 10000);
			break;
		case 'H':
			options->hostile = (unsigned)number(optarg, 10000);
			break;
		case 's':
			options->signature =
				number(optarg, SIGNATURE_MAX - SIGNATURE_HEADER);
			break;
		case 'r':
			options->seed = number(optarg, UINT64_MAX);
			break;
		case 'k':
			options->key = optarg;
			break;
		case 'd':
			options->distinct = number(optarg, 1 << 20);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one directory is needed");
	options->dir = argv[optind];
}

int main(int argc, char **argv)
{
	struct generator g = {
		.options = {.entries = 10000,
			    .mixed = true,
			    .violations = 20,
			    .signature = 71,
			    .seed = 42}, /* 71: ECDSA P-256, mostly */
	};

	parse(argc, argv, &g.options);
	init(&g);
	run(&g);
	done(&g);
	return 0;
}
