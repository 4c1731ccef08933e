/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by inspect*.c alone. */
#pragma once

#include "core/appraise/inspect.h"

/* A signature that is appended, by each keyring. */
struct inspect_modsig {
	struct inspect_sig ima, platform;
	struct digest digest; /* of the contents before it; of the first signer */
};

/* What was found out about the file that is asked about. */
struct inspect_seen {
	struct inspect_subject of;
	int own_fd, data;	    /* -1: not opened; data: the contents */
	bool label, evm_label, evm; /* looked at? */
	bool modsig;
	bool hashed, measured;	      /* by IMA, by fs-verity */
	struct digest digest, verity; /* of the contents; of fs-verity */
	int verity_err;		      /* positive errno */
	bool checked[2];	      /* by: is it fs-verity's digest that is signed? */
	struct inspect_sig sig[2], platform[2]; /* by the keys of IMA, of the firmware */
	struct inspect_modsig appended;
	struct inspect_result of_evm; /* .evm, .evm_data, .no_inode, .evm_status */
	struct appraise_file place;   /* what look_at_place() sets */
	bool placed;
};

/* Each reads what it is about once for a subject. IMA-H001, IMA-H002, IMA-H006. */
int inspect_see_label(struct inspect *i, struct diag *reterr); /* security.ima */
int inspect_see_evm(struct inspect *i, struct diag *reterr);
int inspect_see_contents(struct inspect *i, enum hash_alg alg, struct diag *reterr);
int inspect_see_verity(struct inspect *i, struct diag *reterr);
int inspect_see_modsig(struct inspect *i, struct diag *reterr);
int inspect_see_place(struct inspect *i, struct diag *reterr);

/* The value; empty where there is none. Borrowed. */
struct span inspect_value(const struct inspect *i, enum imaxattr_attr a);

/* A signature in @a, held against @keys. */
void inspect_check(struct inspect *i, const struct keyset *keys, enum imaxattr_attr a,
		   const struct digest *digest, struct inspect_sig *ret);
/* Is what IMA's keys gave (@v) not the kernel's last word? */
bool inspect_asks_platform(const struct inspect *i, enum sig_verdict v);

/* The signature that is appended to the contents open at @data. IMA-H002. */
int inspect_modsig(struct inspect *i, int data, const char *path,
		   struct inspect_modsig *ret, struct diag *reterr);
