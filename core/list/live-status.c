/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel counts, how it stands with the reading, and waiting for it. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "core/host/loop.h"
#include "core/list/live-internal.h"

enum {
	POLL_MS = 250,
	BUSY_MAX_MS = 30000, /* trimming takes milliseconds: this program hangs */
};

/* A counter file ("%li\n"). */
static int read_number(int fd, uint64_t *ret)
{
	char text[32];
	ssize_t n;

	do
		n = pread(fd, text, sizeof(text), 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -EBADMSG;
	if (text[n - 1] == '\n')
		n--;
	return str_to_u64((struct span){(const uint8_t *)text, (size_t)n}, ret);
}

/* 1: the count is another one than before. */
int live_read_count(struct live *l)
{
	uint64_t before = l->count;
	int r;

	l->count_reads++;
	r = read_number(l->count_fd, &l->count);
	if (r < 0)
		return r;
	if (l->count == before)
		return 0;
	if (l->violations_fd >= 0 && read_number(l->violations_fd, &l->violations) < 0)
		l->violations = UINT64_MAX;
	return 1;
}

/* A count costs 30 us; reading the news costs the kernel a walk of the whole list, so the
 * longer that takes the more news are fetched at once. */
unsigned live_poll_ms(const struct live *l)
{
	uint64_t ms = POLL_MS;

	if (l->busy)
		return (unsigned)(l->retry_step ? l->retry_step : POLL_MS);
	if (l->quiet_polls > 40)
		ms = l->quiet_polls > 200 ? LIVE_POLL_MAX_MS : LIVE_POLL_MAX_MS / 4;
	if (ms < l->slowest_us / 1000 * 20)
		ms = l->slowest_us / 1000 * 20;
	return (unsigned)(ms < LIVE_POLL_MAX_MS ? ms : LIVE_POLL_MAX_MS);
}

void live_skip_middle(struct live *l)
{
	l->skip_middle = true;
	cleanup_closep(&l->head_fd);
	l->head_fd = -1;
}

/* The list is held since @since: 1 after a while, when it is worth another try. */
static int wait_for_list(uint64_t since, struct diag *reterr)
{
	struct timespec t = {.tv_nsec = 50 * 1000000};

	if (loop_now_ms() - since > BUSY_MAX_MS)
		return diag_set(reterr, DIAG_LIST_BUSY, EBUSY,
				"Another program has held the measurement list for %d s.",
				BUSY_MAX_MS / 1000);
	(void)nanosleep(&t, NULL); /* a signal ends it: then look again */
	return 1;
}

int live_catch_up(struct live *l, const volatile bool *cancel, struct diag *reterr)
{
	uint64_t free_ms = loop_now_ms();
	int r;

	do {
		r = live_step(l, reterr);
		if (!l->busy)
			free_ms = loop_now_ms();
		if (r == -EAGAIN) {
			pool_drain(l->pool);
			r = 1;
		}
		if (r == 0 && l->busy)
			r = wait_for_list(free_ms, reterr);
	} while (r > 0 && !(cancel && *cancel));
	return r < 0 ? r : 0;
}

struct mstore *live_store(struct live *l)
{
	return l->store;
}

/* The time to read k entries grows with k squared; so does what is left. */
static uint64_t eta(const struct live *l)
{
	double known = mstore_head(l->store);
	double all = known;
	uint64_t n;

	if (!mstore_tail(l->store) || known < 1000)
		return 0;
	if (mstore_number(l->store, MSTORE_TAIL, &n) || n > (uint64_t)known)
		all = (double)n;
	return (uint64_t)((double)l->head_us / 1000 * (all * all / known / known - 1));
}

void live_status(const struct live *l, struct live_status *ret)
{
	*ret = (struct live_status){
		.count = l->count,
		.violations = l->violations,
		.trimmed = l->trimmed,
		.lost = l->lost,
		.busy = l->busy,
		.trimmable = l->trimmable,
		.resumed = l->resumed,
		.saving = l->checkpoint && checkpoint_writable(l->checkpoint),
		.caught_up = l->caught_up,
		.list_reads = l->list_reads,
		.count_reads = l->count_reads,
		.eta_ms = eta(l),
		.seen_ms = l->seen_ms,
	};
}

struct span live_blob(const struct live *l, const char *name)
{
	return l->checkpoint ? checkpoint_blob(l->checkpoint, name) : (struct span){0};
}

int live_set_blob(struct live *l, const char *name, struct span data)
{
	l->new_blob = true;
	return l->checkpoint ? checkpoint_set_blob(l->checkpoint, name, data) : 0;
}
