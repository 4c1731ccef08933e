/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void before_value(struct json *j)
{
	uint64_t bit = UINT64_C(1) << (j->depth & 63);

	if (!j->after_key && (j->filled & bit))
		strbuf_addc(j->out, ',');
	j->filled |= bit;
	j->after_key = false;
}

void json_open(struct json *j, char bracket)
{
	before_value(j);
	strbuf_addc(j->out, bracket);
	assert(j->depth < 63);
	j->depth++;
	j->filled &= ~(UINT64_C(1) << j->depth);
}

void json_close(struct json *j, char bracket)
{
	assert(j->depth > 0);
	j->depth--;
	strbuf_addc(j->out, bracket);
}

void json_key(struct json *j, const char *key)
{
	json_str(j, key);
	strbuf_addc(j->out, ':');
	j->after_key = true;
}

void json_span(struct json *j, struct span text)
{
	size_t n;

	before_value(j);
	strbuf_addc(j->out, '"');
	for (size_t i = 0; i < text.len; i += n) {
		struct span rest = {text.ptr + i, text.len - i};

		n = str_utf8(rest, NULL);
		if (n == 0) {
			strbuf_adds(j->out, "\xef\xbf\xbd");
			n = 1;
		} else if (*rest.ptr == '"' || *rest.ptr == '\\')
			strbuf_addf(j->out, "\\%c", *rest.ptr);
		else if (*rest.ptr < 0x20 || *rest.ptr == 0x7f)
			strbuf_addf(j->out, "\\u%04x", *rest.ptr);
		else
			strbuf_add(j->out, rest.ptr, n);
	}
	strbuf_addc(j->out, '"');
}

void json_str(struct json *j, const char *text)
{
	if (text)
		json_span(j, span_of(text));
	else
		json_null(j);
}

void json_u64(struct json *j, uint64_t v)
{
	before_value(j);
	strbuf_addf(j->out, v > UINT64_C(1) << 53 ? "\"%" PRIu64 "\"" : "%" PRIu64, v);
}

void json_i64(struct json *j, int64_t v)
{
	before_value(j);
	strbuf_addf(j->out, "%" PRId64, v);
}

void json_double(struct json *j, double v, int decimals)
{
	before_value(j);
	strbuf_addf(j->out, "%.*f", decimals, v);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	strbuf_adds(j->out, v ? "true" : "false");
}

void json_null(struct json *j)
{
	before_value(j);
	strbuf_adds(j->out, "null");
}

void json_hex(struct json *j, struct span bytes)
{
	before_value(j);
	strbuf_addc(j->out, '"');
	strbuf_addhex(j->out, bytes);
	strbuf_addc(j->out, '"');
}

void json_kstr(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_str(j, text);
}

void json_ku64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void json_khex(struct json *j, const char *key, struct span bytes)
{
	json_key(j, key);
	json_hex(j, bytes);
}

void json_kbytes(struct json *j, const char *key, struct span bytes)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span shown;
	char hexkey[64];

	str_escape(&text, bytes, false);
	shown = (struct span){(const uint8_t *)strbuf_str(&text), text.len};
	json_key(j, key);
	json_span(j, shown);
	if (span_equal(shown, bytes))
		return;
	(void)snprintf(hexkey, sizeof(hexkey), "%s_hex", key);
	json_khex(j, hexkey, bytes);
}
