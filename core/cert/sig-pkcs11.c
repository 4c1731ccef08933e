/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private keys in tokens: through OpenSSL's provider "pkcs11" where there is one, else
 * through its engine. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "core/base/cleanup.h"
#include "core/cert/sig-internal.h"

DEFINE_CLEANUP(UI_METHOD *, UI_destroy_method)

/* The PIN, when the token asks for it. */
static int read_pin(UI *ui, UI_STRING *s)
{
	struct sig_asking *a = UI_get0_user_data(ui);

	if (UI_get_string_type(s) != UIT_PROMPT && UI_get_string_type(s) != UIT_VERIFY)
		return 1;
	sig_key_ask(a);
	return a->n >= 0 && UI_set_result_ex(ui, s, a->answer, a->n) == 0;
}

static UI_METHOD *asking_method(void)
{
	UI_METHOD *m = UI_create_method("imactl");

	if (m && UI_method_set_reader(m, read_pin) == 0)
		return m;
	if (m)
		UI_destroy_method(m);
	return NULL;
}

static bool have_provider(void)
{
	bool there = OSSL_PROVIDER_available(NULL, "pkcs11") == 1 ||
		     OSSL_PROVIDER_try_load(NULL, "pkcs11", 1) != NULL;

	ERR_clear_error();
	return there;
}

/* The first private key that the URI leads to. */
static EVP_PKEY *from_store(const char *uri, UI_METHOD *method, void *data)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open(uri, method, data, NULL, NULL);
	EVP_PKEY *pkey = NULL;

	if (store)
		(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY); /* only a hint */
	while (store && !pkey && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store))
			break;
	}
	(void)OSSL_STORE_close(store); /* only read */
	return pkey;
}

static int load(const char *uri, UI_METHOD *method, struct sig_asking *asking,
		EVP_PKEY **ret, void **ret_engine)
{
	if (!have_provider())
		return sig_engine_load(uri, method, asking, ret, ret_engine);
	*ret = from_store(uri, method, asking);
	return *ret ? 0 : -ENOKEY;
}

/* Engine and provider give the token's own code as the reason: CKR_PIN_INCORRECT to
 * CKR_PIN_LOCKED of PKCS#11. */
static bool about_pin(unsigned long e)
{
	return ERR_GET_REASON(e) >= 0xa0 && ERR_GET_REASON(e) <= 0xa4;
}

static int failed(int err, const char *uri, const struct sig_asking *asking,
		  struct diag *reterr)
{
	unsigned long e = ERR_peek_error();
	const char *why = ERR_reason_error_string(e);
	char q[140];

	(void)str_quote(q, sizeof(q), span_of(uri));
	if (err == -ENOSYS)
		return diag_set(reterr, DIAG_PKCS11, EOPNOTSUPP,
				"This OpenSSL has neither a provider nor an engine for "
				"PKCS#11.");
	if (sig_key_asking_failed(uri, asking, reterr) < 0)
		return -EACCES;
	return diag_set(reterr, DIAG_PKCS11, about_pin(e) ? EACCES : ENOKEY,
			"There is no such private key, or it may not be used: %s (%s).",
			q, why ? why : "no reason given");
}

/* Everybody sees the command line. */
static bool tells_pin(const char *uri)
{
	return strstr(uri, "pin-value=") != NULL;
}

int sig_key_pkcs11(const char *uri, const struct sig_pass *pass, struct sig_key **ret,
		   struct diag *reterr)
{
	_cleanup_(UI_destroy_methodp) UI_METHOD *method = asking_method();
	struct sig_asking asking = {.pass = pass};
	EVP_PKEY *pkey = NULL;
	void *engine = NULL;
	int r;

	if (tells_pin(uri))
		return diag_set(
			reterr, DIAG_KEY_PASSPHRASE, EINVAL,
			"The PIN is on the command line, where everybody reads it.");
	r = method ? load(uri, method, &asking, &pkey, &engine) : -ENOMEM;
	explicit_bzero(asking.answer, sizeof(asking.answer));
	if (r < 0)
		r = failed(r, uri, &asking, reterr);
	else
		r = sig_key_take(pkey, ret, reterr);
	ERR_clear_error();
	if (r == 0)
		(*ret)->engine = engine;
	else if (engine && pkey)
		sig_engine_drop(engine);
	return r;
}
