/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR values of a recorded host: pcrs-ALG.txt per bank, pcrs.txt, pcrs.json. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/verify/tpm-ops.h"

enum { LIMIT = 65536 };

static int file_banks(void *state, enum hash_alg ret_algs[PCRS_BANKS_MAX],
		      struct diag *reterr)
{
	const struct pcrs *all = state;

	for (size_t i = 0; i < all->n_banks; i++)
		ret_algs[i] = all->bank[i].alg;
	return (int)all->n_banks;
}

static int file_read(void *state, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	const struct pcrs *all = state;

	*ret = *all;
	for (size_t i = 0; i < ret->n_banks; i++)
		ret->bank[i].present &= mask;
	return 0;
}

static const struct tpm_ops ops = {
	.banks = file_banks,
	.read = file_read,
	.free = free,
};

/* 1: read, 0: no such file. An error names the file, since its position is in there. */
static int add_file(struct pcrs *p, const struct root *root, enum root_file file,
		    const char *suffix, enum hash_alg alg, struct diag *reterr)
{
	_cleanup_close_ int fd = root_open_suffix(root, file, suffix, reterr);
	_cleanup_strbuf_ struct strbuf b = {0};
	char text[160];
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = fs_read_fd(fd, LIMIT, root_recorded_name(file), &b, reterr);
	if (r < 0)
		return r;
	r = pcrs_parse(p, (struct span){(const uint8_t *)strbuf_str(&b), b.len}, alg,
		       reterr);
	if (r < 0 && reterr) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1,
			       reterr->text);
		(void)snprintf(reterr->text, sizeof(reterr->text), "%s%s%s: %s",
			       root_recorded_name(file), suffix ? " of bank " : "",
			       suffix ? suffix : "", text);
	}
	return r < 0 ? r : 1;
}

static int add_banks(struct pcrs *p, const struct root *root, struct diag *reterr)
{
	int r, found = 0;

	for (int i = 0; i < _HASH_ALG_MAX; i++) {
		enum hash_alg alg = (enum hash_alg)i;

		if (!hash_alg_tpm(alg))
			continue;
		r = add_file(p, root, ROOT_PCRS, hash_alg_name(alg), alg, reterr);
		if (r < 0)
			return r;
		found += r;
	}
	return found;
}

int tpm_file_open(const struct root *root, struct tpm_source *ret, struct diag *reterr)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	int banks, plain, json;

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	banks = add_banks(p, root, reterr);
	if (banks < 0)
		return banks;
	plain = add_file(p, root, ROOT_PCRS, NULL, _HASH_ALG_INVALID, reterr);
	if (plain < 0)
		return plain;
	json = add_file(p, root, ROOT_PCRS_JSON, NULL, _HASH_ALG_INVALID, reterr);
	if (json < 0)
		return json;
	if (p->n_banks == 0)
		return diag_set(reterr, DIAG_NO_TPM, ENODEV,
				"The recorded host holds no PCR values.");
	ret->ops = &ops;
	(void)snprintf(ret->text, sizeof(ret->text), "recorded PCR files (%zu banks)",
		       p->n_banks);
	ret->state = take_ptr(p);
	return 0;
}
