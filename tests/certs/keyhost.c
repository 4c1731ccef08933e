/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/certs/keyhost.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/cert/cert.h"

#define RING "I------     1 perm 1f0f0000     0     0 keyring   "
#define KEY  "I------     1 perm 1f030000     0     0 asymmetri "

static const char config[] = "#\n# Linux/x86 Kernel Configuration\n#\n"
			     "CONFIG_IMA=y\nCONFIG_CRYPTO_RSA=y\nCONFIG_CRYPTO_ECDSA=y\n"
			     "CONFIG_CRYPTO_SHA1=y\nCONFIG_CRYPTO_SHA256=y\n"
			     "CONFIG_CRYPTO_SHA512=y\nCONFIG_CRYPTO_SHA3=m\n"
			     "CONFIG_SYSTEM_BLACKLIST_KEYRING=y\n";
static const char trusted[] =
	"CONFIG_INTEGRITY_TRUSTED_KEYRING=y\n"
	"CONFIG_IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY=y\n";
static const char symbols_61[] = "0000000000000000 T restrict_link_by_signature\n"
				 "0000000000000000 T restrict_link_by_builtin_trusted\n"
				 "0000000000000000 t ecdsa_nist_p384_init_tfm\n";
static const char symbols_612[] =
	"0000000000000000 T restrict_link_by_ca\n"
	"0000000000000000 T restrict_link_by_digsig_builtin\n"
	"0000000000000000 t ecdsa_nist_p521_init_tfm\t[ecdsa]\n";

void keyhost_put(const char *dir, const char *name, const char *text)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fs_replace_at(fd, name, text, strlen(text), 0600, NULL) < 0)
		abort();
	(void)close(fd);
}

/* The CA as /proc/keys shows it. */
static void put_ca(struct strbuf *out, const struct certgen *g)
{
	struct cert *ca = NULL;

	if (cert_read(strbuf_span(&g->signer[BY_CA].der), &ca, NULL) < 0)
		abort();
	strbuf_adds(out, "13e4b1d0 " KEY);
	cert_description(ca, out);
	strbuf_adds(out, ": X509.rsa ");
	strbuf_addhex(out, (struct span){ca->skid.ptr + ca->skid.len - 4, 4});
	strbuf_adds(out, " []\n");
	cert_free(ca);
}

void keyhost_write(const char *dir, enum keyhost_kind kind, const struct certgen *g)
{
	_cleanup_strbuf_ struct strbuf keys = {0}, conf = {0};
	bool ima = kind == KEYHOST_IMA_61 || kind == KEYHOST_IMA_612;

	strbuf_addf(&conf, "%s%s", config, kind == KEYHOST_USER_61 ? "" : trusted);
	keyhost_put(dir, "config", strbuf_str(&conf));
	keyhost_put(dir, "cmdline", "root=/dev/ubda\n");
	keyhost_put(dir, "fips_enabled", "0\n");
	if (kind == KEYHOST_BLIND) {
		keyhost_put(
			dir, "keys",
			"05c28a93 I--Q--- 1 perm 3f010000 1000 1000 user      x: 1\n");
		return;
	}
	strbuf_adds(&keys, "0d68ee5c " RING ".builtin_trusted_keys: 1\n");
	put_ca(&keys, g);
	strbuf_adds(&keys, "17000000 " RING ".secondary_trusted_keys: 1\n"
			   "3817fff1 " RING ".blacklist: empty\n");
	strbuf_addf(&keys, "3f000001 " RING "%s: empty\n", ima ? ".ima" : "_ima");
	keyhost_put(dir, "keys", strbuf_str(&keys));
	keyhost_put(dir, "keyrings.txt",
		    ima ? "0d68ee5c .builtin_trusted_keys: 13e4b1d0\n"
			  "17000000 .secondary_trusted_keys: 0d68ee5c\n"
			  "3817fff1 .blacklist:\n3f000001 .ima:\n"
			: "0d68ee5c .builtin_trusted_keys: 13e4b1d0\n"
			  "3817fff1 .blacklist:\n3f000001 _ima:\n");
	keyhost_put(dir, "kallsyms", kind == KEYHOST_IMA_612 ? symbols_612 : symbols_61);
}

char *keyhost_new(enum keyhost_kind kind, const struct certgen *g, struct root *ret)
{
	char *dir = strdup("/tmp/imactl-keyhost.XXXXXX");

	if (!dir || !mkdtemp(dir))
		abort();
	keyhost_write(dir, kind, g);
	if (ret && root_open_host(ret, dir, NULL) < 0)
		abort();
	return dir;
}

void keyhost_free(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		(void)unlinkat(dirfd(d), e->d_name, 0);
	(void)closedir(d);
	(void)rmdir(dir);
	free(dir);
}
