/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/metaopt.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"

void metaopt_done(struct metaopt *m)
{
	strbuf_done(&m->selinux);
	strbuf_done(&m->caps);
	strbuf_done(&m->ima);
}

static int refuse(const char *text, const char *what, struct diag *reterr)
{
	char q[80];

	return diag_set(reterr, DIAG_VALUE, EINVAL, "%s is no %s.",
			str_quote(q, sizeof(q), span_of(text)), what);
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int metaopt_hex(const char *text, struct strbuf *ret, struct diag *reterr)
{
	struct span digits = span_of(strncmp(text, "0x", 2) == 0 ? text + 2 : text);
	_cleanup_free_ uint8_t *bytes = malloc(digits.len / 2 + 1);

	if (!bytes)
		return out_of_memory(reterr);
	if (!digits.len || hex_decode(bytes, digits) < 0)
		return refuse(text, "hexadecimal value", reterr);
	strbuf_add(ret, bytes, digits.len / 2);
	return ret->failed ? out_of_memory(reterr) : 0;
}

static int read_u32(const struct cli *cli, const char *name, uint32_t most, bool *given,
		    uint32_t *ret, struct diag *reterr)
{
	uint64_t v = opt_u64(cli->opts, name, UINT64_MAX);

	if (v == UINT64_MAX)
		return 0;
	if (v > most)
		return refuse(opt_str(cli->opts, name, ""), "such number", reterr);
	*given = true;
	*ret = (uint32_t)v;
	return 0;
}

static int read_mode(const struct cli *cli, struct evmfile_given *g, struct diag *reterr)
{
	const char *text = opt_str(cli->opts, "mode", NULL), *at = text;
	unsigned mode = 0;

	if (!text)
		return 0;
	for (; *at >= '0' && *at <= '7' && mode <= 07777; at++)
		mode = mode * 8 + (unsigned)(*at - '0');
	if (!*text || *at || mode > 07777)
		return refuse(text, "mode like 0755", reterr);
	g->mode = true;
	g->mode_value = (uint16_t)mode;
	return 0;
}

/* On disk a label ends with a NUL: security/selinux/hooks.c, and setfilecon(3). */
static void read_selinux(const struct cli *cli, struct metaopt *m)
{
	const char *label = opt_str(cli->opts, "selinux", NULL);

	if (!label)
		return;
	if (*label)
		strbuf_add(&m->selinux, label, strlen(label) + 1);
	m->given.attr[EVM_NAME_SELINUX].given = true;
	m->given.attr[EVM_NAME_SELINUX].value =
		(struct span){(const uint8_t *)m->selinux.ptr, m->selinux.len};
}

static int read_caps(const struct cli *cli, struct metaopt *m, struct diag *reterr)
{
	const char *text = opt_str(cli->opts, "caps", NULL);
	uint8_t value[FILECAPS_SIZE];
	int r = 0;

	if (!text)
		return 0;
	if (strncmp(text, "0x", 2) == 0) {
		r = metaopt_hex(text, &m->caps, reterr);
	} else if (*text) {
		r = filecaps_parse(text, value, reterr);
		if (r == 0)
			strbuf_add(&m->caps, value, sizeof(value));
	}
	m->given.attr[EVM_NAME_CAPS].given = true;
	m->given.attr[EVM_NAME_CAPS].value =
		(struct span){(const uint8_t *)m->caps.ptr, m->caps.len};
	return r;
}

static int read_inode(const struct cli *cli, struct evmfile_given *g, struct diag *reterr)
{
	const char *uuid = opt_str(cli->opts, "uuid", NULL);

	g->ino_value = opt_u64(cli->opts, "ino", UINT64_MAX);
	g->ino = g->ino_value != UINT64_MAX;
	if (read_u32(cli, "generation", UINT32_MAX, &g->generation, &g->generation_value,
		     reterr) < 0)
		return -EINVAL;
	if (!uuid)
		return 0;
	g->no_uuid = !*uuid;
	g->uuid = *uuid;
	return *uuid && evmfile_uuid(uuid, g->uuid_value) < 0
		       ? refuse(uuid, "UUID", reterr)
		       : 0;
}

int metaopt_read(const struct cli *cli, struct metaopt *ret, struct diag *reterr)
{
	struct evmfile_given *g = &ret->given;

	const uint32_t nobody = UINT32_MAX; /* -1: INVALID_UID */

	if (read_u32(cli, "uid", nobody - 1, &g->uid, &g->uid_value, reterr) < 0 ||
	    read_u32(cli, "gid", nobody - 1, &g->gid, &g->gid_value, reterr) < 0 ||
	    read_mode(cli, g, reterr) < 0 || read_caps(cli, ret, reterr) < 0 ||
	    read_inode(cli, g, reterr) < 0)
		return -EINVAL;
	read_selinux(cli, ret);
	return ret->selinux.failed || ret->caps.failed ? out_of_memory(reterr) : 0;
}
