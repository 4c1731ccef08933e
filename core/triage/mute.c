/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/mute.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/hex.h"

#define FILE_NAME "mutes"

enum { FILE_MAX = 32 << 20 };

void mute_done(struct mute_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		strbuf_done(&l->at[i].name);
		strbuf_done(&l->at[i].reason);
	}
	free(l->at);
	*l = (struct mute_list){0};
}

static struct mute *find(const struct mute_list *l, enum denials_key key,
			 struct span name)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].key == key && span_equal(strbuf_span(&l->at[i].name), name))
			return &l->at[i];
	return NULL;
}

static struct mute *append(struct mute_list *l)
{
	struct mute *grown = reallocarray(l->at, l->n + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	l->at = grown;
	l->at[l->n] = (struct mute){0};
	return &l->at[l->n++];
}

int mute_add(struct mute_list *l, enum denials_key key, struct span name,
	     struct span reason, uint64_t since_s, uint64_t until_s)
{
	struct mute *m = find(l, key, name);

	if (!m && l->n == MUTE_MAX)
		return -ENOSPC;
	if (!m)
		m = append(l);
	if (!m)
		return -ENOMEM;
	m->key = key;
	m->since_s = since_s;
	m->until_s = until_s;
	if (!m->name.len)
		strbuf_add(&m->name, name.ptr, name.len);
	strbuf_clear(&m->reason);
	strbuf_add(&m->reason, reason.ptr, reason.len);
	return m->name.failed || m->reason.failed ? -ENOMEM : 0;
}

int mute_remove(struct mute_list *l, enum denials_key key, struct span name)
{
	struct mute *m = find(l, key, name);

	if (!m)
		return -ENOENT;
	strbuf_done(&m->name);
	strbuf_done(&m->reason);
	memmove(m, m + 1, (size_t)(l->at + l->n - (m + 1)) * sizeof(*m));
	l->n--;
	return 0;
}

/* What str_escape() wrote: "\\" and "\xNN". */
static bool unescape(struct span text, struct strbuf *out)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span digits;
	uint8_t c;

	while (bytes_u8(&in, &c)) {
		if (c < ' ')
			return false;
		if (c == '\\') {
			if (!bytes_u8(&in, &c) || (c != '\\' && c != 'x'))
				return false;
			if (c == 'x' &&
			    (!bytes_take(&in, 2, &digits) || hex_decode(&c, digits) < 0))
				return false;
		}
		strbuf_addc(out, (char)c);
	}
	return !out->failed;
}

static int parse_line(struct span line, struct mute_list *l)
{
	_cleanup_strbuf_ struct strbuf name = {0}, reason = {0}, key = {0};
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span f[5];
	uint64_t until, since;
	enum denials_key k;

	for (size_t i = 0; i + 1 < array_size(f); i++)
		if (!bytes_until(&in, '\t', &f[i]))
			return -EBADMSG;
	(void)bytes_take(&in, bytes_left(&in), &f[4]);
	strbuf_add(&key, f[2].ptr, f[2].len);
	k = denials_key_from_name(strbuf_str(&key));
	if (str_to_u64(f[0], &until) < 0 || str_to_u64(f[1], &since) < 0 || k < 0 ||
	    f[3].len + f[4].len > 8 * MUTE_TEXT_MAX || !unescape(f[3], &name) ||
	    !unescape(f[4], &reason))
		return -EBADMSG;
	return mute_add(l, k, strbuf_span(&name), strbuf_span(&reason), since, until);
}

static int open_file(const struct root *root, struct diag *reterr)
{
	struct diag d = {0};
	int fd = root_openat(root, ROOT_STATE, FILE_NAME, O_RDONLY, &d);

	if (fd < 0 && fd != -ENOENT && reterr)
		*reterr = d;
	return fd;
}

static int parse(struct span text, struct mute_list *l, struct diag *reterr)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;
	int r = 0, number = 0;

	while (r >= 0 && bytes_left(&in)) {
		number++;
		r = bytes_until(&in, '\n', &line) ? parse_line(line, l) : -EBADMSG;
	}
	return r < 0 ? diag_set(reterr, r == -ENOMEM ? DIAG_MEMORY : DIAG_MUTES, -r,
				"Line %d of imactl's file of muted denials is damaged.",
				number)
		     : 0;
}

int mute_load(const struct root *root, struct mute_list *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_mutes_ struct mute_list l = {0};
	_cleanup_close_ int fd = open_file(root, reterr);
	int r = fd == -ENOENT ? 0 : fd;

	if (fd >= 0)
		r = fs_read_fd(fd, FILE_MAX, FILE_NAME, &text, reterr);
	if (r >= 0)
		r = parse(strbuf_span(&text), &l, reterr);
	if (r < 0)
		return r;
	*ret = l;
	l = (struct mute_list){0};
	return 0;
}

int mute_save(struct root *root, const struct mute_list *l, uint64_t now_s,
	      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	int r = root_make_place(root, ROOT_STATE, 0700, reterr);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->n; i++) {
		const struct mute *m = &l->at[i];

		if (m->until_s <= now_s)
			continue;
		strbuf_addf(&text, "%llu\t%llu\t%s\t", (unsigned long long)m->until_s,
			    (unsigned long long)m->since_s, denials_key_name(m->key));
		str_escape(&text, strbuf_span(&m->name), true);
		strbuf_addc(&text, '\t');
		str_escape(&text, strbuf_span(&m->reason), true);
		strbuf_addc(&text, '\n');
	}
	if (text.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	return fs_replace_at(root->dir[ROOT_STATE], FILE_NAME, strbuf_str(&text),
			     text.len, 0600, reterr);
}

int mute_group(const char *text, enum denials_key *ret_key, struct span *ret_name,
	       struct diag *reterr)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0;
	char word[16] = "", q[100];

	if (len && len < sizeof(word))
		memcpy(word, text, len);
	*ret_key = denials_key_from_name(word);
	if (*ret_key < 0 || strlen(equals) > MUTE_TEXT_MAX)
		return diag_set(reterr, DIAG_VALUE, EINVAL,
				"'%s' is no group: say cause=, path=, program= or "
				"package= and the name.",
				str_quote(q, sizeof(q), span_of(text)));
	*ret_name = span_of(equals + 1);
	return 0;
}

const struct mute *mute_find(const struct mute_list *l, const struct denials_row *row,
			     const struct pkgdb *pkgs, uint64_t now_s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].until_s > now_s &&
		    denials_row_is(row, l->at[i].key, pkgs, strbuf_span(&l->at[i].name)))
			return &l->at[i];
	return NULL;
}
