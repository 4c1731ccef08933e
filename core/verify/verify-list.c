/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/verify-list.h"

#include <string.h>
#include <unistd.h>

static const char checkpoints_name[] = "verify"; /* of the blob */

ssize_t verify_list_read(struct verify_list *l, void *buf, size_t len)
{
	if (l->rest.len == 0 && l->next < mstore_head(l->store))
		l->next += mstore_run(l->store, l->next, &l->rest);
	if (len > l->rest.len)
		len = l->rest.len;
	if (len)
		memcpy(buf, l->rest.ptr, len);
	l->rest.ptr += len;
	l->rest.len -= len;
	return (ssize_t)len;
}

bool verify_list_at_end(const struct verify_list *l)
{
	return l->rest.len == 0 && l->next >= mstore_head(l->store);
}

void verify_list_rewind(struct verify_list *l)
{
	l->next = 0;
	l->rest = (struct span){0};
}

void verify_list_add_copy(struct verify_list *l, struct verify_options *o, int fd,
			  uint8_t digest_size, const char *name)
{
	if (fd < 0)
		return;
	if (l->n_copies == VERIFY_COPIES_MAX) {
		(void)close(fd);
		return;
	}
	l->copy[l->n_copies++] = fd;
	o->copy[o->n_copies++] = (struct verify_copy){name, fd, digest_size};
}

/* The kernel writes the same list in several forms, and a recorded host has them. */
static void recorded_copies(struct verify_list *l, const struct root *root,
			    struct verify_options *o)
{
	static const struct {
		enum hash_alg alg;
		const char *name;
	} banks[] = {
		{HASH_SHA1, "the sha1 bank's list"},
		{HASH_SHA256, "the sha256 bank's list"},
		{HASH_SHA384, "the sha384 bank's list"},
		{HASH_SHA512, "the sha512 bank's list"},
	};

	verify_list_add_copy(l, o, root_open(root, ROOT_LIST_ASCII, NULL), 0,
			     "the text list");
	for (size_t i = 0; i < array_size(banks); i++)
		verify_list_add_copy(l, o,
				     root_open_suffix(root, ROOT_LIST_BINARY,
						      hash_alg_name(banks[i].alg), NULL),
				     (uint8_t)hash_alg_size(banks[i].alg), banks[i].name);
}

void verify_list_know(struct verify_list *l, const struct root *root,
		      struct verify_options *o)
{
	if (root_is_recorded(root))
		recorded_copies(l, root, o);
	if (!l->live)
		return;
	o->checkpoints = live_blob(l->live, checkpoints_name);
	verify_list_add_copy(l, o, live_earlier(l->live), 0,
			     "the list as it was read earlier in this boot");
}

void verify_list_save(struct verify_list *l, const struct verify *v)
{
	_cleanup_strbuf_ struct strbuf saved = {0};
	const struct verify_result *r = verify_result(v);

	if (!l->live || !r->live || r->verdict != VERIFY_MATCH)
		return;
	verify_save(v, &saved);
	if (!saved.failed)
		(void)live_set_blob(l->live, checkpoints_name, strbuf_span(&saved));
}

void verify_list_done(struct verify_list *l)
{
	while (l->n_copies)
		(void)close(l->copy[--l->n_copies]);
}
