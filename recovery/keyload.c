/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/keyload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/keyring.h"
#include "core/base/keysys.h"
#include "core/base/spki.h"

#define FOLDER "etc/keys/ima"
#define USERS  "_ima"

enum { DER_MAX = 65535 }; /* asn1_ber_decoder() takes no more */

void keyload_begin(struct keyload *k, const struct root *here, const struct root *target)
{
	*k = (struct keyload){.here = here, .target = target};
}

void keyload_done(struct keyload *k)
{
	free(k->key);
	*k = (struct keyload){0};
}

/* Whoever asks first for _ima has it found among the keyrings of root's session, which the
 * user's own belongs to. */
static int32_t users_ring(const struct keyring_set *set)
{
	int32_t ring = keysys_search(KEYSYS_USER, "keyring", USERS);

	if (ring > 0)
		return ring;
	if (set->ring[KEYRING_IMA_USER].serial)
		return set->ring[KEYRING_IMA_USER].serial;
	return keysys_add("keyring", USERS, (struct span){0}, KEYSYS_USER);
}

static int32_t find_ring(struct keyload *k)
{
	_cleanup_keyring_ struct keyring_set set = {0};
	int r;

	if (k->ring)
		return k->ring;
	r = keyring_load(k->here, &set, NULL);
	if (r < 0)
		return r;
	k->ring = set.ring[KEYRING_IMA].serial;
	if (!k->ring) {
		r = users_ring(&set);
		k->ring = r > 0 ? r : 0;
	}
	return r < 0 ? r : k->ring;
}

bool keyload_has(const struct keyload *k, struct span hash)
{
	for (size_t i = 0; i < k->n; i++)
		if (span_is(hash, k->key[i].hash))
			return true;
	return false;
}

static int keep(struct keyload *k, const char *hash, int32_t serial)
{
	struct keyload_key *more = reallocarray(k->key, k->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	k->key = more;
	memcpy(more[k->n].hash, hash, sizeof(more->hash));
	more[k->n++].serial = serial;
	return 0;
}

/* 0: it is in the keyring. -EKEYREVOKED: it is never to be. */
static int load(struct keyload *k, struct span der)
{
	char hash[GEN_KEY_HASH + 1];
	int32_t ring, serial;
	int r = spki_hash(der, hash);

	if (r < 0)
		return r;
	r = gen_revoked(k->target, span_of(hash));
	if (r != 0)
		return r < 0 ? r : -EKEYREVOKED;
	if (keyload_has(k, span_of(hash)))
		return 0;
	ring = find_ring(k);
	if (ring < 0)
		return ring;
	serial = keysys_add("asymmetric", NULL, der, ring);
	if (serial == -ENOPKG)
		k->algorithm = true;
	return serial < 0 ? serial : keep(k, hash, serial);
}

static int not_loaded(struct keyload *k, const char *where, const char *name, int r)
{
	char q[120];

	return diag_set(&k->failed, DIAG_KEY_REFUSED, -r, "%s%s is not loaded: %s.",
			where, str_quote(q, sizeof(q), span_of(name)),
			r == -EKEYREVOKED ? "it was revoked" : diag_errno(-r));
}

static bool is_der(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".der") == 0;
}

static void load_file(struct keyload *k, int at, const char *name)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	int r = fs_read_at(at, name, DER_MAX, &der, NULL);

	if (r == 0)
		r = load(k, strbuf_span(&der));
	if (r < 0)
		not_loaded(k, "/" FOLDER "/", name, r);
}

void keyload_disk(struct keyload *k)
{
	int fd =
		root_openat(k->target, ROOT_TARGET, FOLDER, O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		if (fd != -ENOENT)
			not_loaded(k, "/", FOLDER, fd < 0 ? fd : -ENOMEM);
		return;
	}
	while ((e = readdir(dir)))
		if (is_der(e->d_name))
			load_file(k, dirfd(dir), e->d_name);
	(void)closedir(dir);
}

/* "keys/HASH.der" among a generation's files. */
static bool is_key(struct span name)
{
	return name.len > 5 && memcmp(name.ptr, "keys/", 5) == 0;
}

static int load_named(struct keyload *k, unsigned number, struct span name,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	char text[GEN_NAME_SIZE], where[40];
	int r;

	(void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
	r = gen_read(k->target, number, text, &der, NULL, reterr);
	if (r < 0)
		return r;
	r = load(k, strbuf_span(&der));
	if (r == 0)
		return 0;
	(void)snprintf(where, sizeof(where), "Generation %u: ", number);
	r = not_loaded(k, where, text, r);
	if (reterr)
		*reterr = k->failed;
	return r;
}

int keyload_generation(struct keyload *k, unsigned number, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	struct span name;
	struct bytes in;
	int r = gen_files(k->target, number, &names, reterr);

	in = bytes_of(strbuf_str(&names), names.len);
	while (r == 0 && bytes_until(&in, '\n', &name))
		if (is_key(name))
			r = load_named(k, number, name, reterr);
	return r;
}

void keyload_keep_only(struct keyload *k, unsigned number)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	size_t kept = 0;

	if (number)
		(void)gen_files(k->target, number, &names, NULL);
	for (size_t i = 0; i < k->n; i++) {
		if (names.len && strstr(names.ptr, k->key[i].hash))
			k->key[kept++] = k->key[i];
		else
			(void)keysys_unlink(k->key[i].serial, k->ring);
	}
	k->n = kept;
}
