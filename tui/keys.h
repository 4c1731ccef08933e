/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and what they ask for. A key is a Unicode character (controls included: ^L is 12)
 * or one of enum key. Requests are rows in requests.inc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/bytes.h"

enum key {
	KEY_FIRST_ = 0x200000, /* above Unicode */
#define KEY(id, name) K_##id,
#include "tui/keynames.inc"
#undef KEY
	KEY_END_,
	K_NONE = -1,
};

/* What the person is looking at decides what a key means: a screen, or text to read
 * (help, full detail). */
enum {
#define SCREEN(id, number, title, ops) IN_BIT_##id,
#include "tui/screens.inc"
#undef SCREEN
	IN_BIT_PAGER_,
};

enum {
#define SCREEN(id, number, title, ops) IN_##id = 1 << IN_BIT_##id,
#include "tui/screens.inc"
#undef SCREEN
	IN_PAGER = 1 << IN_BIT_PAGER_,
	IN_ALL = 2 * IN_PAGER - 1,
};

enum request {
	REQ_NONE,
#define REQUEST(id, contexts, keys, label, help) REQ_##id,
#include "tui/requests.inc"
#undef REQUEST
	_REQ_MAX,
};

struct request_info {
	const char *name;  /* "NEXT_BAD" */
	unsigned contexts; /* IN_* */
	const char *keys;  /* names with one blank between; the first is the footer's */
	const char *label; /* NULL: not in the footer */
	const char *help;  /* one phrase */
};

const struct request_info *keys_info(enum request r);

/* What @key asks for in @context (one IN_ bit), REQ_NONE when nothing. */
enum request keys_request(unsigned context, int key);

/* The @i-th key of a request as text ("F3", "/"); false behind the last. */
bool keys_of(enum request r, unsigned i, struct span *ret_name);

/* By its name ("F3", "^L", "Enter", "x"); K_NONE when there is no such key. */
int keys_from_name(struct span name);

/* How a key is spelled; returns @buf (at least 12 bytes). */
const char *keys_name(int key, char *buf, size_t size);
