/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/keyopt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/cert/keylive.h"
#include "tui/cli/files.h"
#include "tui/cli/passphrase.h"

static int open_key(const char *path, struct diag *reterr)
{
	char q[140];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 ? fd
		       : diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				  errno, "Cannot open %s: %s.",
				  str_quote(q, sizeof(q), span_of(path)),
				  diag_errno(errno));
}

static int load(struct cli *cli, const char *path, struct sig_key **ret,
		struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf prompt = {0};
	struct passphrase secret = {.fd = passphrase_fd(cli, "passphrase-fd", reterr)};
	struct sig_pass pass = {passphrase_ask, &secret};
	_cleanup_close_ int fd = -1;

	if (secret.fd < -1)
		return secret.fd;
	strbuf_adds(&prompt, "Passphrase for ");
	str_escape(&prompt, span_of(path), true);
	secret.prompt = strbuf_str(&prompt);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a request: it has no failure for 0 */
	if (strncmp(path, "pkcs11:", 7) == 0)
		return sig_key_pkcs11(path, &pass, ret, reterr);
	fd = open_key(path, reterr);
	return fd < 0 ? fd : sig_key_private(fd, path, &pass, ret, reterr);
}

/* The first of --cert that is one of the key. */
static int certify(struct cli *cli, struct sig_key *key, struct diag *reterr)
{
	_cleanup_keyset_ struct keyset certs = {0};
	int r = 0;

	for (size_t i = 0; r >= 0 && opt_nth(cli->opts, "cert", i); i++)
		r = keyset_add_file(&certs, AT_FDCWD, opt_nth(cli->opts, "cert", i),
				    reterr);
	return r < 0 ? r : keyset_certify(&certs, key, reterr);
}

/* --keyid, for kernels that know the key by an id no certificate here has. */
static int name_key(struct cli *cli, struct sig_key *key, struct diag *reterr)
{
	const char *text = opt_str(cli->opts, "keyid", NULL);
	uint8_t id[IMAXATTR_KEYID];
	char q[80];

	if (!text)
		return 0;
	if (strlen(text) != 2 * sizeof(id) || hex_decode(id, span_of(text)) < 0)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"%s is no key id of 8 hexadecimal digits.",
				str_quote(q, sizeof(q), span_of(text)));
	sig_key_set_id(key, id);
	return 0;
}

int keyopt_private(struct cli *cli, struct sig_key **ret, struct diag *reterr)
{
	const char *path = opt_str(cli->opts, "key", NULL);
	struct sig_key *key;
	char name[64];
	int r;

	if (!path)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"%s needs --key=FILE to sign with.",
				cmd_full_name(cli->cmd, name, sizeof(name)));
	r = load(cli, path, &key, reterr);
	if (r < 0)
		return r;
	r = certify(cli, key, reterr);
	if (r == 0)
		r = name_key(cli, key, reterr);
	if (r < 0) {
		sig_key_free(key);
		return r;
	}
	*ret = key;
	return 0;
}

int keyopt_hash(const struct cli *cli, const struct sig_key *key, enum hash_alg *ret,
		struct diag *reterr)
{
	enum hash_alg alg = sig_key_hash(key);

	if (files_hash_option(cli, &alg, reterr) < 0)
		return -EINVAL;
	if (!sig_key_takes(key, alg))
		return diag_set(reterr, DIAG_KEY_HASH, EINVAL,
				"No kernel takes %s with a key of kind %s.",
				hash_alg_name(alg), sig_key_words(key));
	*ret = alg;
	return 0;
}

static int add_folder(struct keyset *set, const char *path, struct diag *reterr)
{
	char q[140];
	int r = keyset_add_folder(set, AT_FDCWD, path, reterr);

	if (r != 0)
		return r;
	return diag_set(reterr, DIAG_KEY_FORMAT, ENOENT,
			"There is no certificate and no public key in %s.",
			str_quote(q, sizeof(q), span_of(path)));
}

int keyopt_certs(struct cli *cli, struct keyset *ret, struct diag *reterr)
{
	const char *path;
	int r = 0;

	for (size_t i = 0; r >= 0 && (path = opt_nth(cli->opts, "cert", i)); i++)
		r = keyset_add_file(ret, AT_FDCWD, path, reterr);
	for (size_t i = 0; r >= 0 && (path = opt_nth(cli->opts, "certs", i)); i++)
		r = add_folder(ret, path, reterr);
	return r < 0 ? r : 0;
}

bool keyopt_named(const struct cli *cli)
{
	return opt_nth(cli->opts, "cert", 0) || opt_nth(cli->opts, "certs", 0);
}

int keyopt_keys(struct cli *cli, struct keyopt_keys *ret, struct diag *reterr)
{
	*ret = (struct keyopt_keys){0};
	ret->use[IMAXATTR_IMA] = ret->use[IMAXATTR_EVM] = &ret->own[IMAXATTR_IMA];
	if (keyopt_named(cli))
		return keyopt_certs(cli, &ret->own[IMAXATTR_IMA], reterr);
	ret->use[IMAXATTR_EVM] = &ret->own[IMAXATTR_EVM];
	return keylive_keys(&cli->root, ret->own, reterr);
}

void keyopt_keys_done(struct keyopt_keys *k)
{
	keyset_done(&k->own[IMAXATTR_IMA]);
	keyset_done(&k->own[IMAXATTR_EVM]);
}

void keyopt_words(struct out *out, const struct keyset_key *k)
{
	keyset_describe(out_buf(out), k, out->ascii);
}
