/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCR values from the kernel's files: class/tpm/tpm0/pcr-ALG/N since 5.12 (linux 6.1
 * drivers/char/tpm/tpm-sysfs.c PCR_ATTR_BUILD), class/tpm/tpm0/pcrs of a TPM 1.2.
 * Each value is a command of its own, so a PCR is read until two passes over its banks
 * agree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/tpm-ops.h"

enum { LIMIT = 4096 };

struct sysfs {
	int dir; /* class/tpm/tpm0 */
	bool tpm12;
	size_t n_banks;
	enum hash_alg bank[PCRS_BANKS_MAX];
};

static void sysfs_free(void *state)
{
	struct sysfs *s = state;

	cleanup_closep(&s->dir);
	free(s);
}

static int sysfs_banks(void *state, enum hash_alg ret_algs[PCRS_BANKS_MAX],
		       struct diag *reterr)
{
	const struct sysfs *s = state;

	memcpy(ret_algs, s->bank, s->n_banks * sizeof(*ret_algs));
	return (int)s->n_banks;
}

static int add_file(const struct sysfs *s, const char *name, const char *before,
		    enum hash_alg alg, struct pcrs *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_close_ int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return diag_set(reterr, DIAG_TPM_IO, errno,
				"Cannot open the kernel's %s: %s.", name,
				diag_errno(errno));
	strbuf_adds(&b, before);
	r = fs_read_fd(fd, LIMIT, name, &b, NULL);
	if (r < 0)
		return diag_set(reterr, DIAG_TPM_IO, r, "The TPM does not answer: %s.",
				diag_errno(r));
	return pcrs_parse(ret, (struct span){(const uint8_t *)strbuf_str(&b), b.len}, alg,
			  reterr);
}

static int pass(const struct sysfs *s, unsigned pcr, struct pcrs *ret,
		struct diag *reterr)
{
	char name[64], before[32];
	int r = 0;

	*ret = (struct pcrs){0};
	if (s->tpm12)
		return add_file(s, "pcrs", "", HASH_SHA1, ret, reterr);
	for (size_t i = 0; i < s->n_banks && r >= 0; i++) {
		(void)snprintf(name, sizeof(name), "pcr-%s/%u", hash_alg_name(s->bank[i]),
			       pcr);
		(void)snprintf(before, sizeof(before), "PCR-%02u: ", pcr);
		r = add_file(s, name, before, s->bank[i], ret, reterr);
	}
	return r;
}

static bool same(const struct pcrs *a, const struct pcrs *b, unsigned pcr)
{
	struct span x, y;

	for (size_t i = 0; i < a->n_banks; i++)
		if (!pcrs_value(a, a->bank[i].alg, pcr, &x) ||
		    !pcrs_value(b, a->bank[i].alg, pcr, &y) || !span_equal(x, y))
			return false;
	return a->n_banks == b->n_banks;
}

static int keep(const struct pcrs *from, unsigned pcr, struct pcrs *ret)
{
	for (size_t i = 0; i < from->n_banks; i++) {
		struct pcr_bank *b = pcrs_bank(ret, from->bank[i].alg);
		struct span v;

		if (!b || !pcrs_value(from, b->alg, pcr, &v))
			return -EIO;
		memcpy(b->value[pcr], v.ptr, v.len);
		b->present |= 1u << pcr;
	}
	return 0;
}

static int read_one(const struct sysfs *s, unsigned pcr, struct pcrs *ret,
		    struct diag *reterr)
{
	_cleanup_free_ struct pcrs *now = calloc(2, sizeof(*now));
	int r;

	if (!now)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = pass(s, pcr, &now[0], reterr);
	for (int i = 1; r >= 0 && i < TPM_SETTLE_TRIES; i++) {
		r = pass(s, pcr, &now[i % 2], reterr);
		if (r >= 0 && same(&now[0], &now[1], pcr))
			return keep(&now[0], pcr, ret);
	}
	if (r < 0)
		return r;
	return diag_set(reterr, DIAG_TPM_BUSY, EBUSY,
			"PCR %u changes faster than its banks can be read.", pcr);
}

static int sysfs_read(void *state, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	int r = 0;

	for (unsigned i = 0; i < PCRS_COUNT && r >= 0; i++)
		if (mask & 1u << i)
			r = read_one(state, i, ret, reterr);
	return r;
}

static const struct tpm_ops ops = {
	.banks = sysfs_banks,
	.read = sysfs_read,
	.free = sysfs_free,
};

static void find_banks(struct sysfs *s)
{
	char name[64];

	for (int i = 0; i < _HASH_ALG_MAX && s->n_banks < PCRS_BANKS_MAX; i++) {
		if (!hash_alg_tpm((enum hash_alg)i))
			continue;
		(void)snprintf(name, sizeof(name), "pcr-%s/0",
			       hash_alg_name((enum hash_alg)i));
		if (faccessat(s->dir, name, F_OK, 0) == 0)
			s->bank[s->n_banks++] = (enum hash_alg)i;
	}
	if (s->n_banks || faccessat(s->dir, "pcrs", F_OK, 0) < 0)
		return;
	s->tpm12 = true;
	s->bank[s->n_banks++] = HASH_SHA1;
}

int tpm_sysfs_open(const struct root *root, struct tpm_source *ret, struct diag *reterr)
{
	struct sysfs found = {.dir = -1};
	struct sysfs *s;

	/* tpm0 is a link into the device tree: "." behind it keeps the last component real */
	found.dir = root_openat(root, ROOT_SYS, "class/tpm/tpm0/.", O_PATH | O_DIRECTORY,
				NULL);
	if (found.dir >= 0)
		find_banks(&found);
	s = found.n_banks ? malloc(sizeof(*s)) : NULL;
	if (!s) {
		cleanup_closep(&found.dir);
		return diag_set(reterr, DIAG_NO_TPM, ENODEV,
				"The kernel shows no PCR values in /sys/class/tpm.");
	}
	*s = found;
	ret->ops = &ops;
	ret->state = s;
	(void)snprintf(ret->text, sizeof(ret->text), "TPM %s (/sys/class/tpm/tpm0)",
		       s->tpm12 ? "1.2" : "2.0");
	return 0;
}
