/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/key.h"

#include <errno.h>

#include "core/base/cleanup.h"

static int no_such_ring(const char *name, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf names = {0};
	char q[40];

	for (int i = 0; i < _KEYRING_MAX; i++)
		strbuf_addf(&names, "%s%s", i ? " " : "",
			    keyring_name((enum keyring_id)i));
	return diag_set(reterr, DIAG_VALUE, EINVAL, "--keyring is one of %s, not %s.",
			strbuf_str(&names), str_quote(q, sizeof(q), span_of(name)));
}

int key_ring_of(struct cli *cli, const struct keyring_set *set, enum keyring_id *ret,
		struct diag *reterr)
{
	const char *name = opt_str(cli->opts, "keyring", NULL);

	*ret = name ? keyring_from_name(span_of(name)) : keyring_for_files(set);
	return *ret < 0 ? no_such_ring(name, reterr) : 0;
}

int key_named_certs(struct cli *cli, struct certstore *store, struct diag *reterr)
{
	const char *path;
	int r = 0;

	for (size_t i = 0; r == 0 && (path = opt_nth(cli->opts, "cert", i)); i++)
		r = certstore_add(store, path, reterr);
	return r;
}

int key_certs(struct cli *cli, struct certstore *store, struct diag *reterr)
{
	int r = certstore_load(&cli->root, store, reterr);

	return r < 0 ? r : key_named_certs(cli, store, reterr);
}
