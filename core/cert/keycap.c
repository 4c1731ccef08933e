/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/keycap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/base/str.h"

enum { CHUNK = 65536 };

static const struct {
	const char *key, *symbol, *anchor, *option, *mention, *crypto;
} rows[_KEYCAP_MAX] = {
#define KEY_CAP(id, key, symbol, anchor, option, mention, crypto)                        \
	[KEYCAP_##id] = {key, symbol, anchor, option, mention, crypto},
#include "core/cert/key-caps.inc"
#undef KEY_CAP
};

const char *keycap_key(enum keycap_id id)
{
	return rows[id].key;
}

const char *keycap_answer_name(enum keycap_answer a)
{
	static const char *const names[] = {"unknown", "no", "yes", "module"};

	return names[a];
}

/* Which functions there are, by row. */
struct symbols {
	bool known; /* the list could be read */
	bool symbol[_KEYCAP_MAX], anchor[_KEYCAP_MAX];
};

/* "ADDRESS TYPE NAME", and "[MODULE]" behind a tab. */
static bool symbol_name(struct span line, struct span *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span part;

	if (!bytes_until(&in, ' ', &part) || !bytes_until(&in, ' ', &part))
		return false;
	return bytes_until(&in, '\t', ret) || bytes_take(&in, bytes_left(&in), ret);
}

static bool note_symbol(struct symbols *s, struct span line)
{
	struct span name;
	bool wanted = false;

	if (!symbol_name(line, &name))
		return false;
	for (size_t i = 0; i < _KEYCAP_MAX; i++) {
		if (*rows[i].symbol && span_is(name, rows[i].symbol))
			s->symbol[i] = wanted = true;
		if (*rows[i].anchor && span_is(name, rows[i].anchor))
			s->anchor[i] = wanted = true;
	}
	return wanted;
}

/* Whole lines of @text; what is left of it stays. */
static void note_lines(struct symbols *s, struct strbuf *text)
{
	struct bytes in = bytes_of(strbuf_str(text), text->len);
	struct span line;

	while (bytes_until(&in, '\n', &line))
		(void)note_symbol(s, line);
	memmove(text->ptr, text->ptr + in.pos, text->len - in.pos);
	text->len -= in.pos;
}

/* A hundred thousand lines: read through, not kept. */
static int read_symbols(const struct root *root, struct symbols *ret)
{
	_cleanup_close_ int fd = root_open(root, ROOT_KALLSYMS, NULL);
	_cleanup_free_ char *chunk = malloc(CHUNK);
	_cleanup_strbuf_ struct strbuf text = {0};
	ssize_t n;

	*ret = (struct symbols){0};
	if (fd < 0 || !chunk)
		return fd < 0 ? fd : -ENOMEM;
	while ((n = read(fd, chunk, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		strbuf_add(&text, chunk, (size_t)n);
		if (text.failed || text.len > 2 * CHUNK) /* a line of no kernel */
			return -EFBIG;
		note_lines(ret, &text);
		ret->known = true;
	}
	return 0;
}

int keycap_record_symbols(const struct root *root, struct strbuf *out)
{
	struct symbols s;
	int r = read_symbols(root, &s);

	if (r < 0)
		return r;
	for (size_t i = 0; i < _KEYCAP_MAX; i++) {
		if (s.symbol[i])
			strbuf_addf(out, "0000000000000000 T %s\n", rows[i].symbol);
		if (s.anchor[i])
			strbuf_addf(out, "0000000000000000 T %s\n", rows[i].anchor);
	}
	return out->failed ? -ENOMEM : 0;
}

/* "name         : sha256" of a registered algorithm. */
static bool has_algorithm(const struct strbuf *crypto, const char *name)
{
	struct bytes in = bytes_of(strbuf_str(crypto), crypto->len);
	struct span line, front, back;

	while (bytes_until(&in, '\n', &line))
		if (span_cut_last(line, " : ", &front, &back) && span_is(back, name) &&
		    front.len >= 4 && memcmp(front.ptr, "name", 4) == 0)
			return true;
	return false;
}

static enum keycap_answer by_option(const struct kconfig *config, const char *option)
{
	switch (kconfig_get(config, option)) {
	case KCONFIG_YES:
		return KEYCAP_YES;
	case KCONFIG_MODULE:
		return KEYCAP_MODULE;
	default:
		return KEYCAP_NO;
	}
}

static enum keycap_answer answer(size_t i, const struct symbols *symbols,
				 const struct strbuf *crypto,
				 const struct kconfig *config)
{
	if (symbols->symbol[i])
		return KEYCAP_YES;
	if (*rows[i].crypto && has_algorithm(crypto, rows[i].crypto))
		return KEYCAP_YES;
	if (symbols->anchor[i])
		return KEYCAP_NO;
	if (config && *rows[i].option)
		return by_option(config, rows[i].option);
	if (config && *rows[i].mention && kconfig_mentions(config, rows[i].mention))
		return KEYCAP_YES;
	return KEYCAP_UNKNOWN;
}

static void answer_all(struct keycap_set *set, const struct symbols *symbols,
		       const struct strbuf *crypto, const struct kconfig *config)
{
	for (size_t i = 0; i < _KEYCAP_MAX; i++)
		set->answer[i] = answer(i, symbols, crypto, config);
	if (config)
		(void)snprintf(set->source, sizeof(set->source), "%s", config->source);
	if (set->answer[KEYCAP_FIPS] == KEYCAP_YES)
		set->answer[KEYCAP_FIPS] = KEYCAP_UNKNOWN; /* built in is not on */
	/* of P-521 the option says nothing: it is older than the curve */
	if (set->answer[KEYCAP_P521] == KEYCAP_YES ||
	    set->answer[KEYCAP_P521] == KEYCAP_MODULE)
		set->answer[KEYCAP_P521] = set->answer[KEYCAP_KNOWS_P521];
}

/* Built in it is asked for at boot (fips=1); what is not built in cannot be on. */
static void fips(const struct root *root, struct keycap_set *set)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_read(root, ROOT_FIPS, &text, NULL);

	if (r == 0 && text.len)
		set->answer[KEYCAP_FIPS] = *text.ptr == '1' ? KEYCAP_YES : KEYCAP_NO;
	else if (r == -ENOENT && !root_is_recorded(root))
		set->answer[KEYCAP_FIPS] = KEYCAP_NO;
}

static void ca_keys(const struct root *root, struct keycap_set *set)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct cmdline_word w;

	if (root_read(root, ROOT_CMDLINE, &text, NULL) < 0)
		return;
	set->has_cmdline = true;
	if (cmdline_last(strbuf_span(&text), "ca_keys", &w))
		(void)snprintf(set->ca_keys, sizeof(set->ca_keys), "%.*s",
			       (int)w.value.len, (const char *)w.value.ptr);
}

void keycap_load(const struct root *root, struct keycap_set *ret)
{
	_cleanup_strbuf_ struct strbuf crypto = {0};
	struct symbols symbols;
	struct kconfig config;
	bool has_config = kconfig_load(root, &config, NULL) == 0;

	*ret = (struct keycap_set){0};
	(void)read_symbols(root, &symbols); /* what was read of it counts */
	(void)root_read(root, ROOT_CRYPTO, &crypto, NULL);
	answer_all(ret, &symbols, &crypto, has_config ? &config : NULL);
	fips(root, ret);
	ca_keys(root, ret);
	if (has_config)
		kconfig_done(&config);
}

void keycap_describe(const struct kconfig *config, struct keycap_set *ret)
{
	static const struct symbols none;
	static const struct strbuf nothing;

	*ret = (struct keycap_set){.described = true};
	answer_all(ret, &none, &nothing, config);
}

enum keycap_answer keycap_knows(const struct keycap_set *caps, enum cert_known known)
{
	switch (known) {
	case CERT_KNOWN_ALL:
		return KEYCAP_YES;
	case CERT_KNOWN_NONE:
		return KEYCAP_NO;
	case CERT_KNOWN_ECDSA:
		return caps->answer[KEYCAP_KNOWS_ECDSA];
	case CERT_KNOWN_P521:
		return caps->answer[KEYCAP_KNOWS_P521];
	case CERT_KNOWN_SHA3:
		return caps->answer[KEYCAP_KNOWS_SHA3];
	case CERT_KNOWN_SM2:
		return caps->answer[KEYCAP_KNOWS_SM2];
	case CERT_KNOWN_MD5:
		return caps->answer[KEYCAP_KNOWS_MD5];
	case _CERT_KNOWN_MAX:
		break;
	}
	return KEYCAP_UNKNOWN;
}

/* The row whose name in /proc/crypto that is. */
static enum keycap_answer by_crypto(const struct keycap_set *caps, const char *name)
{
	for (size_t i = KEYCAP_RSA; i < _KEYCAP_MAX; i++)
		if (strcmp(rows[i].crypto, name) == 0)
			return caps->answer[i];
	return KEYCAP_UNKNOWN;
}

enum keycap_answer keycap_hash(const struct keycap_set *caps, enum hash_alg alg)
{
	return by_crypto(caps, hash_alg_name(alg));
}

enum keycap_answer keycap_verifies(const struct keycap_set *caps, enum cert_alg alg)
{
	const char *name = cert_alg_kernel(alg);

	return name ? by_crypto(caps, name) : KEYCAP_NO;
}
