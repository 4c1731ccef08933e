/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"

void strbuf_done(struct strbuf *b)
{
	free(b->ptr);
	*b = (struct strbuf){0};
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

/* Room for @more bytes and the NUL. */
static bool reserve(struct strbuf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;
	char *ptr;

	if (b->failed)
		return false;
	if (more >= SIZE_MAX / 2 - b->len)
		return !(b->failed = true);
	if (b->len + more < b->cap)
		return true;
	while (cap <= b->len + more)
		cap *= 2;
	ptr = realloc(b->ptr, cap);
	if (!ptr)
		return !(b->failed = true);
	b->ptr = ptr;
	b->cap = cap;
	return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *text)
{
	strbuf_add(b, text, strlen(text));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addv(struct strbuf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	(void)vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_addv(b, fmt, ap);
	va_end(ap);
}

void strbuf_addhex(struct strbuf *b, struct span bytes)
{
	if (!reserve(b, bytes.len * 2))
		return;
	hex_encode(b->ptr + b->len, bytes);
	b->len += bytes.len * 2;
	b->ptr[b->len] = '\0';
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->ptr ? b->ptr : "";
}

char *strbuf_take(struct strbuf *b)
{
	char *text;

	strbuf_add(b, "", 0);
	text = b->failed ? NULL : b->ptr;
	if (!text)
		free(b->ptr);
	*b = (struct strbuf){0};
	return text;
}

size_t str_utf8(struct span s, uint32_t *ret_cp)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t cp;
	size_t n;

	if (s.len == 0)
		return 0;
	n = s.ptr[0] < 0x80   ? 1
	    : s.ptr[0] < 0xc2 ? 0
	    : s.ptr[0] < 0xe0 ? 2
	    : s.ptr[0] < 0xf0 ? 3
	    : s.ptr[0] < 0xf5 ? 4
			      : 0;
	if (n == 0 || s.len < n)
		return 0;
	cp = n == 1 ? s.ptr[0] : s.ptr[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s.ptr[i] & 0x3f);
	}
	if (n > 1 && (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)))
		return 0;
	if (ret_cp)
		*ret_cp = cp;
	return n;
}

/* Characters that change how their neighbours are shown, or are not seen themselves. */
static bool deceptive(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},     {0x61c, 0x61c},
		{0x115f, 0x1160}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
		{0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f},
		{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0x10ffff},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

/* How many bytes stand for themselves; most texts are nothing else. */
static size_t plain(struct span bytes)
{
	size_t n = 0;

	while (n < bytes.len && bytes.ptr[n] >= ' ' && bytes.ptr[n] < 0x7f &&
	       bytes.ptr[n] != '\\')
		n++;
	return n;
}

void str_escape(struct strbuf *out, struct span bytes, bool ascii)
{
	size_t n;

	for (size_t i = 0; i < bytes.len; i += n) {
		struct span rest = {bytes.ptr + i, bytes.len - i};
		uint32_t cp = 0;

		n = plain(rest);
		if (n) {
			strbuf_add(out, rest.ptr, n);
			continue;
		}
		n = str_utf8(rest, &cp);
		if (n == 1 && cp == '\\')
			strbuf_adds(out, "\\\\");
		else if (n && !deceptive(cp) && (n == 1 || !ascii))
			strbuf_add(out, rest.ptr, n);
		else
			for (size_t k = 0; k < (n ? n : 1); k++)
				strbuf_addf(out, "\\x%02x", rest.ptr[k]);
		n = n ? n : 1;
	}
}

const char *str_quote(char *buf, size_t size, struct span bytes)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	size_t keep;

	str_escape(&b, bytes, true);
	keep = b.len < size ? b.len : size > 3 ? size - 3 : 0;
	memcpy(buf, strbuf_str(&b), keep);
	(void)snprintf(buf + keep, size - keep, "%s", b.len < size ? "" : "..");
	return buf;
}

static bool plain_word(struct span word)
{
	static const char special[] = " \t\n\\'\"`$&|;<>()*?[]{}!~#";

	for (size_t i = 0; i < word.len; i++)
		if (memchr(special, word.ptr[i], sizeof(special)))
			return false;
	return word.len;
}

void str_shell_word(struct strbuf *out, struct span word)
{
	if (plain_word(word)) {
		strbuf_add(out, word.ptr, word.len);
		return;
	}
	strbuf_addc(out, '\'');
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, (char)word.ptr[i]);
	strbuf_addc(out, '\'');
}

int str_to_u64(struct span text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text.ptr[i] - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

const char *str_bytes(char *buf, size_t size, uint64_t n)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 1 < sizeof(unit) / sizeof(unit[0]); u++)
		v /= 1024;
	(void)snprintf(buf, size,
		       u && v < 9.995	? "%.2f %s"
		       : u && v < 99.95 ? "%.1f %s"
					: "%.0f %s",
		       v, unit[u]);
	return buf;
}

void str_wrap(struct strbuf *out, size_t width, size_t indent, const char *text)
{
	size_t at = indent, len;

	for (; *text; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (width && at > indent && at + 1 + len >= width) {
			strbuf_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			strbuf_addc(out, ' ');
			at++;
		}
		strbuf_add(out, text, len);
		at += len;
	}
	strbuf_addc(out, '\n');
}

const char *str_count(char *buf, size_t size, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t at = 0;

	for (int i = 0; i < len && at + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ' ';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *str_duration(char *buf, size_t size, uint64_t ms)
{
	uint64_t s = (ms + 500) / 1000;

	if (s >= 3600)
		(void)snprintf(buf, size, "%llu:%02llu:%02llu",
			       (unsigned long long)(s / 3600),
			       (unsigned long long)(s / 60 % 60),
			       (unsigned long long)(s % 60));
	else
		(void)snprintf(buf, size, "%llu:%02llu", (unsigned long long)(s / 60),
			       (unsigned long long)(s % 60));
	return buf;
}

const char *str_counted(char *buf, size_t size, uint64_t n, const char *one,
			const char *many)
{
	char count[32];

	(void)snprintf(buf, size, "%s %s", str_count(count, sizeof(count), n),
		       n == 1 ? one : many);
	return buf;
}
