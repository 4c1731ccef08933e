/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "core/base/pack.h"

enum {
	TRIES = 3,
	TICK_MS = 4,
	TICKS = 10, /* CONFIG_HZ=100 needs 3 */
};

static struct stamp_time time_of(struct statx_timestamp t)
{
	return (struct stamp_time){t.tv_sec, t.tv_nsec};
}

struct stamp stamp_of(const struct statx *st)
{
	return (struct stamp){st->stx_ino, st->stx_size, time_of(st->stx_mtime),
			      time_of(st->stx_ctime)};
}

static int look(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

int stamp_read(int fd, struct stamp *ret)
{
	struct statx st;
	int r = look(fd, &st);

	if (r == 0)
		*ret = stamp_of(&st);
	return r;
}

static bool same_time(struct stamp_time a, struct stamp_time b)
{
	return a.sec == b.sec && a.nsec == b.nsec;
}

bool stamp_same_contents(const struct stamp *a, const struct stamp *b)
{
	return a->ino == b->ino && a->size == b->size && same_time(a->mtime, b->mtime);
}

bool stamp_same(const struct stamp *a, const struct stamp *b)
{
	return stamp_same_contents(a, b) && same_time(a->ctime, b->ctime);
}

static void pack_time(struct strbuf *b, struct stamp_time t)
{
	pack_u64(b, (uint64_t)t.sec);
	pack_u32(b, t.nsec);
}

void stamp_pack(struct strbuf *out, const struct stamp *s)
{
	pack_u64(out, s->ino);
	pack_u64(out, s->size);
	pack_time(out, s->mtime);
	pack_time(out, s->ctime);
}

static bool unpack_time(struct bytes *b, struct stamp_time *ret)
{
	uint64_t sec;

	if (!bytes_u64(b, &sec) || !bytes_u32(b, &ret->nsec))
		return false;
	ret->sec = (int64_t)sec;
	return true;
}

bool stamp_unpack(struct bytes *b, struct stamp *ret)
{
	return bytes_u64(b, &ret->ino) && bytes_u64(b, &ret->size) &&
	       unpack_time(b, &ret->mtime) && unpack_time(b, &ret->ctime);
}

/* The time by which file systems stamp changes goes on in ticks (current_time() in
 * fs/inode.c): a change in the tick of the last one would not show. */
static void wait_for_tick(const struct stamp *s)
{
	struct timespec now, nap = {0, TICK_MS * 1000000L};

	for (int i = 0; i < TICKS; i++) {
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (now.tv_sec > s->ctime.sec ||
		    (now.tv_sec == s->ctime.sec && now.tv_nsec > (long)s->ctime.nsec))
			return;
		if (s->ctime.sec > now.tv_sec + 1)
			return;		     /* of the future: the clock was set */
		(void)nanosleep(&nap, NULL); /* signals are the caller's */
	}
}

int stamp_still(int fd, int (*read)(void *user, int fd, uint64_t size), void *user,
		struct stamp *ret, uint64_t *ret_dev)
{
	struct stamp before, after;
	struct statx st;
	int r = look(fd, &st);

	if (r == 0 && !S_ISREG(st.stx_mode))
		return -ESTALE;
	for (int i = 0; i < TRIES && r == 0; i++) {
		before = stamp_of(&st);
		wait_for_tick(&before);
		r = read(user, fd, before.size);
		if (r == 0)
			r = look(fd, &st);
		if (r < 0)
			break;
		after = stamp_of(&st);
		*ret = after;
		if (ret_dev)
			*ret_dev = makedev(st.stx_dev_major, st.stx_dev_minor);
		if (stamp_same(&before, &after))
			return 0;
	}
	return r < 0 ? r : -ESTALE;
}
