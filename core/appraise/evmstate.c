/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/evmstate.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/cmdline.h"
#include "core/host/kconfig.h"

void evmstate_done(struct evmstate *s)
{
	strbuf_done(&s->text);
}

/* evm_secfs.c evm_read_key(): a decimal number without a line end. */
static void read_bits(const struct root *root, struct evmstate *s)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span number = {0};
	uint64_t v;
	int r = root_read(root, ROOT_EVM, &text, NULL);

	if (r >= 0) {
		number = strbuf_span(&text);
		if (number.len && number.ptr[number.len - 1] == '\n')
			number.len--;
		r = str_to_u64(number, &v) < 0 || v > UINT32_MAX ? -EBADMSG : 0;
	}
	s->err = -r;
	s->bits = r < 0 ? 0 : (uint32_t)v;
}

static int name_from(const char *text)
{
	for (int i = 0; i < _EVM_NAME_MAX; i++)
		if (strcmp(evm_name((enum evm_name)i), text) == 0)
			return i;
	return -1;
}

/* A name a line, those that count alone: evm_read_xattrs(). */
static void read_names(struct evmstate *s)
{
	char *line = s->text.ptr, *end;

	for (; line && *line; line = end + 1) {
		int known;

		end = strchr(line, '\n');
		if (!end)
			return;
		*end = '\0';
		known = name_from(line);
		if (known >= 0)
			s->kernel.enabled |= 1u << known;
		else if (s->kernel.n_extra < array_size(s->extra))
			s->extra[s->kernel.n_extra++] = line;
	}
}

/* evm_main.c evm_init_config() */
static void names_of_config(const struct kconfig *config, struct evmstate *s)
{
	for (int i = 0; i < _EVM_NAME_MAX; i++) {
		const char *option = evm_name_config((enum evm_name)i);

		if (!option || kconfig_get(config, option + strlen("CONFIG_")))
			s->kernel.enabled |= 1u << i;
	}
}

static void read_config(const struct root *root, struct evmstate *s)
{
	struct kconfig config = {0};

	if (kconfig_load(root, &config, NULL) < 0)
		return;
	if (s->source == EVMSTATE_UNKNOWN) {
		names_of_config(&config, s);
		s->source = EVMSTATE_CONFIGURED;
	}
	s->fsuuid_known = kconfig_get(&config, "EVM") == KCONFIG_YES;
	s->kernel.fsuuid = !s->fsuuid_known || /* the option's default */
			   kconfig_get(&config, "EVM_ATTR_FSUUID") != KCONFIG_NO;
	s->kernel.bits32 = kconfig_get(&config, "64BIT") == KCONFIG_NO;
	kconfig_done(&config);
}

static void read_cmdline(const struct root *root, struct evmstate *s)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct cmdline_word w;
	struct bytes in;

	if (root_read(root, ROOT_CMDLINE, &text, NULL) < 0)
		return;
	in = bytes_of(strbuf_str(&text), text.len);
	while (cmdline_next(&in, &w)) /* evm_main.c evm_set_fixmode(): a prefix will do */
		if (cmdline_is(&w, "evm") && w.value.len >= 3 &&
		    memcmp(w.value.ptr, "fix", 3) == 0)
			s->fix = true;
}

int evmstate_read(const struct root *root, struct evmstate *ret, struct diag *reterr)
{
	struct stat st;

	*ret = (struct evmstate){
		.kernel = {.big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
			   .fsuuid = true},
	};
	read_bits(root, ret);
	if (root_read(root, ROOT_EVM_XATTRS, &ret->text, NULL) >= 0) {
		ret->source = EVMSTATE_LISTED;
		read_names(ret);
		ret->extendable = root_stat(root, ROOT_EVM_XATTRS, &st) == 0 &&
				  st.st_mode & S_IWUSR;
	}
	read_config(root, ret);
	read_cmdline(root, ret);
	ret->kernel.extra = ret->extra;
	return ret->text.failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
				: 0;
}
