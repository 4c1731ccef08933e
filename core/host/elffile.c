/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/elffile.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"

enum {
	HEADERS_MAX = 64 << 10, /* load_elf_phdrs() takes no more */
	DYNAMIC_MAX = 64 << 10,
	IDENT = 16,
};

/* The program headers, and what is known of the file. */
struct image {
	int fd;
	struct elffile *elf;
	uint8_t *headers;
	size_t entry, n;		/* their size and number */
	uint64_t strings, strings_size; /* DT_STRTAB, DT_STRSZ: addresses */
};

struct segment {
	uint32_t type;
	uint64_t offset, vaddr, filesz;
};

/* All of @n bytes; -EBADMSG: the file ends before. */
static int read_at(int fd, uint64_t offset, void *buf, size_t n)
{
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		if (offset > (uint64_t)LLONG_MAX - n)
			return -EBADMSG;
		r = pread(fd, (uint8_t *)buf + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EBADMSG;
		done += (size_t)r;
	}
	return 0;
}

/* An address or an offset: as wide as the class. */
static bool word(struct bytes *b, bool wide, uint64_t *ret)
{
	uint32_t v;

	if (wide)
		return bytes_u64(b, ret);
	if (!bytes_u32(b, &v))
		return false;
	*ret = v;
	return true;
}

/* Elf64_Phdr has its flags in another place than Elf32_Phdr. */
static bool segment_at(const struct image *im, size_t i, struct segment *ret)
{
	struct bytes b = bytes_of(im->headers + i * im->entry, im->entry);
	bool wide = im->elf->wide;
	uint64_t paddr;

	b.big_endian = im->elf->big_endian;
	return bytes_u32(&b, &ret->type) && (!wide || bytes_skip(&b, 4)) &&
	       word(&b, wide, &ret->offset) && word(&b, wide, &ret->vaddr) &&
	       word(&b, wide, &paddr) && word(&b, wide, &ret->filesz);
}

/* Where an address lies in the file. */
static bool find_offset(const struct image *im, uint64_t vaddr, uint64_t *ret)
{
	struct segment s;

	for (size_t i = 0; i < im->n; i++) {
		if (!segment_at(im, i, &s) || s.type != PT_LOAD || vaddr < s.vaddr ||
		    vaddr - s.vaddr >= s.filesz)
			continue;
		return !__builtin_add_overflow(s.offset, vaddr - s.vaddr, ret);
	}
	return false;
}

/* Keeps a string of at most @max bytes with its NUL, which must be among them. */
static int keep_string(struct image *im, uint64_t offset, uint64_t max, uint32_t *ret)
{
	size_t n = max < PATH_MAX ? (size_t)max : PATH_MAX, had = 0;
	struct strbuf *names = &im->elf->names;
	_cleanup_free_ char *text = malloc(n + 1);
	ssize_t r;

	if (!text)
		return -ENOMEM;
	if (offset > (uint64_t)LLONG_MAX - PATH_MAX)
		return -EBADMSG;
	do
		r = pread(im->fd, text, n, (off_t)offset);
	while (r < 0 && errno == EINTR);
	had = r > 0 ? strnlen(text, (size_t)r) : 0;
	if (r < 0 || had == (size_t)r)
		return r < 0 ? -errno : -EBADMSG;
	*ret = (uint32_t)names->len + 1;
	strbuf_add(names, text, had);
	strbuf_addc(names, '\0');
	return names->failed ? -ENOMEM : 0;
}

/* A string of the table that DT_STRTAB names. */
static int keep_named(struct image *im, uint64_t at, uint32_t *ret)
{
	uint64_t offset;

	if (at >= im->strings_size || !find_offset(im, im->strings, &offset) ||
	    __builtin_add_overflow(offset, at, &offset))
		return -EBADMSG;
	return keep_string(im, offset, im->strings_size - at, ret);
}

static int keep_entry(struct image *im, uint64_t tag, uint64_t value)
{
	struct elffile *e = im->elf;

	switch (tag) {
	case DT_RPATH:
		return keep_named(im, value, &e->rpath);
	case DT_RUNPATH:
		return keep_named(im, value, &e->runpath);
	case DT_NEEDED:
		if (e->n_needed == ELFFILE_NEEDED_MAX)
			return 0;
		return keep_named(im, value, &e->needed[e->n_needed++]);
	default:
		return 0;
	}
}

