/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One denial on its way through triage (core/triage/triage.h): looked at, a remedy planned,
 * the file tried. Each in the pool, one after the other, for it reads files, keys and the
 * lists of packages. Whoever waits for it touches nothing of it meanwhile.
 */
#pragma once

#include "core/host/pool.h"
#include "core/triage/remedyplan.h"

enum denialcase_what {
	DENIALCASE_LOOK,
	DENIALCASE_PLAN,  /* .remedy, of .found */
	DENIALCASE_PROVE, /* is it denied still? */
};

struct denialcase {
	struct pool_job job; /* first: the pool hands it back */
	void *user;	     /* for its done() */
	enum denialcase_what what;
	struct denial d; /* spans into .bytes */
	struct strbuf bytes;
	uint32_t row;		    /* of the store */
	struct strbuf path;	    /* below the target; empty: none */
	char *key_file, *cert_file; /* that somebody named; NULL */
	struct sig_key *key;
	bool opened;
	struct triage t;
	struct triage_found found;
	enum remedy_id remedy;
	struct remedyplan plan;
	/* PROVE: .op was done by who was denied; */
	const char *op; /* NULL: there is none to be tried */
	bool tried;
	int proof; /* as of touch_file() */
	int err;   /* of the last; .why says it */
	struct diag why;
};

/* @d is copied. NULL: no memory. */
struct denialcase *denialcase_new(const struct root *root, const struct denial *d,
				  uint32_t row);
struct denialcase *denialcase_free(struct denialcase *c);
