/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/pcrcap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/sha256.h"

#define WORDS "imactl rescue shell"

enum {
	TPM_ST_SESSIONS = 0x8002,
	TPM_CC_PCR_EXTEND = 0x182,
	TPM_RC_HASH = 0x083, /* format 1: the bits of the parameter's number beside it */
	TPM_RC_FORMAT1 = 0x0bf,
	ANSWER_SECONDS = 30,
};

static const uint8_t pcrs[] = {7, 11};

/* Every hash that a bank can be of; what is no bank here takes its value without effect, what
 * this TPM does not know it refuses. TCG algorithm registry. */
static const struct {
	uint16_t id;
	uint8_t size;
} algs[] = {
	{0x04, 20}, {0x0b, 32}, {0x0c, 48}, {0x0d, 64}, /* SHA-1, SHA-256, -384, -512 */
	{0x12, 32}, {0x27, 32}, {0x28, 48}, {0x29, 64}, /* SM3, SHA3-256, -384, -512 */
};

static void put(uint8_t *out, size_t *n, uint32_t value, size_t size)
{
	while (size--)
		out[(*n)++] = (uint8_t)(value >> 8 * size);
}

size_t pcrcap_command(uint8_t pcr, uint16_t alg, size_t size, uint8_t ret[PCRCAP_COMMAND])
{
	uint8_t hash[SHA256_SIZE];
	size_t n = 0, end = 0;

	sha256_of(span_of(WORDS), hash);
	put(ret, &n, TPM_ST_SESSIONS, 2);
	put(ret, &n, 0, 4); /* the size, below */
	put(ret, &n, TPM_CC_PCR_EXTEND, 4);
	put(ret, &n, pcr, 4);
	put(ret, &n, 9, 4);	     /* of the authorization: */
	put(ret, &n, 0x40000009, 4); /* TPM_RS_PW, the empty password */
	put(ret, &n, 0, 2);
	put(ret, &n, 0, 1);
	put(ret, &n, 0, 2);
	put(ret, &n, 1, 4); /* digests */
	put(ret, &n, alg, 2);
	for (size_t i = 0; i < size; i++)
		ret[n++] = hash[i % sizeof(hash)];
	end = 2;
	put(ret, &end, (uint32_t)n, 4);
	return n;
}

/* The response code; -errno. */
static int64_t answer(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint8_t bytes[256];
	struct bytes in;
	uint32_t size, code;
	uint16_t tag;
	ssize_t n;

	if (poll(&p, 1, ANSWER_SECONDS * 1000) <= 0)
		return -ETIMEDOUT;
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0)
		return -errno;
	in = bytes_of(bytes, (size_t)n);
	in.big_endian = true;
	if (!bytes_u16(&in, &tag) || !bytes_u32(&in, &size) || !bytes_u32(&in, &code))
		return -EBADMSG;
	return code;
}

static int extend(int fd, uint8_t pcr, bool *done)
{
	for (size_t i = 0; i < array_size(algs); i++) {
		uint8_t cmd[PCRCAP_COMMAND];
		size_t n = pcrcap_command(pcr, algs[i].id, algs[i].size, cmd);
		int64_t code;
		int r = fs_write_all(fd, cmd, n);

		if (r < 0)
			return r;
		code = answer(fd);
		if (code < 0)
			return (int)code;
		if (code == 0)
			*done = true;
		else if ((code & TPM_RC_FORMAT1) != TPM_RC_HASH)
			return -EIO;
	}
	return 0;
}

int pcrcap_extend(int fd)
{
	for (size_t i = 0; i < sizeof(pcrs); i++) {
		bool done = false;
		int r = extend(fd, pcrs[i], &done);

		if (r < 0 || !done)
			return r < 0 ? r : -EIO;
	}
	return 0;
}

int pcrcap_all(const struct root *here)
{
	_cleanup_close_ int fd =
		root_openat(here, ROOT_DEV, "tpmrm0", O_RDWR | O_CLOEXEC, NULL);
	int r;

	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : pcrcap_extend(fd);
	return r < 0 ? r : 1;
}
