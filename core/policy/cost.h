/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What measuring costs: kernel memory per list entry, by the sizes of linux 6.1 on x86-64
 * (struct ima_queue_entry, ima_template_entry, tpm_digest, one allocation per field, each
 * rounded up as kmalloc does), per inode from /proc/slabinfo, and who causes it.
 *
 * Entries are freed by nobody before 7.2: the sum only grows within a boot. Generic
 * kmalloc caches cannot be attributed from outside, so the list itself is the meter.
 * Streaming: memory does not grow with the list but for 8 bytes per distinct content, up
 * to COST_CONTENTS_MAX.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/root.h"
#include "core/list/mlog.h"
#include "core/list/tally.h"

struct probe;

enum {
	COST_TOP = 10,
	COST_CONTENTS_MAX = 1 << 20,
};

struct cost_model {
	unsigned slots; /* template digests kept per entry: banks, and sha1 and ima_hash
			 * where they are none (ima_crypto.c ima_init_crypto()) */
	bool assumed;	/* the banks are not known: two were taken */
};

/* What a kmalloc of @size takes: 0 for 0. */
uint64_t cost_kmalloc(uint64_t size);

struct cost_model cost_model_of(const struct probe *p);

/* Kernel memory of one entry in bytes. */
uint64_t cost_entry(const struct cost_model *model, const struct mlog_dialect *dialect,
		    const struct mlog_entry *entry);

/* What measuring a file that has a path of @path bytes and a signature of @sig bytes (0: none)
 * adds, by the template's name or format. The file's hash is ima_hash=. */
struct cost_file {
	enum hash_alg hash;
	size_t path, sig;
};
uint64_t cost_file(const struct cost_model *model, struct span name,
		   const struct cost_file *file);

/* Sums over a list; plain data, read after the last cost_add(). */
struct cost {
	struct cost_model model;
	uint64_t entries, violations;
	uint64_t list_bytes; /* of the binary list */
	uint64_t kernel_bytes;
	uint64_t sig_bytes; /* of that, for signatures (sig, evmsig, modsig) */
	uint64_t contents;  /* distinct file digests */
	uint64_t repeated;  /* entries whose content was measured before */
	bool contents_full; /* more than COST_CONTENTS_MAX: the two above are bounds */
	struct tally *templates, *dirs, *paths, *violators; /* weight: kernel bytes */
	uint64_t *seen; /* private: hashes of contents */
	size_t n_seen, cap_seen;
};

int cost_init(struct cost *c, const struct cost_model *model, struct diag *reterr);
void cost_done(struct cost *c);
int cost_add(struct cost *c, const struct mlog_dialect *dialect,
	     const struct mlog_entry *entry, struct diag *reterr);

/* The folders that explain most: one that is nearly all of its parent stands for it. */
size_t cost_top_dirs(struct cost *c, struct tally_row ret[COST_TOP]);
/* Names measured more than once (their content changed, or violations). */
size_t cost_top_paths(struct cost *c, struct tally_row ret[COST_TOP]);

/* What does not come from the list. */
struct cost_system {
	bool has_slab; /* /proc/slabinfo was readable and has a row of IMA or EVM */
	uint64_t inodes, inode_bytes; /* ima_iint_cache or iint_cache */
	uint64_t evm_inodes, evm_bytes;
	bool has_uptime;
	double uptime; /* s */
	bool has_slab_total;
	uint64_t slab_unreclaim; /* SUnreclaim of meminfo */
	uint64_t mem_total;
};

void cost_system_read(const struct root *root, struct cost_system *ret);
