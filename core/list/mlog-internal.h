/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by mlog.c and mlog-ascii.c, nobody else's business. */
#pragma once

#include "core/list/mlog.h"

enum mlog_kind {
	MLOG_KIND_DIGEST_RAW,
	MLOG_KIND_DIGEST,
	MLOG_KIND_STRING,
	MLOG_KIND_SIGNATURE,
	MLOG_KIND_HEX,
	MLOG_KIND_NUMBER,
};

/* The fields of a template in their order. */
struct mlog_layout {
	uint8_t n;
	int8_t id[MLOG_FIELDS_MAX]; /* enum mlog_field_id */
	struct span name[MLOG_FIELDS_MAX];
};

/* False: neither a known template nor a format of '|' and at most 15 ids, at least one of
 * them known. */
bool mlog_layout_of(struct span template, struct mlog_layout *ret);

enum mlog_kind mlog_field_kind(enum mlog_field_id id);

/* Could be the name of a template of some kernel: the characters ids are made of. */
bool mlog_plausible_name(struct span name);

int mlog_next_ascii(const struct mlog_dialect *dialect, struct bytes *cursor,
		    struct strbuf *scratch, struct mlog_entry *ret_entry,
		    struct diag *reterr);

/* Digest size of an ascii record that begins here, 0 when none does. */
size_t mlog_ascii_digest_size(struct span line);

/* 1: a record begins here, 0: not enough bytes to tell, -EBADMSG: something else. */
int mlog_ascii_starts(size_t digest_size, struct span at);
