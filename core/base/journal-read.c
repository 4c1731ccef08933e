/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The segments of a journal, read back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/journal-internal.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define SEGMENT_LIMIT (512u << 20)

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* Where a segment is whole, its body. -EBADMSG. */
static int check_segment(struct span file, const char *name, struct span *ret)
{
	struct bytes b = bytes_of(file.ptr, file.len);
	struct span magic, body, sum;
	uint8_t hash[SHA256_SIZE];
	struct sha256 h;

	if (file.len < strlen(JOURNAL_MAGIC) + SHA256_SIZE ||
	    !bytes_take(&b, strlen(JOURNAL_MAGIC), &magic) ||
	    !span_is(magic, JOURNAL_MAGIC) ||
	    !bytes_take(&b, bytes_left(&b) - SHA256_SIZE, &body) ||
	    !bytes_take(&b, SHA256_SIZE, &sum))
		return -EBADMSG;
	sha256_init(&h);
	sha256_add(&h, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC));
	sha256_add(&h, name, 6);
	sha256_add(&h, body.ptr, body.len);
	sha256_end(&h, hash);
	if (memcmp(hash, sum.ptr, sizeof(hash)) != 0)
		return -EBADMSG;
	*ret = body;
	return 0;
}

/* Keeps the file's bytes in the journal; *ret is the part that counts. 0: read, 1: no
 * such segment. */
static int read_segment(struct journal *j, unsigned number, struct span *ret)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag why = {0};
	struct span *more, file;
	char name[32];
	int r;

	journal_segment_name(name, number);
	r = fs_read_at(j->dir, name, SEGMENT_LIMIT, &b, &why);
	if (r < 0)
		return r == -ENOENT ? 1 : r;
	more = reallocarray(j->bodies, j->bodies_n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	j->bodies = more;
	file.len = b.len;
	file.ptr = (const uint8_t *)strbuf_take(&b);
	if (!file.ptr)
		return -ENOMEM;
	j->bodies[j->bodies_n++] = file;
	return check_segment(file, name, ret);
}

static int parse_head(struct journal *j, struct span body, const struct action_set *set,
		      struct diag *reterr)
{
	struct bytes b = bytes_of(body.ptr, body.len);
	struct span command, boot_id, rest;
	uint8_t type;
	int r;

	if (!bytes_u8(&b, &type) || type != RECORD_HEAD || !unpack_span(&b, &command) ||
	    !bytes_u64(&b, &j->head.time) || !unpack_span(&b, &boot_id) ||
	    boot_id.len >= sizeof(j->head.boot_id) || !bytes_u32(&b, &j->head.uid) ||
	    !bytes_take(&b, bytes_left(&b), &rest))
		return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
				"The journal of change %u has no usable head.", j->id);
	memcpy(j->head.boot_id, boot_id.ptr, boot_id.len);
	j->head.command = strndup((const char *)command.ptr, command.len);
	r = j->head.command ? plan_unpack(rest, set, &j->plan, reterr)
			    : no_memory(reterr);
	if (r < 0)
		return r;
	j->steps = calloc(j->plan.n ? j->plan.n : 1, sizeof(*j->steps));
	return j->steps ? 0 : no_memory(reterr);
}

static bool take_record(struct journal *j, uint8_t type, uint64_t number,
			struct span data)
{
	struct bytes b = bytes_of(data.ptr, data.len);
	struct journal_step *s;
	uint32_t code;

	if (number >= j->plan.n)
		return false;
	s = &j->steps[number];
	switch (type) {
	case RECORD_INTENT:
		s->intent = true;
		s->before = data;
		s->wanted = (struct span){0};
		s->done = s->undone = false; /* taken anew */
		return true;
	case RECORD_WANTED:
		s->wanted = data;
		return s->intent;
	case RECORD_DONE:
		s->done = data.len == sizeof(s->actual);
		if (s->done)
			memcpy(s->actual, data.ptr, sizeof(s->actual));
		s->undone = false;
		s->failed = 0;
		return s->done;
	case RECORD_UNDONE:
		s->undone = true;
		s->done = false;
		s->failed = 0;
		return true;
	case RECORD_FAILED:
		if (!bytes_u32(&b, &code) || code > 4095)
			return false;
		s->failed = (int)code;
		return true;
	default:
		return false;
	}
}

static bool parse_records(struct journal *j, struct span body)
{
	struct bytes b = bytes_of(body.ptr, body.len);
	struct span data;
	uint64_t number;
	uint8_t type;

	while (bytes_left(&b)) {
		if (!bytes_u8(&b, &type) || !bytes_u64(&b, &number) ||
		    !unpack_span(&b, &data) || !take_record(j, type, number, data))
			return false;
	}
	return true;
}

static bool segment_exists(struct journal *j, unsigned number)
{
	struct stat st;
	char name[32];

	journal_segment_name(name, number);
	return fstatat(j->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int damaged(const struct journal *j, unsigned part, struct diag *reterr)
{
	return diag_set(reterr, DIAG_JOURNAL_BAD, EBADMSG,
			"The journal of change %u is damaged in part %u.", j->id, part);
}

/* A last segment that is not whole counts as never written: its steps were not taken,
 * unless the disk lied about the sync, which the world then tells. */
int journal_read_segments(struct journal *j, const struct action_set *set,
			  struct diag *reterr)
{
	struct span body;
	int r = read_segment(j, 0, &body);

	if (r == 1 || r == -EBADMSG)
		return damaged(j, 0, reterr);
	r = r < 0 ? journal_cannot("read", j->id, r, reterr)
		  : parse_head(j, body, set, reterr);
	for (j->next = 1; r == 0; j->next++) {
		r = read_segment(j, j->next, &body);
		if (r != 0)
			break;
		if (!parse_records(j, body))
			return damaged(j, j->next, reterr);
	}
	if ((r == 1 || r == -EBADMSG) && segment_exists(j, j->next + 1))
		return damaged(j, j->next, reterr);
	j->torn = r == -EBADMSG;
	if (r == 1 || j->torn)
		return 0;
	return reterr && reterr->id ? r : journal_cannot("read", j->id, r, reterr);
}
