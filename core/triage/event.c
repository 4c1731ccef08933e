/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/event.h"

#include <errno.h>
#include <string.h>

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
	const struct event_id *id; /* NULL: by name */
	struct span name;
	struct pathset *files; /* of that name */
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

static bool is_called(const struct denial *d, struct span name)
{
	size_t before = d->path.len - name.len;

	if (d->name == DENIAL_NAME_OTHER || d->name == DENIAL_NAME_CUT ||
	    d->path.len < name.len || !name.len)
		return false;
	return memcmp(d->path.ptr + before, name.ptr, name.len) == 0 &&
	       (!before || d->path.ptr[before - 1] == '/');
}

static int take_file(void *user, const struct denial *d)
{
	struct search *s = user;
	int r;

	if (!is_called(d, s->name))
		return 0;
	s->found = true;
	r = pathset_add(s->files, d->path);
	return r < 0 ? r : keep(s->ret, d);
}

static int search(const struct root *root, int fd, join_fn fn, struct search *s,
		  struct diag *reterr)
{
	struct trail_options how = {.fd = fd};
	_cleanup_(trail_freep) struct trail *t = NULL;
	int r = trail_open(root, &how, fn, s, &t, reterr);

	if (r < 0)
		return r;
	do
		r = trail_read(t, reterr);
	while (r > 0);
	return r;
}

int event_find(const struct root *root, int fd, const struct event_id *id,
	       struct event *ret, struct diag *reterr)
{
	struct search s = {.id = id, .ret = ret};
	int r = search(root, fd, take, &s, reterr);

	if (r < 0 || s.found)
		return r;
	return diag_set(reterr, DIAG_NO_EVENT, ENOENT,
			"There is no event %llu about integrity.",
			(unsigned long long)id->serial);
}

int event_find_file(const struct root *root, int fd, struct span name, struct event *ret,
		    struct pathset *files, struct diag *reterr)
{
	struct search s = {.name = name, .files = files, .ret = ret};
	int r = search(root, fd, take_file, &s, reterr);
	char q[120];

	if (r < 0)
		return r;
	if (!s.found)
		return diag_set(reterr, DIAG_NO_EVENT, ENOENT,
				"There is no file %s, and no event about integrity that "
				"names one.",
				str_quote(q, sizeof(q), name));
	if (files->n > 1)
		return diag_set(reterr, DIAG_MANY_FILES, ENOTUNIQ,
				"Events name %zu files that are called %s.", files->n,
				str_quote(q, sizeof(q), name));
	return 0;
}
