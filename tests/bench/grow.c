/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grow COUNT DIRECTORY PREFIX [PER_SECOND [SPREAD]]: adds COUNT entries to the measurement
 * list, each by a file of its own that is written, closed, opened for reading and removed.
 * DIRECTORY must be where the policy measures; PER_SECOND spreads them over time, 0: as fast
 * as it goes. Records are of one size, as those that the targets were found with; with
 * SPREAD they are up to as many bytes longer, in no order.
 *
 * Static, for machines that have nothing but this program.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Closed before it is read: a file that is open for writing would add a violation too. */
static void measure(int dir, const char *name)
{
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, name, strlen(name)) < 0 || close(fd))
		err(1, "%s", name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || close(fd) || unlinkat(dir, name, 0))
		err(1, "%s", name);
}

/* The same on every machine: Knuth's generator for 64 bits, its upper half. */
static int pad_of(long i, long spread)
{
	uint64_t x = (uint64_t)i * 6364136223846793005u + 1442695040888963407u;

	x = (x ^ x >> 31) * 6364136223846793005u;
	return (int)((x >> 33) % (uint64_t)(spread + 1));
}

static struct timespec after(struct timespec t, double seconds)
{
	t.tv_sec += (time_t)seconds;
	t.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

int main(int argc, char **argv)
{
	double rate = argc > 4 ? strtod(argv[4], NULL) : 0;
	struct timespec start, due;
	long count, spread = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
	char name[200], pad[101];
	int dir;

	if (argc < 4 || spread < 0 || spread >= (long)sizeof(pad))
		errx(2, "usage: grow COUNT DIRECTORY PREFIX [PER_SECOND [SPREAD]]");
	memset(pad, 'x', sizeof(pad));
	(void)mkdir(argv[2], 0755); /* may be there; open() says when it is not */
	dir = open(argv[2], O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err(1, "%s", argv[2]);
	count = strtol(argv[1], NULL, 10);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%.40s-%06ld%.*s", argv[3], i,
			 pad_of(i, spread), pad);
		measure(dir, name);
		if (rate > 0) {
			due = after(start, (double)(i + 1) / rate);
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		}
	}
	return 0;
}