static int find_strings(struct image *im, uint64_t tag, uint64_t value)
{
	if (tag == DT_STRTAB)
		im->strings = value;
	if (tag == DT_STRSZ)
		im->strings_size = value;
	return 0;
}

static int each_entry(struct image *im, struct bytes b,
		      int (*what)(struct image *im, uint64_t tag, uint64_t value))
{
	uint64_t tag, value;
	int r = 0;

	while (r >= 0 && word(&b, im->elf->wide, &tag) && tag != DT_NULL &&
	       word(&b, im->elf->wide, &value))
		r = what(im, tag, value);
	return r;
}

static int read_dynamic(struct image *im, const struct segment *s)
{
	size_t n = s->filesz < DYNAMIC_MAX ? (size_t)s->filesz : DYNAMIC_MAX;
	_cleanup_free_ uint8_t *buf = malloc(n ? n : 1);
	struct bytes b;
	int r;

	if (!buf)
		return -ENOMEM;
	r = read_at(im->fd, s->offset, buf, n);
	if (r < 0)
		return r;
	b = bytes_of(buf, n);
	b.big_endian = im->elf->big_endian;
	(void)each_entry(im, b, find_strings);
	return each_entry(im, b, keep_entry);
}

static int read_segments(struct image *im)
{
	struct segment s;
	int r = 0;

	for (size_t i = 0; i < im->n && r >= 0; i++) {
		if (!segment_at(im, i, &s))
			return -EBADMSG;
		if (s.type == PT_INTERP && !im->elf->interp)
			r = keep_string(im, s.offset, s.filesz, &im->elf->interp);
		else if (s.type == PT_DYNAMIC && !im->elf->n_needed)
			r = read_dynamic(im, &s);
	}
	return r;
}

/* Elf64_Ehdr or Elf32_Ehdr behind e_ident: type, machine, version, entry, phoff, shoff,
 * flags, ehsize, phentsize, phnum. */
static int read_header(struct image *im, struct bytes *b, uint64_t *ret_headers)
{
	uint16_t type, size, entry, n;
	uint64_t skipped;
	bool wide = im->elf->wide;

	if (!bytes_skip(b, IDENT) || !bytes_u16(b, &type) ||
	    !bytes_u16(b, &im->elf->machine) || !bytes_skip(b, 4) ||
	    !word(b, wide, &skipped) || !word(b, wide, ret_headers) ||
	    !word(b, wide, &skipped) || !bytes_skip(b, 4) || !bytes_u16(b, &size) ||
	    !bytes_u16(b, &entry) || !bytes_u16(b, &n))
		return -EBADMSG;
	im->entry = entry;
	im->n = n;
	if (n && entry != (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return -EBADMSG;
	return (size_t)n * entry > HEADERS_MAX ? -EBADMSG : 0;
}

static int read_image(struct image *im, struct bytes *b)
{
	uint64_t headers;
	int r = read_header(im, b, &headers);

	if (r < 0 || !im->n)
		return r;
	im->headers = malloc(im->n * im->entry);
	if (!im->headers)
		return -ENOMEM;
	r = read_at(im->fd, headers, im->headers, im->n * im->entry);
	if (r >= 0)
		r = read_segments(im);
	free(im->headers);
	return r;
}

int elffile_read(int fd, struct elffile *ret)
{
	uint8_t head[sizeof(Elf64_Ehdr)] = {0};
	struct bytes b = bytes_of(head, sizeof(head));
	struct image im = {.fd = fd, .elf = ret};
	ssize_t n;
	int r;

	memset(ret, 0, sizeof(*ret));
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return -errno;
	if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0)
		return 0;
	if ((head[EI_CLASS] != ELFCLASS64 && head[EI_CLASS] != ELFCLASS32) ||
	    (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
		return -EBADMSG;
	ret->wide = head[EI_CLASS] == ELFCLASS64;
	ret->big_endian = b.big_endian = head[EI_DATA] == ELFDATA2MSB;
	b.len = (size_t)n;
	r = read_image(&im, &b);
	if (r < 0)
		elffile_done(ret);
	return r < 0 ? r : 1;
}

void elffile_done(struct elffile *e)
{
	strbuf_done(&e->names);
	memset(e, 0, sizeof(*e));
}
