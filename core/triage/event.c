/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/event.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/triage/trail.h"

enum { MSEC_DIGITS = 3 };

/* "1700000000.123" in milliseconds. */
static bool time_parse(struct span text, uint64_t *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span sec, msec;
	uint64_t s, ms;

	if (!bytes_until(&in, '.', &sec) || !bytes_take(&in, bytes_left(&in), &msec) ||
	    msec.len != MSEC_DIGITS || str_to_u64(sec, &s) < 0 ||
	    str_to_u64(msec, &ms) < 0)
		return false;
	return !__builtin_mul_overflow(s, 1000, ret) &&
	       !__builtin_add_overflow(*ret, ms, ret);
}

bool event_id_parse(struct span text, struct event_id *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct event_id id = {0};
	struct span time, serial;

	id.has_time = bytes_until(&in, ':', &time);
	if (id.has_time && !time_parse(time, &id.time_ms))
		return false;
	if (!bytes_take(&in, bytes_left(&in), &serial) ||
	    str_to_u64(serial, &id.serial) < 0)
		return false;
	*ret = id;
	return true;
}

void event_done(struct event *e)
{
	strbuf_done(&e->bytes);
	*e = (struct event){0};
}

struct search {
	const struct event_id *id;
	struct event *ret;
	bool found;
};

/* The spans of a copy, moved from where they lay to where they lie now. */
static int keep(struct event *e, const struct denial *d)
{
	struct span *const to[] = {&e->denial.op,  &e->denial.cause, &e->denial.path,
				   &e->denial.dev, &e->denial.comm,  &e->denial.exe};
	size_t at = 0;

	strbuf_clear(&e->bytes);
	e->denial = *d;
	for (size_t i = 0; i < array_size(to); i++)
		strbuf_add(&e->bytes, to[i]->ptr, to[i]->len);
	if (e->bytes.failed)
		return -ENOMEM;
	for (size_t i = 0; i < array_size(to); i++) {
		to[i]->ptr = (const uint8_t *)strbuf_str(&e->bytes) + at;
		at += to[i]->len;
	}
	return 0;
}

static int take(void *user, const struct denial *d)
{
	struct search *s = user;

	if (d->serial != s->id->serial ||
	    (s->id->has_time && d->time_ms != s->id->time_ms))
		return 0;
	s->found = true;
	return keep(s->ret, d);
}

int event_find(const struct root *root, int fd, const struct event_id *id,
	       struct event *ret, struct diag *reterr)
{
	struct trail_options how = {.fd = fd};
	_cleanup_(trail_freep) struct trail *t = NULL;
	struct search s = {.id = id, .ret = ret};
	int r = trail_open(root, &how, take, &s, &t, reterr);

	if (r < 0)
		return r;
	do
		r = trail_read(t, reterr);
	while (r > 0);
	if (r < 0)
		return r;
	return s.found ? 0
		       : diag_set(reterr, DIAG_NO_EVENT, ENOENT,
				  "There is no event %llu about integrity.",
				  (unsigned long long)id->serial);
}
