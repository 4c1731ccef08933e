/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keys.h"

#include <stdint.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

static const char *const names[] = {
#define KEY(id, name) [K_##id - KEY_FIRST_] = name,
#include "tui/keynames.inc"
#undef KEY
};

static const struct request_info requests[_REQ_MAX] = {
	[REQ_NONE] = {"NONE", 0, "", NULL, ""},
#define REQUEST(id, contexts, keys, label, help)                                         \
	[REQ_##id] = {#id, contexts, keys, label, help},
#include "tui/requests.inc"
#undef REQUEST
};

const struct request_info *keys_info(enum request r)
{
	return &requests[r];
}

bool keys_of(enum request r, unsigned i, struct span *ret_name)
{
	const char *at = requests[r].keys;
	size_t len;

	for (;; i--) {
		len = strcspn(at, " ");
		if (len == 0)
			return false;
		if (i == 0)
			break;
		at += len + strspn(at + len, " ");
	}
	*ret_name = (struct span){(const uint8_t *)at, len};
	return true;
}

enum request keys_request(unsigned context, int key)
{
	struct span name;

	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++)
		for (unsigned i = 0;
		     requests[r].contexts & context && keys_of((enum request)r, i, &name);
		     i++)
			if (keys_from_name(name) == key)
				return (enum request)r;
	return REQ_NONE;
}

int keys_from_name(struct span name)
{
	uint32_t cp;

	for (int k = KEY_FIRST_ + 1; k < KEY_END_; k++)
		if (span_is(name, names[k - KEY_FIRST_]))
			return k;
	if (span_is(name, "Space"))
		return ' ';
	if (name.len == 2 && name.ptr[0] == '^' && name.ptr[1] >= '@' &&
	    name.ptr[1] <= '_')
		return name.ptr[1] - '@';
	if (name.len && str_utf8(name, &cp) == name.len)
		return (int)cp;
	return K_NONE;
}

const char *keys_name(int key, char *buf, size_t size)
{
	if (key > KEY_FIRST_ && key < KEY_END_)
		(void)snprintf(buf, size, "%s", names[key - KEY_FIRST_]);
	else if (key >= 0 && key < 0x20)
		(void)snprintf(buf, size, "^%c", key + '@');
	else if (key > ' ' && key < 0x7f)
		(void)snprintf(buf, size, "%c", key);
	else if (key == ' ')
		(void)snprintf(buf, size, "Space");
	else
		(void)snprintf(buf, size, "U+%04X", (unsigned)key);
	return buf;
}
