/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

bool mounts_device(struct span word, uint64_t *ret)
{
	struct bytes in = bytes_of(word.ptr, word.len);
	struct span major, minor;
	uint64_t a, b;

	if (!bytes_until(&in, ':', &major) || !bytes_take(&in, bytes_left(&in), &minor) ||
	    str_to_u64(major, &a) < 0 || str_to_u64(minor, &b) < 0)
		return false;
	*ret = makedev((unsigned)a, (unsigned)b);
	return true;
}

/* Linux 6.12 fs/seq_file.c mangle_path() with " \t\n\\": '\' and three octal digits. */
void mounts_point(struct span point, struct strbuf *out)
{
	struct bytes in = bytes_of(point.ptr, point.len);
	struct span text, digits;

	while (bytes_until(&in, '\\', &text)) {
		strbuf_add(out, text.ptr, text.len);
		if (!bytes_take(&in, 3, &digits))
			return;
		strbuf_addc(out,
			    (char)((digits.ptr[0] - '0') << 6 |
				   (digits.ptr[1] - '0') << 3 | (digits.ptr[2] - '0')));
	}
	if (bytes_take(&in, bytes_left(&in), &text))
		strbuf_add(out, text.ptr, text.len);
}

/* fs/proc_namespace.c show_type(): the type's name and, behind a dot, the subtype. */
static void split_type(struct span word, struct mounts_line *ret)
{
	struct bytes in = bytes_of(word.ptr, word.len);

	ret->subtype = (struct span){0};
	if (bytes_until(&in, '.', &ret->type))
		(void)bytes_take(&in, bytes_left(&in), &ret->subtype);
	else
		ret->type = word;
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/vda rw": what comes before the lone
 * dash differs in number. */
static bool read_line(struct span line, struct mounts_line *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span id, word, dev;

	if (!bytes_until(&in, ' ', &id) || str_to_u64(id, &ret->id) < 0 ||
	    !bytes_until(&in, ' ', &word) || !bytes_until(&in, ' ', &dev) ||
	    !mounts_device(dev, &ret->dev) || !bytes_until(&in, ' ', &word) ||
	    !bytes_until(&in, ' ', &ret->point))
		return false;
	do
		if (!bytes_until(&in, ' ', &word))
			return false;
	while (!span_is(word, "-"));
	if (!bytes_until(&in, ' ', &word) || !word.len)
		return false;
	split_type(word, ret);
	return bytes_until(&in, ' ', &ret->source) &&
	       bytes_take(&in, bytes_left(&in), &ret->options);
}

bool mounts_next(struct bytes *in, struct mounts_line *ret)
{
	struct span line;

	while (bytes_until(in, '\n', &line))
		if (read_line(line, ret))
			return true;
	return false;
}

static int load(struct mounts *m)
{
	struct bytes in = bytes_of(strbuf_str(&m->text), m->text.len);
	struct mounts_line line;

	while (mounts_next(&in, &line)) {
		struct mounts_type *more = reallocarray(m->at, m->n + 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		m->at = more;
		m->at[m->n++] = (struct mounts_type){line.dev, line.type, line.subtype};
	}
	return 0;
}

int mounts_load(const struct root *root, struct mounts *ret)
{
	struct mounts m = {0};
	int r = root_read(root, ROOT_MOUNTS, &m.text, NULL);

	if (r < 0)
		strbuf_clear(&m.text);
	r = m.text.failed ? -ENOMEM : load(&m);
	if (r < 0) {
		mounts_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

void mounts_done(struct mounts *m)
{
	strbuf_done(&m->text);
	free(m->at);
	*m = (struct mounts){0};
}

const struct mounts_type *mounts_find(const struct mounts *m, uint64_t dev)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].dev == dev)
			return &m->at[i];
	return NULL;
}
