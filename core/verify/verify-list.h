/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list that is verified, where it is in a store, and what is known of it besides: what
 * earlier checks of this boot proved, and the other copies of it that the kernel wrote or
 * we kept. For the command and the console alike.
 */
#pragma once

#include "core/base/root.h"
#include "core/list/live.h"
#include "core/verify/verify.h"

struct verify_list {
	const struct mstore *store; /* NULL: it is read from elsewhere */
	struct live *live;	    /* that feeds the store; NULL: a saved list */
	mref next;		    /* the first entry not handed out */
	struct span rest;	    /* of the run handed out in pieces */
	size_t n_copies;
	int copy[VERIFY_COPIES_MAX]; /* descriptors */
};

/* For verify_source.read and .rewind: bytes of the store in list order, as far as they are
 * known; 0: all of them have been handed out. */
ssize_t verify_list_read(struct verify_list *l, void *buf, size_t len);
bool verify_list_at_end(const struct verify_list *l);
void verify_list_rewind(struct verify_list *l);

/* Another copy of the list, to be looked at on a mismatch; takes @fd. */
void verify_list_add_copy(struct verify_list *l, struct verify_options *o, int fd,
			  uint8_t digest_size, const char *name);
/* Checkpoints, and the copies there are: of a live list what was read earlier in this boot
 * if it was another one; of a recorded host (@root) its text list and its banks' lists. */
void verify_list_know(struct verify_list *l, const struct root *root,
		      struct verify_options *o);

/* After a match of the live list with the TPM: keeps what is proven. Without a place to keep
 * it nothing is lost but that. */
void verify_list_save(struct verify_list *l, const struct verify *v);
void verify_list_done(struct verify_list *l);
