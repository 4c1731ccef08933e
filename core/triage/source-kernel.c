/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/hex.h"
#include "core/host/dmesg.h"
#include "core/triage/source-internal.h"

enum { RECORD_MAX = 16384 };

struct kernel {
	struct source s;
	uint64_t next; /* number of the record that comes; 0: none came yet */
	struct strbuf line;
	uint8_t record[RECORD_MAX];
};

/* "5,1234,567890,-;text": a record's number. Documentation/ABI/testing/dev-kmsg. */
static bool split(struct bytes *in, uint64_t *ret_number)
{
	struct span head, word;
	struct bytes words;

	if (!bytes_until(in, ';', &head))
		return false;
	words = bytes_of(head.ptr, head.len);
	return bytes_word(&words, ",", &word) && bytes_word(&words, ",", &word) &&
	       str_to_u64(word, ret_number) == 0;
}

/* What is not printable, and a backslash, stands there as \xNN: linux 6.12
 * kernel/printk/printk.c append_char(). */
static void unescape(struct strbuf *out, struct span text)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span digits;
	uint8_t c, value;

	while (bytes_u8(&in, &c)) {
		struct bytes at = in;

		if (c == '\\' && bytes_u8(&at, &value) && value == 'x' &&
		    bytes_take(&at, 2, &digits) && hex_decode(&value, digits) == 0) {
			in = at;
			c = value;
		}
		strbuf_addc(out, (char)c);
	}
}

static int give(struct kernel *k, size_t n, source_fn fn, void *user)
{
	struct bytes in = bytes_of(k->record, n);
	struct span text;
	uint64_t number;

	if (!split(&in, &number))
		return 0;
	if (k->next && number > k->next)
		k->s.lost += number - k->next;
	k->next = number + 1;
	if (!bytes_until(&in, '\n', &text)) /* the lines behind it are of its device */
		(void)bytes_take(&in, bytes_left(&in), &text);
	if (source_suppressed(&k->s, text))
		return 0;
	strbuf_clear(&k->line);
	unescape(&k->line, text);
	return k->line.failed ? -ENOMEM : fn(user, strbuf_span(&k->line));
}

static int kernel_read(struct source *s, source_fn fn, void *user, struct diag *reterr)
{
	struct kernel *k = (struct kernel *)s;
	struct source_slice slice = source_slice();

	while (source_goes_on(&slice)) {
		ssize_t n = read(s->fd, k->record, sizeof(k->record));
		int r;

		if (n < 0 && errno == EAGAIN)
			return 0;
		/* EPIPE: the buffer went round, the next number tells how far */
		if (n < 0 && errno != EPIPE && errno != EINTR && errno != EINVAL)
			return diag_set(reterr, DIAG_READ, errno,
					"Cannot read the kernel log: %s.",
					diag_errno(errno));
		r = n > 0 ? give(k, (size_t)n, fn, user) : 0;
		if (r < 0)
			return r;
	}
	return 1;
}

static void kernel_done(struct source *s)
{
	strbuf_done(&((struct kernel *)s)->line);
}

static const struct source_ops live = {.kind = DENIAL_FROM_KERNEL,
				       .read = kernel_read,
				       .done = kernel_done};

int source_open_kernel(const struct root *root, struct source **ret, struct diag *reterr)
{
	_cleanup_(source_freep) struct source *s =
		source_new(&live, sizeof(struct kernel), reterr);

	if (!s)
		return -ENOMEM;
	s->fd = root_openat(root, ROOT_DEV, "kmsg", O_RDONLY | O_NONBLOCK, reterr);
	if (s->fd < 0)
		return s->fd;
	(void)lseek(s->fd, 0, SEEK_END);
	*ret = take_ptr(s);
	return 0;
}

/* The whole of it, as text. */
struct text {
	struct source s;
	struct strbuf all;
	size_t at;
};

static int text_read(struct source *s, source_fn fn, void *user, struct diag *reterr)
{
	struct text *t = (struct text *)s;
	struct bytes in = bytes_of(strbuf_str(&t->all), t->all.len);
	struct source_slice slice = source_slice();
	struct span line;

	in.pos = t->at;
	while (bytes_left(&in) && source_goes_on(&slice)) {
		int r;

		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		t->at = in.pos;
		r = source_suppressed(s, line) ? 0 : fn(user, line);
		if (r < 0)
			return r;
	}
	return bytes_left(&in) > 0;
}

static void text_done(struct source *s)
{
	strbuf_done(&((struct text *)s)->all);
}

static const struct source_ops text = {.kind = DENIAL_FROM_KERNEL,
				       .read = text_read,
				       .done = text_done};

int source_open_dmesg(const struct root *root, struct source **ret, struct diag *reterr)
{
	_cleanup_(source_freep) struct source *s =
		source_new(&text, sizeof(struct text), reterr);
	int r = s ? dmesg_read(root, &((struct text *)s)->all, reterr) : -ENOMEM;

	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}
