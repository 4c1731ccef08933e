/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/triage/source-internal.h"

struct source *source_new(const struct source_ops *ops, size_t size, struct diag *reterr)
{
	struct source *s = calloc(1, size);

	if (!s) {
		(void)diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
		return NULL;
	}
	s->ops = ops;
	s->fd = -1;
	return s;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	if (s->ops->done)
		s->ops->done(s);
	cleanup_closep(&s->fd);
	free(s);
	return NULL;
}

int source_read(struct source *s, source_fn fn, void *user, struct diag *reterr)
{
	return s->ops->read(s, fn, user, reterr);
}

enum denial_source source_kind(const struct source *s)
{
	return s->ops->kind;
}

int source_fd(const struct source *s)
{
	return s->fd;
}

bool source_alone(const struct source *s)
{
	return s->alone;
}

uint64_t source_lost(const struct source *s)
{
	return s->lost;
}

/* "kauditd_printk_skb: 120 callbacks suppressed", linux 6.12 lib/ratelimit.c
 * ___ratelimit(). */
bool source_suppressed(struct source *s, struct span line)
{
	static const char who[] = "kauditd_printk_skb: ";
	const uint8_t *at =
		line.len ? memmem(line.ptr, line.len, who, sizeof(who) - 1) : NULL;
	struct bytes in;
	struct span word;
	uint64_t n;

	if (!at)
		return false;
	at += sizeof(who) - 1;
	in = bytes_of(at, line.len - (size_t)(at - line.ptr));
	if (bytes_word(&in, " ", &word) && str_to_u64(word, &n) == 0)
		s->lost += n;
	return true;
}
