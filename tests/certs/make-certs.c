/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make-certs FOLDER [CA.der CA.key]: every variant as FOLDER/NAME.der, signed by that CA.
 * Prints the names. Without a CA one is made, FOLDER/CA.der, and recorded hosts that trust
 * it: FOLDER/ima-61, user-61, ima-612 and blind (keyhost.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tests/certs/keyhost.h"

static int put(const char *folder, const char *name, const struct strbuf *der)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s.der", folder, name) < 0)
		return -1;
	return fs_replace_at(AT_FDCWD, path, der->ptr, der->len, 0644, NULL);
}

static int put_hosts(const char *folder, const struct certgen *g)
{
	static const char *const names[] = {[KEYHOST_IMA_61] = "ima-61",
					    [KEYHOST_USER_61] = "user-61",
					    [KEYHOST_IMA_612] = "ima-612",
					    [KEYHOST_BLIND] = "blind"};
	int r = 0;

	for (size_t i = 0; i < array_size(names) && r == 0; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
			return -1;
		r = mkdir(path, 0700);
		if (r == 0)
			keyhost_write(path, (enum keyhost_kind)i, g);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct certgen g;
	int r = 0;

	if (argc != 2 && argc != 4)
		return 2;
	certgen_init(&g, argc > 2 ? argv[2] : NULL, argc > 2 ? argv[3] : NULL);
	if (argc == 2 && put_hosts(argv[1], &g) == 0)
		r = put(argv[1], "CA", &g.signer[BY_CA].der);
	for (const struct certgen_recipe *v = certgen_variants; v->name && r == 0; v++) {
		_cleanup_strbuf_ struct strbuf der = {0};

		certgen_make(&g, v, &der);
		r = put(argv[1], v->name, &der);
		if (r == 0)
			(void)puts(v->name);
	}
	certgen_done(&g);
	return r < 0;
}
