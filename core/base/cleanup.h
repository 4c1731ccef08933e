/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scoped release of locals; take_ptr()/take_fd() hand ownership over. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines NAMEp() for _cleanup_: calls @free on the variable unless it is NULL. */
#define DEFINE_CLEANUP(type, free)                                                       \
	__attribute__((unused)) static inline void free##p(type *p)                      \
	{                                                                                \
		if (*p)                                                                  \
			free(*p);                                                        \
	}

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	/* Read-only or already synced: close has nothing left to report. */
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* read streams only; writers check fclose themselves */
}

#define _cleanup_free_	 _cleanup_(cleanup_freep)
#define _cleanup_close_	 _cleanup_(cleanup_closep)
#define _cleanup_fclose_ _cleanup_(cleanup_fclosep)

#define take_ptr(p)                                                                      \
	({                                                                               \
		__typeof__(p) *take_at_ = &(p);                                          \
		__typeof__(p) take_value_ = *take_at_;                                   \
		*take_at_ = NULL;                                                        \
		take_value_;                                                             \
	})

static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

#define array_size(a) (sizeof(a) / sizeof((a)[0]))
