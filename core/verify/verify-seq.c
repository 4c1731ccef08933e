/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list reduced to what the PCR knows of it. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/verify/verify-internal.h"

void verify_seq_done(struct verify_seq *s)
{
	free(s->value);
	free(s->mark);
	free(s->slot);
	*s = (struct verify_seq){.size = s->size};
}

int verify_seq_index(struct verify_seq *s, uint64_t n)
{
	s->n_slots = 64;
	while (s->n_slots < 2 * n)
		s->n_slots *= 2;
	s->slot = calloc(s->n_slots, sizeof(*s->slot));
	return s->slot ? 0 : -ENOMEM;
}

static int grow(struct verify_seq *s)
{
	size_t cap = s->cap ? s->cap + s->cap / 2 : 256;
	uint8_t *value = reallocarray(s->value, cap, s->size), *mark;

	if (!value)
		return -ENOMEM;
	s->value = value;
	mark = realloc(s->mark, cap);
	if (!mark)
		return -ENOMEM;
	s->mark = mark;
	s->cap = cap;
	return 0;
}

static bool twins(const struct verify_seq *s, size_t i, size_t j)
{
	return ((s->mark[i] ^ s->mark[j]) & SEQ_PCR) == 0 &&
	       memcmp(verify_seq_value(s, i), verify_seq_value(s, j), s->size) == 0;
}

/* Linear probing. Digests are spread evenly as they are. */
static void index_last(struct verify_seq *s)
{
	size_t i = s->n - 1;
	size_t at = bytes_load32(verify_seq_value(s, i), false) & (s->n_slots - 1);

	if (s->mark[i] & SEQ_VIOLATION || 2 * s->n > s->n_slots)
		return;
	for (; s->slot[at]; at = (at + 1) & (s->n_slots - 1))
		if (twins(s, i, s->slot[at] - 1)) {
			s->mark[s->slot[at] - 1] |= SEQ_TWIN;
			s->mark[i] |= SEQ_TWIN;
			return;
		}
	s->slot[at] = (uint32_t)i + 1;
}

int verify_seq_add(struct verify_seq *s, unsigned pcr, bool violation,
		   const uint8_t *value)
{
	if (s->n == s->cap && grow(s) < 0)
		return -ENOMEM;
	memcpy(s->value + s->n * s->size, value, s->size);
	s->mark[s->n++] = (uint8_t)(pcr | (violation ? SEQ_VIOLATION : 0));
	if (s->slot)
		index_last(s);
	return 0;
}
