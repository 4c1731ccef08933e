/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/verify/tpm-ops.h"

struct tpm {
	struct tpm_source source;
};

/* The resource manager first: it can be shared, the plain device has one user. */
static const struct {
	const char *name;
	const char *tcti;
} devices[] = {
	{"tpmrm0", "device:/dev/tpmrm0"},
	{"tpm0", "device:/dev/tpm0"},
};

/* tss2 reports any failure to open the device as an I/O error: the reason is asked of the
 * kernel first. */
static int device_usable(const struct root *root, const char *name, struct diag *reterr)
{
	_cleanup_close_ int fd = root_openat(root, ROOT_DEV, name, O_RDWR, reterr);

	return fd < 0 ? fd : 0;
}

static int open_device(const struct root *root, struct tpm_source *ret,
		       struct diag *reterr)
{
	struct diag d;
	int first = -ENODEV, r;

	diag_set(reterr, DIAG_NO_TPM, ENODEV, "This machine has no TPM.");
	for (size_t i = 0; i < array_size(devices); i++) {
		r = device_usable(root, devices[i].name, &d);
		if (r == 0)
			r = tpm_esys_open(devices[i].tcti, ret, &d);
		if (r >= 0)
			return r;
		if (r == -ENOENT || first != -ENODEV)
			continue;
		first = r;
		if (reterr)
			*reterr = d;
	}
	return first;
}

/* The kernel's files answer without root and without tss2, but not for all banks at once:
 * second choice. What the device said is the better explanation when both fail. */
static int open_live(const struct root *root, struct tpm_source *ret, struct diag *reterr)
{
	int r = open_device(root, ret, reterr);

	if (r >= 0 || tpm_sysfs_open(root, ret, NULL) >= 0)
		return 0;
	return r;
}

int tpm_open(const struct root *root, const char *tcti, struct tpm **ret,
	     struct diag *reterr)
{
	_cleanup_free_ struct tpm *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (tcti)
		r = tpm_esys_open(tcti, &t->source, reterr);
	else if (root_is_recorded(root))
		r = tpm_file_open(root, &t->source, reterr);
	else
		r = open_live(root, &t->source, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(t);
	return 0;
}

struct tpm *tpm_free(struct tpm *t)
{
	if (t) {
		t->source.ops->free(t->source.state);
		free(t);
	}
	return NULL;
}

const char *tpm_describe(const struct tpm *t)
{
	return t->source.text;
}

int tpm_banks(struct tpm *t, enum hash_alg ret_algs[PCRS_BANKS_MAX], struct diag *reterr)
{
	return t->source.ops->banks(t->source.state, ret_algs, reterr);
}

int tpm_read(struct tpm *t, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = t->source.ops->read(t->source.state, mask & ((1u << PCRS_COUNT) - 1), p,
				reterr);
	if (r < 0)
		return r;
	*ret = *p;
	return 0;
}
