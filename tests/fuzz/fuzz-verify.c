/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier over lists nobody measured: it comes to an end, never says that one
 * matches PCR values nothing leads to, and says the same however the bytes come in. Beside
 * it lies a copy without its middle, and what earlier checks proved is the list itself.
 */
#include "core/verify/verify.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

struct memory {
	struct span bytes;
	size_t at, chunk;
};

static ssize_t read_memory(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct memory *m = arg;
	size_t n = m->bytes.len - m->at;

	n = n > len ? len : n;
	n = n > m->chunk ? m->chunk : n;
	if (n)
		memcpy(buf, m->bytes.ptr + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static int rewind_memory(void *arg, struct diag *reterr)
{
	((struct memory *)arg)->at = 0;
	return 0;
}

static int make_copy(struct span list)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);
	size_t third = list.len / 3;

	if (fd < 0 || write(fd, list.ptr, third) != (ssize_t)third ||
	    write(fd, list.ptr + 2 * third, list.len - 2 * third) !=
		    (ssize_t)(list.len - 2 * third))
		abort();
	return fd;
}

static struct verify *check(struct memory *m, const struct pcrs *pcrs, int copy, int *ret)
{
	struct verify_options o = {
		.source = {.read = read_memory, .rewind = rewind_memory, .arg = m},
		.pcrs = pcrs,
		.column = _HASH_ALG_INVALID,
		.search_ms = VERIFY_SEARCH_MS,
		.checkpoints = m->bytes,
		.n_copies = 1,
		.copy = {{"the copy", copy, 0}},
	};
	struct verify *v;

	*ret = verify_new(&o, &v, NULL);
	if (*ret < 0) {
		if (!fuzz_starved)
			abort();
		return NULL;
	}
	*ret = verify_run(v, NULL);
	return v;
}

static void same(const struct verify_result *a, const struct verify_result *b)
{
	if (a->verdict != b->verdict || a->entries != b->entries ||
	    a->bytes != b->bytes || a->n_errors != b->n_errors ||
	    a->damage.id != b->damage.id || a->damage_offset != b->damage_offset ||
	    a->n_reasons != b->n_reasons)
		abort();
}

static void set_pcrs(struct pcrs *p)
{
	static const enum hash_alg banks[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384};

	for (size_t i = 0; i < 3; i++) {
		struct pcr_bank *b = pcrs_bank(p, banks[i]);

		b->present = 1 << 10 | 1 << 11;
		memset(b->value[10], 0xa5, HASH_MAX_SIZE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory whole = {{data, size}, 0, SIZE_MAX}, pieces = {{data, size}, 0, 13};
	struct pcrs *pcrs = calloc(1, sizeof(*pcrs));
	struct verify *a, *b;
	int ra, rb, copy;

	if (!pcrs)
		return 0;
	set_pcrs(pcrs);
	copy = make_copy(whole.bytes);
	a = check(&whole, pcrs, copy, &ra);
	b = check(&pieces, pcrs, copy, &rb);
	/* even with half of it missing nothing matches */
	if ((a && verify_result(a)->verdict == VERIFY_MATCH) ||
	    (ra != rb && !fuzz_starved))
		abort();
	if (!fuzz_starved)
		same(verify_result(a), verify_result(b));
	verify_free(a);
	verify_free(b);
	(void)close(copy);
	free(pcrs);
	return 0;
}
