/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file that was denied, or might be, looked at now: what it carries, what it holds,
 * whose it is, which rule appraises it; whether it would be denied again, by asking the
 * kernel's decision (core/simulate/judge.h); and what can be done about it here. Nothing is
 * changed. Looking is an access like any other: where the policy denies reading the file,
 * that is said.
 *
 *	struct triage t;
 *	triage_open(&t, root, NULL, &d);
 *	triage_look(&t, &(struct triage_subject){.path = "usr/bin/x"}, &found, &d);
 *	... triagetext.h says it, remedyplan.h does something about it ...
 *	triage_found_done(&found);
 *	triage_close(&t);
 *
 * For one thread. The first look-up loads the packages' lists, which takes a moment.
 */
#pragma once

#include "core/appraise/evmstate.h"
#include "core/base/keyring.h"
#include "core/cert/certstore.h"
#include "core/cert/keyset.h"
#include "core/host/pkgdb.h"
#include "core/host/walk.h"
#include "core/policy/explain.h"
#include "core/policy/ruleset.h"
#include "core/simulate/judge.h"
#include "core/triage/auditcause.h"
#include "core/triage/denial.h"

/* What a machine decides with: for any number of files. All of it may be read. */
struct triage {
	const struct root *root; /* borrowed */
	struct probe *probe;
	enum appraise_mode mode;
	struct ruleset rules;
	struct diag no_rules; /* .id DIAG_NONE: .rules are known; else why not */
	struct evmstate evm;
	struct keyring_set rings;
	struct keyset own[2]; /* the kernel's keys, by enum imaxattr_attr */
	/* Certificates at hand, whether or not the kernel has their keys: those in the usual
	 * places; the caller may add others. */
	struct certstore certs;
	struct pkgdb *packages;
	struct judge judge;
	/* The caller's to set, for what is possible: a private key to sign with, and where it
	 * was read from (foreign bytes); NULL: none. */
	const struct sig_key *key;
	const char *key_from;
	const char
		*root_dir; /* of another root than this machine's, for commands; NULL */
};

/* @policy: as if it were loaded first; NULL: the rules in force. Where those are not known
 * everything else is. -ENOMEM, IMA-G001. */
int triage_open(struct triage *t, const struct root *root, const struct span *policy,
		struct diag *reterr);
void triage_close(struct triage *t);
#define _cleanup_triage_ __attribute__((cleanup(triage_close)))

struct triage_subject {
	const char *path; /* below the target; NULL: the denial names no file */
	const struct denial *denial; /* NULL: nobody said anything */
	const char *op; /* "exec" (policy-ops.inc); NULL: each that makes sense */
	uint32_t uid;	/* who does it */
};

enum triage_answer { TRIAGE_NO, TRIAGE_YES, TRIAGE_UNKNOWN };

enum triage_package {
	TRIAGE_UNOWNED, /* of no package */
	TRIAGE_UNTOLD,	/* of a package that does not say what it holds */
	TRIAGE_AS_SHIPPED,
	TRIAGE_CHANGED,
	TRIAGE_UNREAD, /* the file could not be read */
};

enum { TRIAGE_OPS = 6, TRIAGE_REMEDIES = 8 };

/* One thing that may be done with the file. */
struct triage_op {
	const char *word;	   /* "exec" */
	bool appraised;		   /* a rule wants it */
	bool fails;		   /* enforce would deny it */
	bool unsure;		   /* what decides is not known: see judge_result */
	enum appraise_cause cause; /* of what fails */
	size_t rule;		   /* that appraises, index; SIZE_MAX: none */
	struct appraise_rule asks; /* what that rule asks for */
};

struct triage_remedy {
	enum remedy_id id;
	bool possible;	       /* here and now */
	char why[160];	       /* why not; or a remark; "" */
	struct strbuf command; /* remedy_command(); foreign bytes */
};

struct triage_found {
	/* What the record says, or what fails first now; NULL: neither. */
	const struct auditcause *cause;
	bool of_record;	  /* the former */
	struct span word; /* its word, in full: "TPM_error(-62)"; foreign bytes, borrowed
			   * from the denial; empty without a cause */

	bool is_file;	    /* the rest is of it; else: */
	int err;	    /* positive errno of opening it; 0: no path was given */
	struct strbuf path; /* below the target */
	struct walk_file facts;
	struct explain place;	 /* owner, file system */
	enum triage_answer same; /* is it the inode of the record? UNKNOWN without one */
	const struct label *label;  /* borrowed until the next triage_look() */
	struct inspect_result seen; /* what its label can satisfy; keys borrowed */
	int read_err;		    /* positive errno: its contents cannot be read; 0 */
	const struct cert *cert;    /* of its signature's key, at hand; NULL; borrowed */
	const char *cert_file;	    /* where that was found; foreign bytes; NULL */
	const char *package;	    /* its name, "" for none; borrowed */
	enum triage_package shipped;

	struct triage_op op[TRIAGE_OPS];
	size_t n_ops;
	size_t first; /* of .op, that .again is about: fails, or is unsure; SIZE_MAX: none */
	enum triage_answer again; /* would it fail now? */
	bool denies;		  /* and be denied, in the mode of the kernel */

	struct triage_remedy
		remedy[TRIAGE_REMEDIES]; /* the best that is possible first */
	size_t n_remedies;
};

/* @ret is zero before. What cannot be found out says so in *ret. -ENOMEM. */
int triage_look(struct triage *t, const struct triage_subject *s,
		struct triage_found *ret, struct diag *reterr);
void triage_found_done(struct triage_found *f);
#define _cleanup_triage_found_ __attribute__((cleanup(triage_found_done)))

/* The remedy of that word that was found; NULL: it is none for this. */
const struct triage_remedy *triage_remedy(const struct triage_found *f, struct span word);

/* What the words of a remedy's command stand for; borrows from both. */
struct remedy_about triage_about(const struct triage *t, const struct triage_found *f,
				 struct strbuf *keep);
