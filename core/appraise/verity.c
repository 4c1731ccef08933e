/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/verity.h"

#include <linux/fsverity.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "core/base/cleanup.h"

static enum hash_alg alg_of(uint16_t number)
{
	switch (number) {
	case FS_VERITY_HASH_ALG_SHA256:
		return HASH_SHA256;
	case FS_VERITY_HASH_ALG_SHA512:
		return HASH_SHA512;
	default:
		return _HASH_ALG_INVALID;
	}
}

int verity_measure(int fd, struct digest *ret)
{
	_cleanup_free_ struct fsverity_digest *d = malloc(sizeof(*d) + HASH_MAX_SIZE);
	enum hash_alg alg;

	if (!d)
		return -ENOMEM;
	d->digest_size = HASH_MAX_SIZE;
	if (ioctl(fd, FS_IOC_MEASURE_VERITY, d) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP ? -ENODATA : -errno;
	alg = alg_of(d->digest_algorithm);
	if (d->digest_size != hash_alg_size(alg))
		return -EOPNOTSUPP;
	ret->alg = alg;
	ret->size = (uint8_t)d->digest_size;
	memcpy(ret->value, d->digest, d->digest_size);
	return 0;
}
